import { Agent, type AgentOptions, createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Post } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { AxiosRequestConfig } from 'axios';
import {
  confirmPaypalWebhook,
  type PaymentsAuthEvent,
  PaymentsSignaturesService,
  VerifiedDelivery,
  VerifiedWebhook,
  type WebhookDelivery,
} from 'nestjs-payments-auth';
import {
  type CatalogueName,
  type ProviderSettings,
  type SandboxProvider,
  startSandbox,
} from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { json, startLoopbackServer } from './support/loopback-server.js';
import { outsideOfTest } from './support/sandbox-bed.js';
import { outcomeOf, outwaited } from './support/waiting.js';
import { closeWebhookApplications, sendTo, startWebhooks } from './support/webhook-application.js';

// Tests what is special about one provider of the catalogue, over real HTTP. `catalogue.e2e-spec.ts` tests what is true of
// all of them.

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

interface Bed {
  readonly provider: SandboxProvider;
  readonly application: TestApplication;
  readonly clock: ManualClock;
  readonly events: PaymentsAuthEvent[];
  send(this: void, config: AxiosRequestConfig): Promise<unknown>;
  outwait<T>(this: void, promise: Promise<T>): Promise<T>;
}

/** An application with one provider of the sandbox, which is configured by its variables alone. */
async function startBed(
  name: CatalogueName,
  settings: Partial<ProviderSettings> = {},
  options: object = {},
): Promise<Bed> {
  const clock = new ManualClock();
  const sandbox = await startSandbox({
    providers: [name],
    seed: `particulars of ${name}`,
    clock,
    settings: { [name]: settings },
  });
  ends.push(() => sandbox.close());
  const provider = sandbox.provider(name) as unknown as SandboxProvider;
  const application = await startApplication(
    { providers: { [name]: { keepWarm: 'when-used', ...options } } },
    { clock, variables: provider.environment },
  );
  ends.push(() => application.close());
  const events: PaymentsAuthEvent[] = [];
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  const http = application.paymentsAuth.http(name);
  return {
    provider,
    application,
    clock,
    events,
    send: (config) => outsideOfTest(() => firstValueFrom(http.request(config))),
    outwait: (promise) => outwaited(clock, promise),
  };
}

/** A server that records the bytes of a request as they arrive, and answers `{}`. */
async function startByteServer(): Promise<{ readonly url: string; readonly bytes: () => string }> {
  const chunks: Buffer[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (!Buffer.concat(chunks).includes('\r\n\r\n')) return;
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => Buffer.concat(chunks).toString('latin1'),
  };
}

