import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { type DynamicModule, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AxiosError } from 'axios';
import {
  BUILT_IN_PROVIDERS,
  type CredentialService,
  defineProvider,
  getCredentialsToken,
  getPaymentsHttpToken,
  InjectCredentials,
  InjectPaymentsHttp,
  hmac,
  PaymentsAuthService,
  login,
} from 'nestjs-payments-auth';
import {
  type Answer,
  FakeCredentialService,
  ManualClock,
  PaymentsAuthTestingModule,
} from 'nestjs-payments-auth/testing';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { startModules, type TestApplication } from './support/application.js';
import { failure } from './support/waiting.js';

const HOUR_MS = 60 * 60_000;

const acme = defineProvider<{ apiKey: string }, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { test: 'https://test.acme.test/v1', live: 'https://acme.test/v1' },
  credentials: { apiKey: { variable: 'ACME_API_KEY' } },
  token: login({
    path: '/login',
    answer: { token: 'token' },
    documentedLifetimeMs: HOUR_MS,
    rejected: () => false,
  }),
  headers: ({ credentials, token }) => ({ 'X-Acme': `${credentials.apiKey}/${token}` }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
});

let application: TestApplication | undefined;
let sandbox: Sandbox | undefined;

afterEach(async () => {
  await application?.close();
  await sandbox?.close();
  [application, sandbox] = [undefined, undefined];
});

async function start(module: DynamicModule): Promise<TestApplication> {
  application = await startModules([module]);
  return application;
}

/** Answers with the request itself, and records it. */
function echo(): { requests: Request[]; answer: Answer } {
  const requests: Request[] = [];
  const answer: Answer = async (request, provider) => {
    requests.push(request);
    return Response.json({ provider, url: request.url, body: await request.clone().text() });
  };
  return { requests, answer };
}

const bookkeeping: Answer = ({ method }) =>
  method === 'GET'
    ? Response.json({ paid: true }, { headers: { 'x-seen': 'yes' } })
    : Response.json({ message: 'no' }, { status: 409 });

const balance = ({ paymentsAuth }: TestApplication, account?: string) =>
  firstValueFrom(
    paymentsAuth.http('wakapay').get('/business/balance', {
      params: { currency: 'USD' },
      paymentsAuth: account === undefined ? {} : { account },
    }),
  );

