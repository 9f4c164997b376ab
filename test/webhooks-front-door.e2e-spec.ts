import { connect as connectHttp2 } from 'node:http2';
import { brotliCompressSync, createGunzip, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, type INestApplication, Post } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import {
  defineProvider,
  hmacWebhook,
  textAt,
  VerifiedDelivery,
  VerifiedWebhook,
  type WebhookDelivery,
} from 'nestjs-payments-auth';
import {
  type Adapter,
  closeWebhookApplications,
  hmacOf,
  PLATFORMS,
  sendSynthetic,
  sendTo,
  startWebhooks,
} from './support/webhook-application.js';

const SECRET = 'test-secret-not-real-webhook';
const BODY = '{"event":"payment.completed","amount":100}';
const BOM = '\uFEFF';

/** A provider whose messages are of every kind. */
const acme = defineProvider<{ apiKey: string; webhookSecret: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { apiKey: {}, webhookSecret: {} },
  headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
  refusal: { refused: ({ body }) => textAt(body, 'code') === 'bad-key' },
  webhooks: {
    form: hmacWebhook({ key: 'webhookSecret', header: 'acme-signature', body: 'form' }),
    text: hmacWebhook({ key: 'webhookSecret', header: 'acme-signature', body: 'text', onlyWhenNamed: true }),
  },
});

const PROVIDERS = {
  providers: {
    cashfin: { credentials: { clientSecret: 'test-secret-not-real', webhookSecret: SECRET } },
    pesapal: { environment: 'sandbox', credentials: { consumerKey: 'test-key', consumerSecret: 'test' } },
    acme: { provider: acme, credentials: { apiKey: 'test-key', webhookSecret: SECRET } },
  },
};

const seen = ({ payload, rawBody, proves, scheme }: WebhookDelivery, body?: unknown) => ({
  payload,
  raw: Buffer.from(rawBody).toString('hex'),
  proves,
  scheme,
  body,
});

@Controller('webhooks')
class WebhookController {
  @Post('cashfin')
  @VerifiedWebhook('cashfin')
  cashfin(@VerifiedDelivery() delivery: WebhookDelivery, @Body() body: unknown) {
    return seen(delivery, body);
  }

  @Post('small')
  @VerifiedWebhook('cashfin', { maxBytes: 64 })
  small(@VerifiedDelivery() delivery: WebhookDelivery) {
    return seen(delivery);
  }

  @Post('form')
  @VerifiedWebhook('acme')
  form(@VerifiedDelivery() delivery: WebhookDelivery, @Body() body: unknown) {
    return seen(delivery, body);
  }

  @Post('text')
  @VerifiedWebhook('acme', { schemes: ['text'] })
  text(@VerifiedDelivery() delivery: WebhookDelivery, @Body() body: unknown) {
    return seen(delivery, body);
  }

  @Get('ipn')
  @VerifiedWebhook('pesapal', { proof: 'nothing' })
  asked(@VerifiedDelivery() delivery: WebhookDelivery) {
    return seen(delivery);
  }

  @Post('ipn')
  @VerifiedWebhook('pesapal', { proof: 'nothing' })
  posted(@VerifiedDelivery() delivery: WebhookDelivery) {
    return seen(delivery);
  }
}

/** The decorator stands on the whole controller. */
@Controller('guarded')
@VerifiedWebhook('cashfin')
class GuardedController {
  @Post()
  handle(@VerifiedDelivery() delivery: WebhookDelivery) {
    return seen(delivery);
  }
}

/** A controller without webhooks. */
@Controller()
class OtherController {
  @Post('webhooks/other')
  other(@Body() body: unknown) {
    return { type: typeof body, body };
  }

  @Post('guarded-not')
  not(@Body() body: unknown) {
    return { type: typeof body, body };
  }
}

const CONTROLLERS = [WebhookController, GuardedController, OtherController];
const start = (adapter: Adapter, more: Parameters<typeof startWebhooks>[3] = {}) =>
  startWebhooks(adapter, CONTROLLERS, PROVIDERS, more);