/** Stands for every live host, on this machine: each connection arrives here. */
async function startInternet(): Promise<{ readonly agent: Agent; readonly asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const { key, cert } = createCertificate();
  const server = createHttpsServer({ key, cert }, (request, response) => {
    asked.push(request);
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(
      request.url?.endsWith('/connect/token') === true
        ? JSON.stringify({
            access_token: `token of ${request.headers.host}`,
            token_type: 'Bearer',
            expires_in: 3600,
          })
        : '{}',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  class ToThisMachine extends Agent {
    override createConnection(options: AgentOptions & { readonly host?: string }) {
      return connect({
        ...(options as object),
        host: '127.0.0.1',
        port,
        servername: options.host ?? '',
        // The server shows the certificate of a test, and not that of the host that is called.
        ca: cert,
        checkServerIdentity: () => undefined,
      });
    }
  }
  const agent = new ToThisMachine();
  ends.push(async () => agent.destroy());
  return { agent, asked };
}

const said = (asked: readonly IncomingMessage[], header: string) =>
  asked.map(({ url, headers }) => `${headers.host}${url} ${String(headers[header])}`).toSorted();

describe('the credential on the wire', () => {
  it.each([
    ['stripe', { secretKey: 'sk_test_invented' }, 'Authorization: Basic c2tfdGVzdF9pbnZlbnRlZDo='],
    [
      'xendit',
      { secretKey: 'xnd_development_invented' },
      'Authorization: Basic eG5kX2RldmVsb3BtZW50X2ludmVudGVkOg==',
    ],
    [
      'razorpay',
      { keyId: 'rzp_test_invented', keySecret: 'A$b"c' },
      'Authorization: Basic cnpwX3Rlc3RfaW52ZW50ZWQ6QSRiImM=',
    ],
    ['klarna', { apiKey: 'klarna_test_api_invented' }, 'Authorization: Basic klarna_test_api_invented'],
    ['checkout', { secretKey: 'sk_sbox_invented', prefix: 'abcdef12' }, 'Authorization: sk_sbox_invented'],
    ['paymob', { secretKey: 'egy_sk_test_invented' }, 'Authorization: Token egy_sk_test_invented'],
    ['adyen', { apiKey: 'AQEinvented' }, 'X-API-Key: AQEinvented'],
  ] as const)('of %s has these very bytes', async (name, credentials, line) => {
    const server = await startByteServer();
    const application = await startApplication({
      providers: { [name]: { baseUrl: server.url, credentials } },
    });
    ends.push(() => application.close());
    await firstValueFrom(application.paymentsAuth.http(name).get('/v1/anything'));
    expect(server.bytes().split('\r\n')).toContain(line);
  });
});

/** The delivery that a handler gets of a message. */
const deliveryOf = (headers: object, body: string) => ({
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  ),
  rawBody: Buffer.from(body),
});

const order = (at: number): AxiosRequestConfig => ({
  method: 'POST',
  url: '/v2/checkout/orders',
  headers: { 'PayPal-Request-Id': `order-${at}` },
  data: { invoice_id: `order-${at}`, amount: 100 },
});

describe('paypal', () => {
  it('fails no call while its servers do not know a new token for a second', async () => {
    const bed = await startBed('paypal', { tokensRefusedForMs: 1_000, tokenLifetimeMs: 60_000 });
    const outcomes: unknown[] = await bed.outwait(
      Promise.all(Array.from({ length: 20 }, (_, at) => outcomeOf(bed.send(order(at))))),
    );
    // The time includes a renewal of the token, which brings another young token.
    for (let at = 20; at < 120; at += 1) {
      outcomes.push(await bed.outwait(outcomeOf(bed.send(order(at)))));
      await bed.clock.advance(1_000);
    }
    expect(outcomes.filter((outcome) => outcome instanceof Error)).toEqual([]);
    expect(bed.provider.counts).toMatchObject({ executedTwice: 0, executions: 120 });
    // There is one login for each life of a token.
    expect(bed.provider.counts.tokenRequests).toBeLessThanOrEqual(4);
  });

  it('confirms its own webhook, from the bytes that arrived', async () => {
    const { application, provider, outwait } = await startBed('paypal');
    const http = application.paymentsAuth.http('paypal');
    const { webhookId = '' } = provider.credentials;
    const { body = '', ...message } = provider.webhook();
    const delivery = deliveryOf(message.headers, body);
    const confirmed = async (given: typeof delivery, id = webhookId) =>
      outwait(confirmPaypalWebhook(http, given, id));

    expect(await confirmed(delivery)).toBe(true);
    expect(provider.requests.at(-1)?.body).toContain(`"webhook_event":${body}}`);
    expect(await confirmed(delivery, 'WH-of-another')).toBe(false);
    expect(await confirmed({ ...delivery, rawBody: Buffer.from(body.replace('100.00', '900.00')) })).toBe(
      false,
    );

    const { calls } = provider.counts;
    // PayPal is not asked about these two: a body that could be read as more than the event, and an unsigned one.
    expect(await confirmed({ ...delivery, rawBody: Buffer.from(`${body},"webhook_id":"WH-1"`) })).toBe(false);
    expect(await confirmed({ ...delivery, headers: {} })).toBe(false);
    expect(provider.counts.calls).toBe(calls);
  });

  it('leaves a webhook undecided when it cannot be asked', async () => {
    const { application, provider, outwait } = await startBed('paypal');
    provider.misbehave({ fault: 'server-error', on: 'call' });
    const { body = '', headers } = provider.webhook();
    const asked = confirmPaypalWebhook(
      application.paymentsAuth.http('paypal'),
      deliveryOf(headers, body),
      'WH-1',
    );
    await expect(outwait(asked)).rejects.toMatchObject({ response: { status: 503 } });
  });
});

const liveKeys = (account: string) => ({ apiKey: `key-of-${account}`, liveUrlPrefix: `0123-${account}` });

describe('hosts', () => {
  it('of Adyen are different for each merchant in live, at the same time', async () => {
    const { agent, asked } = await startInternet();
    const application = await startApplication({
      providers: { adyen: { environment: 'live', accounts: liveKeys, http: { httpsAgent: agent } } },
    });
    ends.push(() => application.close());
    await Promise.all(
      ['one', 'two', 'one', 'two'].flatMap((account) => {
        const http = application.paymentsAuth.http('adyen', account);
        return [
          firstValueFrom(http.post('/v71/payments', {})),
          firstValueFrom(http.post('/Payment/v68/capture', {}, { paymentsAuth: { host: 'pal' } })),
        ];
      }),
    );
    expect([...new Set(said(asked, 'x-api-key'))]).toEqual([
      '0123-one-checkout-live.adyenpayments.com/checkout/v71/payments key-of-one',
      '0123-one-pal-live.adyenpayments.com/pal/servlet/Payment/v68/capture key-of-one',
      '0123-two-checkout-live.adyenpayments.com/checkout/v71/payments key-of-two',
      '0123-two-pal-live.adyenpayments.com/pal/servlet/Payment/v68/capture key-of-two',
    ]);
    expect(asked).toHaveLength(8);
    await expect(
      firstValueFrom(
        application.paymentsAuth
          .http('adyen', 'one')
          .get('https://0123-two-checkout-live.adyenpayments.com/checkout/v71/payments'),
      ),
    ).rejects.toMatchObject({ code: 'INSECURE_DESTINATION' });
  });

  it('of Checkout.com are different for each merchant, for keys and for logins', async () => {
    const { agent, asked } = await startInternet();
    const application = await startApplication({
      providers: {
        checkout: {
          environment: 'live',
          accounts: (account) => ({ secretKey: `sk_${account}`, prefix: `prefix${account}` }),
          http: { httpsAgent: agent },
        },
        'checkout-oauth': {
          environment: 'sandbox',
          accounts: (account) => ({
            clientId: `ack_${account}`,
            clientSecret: 'invented',
            prefix: `prefix${account}`,
          }),
          http: { httpsAgent: agent },
        },
      },
    });
    ends.push(() => application.close());
    await Promise.all(
      ['one', 'two'].flatMap((account) => [
        firstValueFrom(application.paymentsAuth.http('checkout', account).post('/payments', {})),
        firstValueFrom(application.paymentsAuth.http('checkout-oauth', account).post('/payments', {})),
      ]),
    );
    expect(said(asked, 'authorization')).toEqual([
      'prefixone.access.sandbox.checkout.com/connect/token Basic YWNrX29uZTppbnZlbnRlZA==',
      'prefixone.api.checkout.com/payments sk_one',
      'prefixone.api.sandbox.checkout.com/payments Bearer token of prefixone.access.sandbox.checkout.com',
      'prefixtwo.access.sandbox.checkout.com/connect/token Basic YWNrX3R3bzppbnZlbnRlZA==',
      'prefixtwo.api.checkout.com/payments sk_two',
      'prefixtwo.api.sandbox.checkout.com/payments Bearer token of prefixtwo.access.sandbox.checkout.com',
    ]);
  });

  it('of Klarna are one for each region, and a request names those besides Europe', async () => {
    const { send, outwait, provider } = await startBed('klarna');
    for (const host of [undefined, 'na', 'oc'])
      await outwait(
        send({
          url: '/ordermanagement/v1/orders/sandbox',
          ...(host !== undefined && { paymentsAuth: { host } }),
        }),
      );
    expect(provider.requests.map(({ host, status }) => [host, status])).toEqual([
      ['eu', 200],
      ['na', 200],
      ['oc', 200],
    ]);
  });
});

const iso = (ms: number) => new Date(ms).toISOString();

describe('lifetimes', () => {
  /** No definition documents ten minutes. So the lifetime in a test comes from the answer. */
  const LIFETIME_MS = 600_000;
  const TOKEN = 'opaque-token-not-real';

  it.each([
    [
      'phonepe',
      'a point in time, in seconds of the epoch',
      (endMs: number) => ({
        access_token: TOKEN,
        expires_in: null,
        expires_at: Math.round(endMs / 1_000),
        token_type: 'O-Bearer',
      }),
    ],
    [
      'vipps-mobilepay',
      'seconds as a text',
      () => ({ access_token: TOKEN, expires_in: '600', token_type: 'Bearer' }),
    ],
    [
      'airwallex',
      'a date whose offset has no colon',
      (endMs: number) => ({ token: TOKEN, expires_at: iso(endMs).replace(/\.\d+Z$/, '+0000') }),
    ],
    [
      'airtel-money',
      'seconds as a text',
      () => ({ access_token: TOKEN, expires_in: '600', token_type: 'bearer' }),
    ],
    ['daraja', 'seconds as a text', () => ({ access_token: TOKEN, expires_in: '600' })],
    ['daraja', 'seconds as a number', () => ({ access_token: TOKEN, expires_in: 600 })],
    ['orange-money', 'seconds as a text', () => ({ access_token: TOKEN, expires_in: '600' })],
    ['orange-money', 'seconds as a number', () => ({ access_token: TOKEN, expires_in: 600 })],
    ['peach-payments', 'seconds as a text', () => ({ access_token: TOKEN, expires_in: '600' })],
    ['peach-payments', 'seconds as a number', () => ({ access_token: TOKEN, expires_in: 600 })],
    [
      'momo-collection',
      'whatever the type of the token is called',
      () => ({ access_token: TOKEN, expires_in: 600, token_type: 'access_token' }),
    ],
    [
      'azampay',
      'a date',
      (endMs: number) => ({ success: true, data: { accessToken: TOKEN, expire: iso(endMs) } }),
    ],
    [
      'nomba',
      'a date',
      (endMs: number) => ({ code: '00', data: { access_token: TOKEN, expiresAt: iso(endMs) } }),
    ],
  ] as const)('of %s are read: %s', async (name, _what, answerOf) => {
    const server = await startLoopbackServer((_request, response) =>
      json(response, 200, answerOf(Date.now() + LIFETIME_MS)),
    );
    ends.push(() => server.close());
    const sandbox = await startSandbox({ providers: [name], seed: `lifetime of ${name}` });
    ends.push(() => sandbox.close());
    const { environment, baseUrls } = sandbox.provider(name) as unknown as SandboxProvider;
    const baseUrl = Object.fromEntries(Object.keys(baseUrls).map((host) => [host, server.url]));
    const variables = Object.fromEntries(
      Object.entries(environment).filter(([variable]) => !/URL|URI/.test(variable)),
    );
    const { paymentsAuth, close } = await startApplication(
      { providers: { [name]: { keepWarm: 'when-used', baseUrl } } },
      { variables },
    );
    ends.push(close);
    const { expiresAtMs = 0 } = await paymentsAuth.credentials(name).get();
    expect(Math.abs(expiresAtMs - Date.now() - LIFETIME_MS)).toBeLessThan(60_000);
  });
});

describe('airtel-money', () => {
  it('sends the configured country and currency, and those of a request in their place', async () => {
    const { send, outwait, provider } = await startBed('airtel-money');
    const url = '/standard/v1/users/balance';
    await outwait(send({ url }));
    await outwait(send({ url, headers: { 'X-Country': 'KE', 'x-currency': 'KES' } }));
    const sent = provider.requests
      .filter(({ kind }) => kind === 'call')
      .map(({ headers }) => [headers['x-country'], headers['x-currency'], headers.accept]);
    expect(sent).toEqual([
      ['ZM', 'ZMW', '*/*'],
      ['KE', 'KES', '*/*'],
    ]);
  });
});

describe('mtn momo', () => {
  const NAMES = ['momo-collection', 'momo-disbursement', 'momo-remittance'] as const;

  it('has a login and keys for each product, side by side', async () => {
    const sandbox = await startSandbox({ providers: NAMES, seed: 'momo' });
    ends.push(() => sandbox.close());
    const application = await startApplication(
      { fromEnvironment: NAMES },
      { variables: Object.assign({}, ...NAMES.map((name) => sandbox.provider(name).environment)) },
    );
    ends.push(() => application.close());
    for (const name of NAMES) {
      const path = name.replace('momo-', '');
      await firstValueFrom(application.paymentsAuth.http(name).get(`/${path}/v1_0/account/balance`));
      const provider = sandbox.provider(name) as unknown as SandboxProvider;
      expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 1, refusals: 0 });
      expect(provider.requests.at(-1)?.headers).toMatchObject({
        'ocp-apim-subscription-key': provider.credentials['subscriptionKey'],
        'x-target-environment': 'sandbox',
      });
    }
  });

  it("keeps the application's X-Reference-Id when a payment is sent again", async () => {
    const { send, outwait, provider, clock } = await startBed('momo-collection');
    const pay = (reference: string) =>
      send({
        method: 'POST',
        url: '/collection/v1_0/requesttopay',
        headers: { 'X-Reference-Id': reference },
        data: { externalId: reference, amount: '100' },
      });
    await outwait(pay('00000000-0000-4000-8000-000000000001'));
    await clock.advance(5_000);
    provider.revokeTokens();
    const again = '00000000-0000-4000-8000-000000000002';
    await expect(outwait(pay(again))).resolves.toMatchObject({ paymentsAuth: { attempts: 2 } });
    const references = provider.requests
      .filter(({ kind }) => kind === 'call')
      .map(({ headers }) => headers['x-reference-id']);
    expect(references.slice(-2)).toEqual([again, again]);
    expect(provider.executions.get(again)).toBe(1);
  });
});

