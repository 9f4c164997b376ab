import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { RedisTokenStore } from '../../libs/payments-auth/dist/esm/redis/index.js';
import { startLibrary } from '../support/library.mjs';
import { startRedis } from '../support/redis.mjs';
import { startProvider } from '../support/provider.mjs';
import { round } from '../support/statistics.mjs';
import { count } from '../support/targets.mjs';

const WORKER = fileURLToPath(new URL('../support/fleet-worker.mjs', import.meta.url));
const LIFETIME_MS = 5_000;
/** The window of renewal is a fifth of the life, or at least twice the assumed 500 ms of a login. Up to a tenth is taken off at random. */
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
    const reports = await startAll(workers);
    await wait(durationMs);
    for (const worker of workers) worker.send('end');
    const all = await Promise.all(reports);
    const { tokenRequests, mostAtOnce, refused } = await provider.counts();
    const calls = sum(all, 'calls');
    const failures = sum(all, 'failures');
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
        count('failures of the fleet', '0', withReasons(failures, all), failures === 0),
      ],
    };
  } finally {
    for (const worker of workers) if (worker.exitCode === null) worker.kill();
    await provider.close();
    await redis.stop();
  }
}

/**
 * Many merchants, many processes: each merchant's token is asked for once in its life, whichever process calls. In the
 * middle all tokens are revoked.
 */
export async function fleetOfMerchants({ quick }) {
  const [processes, merchants, lifetimeMs, durationMs] = quick
    ? [3, 60, 6_000, 12_000]
    : [32, 5_000, 60_000, 300_000];
  const redis = await startRedis();
  const provider = await startProvider();
  await provider.set({ lifetimeMs, tokenDelayMs: 20 });
  const workers = Array.from({ length: processes }, () =>
    fork(WORKER, [provider.url, redis.url, String(merchants)]),
  );
  const client = new Redis(redis.url);
  try {
    const reports = await startAll(workers);
    await wait(durationMs / 2);
    await provider.revoke();
    await wait(durationMs / 2);
    for (const worker of workers) worker.send('end');
    const all = await Promise.all(reports);
    const { tokenRequests, refused, served } = await provider.counts();
    const calls = sum(all, 'calls');
    const failures = sum(all, 'failures');
    const { operations, cpuSeconds } = await spentBy(client);
    const ofCalls = await operationsOfCalls(client, redis, provider, 1_000);
    // A merchant makes at most one request at the start, one in each life, and one for the revocation. A merchant that is not
    // called makes none.
    const lives = Math.ceil(durationMs / (lifetimeMs - renewalWindowMs(lifetimeMs)));
    const allowed = served * (lives + 1);
    return {
      title: `${processes} processes, ${merchants.toLocaleString('en')} merchants, ${durationMs / 1_000} s, ${lifetimeMs / 1_000} s tokens, one Redis`,
      note: `All tokens are revoked once, after half of the time. A merchant has ${lives} lives of a token in that time, and one more for the revocation.`,
      rows: [
        {
          name: 'with a shared store',
          role: 'ours',
          calls,
          failures,
          refused,
          'token requests': tokenRequests,
          'a merchant and life': round(tokenRequests / served / (lives + 1), 2),
          'Redis operations a login': round(operations / tokenRequests, 1),
          'of 1,000 calls with a kept token': ofCalls,
          'Redis CPU %': round((cpuSeconds / (durationMs / 1_000)) * 100, 1),
        },
      ],
      targets: [
        count('token requests of all merchants', `≤ ${allowed}`, tokenRequests, tokenRequests <= allowed),
        count('failures of all merchants', '0', withReasons(failures, all), failures === 0),
        count('Redis operations of 1,000 calls with a kept token', '0', ofCalls, ofCalls === 0),
      ],
    };
  } finally {
    for (const worker of workers) if (worker.exitCode === null) worker.kill();
    client.disconnect();
    await provider.close();
    await redis.stop();
  }
}

/** Lets all workers begin when the last of them is up, and returns the reports that they will send. */
async function startAll(workers) {
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const reports = workers.map(async (worker) => (await once(worker, 'message'))[0]);
  for (const worker of workers) worker.send('start');
  return reports;
}

/** The window of renewal: a fifth of the life, or half of it where that is less than two logins. Up to a tenth is taken off at random. */
function renewalWindowMs(lifetimeMs) {
  return Math.max(lifetimeMs * 0.2, WINDOW_MS) * 1.1;
}

/** The number of failures, with their reasons. */
function withReasons(failures, reports) {
  const reasons = [...new Set(reports.flatMap((report) => report.reasons))];
  return reasons.length === 0 ? failures : `${failures} (${reasons.join(', ')})`;
}

function sum(reports, name) {
  return reports.reduce((total, report) => total + report[name], 0);
}

/** The commands that Redis gets while one process makes calls with a token that it has. */
async function operationsOfCalls(client, { url }, provider, calls) {
  await provider.set({ lifetimeMs: 3_600_000 });
  const redis = new Redis(url);
  const store = new RedisTokenStore(redis, {
    keys: [{ id: 'bench', key: Buffer.alloc(32, 7).toString('base64') }],
  });
  const library = await startLibrary(provider.url, { module: { store } });
  try {
    const { axiosRef } = library.service.http('bench');
    await axiosRef.get('/payments/');
    const before = await commandsOf(client);
    for (let call = 0; call < calls; call += 1) await axiosRef.get('/payments/');
    // The command that reads the count is counted itself.
    return (await commandsOf(client)) - before - 1;
  } finally {
    await library.close();
    redis.disconnect();
  }
}

async function commandsOf(client) {
  return Number(/^total_commands_processed:(\d+)/m.exec(await client.info('stats'))[1]);
}

/** The scripts that Redis has run since it started, for all clients, and its processor time. */
async function spentBy(client) {
  const [commands, cpu] = await Promise.all([client.info('commandstats'), client.info('cpu')]);
  const operations = [...commands.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce(
    (total, [, calls]) => total + Number(calls),
    0,
  );
  const seconds = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(cpu)?.[1] ?? 0);
  return { operations, cpuSeconds: seconds('used_cpu_sys') + seconds('used_cpu_user') };
}