describe('PaymentsAuthTestingModule.forRoot', () => {
  it('sends what each provider wants, made of fixed credentials, without a network', async () => {
    const { requests, answer } = echo();
    const providers = ['cashfin', 'kashier', 'pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;
    const { paymentsAuth } = await start(PaymentsAuthTestingModule.forRoot({ providers, answer }));
    for (const name of providers) await firstValueFrom(paymentsAuth.http(name).get('/a'));
    expect(requests.map(({ url, headers }) => [url, headers.get('authorization')])).toEqual([
      ['https://cashfin.invalid/a', 'test-cashfin-clientSecret'],
      ['https://api.kashier.invalid/a', 'test-kashier-secretKey'],
      ['https://pesapal.invalid/a', 'Bearer test-pesapal-token'],
      ['https://clickpesa.invalid/a', 'test-clickpesa-token'],
      ['https://wakapay.invalid/a', 'Bearer test-wakapay-token'],
      ['https://cryptofuse.invalid/a', 'Bearer test-cryptofuse-token'],
    ]);
  });

  it('knows every other built-in provider too', async () => {
    // Of these two, one parses its key, and the other sends a body with a GET.
    const { requests, answer } = echo();
    const providers = BUILT_IN_PROVIDERS.map(({ name }) => name).filter(
      (name) => name !== 'coinbase-cdp' && name !== 'iyzico',
    );
    const { paymentsAuth } = await start(PaymentsAuthTestingModule.forRoot({ providers, answer }));
    for (const name of providers) await firstValueFrom(paymentsAuth.http(name).get('/a'));
    expect(requests).toHaveLength(providers.length);
  });

  it('answers with what the test says: status, body and headers', async () => {
    const { app } = await start(
      PaymentsAuthTestingModule.forRoot({ providers: ['clickpesa'], answer: bookkeeping }),
    );
    const http = app.get<HttpService>(getPaymentsHttpToken('clickpesa'));
    expect(await firstValueFrom(http.get('/orders/1'))).toMatchObject({
      status: 200,
      data: { paid: true },
      headers: { 'x-seen': 'yes' },
      paymentsAuth: { attempts: 1, replayed: false },
    });
    const error = await failure(firstValueFrom(http.post('/orders', { id: 1 })));
    expect((error as unknown as AxiosError).response).toMatchObject({ status: 409, data: { message: 'no' } });
  });

  it('shows bodies, named hosts, accounts and scopes as they would have been sent', async () => {
    const { requests, answer } = echo();
    const { paymentsAuth } = await start(
      PaymentsAuthTestingModule.forRoot({
        providers: ['kashier', 'cryptofuse'],
        credentials: { kashier: { apiKey: 'test-payment-key' } },
        answer,
      }),
    );
    const kashier = paymentsAuth.http('kashier');
    const session = await firstValueFrom(kashier.post('/v3/payment/sessions', { amount: '10.00' }));
    expect(session.data.body).toBe('{"amount":"10.00"}');
    expect(requests[0]?.headers.get('api-key')).toBe('test-payment-key');
    const refund = await firstValueFrom(
      kashier.put('/orders/1', {}, { paymentsAuth: { host: 'fep', account: 'shop-1' } }),
    );
    expect(refund.data.url).toBe('https://fep.kashier.invalid/orders/1');
    expect(requests[1]?.headers.get('authorization')).toBe('test-kashier-shop-1-secretKey');
    await firstValueFrom(
      paymentsAuth.http('cryptofuse').get('/payments/', { paymentsAuth: { scopes: ['read'] } }),
    );
    expect(requests[2]?.headers.get('authorization')).toBe('Bearer test-cryptofuse-token');
  });

  it('takes the definition of an own provider', async () => {
    const { requests, answer } = echo();
    const { app } = await start(PaymentsAuthTestingModule.forRoot({ providers: [acme], answer }));
    await firstValueFrom(app.get<HttpService>(getPaymentsHttpToken('acme')).get('/a'));
    expect(requests[0]?.headers.get('x-acme')).toBe('test-acme-apiKey/test-acme-token');
    const credentials = app.get<CredentialService>(getCredentialsToken('acme'));
    expect(await credentials.headers()).toEqual({ 'X-Acme': 'test-acme-apiKey/test-acme-token' });
  });

  it('signs as the definition does, with the fixed credentials, in calls and for other clients', async () => {
    const { requests, answer } = echo();
    const signed = defineProvider<{ secret: string }, 'acme'>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: 'https://acme.test' },
      credentials: { secret: {} },
      sign: ({ credentials, method, path, body = '' }) => ({
        headers: { 'X-Sig': hmac('sha256', credentials.secret, `${method} ${path} ${String(body)}`) },
        query: { signed: 'yes' },
      }),
    });
    const { paymentsAuth } = await start(PaymentsAuthTestingModule.forRoot({ providers: [signed], answer }));
    await firstValueFrom(paymentsAuth.http('acme').post('/pay', { a: 1 }));
    const expected = hmac('sha256', 'test-acme-secret', 'POST /pay {"a":1}');
    expect(requests[0]?.headers.get('x-sig')).toBe(expected);
    expect(requests[0]?.url).toBe('https://acme.invalid/pay?signed=yes');
    const request = { method: 'POST', url: '/pay', body: '{"a":1}' };
    expect(await paymentsAuth.credentials('acme').authenticate(request)).toMatchObject({
      url: 'https://acme.invalid/pay?signed=yes',
      headers: { 'X-Sig': expected },
    });
  });

  it('names the request that has no answer', async () => {
    const { paymentsAuth } = await start(PaymentsAuthTestingModule.forRoot({ providers: ['wakapay'] }));
    const error = await failure(
      firstValueFrom(paymentsAuth.http('wakapay').get('/business/balance', { params: { currency: 'USD' } })),
    );
    expect(String(error)).toMatch(/no answer to GET \/business\/balance of "wakapay"/);
  });

  it.each([
    ['a mock that returns nothing', jest.fn(), 'nothing'],
    ['a promise of nothing', async () => undefined, 'nothing'],
    ['a plain object', () => ({ balance: '12.00' }), 'a plain object'],
    ["axios's own answer", () => ({ status: 200, data: {}, headers: {} }), 'a plain object'],
    ['null', () => null, 'null'],
    ['a text', () => 'ok', '"ok"'],
  ])('says what the function for answers has to return: %s', async (_what, answer, given) => {
    const { paymentsAuth } = await start(
      PaymentsAuthTestingModule.forRoot({ providers: ['wakapay'], answer: answer as never }),
    );
    const error = await failure(firstValueFrom(paymentsAuth.http('wakapay').get('/business/balance')));
    expect(String(error)).toContain(
      `answer gave ${given} for GET /business/balance of "wakapay". It has to return a Response: Response.json({ … }).`,
    );
  });

  it.each([
    [undefined, /needs a list of providers: forRoot\(\{ providers: \['wakapay'\] \}\)/],
    [{}, /needs a list of providers/],
    [{ providers: [] }, /needs a list of providers/],
    [{ providers: 'wakapay' }, /needs a list of providers/],
    [{ providers: { wakapay: {} } }, /needs a list of providers.*Put their values into `credentials`/],
    [{ providers: [null] }, /no built-in provider "null"/],
    [{ providers: [{}] }, /no built-in provider/],
    [{ providers: ['wakapay'], answer: {} }, /`answer`.*must be a function: answer: \(request\) =>/],
  ])('says what to write instead of %j', (options, words) => {
    expect(() => PaymentsAuthTestingModule.forRoot(options as never)).toThrow(words);
  });

  it('says what to write for a provider that a test uses and does not list', async () => {
    @Injectable()
    class Injected {
      constructor(
        @InjectPaymentsHttp('pesapal') readonly http: HttpService,
        @InjectCredentials('pesapal') readonly credentials: CredentialService,
      ) {}
    }
    const { app, paymentsAuth } = await start({
      module: class {},
      imports: [PaymentsAuthTestingModule.forRoot({ providers: ['wakapay', acme] })],
      providers: [Injected],
    });
    const { http, credentials } = app.get(Injected);
    for (const error of [
      await failure(Promise.resolve().then(() => paymentsAuth.http('pesapal'))),
      await failure(http.axiosRef.get('/a')),
      await failure(credentials.get()),
    ])
      expect(error).toMatchObject({
        code: 'PROVIDER_NOT_CONFIGURED',
        message:
          "Provider \"pesapal\" is not configured. Write PaymentsAuthTestingModule.forRoot({ providers: ['wakapay', 'acme', 'pesapal'] }), or a definition in the place of a name. Configured: wakapay, acme.",
      });
    expect(() => paymentsAuth.http('pesapl')).toThrow(/Did you mean "pesapal"\?/);
  });

  it('signs what the definition signs, with the fixed credentials, and names an unusable key', async () => {
    const { requests, answer } = echo();
    const { paymentsAuth } = await start(
      PaymentsAuthTestingModule.forRoot({ providers: ['rapyd', 'coinbase-cdp'], answer }),
    );
    const { data } = await paymentsAuth.http('rapyd').axiosRef.post('/v1/payments', { amount: 10 });
    const [{ headers }] = requests as [Request];
    const text = `post/v1/payments${headers.get('salt')}${headers.get('timestamp')}test-rapyd-accessKeytest-rapyd-secretKey${data.body}`;
    const signature = createHmac('sha256', 'test-rapyd-secretKey').update(text).digest('hex');
    expect(headers.get('signature')).toBe(Buffer.from(signature).toString('base64'));
    const error = await failure(paymentsAuth.http('coinbase-cdp').axiosRef.get('/a'));
    expect(error).toMatchObject({
      code: 'SIGNING_FAILED',
      message: expect.stringContaining("forRoot({ credentials: { 'coinbase-cdp': { … } } })"),
    });
  });

  it('checks destinations as in production, so that a credential goes to no other host', async () => {
    const { requests, answer } = echo();
    const { paymentsAuth } = await start(
      PaymentsAuthTestingModule.forRoot({ providers: ['wakapay'], answer }),
    );
    expect(
      await failure(firstValueFrom(paymentsAuth.http('wakapay').get('https://elsewhere.test/'))),
    ).toMatchObject({ code: 'INSECURE_DESTINATION' });
    expect(requests).toEqual([]);
  });

  it('names the built-in providers when one is misspelt', () => {
    expect(() => PaymentsAuthTestingModule.forRoot({ providers: ['pesapall' as 'pesapal'] })).toThrow(
      /no built-in provider "pesapall".*cashfin, kashier, pesapal/,
    );
  });
});

