import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { connectRedis } from '../../../../test/support/redis-clients.js';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.js';
import type { RedisClient } from './redis-client.js';
import { RedisTokenStore } from './redis-token-store.js';

interface ClusterClient {
  readonly client: RedisClient;
  close(): void;
}

/** Redis writes its knowledge of the cluster to a file. No option prevents that. */
const config = `nodes-${randomUUID()}.conf`;
let server: RedisServer;

const CONNECT: Readonly<Record<string, () => Promise<ClusterClient>>> = {
  redis: async () => {
    const client = createCluster({ rootNodes: [{ url: server.url }] });
    client.on('error', () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: server.port }], { lazyConnect: true });
    client.on('error', () => undefined);
    await client.connect();
    return { client, close: () => client.disconnect() };
  },
};

/** One node holds all the slots. Like a node among many, it refuses a script whose keys are in different slots. */
describe('RedisTokenStore over a cluster', () => {
  beforeAll(async () => {
    server = await startRedisServer({
      args: [
        ...'--cluster-enabled yes --cluster-announce-ip 127.0.0.1 --cluster-config-file'.split(' '),
        config,
      ],
    });
    const node = await connectRedis('redis', server.url);
    await node.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    node.close();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(join(tmpdir(), config), { force: true });
  });

  it.each(Object.keys(CONNECT))('keeps all keys of a script in one slot (%s)', async (library) => {
    const cluster = await (CONNECT[library] as () => Promise<ClusterClient>)();
    const warnings: string[] = [];
    const store = new RedisTokenStore(cluster.client, {
      plaintext: true,
      prefix: `test-${randomUUID()}`,
      timeoutMs: 5_000,
      logger: { warn: (message) => warnings.push(message) },
    });
    const key = { provider: 'acme', account: 'shop', hash: 'a1'.repeat(32) };
    const endpoint = { provider: 'acme', hash: 'e1'.repeat(32) };
    const any = { newerThan: 0, drop: false, insist: false };
    const limit = { limit: 1, perMs: 60_000 };
    const token = { token: 'test-token', lifetime: { lifetimeMs: 60_000, from: 'relative' as const } };

    const claim = await store.claim(key, any);
    const { grant } = claim as typeof claim & { outcome: 'acquired' };
    expect(await store.extend(key, grant)).toBe(true);
    const limits = [
      { ...limit, per: 'ip' as const },
      { ...limit, per: 'credential' as const },
    ];
    expect(await store.reserve(endpoint, limits, key.hash)).toBe(0);
    expect(await store.publish(key, grant, token, 60_000)).toBe(true);
    expect((await store.claim(key, any)).outcome).toBe('found');

    const heard = new Promise((resolve) => {
      const end = store.onWithdrawn(({ hash }) => {
        end();
        resolve(hash);
      });
    });
    // No message arrives before the subscription is in place.
    const telling = setInterval(() => void store.withdraw(key, true), 50);
    expect(await heard).toBe(key.hash);
    clearInterval(telling);

    const again = await store.claim(key, { ...any, newerThan: Number.MAX_SAFE_INTEGER });
    await store.reject(key, (again as typeof again & { outcome: 'acquired' }).grant, 'wrong');
    expect((await store.claim(key, any)).outcome).toBe('rejected');
    await store.pause(endpoint, 'c1', 1_000);
    await store.release(key, grant);
    expect(warnings).toEqual([]);
    cluster.close();
  });

  const START: Readonly<Record<string, () => ClusterClient>> = {
    redis: () => {
      const client = createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }, { url: server.url }] });
      // The library begins with a node at random: here with the one at which nobody listens.
      const random = jest.spyOn(Math, 'random').mockReturnValue(0);
      void client.connect();
      random.mockRestore();
      return { client, close: () => client.destroy() };
    },
    ioredis: () => {
      const nodes = [1, server.port].map((port) => ({ host: '127.0.0.1', port }));
      const client = new Cluster(nodes);
      return { client, close: () => client.disconnect() };
    },
  };

  it.each(Object.keys(START))('waits for the first node that answers (%s)', async (library) => {
    const cluster = (START[library] as () => ClusterClient)();
    const store = new RedisTokenStore(cluster.client, {
      plaintext: true,
      prefix: `test-${randomUUID()}`,
      timeoutMs: 60_000,
    });
    const key = { provider: 'acme', account: 'shop', hash: 'a1'.repeat(32) };
    expect((await store.claim(key, { newerThan: 0, drop: false, insist: false })).outcome).toBe('acquired');
    cluster.close();
  });
});
