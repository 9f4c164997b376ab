import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { defineProvider, login } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from './support/application.js';
import { failure } from './support/credential-bed.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';

interface TenantKeys {
  readonly key: string;
  readonly tenant?: string;
}

let server: LoopbackServer;
let application: TestApplication | undefined;

beforeEach(async () => {
  let tokens = 0;
  server = await startLoopbackServer((request, response) =>
    request.url.endsWith('/token')
      ? json(response, 200, { token: `token-${(tokens += 1)}-of${request.url.replaceAll('/', '-')}` })
      : json(response, 200, { url: request.url, carried: request.headers.authorization }),
  );
});
afterEach(async () => {
  await application?.close();
  await server.close();
});

/** A provider with a host of its own for each tenant, for calls and for logins. */
const definitionAt = (url: string) =>
  defineProvider<TenantKeys, 'acme', 'live' | 'test'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: `${url}/live/{tenant}`, test: `${url}/test` },
    credentials: { key: {}, tenant: { optional: true, inUrl: /^[a-z-]+$/ } },
    token: login({
      path: '/auth/token',
      body: ({ credentials, endpoint }) => ({ json: { key: credentials.key, endpoint } }),
      answer: { token: 'token' },
      documentedLifetimeMs: 3_600_000,
      rejected: () => false,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  });

async function start(options: object) {
  application = await startApplication({
    providers: { acme: { provider: definitionAt(server.url), environment: 'live', ...options } },
  });
  return application.paymentsAuth;
}

const keysOf = (account: string): TenantKeys => ({ key: `key-of-${account}`, tenant: account });
const called = async (paymentsAuth: TestApplication['paymentsAuth'], account: string, url = '/pay') =>
  (await firstValueFrom(paymentsAuth.http('acme', account).get<Record<string, string>>(url))).data;

const refusedAt = (path: string) => ({
  problems: [expect.stringMatching(new RegExp(`^providers\\.acme\\.${path}tenant: cannot stand in a URL`))],
});

