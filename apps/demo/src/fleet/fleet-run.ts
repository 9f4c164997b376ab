import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { table } from '../run/table.js';
import { say } from '../say.js';
import { FLEET_PROVIDERS, type WorkerReport } from './fleet-report.js';
import { startLocalRedis } from './local-redis.js';

const PROCESSES = 4;
const TOKEN_LIFETIME_MS = 5_000;
/** The renewal window of such a token, and the random part of it: see `renewal-rules.ts`. */
const RENEWED_AFTER_MS = TOKEN_LIFETIME_MS - 1_000;

interface Worker {
  readonly name: string;
  readonly process: ChildProcess;
  report: WorkerReport;
  killed: boolean;
}

/** Runs four processes with one Redis and one sandbox, and kills one of the processes. Returns the exit code. */
export async function runFleet(durationMs: number): Promise<number> {
  const redis = await startLocalRedis();
  const sandbox = await startSandbox({ tokenLifetimeMs: TOKEN_LIFETIME_MS });
  try {
    say(
      `${PROCESSES} processes, one Redis, ${FLEET_PROVIDERS.length} providers with tokens of ` +
        `${TOKEN_LIFETIME_MS / 1_000} s, for ${durationMs / 1_000} s.\n\n`,
    );
    const tokenKey = randomBytes(32).toString('base64');
    const workers = Array.from({ length: PROCESSES }, (_, index) =>
      startWorker(`process ${index + 1}`, {
        ...sandbox.environment,
        FLEET_REDIS_URL: redis.url,
        FLEET_TOKEN_KEY: tokenKey,
      }),
    );
    await wait(durationMs / 2);
    kill(workers[1] as Worker);
    await wait(durationMs / 2);
    await Promise.all(workers.map(stop));
    return tell(workers, sandbox, durationMs);
  } finally {
    await sandbox.close();
    await redis.stop();
  }
}

function startWorker(name: string, variables: Record<string, string>): Worker {
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
    env: { ...process.env, ...variables },
  });
  const worker: Worker = {
    name,
    process: child,
    report: { calls: 0, failed: 0, tokenRequests: {} },
    killed: false,
  };
  child.on('message', (report) => {
    worker.report = report as WorkerReport;
  });
  return worker;
}

function kill(worker: Worker): void {
  say(`${worker.name} is killed (kill -9); the others go on.\n\n`);
  worker.killed = true;
  worker.process.kill('SIGKILL');
}

async function stop({ process: child }: Worker): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.send('end');
  await exit;
}

function tell(workers: readonly Worker[], sandbox: Sandbox, durationMs: number): number {
  const rows = workers.map(({ name, killed, report }) => [
    killed ? `${name} (killed)` : name,
    ...FLEET_PROVIDERS.map((provider) => report.tokenRequests[provider] ?? 0),
    report.calls,
    report.failed,
  ]);
  const total = (pick: (report: WorkerReport) => number) =>
    workers.reduce((sum, { report }) => sum + pick(report), 0);
  const seen = FLEET_PROVIDERS.map((provider) => sandbox.provider(provider).counts);
  rows.push([
    'seen by the providers',
    ...seen.map(({ tokenRequests }) => tokenRequests),
    total(({ calls }) => calls),
    total(({ failed }) => failed),
  ]);
  const allowed = Math.ceil(durationMs / RENEWED_AFTER_MS) + 1;
  const heading = ['token requests', ...FLEET_PROVIDERS, 'calls', 'failed calls'];
  const mostAtOnce = Math.max(...seen.map(({ mostTokenRequestsAtOnce }) => mostTokenRequestsAtOnce));
  say(`${table([heading, ...rows])}\n\n`);
  say(
    `One token request per lifetime for the whole fleet: at most ${allowed} of each provider in this time, ` +
      `and never more than ${mostAtOnce} at once.\n`,
  );
  for (const { name, report } of workers)
    if (report.problem !== undefined) say(`failed: ${name}: ${report.problem}\n`);
  const kept = seen.every(({ tokenRequests }) => tokenRequests <= allowed) && mostAtOnce <= 1;
  if (!kept) say('This limit was exceeded.\n');
  return kept && total(({ failed }) => failed) === 0 ? 0 : 1;
}
