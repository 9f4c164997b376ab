import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { isPaymentsAuthError } from '../index.js';
import { RedisTokenStore } from './redis-token-store.js';
import type { RedisTokenStoreOptions } from './redis-token-store.options.js';

const KEY = 'k'.repeat(43) + '=';

function problemsOf(options: unknown, client: unknown = createClient()): readonly string[] {
  try {
    // oxlint-disable-next-line no-new -- the test reads the error that it throws
    new RedisTokenStore(client as never, options as RedisTokenStoreOptions);
    return [];
  } catch (error) {
    const isSafe = !inspect(error).includes(KEY.slice(0, 10));
    if (!isPaymentsAuthError(error) || error.code !== 'INVALID_OPTIONS' || !isSafe) throw error;
    return error.problems ?? [];
  }
}

describe('the options of a RedisTokenStore', () => {
  it.each([undefined, {}, { keys: [] }, { plaintext: false }])('are refused without a key: %j', (options) => {
    expect(problemsOf(options)).toEqual([expect.stringMatching(/^keys: .*plaintext: true/)]);
  });

  it('do without a key where `plaintext: true` is said', () => {
    expect(problemsOf({ plaintext: true })).toEqual([]);
  });

  it('take a key as bytes, in base64 and in hex', () => {
    const bytes = Buffer.from(KEY, 'base64');
    for (const key of [bytes, new Uint8Array(bytes), KEY, bytes.toString('hex'), bytes.toString('base64url')])
      expect(problemsOf({ keys: [{ id: 'a', key }] })).toEqual([]);
  });

  it('name every problem at once, and no part of a key', () => {
    const keys = [
      { id: 'a b', key: KEY },
      { id: 'a', key: KEY.slice(4) },
      { id: 'a', key: undefined },
    ];
    const problems = problemsOf(
      { keys, hashKey: 'short', prefix: 'a{b}', timeoutMs: 0, plaintext: true },
      {},
    );
    expect(new Set(problems.map((each) => each.split(':')[0]))).toEqual(
      new Set([
        'client',
        'hashKey',
        'keys[0].id',
        'keys[1].key',
        'keys[2].id',
        'keys[2].key',
        'plaintext',
        'prefix',
        'timeoutMs',
      ]),
    );
  });

  it('take a client of either library, single or cluster', () => {
    const clients = [
      createClient(),
      createCluster({ rootNodes: [] }),
      new Redis({ lazyConnect: true }),
      new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }),
    ] as const;
    for (const client of clients)
      expect(new RedisTokenStore(client, { keys: [{ id: 'a', key: KEY }] }).hashKey).toHaveLength(32);
  });

  it('hash under a key of their own, derived from the key whose id sorts first', () => {
    const client = createClient();
    const old = { id: '2026-11', key: KEY };
    const next = { id: '2027-02', key: 'x'.repeat(43) + '=' };
    const hashKeyWith = (options: RedisTokenStoreOptions) => new RedisTokenStore(client, options).hashKey;
    const before = hashKeyWith({ keys: [old] });
    expect(before).not.toEqual(Buffer.from(KEY, 'base64'));
    expect(hashKeyWith({ keys: [old, next] })).toEqual(before);
    expect(hashKeyWith({ keys: [next, old] })).toEqual(before);
    expect(hashKeyWith({ keys: [next] })).not.toEqual(before);
    expect(hashKeyWith({ keys: [next], hashKey: before })).toEqual(before);
  });

  it('are not visible on the store', () => {
    const store = new RedisTokenStore(createClient(), { keys: [{ id: 'a', key: KEY }] });
    const seen = inspect(store, { depth: 9, showHidden: false }) + JSON.stringify(store);
    expect(seen).not.toContain(Buffer.from(KEY, 'base64').toString('hex').slice(0, 8));
    expect(seen).not.toContain(store.hashKey.toString('hex').slice(0, 8));
  });
});
