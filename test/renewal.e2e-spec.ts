import { afterEach, describe, expect, it } from '@jest/globals';
import { failure } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const READ = { url: '/sandbox/echo' };
const LIFETIME_MS = 300_000;

let bed: ProviderBed;

afterEach(() => bed.close());

const carried = () =>
  bed.provider.requests.filter(({ kind }) => kind === 'call').at(-1)?.headers.authorization;

describe('a renewal ahead of expiry', () => {
  it('may fail while the token lives: no call fails, and it is tried again until it succeeds', async () => {
    bed = await startProviderBed('pesapal', { settings: { tokenLifetimeMs: LIFETIME_MS } });
    const { provider } = bed;
    await bed.send(READ);
    provider.misbehave({ fault: 'server-error', on: 'token' });
    await bed.pass(LIFETIME_MS - 50_000);
    for (let second = 0; second < 10; second += 1) {
      expect((await bed.send(READ)).paymentsAuth).toEqual({ attempts: 1, replayed: false });
      await bed.pass(1_000);
    }
    expect(bed.eventsOf('renewal-failed').length).toBeGreaterThan(1);
    expect(bed.credentials.status()).toMatchObject({
      state: 'degraded',
      lastErrorCode: 'CREDENTIALS_UNAVAILABLE',
    });
    expect(provider.counts).toMatchObject({ calls: 11, accepted: 11, tokensIssued: 1 });
    // The attempts are further and further apart, and calls make none.
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(6);
    expect(carried()).toBe(`Bearer ${provider.tokens[0]?.value}`);

    provider.behave();
    await bed.pass(25_000);
    expect(bed.eventsOf('credential-renewed-early')).toHaveLength(1);
    await bed.send(READ);
    expect(carried()).toBe(`Bearer ${provider.tokens[1]?.value}`);
    expect(bed.credentials.status().state).toBe('fresh');
    expect(bed.credentials.status().counters.waits).toBe(1);
  });

  it('may fail because the secret has become wrong: no call fails while the token lives', async () => {
    bed = await startProviderBed('pesapal', { settings: { tokenLifetimeMs: LIFETIME_MS } });
    const { provider } = bed;
    await bed.send(READ);
    provider.rotate();
    await bed.pass(LIFETIME_MS - 50_000);
    for (let second = 0; second < 40; second += 1) {
      expect((await bed.send(READ)).status).toBe(200);
      await bed.pass(1_000);
    }
    expect(provider.counts).toMatchObject({ calls: 41, accepted: 41 });
    // A wrong secret is not tried for 30 s, so that the scheduler does not get the client banned.
    expect(provider.counts.loginsRefused).toBeLessThanOrEqual(2);
  });

  it('does not loop when an issuer hands out the same token until that token ends', async () => {
    bed = await startProviderBed('pesapal', {
      settings: { tokenLifetimeMs: LIFETIME_MS, sameTokenUntilDead: true },
    });
    const { provider } = bed;
    for (let second = 0; second < 290; second += 5) {
      await bed.send(READ);
      await bed.pass(5_000);
    }
    // The first login, and the renewal that brought the same token.
    expect(provider.counts).toMatchObject({ tokenRequests: 2, refusals: 0 });
    await bed.pass(10_000);
    expect((await bed.send(READ)).status).toBe(200);
    expect(provider.tokens).toHaveLength(2);
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(4);
  });

  it('leaves no moment without a token where a new login ends the one before', async () => {
    bed = await startProviderBed('wakapay', {
      settings: { tokenLifetimeMs: LIFETIME_MS, newLoginKillsEarlier: true },
    });
    const { provider } = bed;
    for (let call = 0; call < 40; call += 1) {
      expect((await bed.send(READ)).status).toBe(200);
      await bed.pass(20_000);
    }
    expect(provider.counts.accepted).toBe(40);
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(5);
  });
});

describe('a token', () => {
  it('is used until a second before its end, and not later, even when there is no other token', async () => {
    bed = await startProviderBed('wakapay', { settings: { tokenLifetimeMs: LIFETIME_MS } });
    const { provider } = bed;
    await bed.send(READ);
    provider.misbehave({ fault: 'server-error', on: 'token' });
    await bed.pass(LIFETIME_MS - 1_001);
    expect((await bed.send(READ)).status).toBe(200);
    await bed.pass(1);
    expect(await failure(bed.send(READ))).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(provider.counts).toMatchObject({ calls: 2, refusals: 0 });
  });

  it('is not asked for more often at a provider whose clock is an hour off', async () => {
    for (const skewMs of [-3_600_000, 3_600_000]) {
      bed = await startProviderBed('pesapal', { settings: { tokenLifetimeMs: LIFETIME_MS, skewMs } });
      await bed.send(READ);
      const { obtainedAtMs = 0, expiresAtMs = 0 } = bed.credentials.status();
      expect(expiresAtMs - obtainedAtMs).toBeGreaterThan(LIFETIME_MS - 1_001);
      expect(expiresAtMs - obtainedAtMs).toBeLessThanOrEqual(LIFETIME_MS + 1_000);
      for (let call = 0; call < 10; call += 1) await bed.send(READ);
      expect(bed.provider.counts.tokenRequests).toBe(1);
      if (skewMs < 0) await bed.close();
    }
  });
});