describe('kopokopo', () => {
  it('is given a token back with JSON', async () => {
    const { application, outwait, provider } = await startBed('kopokopo');
    const credentials = application.paymentsAuth.credentials('kopokopo');
    await outwait(credentials.get());
    await outwait(credentials.revoke());
    expect(provider.counts).toMatchObject({ revocations: 1 });
    expect(provider.tokens.map(({ state }) => state)).toEqual(['revoked']);
  });
});

describe('pawapay', () => {
  it('refuses a callback that has expired, by the time that the callback says', async () => {
    const { provider, application, clock } = await startBed('pawapay');
    const signatures = application.app.get(PaymentsSignaturesService);
    const url = 'https://shop.example/hook';
    const { headers, body = '' } = provider.webhook({ url, scheme: 'signature' });
    expect(headers).toMatchObject({ 'signature-input': expect.stringMatching(/;created=\d+;expires=\d+;/) });
    const schemeNow = async () => {
      const rawBody = Buffer.from(body);
      const length = { 'content-length': String(rawBody.byteLength) };
      const message = { url, method: 'POST', headers: { ...headers, ...length } as Record<string, string> };
      const delivery = await signatures.verifyWebhook('pawapay', { ...message, rawBody });
      return delivery?.scheme;
    };
    // The callback expires after a minute, and clocks may differ by another minute.
    await clock.advance(119_000);
    expect(await schemeNow()).toBe('signature');
    await clock.advance(2_000);
    expect(await schemeNow()).toBeUndefined();
  });
});

