import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  HttpCode,
  Injectable,
  Next,
  type NestInterceptor,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import {
  type CredentialService,
  customWebhook,
  defineProvider,
  getCredentialsToken,
  hmac,
  hmacWebhook,
  PaymentsSignaturesService,
  sameText,
  sharedToken,
  textAt,
  unsignedWebhook,
  VerifiedDeliveries,
  VerifiedDelivery,
  VerifiedWebhook,
  type WebhookDelivery,
} from 'nestjs-payments-auth';
import { map, type Observable } from 'rxjs';
import { json, startLoopbackServer } from './support/loopback-server.js';
import {
  type Adapter,
  closeWebhookApplications,
  hmacOf,
  PLATFORMS,
  sendTo,
  startWebhooks,
} from './support/webhook-application.js';
import { WEBHOOKS } from './support/webhook-schemes.js';

const SECRET = 'test-secret-not-real-webhook';
const OLD = 'test-secret-not-real-old';
const BODY = '{"id":"evt_1","amount":100}';
const UNAUTHORIZED = { status: 401, body: { message: 'Unauthorized', statusCode: 401 } };

interface AcmeCredentials {
  readonly apiKey: string;
  readonly webhookSecret?: string;
  readonly hmacKey?: string;
}

const described = (webhooks: object) =>
  defineProvider<AcmeCredentials>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { apiKey: {}, webhookSecret: { optional: true }, hmacKey: { optional: true } },
    headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
    refusal: { refused: ({ body }) => textAt(body, 'code') === 'bad-key' },
    webhooks: webhooks as Record<string, never>,
  });

const acme = (webhooks: object, options: object = {}) => ({
  providers: {
    acme: {
      provider: described(webhooks),
      credentials: { apiKey: 'test-key', webhookSecret: SECRET, hmacKey: '44'.repeat(32) },
      ...options,
    },
  },
});

const BUILT_IN = {
  providers: {
    wakapay: {
      environment: 'test',
      credentials: { apiKey: 'pk_test_not-real', apiSecret: 'sk_test_not-real' },
    },
    pesapal: { environment: 'sandbox', credentials: { consumerKey: 'test-key', consumerSecret: 'test' } },
    clickpesa: {
      credentials: { clientId: 'test', apiKey: 'test', checksumKey: SECRET, checksumMethod: 'legacy' },
    },
    cashfin: { credentials: { clientSecret: 'test-secret-not-real', webhookSecret: [SECRET, OLD] } },
  },
};

/** A controller with one handler, which returns the deliveries that it gets. */
function controllerOf(provider: string, options?: Parameters<typeof VerifiedWebhook>[1]) {
  @Controller('hook')
  class HookController {
    static got: WebhookDelivery[] = [];

    @Post()
    @VerifiedWebhook(provider, options)
    handle(@VerifiedDeliveries() deliveries: WebhookDelivery[]) {
      HookController.got = deliveries;
      return deliveries;
    }
  }
  return HookController;
}

const bootOf = (provider: string, options: Parameters<typeof VerifiedWebhook>[1], settings: object) =>
  startWebhooks(PLATFORMS[0][1](), [controllerOf(provider, options)], settings);

afterEach(closeWebhookApplications);

