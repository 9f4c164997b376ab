import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CONTENDERS, FLOOR, OURS } from '../contenders/index.mjs';
import { hmac, startLibrary } from '../support/library.mjs';
import { startProvider } from '../support/provider.mjs';
import { median, round } from '../support/statistics.mjs';
import { figure } from '../support/targets.mjs';

const CONTENDER = fileURLToPath(new URL('../support/hot-path-contender.mjs', import.meta.url));

/** Other ways to use this library: the name for the process, and the name in the table. */
const VARIANTS = {
  signed: `${OURS}, each call signed (HMAC)`,
  'beside the six': `${OURS}, beside the six`,
  'through fetch': `${OURS}, through fetch`,
  before: 'nestjs-payments-auth 0.1',
};

/** Processor time of one of `calls` calls in µs. Other work of the machine does not count. */
async function costOf(calls, call) {
  const before = process.cpuUsage();
  for (let made = 0; made < calls; made += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** The cost of a request beyond bare axios, without the cost of the network. */
export async function hotPath({ quick, baseline }) {
  const [rounds, calls] = quick ? [5, 1_000] : [60, 5_000];
  const provider = await startProvider();
  const names = [
    ...CONTENDERS.filter(({ needsNetwork, name }) => needsNetwork !== true && name !== FLOOR).map(
      ({ name }) => name,
    ),
    ...Object.keys(VARIANTS).filter((name) => name !== 'before' || baseline !== undefined),
  ];
  const running = [];
  try {
    for (const name of names) {
      const child = fork(CONTENDER, [
        name,
        provider.url,
        String(calls),
        ...(baseline === undefined ? [] : [baseline]),
      ]);
      await once(child, 'message');
      running.push({ name, child, floors: [], costs: [] });
    }
    for (let turn = 0; turn < rounds; turn += 1) {
      for (const { child, floors, costs } of running) {
        child.send('round');
        const [{ floor, own }] = await once(child, 'message');
        floors.push(floor);
        costs.push(own);
      }
    }
  } finally {
    for (const { child } of running) child.disconnect();
    await provider.close();
  }
  // Compared round by round and within a process: other work of the machine slows bare axios in the same round as well.
  const of = (wanted) => running.find(({ name }) => name === wanted);
  const addedBy = (wanted) => {
    const { costs, floors } = of(wanted);
    return median(costs.map((cost, turn) => cost - floors[turn]));
  };
  const floors = running.filter(({ name }) => name !== 'through fetch').flatMap((each) => each.floors);
  const rows = [
    { name: FLOOR, role: 'floor', 'µs a call': round(median(floors), 2), 'µs added': 0 },
    ...running.map(({ name, costs }) => ({
      name: VARIANTS[name] ?? name,
      role: name === OURS || (name in VARIANTS && name !== 'before') ? 'ours' : 'peer',
      'µs a call': round(median(costs), 2),
      'µs added': round(addedBy(name), 2),
    })),
  ];
  const added = round(addedBy(OURS), 2);
  const signing = await costOfHmac(quick);
  const signed = round(addedBy('signed') - addedBy(OURS) - signing, 2);
  const sixMore = round(addedBy('beside the six') - addedBy(OURS), 2);
  const targets = [
    figure('added cost of a request', '≤ 2 µs', `${added} µs`, added <= 2),
    figure('a signature, beyond its HMAC', '≤ 3 µs', `${signed} µs`, signed <= 3),
    figure('six providers configured beside it', '≤ 0.2 µs', `${sixMore} µs`, sixMore <= 0.2),
  ];
  if (baseline !== undefined) {
    const part = round(added / addedBy('before'), 2);
    targets.push(figure('added cost beside that of 0.1', '≤ 1.15', String(part), part <= 1.15));
  }
  return {
    title: 'An authenticated request without the network',
    note: `The figures are processor time with a stubbed adapter, and include the cleaning of responses. Each way runs in a process of its own, as in an application. "Added" compares with bare axios without a header, in the same process and round. The row "through fetch" compares with bare axios through fetch. The HMAC of a signature alone takes ${round(signing, 2)} µs.`,
    rows,
    chart: { value: 'µs added', unit: 'µs', lessIsBetter: true },
    targets,
  };
}

/** The cost of `node:crypto` alone, for the text that a call signs. */
async function costOfHmac(quick) {
  const costs = [];
  for (let turn = 0; turn < 5; turn += 1)
    costs.push(
      await costOf(quick ? 2_000 : 50_000, () =>
        hmac('sha256', 'bench-secret-not-real', `GET /payments/ ${turn}`),
      ),
    );
  return median(costs);
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
