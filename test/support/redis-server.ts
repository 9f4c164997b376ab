import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

/** A Redis for one spec file alone: on loopback, in memory only. The spec may kill it. */
export interface RedisServer {
  /** The port is the same before and after a restart. */
  readonly url: string;
  readonly port: number;
  /** Shuts it down. Does nothing when it is down already. */
  stop(): Promise<void>;
  /** `kill -9`: clients see their connection break. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
}

export interface RedisServerOptions {
  /** More arguments for `redis-server`: `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[];
}

const PORT_ATTEMPTS = 5;

/** Starts a `redis-server` on a free port, and returns when it accepts connections. */
export async function startRedisServer({ args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
  // Another process may take the free port before Redis does.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return serve(port, args, await launch(port, args));
    } catch (error) {
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/**
 * A Redis for a spec that neither stops nor empties it: the one that `REDIS_URL` names, or else one of its own. Other
 * specs may use it at the same time, so every spec uses a key prefix of its own.
 */
export async function startSharedRedis(): Promise<Pick<RedisServer, 'url' | 'stop'>> {
  const url = process.env['REDIS_URL'];
  return url ? { url, stop: () => Promise.resolve() } : startRedisServer();
}

function serve(port: number, args: readonly string[], first: ChildProcess): RedisServer {
  let running = first;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (hasEnded(running)) return;
    const exit = once(running, 'exit');
    running.kill(signal);
    await exit;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      running = await launch(port, args);
    },
  };
}

async function launch(port: number, args: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', [...onLoopback(port), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Error('"redis-server" cannot be started. Install it, or run the tests with "npm test".', {
          cause,
        }),
      ),
    );
    server.once('exit', () => reject(new Error(`redis-server ended at its start:\n${log.join('\n')}`)));
    createInterface(server.stdout).on('line', (line) => {
      log.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  return server;
}

function onLoopback(port: number): string[] {
  const address = ['--port', String(port), '--bind', '127.0.0.1'];
  return [...address, '--dir', tmpdir(), '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

/** A port on loopback at which nobody listens. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
