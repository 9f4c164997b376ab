import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HttpService } from '@nestjs/axios';
import type { AxiosRequestConfig } from 'axios';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure, quiet, until } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const READ = { url: '/sandbox/echo' };
const LOGIN = '/business/auth';

describe('calls that need the same token', () => {
  let server: LoopbackServer;
  let clock: ManualClock;
  let application: TestApplication;
  let http: HttpService;
  /** Logins are not answered before this promise resolves. */
  let held: Promise<void>;
  /** Lets logins be answered. */
  let release: () => void;
  /** Logins give no token. */
  let isDown: boolean;
  /** The `Authorization` that calls are refused with. */
  let refused: string | undefined;

  beforeEach(async () => {
    isDown = false;
    refused = undefined;
    held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let logins = 0;
    server = await startLoopbackServer(async ({ url, headers: { authorization } }, response) => {
      if (url !== LOGIN) {
        if (authorization === refused) json(response, 401, { message: 'token is malformed' });
        else json(response, 200, { authorization });
        return;
      }
      await held;
      if (isDown) json(response, 503, {}, { 'retry-after': '60' });
      else json(response, 200, { accessToken: `test-token-${(logins += 1)}`, expiresIn: 3_600 });
    });
    clock = new ManualClock();
    application = await startApplication(
      {
        providers: {
          wakapay: {
            baseUrl: server.url,
            keepWarm: 'when-used',
            credentials: { apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' },
          },
        },
      },
      { clock },
    );
    http = application.paymentsAuth.http('wakapay');
  });

  afterEach(async () => {
    release();
    await application.close();
    await server.close();
  });

  const send = (config: AxiosRequestConfig = {}) => firstValueFrom(http.get<object>('/payments', config));

  it.each(['the one that came first', 'the one that came last'])(
    'do not fail when one of them is aborted: %s',
    async (which) => {
      const controller = new AbortController();
      const aborted = { signal: controller.signal };
      const calls = which.endsWith('first')
        ? [send(aborted), send(), send()]
        : [send(), send(), send(aborted)];
      const gone = failure(
        which.endsWith('first') ? (calls.shift() as Promise<unknown>) : (calls.pop() as Promise<unknown>),
      );
      await until(() => server.to(LOGIN).length === 1);
      controller.abort();
      expect(await gone).toMatchObject({ name: 'CanceledError', code: 'ERR_CANCELED' });
      release();
      for (const { data } of await Promise.all(calls))
        expect(data).toEqual({ authorization: 'Bearer test-token-1' });
      expect(server.to(LOGIN)).toHaveLength(1);
      expect(server.to('/payments')).toHaveLength(2);
    },
  );

  it('do not cancel the login when all of them are aborted: the next call uses its token', async () => {
    const controller = new AbortController();
    const calls = [1, 2, 3].map(() => failure(send({ signal: controller.signal })));
    await until(() => server.to(LOGIN).length === 1);
    controller.abort();
    await Promise.all(calls);
    const next = send();
    release();
    expect((await next).data).toEqual({ authorization: 'Bearer test-token-1' });
    expect(server.to(LOGIN)).toHaveLength(1);
  });

  it('wait for a new token while a refused one is replaced, instead of carrying that again', async () => {
    release();
    await send();
    refused = 'Bearer test-token-1';
    held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = send();
    await until(() => server.to(LOGIN).length === 2);
    // This call could not be sent again.
    const upload = firstValueFrom(http.post<object>('/uploads', Readable.from([Buffer.from('a receipt')])));
    await quiet();
    expect(server.to('/uploads')).toEqual([]);
    release();
    expect((await first).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    expect((await upload).data).toEqual({ authorization: 'Bearer test-token-2' });
    expect(server.to(LOGIN)).toHaveLength(2);
  });

  it('carry the refused token after all when no other can be had while it lives', async () => {
    release();
    await send();
    refused = 'Bearer test-token-1';
    held = new Promise<void>((resolve) => {
      release = resolve;
    });
    isDown = true;
    const first = failure(send());
    await until(() => server.to(LOGIN).length === 2);
    const second = send();
    refused = undefined;
    release();
    expect(await first).toMatchObject({
      response: { status: 401, paymentsAuth: { attempts: 1, replayed: false } },
    });
    expect((await second).data).toEqual({ authorization: 'Bearer test-token-1' });
    expect(server.to(LOGIN)).toHaveLength(2);
  });

  it('wait for their own timeout and no longer, each separately', async () => {
    const hurried = failure(send({ timeout: 1_000 }));
    const patient = send({ timeout: 9_000 });
    await until(() => server.to(LOGIN).length === 1);
    await clock.advance(1_000);
    expect(await hurried).toMatchObject({ name: 'AxiosError', code: 'ECONNABORTED' });
    release();
    expect((await patient).data).toEqual({ authorization: 'Bearer test-token-1' });
    expect(server.to(LOGIN)).toHaveLength(1);
  });
});

describe('an outage of the token endpoint', () => {
  let bed: ProviderBed;

  afterEach(() => bed.close());

  it('costs the first callers 15 s, and tells later callers at once when to try again', async () => {
    bed = await startProviderBed('wakapay');
    const { clock, provider } = bed;
    provider.misbehave({ fault: 'server-error', on: 'token' });
    const startedAtMs = clock.monotonic();
    const first = [1, 2, 3].map(() => bed.send(READ));
    for (const call of first)
      expect(await failure(bed.outwait(call))).toMatchObject({
        code: 'CREDENTIALS_UNAVAILABLE',
        retryAfterMs: 1_000,
      });
    expect(clock.monotonic() - startedAtMs).toBeLessThanOrEqual(20_000);
    const spent = provider.counts.tokenRequests;
    expect(spent).toBeGreaterThan(1);

    // The clock stands still, so a call that waits would wait for ever.
    const turnedAway = await Promise.all(Array.from({ length: 500 }, () => failure(bed.send(READ))));
    for (const error of turnedAway)
      expect(error).toMatchObject({
        code: 'CREDENTIALS_UNAVAILABLE',
        provider: 'wakapay',
        retryAfterMs: expect.any(Number),
      });
    expect(
      turnedAway.every(({ retryAfterMs }) => Number(retryAfterMs) > 0 && Number(retryAfterMs) <= 1_000),
    ).toBe(true);
    expect(provider.counts).toMatchObject({ tokenRequests: spent, calls: 0 });

    await clock.advance(1_000);
    const second = await Promise.all(Array.from({ length: 50 }, () => failure(bed.send(READ))));
    // There is one attempt for all of them, and a longer pause after it.
    expect(provider.counts.tokenRequests).toBe(spent + 1);
    for (const error of second)
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', retryAfterMs: 2_000 });

    provider.behave();
    await clock.advance(2_000);
    await Promise.all(Array.from({ length: 50 }, () => bed.send(READ)));
    expect(provider.counts).toMatchObject({ tokenRequests: spent + 2, calls: 50, accepted: 50 });
  });

  it('makes callers wait that have more time than it lasts', async () => {
    bed = await startProviderBed('wakapay');
    const { provider } = bed;
    provider.misbehave({ fault: 'drop', on: 'token', times: 2 });
    expect((await bed.outwait(bed.send(READ))).status).toBe(200);
    expect(provider.counts).toMatchObject({ tokenRequests: 3, tokensIssued: 1 });
  });

  it('is over when the provider said that it would be, and nobody asks before', async () => {
    bed = await startProviderBed('cryptofuse');
    const { clock, provider } = bed;
    const behave = provider.misbehave({ fault: 'rate-limit', retryAfter: 60, on: 'token' });
    expect(await failure(bed.send(READ))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: 60_000,
    });
    behave();
    await clock.advance(59_000);
    expect(await failure(bed.send(READ))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    expect(provider.counts.tokenRequests).toBe(1);
    await clock.advance(1_000);
    expect((await bed.send(READ)).status).toBe(200);
  });

  it.each([
    { fault: 'html' },
    { fault: 'garbage' },
    { fault: 'no-content' },
    { fault: 'redirect', to: 'other-host' },
    { fault: 'huge' },
    { fault: 'malformed-token', token: 'long' },
  ] as const)('is recognised in the fault %j', async (fault) => {
    bed = await startProviderBed('wakapay');
    const { clock, provider } = bed;
    provider.misbehave({ ...fault, on: 'token' });
    expect(await failure(bed.outwait(bed.send(READ)))).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(provider.counts.calls).toBe(0);
    provider.behave();
    await clock.advance(1_000);
    expect((await bed.send(READ)).status).toBe(200);
  });
});

describe("a provider's own answer without a usable token", () => {
  let bed: ProviderBed;

  afterEach(() => bed.close());

  it.each(['missing', 'line-break', 'object'] as const)(
    'is reported once, and then not tried again for as long as a rejection: %s',
    async (token) => {
      bed = await startProviderBed('wakapay');
      const { clock, provider } = bed;
      provider.misbehave({ fault: 'malformed-token', token, on: 'token' });
      const error = await failure(bed.send(READ));
      expect(error).toMatchObject({ code: 'DEFINITION_FAULT', retryAfterMs: 30_000 });
      provider.behave();
      // Waiting does not help, so no attempt is made for this caller or for the next one.
      expect(await failure(bed.send(READ))).toMatchObject({ code: 'DEFINITION_FAULT' });
      expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 0 });
      await clock.advance(30_000);
      expect((await bed.send(READ)).status).toBe(200);
    },
  );
});
