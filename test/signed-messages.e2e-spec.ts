import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HttpService } from '@nestjs/axios';
import { Controller, type INestApplication, Module, Post, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  clickPesaChecksum,
  type CredentialService,
  defineProvider,
  getCredentialsToken,
  getPaymentsHttpToken,
  hmacWebhook,
  type KashierWebhookPayload,
  kashierOrderHash,
  PaymentsAuthModule,
  PaymentsSignaturesService,
  VerifiedDelivery,
  VerifiedWebhook,
  type WebhookDelivery,
  OWN_ACCOUNT,
} from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';

const KEY = 'test-secret-not-real-key';

let opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of opened.toReversed()) await each.close();
  opened = [];
});

async function start(
  imports: any[],
  controllers: Type[] = [],
): Promise<{ app: INestApplication; url: string }> {
  @Module({ imports, controllers })
  class AppModule {}
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), {
    rawBody: true,
    logger: false,
    abortOnError: false,
  });
  opened.push(app);
  await app.listen(0, '127.0.0.1');
  return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
}

async function serve(...handler: Parameters<typeof startLoopbackServer>): Promise<LoopbackServer> {
  const server = await startLoopbackServer(...handler);
  opened.push(server);
  return server;
}

function hmac(message: string, key = KEY): string {
  return createHmac('sha256', key).update(message).digest('hex');
}

/** Issues a token per login, and refuses the first call. */
const clickpesa = () => {
  let logins = 0;
  let calls = 0;
  return serve((request, response) => {
    if (request.url === '/third-parties/generate-token') {
      logins += 1;
      return json(response, 200, { success: true, token: `Bearer token-${logins}` });
    }
    calls += 1;
    return calls === 1
      ? json(response, 401, { message: 'Unauthorized' })
      : json(response, 200, { success: true });
  });
};

const call = async (server: LoopbackServer, credentials: any, body: unknown) => {
  const { app } = await start([
    PaymentsAuthModule.forRoot({ providers: { clickpesa: { baseUrl: server.url, credentials } } }),
  ]);
  const http = app.get<HttpService>(getPaymentsHttpToken('clickpesa'));
  const { data } = await firstValueFrom(http.post('/third-parties/payments', body));
  expect(data).toEqual({ success: true });
  return server.to('/third-parties/payments').map((request) => request.body.toString());
};

describe('the checksum of calls to ClickPesa', () => {
  it('is added to the body, once, and again on a replay', async () => {
    const server = await clickpesa();
    const body = {
      orderReference: 'ORD1',
      payer: { phone: '255', name: 'é' },
      items: [2, 1],
      amount: '1000',
    };
    const bodies = await call(server, { clientId: 'id', apiKey: 'x', checksumKey: KEY }, body);
    const signed = `{"orderReference":"ORD1","payer":{"phone":"255","name":"é"},"items":[2,1],"amount":"1000","checksum":"${clickPesaChecksum(body, KEY)}"}`;
    expect(bodies).toEqual([signed, signed]);
    for (const { headers, body: bytes } of server.to('/third-parties/payments')) {
      expect(headers['content-length']).toBe(String(bytes.length));
    }
  });

  it('is made with the key of the credentials that the attempt carries', async () => {
    let calls = 0;
    const server = await serve((request, response) => {
      if (request.url === '/third-parties/generate-token') {
        return request.headers['client-id'] === 'new'
          ? json(response, 403, { message: 'Invalid client details' })
          : json(response, 200, { success: true, token: 'Bearer old' });
      }
      calls += 1;
      return json(response, 200, { success: true });
    });
    const credentials = [
      { clientId: 'new', apiKey: 'x', checksumKey: 'test-secret-not-real-other' },
      { clientId: 'old', apiKey: 'x', checksumKey: KEY },
    ];
    const [body] = await call(server, credentials, { amount: '1' });
    expect(JSON.parse(body as string)).toEqual({
      amount: '1',
      checksum: clickPesaChecksum({ amount: '1' }, KEY),
    });
    expect(calls).toBe(1);
  });

  it('is left out where no key is configured', async () => {
    const bodies = await call(await clickpesa(), { clientId: 'id', apiKey: 'x' }, { amount: '1' });
    expect(bodies).toEqual(['{"amount":"1"}', '{"amount":"1"}']);
  });
});

