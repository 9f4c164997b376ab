import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HttpService } from '@nestjs/axios';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TestingModuleBuilder } from '@nestjs/testing';
import type { AxiosRequestConfig } from 'axios';
import {
  type AnyProviderDefinition,
  digest,
  hmac,
  PaymentsAuthError,
  PaymentsAuthModule,
  type PaymentsAuthModuleOptions,
  PaymentsAuthService,
  PaymentsSignaturesService,
} from 'nestjs-payments-auth';
import { ManualClock, PaymentsAuthTestingModule, signedDelivery } from 'nestjs-payments-auth/testing';
import { type Misbehaviour, type Sandbox, type SandboxOptions, startSandbox } from 'payments-sandbox';
import { firstValueFrom, type Observable } from 'rxjs';
import { type ApplicationSettings, startModules, type TestApplication } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { type Handler, json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { markdownFiles, typescriptBlocks } from './support/markdown.js';
import { writeSnippets } from './support/snippets.js';
import { failure, outwaited, until } from './support/waiting.js';

const snippets = writeSnippets('docs-examples', markdownFiles().flatMap(typescriptBlocks));

/** The export `name` of the block in `file` that has it. */
async function example<T>(file: string, name: string): Promise<T> {
  const declared = new RegExp(`^export (?:async )?(?:class|const|function) ${name}\\b`, 'm');
  const snippet = snippets.find((each) => each.file === file && declared.test(each.code));
  if (snippet === undefined) throw new Error(`No block of ${file} exports ${name}.`);
  return ((await import(snippet.path)) as Record<string, T>)[name] as T;
}

const started: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of started.splice(0).toReversed()) await each.close();
});

function ended<T extends { close(): Promise<unknown> }>(one: T): T {
  started.push(one);
  return one;
}

const sandboxOf = async (options: SandboxOptions): Promise<Sandbox> => ended(await startSandbox(options));

const application = async (
  imports: NonNullable<ModuleMetadata['imports']>,
  settings?: ApplicationSettings,
): Promise<TestApplication> => ended(await startModules(imports, settings));

/** A transform of an application that fails. */
function thrower(): never {
  throw new TypeError('in a transform of the application');
}

describe('the examples of the README', () => {
  it('ask for a balance, with nothing but variables set', async () => {
    const sandbox = await sandboxOf({ providers: ['wakapay'] });
    const Balances = await example<Type<{ usd(): Promise<unknown> }>>('README.md', 'Balances');
    const AppModule = await example<Type>('README.md', 'AppModule');
    const { app } = await application([AppModule], { variables: sandbox.environment });
    expect(await app.get(Balances).usd()).toMatchObject({ currency: 'USD' });
  });

  it('pay once for a merchant, with a scope of its own', async () => {
    type Pay = (http: HttpService, order: object) => Observable<{ status: number }>;
    const pay = await example<Pay>('README.md', 'pay');
    const sandbox = await sandboxOf({ providers: ['cryptofuse'] });
    const cryptofuse = sandbox.provider('cryptofuse');
    cryptofuse.addAccount('merchant-17');
    const { paymentsAuth } = await application([PaymentsAuthTestingModule.withSandbox(sandbox)]);
    const http = paymentsAuth.http('cryptofuse');
    expect((await firstValueFrom(pay(http, { id: 'order-1', amount: '10.00' }))).status).toBeLessThan(300);
    expect(cryptofuse.executions.get('order-1')).toBe(1);
    expect(cryptofuse.tokens).toMatchObject([{ account: 'merchant-17', scopes: ['write'] }]);
  });

  it('say how long to wait, and which errors waiting does not solve', async () => {
    const retryAfterMs = await example<(error: unknown) => number | undefined>('README.md', 'retryAfterMs');
    expect(retryAfterMs(new PaymentsAuthError('CREDENTIALS_UNAVAILABLE', '', { retryAfterMs: 7 }))).toBe(7);
    expect(retryAfterMs(new PaymentsAuthError('CREDENTIALS_UNAVAILABLE', ''))).toBe(1_000);
    expect(retryAfterMs(new PaymentsAuthError('CREDENTIALS_REJECTED', ''))).toBeUndefined();
    expect(retryAfterMs(new Error('other'))).toBeUndefined();
  });

  it('test without a network', async () => {
    const builder = await example<TestingModuleBuilder>('README.md', 'app');
    const module = ended(await builder.compile());
    const { data } = await firstValueFrom(module.get(PaymentsAuthService).http('cashfin').get('/a'));
    expect(data).toEqual({ asked: '/a' });
  });
});

