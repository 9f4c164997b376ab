import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The line by which the library's scripts read the clock of Redis. */
const CLOCK = 'local now = time[1] * 1000 + math.floor(time[2] / 1000)';

/** An address at which one Redis replaces another, as in a fail-over. */
export interface RedisFailOver {
  readonly url: string;
  /** The number of open connections. */
  readonly connections: number;
  /** The number of scripts that got another time. */
  readonly scriptsMoved: number;
  /** Every connection breaks, and the next ones go to the Redis at `port`, whose clock is `behindMs` behind. */
  to(port: number, behindMs: number): void;
  close(): Promise<void>;
}

/** Starts such an address in front of the Redis at `port`. It is on loopback, and changes nothing until it fails over. */
export async function startRedisFailOver(port: number): Promise<RedisFailOver> {
  let upstream = { port, behindMs: 0 };
  let scriptsMoved = 0;
  const open = new Set<Socket>();
  const breakAll = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const server = createServer((client) => {
    const { port: redisPort, behindMs } = upstream;
    const redis = connect(redisPort, '127.0.0.1');
    open.add(client);
    const end = () => {
      open.delete(client);
      client.destroy();
      redis.destroy();
    };
    for (const socket of [client, redis]) socket.on('error', end).on('close', end);
    redis.pipe(client);
    const moved = movedClock(behindMs);
    // Bytes that may be the start of the line that reads the clock wait for the rest of that line.
    let kept = '';
    client.on('data', (chunk: Buffer) => {
      const text = kept + chunk.toString('latin1');
      kept = behindMs === 0 ? '' : startOfClock(text);
      const parts = text.slice(0, text.length - kept.length).split(CLOCK);
      if (behindMs > 0) scriptsMoved += parts.length - 1;
      redis.write(parts.join(moved), 'latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return open.size;
    },
    get scriptsMoved() {
      return scriptsMoved;
    },
    to: (next, behindMs) => {
      upstream = { port: next, behindMs };
      breakAll();
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A line that is as long as the line that it replaces, because Redis gets the length of a script before the script. */
function movedClock(behindMs: number): string {
  if (behindMs === 0) return CLOCK;
  return `local now=time[1]*1000-${behindMs}+math.floor(time[2]/1000)`.padEnd(CLOCK.length);
}

function startOfClock(text: string): string {
  for (let length = Math.min(CLOCK.length - 1, text.length); length > 0; length -= 1) {
    const start = CLOCK.slice(0, length);
    if (text.endsWith(start)) return start;
  }
  return '';
}