describe('what a route asks for', () => {
  it.each([
    [
      'wakapay',
      undefined,
      /@VerifiedWebhook\('wakapay'\): its scheme "constant" proves only the sender.*Write @VerifiedWebhook\('wakapay', \{ proof: 'sender' \}\)/,
    ],
    ['wakapay', { proof: 'values' as const }, /Write @VerifiedWebhook\('wakapay', \{ proof: 'sender' \}\)/],
    [
      'pesapal',
      undefined,
      /proves nothing.*Write @VerifiedWebhook\('pesapal', \{ proof: 'nothing' \}\).*GetTransactionStatus/,
    ],
    ['pesapal', { proof: 'sender' as const }, /Write @VerifiedWebhook\('pesapal', \{ proof: 'nothing' \}\)/],
    [
      'clickpesa',
      { schemes: ['legacy'] },
      /proves only the values.*Write @VerifiedWebhook\('clickpesa', \{ schemes: \['legacy'\], proof: 'values' \}\)/,
    ],
    ['clickpesa', { schemes: ['legcy'] }, /no webhook scheme "legcy"\. Did you mean "legacy"\?/],
  ])('stops the boot where %s proves less, and says what to write: %j', async (provider, options, words) => {
    await expect(bootOf(provider, options, BUILT_IN)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(words),
    });
  });

  it.each([
    ['wakapay', { proof: 'sender' as const }],
    ['wakapay', { proof: 'nothing' as const }],
    ['pesapal', { proof: 'nothing' as const }],
    ['clickpesa', undefined],
    ['clickpesa', { schemes: ['legacy'], proof: 'values' as const }],
    ['cashfin', { proof: 'sender' as const }],
  ])('lets %s in where it is enough: %j', async (provider, options) => {
    await expect(bootOf(provider, options, BUILT_IN)).resolves.toBeDefined();
  });

  it('names everything at once: a URL that is missing, a secret, and a proof', async () => {
    const webhooks = {
      url: hmacWebhook({ key: 'webhookSecret', header: 'x-signature', signed: '{url}{body}' }),
      fields: hmacWebhook({ key: 'webhookSecret', header: 'x-signature', signed: { fields: ['id'] } }),
    };
    const credentials = { apiKey: 'test-key' };
    await expect(bootOf('acme', undefined, acme(webhooks, { credentials }))).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/"fields" proves only the values.*schemes: \['url'\]/),
        expect.stringMatching(/"url" signs the URL that the provider was told\. Say it: \{ url: /),
        expect.stringMatching(/without credentials\.webhookSecret/),
      ],
    });
  });

  it.each([
    [{ proof: 'paylod' }, /proof: expected payload, values, sender or nothing/],
    [{ prof: 'sender' }, /there is no option `prof`\. Did you mean "proof"\?/],
    [{ schemes: [] }, /schemes: expected a list of names/],
    [{ schemes: 'signature' }, /schemes: expected a list of names/],
    [{ url: '/hook' }, /url: expected the whole URL/],
    [{ url: 'shop.example/hook' }, /url: expected the whole URL/],
    [{ account: 'merchant' }, /account: expected a function of the request/],
    [{ maxBytes: 0 }, /maxBytes: expected a number of bytes above 0/],
    [{ maxBytes: '1mb' }, /maxBytes: expected a number of bytes above 0/],
  ])('stops the boot for an option that means nothing: %j', async (options, words) => {
    await expect(bootOf('wakapay', options as never, BUILT_IN)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(words),
    });
  });

  it('stops the boot for a key that is not written as its scheme says', async () => {
    const webhooks = {
      signature: hmacWebhook({ key: 'hmacKey', keyEncoding: 'hex', header: 'x-signature' }),
    };
    const credentials = { apiKey: 'test-key', hmacKey: 'not-hex' };
    await expect(bootOf('acme', undefined, acme(webhooks, { credentials }))).rejects.toThrow(
      /with credentials\.hmacKey as it is: it is not hex/,
    );
  });

  it('stops the boot for @VerifiedDelivery() where batches come', async () => {
    @Controller()
    class OneOnly {
      @Post()
      @VerifiedWebhook('acme', { proof: 'values' })
      handle(@VerifiedDelivery() _delivery: WebhookDelivery) {}
    }
    const settings = acme({ standard: WEBHOOKS.adyen.standard });
    await expect(startWebhooks(PLATFORMS[0][1](), [OneOnly], settings)).rejects.toThrow(
      /OneOnly\.handle takes @VerifiedDelivery\(\), and the messages are batches\. Take @VerifiedDeliveries\(\)/,
    );
  });
});

