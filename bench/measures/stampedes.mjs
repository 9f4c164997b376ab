import { CONTENDERS, keepAliveAgent, OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { median, round } from '../support/statistics.mjs';
import { count } from '../support/targets.mjs';

/** Calls that all come before there is a token. */
export async function firstCalls({ quick }) {
  const calls = quick ? 1_000 : 10_000;
  const { rows, worst } = await eachContender(quick, async (client, provider) => {
    await provider.reset();
    const memory = watchMemory();
    const failures = await allAtOnce(client, calls, () => ({ url: '/payments/' }));
    const { tokenRequests, mostAtOnce } = await provider.counts();
    return {
      'token requests': tokenRequests,
      'at once': mostAtOnce,
      failures,
      'peak memory, MiB': memory.stop(),
    };
  });
  return {
    title: `${calls.toLocaleString('en')} concurrent first calls`,
    note: 'The token endpoint takes 20 ms. Memory is the heap that is in use in addition to the heap before the calls. It includes the calls themselves.',
    rows,
    chart: { value: 'token requests', unit: '', lessIsBetter: true, logarithmic: true },
    targets: [
      asWanted('token requests of concurrent first calls', 1, worst('token requests', 1)),
      asWanted('failures of concurrent first calls', 0, worst('failures', 0)),
    ],
  };
}

/** Calls in flight with a token that was revoked a moment ago. */
export async function refusedTogether({ quick }) {
  const calls = quick ? 200 : 1_000;
  const { rows, worst } = await eachContender(quick, async (client, provider) => {
    await client.request({ url: '/payments/' });
    await provider.revoke();
    await provider.reset();
    const failures = await allAtOnce(client, calls, (number) => ({
      method: 'POST',
      url: '/payments/',
      data: { amount: '0.01' },
      headers: { 'Idempotency-Key': `payment-${number}` },
    }));
    const { tokenRequests, refused, executed, executedTwice } = await provider.counts();
    return {
      'token requests': tokenRequests,
      'refused calls': refused,
      'payments made': executed,
      'made twice': executedTwice,
      failures,
    };
  });
  return {
    title: `${calls.toLocaleString('en')} payments refused together`,
    note: 'A payment that is sent with the dead token is refused once. When it is sent again, it is made once.',
    rows,
    chart: { value: 'failures', unit: '', lessIsBetter: true },
    targets: [
      asWanted('token requests when refused together', 1, worst('token requests', 1)),
      asWanted('replays', calls, worst('refused calls', calls)),
      asWanted('payments made', calls, worst('payments made', calls)),
      asWanted('payments made twice', 0, worst('made twice', 0)),
      asWanted('failures when refused together', 0, worst('failures', 0)),
    ],
  };
}

function asWanted(what, wanted, value) {
  return count(what, String(wanted), value, value === wanted);
}

/**
 * Every contender in turn, several times. Rows show medians. `worst` is the result of this library in its worst round,
 * because a stampede in one round of three counts as well.
 */
async function eachContender(quick, measure) {
  const contenders = CONTENDERS.filter(({ role }) => role !== 'floor').map((each) => ({
    ...each,
    rounds: [],
  }));
  for (let turn = 0; turn < (quick ? 1 : 3); turn += 1)
    for (const contender of contenders) contender.rounds.push(await once(contender, measure));
  const rows = contenders.map(({ name, role, rounds }) => {
    const medians = Object.keys(rounds[0]).map((column) => [
      column,
      median(rounds.map((each) => each[column])),
    ]);
    return { name, role, ...Object.fromEntries(medians) };
  });
  const { rounds } = contenders.find(({ name }) => name === OURS);
  const worst = (column, wanted) =>
    rounds.map((each) => each[column]).toSorted((a, b) => Math.abs(b - wanted) - Math.abs(a - wanted))[0];
  return { rows, worst };
}

async function once(contender, measure) {
  const provider = await startProvider();
  await provider.set({ tokenDelayMs: 20 });
  const agent = keepAliveAgent();
  const client = await contender.create({ url: provider.url, agent });
  try {
    return await measure(client, provider);
  } finally {
    await client.close?.();
    agent.destroy();
    await provider.close();
  }
}

async function allAtOnce(client, calls, configOf) {
  const outcomes = await Promise.allSettled(
    Array.from({ length: calls }, (_, number) => client.request(configOf(number))),
  );
  return outcomes.filter(({ status }) => status === 'rejected').length;
}

function watchMemory() {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().heapUsed);
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return round((Math.max(peak, process.memoryUsage().heapUsed) - before) / 2 ** 20);
    },
  };
}
