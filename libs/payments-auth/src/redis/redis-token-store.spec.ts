import { randomUUID } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  connectRedis,
  REDIS_LIBRARIES,
  startRedisClient,
  type TestRedisClient,
} from '../../../../test/support/redis-clients.js';
import { freePort, type RedisServer, startRedisServer } from '../../../../test/support/redis-server.js';
import type { Claim, Grant, SharedToken, TokenKey } from '../index.js';
import type { RedisClient } from './redis-client.js';
import { RedisTokenStore } from './redis-token-store.js';

const KEYS = [{ id: '2026-11', key: 'k'.repeat(43) + '=' }];
const OTHER_KEYS = [{ id: '2027-02', key: 'x'.repeat(43) + '=' }];
const ANY = { newerThan: 0, drop: false, insist: false };
const TOKEN: SharedToken = {
  token: 'test-token-not-real-1',
  lifetime: { lifetimeMs: 60_000, from: 'relative' },
  scopes: ['read'],
};

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

describe.each(REDIS_LIBRARIES)('RedisTokenStore over %s', (library) => {
  let connection: TestRedisClient;
  let prefix: string;
  let warnings: string[];
  let key: TokenKey;
  let names: { token: string; lock: string; rejection: string };

  const storeWith = (options: object = {}) => storeOver(connection.client, options);
  const storeOver = (client: RedisClient, options: object = {}) =>
    new RedisTokenStore(client, {
      // A busy machine may need longer than the default. A test of the limit sets its own.
      timeoutMs: 60_000,
      keys: KEYS,
      prefix,
      logger: { warn: (message) => warnings.push(message) },
      ...options,
    });

  const acquire = async (store: RedisTokenStore, request = ANY): Promise<Grant> => {
    const claim = await store.claim(key, request);
    if (claim.outcome !== 'acquired') throw new Error(`not acquired but ${claim.outcome}`);
    return claim.grant;
  };

  const publish = async (store: RedisTokenStore, token = TOKEN, remainingMs = 50_000): Promise<Grant> => {
    const grant = await acquire(store, { ...ANY, newerThan: Number.MAX_SAFE_INTEGER });
    await store.publish(key, grant, token, remainingMs);
    return grant;
  };

  beforeEach(async () => {
    connection = await connectRedis(library, server.url);
    prefix = `test-${randomUUID()}`;
    warnings = [];
    key = { provider: 'acme', account: 'merchant {1}', hash: 'a1'.repeat(32) };
    const tag = `${prefix}:{acme:merchant%20%7B1%7D:${'a1'.repeat(16)}}`;
    names = { token: `${tag}:token`, lock: `${tag}:lock`, rejection: `${tag}:rejection` };
  });
  afterEach(() => connection.close());

  it('gives the fleet one login after a fail-over to a Redis whose clock is behind', async () => {
    // All hold a token that the earlier Redis has numbered by its own clock, which was 2 s ahead. This Redis is empty.
    const held = { ...ANY, newerThan: Date.now() + 2_000, drop: true };
    let logins = 0;
    for (let each = 0; each < 12; each += 1) {
      const one = storeWith();
      const claim = await one.claim(key, held);
      if (claim.outcome === 'found') continue;
      if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
      logins += 1;
      await one.publish(key, claim.grant, TOKEN, 50_000);
    }
    expect(logins).toBe(1);
  });

  it('gives the lock to one process at a time', async () => {
    const [one, two] = [storeWith(), storeWith()];
    const grant = await acquire(one);
    expect(await two.claim(key, ANY)).toEqual({ outcome: 'held' });
    await one.release(key, grant);
    expect((await two.claim(key, ANY)).outcome).toBe('acquired');
  });

  it.each([-3_600_000, -180_000, 300_000, 3_600_000])(
    'gives the lock to one process at a time, also where its clock is %d ms away',
    async (awayMs) => {
      const { now } = Date;
      Date.now = () => now() + awayMs;
      const one = storeWith();
      Date.now = now;
      const grant = await acquire(one);
      expect(await storeWith().claim(key, ANY)).toEqual({ outcome: 'held' });
      expect(await one.extend(key, grant)).toBe(true);
      expect(await one.publish(key, grant, TOKEN, 50_000)).toBe(true);
      expect(warnings).toEqual([]);
    },
  );

  it('hands a published token over in one round trip, with its remaining life', async () => {
    await publish(storeWith());
    const before = await scriptCalls(connection);
    const claim = await storeWith().claim(key, ANY);
    expect(await scriptCalls(connection)).toBe(before + 1);
    expect(claim).toMatchObject({ outcome: 'found', token: TOKEN });
    const { remainingMs } = (claim as Claim & { outcome: 'found' }).token;
    expect(remainingMs).toBeLessThanOrEqual(50_000);
    expect(remainingMs).toBeGreaterThan(0);
  });

  it.each([
    [{ ofProven: 1, ofOthers: 3, leftAtStartMs: 52_000 }, true],
    [{ ofProven: 1, ofOthers: -3, leftAtStartMs: 52_000 }, false],
    [{ ofProven: 1, ofOthers: 3 }, false],
    ['often', false],
  ])(
    'hands over forced renewals that did not help, and a token whose %j is not valid',
    async (forced, isHeard) => {
      await publish(storeWith(), { ...TOKEN, forced: forced as never });
      const claim = await storeWith().claim(key, ANY);
      expect(claim).toMatchObject({ outcome: 'found', token: TOKEN });
      const { token } = claim as Claim & { outcome: 'found' };
      expect(token.forced).toEqual(isHeard ? forced : undefined);
      expect(warnings).toEqual([]);
    },
  );

  it('hands over only a token that is newer than the one that the process has', async () => {
    const store = storeWith();
    const { version } = await publish(store);
    expect((await store.claim(key, { ...ANY, newerThan: version - 1 })).outcome).toBe('found');
    expect((await store.claim(key, { ...ANY, newerThan: version })).outcome).toBe('acquired');
  });

  it('does not let a slow holder overwrite a newer token', async () => {
    const store = storeWith();
    const slow = await acquire(store);
    await connection.command('DEL', names.lock); // The lock of the first holder has ended.
    await publish(store, { ...TOKEN, token: 'newer' });
    expect(await store.publish(key, slow, { ...TOKEN, token: 'older' }, 50_000)).toBe(false);
    expect(await store.claim(key, ANY)).toMatchObject({ token: { token: 'newer' } });
  });

  it('does not release a lock that another process has acquired meanwhile', async () => {
    const store = storeWith();
    const slow = await acquire(store);
    await connection.command('DEL', names.lock);
    await acquire(store);
    await store.release(key, slow);
    expect(await store.extend(key, slow)).toBe(false);
    expect(await store.claim(key, ANY)).toEqual({ outcome: 'held' });
  });

  it('keeps the lock for 3 s from when it was last extended', async () => {
    const store = storeWith();
    const grant = await acquire(store);
    await connection.command('PEXPIRE', names.lock, '100');
    expect(await store.extend(key, grant)).toBe(true);
    expect(Number(await connection.command('PTTL', names.lock))).toBeGreaterThan(2_000);
    expect(Number(await connection.command('PTTL', names.lock))).toBeLessThanOrEqual(3_000);
  });

  it('removes a refused token for all processes, and keeps a token that is newer', async () => {
    const store = storeWith();
    const refused = await publish(store);
    const newer = await publish(store, { ...TOKEN, token: 'newer' });
    expect((await store.claim(key, { ...ANY, newerThan: refused.version, drop: true })).outcome).toBe(
      'found',
    );
    expect((await store.claim(key, { ...ANY, newerThan: newer.version, drop: true })).outcome).toBe(
      'acquired',
    );
    expect((await storeWith().claim(key, ANY)).outcome).toBe('held');
  });

  it('removes a withdrawn token, and refuses tokens that were asked for before the withdrawal', async () => {
    const store = storeWith();
    await publish(store);
    const onItsWay = await acquire(store, { ...ANY, newerThan: Number.MAX_SAFE_INTEGER });
    await store.withdraw(key, true);
    expect(await store.publish(key, onItsWay, TOKEN, 50_000)).toBe(false);
    expect((await store.claim(key, ANY)).outcome).toBe('acquired');
  });

  it('tells the others of a withdrawal, over a connection of its own', async () => {
    const [one, two] = [storeWith(), storeWith()];
    const { version } = await publish(one);
    const heard = new Promise<{ hash: string; version: number }>((resolve) => {
      const end = two.onWithdrawn((withdrawal) => {
        end();
        resolve(withdrawal);
      });
    });
    await subscribed(connection, `${prefix}:withdrawn`, 1);
    expect(await one.withdraw(key, true)).toEqual(TOKEN);
    expect(await one.withdraw(key, false)).toBeUndefined();
    const withdrawal = await heard;
    expect(withdrawal.hash).toBe(key.hash);
    expect(withdrawal.version).toBeGreaterThan(version);
    // The application's client takes commands as before, and the connection for withdrawals is gone.
    expect((await two.claim(key, ANY)).outcome).toBe('acquired');
    await subscribed(connection, `${prefix}:withdrawn`, 0);
  });

  it('serves without the right to subscribe, and leaves no connection behind', async () => {
    const user = `user-${randomUUID()}`;
    await connection.command(
      'ACL',
      'SETUSER',
      user,
      'on',
      '>pw',
      '~*',
      '+@all',
      '-subscribe',
      'resetchannels',
    );
    const limited = await connectRedis(library, server.url.replace('//', `//${user}:pw@`));
    const store = new RedisTokenStore(limited.client, { keys: KEYS, prefix });
    const end = store.onWithdrawn(() => undefined);
    await acquire(store);
    for (let calls = 0; calls < 5; calls += 1) await store.claim(key, ANY);
    await until(async () => {
      const clients = String(await connection.command('CLIENT', 'LIST')).split('\n');
      return clients.filter((client) => client.includes(`user=${user}`)).length === 1;
    });
    await store.withdraw(key, true);
    expect((await store.claim(key, ANY)).outcome).toBe('held');
    end();
    limited.close();
  });

  it('remembers a rejected secret for the fleet for 30 s, then longer each time', async () => {
    const store = storeWith();
    await store.reject(key, await acquire(store), 'invalid_client');
    const first = await storeWith().claim(key, ANY);
    expect(first).toMatchObject({ outcome: 'rejected', reason: 'invalid_client' });
    expect((first as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(30_000);
    await store.reject(key, await acquire(store, { ...ANY, insist: true }), 'invalid_client');
    const second = await storeWith().claim(key, ANY);
    expect((second as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(30_000);
  });

  it('forgets a rejection when the secret is accepted after all', async () => {
    const store = storeWith();
    await store.reject(key, await acquire(store), 'invalid_client');
    const grant = await acquire(store, { ...ANY, insist: true });
    await store.publish(key, grant, TOKEN, 50_000);
    const { version } = grant;
    expect((await store.claim(key, { ...ANY, newerThan: version })).outcome).toBe('acquired');
  });

  it("counts token requests against a provider's limits over the whole fleet", async () => {
    const endpoint = { provider: 'acme', hash: 'e1'.repeat(32) };
    const limits = [
      { limit: 3, perMs: 60_000, per: 'ip' as const },
      { limit: 2, perMs: 60_000, per: 'credential' as const },
    ];
    const [one, two] = [storeWith(), storeWith()];
    expect(await one.reserve(endpoint, limits, 'c1')).toBe(0);
    expect(await two.reserve(endpoint, limits, 'c1')).toBe(0);
    const waitMs = await one.reserve(endpoint, limits, 'c1');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await two.reserve(endpoint, limits, 'c2')).toBe(0);
    expect(await two.reserve(endpoint, limits, 'c3')).toBeGreaterThan(0);
  });

  it('pauses a credential for the whole fleet and no other one, and never shortens a pause', async () => {
    const endpoint = { provider: 'acme', hash: 'e2'.repeat(32) };
    const store = storeWith();
    await store.pause(endpoint, 'c1', 60_000);
    await store.pause(endpoint, 'c1', 10);
    expect(await storeWith().reserve(endpoint, [], 'c1')).toBeGreaterThan(10_000);
    expect(await storeWith().reserve(endpoint, [], 'c2')).toBe(0);
  });

  it('pauses the endpoint for a minute at most when a second credential is told to wait', async () => {
    const endpoint = { provider: 'acme', hash: 'e4'.repeat(32) };
    await storeWith().pause(endpoint, 'c1', 3_600_000);
    await storeWith().pause(endpoint, 'c2', 3_600_000);
    const waitMs = await storeWith().reserve(endpoint, [], 'c3');
    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await storeWith().reserve(endpoint, [], 'c1')).toBeGreaterThan(3_500_000);
  });

  it('leaves nothing in Redis without an expiry, and no readable secret', async () => {
    const store = storeWith();
    const { version } = await publish(store);
    await store.reject(key, await acquire(store, { ...ANY, newerThan: version }), 'test-reason');
    await store.reserve(
      { provider: 'acme', hash: 'e3'.repeat(32) },
      [{ limit: 1, perMs: 1_000, per: 'ip' }],
      'c',
    );
    await store.pause({ provider: 'acme', hash: 'e3'.repeat(32) }, 'c', 1_000);
    await acquire(store, { newerThan: version, drop: false, insist: true });
    const all = (await connection.command('KEYS', `${prefix}:*`)) as string[];
    expect(all.length).toBe(7);
    for (const name of all) {
      expect(Number(await connection.command('PTTL', name))).toBeGreaterThan(0);
      if ((await connection.command('TYPE', name)) !== 'string') continue;
      const value = String(await connection.command('GET', name));
      const readable = value + Buffer.from(value.split('.')[1] ?? '', 'base64url').toString('latin1');
      expect(readable).not.toContain(TOKEN.token);
      expect(readable).not.toContain('test-reason');
    }
  });

  describe('a value that cannot be read counts as absent, and is reported', () => {
    const damage: readonly [string, (stored: string) => string][] = [
      [
        'one character is another',
        (stored) => stored.slice(0, -9) + (stored.at(-9) === 'A' ? 'B' : 'A') + stored.slice(-8),
      ],
      ['it is cut short', (stored) => stored.slice(0, 30)],
      ['it is of another form', (stored) => stored.replace('.A', '.B')],
      [
        'it is plain text',
        () => `1.${Buffer.from('\u0001\u0000{"token":"injected"}').toString('base64url')}`,
      ],
    ];
    it.each(damage)('%s', async (_what, damaged) => {
      const store = storeWith();
      await publish(store);
      const stored = String(await connection.command('GET', names.token));
      await connection.command('SET', names.token, damaged(stored), 'PX', '50000');
      expect((await store.claim(key, ANY)).outcome).toBe('acquired');
      expect(warnings).toEqual([expect.stringContaining(names.token)]);
      expect(warnings[0]).not.toContain(stored);
    });

    it('sealed with a key that this process does not have', async () => {
      await publish(storeWith({ keys: OTHER_KEYS }));
      expect((await storeWith().claim(key, ANY)).outcome).toBe('acquired');
      expect(warnings).toHaveLength(1);
    });

    it("moved there from another credential's key", async () => {
      const store = storeWith();
      await publish(store);
      const elsewhere = { ...key, hash: 'b2'.repeat(32) };
      await connection.command('RENAME', names.token, names.token.replace('a1'.repeat(16), 'b2'.repeat(16)));
      expect((await store.claim(elsewhere, ANY)).outcome).toBe('acquired');
      expect(warnings).toHaveLength(1);
    });

    it.each([
      ['text that no script wrote', ['SET', 'garbage']],
      ['a list', ['RPUSH', 'garbage']],
    ])('overwritten with %s', async (_what, [command = '', value = '']) => {
      for (const name of Object.values(names)) await connection.command(command, name, value);
      const store = storeWith();
      const grant = await acquire(store);
      expect(await store.publish(key, grant, TOKEN, 50_000)).toBe(true);
      expect((await store.claim(key, ANY)).outcome).toBe('found');
    });
  });

  it('reads what either key has sealed while keys are rotated, under one hash key', async () => {
    const before = storeWith();
    const during = storeWith({ keys: [...KEYS, ...OTHER_KEYS] });
    const after = storeWith({ keys: [...OTHER_KEYS, ...KEYS] });
    expect(during.hashKey).toEqual(before.hashKey);
    expect(after.hashKey).toEqual(before.hashKey);
    await publish(before);
    expect((await after.claim(key, ANY)).outcome).toBe('found');
    await publish(after, { ...TOKEN, token: 'newer' });
    expect(await during.claim(key, ANY)).toMatchObject({ token: { token: 'newer' } });
  });

  it('keeps tokens readable where the application sets `plaintext: true`', async () => {
    const store = storeWith({ keys: undefined, plaintext: true });
    await publish(store);
    expect(await storeWith({ keys: undefined, plaintext: true }).claim(key, ANY)).toMatchObject({
      token: TOKEN,
    });
  });

  it('warns once of a Redis that writes to disk', async () => {
    await connection.command('CONFIG', 'SET', 'save', '3600 1');
    try {
      const store = storeWith();
      await acquire(store);
      await store.claim(key, ANY);
      await until(() => warnings.length > 0);
      await store.claim(key, ANY);
      expect(warnings).toEqual([expect.stringContaining('snapshots')]);
    } finally {
      await connection.command('CONFIG', 'SET', 'save', '');
    }
  });

  it('says in time that Redis does not answer, and releases a lock that it gets too late', async () => {
    const store = storeWith({ timeoutMs: 100 });
    const other = await connectRedis(library, server.url);
    const before = await scriptCalls(other);
    await other.command('CLIENT', 'PAUSE', '400', 'ALL');
    await expect(store.claim(key, ANY)).rejects.toThrow('Redis: no answer within 100 ms');
    // When the pause is over, Redis still runs the claim, and after it the release.
    await until(async () => (await scriptCalls(other)) === before + 2);
    expect(Number(await other.command('EXISTS', names.token.replace(/token$/, 'version')))).toBe(1);
    expect(Number(await other.command('EXISTS', names.lock))).toBe(0);
    other.close();
  });

  it.each([
    ['a read-only replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], 'READONLY'],
    ['a full one', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], 'OOM'],
  ])('says why %s does not serve', async (_what, begin, end, reason) => {
    await connection.command(...begin);
    try {
      await expect(storeWith().claim(key, ANY)).rejects.toThrow(`Redis: ${reason}`);
    } finally {
      await connection.command(...end);
    }
  });

  // oxlint-disable-next-line jest/expect-expect -- the test passes when the calls do not throw
  it('takes an answer that lay in the socket while the process was busy for too long', async () => {
    // This Redis knows the scripts already.
    await storeWith().release(key, await acquire(storeWith()));
    const claiming = storeWith({ timeoutMs: 250 }).claim(key, ANY);
    // By then each client has written its command to the socket.
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    for (const untilMs = performance.now() + 1_000; performance.now() < untilMs;);
    expect((await claiming).outcome).toBe('acquired');
  });

  it('waits for the first connection of its client, and says at once that it has failed', async () => {
    const starting = startRedisClient(library, server.url);
    const store = storeOver(starting.client);
    expect((await store.claim(key, ANY)).outcome).toBe('acquired');
    starting.close();

    const port = await freePort();
    const lost = startRedisClient(library, `redis://127.0.0.1:${port}`);
    await expect(storeOver(lost.client).claim(key, ANY)).rejects.toThrow('Redis: not connected');
    lost.close();
  });

  it('waits for the first connection no longer than for an answer, and only once', async () => {
    const silent = await startSilentServer();
    const starting = startRedisClient(library, silent.url);
    const store = storeOver(starting.client, { timeoutMs: 300 });
    const failed = () => expect(store.claim(key, ANY)).rejects.toThrow(/^Redis: not connected$/);
    await Promise.all([failed(), failed()]);
    // The process has gone on without this Redis, and further calls do not wait for it.
    let turns = 0;
    const claiming = failed().then(() => turns);
    const counting = setInterval(() => (turns += 1), 100);
    expect(await claiming).toBe(0);
    clearInterval(counting);
    starting.close();
    silent.close();
  });

  it('does not take its own delay for one of Redis', async () => {
    const starting = startRedisClient(library, server.url);
    const claiming = storeOver(starting.client, { timeoutMs: 2_000 }).claim(key, ANY);
    // The process loads code, say, and meanwhile Redis has answered.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100);
    expect((await claiming).outcome).toBe('acquired');
    starting.close();
  });

  it('hears of withdrawals as soon as its client has connected, before any command', async () => {
    const starting = startRedisClient(library, server.url);
    const heard = new Promise<string>((resolve) => {
      const end = storeOver(starting.client, { prefix }).onWithdrawn(({ hash }) => {
        end();
        resolve(hash);
      });
    });
    const other = storeWith({ prefix });
    // No message arrives before the subscription is in place.
    const telling = setInterval(() => void other.withdraw(key, true), 50);
    expect(await heard).toBe(key.hash);
    clearInterval(telling);
    starting.close();
  });

  it('leaves one listener on its client, for errors', async () => {
    const starting = startRedisClient(library, server.url);
    const emitter = starting.client as unknown as EventEmitter;
    const counted = () =>
      Object.fromEntries(emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]));
    const before = counted();
    const store = storeOver(starting.client);
    await store.claim(key, ANY);
    store.onWithdrawn(() => undefined)();
    expect(counted()).toEqual({ ...before, error: (before['error'] ?? 0) + 1 });
    starting.close();
  });

  it('says at once that Redis is gone, and serves again when it is back', async () => {
    const store = storeWith();
    await server.kill();
    await until(
      async () => (await store.claim(key, ANY).catch(String)) === 'RedisFailure: Redis: not connected',
    );
    await server.restart();
    await until(async () => (await store.claim(key, ANY).catch(() => undefined)) !== undefined);
    expect((await store.claim(key, ANY)).outcome).toBe('held');
  });
});

