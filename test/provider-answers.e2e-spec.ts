import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const STATUS = '/api/Transactions/GetTransactionStatus';

/** The warnings at boot of an application that uses Kashier with this secret. */
async function warningsOf(secretKey: string): Promise<string[]> {
  const logger = new LogLines();
  const { close } = await startApplication(
    { providers: { kashier: { environment: 'test', credentials: { secretKey } } } },
    { logger },
  );
  await close();
  return logger.of('warn', 'PaymentsAuthModule');
}

describe('PesaPal', () => {
  let bed: ProviderBed;

  afterEach(() => bed.close());

  it('answers a login with 200 and an error: no token is kept, and no call is sent', async () => {
    bed = await startProviderBed('pesapal');
    const { clock, provider } = bed;
    const behave = provider.misbehave({ fault: 'error-in-2xx', on: 'token' });
    expect(await failure(bed.outwait(bed.send({ url: STATUS })))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
    });
    expect(provider.counts.calls).toBe(0);
    expect(bed.credentials.status().credential).toBeUndefined();

    behave();
    await clock.advance(1_000);
    await bed.send({ url: STATUS });
    expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${provider.tokens[0]?.value}`);
  });

  it('answers a payment that is still pending with an error, which is no refusal', async () => {
    bed = await startProviderBed('pesapal');
    const { provider } = bed;
    const response = await bed.send({ url: STATUS, params: { orderTrackingId: 'order-1' } });
    expect(response.status).toBe(200);
    expect(response.data).toMatchObject({ error: { code: 'payment_details_not_found' } });
    expect(response.paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 1 });
    expect(bed.credentials.status().counters.refusals).toBe(0);
  });

  it('answers a success with an error full of nulls, which is no refusal either', async () => {
    bed = await startProviderBed('pesapal');
    const response = await bed.send({
      method: 'POST',
      url: '/api/Transactions/SubmitOrderRequest',
      data: { id: 'order-1', amount: 100, currency: 'KES' },
    });
    expect(response.data).toMatchObject({ error: { code: null }, status: '200' });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 1, calls: 1, executions: 1 });
  });

  it.each([200, 401, 500])('refuses a token with %i, and the call is sent again', async (refusalStatus) => {
    bed = await startProviderBed('pesapal', { settings: { refusalStatus } });
    const { provider } = bed;
    await bed.send({ url: STATUS });
    for (const responseType of ['json', 'arraybuffer', 'stream'] as const) {
      provider.revokeTokens();
      const response = await bed.send({ url: '/sandbox/echo', responseType });
      expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: refusalStatus });
      if (responseType === 'stream') (response.data as { resume(): void }).resume();
    }
    expect(provider.counts).toMatchObject({ tokenRequests: 4, refusals: 3, replays: 3 });
  });
});

describe('PesaPal’s login', () => {
  let server: LoopbackServer;

  afterEach(() => server.close());

  it('answers with 200, a token and an error: the token is neither kept nor sent', async () => {
    server = await startLoopbackServer((_, response) =>
      json(
        response,
        200,
        { token: 'test-token', error: { code: 'internal_error', message: '' }, status: '500' },
        { 'retry-after': '60' },
      ),
    );
    const { paymentsAuth, close } = await startApplication({
      providers: {
        pesapal: {
          baseUrl: server.url,
          keepWarm: 'when-used',
          credentials: { consumerKey: 'test-key-not-real', consumerSecret: 'test-secret-not-real' },
        },
      },
    });
    expect(await failure(firstValueFrom(paymentsAuth.http('pesapal').get(STATUS)))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      reason: 'internal_error',
    });
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/Auth/RequestToken']);
    expect(paymentsAuth.credentials('pesapal').status().credential).toBeUndefined();
    await close();
  });
});

describe('ClickPesa', () => {
  let server: LoopbackServer;

  afterEach(() => server.close());

  it.each([
    ['Bearer eyJ.test-token.not-real', 'Bearer eyJ.test-token.not-real'],
    ['bearer eyJ.test-token.not-real', 'bearer eyJ.test-token.not-real'],
    ['eyJ.test-token.not-real', 'eyJ.test-token.not-real'],
  ])(
    'gets its token on calls as it was issued, and never with a second scheme: %s',
    async (token, authorization) => {
      server = await startLoopbackServer(({ url }, response) =>
        json(response, 200, url.endsWith('generate-token') ? { success: true, token } : {}),
      );
      const { paymentsAuth, close } = await startApplication({
        providers: {
          clickpesa: {
            baseUrl: server.url,
            credentials: { clientId: 'test-client-not-real', apiKey: 'test-key-not-real' },
          },
        },
      });
      await firstValueFrom(paymentsAuth.http('clickpesa').get('/third-parties/account/balance'));
      expect(server.requests.at(-1)?.headers.authorization).toBe(authorization);
      expect(await paymentsAuth.credentials('clickpesa').headers()).toEqual({ Authorization: authorization });
      await close();
    },
  );
});

describe('Kashier', () => {
  it('has a "$" in its secrets: a secret without it is reported at boot, and used anyway', async () => {
    const warnings = await warningsOf('test-secret-not-real-cut-off');
    expect(warnings).toEqual([
      expect.stringMatching(/^providers\.kashier\.credentials\.secretKey: has no "\$"/),
    ]);
    expect(warnings.join()).not.toContain('not-real');
  });

  it('has no backslash in its secrets: one that a shell has left there is reported', async () => {
    expect(await warningsOf('test-secret-not-real\\$rest')).toEqual([
      expect.stringMatching(/has a backslash/),
    ]);
    expect(await warningsOf('test-secret-not-real$rest')).toEqual([]);
  });
});

describe('the lifetime of a token at WakaPay', () => {
  const DOCUMENTED_S = 3_600;
  let server: LoopbackServer;

  afterEach(() => server.close());

  it.each<[string, unknown, number]>([
    ['a number of seconds', 1_800, 1_800],
    ['the same as text', '3599', 3_599],
    ['text that is no number', 'NaN', DOCUMENTED_S],
    ['null, which is how JSON writes NaN', NaN, DOCUMENTED_S],
    ['nothing', undefined, DOCUMENTED_S],
    ['an empty text', '', DOCUMENTED_S],
    ['0', 0, DOCUMENTED_S],
    ['less than 0', -3_600, DOCUMENTED_S],
    ['an object', { seconds: 60 }, DOCUMENTED_S],
    ['milliseconds instead of seconds', 3_600_000, 24 * DOCUMENTED_S],
    ['more than a number can be', 1e300, 24 * DOCUMENTED_S],
  ])('is %s', async (_, expiresIn, seconds) => {
    const answer = (response: ServerResponse) =>
      json(response, 200, { accessToken: 'test-token', expiresIn });
    server = await startLoopbackServer(({ url }, response) =>
      url === '/business/auth' ? answer(response) : json(response, 200, {}),
    );
    const clock = new ManualClock();
    const { paymentsAuth, close } = await startApplication(
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
    const { expiresAtMs = 0, obtainedAtMs } = await paymentsAuth.credentials('wakapay').get();
    expect(expiresAtMs - obtainedAtMs).toBe(seconds * 1_000);
    // Whatever lifetime the answer states, not every call asks for a new token.
    for (let call = 0; call < 5; call += 1)
      await firstValueFrom(paymentsAuth.http('wakapay').get('/payments'));
    expect(server.to('/business/auth')).toHaveLength(1);
    await close();
  });
});
