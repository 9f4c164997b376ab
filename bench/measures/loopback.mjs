import { CONTENDERS, FLOOR, keepAliveAgent, OURS } from '../contenders/index.mjs';
import { startProvider } from '../support/provider.mjs';
import { median, round } from '../support/statistics.mjs';
import { figure } from '../support/targets.mjs';

const AT_ONCE = 32;

/** An authenticated request over loopback HTTP with connections kept alive: processor time a request, and requests a second. */
export async function loopback({ quick }) {
  const [rounds, calls] = quick ? [2, 400] : [9, 4_000];
  const provider = await startProvider();
  const running = [];
  try {
    for (const contender of CONTENDERS.filter(({ name }) => !name.startsWith('a token per call'))) {
      const agent = keepAliveAgent();
      const client = await contender.create({ url: provider.url, agent });
      await together(client, Math.ceil(calls / 4));
      running.push({ ...contender, agent, client, cpu: [], rate: [] });
    }
    for (let turn = 0; turn < rounds; turn += 1) {
      for (const each of running) {
        const cpu = process.cpuUsage();
        const startedAt = performance.now();
        await together(each.client, calls);
        const { user, system } = process.cpuUsage(cpu);
        each.cpu.push((user + system) / calls);
        each.rate.push(calls / ((performance.now() - startedAt) / 1_000));
      }
    }
  } finally {
    for (const { client, agent } of running) {
      await client.close?.();
      agent.destroy();
    }
    await provider.close();
  }
  const floor = running.find(({ name }) => name === FLOOR);
  const rows = running.map(({ name, role, cpu, rate }) => ({
    name,
    role,
    'CPU µs a request': round(median(cpu)),
    'requests a second': Math.round(median(rate)),
    'of bare axios': round(median(rate.map((each, turn) => each / floor.rate[turn])), 3),
  }));
  const ours = rows.find(({ name }) => name === OURS)['of bare axios'];
  return {
    title: 'An authenticated request over loopback HTTP',
    note: `The connections are kept alive, ${AT_ONCE} calls run at once, and the provider runs in a process of its own.`,
    rows,
    chart: { value: 'CPU µs a request', unit: 'µs', lessIsBetter: true },
    targets: [figure('throughput over loopback', '≥ 0.95 of bare axios', String(ours), ours >= 0.95)],
  };
}

async function together(client, calls) {
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      await client.request({ url: '/payments/' });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}