describe('a definition', () => {
  it.each([
    [
      'signed with nothing of the message',
      hmacWebhook({ key: 'webhookSecret', header: 'x', signed: 'constant' }),
      /signed: expected a placeholder/,
    ],
    [
      'with a placeholder that does not exist',
      hmacWebhook({ key: 'webhookSecret', header: 'x', signed: '{bdy}' }),
      /there is no \{bdy\}/,
    ],
    [
      'whose signature stands nowhere',
      hmacWebhook({ key: 'webhookSecret' }),
      /expected one of header, field and query/,
    ],
    [
      'whose signature covers itself',
      hmacWebhook({ key: 'webhookSecret', field: 'signature' }),
      /cannot cover the whole body/,
    ],
    [
      'whose timestamp is not signed',
      hmacWebhook({ key: 'webhookSecret', header: 'x', timestamp: { at: '{header:t}' } }),
      /timestamp: the signed text does not contain \{timestamp\}/,
    ],
    [
      'whose timestamp stands nowhere',
      hmacWebhook({ key: 'webhookSecret', header: 'x', signed: '{timestamp}{body}' }),
      /nothing says where the message has its time/,
    ],
    [
      'of a credential that does not exist',
      hmacWebhook({ key: 'other', header: 'x' }),
      /there is no credential "other"/,
    ],
    ['that nobody made', { proves: 'payload' }, /expected the result of hmacWebhook\(\{ … \}\)/],
    [
      'without a call that confirms',
      sharedToken({ key: 'webhookSecret', header: 'x', confirmWith: '' }),
      /confirmWith: expected the call/,
    ],
  ])('is refused with a webhook %s', (_what, scheme, words) => {
    expect(() => described({ each: scheme })).toThrow(words);
  });
});

