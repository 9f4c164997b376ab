import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ProviderSettings, type Sandbox, type SandboxProvider, startSandbox } from 'payments-sandbox';
import {
  type FleetApplication,
  type FleetOfApplications,
  startApplications,
} from './support/fleet/applications.js';
import { startTraffic, throughDeaths, together } from './support/fleet/traffic.js';
import { startRedisFailOver } from './support/redis-fail-over.js';
import { startRedisServer, startSharedRedis } from './support/redis-server.js';
import { outcomeOf } from './support/waiting.js';

/**
 * The length of a suspension in seconds: `FLEET_SUSPENDED_SECONDS=3600` shows the logins of an hour. The number of calls that
 * each of the 12 applications makes in a second, and of deaths of all tokens: `FLEET_CALLS_PER_SECOND=50 FLEET_DEATHS=20`.
 */
const SUSPENDED_SECONDS = Number(process.env['FLEET_SUSPENDED_SECONDS'] ?? 20);
const CALLS_PER_SECOND = Number(process.env['FLEET_CALLS_PER_SECOND'] ?? 10);
const DEATHS = Number(process.env['FLEET_DEATHS'] ?? 4);
const SIZE = 12;

const READ = { url: '/sandbox/echo' };
const HOUR = 3_600_000;

jest.setTimeout((SUSPENDED_SECONDS + 4 * DEATHS + 120) * 1_000);

let redis: Awaited<ReturnType<typeof startSharedRedis>>;
let sandbox: Sandbox;
let provider: SandboxProvider;
let fleet: FleetOfApplications;

beforeAll(async () => {
  redis = await startSharedRedis();
});
afterAll(() => redis.stop());
afterEach(async () => {
  await fleet.close();
  await sandbox.close();
});

const start = async (size: number, settings: Partial<ProviderSettings> = {}, redisUrl = redis.url) => {
  sandbox = await startSandbox({
    providers: ['wakapay'],
    settings: { wakapay: { tokenLifetimeMs: 10 * HOUR, ...settings } },
  });
  provider = sandbox.provider('wakapay');
  fleet = await startApplications(size, provider, redisUrl);
  return fleet.applications as [FleetApplication, FleetApplication, ...FleetApplication[]];
};
const logins = () => provider.counts.tokenRequests;
const failuresOf = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.all(calls.map(outcomeOf))).filter((outcome) => outcome instanceof Error);

/** Calls of all applications, each at the given rate. */
const traffic = (applications: readonly FleetApplication[], perSecond: number) =>
  together(
    applications.map(({ send }, index) =>
      startTraffic(() => send(READ), 1_000 / perSecond, (index * 1_000) / perSecond / applications.length),
    ),
  );

/** A holds a token, and B has renewed it. Both tokens are refused from now on. */
const startApart = async () => {
  const [a, b] = await start(2);
  await a.send(READ);
  await b.send(READ);
  await b.credentials.refresh();
  await b.send(READ);
  provider.revokeTokens();
  return [a, b] as const;
};

/** The number of renewals that one process forces in these seconds, with pauses that double from 2 s up to 5 min. */
const forcedIn = (seconds: number): number => {
  let count = 1;
  for (let atS = 0, pauseS = 2; atS + pauseS < seconds; pauseS = Math.min(300, 2 * pauseS)) {
    atS += pauseS;
    count += 1;
  }
  return count;
};

