/**
 * Measures which part of a merchant stays in memory (`--expose-gc`). The cases run one after the other in one process, with a
 * driven clock and `maxAccounts: 100`. Sends a row for each case to its parent.
 */
import 'reflect-metadata';
import { Agent } from 'node:http';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import * as library from '../../libs/payments-auth/.build/index.js';
import { RedisTokenStore } from '../../libs/payments-auth/.build/redis/index.js';
import { ManualClock } from '../../libs/payments-auth/.build/testing/manual-clock.js';
import { defineBenchProvider } from './bench-provider.mjs';
import { startProvider } from './provider.mjs';

const { PAYMENTS_AUTH_CLOCK, PaymentsAuthModule, PaymentsAuthService } = library;
const MAX_ACCOUNTS = 100;
const [redisUrl, count] = process.argv.slice(2);
const provider = await startProvider();
const redis = new Redis(redisUrl);
const store = new RedisTokenStore(redis, {
  keys: [{ id: 'bench', key: Buffer.alloc(32, 7).toString('base64') }],
});
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const keysOf = (account) => ({ clientId: account, clientSecret: `bench-secret-of-${account}-not-real` });

async function start({ accounts = keysOf, module = {} } = {}) {
  const clock = new ManualClock();
  const testing = await Test.createTestingModule({
    imports: [
      PaymentsAuthModule.forRoot({
        ...module,
        maxAccounts: MAX_ACCOUNTS,
        providers: {
          bench: {
            provider: defineBenchProvider(library),
            baseUrl: provider.url,
            accounts,
            http: { httpAgent: agent },
          },
        },
      }),
    ],
  })
    .setLogger({ log() {}, warn() {}, error() {} })
    .overrideProvider(PAYMENTS_AUTH_CLOCK)
    .useValue(clock)
    .compile();
  const application = await testing.init();
  return { application, clock, service: application.get(PaymentsAuthService) };
}

/** The reasons of the failed calls, for the case under way. */
const failures = new Set();

async function each(howMany, use, atOnce = 100) {
  for (let at = 0; at < howMany; at += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, howMany - at) }, (_, index) =>
        use(`merchant-${at + index}`).catch((error) => failures.add(error.code)),
      ),
    );
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const CASES = {
  used: { use: (service) => (account) => service.credentials('bench', account).headers() },
  'rotated, never used': {
    use: (service) => (account) => service.credentials('bench', account).rotate(keysOf(account)),
  },
  'all busy at once': {
    use: (service) => (account) => service.credentials('bench', account).headers(),
    atOnce: Infinity,
  },
  'the function throws': {
    options: {
      accounts: () => {
        throw new Error('the database is away');
      },
    },
    use: (service) => (account) => service.credentials('bench', account).headers(),
  },
  unknown: {
    options: { accounts: () => undefined },
    use: (service) => (account) => service.credentials('bench', account).headers(),
  },
  'told 429': {
    provider: { limited: 'merchant' },
    use: (service) => (account) => service.credentials('bench', account).headers(),
    count: 200,
  },
  'a store is shared': {
    options: { module: { store } },
    use: (service) => (account) => service.credentials('bench', account).headers(),
  },
};

async function measure(name, { options, use, atOnce, provider: settings, count: howMany = Number(count) }) {
  await provider.set({ limited: null, ...settings });
  failures.clear();
  const { application, clock, service } = await start(options);
  await each(MAX_ACCOUNTS, use(service));
  const before = heap();
  await each(howMany, use(service), atOnce === Infinity ? howMany : atOnce);
  await clock.advance(60_000);
  const kept = service.status({ provider: 'bench' }).length;
  const perMerchant = Math.round((heap() - before) / howMany);
  await application.close();
  return {
    name,
    role: 'ours',
    merchants: howMany,
    failures: [...failures].join(),
    'kept after a minute': kept,
    'heap B a merchant that has gone': perMerchant,
  };
}

const rows = [];
for (const [name, one] of Object.entries(CASES)) rows.push(await measure(name, one));
agent.destroy();
redis.disconnect();
await provider.close();
process.send(rows, () => process.disconnect());
