import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { defineProvider, login, OWN_ACCOUNT } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from './support/application.js';
import { failure } from './support/credential-bed.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';

/** A provider whose tokens name their account, and whose login carries what the application adds. */
const acme = defineProvider<{ user: string }, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { user: { variable: 'ACME_USER' } },
  token: login({
    path: '/login',
    body: ({ credentials, audience }) => ({ json: { user: credentials.user, audience } }),
    answer: { token: 'token' },
    documentedLifetimeMs: 3_600_000,
    rejected: () => false,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
});

let server: LoopbackServer;
let application: TestApplication;

afterEach(async () => {
  await application.close();
  await server.close();
});

const accounts = (account: string) => (account.startsWith('shop') ? { user: account } : undefined);

async function start(options: object = {}) {
  server = await startLoopbackServer((request, response) => {
    if (request.url !== '/login') return json(response, 200, { paidBy: request.headers.authorization });
    const { user, audience = 'nobody' } = JSON.parse(request.body.toString()) as Record<string, string>;
    json(response, 200, { token: `token-of-${user}-for-${audience}` });
  });
  const given = { baseUrl: server.url, credentials: { user: 'platform' }, accounts, ...options };
  application = await startApplication({ providers: { acme: { provider: acme, ...given } } });
  return application.paymentsAuth;
}

/** The logins of the merchant. Those of the provider's own account, which logs in at start, are left out. */
const shopLogins = () =>
  server
    .to('/login')
    .map(({ body }) => JSON.parse(body.toString()) as { user: string })
    .filter(({ user }) => user === 'shop-1');

const paidBy = async (http: HttpService, config: object = {}) =>
  (await firstValueFrom(http.get<{ paidBy: string }>('/pay', config))).data.paidBy;

describe('An HttpService that is bound to an account', () => {
  it('makes all of its calls as that account, also where a call does not name it', async () => {
    const paymentsAuth = await start();
    const shop = paymentsAuth.http('acme', 'shop-1');
    expect(shop).toBeInstanceOf(HttpService);
    expect(await paidBy(shop)).toBe('Bearer token-of-shop-1-for-nobody');
    expect(await paidBy(shop, { paymentsAuth: { replay: 'never' } })).toBe(
      'Bearer token-of-shop-1-for-nobody',
    );
    expect(await paidBy(paymentsAuth.http('acme', OWN_ACCOUNT))).toBe('Bearer token-of-platform-for-nobody');
    const posted = await firstValueFrom(shop.post<{ paidBy: string }>('/pay', { amount: 1 }));
    expect(posted.data.paidBy).toBe('Bearer token-of-shop-1-for-nobody');
    const ref = await shop.axiosRef<{ paidBy: string }>({ url: '/pay' });
    expect(ref.data.paidBy).toBe('Bearer token-of-shop-1-for-nobody');
  });

  it('refuses a call that names another account, and sends nothing', async () => {
    const paymentsAuth = await start();
    for (const account of ['shop-2', OWN_ACCOUNT, undefined, null]) {
      const call = paidBy(paymentsAuth.http('acme', 'shop-1'), { paymentsAuth: { account } });
      expect(await failure(call)).toMatchObject({ code: 'INVALID_REQUEST', account: 'shop-1' });
    }
    expect(server.requests).toEqual([]);
    expect(
      await paidBy(paymentsAuth.http('acme', 'shop-1'), { paymentsAuth: { account: 'shop-1' } }),
    ).toContain('shop-1');
  });

  it.each([undefined, null, '', 'ghost'])('refuses every call where the name is %p', async (account) => {
    const paymentsAuth = await start();
    const http = paymentsAuth.http('acme', account as string);
    expect(await failure(paidBy(http))).toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    expect(server.requests).toEqual([]);
  });

  it('runs the interceptors of the unbound service, and keeps its own to itself', async () => {
    const paymentsAuth = await start();
    const seen: string[] = [];
    paymentsAuth.http('acme').axiosRef.interceptors.request.use((config) => {
      seen.push(`${config.url} of everybody`);
      return config;
    });
    paymentsAuth.http('acme').axiosRef.interceptors.response.use((response) => {
      seen.push(`${response.status} of everybody`);
      return response;
    });
    const shop = paymentsAuth.http('acme', 'shop-1');
    shop.axiosRef.interceptors.request.use((config) => {
      seen.push(`${config.url} of the shop`);
      return { ...config, paymentsAuth: { account: 'shop-1' } };
    });
    await paidBy(shop);
    await paidBy(paymentsAuth.http('acme', 'shop-2'));
    expect(seen).toEqual([
      '/pay of the shop',
      '/pay of everybody',
      '200 of everybody',
      '/pay of everybody',
      '200 of everybody',
    ]);
  });

  it('shares the token of its account with calls that name the account', async () => {
    const paymentsAuth = await start();
    await paidBy(paymentsAuth.http('acme', 'shop-1'));
    await paidBy(paymentsAuth.http('acme', 'shop-1'));
    await paidBy(paymentsAuth.http('acme'), { paymentsAuth: { account: 'shop-1' } });
    const { token } = await paymentsAuth.credentials('acme', 'shop-1').get();
    expect(token).toBe('token-of-shop-1-for-nobody');
    expect((await paymentsAuth.credentials('acme', OWN_ACCOUNT).get()).token).toBe(
      'token-of-platform-for-nobody',
    );
    expect(server.requests.filter(({ url }) => url === '/login')).toHaveLength(2);
  });
});

