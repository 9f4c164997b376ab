import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Global,
  type INestApplication,
  type LoggerService,
  Module,
  type NestApplicationOptions,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import { hmacWebhook } from '../providers/webhooks/signature-webhooks.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { configuredProvider } from '../../../../test/support/configured-provider.js';
import { changing, fixed } from '../../../../test/support/credential-bed.js';
import { credentialsInForce } from '../../../../test/support/credentials-in-force.js';
import { ManualClock } from '../testing/manual-clock.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { PaymentsWebhookGuard } from './payments-webhook.guard.js';
import { SIGNATURE_EXPORTS, signatureProviders } from './signature.providers.js';
import { VerifiedDelivery, VerifiedWebhook } from './verified-webhook.decorator.js';
import type { KashierWebhookPayload, PesaPalNotification, WebhookDelivery } from './webhook-delivery.js';

const SECRET = 'test-secret-not-real-webhook';
const OLD_SECRET = 'test-secret-not-real-old';
const PLATFORMS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter({ bodyLimit: 20 * 1024 * 1024 })],
] as const;

/** A provider as the module resolves it. */
function configured(
  name: string,
  own: readonly Credentials[] | (() => readonly Credentials[] | Promise<readonly Credentials[]>),
  more: Partial<ConfiguredProvider> = {},
): ConfiguredProvider {
  const definition = (BUILT_IN_PROVIDERS as readonly ProviderDefinition[]).find((each) => each.name === name);
  if (definition === undefined) throw new Error(`no such provider: ${name}`);
  return configuredProvider({
    name,
    definition,
    own: typeof own === 'function' ? changing(own) : fixed(() => own),
    ...more,
  });
}

const EVERY_PROVIDER = [
  configured('cashfin', [{ webhookSecret: SECRET }, { webhookSecret: OLD_SECRET }]),
  configured('kashier', [{ apiKey: SECRET }], {
    accounts: fixed((account) =>
      account === 'acme' ? [{ apiKey: 'test-secret-not-real-acme' }] : undefined,
    ),
  }),
  configured('clickpesa', [{ checksumKey: SECRET }]),
  configured('wakapay', [{ apiKey: 'key1', apiSecret: 'secret1' }]),
  configured('pesapal', [{}]),
];

function signaturesModule(providers: readonly ConfiguredProvider[], clock: ManualClock): Type {
  @Global()
  @Module({
    providers: [
      { provide: 'PROVIDERS', useFactory: () => providers },
      { provide: 'CLOCK', useFactory: () => clock },
      { provide: 'EVENTS', useFactory: () => ({ emit: () => {} }) },
      {
        provide: 'CREDENTIALS',
        useFactory: () => ({ credentialsInForce: credentialsInForce(providers, clock) }),
      },
      ...signatureProviders({
        configuredProviders: 'PROVIDERS',
        credentials: 'CREDENTIALS',
        clock: 'CLOCK',
        events: 'EVENTS',
        http: 'NOBODY',
      }),
    ],
    exports: SIGNATURE_EXPORTS,
  })
  class SignaturesModule {}
  return SignaturesModule;
}

/** Records what Nest would print. */
class Log implements LoggerService {
  readonly lines: string[] = [];
  log(): void {}
  warn(line: unknown): void {
    this.lines.push(String(line));
  }
  error(line: unknown): void {
    this.lines.push(String(line));
  }
}

let opened: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(opened.map((app) => app.close()));
  opened = [];
});

interface Started {
  readonly port: number;
  readonly log: Log;
  readonly clock: ManualClock;
}