describe('Hosts of an account', () => {
  it('let each merchant log in and pay at its own host', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    const [one, two] = await Promise.all(['one', 'two'].map((account) => called(paymentsAuth, account)));
    expect(one).toMatchObject({
      url: '/live/one/pay',
      carried: expect.stringContaining('-live-one-auth-token'),
    });
    expect(two).toMatchObject({
      url: '/live/two/pay',
      carried: expect.stringContaining('-live-two-auth-token'),
    });
    const [first] = server.requests;
    expect(JSON.parse(first?.body.toString() ?? '')).toMatchObject({
      endpoint: `${server.url}${first?.url}`,
    });
  });

  it('are found in the paths of logins and of their ends', async () => {
    const definition = defineProvider<TenantKeys, 'acme', 'live'>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: `${server.url}/live` },
      credentials: { key: {}, tenant: { optional: true, inUrl: /^[a-z-]+$/ } },
      token: login({
        path: '/{tenant}/token',
        body: ({ credentials }) => ({ json: { key: credentials.key } }),
        answer: { token: 'token' },
        documentedLifetimeMs: 3_600_000,
        rejected: () => false,
        revoke: { path: '/{tenant}/end', body: ({ token }) => ({ json: { token } }) },
      }),
      headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    });
    application = await startApplication({
      providers: { acme: { provider: definition, environment: 'live', accounts: keysOf } },
    });
    for (const account of ['one', 'two']) {
      const credentials = application.paymentsAuth.credentials('acme', account);
      await credentials.get();
      await credentials.revoke();
    }
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/live/one/token',
      '/live/one/end',
      '/live/two/token',
      '/live/two/end',
    ]);
  });

  it('let the token of one merchant go to no host of another, by any kind of URL', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    await called(paymentsAuth, 'one');
    const before = server.requests.length;
    for (const url of [`${server.url}/live/two/pay`, `${server.url}/live/one-more/pay`, '/../two/pay'])
      expect(await failure(called(paymentsAuth, 'one', url))).toMatchObject({ code: 'INSECURE_DESTINATION' });
    expect(server.requests).toHaveLength(before);
    expect(await called(paymentsAuth, 'one', `${server.url}/live/one/pay`)).toMatchObject({
      url: '/live/one/pay',
    });
  });

  it.each<[string, AxiosRequestConfig]>([
    ['another host', { url: 'https://evil.test/pay' }],
    ['another host as the base URL', { baseURL: 'https://evil.test/live/one', url: '/pay' }],
    ['no place of any account', { url: '/elsewhere/one/pay' }],
    ['a place that is a part of one', { url: '/live' }],
    ['a place beside those of accounts', { url: '/live/one%2Fup/pay' }],
    ['a path that climbs', { url: '/../two/pay', baseURL: 'as it is' }],
    ['an unknown named host', { url: '/pay', baseURL: 'as it is', paymentsAuth: { host: 'reports' } }],
  ])('refuse %s before anybody logs in', async (_, { baseURL, ...config }) => {
    const paymentsAuth = await start({ accounts: keysOf });
    const where = baseURL === 'as it is' ? {} : { baseURL: baseURL ?? server.url };
    const call = paymentsAuth.http('acme', 'one').axiosRef.request({ ...config, ...where });
    expect(await failure(call)).toMatchObject({
      code: 'INSECURE_DESTINATION',
      message: expect.stringContaining(`Its base URL is ${server.url}/live/{tenant}.`) as unknown,
    });
    expect(server.requests).toEqual([]);
  });

  it('are checked by authenticate() too, before anybody logs in', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    const credentials = paymentsAuth.credentials('acme', 'one');
    for (const url of ['https://evil.test/pay', `${server.url}/elsewhere`, '/../two/pay'])
      expect(await failure(credentials.authenticate({ method: 'GET', url }))).toMatchObject({
        code: 'INSECURE_DESTINATION',
      });
    expect(server.requests).toEqual([]);
  });

  it('are accepted as a full URL, also before anybody has logged in', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    for (const account of ['one', 'two'])
      expect(await called(paymentsAuth, account, `${server.url}/live/${account}/pay`)).toMatchObject({
        url: `/live/${account}/pay`,
      });
  });

  it('are found in host names, where a value is a part of a label', async () => {
    const adyenLike = defineProvider<TenantKeys, 'acme'>({
      name: 'acme',
      title: 'Acme',
      docs: 'https://docs.acme.test',
      environments: { live: 'https://{tenant}-live.acme.test/v1' },
      credentials: { key: {}, tenant: { inUrl: /^[a-z]+$/, optional: true } },
      headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    });
    let asked = 0;
    const paymentsAuth = await start({
      provider: adyenLike,
      accounts: (id: string) => ((asked += 1), keysOf(id)),
    });
    const http = paymentsAuth.http('acme', 'one').axiosRef;
    for (const url of [
      'https://one.acme.test/v1/pay',
      'https://one-live.acme.test.evil.test/v1/pay',
      'https://-live.acme.test/v1/pay',
      'https://one-live.acme.test/v2/pay',
      'https://a.one-live.acme.test/v1/pay',
    ])
      expect(await failure(http.get(url))).toMatchObject({ code: 'INSECURE_DESTINATION' });
    expect(asked).toBe(0);
    // The host of another account belongs to the provider. It is refused once the account of the call is known.
    expect(await failure(http.get('https://two-live.acme.test/v1/pay'))).toMatchObject({
      code: 'INSECURE_DESTINATION',
    });
    expect(asked).toBe(1);
  });

  it('stand in the URL that authenticate() gives', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    const request = { method: 'GET', url: '/pay' };
    const { url } = await paymentsAuth.credentials('acme', 'two').authenticate(request);
    expect(url).toBe(`${server.url}/live/two/pay`);
  });

  it.each(['two words', 'a.b', '../up', 'a/b', '-a', 'a@b', 'UPPER'])(
    'refuse %p, which would lead to another host, before anything is sent',
    async (tenant) => {
      const paymentsAuth = await start({ accounts: () => ({ key: 'k', tenant }) });
      expect(await failure(called(paymentsAuth, 'one'))).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
      expect(server.requests).toEqual([]);
    },
  );

  it.each(['two words', 'a.b', '../up', 'a/b'])(
    'refuse %p at boot where the value is known at boot',
    async (tenant) => {
      expect(await failure(start({ credentials: { key: 'k', tenant } }))).toMatchObject(
        refusedAt('credentials\\.'),
      );
      expect(await failure(start({ accounts: { one: { key: 'k', tenant } } }))).toMatchObject(
        refusedAt('accounts\\["one"\\]\\.'),
      );
    },
  );

  it('cause one error where several hosts are made of the same wrong value', async () => {
    const adyen = { environment: 'live', credentials: { apiKey: 'test-key-not-real' } } as const;
    expect(await failure(startApplication({ providers: { adyen } }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [
        'providers.adyen.credentials.liveUrlPrefix: missing; it is a part of the URL of this environment',
      ],
    });
  });

  it('need the value where the URL of the environment is made of it, and not elsewhere', async () => {
    const credentials = { key: 'k' };
    expect(await failure(start({ credentials }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: ['providers.acme.credentials.tenant: missing; it is a part of the URL of this environment'],
    });
    expect(await failure(start({ accounts: { one: keysOf('one'), two: credentials } }))).toMatchObject({
      problems: [
        'providers.acme.accounts["two"].tenant: missing; it is a part of the URL of this environment',
      ],
    });
    const paymentsAuth = await start({ accounts: () => credentials });
    const error = await failure(called(paymentsAuth, 'one'));
    expect(error.message).toContain('credentials.tenant: missing, and the URL of the provider contains it');
    await application?.close();
    const inTest = await start({ environment: 'test', credentials });
    const { data } = await firstValueFrom(inTest.http('acme').get<Record<string, string>>('/pay'));
    expect(data).toMatchObject({ url: '/test/pay' });
  });
});
