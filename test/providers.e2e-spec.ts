import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosError, AxiosRequestConfig } from 'axios';
import type { ProviderName } from 'payments-sandbox';
import { findLeaks } from './support/leak-checker.js';
import { failure, until } from './support/waiting.js';
import { meaningfulHeaders, type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

type Fields = Readonly<Record<string, string | undefined>>;
type Headers = Record<string, unknown>;

/** A call, and the headers that it arrives with, besides those of HTTP itself. */
type ExpectedCall = readonly [
  config: AxiosRequestConfig,
  headers: (credentials: Fields, token: string) => Headers,
];

interface Row {
  readonly name: ProviderName;
  /** The field of the credentials that proves who the merchant is. */
  readonly secret: string;
  readonly calls: readonly ExpectedCall[];
  /** The status that a call with a bad credential is refused with. */
  readonly refusal: number;
}

interface LoginRow extends Row {
  readonly lifetimeMs: number;
  /** The login as it arrives: path, headers and body. */
  readonly tokenRequest: (credentials: Fields) => { url: string; headers: Headers; body: string };
  /** What the provider says of a wrong secret. */
  readonly reason: string;
}

const JSON_ANSWER = { accept: 'application/json, text/plain, */*' };
const JSON_BODY = { 'content-type': 'application/json' };
const HOUR_MS = 3_600_000;
const bearer = (_: Fields, token: string): Headers => ({ ...JSON_ANSWER, authorization: `Bearer ${token}` });

const LOGINS: readonly LoginRow[] = [
  {
    name: 'pesapal',
    secret: 'consumerSecret',
    lifetimeMs: 300_000,
    refusal: 401,
    tokenRequest: ({ consumerKey, consumerSecret }) => ({
      url: '/pesapalv3/api/Auth/RequestToken',
      headers: { accept: 'application/json', ...JSON_BODY },
      body: JSON.stringify({ consumer_key: consumerKey, consumer_secret: consumerSecret }),
    }),
    reason: 'invalid_consumer_key_or_secret_provided',
    calls: [[{ url: '/api/Transactions/GetTransactionStatus?orderTrackingId=1-completed' }, bearer]],
  },
  {
    name: 'clickpesa',
    secret: 'apiKey',
    lifetimeMs: HOUR_MS,
    refusal: 401,
    tokenRequest: ({ clientId, apiKey }) => ({
      url: '/third-parties/generate-token',
      headers: { accept: 'application/json', 'client-id': clientId, 'api-key': apiKey },
      body: '',
    }),
    reason: 'Invalid or Expired API-Key',
    calls: [[{ url: '/third-parties/account/balance' }, bearer]],
  },
  {
    name: 'wakapay',
    secret: 'apiSecret',
    lifetimeMs: HOUR_MS,
    refusal: 401,
    tokenRequest: ({ apiKey, apiSecret }) => ({
      url: '/business/auth',
      headers: { accept: 'application/json', ...JSON_BODY },
      body: JSON.stringify({ apiKey, apiSecret }),
    }),
    reason: 'invalid credentials',
    calls: [[{ url: '/business/balance?currency=USD' }, bearer]],
  },
  {
    name: 'cryptofuse',
    secret: 'clientSecret',
    lifetimeMs: HOUR_MS,
    refusal: 401,
    tokenRequest: ({ clientId, clientSecret }) => ({
      url: '/o/token/',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials&scope=read+write',
    }),
    reason: 'invalid_client',
    calls: [[{ url: '/user/me/' }, bearer]],
  },
];

const rawSecret = ({ secretKey, clientSecret }: Fields): Headers => ({
  ...JSON_ANSWER,
  authorization: secretKey ?? clientSecret,
});

const KEYS: readonly Row[] = [
  {
    name: 'cashfin',
    secret: 'clientSecret',
    refusal: 401,
    calls: [[{ url: '/business/product/list' }, rawSecret]],
  },
  {
    name: 'kashier',
    secret: 'secretKey',
    refusal: 403,
    calls: [
      [{ url: '/v3/payment/sessions/1/payment' }, rawSecret],
      [
        { method: 'POST', url: '/v3/payment/sessions', data: { order: '1', amount: '1', currency: 'EGP' } },
        (credentials) => ({ ...rawSecret(credentials), ...JSON_BODY, 'api-key': credentials['apiKey'] }),
      ],
      [{ url: '/orders/1', paymentsAuth: { host: 'fep' } }, rawSecret],
    ],
  },
];

let bed: ProviderBed;

afterEach(() => bed.close());

/** The credentials, one of them wrong and hard to mistake for anything else. */
const WRONG = '5gQz0vXn8yTbR3kLw7HdM1sJc4Pf';

describe.each(LOGINS)('$name', ({ name, secret, lifetimeMs, refusal, tokenRequest, reason, calls }) => {
  const [read] = calls[0] as ExpectedCall;

  describe('with the right credentials', () => {
    beforeEach(async () => {
      bed = await startProviderBed(name);
    });

    it('gets logins and calls exactly as it documents them', async () => {
      const { provider } = bed;
      for (const [config] of calls) expect((await bed.send(config)).status).toBe(200);
      const [login, ...rest] = provider.requests;
      const expected = tokenRequest(provider.credentials);
      expect(login).toMatchObject({ kind: 'token', method: 'POST', url: expected.url, body: expected.body });
      expect(meaningfulHeaders(login?.headers ?? {})).toEqual(expected.headers);
      expect(rest.map(({ headers }) => meaningfulHeaders(headers))).toEqual(
        calls.map(([, headers]) => headers(provider.credentials, provider.tokens[0]?.value ?? '')),
      );
      expect(rest[0]?.url.endsWith(read.url ?? '')).toBe(true);
    });

    it('is asked for a token by the first call, and not by those after it', async () => {
      const { provider } = bed;
      expect((await bed.send(read)).paymentsAuth).toEqual({ attempts: 1, replayed: false });
      for (let call = 0; call < 5; call += 1) await bed.send(read);
      expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 6, accepted: 6, refusals: 0 });
      expect(bed.credentials.status()).toMatchObject({ state: 'fresh', counters: { waits: 1 } });
    });

    it('is asked for the next token before the first one has ended, while calls go on', async () => {
      const { provider } = bed;
      for (let token = 1; token <= 3; token += 1) {
        await bed.send(read);
        await bed.pass(lifetimeMs - 54_000);
        await Promise.all(Array.from({ length: 20 }, () => bed.send(read)));
        await until(() => bed.eventsOf('credential-renewed-early').length === token);
        await bed.pass(55_000);
        expect((await bed.send(read)).status).toBe(200);
      }
      expect(provider.counts).toMatchObject({ tokenRequests: 4, calls: 66, accepted: 66, refusals: 0 });
      // Only the very first call has waited for a token.
      expect(bed.credentials.status().counters).toMatchObject({ earlyRenewals: 3, waits: 1 });
    });

    it('revokes a token during a payment: one token request, one replay, one payment', async () => {
      const { provider } = bed;
      await bed.send(read);
      provider.misbehave({ fault: 'revoke-token', times: 1 });
      const response = await bed.pay('order-1');
      expect(response.status).toBe(201);
      expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: refusal });
      expect(provider.counts).toMatchObject({ tokenRequests: 2, refusals: 1, replays: 1, changedBodies: 0 });
      expect(provider.executions).toEqual(new Map([['order-1', 1]]));
      const [first, second] = provider.requests.filter(({ id }) => id === 'order-1');
      const [old, current] = provider.tokens;
      expect(first?.headers.authorization).toContain(old?.value);
      expect(second?.headers.authorization).toContain(current?.value);
    });

    it('fails: callers get an error without a credential, and are served once it is back', async () => {
      const { clock, provider } = bed;
      provider.misbehave({ fault: 'drop', on: 'any' });
      const error = await failure(bed.outwait(bed.send(read)));
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', provider: name, retryAfterMs: 1_000 });
      expect(provider.counts.calls).toBe(0);
      expect(findLeaks(error, [provider.credentials[secret as never]])).toEqual([]);
      expect(bed.credentials.status()).toMatchObject({ state: 'unavailable' });

      provider.behave();
      await clock.advance(1_000);
      expect((await bed.send(read)).status).toBe(200);
      expect(provider.counts).toMatchObject({ tokensIssued: 1, calls: 1 });
      expect(bed.credentials.status().state).toBe('fresh');
    });
  });

  it('rejects a wrong secret in its own words, once for all calls, and no error shows it', async () => {
    bed = await startProviderBed(name);
    const credentials = { ...bed.provider.credentials, [secret]: WRONG };
    await bed.close();
    bed = await startProviderBed(name, { options: { credentials } });
    const error = await failure(bed.send(read));
    expect(error).toMatchObject({ code: 'CREDENTIALS_REJECTED', provider: name, reason });
    expect(error.message).toContain(reason);
    expect(await failure(bed.pay('order-1'))).toMatchObject({ code: 'CREDENTIALS_REJECTED', reason });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 1, loginsRefused: 1, calls: 0 });
    expect(bed.credentials.status()).toMatchObject({ state: 'rejected', lastErrorReason: reason });
    expect(findLeaks([error, bed.events, bed.credentials.status()], [WRONG])).toEqual([]);
  });
});