describe.each(PLATFORMS)('webhooks on %s', (platform, adapter) => {
  const start = (controllers: any[], settings: object, more?: Parameters<typeof startWebhooks>[3]) =>
    startWebhooks(adapter(), controllers, settings, more);

  it('take any scheme that counts, and say which one it was', async () => {
    const schemes = { ...WEBHOOKS.chapa, other: hmacWebhook({ key: 'webhookSecret', header: 'x-other' }) };
    const Named = controllerOf('acme', { schemes: ['constant', 'other'], proof: 'sender' });
    for (const [controller, header, scheme] of [
      [controllerOf('acme'), 'x-chapa-signature', 'signature'],
      [controllerOf('acme'), 'x-other', 'other'],
      [controllerOf('acme'), 'chapa-signature', undefined],
      [Named, 'chapa-signature', 'constant'],
      [Named, 'x-other', 'other'],
      [Named, 'x-chapa-signature', undefined],
    ] as const) {
      const { port } = await start([controller], acme(schemes));
      const signature = hmacOf(header === 'chapa-signature' ? SECRET : BODY, SECRET);
      const answer = await sendTo(port, '/hook', BODY, { [header]: signature });
      expect([header, answer.status, answer.body[0]?.scheme]).toEqual([
        header,
        scheme === undefined ? 401 : 201,
        scheme,
      ]);
    }
  });

  it('take each secret of a list, and no other', async () => {
    const lists = await start([controllerOf('cashfin')], BUILT_IN);
    for (const secret of [SECRET, OLD]) {
      const headers = { 'x-cashfin-signature': hmacOf(BODY, secret) };
      expect((await sendTo(lists.port, '/hook', BODY, headers)).status).toBe(201);
    }
    const wrong = { 'x-cashfin-signature': hmacOf(BODY, 'other') };
    expect(await sendTo(lists.port, '/hook', BODY, wrong)).toMatchObject(UNAUTHORIZED);
  });

  it('give one delivery for each item of a batch, all genuine or none', async () => {
    const Batches = controllerOf('acme', { proof: 'values', schemes: ['standard'] });
    const { port } = await start([Batches], acme(WEBHOOKS.adyen));
    const genuine = JSON.stringify({ notificationItems: [item('PSP1'), item('PSP2')] });
    const answer = await sendTo(port, '/hook', genuine);
    expect(answer).toMatchObject({ status: 200, text: '[accepted]' });
    expect(Batches.got.map(({ payload }) => payload)).toEqual(
      ['PSP1', 'PSP2'].map((pspReference) => ({
        pspReference,
        merchantAccountCode: 'MERCHANT',
        merchantReference: 'ORDER-1',
        amount: { value: 100, currency: 'EUR' },
        eventCode: 'AUTHORISATION',
        success: 'true',
      })),
    );
    expect(new Set(Batches.got.map(({ deliveryId }) => deliveryId)).size).toBe(2);
    const mixed = { notificationItems: [item('PSP1'), item('PSP2', 'AAAA')] };
    expect(await sendTo(port, '/hook', JSON.stringify(mixed))).toMatchObject(UNAUTHORIZED);
    expect(await sendTo(port, '/hook', '{"notificationItems":[]}')).toMatchObject(UNAUTHORIZED);
  });

  it("prove a merchant's message with the merchant's secret alone", async () => {
    @Controller(':merchant')
    class Merchants {
      @Post()
      @VerifiedWebhook('acme', { account: ({ params }) => params['merchant'] })
      handle(@VerifiedDelivery() { account }: WebhookDelivery) {
        return { account };
      }
    }
    const secretOf = (merchant: string) => `${SECRET}-${merchant}`;
    const accounts = Object.fromEntries(
      ['one', 'two'].map((each) => [each, { apiKey: 'test-key', webhookSecret: secretOf(each) }]),
    );
    const { port } = await start([Merchants], acme(WEBHOOKS.razorpay, { accounts }));
    const deliver = (merchant: string, secret: string) =>
      sendTo(port, `/${merchant}`, BODY, { 'x-razorpay-signature': hmacOf(BODY, secret) });
    expect(await deliver('one', secretOf('one'))).toMatchObject({ status: 201, body: { account: 'one' } });
    expect(await deliver('two', secretOf('one'))).toMatchObject(UNAUTHORIZED);
    expect(await deliver('three', secretOf('one'))).toMatchObject(UNAUTHORIZED);
    expect(await deliver('one', SECRET)).toMatchObject(UNAUTHORIZED);
  });

  it('answer alike for a merchant that has no secret, and for one that does not exist', async () => {
    @Controller(':merchant')
    class Merchants {
      @Post()
      @VerifiedWebhook('acme', { account: ({ params }) => params['merchant'] })
      handle() {}
    }
    const webhooks = {
      signature: hmacWebhook({ key: 'hmacKey', keyEncoding: 'hex', header: 'x-signature' }),
    };
    const known: Record<string, object> = {
      none: { apiKey: 'test-key' },
      empty: { apiKey: 'test-key', hmacKey: '' },
      wrong: { apiKey: 'test-key', hmacKey: 'not-hex' },
    };
    for (const accounts of [known, (account: string) => known[account]]) {
      const { port, logger } = await start([Merchants], acme(webhooks, { accounts }));
      for (const merchant of ['none', 'wrong', 'unknown']) {
        const answer = await sendTo(port, `/${merchant}`, BODY, { 'x-signature': hmacOf(BODY, '') });
        expect([merchant, answer]).toMatchObject([merchant, UNAUTHORIZED]);
      }
      expect(logger.of('warn').join()).toContain('acme: a webhook was refused (no-secret)');
      expect(logger.of('error').join()).not.toContain('webhook');
    }
  });

  it('are taken once a merchant has got a secret', async () => {
    @Controller(':merchant')
    class Merchants {
      @Post()
      @VerifiedWebhook('acme', { account: ({ params }) => params['merchant'] })
      handle() {}
    }
    let secrets: object = {};
    const accounts = () => ({ apiKey: 'test-key', ...secrets });
    const { port, app } = await start([Merchants], acme(WEBHOOKS.razorpay, { accounts }));
    const headers = { 'x-razorpay-signature': hmacOf(BODY, SECRET) };
    expect(await sendTo(port, '/one', BODY, headers)).toMatchObject(UNAUTHORIZED);
    secrets = { webhookSecret: SECRET };
    await app.get<CredentialService>(getCredentialsToken('acme')).account('one').rotate();
    expect((await sendTo(port, '/one', BODY, headers)).status).toBe(201);
  });

  it('ask no resolver for the secret of a message that is not signed', async () => {
    let asked = 0;
    const accounts = () => {
      asked += 1;
      return { apiKey: 'test-key', webhookSecret: SECRET };
    };
    const webhooks = {
      hint: unsignedWebhook({ fields: ['id'], confirmWith: 'GET /events/{id}' }),
      signature: hmacWebhook({ key: 'webhookSecret', header: 'x-signature', onlyWhenNamed: true }),
    };
    const Hint = controllerOf('acme', { proof: 'nothing', account: () => 'one' });
    const Signed = controllerOf('acme', { schemes: ['signature'], account: () => 'one' });
    for (const [controller, times] of [
      [Hint, 0],
      [Signed, 1],
    ] as const) {
      asked = 0;
      const { port } = await start([controller], acme(webhooks, { accounts }));
      const headers = { 'x-signature': hmacOf(BODY, SECRET) };
      expect((await sendTo(port, '/hook', BODY, headers)).body[0]).toMatchObject({ account: 'one' });
      expect(asked).toBe(times);
    }
  });

  it.each([
    [false, 401],
    [null, 401],
    [undefined, 401],
    [true, 503],
    ['evt_1', 503],
    [{}, 503],
    [{ payload: undefined }, 201],
  ])('count as proven only with a payload: a custom scheme returns %j', async (given, status) => {
    const custom = customWebhook({ keys: ['apiKey'], proves: 'payload', verify: async () => given as never });
    const { port, logger } = await start([controllerOf('acme')], acme({ custom }));
    expect((await sendTo(port, '/hook', BODY)).status).toBe(status);
    const isSaid = /customWebhook has to give \{ payload \}/.test(logger.of('error').join());
    expect(isSaid).toBe(status === 503);
  });

  it('sign the URL that the provider was told, whatever Host and proxies say', async () => {
    const url = 'https://shop.example/hook?tenant=1';
    const webhooks = {
      url: hmacWebhook({ key: 'webhookSecret', header: 'x-signature', signed: '{url}{body}' }),
      path: hmacWebhook({
        key: 'webhookSecret',
        header: 'x-signature',
        signed: '{method} {path} {header:host} {body}',
      }),
    };
    const told = await start([controllerOf('acme', { url })], acme(webhooks));
    const deliver = (signed: string) =>
      sendTo(told.port, '/hook?tenant=1', BODY, {
        'x-signature': hmacOf(signed, SECRET),
        'x-forwarded-host': 'other.example',
      });
    expect((await deliver(url + BODY)).body[0]).toMatchObject({ scheme: 'url' });
    expect((await deliver(`POST /hook?tenant=1 shop.example ${BODY}`)).body[0]).toMatchObject({
      scheme: 'path',
    });
    for (const other of [
      'https://other.example/hook?tenant=1',
      `http://127.0.0.1:${told.port}/hook?tenant=1`,
    ])
      expect(await deliver(other + BODY)).toMatchObject(UNAUTHORIZED);
  });

  it('let a custom scheme ask its provider, and answer 503 while nobody answers', async () => {
    let known = true;
    const api = await startLoopbackServer((_request, response) =>
      known ? json(response, 200, { key: SECRET }) : void response.destroy(),
    );
    const custom = customWebhook({
      keys: ['apiKey'],
      proves: 'payload',
      async verify({ message, http }) {
        const { data } = await http.axiosRef.get<{ key: string }>('/webhook-key');
        const expected = hmac('sha256', data.key, message.rawBody);
        if (message.headers['x-signature'] === undefined) throw new Error('nothing is signed');
        return sameText(expected, message.headers['x-signature'])
          ? { payload: message.body, id: 'evt' }
          : undefined;
      },
    });
    const { port } = await start([controllerOf('acme')], acme({ custom }, { baseUrl: api.url }));
    const headers = { 'x-signature': hmacOf(BODY, SECRET) };
    expect(await sendTo(port, '/hook', BODY, headers)).toMatchObject({
      status: 201,
      body: [{ deliveryId: 'evt', payload: JSON.parse(BODY) }],
    });
    expect(await sendTo(port, '/hook', BODY)).toMatchObject(UNAUTHORIZED);
    expect(api.requests[0]?.headers['x-api-key']).toBe('test-key');
    known = false;
    expect((await sendTo(port, '/hook', BODY, headers)).status).toBe(503);
    await api.close();
  });

  describe('that want an answer of their own', () => {
    @Injectable()
    class Envelope implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((data) => ({ data, at: 'the envelope of the application' })));
      }
    }

    const startAcknowledging = (adapterOfRow: Adapter, acknowledge: object) => {
      const webhooks = {
        signature: hmacWebhook({ key: 'webhookSecret', header: 'x-signature', acknowledge }),
      };
      @Controller()
      class Acknowledging {
        @Post('hook')
        @HttpCode(200)
        @VerifiedWebhook('acme')
        handle() {
          return { mine: true };
        }

        @Post('fails')
        @VerifiedWebhook('acme')
        fails() {
          throw new Error('the database is down');
        }

        @Post('itself')
        @VerifiedWebhook('acme')
        itself(@Res() response: { status(code: number): { send(body: string): void } }) {
          response.status(202).send('by itself');
        }

        @Post('next')
        @VerifiedWebhook('acme')
        next(@Next() _next: unknown, @Req() { res }: { res: { send(body: string): void } }) {
          res.send('after');
        }

        @Post('plain')
        plain() {
          return { plain: true };
        }
      }
      return startWebhooks(adapterOfRow, [Acknowledging], acme(webhooks), {
        prepare: (app) => app.useGlobalInterceptors(new Envelope()),
      });
    };
    const headers = { 'x-signature': hmacOf(BODY, SECRET) };

    it.each([
      [{ text: '[accepted]' }, 200, 'text/plain; charset=utf-8', '[accepted]'],
      [{ status: 202, json: { ResultCode: 0 } }, 202, 'application/json; charset=utf-8', '{"ResultCode":0}'],
      [{ status: 204 }, 204, undefined, ''],
    ])('get it as written under global interceptors: %j', async (acknowledge, status, type, text) => {
      const { port } = await startAcknowledging(adapter(), acknowledge);
      const answer = await sendTo(port, '/hook', BODY, headers);
      expect([answer.status, answer.text]).toEqual([status, text]);
      expect(type === undefined || answer.headers['content-type'] === type).toBe(true);
    });

    it(`get the answer of a handler that fails, or that answers by itself on ${platform}`, async () => {
      const { port } = await startAcknowledging(adapter(), { text: '[accepted]' });
      expect((await sendTo(port, '/fails', BODY, headers)).status).toBe(500);
      expect(await sendTo(port, '/itself', BODY, headers)).toMatchObject({ status: 202, text: 'by itself' });
      const after = platform === 'Express' ? await sendTo(port, '/next', BODY, headers) : undefined;
      expect(after?.text).toBe(platform === 'Express' ? 'after' : undefined);
      expect((await sendTo(port, '/plain', BODY)).body).toMatchObject({ data: { plain: true } });
      expect(await sendTo(port, '/hook', BODY)).toMatchObject(UNAUTHORIZED);
    });
  });

  it('prints no secret and no body of a delivery', async () => {
    const Delivered = controllerOf('acme', { proof: 'sender' });
    const token = sharedToken({ key: 'webhookSecret', header: 'x-token', confirmWith: 'GET /events/{id}' });
    const running = await start([Delivered], acme({ token }));
    const answer = await sendTo(running.port, '/hook', BODY, { 'x-token': SECRET });
    expect(answer).toMatchObject({
      status: 201,
      body: [{ proves: 'sender', confirmWith: 'GET /events/{id}' }],
    });
    const [delivery] = Delivered.got;
    expect(delivery?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(delivery?.headers).not.toHaveProperty('x-token');
    expect(Buffer.from(delivery?.rawBody ?? []).toString()).toBe(BODY);
    expect(answer.text).not.toContain(SECRET);
    const signatures = running.app.get(PaymentsSignaturesService);
    const message = { headers: { 'x-token': SECRET }, rawBody: Buffer.from(BODY) };
    expect(await signatures.verifyWebhook('acme', message)).toMatchObject({ scheme: 'token' });
  });
});

/** A notification of Adyen, signed or with another signature. */
function item(pspReference: string, signature?: string): object {
  return {
    NotificationRequestItem: {
      pspReference,
      merchantAccountCode: 'MERCHANT',
      merchantReference: 'ORDER-1',
      amount: { value: 100, currency: 'EUR' },
      eventCode: 'AUTHORISATION',
      success: 'true',
      reason: 'not signed',
      additionalData: {
        hmacSignature:
          signature ??
          hmac(
            'sha256',
            Buffer.from('44'.repeat(32), 'hex'),
            `${pspReference}::MERCHANT:ORDER-1:100:EUR:AUTHORISATION:true`,
            'base64',
          ),
      },
    },
  };
}
