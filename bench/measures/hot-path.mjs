import { AxiosHeaders } from 'axios';
import { CONTENDERS, FLOOR, OURS } from '../contenders/index.mjs';
import { startLibrary } from '../support/library.mjs';
import { startProvider } from '../support/provider.mjs';
import { median, round } from '../support/statistics.mjs';
import { figure } from '../support/targets.mjs';

const BODY = '{"status":"ok","id":"pay_1"}';

/** Answers at once, as an adapter does when the network has answered. */
async function stub(config) {
  return {
    data: BODY,
    status: 200,
    statusText: 'OK',
    headers: new AxiosHeaders({ 'content-type': 'application/json' }),
    config,
    request: {},
  };
}

/** Processor time of one of `calls` calls in µs: what else runs on the machine does not count. */
async function costOf(calls, call) {
  const before = process.cpuUsage();
  for (let made = 0; made < calls; made += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** What a request costs more than bare axios, where the network costs nothing. */
export async function hotPath({ quick }) {
  const [rounds, calls] = quick ? [5, 1_000] : [60, 5_000];
  const provider = await startProvider();
  const running = [];
  try {
    for (const contender of CONTENDERS.filter(({ needsNetwork }) => needsNetwork !== true)) {
      const client = await contender.create({ url: provider.url, adapter: stub });
      await client.prime?.();
      for (let call = 0; call < calls / 4; call += 1) await client.request({ url: '/payments/' });
      running.push({ ...contender, client, costs: [] });
    }
    for (let turn = 0; turn < rounds; turn += 1) {
      for (const { client, costs } of running) {
        costs.push(await costOf(calls, () => client.request({ url: '/payments/' })));
      }
    }
  } finally {
    for (const { client } of running) await client.close?.();
    await provider.close();
  }
  // Round by round, because what slows a round slows the floor of that round too.
  const floor = running.find(({ name }) => name === FLOOR).costs;
  const rows = running.map(({ name, role, costs }) => ({
    name,
    role,
    'µs a call': round(median(costs), 2),
    'µs added': round(median(costs.map((cost, turn) => cost - floor[turn])), 2),
  }));
  const ours = rows.find(({ name }) => name === OURS)['µs added'];
  return {
    title: 'An authenticated request without the network',
    note: 'Processor time with a stubbed adapter, response cleaning included. "Added" is over bare axios without a header, in the same round.',
    rows,
    chart: { value: 'µs added', unit: 'µs', lessIsBetter: true },
    targets: [figure('added cost of a request', '≤ 3 µs', `${ours} µs`, ours <= 3)],
  };
}

/** `credentials.headers()` with a fresh token. */
export async function headers({ quick }) {
  const [rounds, calls] = quick ? [3, 20_000] : [15, 200_000];
  const provider = await startProvider();
  const library = await startLibrary(provider.url);
  const costs = [];
  try {
    const credentials = library.service.credentials('bench');
    for (let call = 0; call < calls / 4; call += 1) await credentials.headers();
    for (let turn = 0; turn < rounds; turn += 1) {
      costs.push(await costOf(calls, () => credentials.headers()));
    }
  } finally {
    await library.close();
    await provider.close();
  }
  const cost = round(median(costs), 3);
  return {
    title: 'credentials.headers() with a fresh token',
    rows: [{ name: OURS, role: 'ours', 'µs a call': cost }],
    targets: [figure('headers() with a fresh token', '≤ 0.5 µs', `${cost} µs`, cost <= 0.5)],
  };
}
