import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';

export interface LocalRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** The Redis that `REDIS_URL` names, else a `redis-server` of this machine, on loopback and in memory only. */
export async function startLocalRedis(): Promise<LocalRedis> {
  const given = process.env['REDIS_URL'];
  if (given !== undefined && given !== '') return { url: given, stop: () => Promise.resolve() };
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', [...settings, '--dir', tmpdir()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const failed = once(server, 'error').then(([error]) => {
    throw new Error(
      'The fleet shares its tokens through Redis, and "redis-server" cannot be started. ' +
        'Install it (Debian: apt-get install -y redis-server), or set REDIS_URL.',
      { cause: error },
    );
  });
  await Promise.race([failed, readiness(server.stdout)]);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      if (server.exitCode !== null) return;
      const exit = once(server, 'exit');
      server.kill('SIGTERM');
      await exit;
    },
  };
}

async function readiness(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output }))
    if (/ready to accept connections/i.test(line)) return;
  throw new Error('redis-server ended before it was ready.');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