describe.each(KEYS)('$name', ({ name, secret, refusal, calls }) => {
  const [read] = calls[0] as ExpectedCall;

  it('gets calls exactly as it documents them, and no logins', async () => {
    bed = await startProviderBed(name);
    const { provider } = bed;
    for (const [config] of calls) expect((await bed.send(config)).status).toBe(200);
    expect(provider.requests.map(({ headers }) => meaningfulHeaders(headers))).toEqual(
      calls.map(([, headers]) => headers(provider.credentials, '')),
    );
    expect(provider.requests.map(({ host }) => host)).toEqual(
      calls.map(([{ paymentsAuth }]) => paymentsAuth?.host ?? 'api'),
    );
    expect(provider.counts.tokenRequests).toBe(0);
  });

  it('gets a key that is asked for once, and again in the background before its TTL ends', async () => {
    let asked = 0;
    bed = await startProviderBed(name, {
      options: {
        credentials: () => {
          asked += 1;
          return bed.provider.credentials;
        },
        credentialsTtlMs: 60_000,
      },
    });
    for (let call = 0; call < 5; call += 1) await bed.send(read);
    expect(asked).toBe(1);
    await bed.clock.advance(55_000);
    await Promise.all(Array.from({ length: 20 }, () => bed.send(read)));
    await until(() => asked === 2);
    await bed.clock.advance(55_000);
    await bed.send(read);
    expect(bed.provider.counts).toMatchObject({ calls: 26, accepted: 26, refusals: 0 });
    expect(bed.credentials.status().counters.waits).toBe(1);
  });

  it('rotates its key during a payment: one replay with the new key, one payment', async () => {
    let current: Fields | undefined;
    bed = await startProviderBed(name, {
      options: { credentials: () => (current ?? bed.provider.credentials) as Record<string, string> },
    });
    await bed.send(read);
    current = bed.provider.rotate({ oldWorksForMs: 0 });
    // A source is asked again at most once a second, and this source has just been asked.
    await bed.clock.advance(1_001);
    const response = await bed.pay('order-1');
    expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: refusal });
    expect(bed.provider.counts).toMatchObject({
      refusals: 1,
      replays: 1,
      changedBodies: 0,
      tokenRequests: 0,
    });
    expect(bed.provider.executions).toEqual(new Map([['order-1', 1]]));
    expect(bed.provider.requests.at(-1)?.headers.authorization).toBe(current[secret]);
  });

  it('refuses a wrong key in its own words, which reach the caller without the key', async () => {
    bed = await startProviderBed(name);
    const credentials = { ...bed.provider.credentials, [secret]: `${WRONG}$` };
    await bed.close();
    bed = await startProviderBed(name, { options: { credentials } });
    const error = (await failure(bed.pay('order-1'))) as unknown as AxiosError;
    expect(error.response?.status).toBe(refusal);
    expect(JSON.stringify(error.response?.data)).toMatch(/Unauthorized access!|invalid authorization/);
    // There is no other key, so sending the call again would not help.
    expect(bed.provider.counts).toMatchObject({ calls: 1, refusals: 1 });
    expect(bed.credentials.status()).toMatchObject({ lastErrorCode: 'CREDENTIALS_REJECTED' });
    expect(findLeaks([error, bed.events, bed.credentials.status()], [WRONG])).toEqual([]);
  });

  it('gets no calls while its key cannot be loaded, and gets them once it can', async () => {
    let isDown = true;
    bed = await startProviderBed(name, {
      options: {
        credentials: () => {
          if (isDown) throw new Error('the secret manager is down');
          return bed.provider.credentials;
        },
      },
    });
    expect(await failure(bed.send(read))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    expect(await failure(bed.send(read))).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    expect(bed.provider.requests).toEqual([]);
    isDown = false;
    await bed.clock.advance(1_000);
    expect((await bed.send(read)).status).toBe(200);
  });
});
