import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosError, AxiosRequestConfig, AxiosResponse } from 'axios';
import {
  clientCredentials,
  type CredentialService,
  defineProvider,
  InjectCredentials,
  InjectPaymentsHttp,
  PaymentsAuthModule,
  textAt,
  login,
  type TokenSource,
  valueAt,
} from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, startModules, type TestApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import {
  json,
  type LoopbackServer,
  type ReceivedRequest,
  startLoopbackServer,
} from './support/loopback-server.js';
import { failure } from './support/waiting.js';
import { meaningfulHeaders } from './support/sandbox-bed.js';

type AcmeCredentials = { user: string; password: string; signingKey?: string };

const MINUTE_MS = 60_000;
const DOCUMENTED_MS = 10 * MINUTE_MS;
const SIGNING_KEY = 'x7Kq2mVd9sLwRt4uYb6Nc1Ef';
const ISSUED_KEY = 'p3Zr8gHj5vXaQn0oTk2Ms7Wy';

/** An invented provider that uses everything that a definition offers. */
const acme = defineProvider<AcmeCredentials, 'acme'>({
  name: 'acme',
  title: 'Acme Pay',
  docs: 'https://docs.acme.test/authentication',
  environments: {
    test: { pay: 'https://pay.test.acme.test/v2', login: 'https://login.test.acme.test' },
    live: { pay: 'https://pay.acme.test/v2', login: 'https://login.acme.test' },
  },
  environmentVariable: 'ACME_ENVIRONMENT',
  baseUrlVariable: { pay: 'ACME_PAY_URL', login: 'ACME_LOGIN_URL' },
  credentials: {
    user: { variable: 'ACME_USER', secret: false },
    password: { variable: 'ACME_PASSWORD' },
    signingKey: { variable: 'ACME_SIGNING_KEY', optional: true },
  },
  token: login<AcmeCredentials>({
    host: 'login',
    path: '/sessions/',
    headers: ({ credentials: { user } }) => ({ 'X-Acme-User': user }),
    body: ({ credentials: { user, password } }) => ({ json: { login: { user, password } } }),
    answer: { token: 'session.token', expiresAt: 'session.endsAt' },
    documentedLifetimeMs: DOCUMENTED_MS,
    rejected: ({ status, body }) => status === 200 && textAt(body, 'failure.code') === 'BAD_PASSWORD',
    issued: ({ body }) => valueAt(body, 'failure') === undefined,
    reason: ({ body }) => textAt(body, 'failure.code'),
    revoke: {
      path: '/sessions/end',
      headers: ({ credentials: { user } }) => ({ 'X-Acme-User': user }),
      body: ({ token }) => ({ json: { token } }),
    },
    limits: [
      { limit: 3, perMs: MINUTE_MS, per: 'credential' },
      { limit: 100, perMs: 24 * 60 * MINUTE_MS, per: 'ip' },
    ],
    loginsEatQuota: true,
  }),
  headers: ({ credentials, token }) => ({ 'X-Acme-Session': token, 'X-Acme-User': credentials.user }),
  sign: ({ method, namedHost, path, credentials, token }) => ({
    headers: {
      ...(['POST', 'PUT'].includes(method) && /^\/transfers(\/|$)/.test(path)
        ? { 'X-Acme-Signing-Key': credentials.signingKey }
        : {}),
      ...(namedHost === 'login' ? { Authorization: `Session ${token}` } : {}),
    },
  }),
  refusal: {
    refused: ({ status, body }) =>
      [200, 400, 403, 404, 500].includes(status) && textAt(body, 'failure.code') === 'SESSION_ENDED',
    incurable: ({ body }) => textAt(body, 'failure.code') === 'NOT_YOUR_IP',
    alsoOnSuccess: true,
  },
  secretResponseFields: ['issuedKey'],
  probe: { path: '/balance' },
});

const credentials = { user: 'shop', password: 'test-secret-not-real-acme', signingKey: SIGNING_KEY };

