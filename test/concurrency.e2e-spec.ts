import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { failure } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const READ = { url: '/sandbox/echo' };
const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

let bed: ProviderBed;

afterEach(() => bed.close());

/** 500 calls in 5 s: ten every 100 ms. */
async function callFor5s(): Promise<AxiosError[]> {
  const errors: Promise<unknown>[] = [];
  for (let batch = 0; batch < 50; batch += 1) {
    errors.push(...times(10, () => failure(bed.send(READ))));
    await bed.pass(100);
  }
  return bed.outwait(Promise.all(errors)) as Promise<AxiosError[]>;
}

describe('calls that come together', () => {
  it('cost one token request when 1000 of them are the first', async () => {
    bed = await startProviderBed('pesapal');
    const { provider } = bed;
    const responses = await Promise.all(times(1_000, () => bed.send(READ)));
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 1_000, accepted: 1_000, refusals: 0 });
  });

  it('cost one token request when 500 of them are refused, and each is sent once more', async () => {
    bed = await startProviderBed('wakapay');
    const { provider } = bed;
    await bed.send(READ);
    provider.revokeTokens();
    const responses = await Promise.all(times(500, (index) => bed.pay(`order-${index}`)));
    expect(responses.map(({ paymentsAuth }) => paymentsAuth)).toEqual(
      times(500, () => ({ attempts: 2, replayed: true, firstStatus: 401 })),
    );
    expect(provider.counts).toMatchObject({
      tokenRequests: 2,
      refusals: 500,
      replays: 500,
      executions: 500,
      executedTwice: 0,
      changedBodies: 0,
    });
    const sent = new Map<string | undefined, number>();
    for (const { id } of provider.requests) if (id !== undefined) sent.set(id, (sent.get(id) ?? 0) + 1);
    expect(sent).toEqual(new Map(times(500, (index) => [`order-${index}`, 2])));
    expect(bed.credentials.status().counters).toMatchObject({
      tokenRequests: 2,
      refusals: 500,
      replays: 500,
    });
  });

  it('cost one token request also when its answer is late, and never cause two at once', async () => {
    bed = await startProviderBed('cryptofuse');
    const { provider } = bed;
    await bed.send(READ);
    provider.misbehave({ fault: 'slow', delayMs: 200, on: 'token' });
    provider.revokeTokens();
    await Promise.all(times(100, () => bed.send(READ)));
    expect(provider.counts).toMatchObject({ tokenRequests: 2, mostTokenRequestsAtOnce: 1, replays: 100 });
  });
});

describe('a provider that refuses every call although logins succeed', () => {
  it('costs at most 3 logins in the first 5 s of 500 calls, and every caller gets its answer', async () => {
    bed = await startProviderBed('clickpesa');
    const { provider, clock } = bed;
    provider.suspend();
    const errors = await callFor5s();
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(3);
    expect(errors).toHaveLength(500);
    for (const { response } of errors)
      expect(response).toMatchObject({ status: 401, data: { message: 'Unauthorized' } });

    const refused = provider.counts.tokenRequests;
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      await bed.outwait(failure(bed.send(READ)));
    }
    // The pauses have grown to up to five minutes.
    expect(provider.counts.tokenRequests - refused).toBeLessThanOrEqual(6);

    provider.resume();
    expect((await bed.send(READ)).status).toBe(200);
  });

  it('costs at most 3 logins too when it hands out the token it has just refused', async () => {
    bed = await startProviderBed('wakapay', { settings: { sameTokenUntilDead: true } });
    const { provider } = bed;
    await bed.send(READ);
    await bed.pass(3_000);
    provider.misbehave({ fault: 'refuse' });
    await callFor5s();
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(3);
    // A second attempt with the same token would only repeat the first.
    expect(provider.counts).toMatchObject({ calls: 501, refusals: 500 });
    expect(bed.credentials.status().counters.replays).toBe(0);
  });

  it('is asked for a new token at once again after a replay has shown that renewal helps', async () => {
    bed = await startProviderBed('wakapay');
    const { provider } = bed;
    await bed.send(READ);
    for (let round = 0; round < 5; round += 1) {
      provider.revokeTokens();
      expect((await bed.send(READ)).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    }
    expect(provider.counts).toMatchObject({ tokenRequests: 6, refusals: 5 });
  });

  it('gets a call three times at most, and the last refusal reaches the caller as it is', async () => {
    bed = await startProviderBed('cryptofuse');
    const { provider } = bed;
    await bed.send(READ);
    provider.suspend();
    const error = (await bed.outwait(failure(bed.pay('order-1')))) as unknown as AxiosError;
    expect(error).toMatchObject({ name: 'AxiosError', code: 'ERR_BAD_REQUEST' });
    expect(error.response).toMatchObject({
      status: 401,
      data: { error: { code: 'authentication_failed' } },
      paymentsAuth: { attempts: 3, replayed: true, firstStatus: 401 },
    });
    expect(provider.requests.filter(({ id }) => id === 'order-1')).toHaveLength(3);
    expect(provider.counts).toMatchObject({ tokenRequests: 2, executions: 0 });
  });
});