const signed = (body: string | Buffer, secret = SECRET) => ({ 'x-cashfin-signature': hmacOf(body, secret) });
const hex = (body: string | Buffer) => Buffer.from(body).toString('hex');
const UNAUTHORIZED = { status: 401, body: { message: 'Unauthorized', statusCode: 401 } };
const INTERNAL = { status: 500, body: { message: 'Internal Server Error', statusCode: 500 } };

afterEach(closeWebhookApplications);

describe.each(PLATFORMS)('the front door on %s', (platform, adapter) => {
  it('accepts a request that came without a socket, and whose rawHeaders are empty', async () => {
    const { app } = await start(adapter());
    expect(await sendSynthetic(app, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject({
      status: 201,
      body: { payload: JSON.parse(BODY), raw: hex(BODY) },
    });
    expect(await sendSynthetic(app, '/webhooks/cashfin', BODY, signed(BODY, 'other'))).toMatchObject(
      UNAUTHORIZED,
    );
  });

  it.each([
    ['the wire has the genuine signature', signed(BODY), signed(BODY, 'other')],
    ['the wire has a forged signature', signed(BODY, 'other'), signed(BODY)],
    ['the wire has none', {}, signed(BODY)],
  ])('refuses a message whose two lists of headers contradict each other: %s', async (_what, wire, given) => {
    const { port, logger } = await start(adapter(), {
      prepare: (app) => onEveryRequest(app, ({ headers }) => Object.assign(headers, given)),
    });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, wire)).toMatchObject(UNAUTHORIZED);
    expect(logger.of('warn').join()).toContain('contradictory-headers');
  });

  it.each([
    ['text/plain', 'text/plain'],
    ['text/plain with a charset', 'text/plain; charset=utf-8'],
    ["a vendor's type", 'application/vnd.cashfin.event+json'],
    ['no type', undefined],
  ])('verifies genuine JSON that comes as %s, and hands it to @Body() too', async (_what, type) => {
    const { port } = await start(adapter());
    const answer = await sendTo(port, '/webhooks/cashfin', BODY, { 'content-type': type, ...signed(BODY) });
    expect(answer).toMatchObject({
      status: 201,
      body: { payload: JSON.parse(BODY), raw: hex(BODY), proves: 'payload', body: JSON.parse(BODY) },
    });
    const forged = { 'content-type': type, ...signed(BODY, 'other') };
    expect(await sendTo(port, '/webhooks/cashfin', BODY, forged)).toMatchObject(UNAUTHORIZED);
    expect(await sendTo(port, '/guarded', BODY, { 'content-type': type, ...signed(BODY) })).toMatchObject({
      status: 201,
      body: { payload: JSON.parse(BODY) },
    });
  });

  it.each([
    ['application/vnd.cashfin.event+json', BODY],
    ['application/octet-stream', 'x'.repeat(200_000)],
    ['text/plain', 'some text'],
    [undefined, BODY],
    ['application/json', BODY],
    ['application/json', '{"half":'],
    ['application/x-www-form-urlencoded', 'a=1&b=2'],
  ])('answers every other route as before: %s', async (type, body) => {
    const headers = { 'content-type': type };
    const { port } = await start(adapter());
    const without = await startWebhooks(adapter(), [OtherController], PROVIDERS);
    for (const path of ['/webhooks/other', '/guarded-not', '/not-there']) {
      const before = await sendTo(without.port, path, body, headers);
      const now = await sendTo(port, path, body, headers);
      expect([now.status, now.body]).toEqual([before.status, before.body]);
    }
  });

  it.each([
    ['form', 'application/x-www-form-urlencoded', 'id=tr_1&note=a+b', { id: 'tr_1', note: 'a b' }],
    ['text', 'application/xml', '<event id="1">ä</event>', '<event id="1">ä</event>'],
    ['text', 'text/plain', 'event=1', 'event=1'],
  ])('verifies a signed %s that comes as %s', async (path, type, body, payload) => {
    const { port } = await start(adapter());
    const headers = { 'content-type': type, 'acme-signature': hmacOf(body, SECRET) };
    expect(await sendTo(port, `/webhooks/${path}`, body, headers)).toMatchObject({
      status: 201,
      body: { payload, raw: hex(body), scheme: path, body: payload },
    });
    const forged = { ...headers, 'acme-signature': hmacOf(body, 'other') };
    expect(await sendTo(port, `/webhooks/${path}`, body, forged)).toMatchObject(UNAUTHORIZED);
  });

  it.each(['application/json', 'text/plain'])(
    'verifies JSON behind a byte order mark over the bytes as they came: %s',
    async (type) => {
      const { port } = await start(adapter());
      const body = BOM + BODY;
      const headers = { 'content-type': type, ...signed(body) };
      expect(await sendTo(port, '/webhooks/cashfin', body, headers)).toMatchObject({
        status: 201,
        body: { payload: JSON.parse(BODY), raw: hex(body) },
      });
      const withoutMark = { 'content-type': type, ...signed(BODY) };
      expect(await sendTo(port, '/webhooks/cashfin', body, withoutMark)).toMatchObject(UNAUTHORIZED);
    },
  );

  it('accepts an unsigned notification as a hint, wherever its parameters stand', async () => {
    const { port } = await start(adapter());
    const payload = { OrderTrackingId: 't', OrderMerchantReference: 'r', OrderNotificationType: 'IPNCHANGE' };
    const query = new URLSearchParams(payload).toString();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [
      await sendTo(port, `/webhooks/ipn?${query}`, '', { 'content-type': undefined }, 'GET'),
      await sendTo(port, `/webhooks/ipn?${query}`, '{}'),
      await sendTo(port, `/webhooks/ipn?${query}`, '', { 'content-type': undefined }),
      await sendTo(port, `/webhooks/ipn?${query}`, ''),
      await sendTo(port, '/webhooks/ipn', JSON.stringify(payload)),
      await sendTo(port, '/webhooks/ipn', query, form),
      await sendTo(port, '/webhooks/ipn', JSON.stringify(payload), { 'content-type': 'text/plain' }),
    ];
    for (const { body } of answers) expect(body).toMatchObject({ payload, proves: 'nothing' });
    expect(await sendTo(port, '/webhooks/ipn', '{}')).toMatchObject(UNAUTHORIZED);
    const twice = `/webhooks/ipn?${query}&OrderTrackingId=other`;
    expect(await sendTo(port, twice, '{}')).toMatchObject(UNAUTHORIZED);
  });

  it('gives the bytes of a message whose ids JavaScript rounds', async () => {
    const { port } = await start(adapter());
    const body = '{"id":9007199254740993}';
    const { body: delivered } = await sendTo(port, '/webhooks/cashfin', body, signed(body));
    expect(delivered.payload).toEqual({ id: 9_007_199_254_740_992 });
    expect(Buffer.from(delivered.raw, 'hex').toString()).toBe(body);
  });

  it('says that a rawBody which is text is a mistake of the application', async () => {
    const { port, logger } = await start(adapter(), {
      prepare: (app) => onEveryRequest(app, undefined, (request) => (request.rawBody = BODY)),
    });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject(INTERNAL);
    expect(logger.of('error').join()).toMatch(/cashfin.*rawBody.*is text/);
  });

  it('says what took the bytes when they are gone, and never blames the sender', async () => {
    const { port, logger } = await start(adapter(), {
      prepare: (app) => onEveryRequest(app, undefined, (request) => delete request.rawBody),
    });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject(INTERNAL);
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY, 'forged'))).toMatchObject(INTERNAL);
    expect(logger.of('error').join()).toMatch(/the bytes of the body are gone/);
    expect(logger.of('warn').join()).not.toContain('was refused');
  });

  it.each([
    ['in one piece', (text: string) => text],
    ['compressed', (text: string) => gzipSync(text)],
  ])('reads no more than the route allows of a body that no parser took, %s', async (what, written) => {
    const { port } = await start(adapter());
    const type = { 'content-type': 'application/vnd.cashfin+json' };
    const coding = what === 'compressed' ? { 'content-encoding': 'gzip' } : {};
    const small = '{"a":1}';
    expect(
      await sendTo(port, '/webhooks/small', written(small), { ...type, ...coding, ...signed(small) }),
    ).toMatchObject({ status: 201, body: { payload: { a: 1 } } });
    const large = JSON.stringify({ a: 'x'.repeat(100_000) });
    const answer = await sendTo(port, '/webhooks/small', written(large), {
      ...type,
      ...coding,
      ...signed(large),
    });
    expect(answer).toMatchObject(UNAUTHORIZED);
  });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('undoes the content encoding %s, whatever type the body has', async (encoding, written) => {
    const { port } = await start(adapter());
    for (const type of ['text/plain', 'application/vnd.cashfin+json', undefined, 'application/json']) {
      // Express's own parser takes this body, and it does not know the encoding.
      if (platform === 'Express' && type === 'application/json' && encoding === 'x-gzip') continue;
      const headers = { 'content-type': type, 'content-encoding': encoding };
      const compressed = (written as (text: string) => Buffer)(BODY);
      const answer = await sendTo(port, '/webhooks/cashfin', compressed, { ...headers, ...signed(BODY) });
      expect([type, answer]).toMatchObject([
        type,
        { status: 201, body: { payload: JSON.parse(BODY), raw: hex(BODY), body: JSON.parse(BODY) } },
      ]);
      const forged = { ...headers, ...signed(BODY, 'other') };
      expect(await sendTo(port, '/webhooks/cashfin', compressed, forged)).toMatchObject(UNAUTHORIZED);
    }
  });

  it('survives a body that is not compressed as it says, and keeps it out of the log', async () => {
    const { port, logger } = await start(adapter());
    for (const type of ['text/plain', 'application/vnd.cashfin+json', 'application/json']) {
      const headers = { 'content-type': type, 'content-encoding': 'gzip', ...signed(BODY) };
      for (const body of [Buffer.from(BODY), gzipSync(BODY).subarray(0, -5)]) {
        const { status } = await sendTo(port, '/webhooks/cashfin', body, headers);
        expect([400, 401]).toContain(status);
      }
    }
    const answer = await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY));
    expect([answer.status, logger.of('error')]).toEqual([201, []]);
  });

  it.each(['json', '', 'application/json, text/html'])(
    'verifies genuine JSON whose type is none: %j',
    async (type) => {
      const { port } = await start(adapter());
      const headers = { 'content-type': type, ...signed(BODY) };
      expect(await sendTo(port, '/webhooks/cashfin', BODY, headers)).toMatchObject({
        status: 201,
        body: { payload: JSON.parse(BODY), raw: hex(BODY) },
      });
    },
  );

  it('answers 401 to a forged form of 100 000 names', async () => {
    const { port } = await start(adapter());
    const names = Array.from({ length: 100_000 }, (_, at) => `n${at}`).join('&');
    const form = { 'content-type': 'text/plain', 'acme-signature': hmacOf(names, 'other') };
    expect(await sendTo(port, '/webhooks/form', names, form)).toMatchObject(UNAUTHORIZED);
  });

  it('stops the boot for a provider that does not exist, and names the one that was meant', async () => {
    @Controller()
    class Misspelt {
      @Post()
      @VerifiedWebhook('cashfn')
      handle() {}
    }
    await expect(startWebhooks(adapter(), [Misspelt], PROVIDERS)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/@VerifiedWebhook\('cashfn'\).*Did you mean "cashfin"\?/),
    });
  });

  it(`keeps what ${platform} says of half a body, before anything is examined`, async () => {
    const { port } = await start(adapter());
    const answer = await sendTo(port, '/webhooks/cashfin', '{"a":', signed('{"a":'));
    expect(answer.status).toBe(400);
  });
});

