import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { isPaymentsAuthError, type ProviderOptions } from 'nestjs-payments-auth';
import { PROVIDER_NAMES, type ProviderName, type SandboxProvider, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { startApplication } from './support/application.js';
import {
  type ConnectProxy,
  startConnectProxy,
  startTlsFront,
  startTrap,
  type TlsFront,
} from './support/tls.js';
import { outcomeOf } from './support/waiting.js';
import { secretsOf, type SandboxBed, startSandboxBed, TOKEN_PROVIDERS } from './support/sandbox-bed.js';

const ADAPTERS = ['http', 'fetch'];
const ECHO = '/sandbox/echo';

let six: SandboxBed;
let trap: Awaited<ReturnType<typeof startTrap>>;

beforeAll(async () => {
  [six, trap] = await Promise.all([startSandboxBed(), startTrap()]);
});

afterAll(() => Promise.all([six.close(), trap.close()]));

beforeEach(() => {
  six.sandbox.reset();
});

const own = (name: ProviderName) => six.of(name).provider.baseUrl;
const ownPort = (name: ProviderName) => new URL(own(name)).port;

/** Every host name resolves to the trap. A call that is not refused arrives there. */
const lookup = (_host: string, _options: object, done: (error: null, address: string, family: 4) => void) =>
  done(null, '127.0.0.1', 4);

describe('a request that would carry a credential elsewhere is refused before it connects:', () => {
  const elsewhere: [string, (name: ProviderName) => AxiosRequestConfig][] = [
    ['an absolute URL', () => ({ url: `http://127.0.0.1:${trap.port}/x` })],
    ['another port of the same host', () => ({ url: `http://127.0.0.1:${trap.port}${ECHO}` })],
    ['another name of the same host', (name) => ({ url: `http://localhost:${ownPort(name)}${ECHO}` })],
    ['a protocol-relative URL', () => ({ url: `//127.0.0.1:${trap.port}/x` })],
    ['one with backslashes', () => ({ url: `http:\\\\127.0.0.1:${trap.port}\\x` })],
    ['a base URL of the request', () => ({ baseURL: `http://127.0.0.1:${trap.port}`, url: '/x' })],
    ['no base URL', () => ({ baseURL: '', url: `http://127.0.0.1:${trap.port}/x` })],
    ['a user name in the URL', (name) => ({ url: own(name).replace('://', '://user@') + ECHO })],
    ['a user and a password', (name) => ({ url: own(name).replace('://', '://user:pass@') + ECHO })],
    ['the own host as a user name', (name) => ({ url: `${own(name)}@127.0.0.1:${trap.port}/x` })],
    ['`auth`', () => ({ url: ECHO, auth: { username: 'user', password: 'pass' } })],
    ['a look-alike host', () => ({ url: `http://api.wakapay.io.evil.test:${trap.port}/x`, lookup })],
    ['one in upper case', () => ({ url: `HTTP://API.WAKAPAY.IO.EVIL.TEST:${trap.port}/x`, lookup })],
    ['a trailing dot', (name) => ({ url: `http://localhost.:${ownPort(name)}${ECHO}`, lookup })],
    ['punycode', () => ({ url: `http://xn--wakapy-3nf.io:${trap.port}/x`, lookup })],
    ['letters that look alike', () => ({ url: `http://wakapаy.io:${trap.port}/x`, lookup })],
    ['an address as a number', () => ({ url: `http://2130706433:${trap.port}/x` })],
    ['an address in hexadecimal', () => ({ url: `http://0x7f.1:${trap.port}/x` })],
    ['an address in octal', () => ({ url: `http://0177.0.0.1:${trap.port}/x` })],
    ['an IPv6 address of the same', () => ({ url: `http://[::ffff:127.0.0.1]:${trap.port}/x` })],
    ['https on a plain port', () => ({ url: `https://127.0.0.1:${trap.port}/x` })],
    ['another `Host` header', () => ({ url: ECHO, headers: { Host: 'evil.test' } })],
    ['a transport', () => ({ url: ECHO, transport: {} as never })],
    ['a socket path', () => ({ url: ECHO, socketPath: '/var/run/docker.sock' })],
    ['a named host that there is not', () => ({ url: ECHO, paymentsAuth: { host: 'evil' } })],
  ];

  const cases = ADAPTERS.flatMap((adapter) =>
    elsewhere.map(([title, config]) => [title, adapter, config] as const),
  );

  it.each(cases)('%s (%s)', async (_, adapter, config) => {
    for (const { name, provider, http } of six.all) {
      // No login yet: the call has to be refused before it logs in.
      const error = await outcomeOf(firstValueFrom(http.request({ ...config(name), adapter })));
      expect(error).toMatchObject({ code: 'INSECURE_DESTINATION', provider: name });
      expect(isPaymentsAuthError(error)).toBe(true);
      expect(provider.counts).toMatchObject({ calls: 0, tokenRequests: 0 });
    }
    expect(trap.connections()).toBe(0);
  });

  it.each(ADAPTERS)('after an interceptor of the application has changed it (%s)', async (adapter) => {
    const fresh = await startSandboxBed({ only: ['wakapay'] });
    try {
      const { http, provider } = fresh.of('wakapay');
      http.axiosRef.interceptors.request.use((config) =>
        Object.assign(config, { baseURL: `http://127.0.0.1:${trap.port}` }),
      );
      const error = await outcomeOf(http.axiosRef.get(ECHO, { adapter }));
      expect(error).toMatchObject({ code: 'INSECURE_DESTINATION' });
      expect([trap.connections(), provider.counts.tokenRequests]).toEqual([0, 0]);
    } finally {
      await fresh.close();
    }
  });

  it.each([
    '/../other',
    '/%2e%2e/other',
    '/.%2E/other',
    '/a/../../other',
    '/..%2fother',
    '/..%5cother',
    '/%252e%252e%252fother',
    '/..;/other',
    '/..\\other',
  ])('a path that leaves the base path of the provider: %s', async (url) => {
    const { http, provider } = six.of('pesapal');
    expect(new URL(provider.baseUrl).pathname).toBe('/pesapalv3');
    for (const adapter of ADAPTERS) {
      const error = await outcomeOf(firstValueFrom(http.request({ url, adapter })));
      expect(error).toMatchObject({ code: 'INSECURE_DESTINATION' });
    }
    expect(provider.counts).toMatchObject({ calls: 0, tokenRequests: 0 });
  });

  it('plain http, but for loopback and the hosts that are allowed it', async () => {
    const refused = startApplication({
      providers: { cashfin: { baseUrl: 'http://api.cashfin.test', credentials: { clientSecret: 'x' } } },
    });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    const { paymentsAuth, close } = await startApplication({
      providers: {
        cashfin: {
          baseUrl: `http://sandbox:${trap.port}`,
          insecureHosts: ['sandbox'],
          credentials: { clientSecret: 'test-secret-not-real' },
        },
      },
    });
    const http = paymentsAuth.http('cashfin');
    // The look-up of the caller would send it to another address.
    await outcomeOf(firstValueFrom(http.get('/x', { lookup: lookup as never, timeout: 2_000 })));
    await expect(firstValueFrom(http.get(`http://sandbox.evil.test:${trap.port}/x`))).rejects.toMatchObject({
      code: 'INSECURE_DESTINATION',
    });
    expect(trap.connections()).toBe(0);
    await close();
  });
});

describe('a redirect is given to the caller, and is not followed:', () => {
  const cases = ([301, 302, 303, 307, 308] as const).flatMap((status) =>
    (['same-origin', 'other-port', 'other-host'] as const).flatMap((to) =>
      ADAPTERS.map((adapter) => [status, to, adapter] as const),
    ),
  );

  it.each(cases)('%d to %s, through the %s adapter', async (status, to, adapter) => {
    for (const { provider, send } of six.all) {
      await send({ url: ECHO });
      provider.misbehave({ fault: 'redirect', status, to, on: 'call' });
      const { calls } = provider.counts;
      for (const method of ['GET', 'POST']) {
        const error = await outcomeOf(send({ method, url: ECHO, adapter, maxRedirects: 5 }));
        expect(error).toMatchObject({
          isAxiosError: true,
          response: { status, headers: { location: expect.stringContaining(ECHO) } },
        });
      }
      expect(provider.counts.calls - calls).toBe(2);
    }
    expect(six.sandbox.elsewhere.requests).toEqual([]);
  });

  it('of a token endpoint', async () => {
    for (const name of TOKEN_PROVIDERS) {
      const fresh = await startSandboxBed({ only: [name] });
      try {
        const { provider, send } = fresh.of(name);
        provider.misbehave({ fault: 'redirect', status: 307, to: 'other-port', on: 'token' });
        const error = await fresh.outwait(outcomeOf(send({ url: ECHO })));
        expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
        expect(fresh.sandbox.elsewhere.requests).toEqual([]);
      } finally {
        await fresh.close();
      }
    }
  });
});

describe('a proxy sees of https only the destination', () => {
  let proxy: ConnectProxy;
  const opened: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    proxy = await startConnectProxy();
    opened.push(proxy.close);
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  /** Every provider behind TLS, reached through the proxy. */
  async function callAll(settings: () => ProviderOptions['http'], variables: Record<string, string> = {}) {
    const sandbox = await startSandbox({ seed: 'behind TLS' });
    opened.push(() => sandbox.close());
    const fronts = new Map<ProviderName, TlsFront>();
    for (const name of PROVIDER_NAMES) {
      const front = await startTlsFront(sandbox.provider(name).baseUrl);
      opened.push(front.close);
      fronts.set(name, front);
    }
    Object.assign(process.env, variables);
    opened.push(async () => {
      for (const variable of Object.keys(variables)) delete process.env[variable];
    });
    const providers: Record<string, object> = Object.fromEntries(
      PROVIDER_NAMES.map((name) => [
        name,
        {
          baseUrl: fronts.get(name)?.url,
          credentials: sandbox.provider(name).credentials,
          keepWarm: 'when-used',
          http: { ca: fronts.get(name)?.ca, ...settings() },
        },
      ]),
    );
    const { paymentsAuth, close } = await startApplication({ providers });
    opened.push(close);
    const secrets: string[] = [];
    for (const name of PROVIDER_NAMES) {
      const { status } = await firstValueFrom(paymentsAuth.http(name).post(ECHO, { amount: '10' }));
      expect(status).toBe(200);
      const provider = sandbox.provider(name) as unknown as SandboxProvider;
      expect(provider.counts).toMatchObject({
        calls: 1,
        tokenRequests: TOKEN_PROVIDERS.includes(name) ? 1 : 0,
      });
      secrets.push(...secretsOf(provider));
    }
    const seen = proxy.bytes();
    return {
      tunnels: proxy.requestLines.filter((line) => /^CONNECT localhost:\d+ HTTP\/1\.1$/.test(line)).length,
      others: proxy.requestLines.filter((line) => !line.startsWith('CONNECT ')),
      readable: [...secrets, '"amount"'].filter((text) => seen.includes(text.slice(0, 12))),
    };
  }

  // Each provider gets one call, and a login if it has one.
  const TUNNELS_ONLY = { tunnels: PROVIDER_NAMES.length + TOKEN_PROVIDERS.length, others: [], readable: [] };

  it('with `http.proxy`', async () => {
    const { port } = proxy;
    const called = await callAll(() => ({ proxy: { protocol: 'http', host: '127.0.0.1', port } }));
    expect(called).toEqual(TUNNELS_ONLY);
  });

  it('with HTTPS_PROXY', async () => {
    expect(await callAll(() => ({}), { HTTPS_PROXY: proxy.url })).toEqual(TUNNELS_ONLY);
  });

  it('and of plain http to loopback nothing at all', async () => {
    Object.assign(process.env, { HTTP_PROXY: proxy.url, http_proxy: proxy.url });
    try {
      for (const { send } of six.all) {
        const proxied = { url: ECHO, proxy: { protocol: 'http', host: '127.0.0.1', port: proxy.port } };
        expect((await send(proxied)).status).toBe(200);
        expect((await send({ url: ECHO })).status).toBe(200);
      }
      await six.clock.advance(2 * 3_600_000);
      for (const { send } of six.all) expect((await send({ url: ECHO })).status).toBe(200);
    } finally {
      delete process.env['HTTP_PROXY'];
      delete process.env['http_proxy'];
    }
    expect(proxy.requestLines).toEqual([]);
  });
});