let server: LoopbackServer;
let clock: ManualClock;
let application: TestApplication;
let service: CredentialService;
/** The answer of the login. */
let loginAnswer: (number: number) => object;
let loginHeaders: Record<string, string>;
/** Which calls are refused, and how. */
let refuse: ((request: ReceivedRequest) => [status: number, code: string] | undefined) | undefined;

beforeEach(async () => {
  clock = new ManualClock();
  refuse = undefined;
  loginHeaders = {};
  loginAnswer = (number) => ({
    session: { token: `test-session-${number}`, endsAt: new Date(clock.now() + 5 * MINUTE_MS).toISOString() },
  });
  let logins = 0;
  server = await startLoopbackServer((request, response) => {
    const date = { date: new Date(clock.now()).toUTCString() };
    if (request.url === '/login/sessions/')
      return json(response, 200, loginAnswer((logins += 1)), { ...date, ...loginHeaders });
    const [status, code] = refuse?.(request) ?? [200];
    json(
      response,
      status,
      code === undefined ? { paid: true, issuedKey: ISSUED_KEY } : { failure: { code } },
    );
  });
});

afterEach(async () => {
  await application.close();
  await server.close();
});

async function start(options: object = {}, variables: Record<string, string> = {}): Promise<void> {
  application = await startApplication(
    {
      providers: {
        acme: {
          provider: acme,
          baseUrl: { pay: `${server.url}/v2`, login: `${server.url}/login` },
          credentials,
          ...options,
        },
      },
    },
    { clock, variables },
  );
  service = application.paymentsAuth.credentials('acme');
}

const send = <T = unknown>(config: AxiosRequestConfig): Promise<AxiosResponse<T>> =>
  firstValueFrom(application.paymentsAuth.http('acme').request<T>(config));
const logins = () => server.to('/login/sessions/');
const last = () => server.requests.at(-1) as ReceivedRequest;

class Transfers {
  constructor(
    readonly http: HttpService,
    readonly keys: CredentialService,
  ) {}
}
// The decorators are called as functions, for a name that only this file has.
InjectPaymentsHttp('acme')(Transfers, undefined, 0);
InjectCredentials('acme')(Transfers, undefined, 1);
Injectable()(Transfers);

