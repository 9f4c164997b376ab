import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import axios, { AxiosHeaders } from 'axios';
import { CONTENDERS, FLOOR, OURS } from '../contenders/index.mjs';
import { hmac, startLibrary } from '../support/library.mjs';
import { SIX } from '../support/six.mjs';
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

/** The fetch that axios is given, where the network is left out below it. */
async function stubFetch() {
  return new Response(BODY, { status: 200, headers: { 'content-type': 'application/json' } });
}

const FETCH = { adapter: 'fetch', env: { fetch: stubFetch, Request, Response } };
const SIGNED = `${OURS}, each call signed (HMAC)`;
const WITH_SIX = `${OURS}, beside the six`;
const THROUGH_FETCH = `${OURS}, through fetch`;
const FETCH_FLOOR = 'bare axios, through fetch';
const BEFORE = 'nestjs-payments-auth 0.1';

/** This library in other ways to use it, and what each is compared with. */
function variants({ baseline }) {
  return [
    { name: SIGNED, role: 'ours', create: ours({ signs: true }) },
    { name: WITH_SIX, role: 'ours', create: ours({ others: SIX }) },
    {
      name: FETCH_FLOOR,
      role: 'floor',
      create: async ({ url }) => {
        const instance = axios.create({ baseURL: url, ...FETCH });
        return { request: (config) => instance.request(config) };
      },
    },
    { name: THROUGH_FETCH, role: 'ours', floor: FETCH_FLOOR, create: ours({}, FETCH) },
    ...(baseline === undefined ? [] : [{ name: BEFORE, role: 'peer', create: ours({}, {}, baseline) }]),
  ];
}

function ours(options, defaults = {}, baseline) {
  return async ({ url, adapter }) => {
    const start = baseline === undefined ? startLibrary : await startOf(baseline);
    const library = await start(url, options);
    const instance = library.service.http('bench').axiosRef;
    Object.assign(instance.defaults, { adapter }, defaults);
    return {
      request: (config) => instance.request(config),
      prime: () => library.service.credentials('bench').get(),
      close: library.close,
    };
  };
}

/** As the benchmark of that checkout sets it up: the words of a definition have changed since. */
async function startOf(checkout) {
  const { startLibrary: start } = await import(
    pathToFileURL(resolve(checkout, 'bench/support/library.mjs')).href
  );
  return start;
}

/** What a request costs more than bare axios, where the network costs nothing. */
export async function hotPath({ quick, baseline }) {
  const [rounds, calls] = quick ? [5, 1_000] : [60, 5_000];
  const provider = await startProvider();
  const running = [];
  try {
    const contenders = CONTENDERS.filter(({ needsNetwork }) => needsNetwork !== true);
    for (const contender of [...contenders, ...variants({ baseline })]) {
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
  // Compared round by round: other work of the machine slows bare axios in the same round as well.
  const costsOf = (wanted) => running.find(({ name }) => name === wanted).costs;
  const addedTo = (costs, floor) => median(costs.map((cost, turn) => cost - costsOf(floor)[turn]));
  const rows = running.map(({ name, role, costs, floor = FLOOR }) => ({
    name,
    role,
    'µs a call': round(median(costs), 2),
    'µs added': round(addedTo(costs, floor), 2),
  }));
  const added = (wanted) => rows.find(({ name }) => name === wanted)['µs added'];
  const signing = await costOfHmac(quick);
  const signed = round(addedTo(costsOf(SIGNED), OURS) - signing, 2);
  const sixMore = round(addedTo(costsOf(WITH_SIX), OURS), 2);
  const targets = [
    figure('added cost of a request', '≤ 2 µs', `${added(OURS)} µs`, added(OURS) <= 2),
    figure('a signature, beyond its HMAC', '≤ 3 µs', `${signed} µs`, signed <= 3),
    figure('six providers configured beside it', '≤ 0.2 µs', `${sixMore} µs`, sixMore <= 0.2),
  ];
  if (baseline !== undefined) {
    const part = round(added(OURS) / added(BEFORE), 2);
    targets.push(figure('added cost beside that of 0.1', '≤ 1.15', String(part), part <= 1.15));
  }
  return {
    title: 'An authenticated request without the network',
    note: `Processor time with a stubbed adapter, response cleaning included. "Added" is over bare axios without a header, in the same round; through fetch, over bare axios through fetch. The HMAC of a signature alone takes ${round(signing, 2)} µs.`,
    rows,
    chart: { value: 'µs added', unit: 'µs', lessIsBetter: true },
    targets,
  };
}

/** What `node:crypto` alone costs for the text that a call signs. */
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