describe('nomba', () => {
  it('renews five minutes ahead, as its documents say, where the application says so', async () => {
    const { provider, clock, send, outwait } = await startBed('nomba', {}, { refreshBeforeMs: 300_000 });
    await outwait(send({ url: '/v1/accounts/balance' }));
    await clock.advance(24.5 * 60_000);
    await outwait(send({ url: '/v1/accounts/balance' }));
    expect(provider.counts.tokenRequests).toBe(1);
    await clock.advance(60_000);
    await outwait(send({ url: '/v1/accounts/balance' }));
    await outwait(send({ url: '/v1/accounts/balance' }));
    expect(provider.counts).toMatchObject({ tokenRequests: 2, refusals: 0 });
  });
});

describe('square', () => {
  @Controller()
  class Hooks {
    @Post('hook')
    @VerifiedWebhook('square', { url: 'https://shop.example/hook' })
    hook(@VerifiedDelivery() { payload }: WebhookDelivery) {
      return payload;
    }
  }

  it('signs the URL that the application is configured with, wherever the message arrives', async () => {
    const sandbox = await startSandbox({ providers: ['square'], seed: 'square' });
    ends.push(() => sandbox.close());
    const provider = sandbox.provider('square') as unknown as SandboxProvider;
    const { port } = await startWebhooks(new ExpressAdapter(), [Hooks], {
      providers: { square: { baseUrl: provider.baseUrl, credentials: provider.credentials } },
    });
    ends.push(closeWebhookApplications);
    const sent = async (url: string) => {
      const { headers, body = '' } = provider.webhook({ url });
      return (await sendTo(port, '/hook', body, headers as Record<string, string>)).status;
    };
    expect(await sent('https://shop.example/hook')).toBe(201);
    // The host and path at which the message arrives are not those that Square was told.
    expect(await sent(`http://127.0.0.1:${port}/hook`)).toBe(401);
  });
});

