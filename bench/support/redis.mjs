import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';

/** Starts a Redis that writes nothing to disk, or uses the one that REDIS_URL names. */
export async function startRedis() {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop: async () => undefined };
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const server = spawn(
    'redis-server',
    ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await new Promise((resolve, reject) => {
    server.once('error', () =>
      reject(
        new Error(
          '"redis-server" is not installed. Install it (Debian: apt-get install -y redis-server), or set REDIS_URL.',
        ),
      ),
    );
    server.stdout.on('data', (chunk) => /ready to accept/i.test(chunk) && resolve());
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const exit = once(server, 'exit');
      server.kill();
      await exit;
    },
  };
}