describe('two applications that share a Redis', () => {
  it.each([1, 2, 10, 100])('lose none of %d calls of the application whose token is older', async (count) => {
    const [a] = await startApart();
    const before = logins();
    expect(await failuresOf(Array.from({ length: count }, () => a.send(READ)))).toEqual([]);
    for (let call = 0; call < 120; call += 1) await a.send(READ);
    expect(logins() - before).toBe(1);
    expect(a.events.filter(({ type }) => type === 'renewals-paused')).toEqual([]);
  });

  it('use the good token in the store while one of them may not log in', async () => {
    const [a, b] = await start(2);
    await a.send(READ);
    provider.suspend();
    // A sees that its renewals do not help, and pauses.
    for (let call = 0; a.events.every(({ type }) => type !== 'renewals-paused') && call < 200; call += 1) {
      await outcomeOf(a.send(READ));
      await sleep(50);
    }
    provider.resume();
    provider.revokeTokens();
    // B pauses too. Then its application calls refresh().
    await b.credentials.get();
    await b.credentials.refresh();
    const before = logins();
    // B has the new token a moment before Redis has it.
    while ((await outcomeOf(a.send(READ))) instanceof Error && logins() === before) await sleep(20);
    expect(await failuresOf(Array.from({ length: 20 }, () => a.send(READ)))).toEqual([]);
    expect(logins()).toBe(before);
  });
});

describe('12 applications whose merchant is suspended although logins succeed', () => {
  it.each([
    ['', {}],
    [', where the issuer gives the same token again', { sameTokenUntilDead: true }],
  ])(`log in about as often as one of them would%s`, async (_, settings) => {
    const applications = await start(SIZE, settings);
    await Promise.all(applications.map(({ send }) => send(READ)));
    const before = logins();
    provider.suspend();
    const { stop } = traffic(applications, 2);
    await sleep(SUSPENDED_SECONDS * 1_000);
    const { calls, failed } = await stop();
    const spent = logins() - before;
    process.stdout.write(`  fleet suspended for ${SUSPENDED_SECONDS} s: ${calls} calls, ${spent} logins\n`);
    expect(failed).toBe(calls);
    expect(spent).toBeLessThanOrEqual(Math.min(40, 2 * forcedIn(SUSPENDED_SECONDS)));
  });
});

describe('12 applications whose Redis fails over to one whose clock is 2 s behind', () => {
  it('log in twice at most when the tokens of all of them die', async () => {
    const [first, behind] = await Promise.all([startRedisServer(), startRedisServer()]);
    const address = await startRedisFailOver(first.port);
    try {
      const applications = await start(SIZE, {}, address.url);
      await Promise.all(applications.map(({ send }) => send(READ)));
      const before = logins();
      const { connections } = address;
      address.to(behind.port, 2_000);
      while (address.connections < connections) await sleep(20);
      await Promise.all(applications.map(({ connected }) => connected()));
      provider.revokeTokens();
      expect(await failuresOf(applications.map(({ send }) => send(READ)))).toEqual([]);
      expect(address.scriptsMoved).toBeGreaterThanOrEqual(SIZE);
      expect(logins() - before).toBeLessThanOrEqual(2);
    } finally {
      await fleet.close();
      await address.close();
      await Promise.all([first.stop(), behind.stop()]);
    }
  });
});

describe(`12 applications, ${CALLS_PER_SECOND} calls a second each, whose tokens die at once`, () => {
  it.each([
    ['', 0],
    [', with an API that takes 300 ms', 300],
  ])(`lose one call in 10 000 at most over ${DEATHS} deaths%s`, async (_, delayMs) => {
    const applications = await start(SIZE);
    const called = () => Promise.all(applications.map(({ send }) => send(READ)));
    await called();
    if (delayMs > 0) provider.misbehave({ fault: 'slow', delayMs, on: 'call' });
    const { calls, failed, spent } = await throughDeaths(DEATHS, {
      calls: traffic(applications, CALLS_PER_SECOND),
      renew: async (death) => applications[death % SIZE]?.credentials.refresh(),
      kill: () => provider.revokeTokens(),
      called,
      logins,
    });
    process.stdout.write(`  ${DEATHS} deaths: ${failed} of ${calls} calls failed, ${spent} logins\n`);
    expect(calls).toBeGreaterThan(DEATHS * SIZE * CALLS_PER_SECOND);
    expect(failed).toBeLessThanOrEqual(Math.floor(calls / 10_000));
    expect(spent).toBeLessThanOrEqual(3 * DEATHS);
  });
});