describe('wise', () => {
  // Samples that the sandbox of Wise has signed. No key of this repository can make them.
  const BODY =
    '{"data":{"resource":{"id":49983981,"profile_id":16055450,"account_id":14124090,"type":"transfer"},"current_state":"incoming_payment_waiting","previous_state":null,"occurred_at":"2021-08-23T10:12:50Z"},"subscription_id":"90aa8e14-4ef1-4a56-861c-f3c9cde097ea","event_type":"transfers#state-change","schema_version":"2.0.0","sent_at":"2021-08-23T10:12:50Z"}';
  const SIGNATURE =
    'wKcKCYXAzxNgiu7xmoDm943NUni7Rz33QN8JkEA9dWSGebgndonabgSj18Y4C08OrwVmueGsED2s00M7DtJVcYKOS1i3G4TMVx+mgM3aL9djMBkQtiYNBFUd6wrPI7ZUNHv/TrlKSjTMc+6JFvUvJ7owY3z85e3I4jLRLJowMFvO8kvCJ60+1pY9wDwZvtZ//WS93LrwGjk9Dvwzpmu0w+P4J75tETT5qC3Uv0y5G2yO8SEoO3yNP/tg/BOli02niHb53vEOUWUb9bly6thnfMoXoiV/osoGxgF20R58RlvkAmezyyl1Sv542TfS2DpiwVnmjjjkCyXeSUcKookYLQ==';

  it.each([
    ['wise', 'sandbox', { apiToken: 'invented' }, true],
    ['wise', 'live', { apiToken: 'invented' }, false],
    ['wise-oauth', 'sandbox', { clientId: 'invented', clientSecret: 'invented' }, true],
    ['wise-oauth', 'live', { clientId: 'invented', clientSecret: 'invented' }, false],
  ] as const)(
    'accepts a message of the sandbox by the key of the environment: %s in %s',
    async (...given) => {
      const [name, environment, credentials, isGenuine] = given;
      const application = await startApplication({
        providers: { [name]: { environment, credentials, keepWarm: 'when-used' } },
      });
      ends.push(() => application.close());
      const signatures = application.app.get(PaymentsSignaturesService);
      const verified = async (rawBody: string) =>
        signatures.verifyWebhook(name, {
          headers: { 'x-signature-sha256': SIGNATURE },
          rawBody: Buffer.from(rawBody),
        });
      const delivery = await verified(BODY);
      expect(delivery?.scheme).toBe(isGenuine ? 'published' : undefined);
      expect(delivery?.proves).toBe(isGenuine ? 'payload' : undefined);
      expect(await verified(BODY.replace('49983981', '49983982'))).toBeUndefined();
    },
  );
});

