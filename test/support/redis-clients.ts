import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from 'nestjs-payments-auth/redis';

/** A connected client of one of the two libraries, as an application makes it. */
export interface TestRedisClient {
  readonly client: RedisClient;
  /** One raw command. */
  command(...command: string[]): Promise<unknown>;
  close(): void;
}

export type RedisLibrary = 'redis' | 'ioredis';

export const REDIS_LIBRARIES: readonly RedisLibrary[] = ['redis', 'ioredis'];

/** Both reconnect quickly and without an end, so that a spec can stop Redis and start it again. */
export async function connectRedis(library: RedisLibrary, url: string): Promise<TestRedisClient> {
  const { connected, ...connection } = startRedisClient(library, url);
  await connected;
  return connection;
}

/** The same, without waiting for the connection. */
export function startRedisClient(
  library: RedisLibrary,
  url: string,
): TestRedisClient & { readonly connected: Promise<unknown> } {
  if (library === 'ioredis') {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, disconnectTimeout: 100 });
    client.on('error', () => undefined);
    return {
      connected: handled(client.connect()),
      client,
      command: (name = '', ...args) => client.call(name, ...args),
      close: () => client.disconnect(),
    };
  }
  const client = createClient({ url, socket: { reconnectStrategy: () => 50 } });
  client.on('error', () => undefined);
  return {
    connected: handled(client.connect()),
    client,
    command: (...command) => client.sendCommand(command),
    close: () => client.destroy(),
  };
}

/** A spec that does not wait for the connection does not hear of its failure either. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
