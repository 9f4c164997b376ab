import { Agent } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication } from './support/application.js';
import { MemoryTokenStore } from './support/memory-token-store.js';
import { outsideOfTest } from './support/sandbox-bed.js';
import { outcomeOf, outwaited, until } from './support/waiting.js';

const SIZE = 12;
const HOUR = 3_600_000;
const READ = { url: '/sandbox/echo' };
const NEVER = { ...READ, paymentsAuth: { replay: 'never' as const } };

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Applications that share a store, all by one clock that the test drives: an hour passes in seconds. */
async function startFleet() {
  const clock = new ManualClock();
  const settings = { wakapay: { tokenLifetimeMs: 10 * HOUR } };
  const sandbox = await startSandbox({ providers: ['wakapay'], clock, settings });
  ends.push(() => sandbox.close());
  const provider = sandbox.provider('wakapay');
  const store = new MemoryTokenStore();
  store.now = () => clock.monotonic();
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 32 });
  ends.push(() => httpAgent.destroy());
  const { baseUrls: baseUrl, credentials } = provider;
  const wakapay = { baseUrl, credentials, keepWarm: 'when-used', http: { httpAgent } } as const;
  let asked = 0;
  const senders: ((config: AxiosRequestConfig) => Promise<unknown>)[] = [];
  for (let index = 0; index < SIZE; index += 1) {
    const application = await startApplication({ store, providers: { wakapay } }, { clock });
    ends.push(() => application.close());
    application.paymentsAuth.events$.subscribe(({ type }) => (asked += type === 'token-request' ? 1 : 0));
    const http = application.paymentsAuth.http('wakapay');
    senders.push((config: AxiosRequestConfig) => outsideOfTest(() => firstValueFrom(http.request(config))));
  }
  const isBusy = () => provider.counts.tokenRequests > asked;
  const called = (config: AxiosRequestConfig) =>
    outwaited(clock, Promise.all(senders.map((send) => outcomeOf(send(config)))), isBusy);
  return { clock, provider, called, answered: () => until(() => !isBusy()) };
}

describe('12 applications whose merchant is suspended for an hour although logins succeed', () => {
  it.each([
    ['', {}, READ],
    [', with `replay: never`', {}, NEVER],
    [', with bare 401s', { refusalEnvelope: 'bare' as const }, READ],
  ])('log in 40 times together at most%s', async (_, settings, call) => {
    const { clock, provider, called, answered } = await startFleet();
    expect((await called(READ)).filter((outcome) => outcome instanceof Error)).toEqual([]);
    await clock.advance(5_000);
    provider.configure(settings);
    const before = provider.counts.tokenRequests;
    provider.suspend();
    const startMs = clock.now();
    let refused = 0;
    // Many calls in the first seconds, and then one every 20 s from each application.
    while (clock.now() < startMs + HOUR) {
      refused += (await called(call)).filter((outcome) => outcome instanceof Error).length;
      await clock.advance(clock.now() < startMs + 10_000 ? 250 : 20_000);
      await answered();
    }
    expect(refused).toBeGreaterThan(SIZE * 150);
    expect(provider.counts.tokenRequests - before).toBeLessThanOrEqual(40);
    // The fleet goes on trying: it would see the end of the suspension.
    expect(provider.counts.tokenRequests - before).toBeGreaterThan(10);
  });
});