/** The key of each request, with its method. */
const keysSent = (provider: SandboxProvider) =>
  provider.requests.map(({ method, headers }) => [method, headers['x-api-key']]);

describe('a 401 that can also mean that there is no such path', () => {
  it('does not count against the key of Adyen, and no payment is sent again', async () => {
    const { send, outwait, provider, application } = await startBed('adyen');
    const { apiKey } = provider.credentials;
    for (let at = 0; at < 5; at += 1)
      await expect(
        outwait(send({ method: 'POST', url: '/v71/no-such-thing', data: {} })),
      ).rejects.toMatchObject({ response: { status: 401, paymentsAuth: { attempts: 1 } } });
    await outwait(send({ method: 'POST', url: '/v71/payments', data: { reference: 'one' } }));
    expect(keysSent(provider)).toEqual(Array.from({ length: 6 }, () => ['POST', apiKey]));
    expect(application.paymentsAuth.status()).toMatchObject([{ state: 'fresh' }]);
  });

  it('leaves the newest key of Adyen in use for the next calls', async () => {
    const clock = new ManualClock();
    const sandbox = await startSandbox({ providers: ['adyen'], seed: 'two keys of adyen', clock });
    ends.push(() => sandbox.close());
    const provider = sandbox.provider('adyen') as unknown as SandboxProvider;
    const { apiKey } = provider.credentials;
    const application = await startApplication(
      {
        providers: {
          adyen: {
            baseUrl: provider.baseUrls,
            credentials: [{ apiKey: String(apiKey) }, { apiKey: 'AQEanother' }],
          },
        },
      },
      { clock },
    );
    ends.push(() => application.close());
    const http = application.paymentsAuth.http('adyen');
    const send = (config: AxiosRequestConfig) => outsideOfTest(() => firstValueFrom(http.request(config)));
    await outwaited(clock, send({ method: 'POST', url: '/v71/payments', data: { reference: 'one' } }));
    await expect(outwaited(clock, send({ url: '/no/such/path' }))).rejects.toMatchObject({
      response: { status: 401 },
    });
    await outwaited(clock, send({ method: 'POST', url: '/v71/payments', data: { reference: 'two' } }));
    // Every call carries the newest key. The refused call only reads, so it was sent once more with the other key.
    expect(keysSent(provider)).toEqual([
      ['POST', apiKey],
      ['GET', apiKey],
      ['GET', 'AQEanother'],
      ['POST', apiKey],
    ]);
  });
});