describe('the quick start', () => {
  it('shows the same balance, and pays once, after every token was revoked', async () => {
    const sandbox = await sandboxOf({ control: true });
    const AppModule = await example<Type>('docs/quick-start.md', 'AppModule');
    const { app } = await application([AppModule], { variables: sandbox.environment });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const balance = async () => (await fetch(`http://127.0.0.1:${port}/balance`)).json();

    const first = await balance();
    expect(first).toMatchObject({ currency: 'USD' });
    await fetch(`${sandbox.controlUrl}/providers/all/revoke`, { method: 'POST' });
    expect(await balance()).toEqual(first);
    const seen: unknown = await (await fetch(`${sandbox.controlUrl}/providers/wakapay`)).json();
    expect(seen).toMatchObject({ wakapay: { counts: { refusals: 1, calls: 3 } } });

    sandbox.provider('wakapay').revokeTokens();
    const paid = await fetch(`http://127.0.0.1:${port}/payments`, { method: 'POST' });
    expect(paid.status).toBe(201);
    expect(sandbox.provider('wakapay').counts).toMatchObject({ refusals: 2, replays: 2, executedTwice: 0 });
    expect(sandbox.provider('wakapay').executions.get('order-1')).toBe(1);
  });
});

describe('the examples of the guides', () => {
  describe('say of a payment whose call failed whether it may have been made', () => {
    type Rule = (error: unknown) => boolean;
    interface Failure {
      readonly fault?: Misbehaviour;
      readonly request?: AxiosRequestConfig;
      readonly stop?: boolean;
      readonly sent: number;
      readonly made: number;
      readonly says: boolean;
    }
    it.each<[string, Failure]>([
      ['its login hangs', { fault: { fault: 'hang', on: 'token' }, sent: 0, made: 0, says: false }],
      ['its login fails', { fault: { fault: 'server-error', on: 'token' }, sent: 0, made: 0, says: false }],
      [
        'it is called off at the login',
        { fault: { fault: 'hang', on: 'token' }, stop: true, sent: 0, made: 0, says: false },
      ],
      [
        'the provider does not answer',
        { fault: { fault: 'hang', on: 'call' }, sent: 1, made: 0, says: true },
      ],
      [
        'it is called off when it is sent',
        { fault: { fault: 'hang', on: 'call' }, stop: true, sent: 1, made: 0, says: true },
      ],
      [
        'its answer is lost',
        { fault: { fault: 'drop', on: 'call', when: 'after' }, sent: 1, made: 1, says: true },
      ],
      [
        'a gateway refuses it after it was made',
        { fault: { fault: 'execute-then-refuse', envelope: 'bare' }, sent: 1, made: 1, says: true },
      ],
      [
        'a transform fails after the answer',
        { request: { transformResponse: thrower }, sent: 1, made: 1, says: true },
      ],
    ])('when %s', async (_, { fault, request, stop, sent, made, says }) => {
      const mayHaveBeenMade = await example<Rule>('docs/troubleshooting.md', 'mayHaveBeenMade');
      const sandbox = await sandboxOf({ providers: ['wakapay'] });
      const wakapay = sandbox.provider('wakapay');
      if (fault !== undefined) wakapay.misbehave(fault);
      const clock = new ManualClock();
      const { paymentsAuth } = await application([PaymentsAuthTestingModule.withSandbox(sandbox, { clock })]);
      const aborting = new AbortController();
      const payment = { amount: '10.00', currency: 'USD', idempotencyKey: 'order-1' };
      const more = { timeout: 20_000, signal: aborting.signal, ...request };
      const failed = failure(paymentsAuth.http('wakapay').axiosRef.post('/business/payments', payment, more));
      await until(() => wakapay.counts.tokenRequests > 0 && wakapay.counts.calls === sent);
      if (stop === true) aborting.abort();
      // Only a failure that takes time needs a clock that is driven.
      const takesTime = fault?.fault === 'hang' || fault?.fault === 'server-error';
      const error = await (takesTime ? outwaited(clock, failed) : failed);
      expect(wakapay.counts).toMatchObject({ calls: sent, executions: made });
      expect(mayHaveBeenMade(error)).toBe(says);
    });
  });

  it('ask for the status of a merchant’s payment, and forget a merchant', async () => {
    type Payouts = {
      status(merchant: string, id: string): Promise<unknown>;
      disconnect(id: string): unknown;
    };
    const Payouts = await example<Type<Payouts>>('docs/merchants.md', 'Payouts');
    const sandbox = await sandboxOf({ providers: ['pesapal'] });
    sandbox.provider('pesapal').addAccount('shop-1');
    const imports = [PaymentsAuthTestingModule.withSandbox(sandbox)];
    const { app } = await application(imports, { providers: [Payouts] });
    expect(await app.get(Payouts).status('shop-1', 'id-completed')).toMatchObject({ status_code: 1 });
    await app.get(Payouts).disconnect('shop-1');
    expect(sandbox.provider('pesapal').tokens).toMatchObject([{ account: 'shop-1' }]);
  });

  it('stop the calls of one merchant, and of no other', async () => {
    const stop = await example<(service: PaymentsAuthService, merchant: string) => Promise<void>>(
      'docs/merchants.md',
      'stop',
    );
    const sandbox = await sandboxOf({ providers: ['pesapal'] });
    const pesapal = sandbox.provider('pesapal');
    const merchants = new Set(['shop-1', 'shop-2']);
    for (const merchant of merchants) pesapal.addAccount(merchant);
    const accounts = (id: string) => (merchants.has(id) ? pesapal.credentialsOf(id) : undefined);
    const { paymentsAuth } = await application([
      PaymentsAuthModule.forRoot({ providers: { pesapal: { baseUrl: pesapal.baseUrls, accounts } } }),
    ]);
    const call = (merchant: string) => paymentsAuth.http('pesapal', merchant).axiosRef.get('/sandbox/echo');
    expect([(await call('shop-1')).status, (await call('shop-2')).status]).toEqual([200, 200]);

    merchants.delete('shop-1');
    await stop(paymentsAuth, 'shop-1');
    const { calls } = pesapal.counts;
    expect(await failure(call('shop-1'))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(pesapal.counts.calls).toBe(calls);
    expect((await call('shop-2')).status).toBe(200);
  });

  it('download with a client that is not axios', async () => {
    type Reports = { download(url: string): Promise<Response> };
    const Reports = await example<Type<Reports>>('docs/migrating.md', 'Reports');
    const sandbox = await sandboxOf({ providers: ['cryptofuse'] });
    const imports = [PaymentsAuthTestingModule.withSandbox(sandbox)];
    const { app } = await application(imports, { providers: [Reports] });
    const url = `${sandbox.provider('cryptofuse').baseUrl}/user/me/`;
    expect((await app.get(Reports).download(url)).status).toBe(200);
  });

  it('refund at the other host of Kashier', async () => {
    type Refund = (http: HttpService, id: string) => Promise<{ status: number }>;
    const refund = await example<Refund>('docs/providers/kashier.md', 'refund');
    const sandbox = await sandboxOf({ providers: ['kashier'] });
    const { paymentsAuth } = await application([PaymentsAuthTestingModule.withSandbox(sandbox)]);
    const { status } = await refund(paymentsAuth.http('kashier'), 'order-1');
    expect(status).toBe(200);
    expect(sandbox.provider('kashier').requests.map(({ host }) => host)).toEqual(['fep']);
  });
});

describe('the examples of the page on webhooks', () => {
  const PAGE = 'docs/webhooks.md';

  it('accept a genuine message, of the testing kit and of the sandbox, and no forged one', async () => {
    const AppModule = await example<Type>(PAGE, 'AppModule');
    const KashierWebhooks = await example<Type<{ handled: { payload: unknown }[] }>>(PAGE, 'KashierWebhooks');
    const deliver = await example<(url: string, apiKey: string) => Promise<number>>(PAGE, 'deliver');
    const statusesOf = await example<(sandbox: Sandbox, url: string) => Promise<number[]>>(
      PAGE,
      'statusesOf',
    );
    const sandbox = await sandboxOf({ providers: ['kashier'] });
    const { KASHIER_API_KEY: apiKey = '' } = sandbox.environment;
    const restore = { ...process.env };
    Object.assign(process.env, sandbox.environment);
    try {
      const app = ended(await NestFactory.create(AppModule, { rawBody: true, logger: false }));
      await app.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/webhooks/kashier`;
      expect(await deliver(url, apiKey)).toBe(200);
      expect(await deliver(url, 'test-another-key')).toBe(401);
      expect(await statusesOf(sandbox, url)).toEqual([200, 401, 401]);
      expect(app.get(KashierWebhooks).handled).toHaveLength(2);
    } finally {
      for (const name of Object.keys(sandbox.environment)) delete process.env[name];
      Object.assign(process.env, restore);
    }
  });

  it('keep ids that JavaScript rounds as text', async () => {
    const parseExactly = await example<(bytes: Uint8Array) => unknown>(PAGE, 'parseExactly');
    const text = '{"id":9007199254740993,"a":[-9007199254740993,1.5e3,"9007199254740993","\\"1"],"n":12}';
    expect(parseExactly(Buffer.from(`\uFEFF${text}`))).toEqual({
      id: '9007199254740993',
      a: ['-9007199254740993', 1500, '9007199254740993', '"1'],
      n: 12,
    });
  });

  it('describe a provider whose messages can be signed and proven', async () => {
    const lakepay = await example<AnyProviderDefinition>(PAGE, 'lakepay');
    const credentials = { secretKey: 'test-key', webhookSecret: 'test-webhook-not-real' };
    const options = { lakepay: { provider: lakepay, credentials } };
    const { app } = await application([PaymentsAuthModule.forRoot({ providers: options })]);
    const message = await signedDelivery(lakepay, { payload: { id: 'evt_1' }, credentials });
    const delivery = await app.get(PaymentsSignaturesService).verifyWebhook('lakepay', message);
    expect(delivery).toMatchObject({ deliveryId: 'evt_1', scheme: 'signature', proves: 'payload' });
  });
});

const GUIDE = 'docs/own-provider.md';
const server = async (handler: Handler): Promise<LoopbackServer> => ended(await startLoopbackServer(handler));

async function start(definition: AnyProviderDefinition, options: object): Promise<PaymentsAuthService> {
  const { name } = definition;
  const providers = { [name]: { provider: definition, keepWarm: 'when-used' as const, ...options } };
  return (await application([PaymentsAuthModule.forRoot({ providers })])).paymentsAuth;
}

describe('the providers of the guide to own providers', () => {
  it('northpay: sends its key, and the next key when that one is unknown', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'northpay');
    const { url, requests } = await server(({ headers, url: path }, response) => {
      if (path === '/elsewhere') json(response, 403, { error: { code: 'ip_not_allowed' } });
      else if (headers['x-api-key'] === 'np_test_old') json(response, 200, { ok: true });
      else json(response, 401, { error: { code: 'key_unknown' } });
    });
    const credentials = [{ secretKey: 'np_test_new' }, { secretKey: 'np_test_old' }];
    const http = (await start(definition, { baseUrl: url, credentials })).http('northpay');
    expect((await firstValueFrom(http.post('/payments', {}))).paymentsAuth).toMatchObject({ replayed: true });
    expect(requests.map(({ headers }) => headers['x-api-key'])).toEqual(['np_test_new', 'np_test_old']);
    await failure(firstValueFrom(http.get('/elsewhere')));
    expect(requests).toHaveLength(3);
  });

  it('lakepay: logs in at its own host, and again when its session is unknown', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'lakepay');
    let sessions = 0;
    let known = 'session-1';
    const provider = await server(({ url: path, headers, body }, response) => {
      if (path === '/login/sessions') {
        const { password } = JSON.parse(body.toString()) as { password: string };
        sessions += 1;
        const validUntil = new Date(Date.now() + 60_000).toISOString();
        const session = { token: `session-${sessions}`, validUntil };
        json(response, 200, password === 'test-right' ? { session } : { error: { code: 'wrong_password' } });
      } else if (headers.authorization === `Bearer ${known}` && headers['x-merchant'] === 'shop') {
        json(response, 200, { balance: 1, signingKey: 'test-signing-key' });
      } else json(response, 200, { error: { code: 'session_unknown' } });
    });
    const baseUrl = { api: `${provider.url}/v2`, login: `${provider.url}/login` };
    const credentials = { merchant: 'shop', password: 'test-right' };
    const right = await start(definition, { baseUrl, credentials });
    const first = await firstValueFrom(right.http('lakepay').get('/balance'));
    expect(first.data.signingKey).toBe('test-signing-key');
    expect(JSON.stringify(first.data)).toBe('{"balance":1}');
    known = 'session-2';
    const second = await firstValueFrom(right.http('lakepay').get('/balance'));
    expect(second.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 200 });
    expect(provider.to('/login/sessions')).toHaveLength(2);

    const wrong = await start(definition, { baseUrl, credentials: { ...credentials, password: 'test-no' } });
    expect(await failure(wrong.credentials('lakepay').get())).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'wrong_password',
    });
  });

  it('hillpay: gets a token for its scopes, and gives it back', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'hillpay');
    const basic = `Basic ${Buffer.from('shop:test-right').toString('base64')}`;
    const provider = await server(({ url: path, headers }, response) => {
      if (path === '/payments') json(response, headers.authorization === 'Bearer t-1' ? 200 : 401, {});
      else if (headers.authorization !== basic) json(response, 401, { error: 'invalid_client' });
      else if (path === '/oauth2/revoke') json(response, 200, {});
      else json(response, 200, { access_token: 't-1', token_type: 'Bearer', expires_in: 3600 });
    });
    const credentials = { clientId: 'shop', clientSecret: 'test-right' };
    const right = await start(definition, { baseUrl: provider.url, credentials });
    expect((await firstValueFrom(right.http('hillpay').get('/payments'))).status).toBe(200);
    expect(provider.to('/oauth2/token')[0]?.body.toString()).toBe(
      'grant_type=client_credentials&scope=payments%3Aread+payments%3Awrite',
    );
    await right.credentials('hillpay').revoke();
    expect(provider.to('/oauth2/revoke')[0]?.body.toString()).toBe('token=t-1&token_type_hint=access_token');

    const secret = { ...credentials, clientSecret: 'test-wrong' };
    const wrong = await start(definition, { baseUrl: provider.url, credentials: secret });
    expect(await failure(wrong.credentials('hillpay').get())).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
    });
  });

  it('riverpay: signs each attempt, and signs anew when the provider says that the clock is off', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'riverpay');
    const secret = 'test-signing-secret';
    let clockIsOff = true;
    const { url, requests } = await server(({ method, url: path, headers, body }, response) => {
      const parts = [method, path, headers['x-time'], headers['x-nonce'], body.toString()];
      const isGenuine = headers['x-signature'] === hmac('sha256', secret, parts.join('\n'));
      if (!isGenuine) return json(response, 401, { error: { code: 'bad_signature' } });
      if (!clockIsOff) return json(response, 200, { paid: true });
      clockIsOff = false;
      return json(response, 401, { error: { code: 'clock_off' } });
    });
    const credentials = { keyId: 'key-1', secret };
    const http = (await start(definition, { baseUrl: url, credentials })).http('riverpay');
    const { data, paymentsAuth } = await firstValueFrom(http.post('/payments', { amount: 1 }));
    expect([data, paymentsAuth]).toMatchObject([{ paid: true }, { attempts: 2 }]);
    expect(new Set(requests.map(({ headers }) => headers['x-nonce'])).size).toBe(2);
  });

  it('harborpay: logs in with an assertion that its key has signed', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'harborpay');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const provider = await server(({ url: path, headers, body }, response) => {
      if (path !== '/oauth2/token') return json(response, 200, { carried: headers.authorization });
      const assertion = new URLSearchParams(body.toString()).get('client_assertion') ?? '';
      const [header = '', payload = '', signature = ''] = assertion.split('.');
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
      const signed = Buffer.from(`${header}.${payload}`);
      return verify('sha256', signed, key, Buffer.from(signature, 'base64url'))
        ? json(response, 200, { access_token: 't-1', token_type: 'Bearer', expires_in: 1800 })
        : json(response, 401, { error: 'invalid_client' });
    });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n');
    const credentials = { clientId: 'shop', keyId: 'key-1', privateKey: pem };
    const paymentsAuth = await start(definition, { baseUrl: provider.url, credentials });
    const { data } = await firstValueFrom(paymentsAuth.http('harborpay').get('/payments'));
    expect(data).toEqual({ carried: 'Bearer t-1' });
  });

  it('cliffpay: shows its certificate when it logs in and when it pays', async () => {
    const definition = await example<AnyProviderDefinition>(GUIDE, 'cliffpay');
    const authority = createCertificate(['authority.test'], { isAuthority: true });
    const client = createCertificate(['shop.test'], { by: authority });
    const seen: string[] = [];
    const provider = createServer({
      ...createCertificate(['localhost'], { by: authority }),
      ca: authority.cert,
      requestCert: true,
    });
    provider.on('request', ({ url: path, socket }, response) => {
      seen.push(`${path} ${String((socket as TLSSocket).getPeerCertificate().subject.CN)}`);
      json(response, 200, { access_token: 't-1', token_type: 'Bearer', expires_in: 600 });
    });
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    ended({ close: async () => (provider.close(), provider.closeAllConnections()) });
    const paymentsAuth = await start(definition, {
      baseUrl: `https://localhost:${(provider.address() as AddressInfo).port}`,
      http: { ca: authority.cert },
      credentials: { clientId: 'shop', certificate: client.cert, privateKey: client.key },
    });
    await firstValueFrom(paymentsAuth.http('cliffpay').get('/payments'));
    expect(seen).toEqual(['/oauth2/token shop.test', '/payments shop.test']);
  });

  it('grovepay: spends the refresh token of a merchant once, and saves the next one', async () => {
    type Merchants = {
      find(merchant: string): Promise<string | undefined>;
      replace(merchant: string, next: string, previous: string): Promise<boolean>;
    };
    type OptionsOf = (merchants: Merchants, clientSecret: string) => PaymentsAuthModuleOptions;
    const optionsOf = await example<OptionsOf>(GUIDE, 'grovepayOptions');
    const rows = new Map([['shop-1', 'r-1']]);
    const provider = await server(({ url: path, body }, response) => {
      if (path !== '/oauth2/token') return json(response, 200, { ok: true });
      const spent = new URLSearchParams(body.toString()).get('refresh_token') ?? '';
      const next = Number(spent.slice(2)) + 1;
      json(response, 200, {
        access_token: `t-${next}`,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: `r-${next}`,
      });
    });
    const merchants: Merchants = {
      find: async (merchant) => rows.get(merchant),
      replace: async (merchant, next, previous) => {
        if (rows.get(merchant) !== previous) return false;
        rows.set(merchant, next);
        return true;
      },
    };
    const options = optionsOf(merchants, 'test-not-real');
    const { grovepay } = options.providers as { grovepay: { provider: unknown } };
    const loopback: object = { providers: { grovepay: { ...grovepay, baseUrl: provider.url } } };
    const { paymentsAuth } = await application([PaymentsAuthModule.forRoot(loopback)]);
    await firstValueFrom(paymentsAuth.http('grovepay', 'shop-1').get('/payments'));
    expect(provider.to('/payments')[0]?.headers.authorization).toBe('Bearer t-2');
    expect(rows.get('shop-1')).toBe('r-2');
  });

  it('prairiepay and deltapay: each account and each country has its own host', async () => {
    const prairiepay = await example<AnyProviderDefinition>(GUIDE, 'prairiepay');
    const { url } = await (
      await start(prairiepay, { credentials: { apiKey: 'test-key', shop: 'oslo' } })
    )
      .credentials('prairiepay')
      .authenticate({ method: 'GET', url: '/payments' });
    expect(url).toBe('https://oslo-live.prairiepay.example/payments');
    const deltapays = await example<AnyProviderDefinition[]>(GUIDE, 'deltapays');
    expect(deltapays.map(({ name }) => name)).toEqual(['deltapay-ke', 'deltapay-tz', 'deltapay-ug']);
  });

  it('meadowpay: signs its vector', async () => {
    const vector = await example<() => Promise<string | undefined>>(GUIDE, 'vector');
    expect(await vector()).toBe(digest('sha256', '{"amount":100}/payinvented-salt'));
  });

  it('are injected like the built-in ones', async () => {
    const Refunds = await example<Type<{ refund(id: string): Promise<unknown> }>>(GUIDE, 'Refunds');
    const AppModule = await example<Type>(GUIDE, 'AppModule');
    const variables = { NORTHPAY_SECRET_KEY: 'test-key', CASHFIN_CLIENT_SECRET: 'test-secret' };
    const { app, paymentsAuth } = await application([AppModule], { variables });
    const http = paymentsAuth.http('northpay');
    const sent: string[] = [];
    // No provider has this URL. The test sees what would be sent, and nothing is sent.
    http.axiosRef.defaults.adapter = async (config) => {
      sent.push(`${config.method} ${config.baseURL}${config.url} ${String(config.headers.get('X-Api-Key'))}`);
      return { data: 'refunded', status: 200, statusText: '', headers: {}, config };
    };
    expect(await app.get(Refunds).refund('p-1')).toBe('refunded');
    expect(sent).toEqual(['post https://api.northpay.example/payments/p-1/refunds test-key']);
  });
});