async function start(
  adapter: ExpressAdapter | FastifyAdapter,
  controllers: Type[],
  providers: readonly ConfiguredProvider[] = EVERY_PROVIDER,
  options: NestApplicationOptions = { rawBody: true },
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<Started> {
  const clock = new ManualClock();
  const log = new Log();
  @Module({ imports: [signaturesModule(providers, clock)], controllers })
  class AppModule {}
  const app = await NestFactory.create(AppModule, adapter, { ...options, logger: log, abortOnError: false });
  opened.push(app);
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return { port: (app.getHttpServer().address() as AddressInfo).port, log, clock };
}

/** The same with a testing module, in which the HTTP adapter is made after the providers. */
async function initTesting(adapter: ExpressAdapter | FastifyAdapter, options: NestApplicationOptions) {
  const testing = await Test.createTestingModule({
    imports: [signaturesModule(EVERY_PROVIDER, new ManualClock())],
    controllers: [WebhookController],
  }).compile();
  const app = testing.createNestApplication(adapter as ExpressAdapter, { ...options, logger: new Log() });
  opened.push(app);
  return app.init();
}

interface Answer {
  readonly status: number;
  readonly body: any;
}

function send(
  port: number,
  path: string,
  body: string | Buffer,
  headers: Record<string, string | string[]> = {},
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', path, method, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function hmac(message: string | Buffer, key = SECRET): string {
  return createHmac('sha256', key).update(message).digest('hex');
}

function kashierBody(status = 'SUCCESS', key = SECRET): { body: string; signature: string } {
  const signed = `amount=100&currency=EGP&merchantOrderId=O-1&status=${status}`;
  const data = { amount: 100, currency: 'EGP', merchantOrderId: 'O-1', status, method: 'card' };
  const signatureKeys = ['amount', 'currency', 'merchantOrderId', 'status'];
  return {
    body: JSON.stringify({ event: 'pay', data: { ...data, signatureKeys } }),
    signature: hmac(signed, key),
  };
}

@Controller('webhooks')
class WebhookController {
  static handled: WebhookDelivery[] = [];

  @Post('kashier')
  @VerifiedWebhook('kashier')
  kashier(@VerifiedDelivery() delivery: WebhookDelivery<KashierWebhookPayload>) {
    WebhookController.handled.push(delivery);
    return delivery;
  }

  @Post('merchants/:merchant/kashier')
  @VerifiedWebhook('kashier', { account: ({ params }) => params['merchant'] })
  merchant(@VerifiedDelivery() delivery: WebhookDelivery<KashierWebhookPayload>) {
    return delivery;
  }

  @Post('cashfin')
  @UseGuards(PaymentsWebhookGuard)
  @VerifiedWebhook('cashfin')
  cashfin(@VerifiedDelivery() delivery: WebhookDelivery) {
    WebhookController.handled.push(delivery);
    return delivery;
  }

  @Post('small')
  @VerifiedWebhook('cashfin', { maxBytes: 16 })
  small() {
    return 'never';
  }

  @Post('clickpesa')
  @VerifiedWebhook('clickpesa')
  clickpesa(@VerifiedDelivery() delivery: WebhookDelivery) {
    return delivery;
  }

  @Post('wakapay')
  @VerifiedWebhook('wakapay', { proof: 'sender' })
  wakapay(@VerifiedDelivery() delivery: WebhookDelivery) {
    return delivery;
  }

  @Post('unguarded')
  unguarded(@VerifiedDelivery() delivery: WebhookDelivery) {
    return delivery;
  }

  @Post('unnamed')
  @UseGuards(PaymentsWebhookGuard)
  unnamed() {
    return 'never';
  }
}

@Controller('webhooks')
class CashfinController {
  @Post('cashfin')
  @VerifiedWebhook('cashfin')
  handle() {
    return {};
  }
}

@Controller('ipn')
@VerifiedWebhook('pesapal', { proof: 'nothing' })
class IpnController {
  @Get()
  got(@VerifiedDelivery() delivery: WebhookDelivery<PesaPalNotification>) {
    return delivery;
  }

  @Post()
  posted(@VerifiedDelivery() delivery: WebhookDelivery<PesaPalNotification>) {
    return delivery;
  }
}

describe.each(PLATFORMS)('PaymentsWebhookGuard on %s', (_platform, adapter) => {
  const unauthorized = { status: 401, body: { message: 'Unauthorized', statusCode: 401 } };

  it('gives the handler what was signed, with an id and with what that proves', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const { body, signature } = kashierBody();
    const answer = await send(port, '/webhooks/kashier', body, { 'x-kashier-signature': signature });
    expect(answer).toEqual({
      status: 201,
      body: {
        provider: 'kashier',
        scheme: 'signature',
        payload: { amount: 100, currency: 'EGP', merchantOrderId: 'O-1', status: 'SUCCESS' },
        deliveryId: expect.stringMatching(/^[0-9a-f]{64}$/),
        proves: 'payload',
      },
    });
  });

  it('accepts a genuine duplicate again, with the same id', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const { body, signature } = kashierBody();
    WebhookController.handled = [];
    for (let time = 0; time < 3; time += 1) {
      const { status } = await send(port, '/webhooks/kashier', body, { 'x-kashier-signature': signature });
      expect(status).toBe(201);
    }
    expect(new Set(WebhookController.handled.map(({ deliveryId }) => deliveryId)).size).toBe(1);
    expect(WebhookController.handled).toHaveLength(3);
  });

  it('verifies the bytes that arrived, and not the parsed body', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const body = '{ "amount" : 1.0,\n "note": "é" }';
    const genuine = await send(port, '/webhooks/cashfin', body, { 'x-cashfin-signature': hmac(body) });
    expect(genuine).toMatchObject({ status: 201, body: { payload: { amount: 1, note: 'é' } } });
    const again = JSON.stringify(JSON.parse(body));
    expect(await send(port, '/webhooks/cashfin', again, { 'x-cashfin-signature': hmac(body) })).toEqual(
      unauthorized,
    );
  });

  it('accepts every secret of a list, so that one can be rotated', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    for (const [secret, status] of [
      [SECRET, 201],
      [OLD_SECRET, 201],
      ['another', 401],
    ] as const) {
      const answer = await send(port, '/webhooks/cashfin', '{}', {
        'x-cashfin-signature': hmac('{}', secret),
      });
      expect(answer.status).toBe(status);
    }
  });

  it('gives the same answer to every message that is not genuine, and calls no handler', async () => {
    const { port, log } = await start(
      adapter(),
      [WebhookController],
      EVERY_PROVIDER,
      { rawBody: true },
      (app) =>
        // A large body reaches the guard only where the application allows it.
        _platform === 'Express'
          ? (app as any).useBodyParser('json', { limit: '20mb' })
          : (app as any).useBodyParser('application/json', { bodyLimit: 20 * 1024 * 1024 }),
    );
    WebhookController.handled = [];
    const signature = hmac('{}');
    const large = `{"a":"${'x'.repeat(10 * 1024 * 1024)}"}`;
    const refused: [string | Buffer, Record<string, string | string[]>][] = [
      ['{}', {}],
      ['{}', { 'x-cashfin-signature': '' }],
      ['{}', { 'x-cashfin-signature': [signature, signature] }],
      ['{}', { 'x-cashfin-signature': [signature, hmac('{}', OLD_SECRET)] }],
      ['{}', { 'x-cashfin-signature': signature.slice(2) }],
      ['{}', { 'x-cashfin-signature': `${signature}00` }],
      ['{}', { 'x-cashfin-signature': Buffer.from(signature, 'hex').toString('base64') }],
      ['{}', { 'x-cashfin-signature': hmac('{}', '') }],
      ['{} ', { 'x-cashfin-signature': signature }],
      ['[]', { 'x-cashfin-signature': signature }],
      [large, { 'x-cashfin-signature': hmac(large) }],
      [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { 'x-cashfin-signature': signature }],
    ];
    for (const [body, headers] of refused) {
      expect(await send(port, '/webhooks/cashfin', body, headers)).toEqual(unauthorized);
    }
    expect(WebhookController.handled).toEqual([]);
    expect(log.lines.join('\n')).not.toContain(SECRET);
    expect(log.lines.join('\n')).not.toContain(signature);
  });

  it('refuses a signature that is split over two headers', async () => {
    const [cashfin] = EVERY_PROVIDER as [ConfiguredProvider];
    const listed: ConfiguredProvider = {
      ...cashfin,
      definition: {
        ...cashfin.definition,
        webhooks: {
          listed: hmacWebhook({
            key: 'webhookSecret',
            header: 'Acme-Signature',
            list: { signature: 'v1', timestamp: 't' },
            signed: '{timestamp}.{body}',
          }),
        },
      },
    };
    const { port } = await start(adapter(), [CashfinController], [listed]);
    const signedAt = String(Math.floor(new ManualClock().now() / 1_000));
    const [t, v1] = [`t=${signedAt}`, `v1=${hmac(`${signedAt}.{}`)}`];
    const deliver = (value: string | string[]) =>
      send(port, '/webhooks/cashfin', '{}', { 'acme-signature': value });
    expect((await deliver(`${t},${v1}`)).status).toBe(201);
    expect(await deliver([t, v1])).toEqual(unauthorized);
  });

  it('refuses a body above the limit of the route, also when the signature is right', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const body = '{"a":"0123456789"}';
    expect(await send(port, '/webhooks/small', body, { 'x-cashfin-signature': hmac(body) })).toEqual(
      unauthorized,
    );
  });

  it.each([
    ['an empty body', '', 'application/json'],
    ['half a JSON body', '{"a":', 'application/json'],
    ['text that is not JSON', 'event=1', 'text/plain'],
    ['a form', 'a=1', 'application/x-www-form-urlencoded'],
  ])('refuses %s with a client error, and calls no handler', async (_what, body, type) => {
    const { port } = await start(adapter(), [WebhookController]);
    WebhookController.handled = [];
    const answer = await send(port, '/webhooks/cashfin', body, {
      'content-type': type,
      'x-cashfin-signature': hmac(body),
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(WebhookController.handled).toEqual([]);
  });

  it('reads a checksum from the body', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const checksum = hmac('{"amount":"1","event":"PAYMENT RECEIVED"}');
    const genuine = { event: 'PAYMENT RECEIVED', amount: '1', checksum, checksumMethod: 'canonical' };
    expect(await send(port, '/webhooks/clickpesa', JSON.stringify(genuine))).toMatchObject({
      status: 201,
      body: { payload: { event: 'PAYMENT RECEIVED', amount: '1' }, proves: 'payload' },
    });
    const forged = { ...genuine, amount: '2' };
    expect(await send(port, '/webhooks/clickpesa', JSON.stringify(forged))).toEqual(unauthorized);
  });

  it('says that a constant proves the sender, and does not hand the constant on', async () => {
    const { port, log } = await start(adapter(), [WebhookController]);
    const signature = '4fe6295c0612b91572a31a237c4e4fbfeed93ee4330d410836a54aa0efa3de7a';
    const answer = await send(port, '/webhooks/wakapay', JSON.stringify({ status: 'x', signature }));
    expect(answer).toMatchObject({ status: 201, body: { proves: 'sender', payload: { status: 'x' } } });
    expect(JSON.stringify(answer.body) + log.lines.join()).not.toContain(signature);
    expect(await send(port, '/webhooks/wakapay', '{"status":"x"}')).toEqual(unauthorized);
  });

  it('says that an unsigned notification proves nothing, by GET and by POST', async () => {
    const { port } = await start(adapter(), [IpnController]);
    const payload = { OrderTrackingId: 't', OrderMerchantReference: 'r', OrderNotificationType: 'IPNCHANGE' };
    const expected = { payload, proves: 'nothing', confirmWith: 'GetTransactionStatus' };
    const query = new URLSearchParams(payload).toString();
    expect(await send(port, `/ipn?${query}`, '', {}, 'GET')).toMatchObject({ status: 200, body: expected });
    expect(await send(port, '/ipn', JSON.stringify(payload))).toMatchObject({ status: 201, body: expected });
    expect(await send(port, '/ipn?OrderTrackingId=a&OrderTrackingId=b', '', {}, 'GET')).toEqual(unauthorized);
  });

  it("verifies a merchant's messages with the merchant's key, and knows no other merchant", async () => {
    const { port } = await start(adapter(), [WebhookController]);
    const { body, signature } = kashierBody('SUCCESS', 'test-secret-not-real-acme');
    const headers = { 'x-kashier-signature': signature };
    expect(await send(port, '/webhooks/merchants/acme/kashier', body, headers)).toMatchObject({
      status: 201,
      body: { provider: 'kashier', account: 'acme' },
    });
    expect(await send(port, '/webhooks/merchants/other/kashier', body, headers)).toEqual(unauthorized);
    expect(await send(port, '/webhooks/kashier', body, headers)).toEqual(unauthorized);
  });

  it('refuses everything on a route that names no provider', async () => {
    const { port } = await start(adapter(), [WebhookController]);
    expect(await send(port, '/webhooks/unnamed', '{}', { 'x-cashfin-signature': hmac('{}') })).toEqual(
      unauthorized,
    );
    expect((await send(port, '/webhooks/unguarded', '{}')).status).toBe(500);
  });

  it('asks a resolver again when a signature is wrong, at most once a second', async () => {
    let asked = 0;
    let webhookSecret = OLD_SECRET;
    const providers = [
      configured('cashfin', () => {
        asked += 1;
        return [{ webhookSecret }];
      }),
    ];
    const { port, clock } = await start(adapter(), [CashfinController], providers);
    const deliver = async (secret: string) =>
      (await send(port, '/webhooks/cashfin', '{}', { 'x-cashfin-signature': hmac('{}', secret) })).status;
    expect(await deliver(OLD_SECRET)).toBe(201);
    webhookSecret = SECRET;
    expect(await deliver(SECRET)).toBe(401);
    await clock.advance(1_000);
    expect(await deliver(SECRET)).toBe(201);
    for (let time = 0; time < 20; time += 1) expect(await deliver('forged')).toBe(401);
    expect(asked).toBe(2);
  });

  it('answers 503 when the keys cannot be loaded, and logs why without a secret', async () => {
    const providers = [
      configured('cashfin', () => Promise.reject(new Error(`vault is down, last value ${SECRET}`))),
    ];
    const { port, log } = await start(adapter(), [CashfinController], providers);
    const answer = await send(port, '/webhooks/cashfin', '{}', { 'x-cashfin-signature': hmac('{}') });
    expect(answer).toEqual({ status: 503, body: { message: 'Service Unavailable', statusCode: 503 } });
    expect(log.lines.join('\n')).toMatch(/cashfin: a webhook could not be verified/);
    expect(log.lines.join('\n')).not.toContain(SECRET);
  });

  it('logs one line for any number of forged messages', async () => {
    const { port, log, clock } = await start(adapter(), [WebhookController]);
    const forge = () => send(port, '/webhooks/cashfin', '{}', { 'x-cashfin-signature': hmac('{}', 'x') });
    for (let time = 0; time < 5; time += 1) await forge();
    expect(log.lines).toEqual(['cashfin: a webhook was refused (wrong-signature)']);
    await clock.advance(60_000);
    await forge();
    expect(log.lines[1]).toBe('cashfin: a webhook was refused (wrong-signature), and 4 more since');
  });

  describe('at boot', () => {
    it('stops when raw bodies are not kept, and says what to do', async () => {
      await expect(start(adapter(), [WebhookController], EVERY_PROVIDER, {})).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(/create the application with \{ rawBody: true \}/),
      });
    });

    it('does not ask for raw bodies where nothing is signed', async () => {
      const { port } = await start(adapter(), [IpnController], EVERY_PROVIDER, {});
      const payload = {
        OrderTrackingId: 't',
        OrderMerchantReference: 'r',
        OrderNotificationType: 'IPNCHANGE',
      };
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      for (const answer of [
        await send(port, '/ipn', JSON.stringify(payload)),
        await send(port, '/ipn', new URLSearchParams(payload).toString(), form),
      ]) {
        expect(answer).toMatchObject({ status: 201, body: { payload, proves: 'nothing' } });
      }
      expect(await send(port, '/ipn', '{}')).toEqual(unauthorized);
    });

    it('stops when the key is not configured, and names its variable', async () => {
      const providers = EVERY_PROVIDER.map((each) =>
        each.name === 'kashier' ? configured('kashier', [{ secretKey: 'x', apiKey: '' }]) : each,
      );
      await expect(start(adapter(), [WebhookController], providers)).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(/credentials\.apiKey \(KASHIER_API_KEY\)/),
      });
    });

    it('stops when a route and its provider disagree on who a message is for', async () => {
      const providers = EVERY_PROVIDER.map((each) =>
        each.name === 'kashier'
          ? configured('kashier', [], { own: undefined, accounts: fixed(() => undefined) })
          : each,
      );
      await expect(start(adapter(), [WebhookController], providers)).rejects.toMatchObject({
        message: expect.stringMatching(/"kashier" has only accounts\. Say which one/),
      });
      const without = EVERY_PROVIDER.map((each) =>
        each.name === 'kashier' ? configured('kashier', [{ apiKey: SECRET }]) : each,
      );
      await expect(start(adapter(), [WebhookController], without)).rejects.toMatchObject({
        message: expect.stringMatching(/"kashier" has no accounts\. Leave/),
      });
    });

    it('stops when the definition of the provider has no webhooks', async () => {
      @Controller('webhooks')
      class CryptofuseController {
        @Post()
        @VerifiedWebhook('cryptofuse')
        handle() {
          return {};
        }
      }
      const providers = [configured('cryptofuse', [{ clientId: 'x', clientSecret: 'y' }])];
      await expect(start(adapter(), [CryptofuseController], providers)).rejects.toMatchObject({
        message: expect.stringMatching(/"cryptofuse" is not known to send webhooks/),
      });
    });

    it('warns about a provider that is not configured, and then answers 503', async () => {
      const { port, log } = await start(
        adapter(),
        [WebhookController],
        EVERY_PROVIDER.filter(({ name }) => name !== 'cashfin'),
      );
      expect(log.lines[0]).toMatch(/@VerifiedWebhook\('cashfin'\).*"cashfin" is not configured/);
      expect((await send(port, '/webhooks/cashfin', '{}')).status).toBe(503);
    });

    it('does not change the HTTP adapter', async () => {
      const used = adapter();
      await start(used, [WebhookController]);
      expect(Object.hasOwn(used, 'registerParserMiddleware')).toBe(false);
    });

    it('finds out about raw bodies in a testing module too, where the adapter is made last', async () => {
      await expect(initTesting(adapter(), { rawBody: true })).resolves.toBeDefined();
      await expect(initTesting(adapter(), {})).rejects.toThrow(/rawBody: true/);
    });
  });
});

describe('an application with body parsers of its own', () => {
  it('answers 500 and logs a line when they keep no bytes', async () => {
    const { port, log } = await start(
      new ExpressAdapter(),
      [WebhookController],
      EVERY_PROVIDER,
      { bodyParser: false },
      (app) => (app as any).useBodyParser('json'),
    );
    const { body, signature } = kashierBody();
    const answer = await send(port, '/webhooks/kashier', body, { 'x-kashier-signature': signature });
    expect(answer).toEqual({ status: 500, body: { message: 'Internal Server Error', statusCode: 500 } });
    expect(log.lines.join('\n')).toMatch(/Create the application with \{ rawBody: true \}/);
  });
});

describe('an application without HTTP', () => {
  it('starts', async () => {
    @Module({
      imports: [signaturesModule(EVERY_PROVIDER, new ManualClock())],
      controllers: [WebhookController],
    })
    class AppModule {}
    const context = await NestFactory.createApplicationContext(AppModule, {
      logger: false,
      abortOnError: false,
    });
    expect(context.get(PaymentsSignaturesService)).toBeDefined();
    await context.close();
  });
});
