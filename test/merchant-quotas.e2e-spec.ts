import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { startSandbox } from 'payments-sandbox';
import { startApplications } from './support/fleet/applications.js';
import { startSharedRedis } from './support/redis-server.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';
import { outcomeOf } from './support/waiting.js';

const READ = { url: '/sandbox/echo' };
const HOUR = 3_600_000;
const MERCHANTS = Array.from({ length: 41 }, (_, index) => `m-${index}`);
const [ONE = '', ...OTHERS] = MERCHANTS;

const errorsOf = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.all(calls.map(outcomeOf))).filter((outcome) => outcome instanceof Error);

describe('a ClickPesa merchant that has used up its day', () => {
  it('keeps none of 40 others waiting, for hours', async () => {
    const bed: ProviderBed<'clickpesa'> = await startProviderBed('clickpesa', {
      settings: { rateLimits: true },
      options: { accounts: (id: string) => bed.provider.credentialsOf(id) },
    });
    for (const id of MERCHANTS) bed.provider.addAccount(id);
    const callOf = (account: string) => bed.send({ ...READ, paymentsAuth: { account } });
    try {
      // A day begins at midnight in Dar es Salaam.
      await bed.pass(24 * HOUR - ((bed.clock.now() + 3 * HOUR) % (24 * HOUR)));
      // 100 requests a day, logins included.
      for (let call = 0; call < 99; call += 1) await callOf(ONE);
      bed.provider.revokeTokens(ONE);
      for (let hour = 0; hour < 3; hour += 1) {
        // 120 requests a minute are allowed to one address.
        await bed.pass(61_000);
        expect(await errorsOf([callOf(ONE)])).toHaveLength(1);
        expect(await errorsOf(OTHERS.map(callOf))).toEqual([]);
        await bed.pass(HOUR);
      }
      const asked = bed.eventsOf('token-request').filter(({ account }) => account === ONE);
      expect(asked.length).toBeLessThanOrEqual(1 + 3);
    } finally {
      await bed.close();
    }
  });
});

describe('a merchant of a fleet that is told to wait', () => {
  it('logs in once in both applications together, and keeps none of 40 others waiting', async () => {
    const redis = await startSharedRedis();
    const sandbox = await startSandbox({
      providers: ['wakapay'],
      settings: { wakapay: { tokenLifetimeMs: 3_000 } },
    });
    const provider = sandbox.provider('wakapay');
    for (const id of MERCHANTS) provider.addAccount(id);
    const fleet = await startApplications(2, provider, redis.url, {
      accounts: (id: string) => provider.credentialsOf(id),
    });
    provider.misbehave({ fault: 'rate-limit', retryAfter: 600, on: 'token', account: ONE });
    const callsOf = (ids: readonly string[]) =>
      fleet.applications.flatMap(({ send }) =>
        ids.map((account) => send({ ...READ, paymentsAuth: { account } })),
      );
    try {
      // Meanwhile each of the other merchants logs in three times.
      for (let round = 0; round < 7; round += 1) {
        expect(await errorsOf(callsOf([ONE]))).toHaveLength(2);
        expect(await errorsOf(callsOf(OTHERS))).toEqual([]);
        await sleep(1_000);
      }
      expect(provider.counts.tokensIssued).toBeGreaterThanOrEqual(2 * OTHERS.length);
      const told = fleet.applications.flatMap(({ events }) =>
        events.filter((event) => event.type === 'token-request' && event.account === ONE),
      );
      expect(told).toHaveLength(1);
    } finally {
      await fleet.close();
      await sandbox.close();
      await redis.stop();
    }
  });
});
