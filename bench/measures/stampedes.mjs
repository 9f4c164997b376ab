import { CONTENDERS, keepAliveAgent, OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { round } from '../support/statistics.mjs';
import { count } from '../support/targets.mjs';

/** Calls that all come before there is a token. */
export async function firstCalls({ quick }) {
  const calls = quick ? 1_000 : 10_000;
  const rows = await eachContender(async (client, provider) => {
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
  const ours = rows.find(({ name }) => name === OURS);
  return {
    title: `${calls.toLocaleString('en')} concurrent first calls`,
    note: 'The token endpoint takes 20 ms. Memory is the heap above what was in use before, of the calls as well.',
    rows,
    chart: { value: 'token requests', unit: '', lessIsBetter: true, logarithmic: true },
    targets: [
      count(
        'token requests of concurrent first calls',
        '1',
        ours['token requests'],
        ours['token requests'] === 1,
      ),
      count('failures of concurrent first calls', '0', ours.failures, ours.failures === 0),
    ],
  };
}

/** Calls in flight with a token that was revoked a moment ago. */
export async function refusedTogether({ quick }) {
  const calls = quick ? 200 : 1_000;
  const rows = await eachContender(async (client, provider) => {
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
  const ours = rows.find(({ name }) => name === OURS);
  return {
    title: `${calls.toLocaleString('en')} payments refused together`,
    note: 'Each is refused once if it is sent with the dead token, and made once if it is sent again.',
    rows,
    chart: { value: 'failures', unit: '', lessIsBetter: true },
    targets: [
      count(
        'token requests when refused together',
        '1',
        ours['token requests'],
        ours['token requests'] === 1,
      ),
      count('replays', String(calls), ours['refused calls'], ours['refused calls'] === calls),
      count('payments made', String(calls), ours['payments made'], ours['payments made'] === calls),
      count('payments made twice', '0', ours['made twice'], ours['made twice'] === 0),
      count('failures when refused together', '0', ours.failures, ours.failures === 0),
    ],
  };
}

async function eachContender(measure) {
  const rows = [];
  for (const contender of CONTENDERS) {
    if (contender.role === 'floor') continue;
    const provider = await startProvider();
    await provider.set({ tokenDelayMs: 20 });
    const agent = keepAliveAgent();
    const client = await contender.create({ url: provider.url, agent });
    try {
      rows.push({ name: contender.name, role: contender.role, ...(await measure(client, provider)) });
    } finally {
      await client.close?.();
      agent.destroy();
      await provider.close();
    }
  }
  return rows;
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