describe('A call that names no account', () => {
  it('is refused where the provider has accounts, also beside credentials of its own', async () => {
    const paymentsAuth = await start();
    const error = await failure(paidBy(paymentsAuth.http('acme')));
    expect(error).toMatchObject({ code: 'ACCOUNT_UNKNOWN', provider: 'acme' });
    expect(error.message).toContain('OWN_ACCOUNT');
    await expect(paymentsAuth.credentials('acme').headers()).rejects.toMatchObject({
      code: 'ACCOUNT_UNKNOWN',
    });
    expect(server.requests).toEqual([]);
  });

  it('is the own account where there are no others, by that name too', async () => {
    const paymentsAuth = await start({ accounts: undefined });
    expect(await paidBy(paymentsAuth.http('acme'))).toBe('Bearer token-of-platform-for-nobody');
    expect(await paidBy(paymentsAuth.http('acme', OWN_ACCOUNT))).toBe('Bearer token-of-platform-for-nobody');
  });
});

describe('The options of a login', () => {
  it('reach the login: audience, headers, and the time that it may take', async () => {
    const paymentsAuth = await start({
      audience: 'payouts',
      tokenRequest: { headers: { 'X-Client': 'shop-fleet', 'Content-Type': 'text/plain' } },
    });
    expect(await paidBy(paymentsAuth.http('acme', 'shop-1'))).toBe('Bearer token-of-shop-1-for-payouts');
    expect(server.requests[0]?.headers).toMatchObject({
      'x-client': 'shop-fleet',
      // The headers of the definition win, because the provider would not understand the login otherwise.
      'content-type': 'application/json',
    });
    expect(server.requests.find(({ url }) => url === '/pay')?.headers).not.toHaveProperty('x-client');
  });
});

describe('The audience of a call', () => {
  it('has a token of its own for each account, however it is named, and reaches the login', async () => {
    const paymentsAuth = await start({ audience: 'payouts' });
    const shop = paymentsAuth.http('acme', 'shop-1');
    const audiences = ['refunds', undefined, 'payouts', 'refunds', 'ledger'];
    const paid = await Promise.all(
      audiences.map((audience) => paidBy(shop, audience === undefined ? {} : { paymentsAuth: { audience } })),
    );
    expect(paid).toEqual([
      'Bearer token-of-shop-1-for-refunds',
      'Bearer token-of-shop-1-for-payouts',
      'Bearer token-of-shop-1-for-payouts',
      'Bearer token-of-shop-1-for-refunds',
      'Bearer token-of-shop-1-for-ledger',
    ]);
    expect(shopLogins()).toHaveLength(3);
    expect(paymentsAuth.status({ account: 'shop-1' }).map(({ audience }) => audience)).toEqual(
      expect.arrayContaining(['payouts', 'refunds', 'ledger']),
    );
  });

  it('is what authenticate() asks for, with a token that calls share', async () => {
    const paymentsAuth = await start();
    const credentials = paymentsAuth.credentials('acme', 'shop-1');
    const request = { method: 'GET', url: '/pay' };
    const { headers } = await credentials.authenticate({ ...request, audience: 'refunds' });
    expect(headers).toMatchObject({ Authorization: 'Bearer token-of-shop-1-for-refunds' });
    const shop = paymentsAuth.http('acme', 'shop-1');
    expect(await paidBy(shop, { paymentsAuth: { audience: 'refunds' } })).toBe(
      'Bearer token-of-shop-1-for-refunds',
    );
    expect((await credentials.authenticate(request)).headers).toMatchObject({
      Authorization: 'Bearer token-of-shop-1-for-nobody',
    });
    expect(shopLogins()).toEqual([{ user: 'shop-1', audience: 'refunds' }, { user: 'shop-1' }]);
  });

  it('is given back with the token that it was asked for', async () => {
    const paymentsAuth = await start();
    const shop = paymentsAuth.http('acme', 'shop-1');
    await paidBy(shop, { paymentsAuth: { audience: 'refunds' } });
    await paymentsAuth.credentials('acme', 'shop-1').revoke();
    await paidBy(shop, { paymentsAuth: { audience: 'refunds' } });
    expect(shopLogins()).toEqual([
      { user: 'shop-1', audience: 'refunds' },
      { user: 'shop-1', audience: 'refunds' },
    ]);
  });
});