describe('a provider of the application’s own', () => {
  it('gets logins on the host, with the headers and the body of its definition', async () => {
    await start();
    await send({ url: '/balance' });
    expect(logins()).toHaveLength(1);
    expect(logins()[0]).toMatchObject({ method: 'POST' });
    expect(meaningfulHeaders(logins()[0]?.headers ?? {})).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-acme-user': 'shop',
    });
    expect(JSON.parse(String(logins()[0]?.body))).toEqual({
      login: { user: 'shop', password: credentials.password },
    });
  });

  it('gets calls with headers made of token and static credentials, by method, path and host', async () => {
    await start();
    const base = { 'x-acme-session': 'test-session-1', 'x-acme-user': 'shop' };
    const acmeHeaders = () =>
      Object.fromEntries(
        Object.entries(last().headers).filter(([name]) => /^(x-acme|authorization)/.test(name)),
      );
    await send({ url: '/balance' });
    expect(last().url).toBe('/v2/balance');
    expect(acmeHeaders()).toEqual(base);
    await send({ method: 'POST', url: '/transfers/1', data: {} });
    expect(acmeHeaders()).toEqual({ ...base, 'x-acme-signing-key': SIGNING_KEY });
    await send({ url: '/transfers/1' });
    expect(acmeHeaders()).toEqual(base);
    await send({ url: '/me', paymentsAuth: { host: 'login' } });
    expect(last().url).toBe('/login/me');
    expect(acmeHeaders()).toEqual({ ...base, authorization: 'Session test-session-1' });
    await send({ url: `${server.url}/login/me` });
    expect(acmeHeaders()).toEqual({ ...base, authorization: 'Session test-session-1' });
    expect(logins()).toHaveLength(1);
  });

  it('has base URLs by environment', async () => {
    await start({ baseUrl: undefined, environment: 'test' });
    expect(application.paymentsAuth.http('acme').axiosRef.defaults.baseURL).toBe(
      'https://pay.test.acme.test/v2',
    );
  });

  it('is configured from its own variables, and names the one that is missing', async () => {
    const variables = {
      ACME_PAY_URL: `${server.url}/v2`,
      ACME_LOGIN_URL: `${server.url}/login`,
      ACME_USER: 'shop',
      ACME_PASSWORD: credentials.password,
    };
    await start({ baseUrl: undefined, credentials: undefined }, variables);
    // The optional signing key is not set, and then its header is not sent.
    await send({ method: 'POST', url: '/transfers/1', data: {} });
    expect(last().headers).not.toHaveProperty('x-acme-signing-key');
    expect(last().headers).toMatchObject({ 'x-acme-session': 'test-session-1', 'x-acme-user': 'shop' });
    await application.close();
    const error = await failure(
      start({ baseUrl: undefined, credentials: undefined }, { ...variables, ACME_PASSWORD: '' }),
    );
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [expect.stringMatching(/^providers\.acme\.credentials\.password: missing.*ACME_PASSWORD/)],
    });
  });

  it.each([
    ['forRoot', () => PaymentsAuthModule.forRoot({ definitions: [acme], fromEnvironment: ['acme'] })],
    [
      'forRootAsync',
      () =>
        PaymentsAuthModule.forRootAsync({
          definitions: [acme],
          useFactory: async () => ({ fromEnvironment: ['acme'] }),
        }),
    ],
  ])('is named once in definitions of %s, and is injected like a built-in one', async (_, make) => {
    await start();
    await application.close();
    application = await startModules([make()], {
      providers: [Transfers],
      variables: {
        ACME_PAY_URL: `${server.url}/v2`,
        ACME_LOGIN_URL: `${server.url}/login`,
        ACME_USER: 'shop',
        ACME_PASSWORD: credentials.password,
      },
    });
    const transfers = application.app.get(Transfers);
    expect((await transfers.http.axiosRef.get('/balance')).status).toBe(200);
    expect(last().headers).toMatchObject({ 'x-acme-session': 'test-session-1' });
    expect(await transfers.keys.headers()).toMatchObject({ 'X-Acme-User': 'shop' });
  });

  it('has the cause and the cure of its own definition in explain()', async () => {
    await start({
      provider: defineProvider<AcmeCredentials, 'acme'>({
        ...acme,
        advice: [{ on: 'login', says: 'bad_password', cause: 'the password has aged', fix: 'set a new one' }],
      }),
    });
    loginAnswer = () => ({ failure: { code: 'BAD_PASSWORD' } });
    await failure(send({ url: '/balance' }));
    expect(await application.paymentsAuth.explain('acme')).toMatchObject({
      state: 'rejected',
      cause: 'the password has aged',
      fix: 'set a new one',
    });
  });

  it('rejects a secret with a 2xx, as its definition says, and with no other answer', async () => {
    await start();
    loginAnswer = () => ({ failure: { code: 'BAD_PASSWORD' }, session: { token: 'test-session-0' } });
    expect(await failure(send({ url: '/balance' }))).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      provider: 'acme',
      reason: 'BAD_PASSWORD',
    });
    loginAnswer = () => ({ failure: { code: 'TRY_LATER' }, session: { token: 'test-session-0' } });
    loginHeaders = { 'retry-after': '60' };
    expect(await failure(service.refresh())).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: MINUTE_MS,
    });
    expect(server.to('/v2/balance')).toEqual([]);
  });

  it.each([200, 400, 403, 404, 500])(
    'refuses a token with %i and a code, and the call is sent again',
    async (status) => {
      await start();
      await send({ url: '/balance' });
      refuse = ({ headers }) =>
        headers['x-acme-session'] === 'test-session-1' ? [status, 'SESSION_ENDED'] : undefined;
      const response = await send({ method: 'POST', url: '/transfers/1', data: { amount: 1 } });
      expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: status });
      expect(server.to('/v2/transfers/1').map(({ headers }) => headers['x-acme-session'])).toEqual([
        'test-session-1',
        'test-session-2',
      ]);
    },
  );

  it('causes no login by a refusal that no token cures, and the caller gets it', async () => {
    await start();
    refuse = () => [401, 'NOT_YOUR_IP'];
    const error = (await failure(send({ url: '/balance' }))) as unknown as AxiosError;
    expect(error.response).toMatchObject({
      status: 401,
      data: { failure: { code: 'NOT_YOUR_IP' } },
      paymentsAuth: { attempts: 1, replayed: false },
    });
    expect(server.to('/v2/balance')).toHaveLength(1);
    expect(logins()).toHaveLength(1);
  });

  it('gets its token back', async () => {
    await start();
    await service.get();
    await service.revoke();
    expect(last()).toMatchObject({ method: 'POST', url: '/login/sessions/end' });
    expect(last().headers).toMatchObject({ 'x-acme-user': 'shop', 'content-type': 'application/json' });
    expect(JSON.parse(String(last().body))).toEqual({ token: 'test-session-1' });
    expect((await service.get()).token).toBe('test-session-2');
  });

  it('is not asked for more tokens than it allows, and callers are told when to ask again', async () => {
    await start();
    for (const token of ['test-session-1', 'test-session-2', 'test-session-3'])
      expect((await service.refresh()).token).toBe(token);
    expect(await failure(service.refresh())).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: MINUTE_MS,
    });
    expect(logins()).toHaveLength(3);
    // Calls go on with the token that lives.
    expect((await send({ url: '/balance' })).status).toBe(200);
    await clock.advance(MINUTE_MS);
    expect((await service.refresh()).token).toBe('test-session-4');
  });

  it('gets no login at boot when its logins use up a quota', async () => {
    await start();
    await clock.advance(1_000);
    expect(server.requests).toEqual([]);
    expect(service.status().state).toBe('idle');
  });

  it('may repeat a secret in its answers, which stays readable by name and is not printed', async () => {
    await start();
    const response = await send<{ paid: boolean; issuedKey: string }>({ url: '/balance' });
    expect(response.data.issuedKey).toBe(ISSUED_KEY);
    expect(JSON.stringify(response.data)).toBe('{"paid":true}');
    expect(findLeaks([response, application.paymentsAuth.status()], [ISSUED_KEY, SIGNING_KEY])).toEqual([]);
  });
});

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token that holds its own lifetime. */
const jwt = (claims: object) => `${base64url({ alg: 'none' })}.${base64url(claims)}.bm90LXNpZ25lZA`;