describe('the front door on Fastify', () => {
  const [, [, adapter]] = PLATFORMS;

  it.each(['application/json', 'text/plain', 'application/vnd.cashfin+json', undefined])(
    'verifies what comes over HTTP/2, also where no length is said: %s',
    async (type) => {
      const { url } = await start(new FastifyAdapter({ http2: true } as object));
      const client = connectHttp2(url);
      const send = (headers: object, more: object): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const path = { ':method': 'POST', ':path': '/webhooks/cashfin' };
          const sent = client.request({
            ...path,
            ...(type && { 'content-type': type }),
            ...headers,
            ...more,
          });
          sent
            .on('response', ({ ':status': status }) => resolve(status))
            .on('error', reject)
            .resume();
          sent.end(BODY);
        });
      const said = { 'content-length': String(Buffer.byteLength(BODY)) };
      for (const length of [said, {}]) {
        expect(await send(signed(BODY), length)).toBe(201);
        expect(await send(signed(BODY, 'other'), length)).toBe(401);
      }
      await new Promise<void>((resolve) => client.close(resolve));
    },
  );

  it('reads what a hook has put in the place of the body', async () => {
    const { port } = await start(adapter(), {
      prepare: (app) =>
        app
          .getHttpAdapter()
          .getInstance()
          .addHook('preParsing', async (request: any, _reply: any, payload: any) => {
            if (request.headers['x-coding'] === undefined) return payload;
            return payload.pipe(createGunzip());
          }),
    });
    for (const type of ['application/vnd.cashfin+json', 'application/json']) {
      const headers = {
        'content-type': type,
        'x-coding': 'mine',
        'transfer-encoding': 'chunked',
        ...signed(BODY),
      };
      expect(await sendTo(port, '/webhooks/cashfin', gzipSync(BODY), headers)).toMatchObject({
        status: 201,
        body: { raw: hex(BODY) },
      });
    }
  });
});

