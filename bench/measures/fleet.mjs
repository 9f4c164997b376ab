import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProvider } from '../support/provider.mjs';
import { count } from '../support/targets.mjs';

const WORKER = fileURLToPath(new URL('../support/fleet-worker.mjs', import.meta.url));
const LIFETIME_MS = 5_000;
/** A fifth of the life, at least twice the assumed 500 ms of a login; a tenth of the window is given away at random. */
const WINDOW_MS = 1_000;
const JITTER_MS = 100;

/** Processes that share their token through Redis. */
export async function fleet({ quick }) {
  const [processes, durationMs] = quick ? [3, 10_000] : [8, 60_000];
  const redis = await startRedis();
  const provider = await startProvider();
  await provider.set({ lifetimeMs: LIFETIME_MS, tokenDelayMs: 20 });
  const workers = Array.from({ length: processes }, () => fork(WORKER, [provider.url, redis.url]));
  try {
    const reports = workers.map(async (worker) => (await once(worker, 'message'))[0]);
    await wait(durationMs);
    for (const worker of workers) worker.send('end');
    const all = await Promise.all(reports);
    const { tokenRequests, mostAtOnce, refused } = await provider.counts();
    const calls = all.reduce((sum, report) => sum + report.calls, 0);
    const failures = all.reduce((sum, report) => sum + report.failures, 0);
    const allowed = Math.ceil(durationMs / (LIFETIME_MS - WINDOW_MS - JITTER_MS)) + 1;
    return {
      title: `${processes} processes, ${durationMs / 1_000} s, ${LIFETIME_MS / 1_000} s tokens, one Redis`,
      rows: [
        {
          name: 'with a shared store',
          role: 'ours',
          processes,
          calls,
          failures,
          'token requests': tokenRequests,
          'at once': mostAtOnce,
          refused,
        },
      ],
      targets: [
        count('token requests of the fleet', `≤ ${allowed}`, tokenRequests, tokenRequests <= allowed),
        count('token requests in flight', '≤ 1', mostAtOnce, mostAtOnce <= 1),
        count('failures of the fleet', '0', failures, failures === 0),
      ],
    };
  } finally {
    for (const worker of workers) if (worker.exitCode === null) worker.kill();
    await provider.close();
    await redis.stop();
  }
}

async function startRedis() {
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
          '"redis-server" is not there. Install it (Debian: apt-get install -y redis-server), or set REDIS_URL.',
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
