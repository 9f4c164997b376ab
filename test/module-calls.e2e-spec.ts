import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { defineProvider, fromFile, InjectPaymentsHttp, type PaymentsAuthEvent } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { auditLineOf } from './support/audit-line.js';

const CASHFIN_SECRET = 'test-secret-not-real-cashfin';
const PESAPAL = { consumerKey: 'test-key-not-real', consumerSecret: 'test-secret-not-real-pesapal' };
const LOGIN = '/api/Auth/RequestToken';

const acmeProvider = defineProvider<{ apiKey: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test/authentication',
  environments: { live: 'https://api.acme.test' },
  credentials: { apiKey: { variable: 'ACME_API_KEY' } },
  headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
});

let server: LoopbackServer;

/** Answers PesaPal's login. Every other answer holds the headers that authenticated the call. */
function start(): Promise<LoopbackServer> {
  let logins = 0;
  return startLoopbackServer(({ url, headers, body }, response) => {
    if (url !== LOGIN) {
      json(response, 200, { authorization: headers.authorization, apiKey: headers['x-api-key'] });
      return;
    }
    const given = JSON.parse(body.toString()) as Record<string, string>;
    const known = given['consumer_secret'] === PESAPAL.consumerSecret;
    json(
      response,
      200,
      known
        ? {
            token: `test-token-${++logins}`,
            expiryDate: new Date(Date.now() + 300_000).toISOString(),
            error: null,
            status: '200',
          }
        : { error: { code: 'invalid_consumer_key_or_secret_provided', message: '' }, status: '500' },
    );
  });
}

declare module 'nestjs-payments-auth' {
  interface OwnProviders {
    acme: true;
  }
}

@Injectable()
class Shop {
  constructor(
    @InjectPaymentsHttp('pesapal') readonly pesapal: HttpService,
    @InjectPaymentsHttp('cashfin') readonly cashfin: HttpService,
    @InjectPaymentsHttp('acme') readonly acme: HttpService,
  ) {}
}

const get = async (http: HttpService, url: string) =>
  (await firstValueFrom(http.get<{ authorization?: string; apiKey?: string }>(url))).data;

describe('an application that names its providers', () => {
  afterEach(() => server.close());

  it('calls each with an ordinary HttpService, authenticated as the provider documents it', async () => {
    server = await start();
    const { app, close } = await startApplication(
      {
        providers: {
          pesapal: { baseUrl: server.url, credentials: PESAPAL },
          cashfin: { baseUrl: server.url, credentials: { clientSecret: CASHFIN_SECRET } },
          acme: {
            provider: acmeProvider,
            baseUrl: `${server.url}/v1`,
            credentials: { apiKey: 'test-key-not-real-acme' },
          },
        },
      },
      { providers: [Shop] },
    );
    const shop = app.get(Shop);
    const answers = await Promise.all(Array.from({ length: 50 }, () => get(shop.pesapal, '/api/orders')));
    expect(new Set(answers.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer test-token-1']),
    );
    expect(server.to(LOGIN)).toHaveLength(1);
    expect(await get(shop.cashfin, '/business/product/list')).toEqual({ authorization: CASHFIN_SECRET });
    expect(await get(shop.acme, '/payments')).toEqual({ apiKey: 'test-key-not-real-acme' });
    expect(server.to('/v1/payments')).toHaveLength(1);
    await close();
  });

  it('takes base URLs and credentials from variables alone', async () => {
    server = await start();
    const { paymentsAuth, close } = await startApplication(undefined, {
      variables: {
        PESAPAL_CONSUMER_KEY: PESAPAL.consumerKey,
        PESAPAL_CONSUMER_SECRET: PESAPAL.consumerSecret,
        PESAPAL_BASE_URL: server.url,
        CASHFIN_CLIENT_SECRET: CASHFIN_SECRET,
        CASHFIN_BASE_URL: `${server.url}/`,
      },
    });
    expect(await get(paymentsAuth.http('pesapal'), '/api/orders')).toEqual({
      authorization: 'Bearer test-token-1',
    });
    expect(await get(paymentsAuth.http('cashfin'), '/business/product/list')).toEqual({
      authorization: CASHFIN_SECRET,
    });
    expect(paymentsAuth.status().map(({ provider, state }) => [provider, state])).toEqual([
      ['cashfin', 'fresh'],
      ['pesapal', 'fresh'],
    ]);
    await close();
  });

  it('uses a secret that is replaced in its file, without a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
    const path = join(folder, 'cashfin');
    await writeFile(path, `${CASHFIN_SECRET}-1\n`);
    server = await startLoopbackServer(({ headers }, response) => {
      const current = headers.authorization === `${CASHFIN_SECRET}-2`;
      json(response, current ? 200 : 401, current ? {} : { success: false, message: 'Unauthorized access!' });
    });
    const clock = new ManualClock();
    const { paymentsAuth, close } = await startApplication(
      { providers: { cashfin: { baseUrl: server.url, credentials: { clientSecret: fromFile(path) } } } },
      { clock },
    );
    expect(await paymentsAuth.credentials('cashfin').headers()).toEqual({
      Authorization: `${CASHFIN_SECRET}-1`,
    });
    await writeFile(path, `${CASHFIN_SECRET}-2\n`);
    // A source is asked again at most once a second, and this source has just been asked.
    await clock.advance(1_001);
    const response = await firstValueFrom(paymentsAuth.http('cashfin').get('/business/product/list'));
    expect(response.paymentsAuth).toMatchObject({ attempts: 2, replayed: true, firstStatus: 401 });
    expect(server.requests).toHaveLength(2);
    await close();
    await rm(folder, { recursive: true });
  });

  it('emits events, and no listener can fail a call', async () => {
    server = await start();
    const logger = new LogLines();
    const { paymentsAuth, close } = await startApplication(
      {
        auditLog: true,
        providers: { pesapal: { baseUrl: server.url, credentials: PESAPAL, keepWarm: 'when-used' } },
      },
      { logger },
    );
    const heard: PaymentsAuthEvent[] = [];
    paymentsAuth.events$.subscribe(() => {
      throw new Error('a listener of the test');
    });
    paymentsAuth.events$.subscribe((event) => heard.push(event));
    await get(paymentsAuth.http('pesapal'), '/api/orders');
    await close();
    expect(heard.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['credential-requested', 'token-request', 'credential-obtained']),
    );
    const audit = logger.of('log', 'PaymentsAuthAudit');
    expect(audit).toEqual(heard.map(auditLineOf));
    expect(audit.join('\n')).not.toMatch(/test-token|not-real/);
  });

  it('logs a rejected secret in one line, in the words of the provider', async () => {
    server = await start();
    const logger = new LogLines();
    const { paymentsAuth, close } = await startApplication(
      {
        providers: {
          pesapal: {
            baseUrl: server.url,
            keepWarm: 'when-used',
            credentials: { ...PESAPAL, consumerSecret: 'test-secret-not-real-wrong' },
          },
        },
      },
      { logger },
    );
    await expect(get(paymentsAuth.http('pesapal'), '/api/orders')).rejects.toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'invalid_consumer_key_or_secret_provided',
    });
    await close();
    expect(logger.of('error', 'PaymentsAuth')).toEqual([
      expect.stringMatching(
        /^credentials-rejected provider=pesapal credential=[0-9a-f]{8} reason=invalid_consumer_key_or_secret_provided retryAfterMs=\d+$/,
      ),
    ]);
    expect(server.to('/api/orders')).toEqual([]);
  });
});