describe('RedisTokenStore over a client of ioredis', () => {
  const key: TokenKey = { provider: 'acme', account: 'shop', hash: 'a1'.repeat(32) };

  it('says at once that the client was ended before', async () => {
    const client = new Redis({ lazyConnect: true });
    client.disconnect();
    await once(client, 'end');
    const store = new RedisTokenStore(client, { keys: KEYS, timeoutMs: 60_000 });
    await expect(store.claim(key, ANY)).rejects.toThrow('Redis: not connected');
  });

  it('waits only once for a client that connects with its first command', async () => {
    const silent = await startSilentServer();
    const client = new Redis(silent.url, { lazyConnect: true, disconnectTimeout: 100 });
    const store = new RedisTokenStore(client, { keys: KEYS, timeoutMs: 300 });
    await expect(store.claim(key, ANY)).rejects.toThrow('Redis: no answer within');
    let turns = 0;
    const claiming = store.claim(key, ANY).catch(() => turns);
    const counting = setInterval(() => (turns += 1), 100);
    expect(await claiming).toBe(0);
    clearInterval(counting);
    client.disconnect();
    silent.close();
  });
});

/** A server that accepts connections, and never says anything. */
async function startSilentServer() {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  return {
    url: `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    },
  };
}

/** How many scripts this Redis has run. */
async function scriptCalls(connection: TestRedisClient): Promise<number> {
  const stats = String(await connection.command('INFO', 'commandstats'));
  return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

async function subscribed(connection: TestRedisClient, channel: string, count: number): Promise<void> {
  await until(async () => {
    const reply = (await connection.command('PUBSUB', 'NUMSUB', channel)) as unknown[];
    return Number(Array.isArray(reply) ? reply[1] : Object.values(reply)[0]) === count;
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await condition()); looks += 1) {
    if (looks === 400) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
