import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { textOf } from './support/markdown.js';
import {
  connectRedis,
  REDIS_LIBRARIES,
  type RedisLibrary,
  type TestRedisClient,
} from './support/redis-clients.js';
import { type RedisServer, startRedisServer } from './support/redis-server.js';
import { until } from './support/waiting.js';

const PASSWORD = 'invented-password';
const ANY = { newerThan: 0, drop: false, insist: false };
const TOKEN = { token: 'test-token-not-real-1', lifetime: { lifetimeMs: 60_000, from: 'relative' as const } };

/** The rules of the user that the page on fleets makes, without its password. */
const RULES = (/^ACL SETUSER payments on >\S+ ((?:\\\n|.)+)$/m.exec(textOf('docs/fleet.md'))?.[1] ?? '')
  .split(/[\s\\]+/)
  .filter((rule) => rule !== '');
const COMMANDS = RULES.filter((rule) => rule.startsWith('+'));

let server: RedisServer;
let admin: TestRedisClient;
let toClose: TestRedisClient[] = [];
beforeAll(async () => {
  server = await startRedisServer();
  admin = await connectRedis('ioredis', server.url);
});
afterEach(() => {
  for (const each of toClose) each.close();
  toClose = [];
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

async function userWith(rules: readonly string[]): Promise<string> {
  const user = `user-${randomUUID()}`;
  await admin.command('ACL', 'SETUSER', user, 'on', `>${PASSWORD}`, ...rules);
  return user;
}

async function storeOf(library: RedisLibrary, user: string, prefix?: string): Promise<RedisTokenStore> {
  const limited = await connectRedis(library, server.url.replace('//', `//${user}:${PASSWORD}@`));
  toClose.push(limited);
  return new RedisTokenStore(limited.client, {
    keys: [{ id: '2026-11', key: 'k'.repeat(43) + '=' }],
    ...(prefix === undefined ? {} : { prefix }),
    timeoutMs: 60_000,
    logger: { warn: () => undefined },
  });
}

/** Does all that a store ever does, as a user with these rules. Returns what Redis has refused to that user. */
async function refusedTo(library: RedisLibrary, rules: readonly string[]): Promise<string[]> {
  const user = await userWith(rules);
  // A subscription of the test before may still exist, so each test has its own prefix.
  const prefix = `payments-auth:${randomUUID()}`;
  const store = await storeOf(library, user, prefix);
  const hash = randomUUID().replaceAll('-', '').repeat(2);
  const [key, endpoint] = [
    { provider: 'acme', account: 'shop-1', hash },
    { provider: 'acme', hash },
  ];
  const limits = [{ limit: 1, perMs: 60_000, per: 'ip' as const }];
  const grant = { owner: 'nobody', version: 0 };
  const end = store.onWithdrawn(() => undefined);
  const log = async () => {
    const entries = (await admin.command('ACL', 'LOG', '1000')) as unknown[][];
    const fields = entries.map((entry) => Object.fromEntries(pairsOf(entry)));
    return fields.filter(({ username }) => username === user).map(({ object }) => String(object));
  };
  await until(async () => (await subscribersOf(prefix)) > 0 || (await log()).includes('subscribe'));
  const steps = [
    async () => {
      const claim = await store.claim(key, ANY);
      if (claim.outcome === 'acquired') Object.assign(grant, claim.grant);
    },
    () => store.extend(key, grant),
    () => store.publish(key, grant, TOKEN, 50_000),
    () => store.claim(key, ANY),
    () => store.reject(key, grant, 'invalid_client'),
    () => store.release(key, grant),
    () => store.withdraw(key, true),
    () => store.setNote(key, 'spent'),
    () => store.note(key),
    () => store.setNote(key, undefined),
    () => store.reserve(endpoint, limits, 'c1'),
    () => store.reserve(endpoint, limits, 'c1'),
    () => store.pause(endpoint, 'c1', 1_000),
  ];
  for (const step of steps) await Promise.resolve(step()).catch(() => undefined);
  // No step waits for the message of a withdrawal, or for the questions about persistence. This answer comes after theirs.
  await store.claim(key, ANY).catch(() => undefined);
  const refused = await log();
  end();
  return [...new Set(refused)];
}

async function subscribersOf(prefix: string): Promise<number> {
  const [, count] = (await admin.command('PUBSUB', 'NUMSUB', `${prefix}:withdrawn`)) as unknown[];
  return Number(count);
}

function pairsOf(entry: readonly unknown[]): [string, unknown][] {
  return entry.flatMap((name, index): [string, unknown][] =>
    index % 2 === 0 ? [[String(name), entry[index + 1]]] : [],
  );
}

describe.each(REDIS_LIBRARIES)('the user of Redis that the page on fleets makes, over %s', (library) => {
  it('may do all that the store does', async () => {
    expect(COMMANDS.length).toBeGreaterThan(10);
    expect(await refusedTo(library, RULES)).toEqual([]);
  });

  it.each(['unlink', 'eval'])('gets an error that says that it lacks a permission: %s', async (command) => {
    const user = await userWith(RULES.filter((rule) => rule !== `+${command}`));
    const store = await storeOf(library, user);
    const key = { provider: 'acme', account: 'shop-1', hash: randomUUID() };
    await expect(store.setNote(key, undefined)).rejects.toThrow('Redis: NOPERM, its user lacks a permission');
  });

  it.each(COMMANDS)('needs %s', async (command) => {
    const refused = await refusedTo(
      library,
      RULES.filter((rule) => rule !== command),
    );
    expect(refused).toContain(command.slice(1));
  });
});
