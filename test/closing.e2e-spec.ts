import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { startProcess, type TestProcess } from './support/processes.js';
import { REDIS_LIBRARIES } from './support/redis-clients.js';
import { type RedisServer, startRedisServer } from './support/redis-server.js';
import { until } from './support/waiting.js';

/**
 * Something that keeps a process alive keeps it for ever, or for the 10 s that a login may take. A process that nothing keeps
 * alive ends within a second, also on a busy machine.
 */
const SOON_MS = 5_000;

/** A forwarder to Redis whose connections can be broken. */
class Way {
  /** What happens to connections that are made from now on. */
  mode: 'open' | 'hanging' | 'refusing' = 'open';
  /** How many connections are forwarded to Redis. Later ones hang. */
  most = Infinity;
  /** How many connections hang. */
  waiting = 0;
  #made = 0;
  readonly #sockets = new Set<Socket>();
  #server!: Server;

  constructor(readonly redis: RedisServer) {}

  async open(): Promise<string> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.on('error', () => undefined));
      if (this.mode === 'refusing') socket.destroy();
      if (this.mode === 'hanging') this.waiting += 1;
      if (this.mode !== 'open' || (this.#made += 1) > this.most) return;
      const redis = connect(this.redis.port, '127.0.0.1').on('error', () => undefined);
      this.#sockets.add(redis);
      socket.on('data', (data) => void (this.mode === 'open' && redis.write(data)));
      redis.on('data', (data) => void (this.mode === 'open' && socket.write(data)));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Breaks every open connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

describe.each(REDIS_LIBRARIES)('an application that closes, with a store over %s', (library) => {
  let redis: RedisServer;
  let way: Way;
  let url: string;
  let provider: LoopbackServer;
  let child: TestProcess | undefined;

  beforeEach(async () => {
    redis = await startRedisServer();
    way = new Way(redis);
    url = await way.open();
    // Logins hang too. A login does not keep the process alive either.
    provider = await startLoopbackServer(() => undefined);
  });
  afterEach(async () => {
    await child?.kill('SIGKILL');
    way.close();
    await redis.stop();
    await provider.close();
  });

  it('lets the process end whose connection for withdrawals was never made', async () => {
    way.most = 1;
    expect(await msToEnd(() => undefined)).toBeLessThan(SOON_MS);
  });

  it.each<[string, () => Promise<void> | void]>([
    ['is there', () => undefined],
    ['hangs', () => void (way.mode = 'hanging')],
    [
      'hangs for new connections',
      async () => {
        way.mode = 'hanging';
        way.cut();
        // node-redis forgets a socket that is still connecting when its client is destroyed. This client is the
        // application's own: the application ends it once it has connected.
        await until(() => way.waiting >= 1);
        await delay(300);
      },
    ],
    [
      'refuses connections',
      () => {
        way.mode = 'refusing';
        way.cut();
      },
    ],
    ['is gone', () => redis.kill()],
  ])('lets the process end when Redis %s', async (_, happens) => {
    expect(await msToEnd(happens)).toBeLessThan(SOON_MS);
  });

  /** How long the process lives after its application is told to close, in milliseconds. */
  async function msToEnd(happens: () => Promise<void> | void): Promise<number> {
    child = startProcess(new URL('./support/fleet/closing-process.ts', import.meta.url), {
      args: [library, url, provider.url],
    });
    await child.next((message) => message === 'up');
    await happens();
    const closingAtMs = performance.now();
    child.send('close');
    await child.next((message) => message === 'closed');
    expect((await child.ended).code).toBe(0);
    return performance.now() - closingAtMs;
  }
});