describe('signed messages of an application', () => {
  it('are verified with the configured keys, for built-in providers and for own ones', async () => {
    const stripeLike = defineProvider<{ secretKey: string; webhookSecret?: string }>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: 'https://api.acme.test' },
      credentials: { secretKey: {}, webhookSecret: { optional: true } },
      headers: ({ credentials }) => ({ Authorization: `Bearer ${credentials.secretKey}` }),
      refusal: { refused: ({ status }) => status === 401, bare401: true },
      webhooks: {
        signature: hmacWebhook({
          key: 'webhookSecret',
          header: 'Acme-Signature',
          list: { signature: 'v1', timestamp: 't' },
          signed: '{timestamp}.{body}',
        }),
      },
    });

    @Controller('webhooks')
    class WebhookController {
      @Post('kashier')
      @VerifiedWebhook('kashier')
      kashier(@VerifiedDelivery() { payload }: WebhookDelivery<KashierWebhookPayload>) {
        return { order: payload.merchantOrderId };
      }

      @Post('acme')
      @VerifiedWebhook('acme')
      acme(@VerifiedDelivery() { payload, signedAtMs }: WebhookDelivery<{ id: string }>) {
        return { id: payload.id, dated: signedAtMs !== undefined };
      }
    }

    const { app, url } = await start(
      [
        PaymentsAuthModule.forRoot({
          providers: {
            kashier: {
              environment: 'test',
              credentials: { secretKey: 'a$b', apiKey: KEY, merchantId: 'MID-0-1' },
            },
            acme: { provider: stripeLike, credentials: { secretKey: 'x', webhookSecret: KEY } },
          },
        }),
      ],
      [WebhookController],
    );
    const post = async (path: string, headers: Record<string, string>, body: string) => {
      const response = await fetch(`${url}/webhooks/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      return { status: response.status, body: await response.json() };
    };

    const data = { amount: 100, currency: 'EGP', merchantOrderId: 'ORDER 1', status: 'SUCCESS' };
    const body = JSON.stringify({ data: { ...data, signatureKeys: Object.keys(data) } });
    const signature = hmac('amount=100&currency=EGP&merchantOrderId=ORDER%201&status=SUCCESS');
    expect(await post('kashier', { 'x-kashier-signature': signature }, body)).toEqual({
      status: 201,
      body: { order: 'ORDER 1' },
    });
    const forged = body.replace('"amount":100', '"amount":999');
    expect((await post('kashier', { 'x-kashier-signature': signature }, forged)).status).toBe(401);

    const t = Math.floor(Date.now() / 1_000);
    const acme = (seconds: number) => ({
      'acme-signature': `t=${seconds},v1=${hmac(`${seconds}.{"id":"evt"}`)}`,
    });
    expect(await post('acme', acme(t), '{"id":"evt"}')).toEqual({
      status: 201,
      body: { id: 'evt', dated: true },
    });
    expect((await post('acme', acme(t - 3_600), '{"id":"evt"}')).status).toBe(401);

    const order = { orderId: 'ORDER-1', amount: '100', currency: 'EGP' };
    expect(await app.get(PaymentsSignaturesService).kashierOrderHash(order)).toBe(
      kashierOrderHash({ ...order, merchantId: 'MID-0-1' }, KEY),
    );
  });
});

const OLD = 'test-secret-not-real-old';
const NEW = 'test-secret-not-real-new';
const keys = (webhookSecret: string) => ({ clientSecret: 'test-secret-not-real-client', webhookSecret });

const cashfinReceiver = async (cashfin: Record<string, unknown>) => {
  @Controller('webhooks')
  class WebhookController {
    @Post(':merchant')
    @VerifiedWebhook('cashfin', {
      account: ({ params }) => params['merchant'],
    })
    merchant() {}
  }
  const { app, url } = await start(
    [PaymentsAuthModule.forRoot({ providers: { cashfin } })],
    [WebhookController],
  );
  const post = async (secret: string, merchant: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'x-cashfin-signature': hmac('{}', secret) };
    return (await fetch(`${url}/webhooks/${merchant}`, { method: 'POST', headers, body: '{}' })).status;
  };
  const credentials = app.get<CredentialService>(getCredentialsToken('cashfin'));
  const verify = async (secret: string): Promise<boolean> => {
    const message = {
      headers: { 'x-cashfin-signature': hmac('{}', secret) },
      rawBody: Buffer.from('{}'),
    };
    return (await app.get(PaymentsSignaturesService).verifyWebhook('cashfin', message)) !== undefined;
  };
  return { credentials, post, verify };
};

describe('keys of signed messages after rotate()', () => {
  it('are the new ones, and the old one counts as long as it stands in the list', async () => {
    const { credentials, verify } = await cashfinReceiver({
      credentials: keys(OLD),
      accounts: { shop: keys(OLD) },
    });
    const own = credentials.account(OWN_ACCOUNT);
    expect([await verify(OLD), await verify(NEW)]).toEqual([true, false]);
    await own.rotate([keys(NEW), keys(OLD)]);
    expect([await verify(OLD), await verify(NEW)]).toEqual([true, true]);
    await own.rotate(keys(NEW));
    expect([await verify(OLD), await verify(NEW)]).toEqual([false, true]);
    await own.rotate();
    expect([await verify(OLD), await verify(NEW)]).toEqual([true, false]);
  });

  it('may be a list in one field, for the own account and for a merchant', async () => {
    const { credentials, verify, post } = await cashfinReceiver({
      credentials: keys(OLD),
      accounts: { one: keys(OLD), two: keys(OLD) },
    });
    const both = { ...keys(OLD), webhookSecret: [NEW, OLD] };
    await credentials.account(OWN_ACCOUNT).rotate(both);
    expect([await verify(OLD), await verify(NEW), await verify('')]).toEqual([true, true, false]);
    await credentials.account('one').rotate(both);
    expect([await post(OLD, 'one'), await post(NEW, 'one'), await post(NEW, 'two')]).toEqual([201, 201, 401]);
    await credentials.account('one').rotate({ ...both, webhookSecret: [NEW] });
    expect([await post(OLD, 'one'), await post(NEW, 'one')]).toEqual([401, 201]);
    await expect(
      credentials.account('one').rotate({ ...both, webhookSecret: [NEW, 5 as never] }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining('webhookSecret') });
    expect([await post(OLD, 'one'), await post(NEW, 'one')]).toEqual([401, 201]);
  });

  it('are the new ones of one merchant, and of no other', async () => {
    const { credentials, post } = await cashfinReceiver({ accounts: { one: keys(OLD), two: keys(OLD) } });
    expect([await post(OLD, 'one'), await post(OLD, 'two')]).toEqual([201, 201]);
    await credentials.account('one').rotate(keys(NEW));
    expect([await post(OLD, 'one'), await post(NEW, 'one')]).toEqual([401, 201]);
    expect([await post(OLD, 'two'), await post(NEW, 'two')]).toEqual([201, 401]);
  });

  it('are asked of their function again when rotate() is called without any', async () => {
    let stored = OLD;
    const { credentials, post } = await cashfinReceiver({ accounts: () => keys(stored) });
    expect(await post(OLD, 'one')).toBe(201);
    stored = NEW;
    await credentials.account('one').rotate();
    expect([await post(OLD, 'one'), await post(NEW, 'one')]).toEqual([401, 201]);
  });

  it('hash orders as well', async () => {
    const { app } = await start([
      PaymentsAuthModule.forRoot({
        providers: { kashier: { environment: 'test', credentials: { secretKey: 'a$b', apiKey: OLD } } },
      }),
    ]);
    const order = { merchantId: 'MID-0-1', orderId: 'ORDER-1', amount: '100', currency: 'EGP' };
    const signatures = app.get(PaymentsSignaturesService);
    expect(await signatures.kashierOrderHash(order)).toBe(kashierOrderHash(order, OLD));
    await app
      .get<CredentialService>(getCredentialsToken('kashier'))
      .rotate({ secretKey: 'a$b', apiKey: NEW });
    expect(await signatures.kashierOrderHash(order)).toBe(kashierOrderHash(order, NEW));
  });
});