describe('the lifetime of a token at a provider of the application’s own', () => {
  const AT_S = 1_800_000_000;

  it.each<[string, (atMs: number) => object, number]>([
    ['a date', (atMs) => ({ token: 't', endsAt: new Date(atMs + MINUTE_MS).toISOString() }), MINUTE_MS],
    [
      'a date with seven digits after the second',
      (atMs) => ({ token: 't', endsAt: new Date(atMs + MINUTE_MS).toISOString().replace('Z', '7702Z') }),
      MINUTE_MS,
    ],
    [
      'a date without a time zone, which is UTC',
      (atMs) => ({ token: 't', endsAt: new Date(atMs + MINUTE_MS).toISOString().replace('Z', '') }),
      MINUTE_MS,
    ],
    ['an epoch in seconds', (atMs) => ({ token: 't', endsAt: atMs / 1_000 + 60 }), MINUTE_MS],
    ['an epoch in milliseconds', (atMs) => ({ token: 't', endsAt: atMs + MINUTE_MS }), MINUTE_MS],
    ['its own claims', () => ({ token: jwt({ iat: AT_S, exp: AT_S + 120 }) }), 2 * MINUTE_MS],
    ['its own end', () => ({ token: jwt({ exp: AT_S + 120 }) }), 2 * MINUTE_MS],
    ['nothing', () => ({ token: 't' }), DOCUMENTED_MS],
    ['a date that is none', () => ({ token: 't', endsAt: 'soon' }), DOCUMENTED_MS],
    [
      'a date in the past',
      (atMs) => ({ token: 't', endsAt: new Date(atMs - MINUTE_MS).toISOString() }),
      DOCUMENTED_MS,
    ],
    ['a date in a hundred years', (atMs) => ({ token: 't', endsAt: atMs + 3.2e12 }), 24 * DOCUMENTED_MS],
  ])('is %s', async (_, session, lifetimeMs) => {
    clock = new ManualClock(AT_S * 1_000);
    loginAnswer = () => ({ session: session(clock.now()) });
    await start();
    const { obtainedAtMs, expiresAtMs = 0 } = await service.get();
    expect(expiresAtMs - obtainedAtMs).toBe(lifetimeMs);
  });
});

