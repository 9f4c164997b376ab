/** Measures many merchants in one process (`--expose-gc`), over real sockets, and sends the figures to its parent. */
import 'reflect-metadata';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import { CredentialRegistry } from '../../libs/payments-auth/.build/credentials/credential.registry.js';
import * as library from '../../libs/payments-auth/.build/index.js';
import { systemClock } from '../../libs/payments-auth/.build/payments-auth.clock.js';
import { ManualClock } from '../../libs/payments-auth/.build/testing/manual-clock.js';
import { defineBenchProvider } from './bench-provider.mjs';
import { startProvider } from './provider.mjs';
import { round } from './statistics.mjs';

// The compiled files before bundling, because the package does not export the renewal queue.
const { PAYMENTS_AUTH_CLOCK, PaymentsAuthModule, PaymentsAuthService } = library;
const TOKEN_BYTES = 800;
/** This many accounts are used before the memory is measured. */
const WARM_UP = 2_000;
const [count = 100_000] = process.argv.slice(2).map(Number);
const provider = await startProvider();
await provider.set({ tokenBytes: TOKEN_BYTES });
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

const secretOf = (account) => `bench-secret-of-${account}-not-real`;

async function start(clock) {
  const testing = await Test.createTestingModule({
    imports: [
      PaymentsAuthModule.forRoot({
        // All accounts are kept.
        maxAccounts: 2 * count + WARM_UP,
        providers: {
          bench: {
            provider: defineBenchProvider(library),
            baseUrl: provider.url,
            accounts: (account) => ({ clientId: account, clientSecret: secretOf(account) }),
            http: { httpAgent: agent },
          },
        },
      }),
    ],
  })
    .overrideProvider(PAYMENTS_AUTH_CLOCK)
    .useValue(clock)
    .compile();
  return testing.init();
}

async function useEach(application, from, to) {
  const service = application.get(PaymentsAuthService);
  for (let at = from; at < to; at += 200) {
    const some = Array.from({ length: Math.min(200, to - at) }, (_, index) => `merchant-${at + index}`);
    // Once a header was sent, the engine keeps it as one flat string.
    await Promise.all(
      some.map(async (each) =>
        Buffer.from((await service.credentials('bench', each).headers()).Authorization),
      ),
    );
  }
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function idle() {
  const application = await start(systemClock);
  await useEach(application, -WARM_UP, 0);
  const before = heap();
  await useEach(application, 0, count);
  await wait(500);
  const credentialBytes = `merchant-${count}${secretOf(`merchant-${count}`)}`.length;
  const each = Math.round((heap() - before) / count - TOKEN_BYTES - credentialBytes);

  const { renewals } = application.get(CredentialRegistry);
  const startedAt = performance.now();
  for (let tick = 0; tick < 10_000; tick += 1) renewals.runDue();
  const tick = ((performance.now() - startedAt) * 1_000) / 10_000;

  // The garbage collector's remaining work must not count as idle work of the library.
  heap();
  await wait(2_000);
  const cpu = process.cpuUsage();
  await wait(5_000);
  const { user, system } = process.cpuUsage(cpu);
  await application.close();
  return {
    'heap B each': each,
    'idle tick µs': round(tick, 2),
    'idle CPU %': round((user + system) / 50_000, 2),
  };
}

async function due() {
  const clock = new ManualClock();
  const application = await start(clock);
  const some = Math.min(count, 20_000);
  await useEach(application, 0, some);
  const { renewals } = application.get(CredentialRegistry);
  // Every renewal falls due in the last fifth of the hour. No timer runs, so one tick finds all of them.
  clock.jump(3_560_000);
  const startedAt = performance.now();
  renewals.runDue();
  const each = ((performance.now() - startedAt) * 1_000) / some;
  await application.close();
  return { 'µs per due account': round(each, 2) };
}

const result = { ...(await idle()), ...(await due()) };
agent.destroy();
await provider.close();
process.send(result, () => process.disconnect());
