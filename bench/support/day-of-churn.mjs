/**
 * Measures what a day of merchants that come and go leaves in memory (`--expose-gc`). In every quarter of an hour of a driven
 * clock hundreds of merchants come for the first time, and hundreds of earlier ones come back. Sends the heap of each quarter
 * of the day to its parent.
 */
import 'reflect-metadata';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import * as library from '../../libs/payments-auth/.build/index.js';
import { ManualClock } from '../../libs/payments-auth/.build/testing/manual-clock.js';
import { defineBenchProvider } from './bench-provider.mjs';
import { startProvider } from './provider.mjs';

const { PAYMENTS_AUTH_CLOCK, PaymentsAuthModule, PaymentsAuthService } = library;
const MAX_ACCOUNTS = 1_000;
const TICKS = 96;
const QUARTER_MS = 15 * 60_000;
const STEP_MS = 5_000;
const [arrivals] = process.argv.slice(2).map(Number);
const provider = await startProvider();
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const clock = new ManualClock();
const testing = await Test.createTestingModule({
  imports: [
    PaymentsAuthModule.forRoot({
      maxAccounts: MAX_ACCOUNTS,
      providers: {
        bench: {
          provider: defineBenchProvider(library),
          baseUrl: provider.url,
          accounts: (account) => ({ clientId: account, clientSecret: `bench-secret-of-${account}-not-real` }),
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
const service = application.get(PaymentsAuthService);
let failed = 0;

/** Calls for the merchants with these numbers, a hundred at once. */
async function use(numbers) {
  for (let at = 0; at < numbers.length; at += 100)
    await Promise.all(
      numbers.slice(at, at + 100).map((number) =>
        service
          .credentials('bench', `merchant-${number}`)
          .headers()
          .catch(() => (failed += 1)),
      ),
    );
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const rows = [];
for (let tick = 1; tick <= TICKS; tick += 1) {
  const first = (tick - 1) * arrivals;
  const those = Array.from({ length: arrivals }, (_, index) => index);
  await use(those.map((index) => first + index));
  // Merchants from earlier in the day.
  await use(those.map((index) => (index * 7_919 + tick * 104_729) % (first + arrivals)));
  // The clock moves in steps, so that a login under way gets the real time that it needs.
  for (let step = 0; step < QUARTER_MS / STEP_MS; step += 1) {
    await clock.advance(STEP_MS);
    await wait(1);
  }
  if (tick % (TICKS / 4) !== 0) continue;
  const kept = service.status({ provider: 'bench' }).length;
  rows.push({
    name: `after ${tick / 4} hours`,
    role: 'ours',
    merchants: tick * arrivals,
    kept,
    failed,
    'heap, KiB': Math.round(heap() / 1_024),
  });
}
await application.close();
agent.destroy();
await provider.close();
process.send(rows, () => process.disconnect());