describe('the token request of a provider of the application’s own', () => {
  const described = (token: TokenSource<AcmeCredentials>) =>
    defineProvider<AcmeCredentials, 'acme'>({ ...acme, token });
  const flat = {
    answer: { token: 'token' },
    documentedLifetimeMs: DOCUMENTED_MS,
    rejected: () => false,
    path: '/sessions/',
  };
  const shop = { user: 'shop:1', password: 'test secret/not+real' };
  const basic = `Basic ${Buffer.from('shop%3A1:test+secret%2Fnot%2Breal').toString('base64')}`;

  beforeEach(() => {
    loginAnswer = () => ({
      token: 'test-flat',
      access_token: 'test-oauth',
      token_type: 'Bearer',
      expires_in: 60,
    });
  });

  it.each([
    [
      'a form',
      described(
        login<AcmeCredentials>({
          ...flat,
          body: ({ credentials: { user } }) => ({ form: { user, empty: undefined } }),
        }),
      ),
      {},
      {
        method: 'POST',
        type: 'application/x-www-form-urlencoded',
        body: 'user=shop%3A1',
        authorization: undefined,
      },
    ],
    [
      'an empty body',
      described(login<AcmeCredentials>(flat)),
      {},
      { method: 'POST', type: undefined, body: '', authorization: undefined },
    ],
    [
      'GET',
      described(
        login<AcmeCredentials>({
          ...flat,
          method: 'GET',
          headers: ({ credentials: { user } }) => ({ Authorization: user }),
        }),
      ),
      {},
      { method: 'GET', type: undefined, body: '', authorization: 'shop:1' },
    ],
    [
      'client authentication by Basic, form-encoded',
      described(
        clientCredentials<AcmeCredentials>({
          path: '/sessions/',
          documentedLifetimeMs: DOCUMENTED_MS,
          client: ({ credentials: { user, password } }) => ({ id: user, secret: password }),
        }),
      ),
      {},
      {
        method: 'POST',
        type: 'application/x-www-form-urlencoded',
        body: 'grant_type=client_credentials',
        authorization: basic,
      },
    ],
    [
      'client authentication in the body, by option',
      described(
        clientCredentials<AcmeCredentials>({
          path: '/sessions/',
          documentedLifetimeMs: DOCUMENTED_MS,
          client: ({ credentials: { user, password } }) => ({ id: user, secret: password }),
          parameters: () => ({ audience: 'payments' }),
        }),
      ),
      { clientAuthentication: 'client_secret_post' },
      {
        method: 'POST',
        type: 'application/x-www-form-urlencoded',
        body: 'grant_type=client_credentials&audience=payments&client_id=shop%3A1&client_secret=test+secret%2Fnot%2Breal',
        authorization: undefined,
      },
    ],
  ])('may be %s', async (_, provider, options, { method, type, body, authorization }) => {
    await start({ provider, credentials: shop, baseUrl: `${server.url}/login`, ...options });
    expect((await service.get()).token).toMatch(/^test-(flat|oauth)$/);
    expect(last()).toMatchObject({ method, url: '/login/sessions/' });
    expect(last().headers['content-type']).toBe(type);
    expect(last().headers.authorization).toBe(authorization);
    expect(last().body.toString()).toBe(body);
  });
});