describe('the front door on Express, behind parsers of the application', () => {
  const [[, adapter]] = PLATFORMS;

  it('says at boot and at the first message that another parser took the bytes', async () => {
    const { port, logger } = await start(adapter(), { prepare: (app) => app.use(express.json()) });
    expect(logger.of('warn').join()).toMatch(/express\.json\(\).*before Nest's/);
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject(INTERNAL);
    expect(logger.of('error')).toEqual([
      expect.stringMatching(/the bytes of the body are gone.*Remove app\.use\(express\.json\(\)\)/),
    ]);
  });

  it('takes the bytes that a parser of the application has kept', async () => {
    const keeping = express.json({ verify: (request: any, _response, bytes) => (request.rawBody = bytes) });
    const { port } = await start(adapter(), { prepare: (app) => app.use(keeping) });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject({ status: 201 });
  });

  it('takes the bytes that express.raw() leaves as the body', async () => {
    const raw = express.raw({ type: '*/*' });
    const { port } = await start(adapter(), { prepare: (app) => app.use(raw), nest: { bodyParser: false } });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject({
      status: 201,
      body: { payload: JSON.parse(BODY), raw: hex(BODY), body: JSON.parse(BODY) },
    });
  });

  it('reads by itself where the application has no parser at all', async () => {
    const { port } = await start(adapter(), { nest: { bodyParser: false } });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject({
      status: 201,
      body: { payload: JSON.parse(BODY), body: JSON.parse(BODY) },
    });
  });

  it('says that a stream was read already, whatever parser read it', async () => {
    const { port, logger } = await start(adapter(), {
      nest: { bodyParser: false },
      prepare: (app) =>
        app.use((request: any, _response: unknown, next: () => void) => {
          request.resume();
          request.once('end', next);
        }),
    });
    expect(await sendTo(port, '/webhooks/cashfin', BODY, signed(BODY))).toMatchObject(INTERNAL);
    expect(logger.of('error').join()).toMatch(/the bytes of the body are gone/);
  });
});

/** Runs `arrived` before the body is read, and `parsed` afterwards, on either platform. */
function onEveryRequest(
  app: INestApplication,
  arrived?: (request: { headers: Record<string, unknown> }) => unknown,
  parsed?: (request: any) => unknown,
): void {
  const instance = app.getHttpAdapter().getInstance();
  if (app.getHttpAdapter() instanceof FastifyAdapter) {
    instance.addHook('onRequest', async (request: any) => void arrived?.(request.raw));
    instance.addHook('preHandler', async (request: any) => void parsed?.(request));
    return;
  }
  app.use((request: any, _response: unknown, next: () => void) => {
    arrived?.(request);
    next();
  });
  if (parsed === undefined) return;
  app.getHttpAdapter().registerParserMiddleware('', true);
  app.use((request: any, _response: unknown, next: () => void) => {
    parsed(request);
    next();
  });
}