describe('PaymentsAuthTestingModule.withSandbox', () => {
  it.each([
    ['an empty object', {}, /needs a running sandbox: withSandbox\(await startSandbox\(\)\)/],
    ['nothing', undefined, /needs a running sandbox/],
    [
      'a sandbox that was not awaited',
      Promise.resolve({}),
      /Await it: withSandbox\(await startSandbox\(\)\)/,
    ],
  ])('says what to write instead of %s', (_what, given, words) => {
    expect(() => PaymentsAuthTestingModule.withSandbox(given as never)).toThrow(words);
  });

  it('says what to write for a provider that the sandbox does not run', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const { paymentsAuth } = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    expect(() => paymentsAuth.http('pesapal')).toThrow(
      /The sandbox does not run it: write startSandbox\(\{ providers: \['wakapay', 'pesapal'\] \}\)/,
    );
  });

  it('configures the module for every provider that runs', async () => {
    sandbox = await startSandbox();
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    for (const name of sandbox.names) {
      const { data } = await firstValueFrom(started.paymentsAuth.http(name).get('/sandbox/echo'));
      expect(data).toMatchObject({ account: 'own' });
    }
  });

  it('replaces a token that the test has revoked, and sends the call once more', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    const wakapay = sandbox.provider('wakapay');
    expect(wakapay.counts.tokenRequests).toBe(0);
    await balance(started);
    wakapay.revokeTokens();
    expect((await balance(started)).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    expect(wakapay.counts).toMatchObject({ tokenRequests: 2, refusals: 1 });
  });

  it('lets tokens end by a clock that the module and the sandbox share', async () => {
    const clock = new ManualClock();
    sandbox = await startSandbox({ providers: ['wakapay'], clock });
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox, { clock }));
    await balance(started);
    await clock.advance(HOUR_MS);
    expect((await balance(started)).paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(sandbox.provider('wakapay').counts).toMatchObject({ tokenRequests: 2, refusals: 0 });
  });

  it('knows the merchants of the sandbox, and no others', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    sandbox.provider('wakapay').addAccount('shop-1');
    await balance(started, 'shop-1');
    expect(await failure(balance(started, 'shop-2'))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
  });

  it('finds a key that the test has rotated, whether or not the old key is still accepted', async () => {
    sandbox = await startSandbox({ providers: ['kashier', 'wakapay'] });
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    for (const name of sandbox.names) {
      await firstValueFrom(started.paymentsAuth.http(name).get('/sandbox/echo'));
      sandbox.provider(name).rotate({ oldWorksForMs: 0 });
      sandbox.provider(name).revokeTokens();
      const { paymentsAuth } = await firstValueFrom(started.paymentsAuth.http(name).get('/sandbox/echo'));
      expect(paymentsAuth?.replayed).toBe(true);
    }
  });

  it('shows a payment that was made and then refused, which only its idempotency key protects', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const started = await start(PaymentsAuthTestingModule.withSandbox(sandbox));
    const wakapay = sandbox.provider('wakapay');
    wakapay.misbehave({ fault: 'execute-then-refuse', times: 1 });
    const payment = { amount: '10.00', currency: 'USD', idempotencyKey: 'order-1' };
    await firstValueFrom(started.paymentsAuth.http('wakapay').post('/business/payments', payment));
    expect(wakapay.executions.get('order-1')).toBe(2);
  });

  it('takes further options, and providers besides those of the sandbox', async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const { app, paymentsAuth } = await start(
      PaymentsAuthTestingModule.withSandbox(sandbox, {
        providers: {
          wakapay: { replay: 'never' },
          acme: { provider: acme, environment: 'test', credentials: { apiKey: 'test-key' } },
        },
      }),
    );
    const wakapay = sandbox.provider('wakapay');
    await firstValueFrom(paymentsAuth.http('wakapay').get('/sandbox/echo'));
    wakapay.revokeTokens();
    const error = await failure(firstValueFrom(paymentsAuth.http('wakapay').get('/sandbox/echo')));
    expect((error as unknown as AxiosError).response?.status).toBe(401);
    expect(app.get(PaymentsAuthService).credentials('acme').status().state).not.toBe('rejected');
  });
});

describe('FakeCredentialService', () => {
  it('replaces the service that @InjectCredentials injects', async () => {
    const fake = new FakeCredentialService({ provider: 'pesapal', token: 'test-token' });
    const module = await Test.createTestingModule({
      imports: [PaymentsAuthTestingModule.forRoot({ providers: ['pesapal'] })],
    })
      .overrideProvider(getCredentialsToken('pesapal'))
      .useValue(fake)
      .compile();
    const credentials = module.get<CredentialService>(getCredentialsToken('pesapal'));
    expect(await credentials.headers()).toEqual({ Authorization: 'Bearer test-token' });
    expect(fake.calls.headers).toBe(1);
    await module.close();
  });
});
