import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

/** A provider that has a place of its own for each tenant, for calls and for logins. */
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

describe('Hosts of an account', () => {
  it('have each merchant log in and pay at its own place', async () => {
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

  it("never let one merchant's token go to the place of another, by no kind of URL", async () => {
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

  it('are in what authenticate() gives', async () => {
    const paymentsAuth = await start({ accounts: keysOf });
    const request = { method: 'GET', url: '/pay' };
    const { url } = await paymentsAuth.credentials('acme', 'two').authenticate(request);
    expect(url).toBe(`${server.url}/live/two/pay`);
  });

  it.each(['two words', 'a.b', '../up', 'a/b', '-a', 'a@b', 'UPPER'])(
    'refuse %p, which would lead elsewhere, before anything is sent',
    async (tenant) => {
      const paymentsAuth = await start({ accounts: () => ({ key: 'k', tenant }) });
      expect(await failure(called(paymentsAuth, 'one'))).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
      expect(server.requests).toEqual([]);
    },
  );

  it('need the value where the URL of the environment is made of it, and not elsewhere', async () => {
    const credentials = { key: 'k' };
    expect(await failure(start({ credentials }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: ['providers.acme.credentials.tenant: missing; the URL of this environment is made of it'],
    });
    const paymentsAuth = await start({ accounts: () => credentials });
    const error = await failure(called(paymentsAuth, 'one'));
    expect(error.message).toContain('credentials.tenant: missing, and the URL of the provider is made of it');
    await application?.close();
    const inTest = await start({ environment: 'test', credentials });
    const { data } = await firstValueFrom(inTest.http('acme').get<Record<string, string>>('/pay'));
    expect(data).toMatchObject({ url: '/test/pay' });
  });
});
