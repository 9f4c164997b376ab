import { setTimeout as wait } from 'node:timers/promises';
import { CONTENDERS, FLOOR, keepAliveAgent, OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { quantile, round } from '../support/statistics.mjs';
import { count } from '../support/targets.mjs';

const TOKEN_LIFETIME_MS = 2_000;
const EVERY_MS = 10;
const AT_A_TIME = 2;

/** Tokens that die every two seconds, under steady load: who waits, and who fails? */
export async function steadyLoad({ quick }) {
  const durationMs = quick ? 6_000 : 60_000;
  const rows = [];
  const targets = [];
  for (const tokenDelayMs of [20, 500]) {
    const { ours, floor, counts, status } = await run(tokenDelayMs, durationMs);
    const waited = status.counters.waits - 1;
    const label = `login takes ${tokenDelayMs} ms`;
    rows.push(
      latencies(`${OURS}, ${label}`, 'ours', ours),
      latencies(`bare axios beside it, ${label}`, 'floor', floor),
    );
    Object.assign(rows.at(-2), { 'token requests': counts.tokenRequests, refused: counts.refused, waited });
    for (const [what, value] of Object.entries({
      failures: ours.failures,
      'refused calls': counts.refused,
      'callers that waited after the first': waited,
    }))
      targets.push(count(`${what}, ${label}`, '0', value, value === 0));
  }
  return {
    title: `${TOKEN_LIFETIME_MS / 1_000} s tokens under ${durationMs / 1_000} s of steady load`,
    note: `${(AT_A_TIME * 1_000) / EVERY_MS} calls run each second, and as many calls by bare axios run between them.`,
    rows,
    targets,
  };
}

async function run(tokenDelayMs, durationMs) {
  const provider = await startProvider();
  await provider.set({ tokenDelayMs, lifetimeMs: TOKEN_LIFETIME_MS });
  const agent = keepAliveAgent();
  const target = { url: provider.url, agent };
  const create = (wanted) => CONTENDERS.find(({ name }) => name === wanted).create(target);
  const client = await create(OURS);
  const bare = await create(FLOOR);
  const ours = { latencies: [], failures: 0 };
  const floor = { latencies: [], failures: 0 };
  try {
    await client.request({ url: '/payments/' });
    await bare.request({});
    const pending = [];
    const endAt = performance.now() + durationMs;
    while (performance.now() < endAt) {
      for (let call = 0; call < AT_A_TIME; call += 1) pending.push(timed(client, ours), timed(bare, floor));
      await wait(EVERY_MS);
    }
    await Promise.all(pending);
    return { ours, floor, counts: await provider.counts(), status: client.status() };
  } finally {
    await client.close();
    agent.destroy();
    await provider.close();
  }
}

async function timed(client, into) {
  const startedAt = performance.now();
  try {
    await client.request({ url: '/payments/' });
    into.latencies.push(performance.now() - startedAt);
  } catch {
    into.failures += 1;
  }
}

function latencies(name, role, { latencies: all, failures }) {
  const at = (part) => round(quantile(all, part), 2);
  return {
    name,
    role,
    calls: all.length,
    failures,
    'p50 ms': at(0.5),
    'p99 ms': at(0.99),
    'p99.9 ms': at(0.999),
  };
}
