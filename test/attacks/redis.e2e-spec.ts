import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SharedToken, TokenKey, Withdrawal } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { LockOwners } from '../../libs/payments-auth/src/redis/lock-owner.js';
import { quiet, until } from '../support/credential-bed.js';
import { connectRedis, type TestRedisClient } from '../support/redis-clients.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';

const KEYS = [{ id: '2026-11', key: 'k'.repeat(43) + '=' }];
const ANY = { newerThan: 0, drop: false, insist: false };
const HOUR_MS = 3_600_000;
const tokenOf = (token: string): SharedToken => ({
  token,
  lifetime: { lifetimeMs: HOUR_MS, from: 'relative' },
});

interface Names {
  readonly token: string;
  readonly lock: string;
  readonly version: string;
  readonly rejection: string;
}

/** An attacker who may run any command on this Redis, and does not have the keys that seal its values. */
interface Attacker {
  run(...command: string[]): Promise<unknown>;
  /** The Redis keys of the attacked credential. */
  readonly names: Names;
  /** The Redis keys of another credential. */
  readonly others: Names;
}

const far = () => String(Date.now() + 20 * 365 * 24 * HOUR_MS);

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

describe('an attacker who may write into Redis', () => {
  let connection: TestRedisClient;
  let prefix: string;
  let warnings: string[];
  let attacked: TokenKey;
  let untouched: TokenKey;
  let attacker: Attacker;
  const listening: (() => void)[] = [];

  /** Collects the withdrawals that a store is told of, until the end of the test. */
  const hear = (one: RedisTokenStore) => {
    const heard: Withdrawal[] = [];
    listening.push(one.onWithdrawn((withdrawal) => heard.push(withdrawal)));
    return heard;
  };

  const store = () =>
    new RedisTokenStore(connection.client, {
      keys: KEYS,
      prefix,
      timeoutMs: 2_000,
      logger: { warn: (message) => warnings.push(message) },
    });
  const names = (account: string, hash: string): Names => {
    const tag = `${prefix}:{acme:${account}:${hash.slice(0, 32)}}`;
    const of = (what: string) => `${tag}:${what}`;
    return { token: of('token'), lock: of('lock'), version: of('version'), rejection: of('rejection') };
  };
  const login = async (key: TokenKey, token: string, newerThan = 0): Promise<number> => {
    const claim = await store().claim(key, { newerThan, drop: false, insist: false });
    if (claim.outcome !== 'acquired') throw new Error(`not acquired but ${claim.outcome}`);
    expect(await store().publish(key, claim.grant, tokenOf(token), HOUR_MS - 10_000)).toBe(true);
    return claim.grant.version;
  };
  const found = async (key: TokenKey, newerThan = 0) => {
    const claim = await store().claim(key, { newerThan, drop: false, insist: false });
    return claim.outcome === 'found' ? claim.token : claim.outcome;
  };

  beforeEach(async () => {
    connection = await connectRedis('ioredis', server.url);
    prefix = `attacked-${randomUUID()}`;
    warnings = [];
    attacked = { provider: 'acme', account: 'm1', hash: 'a1'.repeat(32) };
    untouched = { provider: 'acme', account: 'm2', hash: 'b2'.repeat(32) };
    attacker = {
      run: (...command) => connection.command(...command),
      names: names('m1', attacked.hash),
      others: names('m2', untouched.hash),
    };
    // With a small limit, Redis itself would refuse the large values of these tests.
    await attacker.run('CONFIG', 'SET', 'proto-max-bulk-len', '512mb');
  });
  afterEach(() => {
    for (const end of listening.splice(0)) end();
    connection.close();
  });

  const valueOf = async (name: string) => String(await attacker.run('GET', name));

  /** The changes that the attacker makes while Redis holds a token of both credentials. */
  const POISONS: readonly [what: string, poison: () => Promise<unknown>][] = [
    ['a token under a higher number', async () => raise(attacker.names, attacker.names)],
    ["another credential's token", async () => raise(attacker.others, attacker.names)],
    ['a token of nothing but noise', () => put('token', `${Date.now() + 1_000}.bm90aGluZw`)],
    ['a number of the next century', () => put('token', `${far()}.bm90aGluZw`)],
    ['a number that no script can count on with', () => put('token', '999999999999999.bm90aGluZw')],
    ['a number that is none', () => put('token', '1e308.bm90aGluZw')],
    ['a withdrawal of the next century', () => put('token', `${far()}.`)],
    ['a withdrawal that never ends', () => put('token', `${Date.now() + 60_000}.`)],
    ['an empty token', () => put('token', '')],
    ['a token of 64 MB', () => attacker.run('SETRANGE', attacker.names.token, '67108863', 'x')],
    ['a list for a token', () => replace('token', 'RPUSH', '1', '2', '3')],
    ['a hash for a token', () => replace('token', 'HSET', 'a', '1')],
    ['a version beyond all counting', () => without('token', () => put('version', '9007199254740993'))],
    ['an infinite version', () => without('token', () => put('version', '1e400'))],
    ['a version that is no number', () => without('token', () => put('version', 'nan'))],
    [
      'a version of 64 MB',
      () => without('token', () => attacker.run('SETRANGE', attacker.names.version, '67108863', '1')),
    ],
    ['a token of a negative number', () => put('token', '-5.bm90aGluZw')],
    ['a negative version', () => without('token', () => put('version', '-9007199254740993'))],
    ['a rejection of a negative count', () => without('token', () => put('rejection', '-3.bm90aGluZw'))],
    ['a set for a version', () => without('token', () => replace('version', 'SADD', '1'))],
    ['a rejection that never ends', () => without('token', () => put('rejection', '3.bm90aGluZw'))],
    [
      'a rejection of 64 MB',
      () => without('token', () => attacker.run('SETRANGE', attacker.names.rejection, '67108863', 'x')),
    ],
    ['a list for a rejection', () => without('token', () => replace('rejection', 'RPUSH', '1'))],
    ['a lock that never ends', () => without('token', () => put('lock', 'mine'))],
    ["a stranger's lock", () => without('token', () => put('lock', 'mine', 'PX', '3000'))],
    ['a lock of another credential', () => without('token', () => moveLock())],
    [
      'a lock that counts too long',
      () => without('token', () => put('lock', oldLock(HOUR_MS), 'PX', '3000')),
    ],
    ['a lock of an hour ago', () => without('token', () => put('lock', oldLock(-HOUR_MS), 'PX', '3000'))],
    ['a list for a lock', () => without('token', () => replace('lock', 'RPUSH', 'mine'))],
    [
      'a lock of 64 MB',
      () => without('token', () => attacker.run('SETRANGE', attacker.names.lock, '67108863', 'x')),
    ],
  ];
  const put = (what: keyof Names, value: string, ...options: string[]) =>
    attacker.run('SET', attacker.names[what], value, ...options);
  /** The value of a lock that a process of the fleet wrote at that time. */
  const oldLock = (aheadMs: number) =>
    new LockOwners(store().hashKey).nameFor(attacker.names.lock, Date.now() + aheadMs);
  const moveLock = async () => {
    await store().claim(untouched, { ...ANY, newerThan: Number.MAX_SAFE_INTEGER });
    await put('lock', await valueOf(attacker.others.lock), 'PX', '3000');
    await attacker.run('DEL', attacker.others.lock);
  };
  const replace = async (what: keyof Names, command: string, ...args: string[]) => {
    await attacker.run('DEL', attacker.names[what]);
    await attacker.run(command, attacker.names[what], ...args);
  };
  const without = async (what: keyof Names, then: () => Promise<unknown>) => {
    await attacker.run('DEL', attacker.names[what]);
    await then();
  };
  const raise = async (from: Names, to: Names) => {
    const sealed = (await valueOf(from.token)).split('.')[1];
    await attacker.run('SET', to.token, `${Date.now() + 1_000}.${sealed}`);
  };

  it.each(POISONS)(
    'costs one login and one warning at most, and nothing for others: %s',
    async (_, poison) => {
      await login(attacked, 'test-token-1');
      await login(untouched, 'test-token-2');
      await poison();
      // One process has no token, and has to log in.
      expect(await found(attacked)).toBe('acquired');
      // The lock is removed, as happens when its holder has died. So the next process can log in.
      await attacker.run('DEL', attacker.names.lock);
      const version = await login(attacked, 'test-token-3');
      // From then on all processes share the token of that login.
      expect(await found(attacked)).toMatchObject({ token: 'test-token-3', version });
      expect(await found(untouched)).toMatchObject({ token: 'test-token-2' });
      expect(warnings.length).toBeLessThanOrEqual(1);
    },
  );

  it('stops no login by a lock that is written anew all the time', async () => {
    let writes = 0;
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) await put('lock', `stranger-${(writes += 1)}`, 'PX', '3000');
    })();
    try {
      await until(() => writes > 0);
      for (let process = 0; process < 20; process += 1)
        expect((await store().claim(attacked, ANY)).outcome).toBe('acquired');
    } finally {
      over.abort();
      await writing;
    }
  });

  it('leaves the lock to the process that has it, and names each owner anew', async () => {
    const claim = await store().claim(attacked, ANY);
    const owner = await valueOf(attacker.names.lock);
    expect(await found(attacked)).toBe('held');
    expect(await valueOf(attacker.names.lock)).toBe(owner);
    if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
    await store().release(attacked, claim.grant);
    await store().claim(attacked, ANY);
    expect(await valueOf(attacker.names.lock)).not.toBe(owner);
    expect(warnings).toEqual([]);
  });

  it('does not bring a withdrawn token back', async () => {
    const first = await login(attacked, 'test-token-1');
    const value = await valueOf(attacker.names.token);
    await store().withdraw(attacked, false);
    const second = await login(attacked, 'test-token-2', first);
    await put('token', `${second + 1_000}.${value.split('.')[1]}`);
    expect(await found(attacked, second)).toBe('acquired');
    // The old value is older than the tokens that the processes hold.
    await put('token', value);
    await attacker.run('DEL', attacker.names.lock);
    expect(await found(attacked, second)).toBe('acquired');
  });

  it.each(['the process that withdrew it', 'a process that was told of it'])(
    'brings no withdrawn token back into %s, not even as it was written',
    async (which) => {
      const [withdraws, hears] = [store(), store()];
      const heard = hear(hears);
      await until(() => {
        void withdraws.withdraw(untouched, true);
        return heard.length > 0;
      });
      await login(attacked, 'test-token-1');
      const value = await valueOf(attacker.names.token);
      await withdraws.withdraw(attacked, true);
      await until(() => heard.some(({ hash }) => hash === attacked.hash));
      const one = which === 'a process that was told of it' ? hears : withdraws;
      for (let round = 0; round < 3; round += 1) {
        await put('token', value);
        const claim = await one.claim(attacked, ANY);
        if (claim.outcome !== 'acquired') throw new Error(`not acquired but ${claim.outcome}`);
        await one.release(attacked, claim.grant);
      }
      // The next token is shared as usual.
      await login(attacked, 'test-token-2', Number(value.split('.')[0]));
      expect(await one.claim(attacked, ANY)).toMatchObject({
        outcome: 'found',
        token: { token: 'test-token-2' },
      });
    },
  );

  it('shares tokens after one login in a Redis whose clock is behind that of a withdrawal', async () => {
    const one = store();
    await attacker.run('SET', attacker.names.version, String(Date.now() + 0.9 * HOUR_MS));
    await one.withdraw(attacked, true);
    await attacker.run('DEL', attacker.names.token, attacker.names.version);
    await login(attacked, 'test-token-1');
    const claim = await one.claim(attacked, ANY);
    if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
    expect(await one.publish(attacked, claim.grant, tokenOf('test-token-2'), HOUR_MS - 10_000)).toBe(true);
    expect(await one.claim(attacked, ANY)).toMatchObject({ token: { token: 'test-token-2' } });
    expect(await found(attacked)).toMatchObject({ token: 'test-token-2' });
  });

  it.each([
    ['for ever', () => attacker.run('PERSIST', attacker.names.token)],
    ['for 68 years', () => attacker.run('PEXPIRE', attacker.names.token, String(68 * 365 * 24 * HOUR_MS))],
  ])('does not make a token live longer: kept %s', async (_, prolong) => {
    await login(attacked, 'test-token-1');
    await prolong();
    const token = await found(attacked);
    expect(token).toMatchObject({ token: 'test-token-1' });
    expect((token as { remainingMs: number }).remainingMs).toBeLessThanOrEqual(HOUR_MS - 10_000);
  });

  it('does not get a token into use whose end has passed', async () => {
    const claim = await store().claim(attacked, ANY);
    if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
    await store().publish(attacked, claim.grant, tokenOf('test-token-1'), 200);
    await attacker.run('PERSIST', attacker.names.token);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await found(attacked)).toBe('acquired');
  });

  it('does not prolong a rejection beyond 15 minutes', async () => {
    const claim = await store().claim(attacked, ANY);
    if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
    await store().reject(attacked, claim.grant, 'wrong secret');
    await attacker.run('PERSIST', attacker.names.rejection);
    await attacker.run('PEXPIRE', attacker.names.rejection, String(30 * 24 * HOUR_MS));
    const again = await store().claim(attacked, ANY);
    expect(again).toMatchObject({ outcome: 'rejected', reason: 'wrong secret' });
    expect((again as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(15 * 60_000);
  });

  it('makes nobody wait by writing bad values faster than they are removed', async () => {
    const busy = { isOver: false };
    const poisoning = (async () => {
      for (let each = 1; !busy.isOver; each += 1)
        await attacker.run('SET', attacker.names.token, `${Date.now() + each}.bm90aGluZw`);
    })();
    const one = store();
    for (let round = 0; round < 20; round += 1) {
      const claim = await one.claim(attacked, ANY);
      expect(['acquired', 'held']).toContain(claim.outcome);
      if (claim.outcome === 'acquired') await one.release(attacked, claim.grant);
    }
    busy.isOver = true;
    await poisoning;
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['that never ends', (key: string) => attacker.run('SET', key, '1')],
    ['of a year', (key: string) => attacker.run('SET', key, '1', 'PX', String(365 * 24 * HOUR_MS))],
    ['that is a list', (key: string) => attacker.run('RPUSH', key, '1')],
  ])('stops no login with a pause of the endpoint %s', async (_, pause) => {
    const endpoint = { provider: 'acme', hash: 'e1'.repeat(32) };
    const tag = `${prefix}:{acme:${'e1'.repeat(16)}}`;
    await pause(`${tag}:pause`);
    await pause(`${tag}:pause:c1`);
    expect(await store().reserve(endpoint, [], 'c1')).toBe(0);
    expect(await store().reserve(endpoint, [], 'c2')).toBe(0);
  });

  it.each([
    ['the endpoint', ':pause', [60_000, 60_000]],
    ['one credential', ':pause:c1', [3_600_000, 0]],
  ])(
    'stops logins of %s with a genuine-looking pause for no longer than the library would',
    async (_, what, most) => {
      const endpoint = { provider: 'acme', hash: 'e3'.repeat(32) };
      const key = `${prefix}:{acme:${'e3'.repeat(16)}}${what}`;
      // The library never writes a pause that is longer than the longest one. So this pause does not count.
      await attacker.run('SET', key, '1', 'PX', String((most[0] as number) + 60_000));
      expect(await store().reserve(endpoint, [], 'c1')).toBe(0);
      await attacker.run('SET', key, '1', 'PX', String(most[0]));
      for (const [at, credential] of ['c1', 'c2'].entries()) {
        const waitMs = await store().reserve(endpoint, [], credential);
        expect(waitMs).toBeLessThanOrEqual(most[at] as number);
        expect(waitMs > 0).toBe((most[at] as number) > 0);
      }
    },
  );

  it.each([
    ['noise', (note: string) => attacker.run('SET', note, 'bm90aGluZw')],
    [
      'a list',
      async (note: string) => {
        await attacker.run('DEL', note);
        await attacker.run('RPUSH', note, '1');
      },
    ],
    ['64 MB', (note: string) => attacker.run('SETRANGE', note, '67108863', 'x')],
    [
      "another credential's note",
      async (note: string) =>
        attacker.run('SET', note, await valueOf(`${attacker.others.token.slice(0, -5)}note`)),
    ],
  ])('affects no other credential with a note of a refresh token that is %s', async (_, poison) => {
    const one = store();
    await one.setNote(attacked, 'test-note-1');
    await one.setNote(untouched, 'test-note-2');
    await poison(`${attacker.names.token.slice(0, -5)}note`);
    const read = await one.note(attacked);
    expect(read).not.toContain('test-note');
    expect(read).not.toBe(undefined);
    expect(await one.note(untouched)).toBe('test-note-2');
    await one.setNote(attacked, 'test-note-3');
    expect(await one.note(attacked)).toBe('test-note-3');
    expect(warnings).toHaveLength(1);
  });

  it('stops no login with requests that were counted in the future', async () => {
    const endpoint = { provider: 'acme', hash: 'e2'.repeat(32) };
    const limits = [{ limit: 1, perMs: 60_000, per: 'ip' as const }];
    await attacker.run('ZADD', `${prefix}:{acme:${'e2'.repeat(16)}}:limit:0`, far(), 'forged');
    expect(await store().reserve(endpoint, limits, 'c1')).toBe(0);
  });

  it.each([
    ['an IP', 60_000, ':limit:0'],
    ['a credential', 24 * HOUR_MS, ':limit:0:c1'],
  ])('stops logins with forged counts of %s for the period of its limit at most', async (_, perMs, name) => {
    const endpoint = { provider: 'acme', hash: 'e4'.repeat(32) };
    const limits = [
      { limit: 1, perMs, per: name === ':limit:0' ? ('ip' as const) : ('credential' as const) },
    ];
    const key = `${prefix}:{acme:${'e4'.repeat(16)}}${name}`;
    for (let each = 0; each < 100; each += 1)
      await attacker.run('ZADD', key, String(Date.now() + 59_000), `forged-${each}`);
    const waitMs = await store().reserve(endpoint, limits, 'c1');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(perMs);
  });

  it('stops the logins of a credential with a rejection that was put back for 15 minutes at most', async () => {
    const claim = await store().claim(attacked, ANY);
    if (claim.outcome !== 'acquired') throw new Error(claim.outcome);
    await store().reject(attacked, claim.grant, 'wrong secret');
    const value = await valueOf(attacker.names.rejection);
    await login(untouched, 'test-token-2');
    await attacker.run('DEL', attacker.names.rejection);
    await attacker.run('SET', attacker.names.rejection, value, 'PX', String(2 * 15 * 60_000));
    const again = await store().claim(attacked, ANY);
    expect(again).toMatchObject({ outcome: 'rejected' });
    expect((again as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(15 * 60_000);
    expect(await found(untouched)).toMatchObject({ token: 'test-token-2' });
  });

  it('causes one warning a minute for each value, however often it is bad', async () => {
    const one = store();
    for (let round = 0; round < 10; round += 1) {
      await put('token', `${Date.now() + 1_000}.bm90aGluZw`);
      await one.claim(attacked, ANY);
    }
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['in clear', (version: number) => `${'a1'.repeat(32)}:${version}`],
    ['of noise', () => createHash('sha256').update('noise').digest('base64url')],
    ['of a megabyte', () => 'x'.repeat(1024 * 1024)],
  ])('makes no process drop a token with a message %s', async (_, message) => {
    const one = store();
    const heard = hear(one);
    const version = await login(attacked, 'test-token-1');
    // A genuine message shows that the subscription is in place.
    await until(() => {
      void one.withdraw(untouched, true);
      return heard.length > 0;
    });
    await attacker.run('PUBLISH', `${prefix}:withdrawn`, message(version + 10_000));
    await one.withdraw(untouched, true);
    await quiet();
    expect(heard.every(({ hash }) => hash === untouched.hash)).toBe(true);
  });
});
