/**
 * One way to stay authenticated beside bare axios, in a process of its own, as in an application. Several ways in one process
 * would share code, above all axios itself, and the engine would optimise that code for none of them. The process measures a
 * round whenever its parent asks for one.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CONTENDERS } from '../contenders/index.mjs';
import { startLibrary } from './library.mjs';
import { SIX } from './six.mjs';

const [name, url, calls, baseline] = process.argv.slice(2);
const BODY = '{"status":"ok","id":"pay_1"}';
/** An earlier version is measured with the axios that it has loaded itself, because it does not know the answers of another copy. */
const { default: axios, AxiosHeaders } = await import(
  name === 'before' ? pathToFileURL(resolve(baseline, 'node_modules/axios/index.js')).href : 'axios'
);
/** After this many calls, the engine has compiled the code. */
const WARM_UP = 5_000;

/** Answers at once, in place of the network. */
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

/** The fetch that axios is given, in place of the network. */
async function stubFetch() {
  return new Response(BODY, { status: 200, headers: { 'content-type': 'application/json' } });
}

const FETCH = { adapter: 'fetch', env: { fetch: stubFetch, Request, Response } };

/** Other ways to use this library. */
const VARIANTS = {
  signed: { options: { signs: true } },
  'beside the six': { options: { others: SIX } },
  'through fetch': { defaults: FETCH },
  before: { start: startOf },
};

/** The definition as the benchmark of that version has it, because the fields of a definition have changed since. */
async function startOf(...options) {
  const file = pathToFileURL(resolve(baseline, 'bench/support/library.mjs')).href;
  const { startLibrary: start } = await import(file);
  return start(...options);
}

async function createVariant({ options = {}, defaults = {}, start = startLibrary }) {
  const library = await start(url, options);
  const instance = library.service.http('bench').axiosRef;
  Object.assign(instance.defaults, { adapter: stub }, defaults);
  return {
    request: (config) => instance.request(config),
    prime: () => library.service.credentials('bench').get(),
    close: library.close,
  };
}

function createFloor(defaults = {}) {
  const instance = axios.create({ baseURL: url, adapter: stub, ...defaults });
  return { request: (config) => instance.request(config) };
}

/** Processor time of a call in µs. Other work of the machine does not count. */
async function costOf(client, howMany = Number(calls)) {
  const before = process.cpuUsage();
  for (let made = 0; made < howMany; made += 1) await client.request({ url: '/payments/' });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / howMany;
}

/** Measures a round, and sends it to the parent. */
async function measure() {
  process.send({ floor: await costOf(floor), own: await costOf(client) });
}

const variant = VARIANTS[name];
const client =
  variant === undefined
    ? await CONTENDERS.find((each) => each.name === name).create({ url, adapter: stub })
    : await createVariant(variant);
const floor = createFloor(variant?.defaults);
await client.prime?.();
await costOf(floor, WARM_UP);
await costOf(client, WARM_UP);
process.on('message', () => void measure());
process.once('disconnect', () => client.close?.());
process.send('ready');
