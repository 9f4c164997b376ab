import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { createCertificate } from '../../../../test/support/certificate.js';
import type { PaymentsAuthError } from '../payments-auth.errors.js';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import { defineProvider } from '../providers/define-provider.js';
import { privateKeyJwt } from '../strategies/client-assertion.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { resolveOptions, type ResolvedOptions } from './options.resolver.js';

const SECRET = 'test-secret-not-real-0001';
const KASHIER_SECRET = 'test-secret$not-real-0002';
const builtIns = BUILT_IN_PROVIDERS as readonly ProviderDefinition[];

const acme = defineProvider<{ user: string; pass?: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test/authentication',
  environments: { live: 'https://api.acme.test' },
  credentials: { user: {}, pass: { optional: true } },
  headers: ({ credentials }) => ({ 'X-User': credentials.user }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
});

function resolve(options: unknown, variables: Record<string, string> = {}, providerNames?: string[]) {
  return resolveOptions(options, {
    builtIns,
    variables: (name) => (variables[name] === '' ? undefined : variables[name]),
    ...(providerNames === undefined ? {} : { providerNames }),
  });
}

/** The problems that stop the boot, each of them without the secret that it is about. */
async function problems(
  options: unknown,
  variables: Record<string, string> = {},
  providerNames?: string[],
): Promise<readonly string[]> {
  const error = await resolve(options, variables, providerNames).then(
    () => undefined,
    (reason: unknown) => reason as PaymentsAuthError,
  );
  expect(error?.code).toBe('INVALID_OPTIONS');
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('not-real');
  expect(error?.problems?.every((problem) => error.message.includes(problem))).toBe(true);
  return error?.problems ?? [];
}

function only({ providers }: ResolvedOptions) {
  expect(providers).toHaveLength(1);
  return providers[0] as ResolvedOptions['providers'][number];
}

const KEYS = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const exported = (of: 'ec' | 'rsa', more = {}) =>
  String(KEYS[of].privateKey.export({ type: 'pkcs8', format: 'pem', ...more }));

/** A client that signs its logins with a key out of its credentials. */
const asserting = (algorithm: 'ES256' | 'PS256') =>
  defineProvider<{ signingKey: string }>({
    name: 'asserting',
    title: 'Asserting',
    docs: 'https://docs.acme.test/authentication',
    environments: { live: 'https://api.acme.test' },
    credentials: { signingKey: { format: 'pem' } },
    token: clientCredentials<{ signingKey: string }>({
      path: '/token',
      client: () => ({ id: 'acme' }),
      authentication: privateKeyJwt<{ signingKey: string }>({
        algorithm,
        key: ({ credentials }) => credentials.signingKey,
      }),
      documentedLifetimeMs: 600_000,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  });

describe('the key of a client that signs its logins', () => {
  it.each<[string, 'ES256' | 'PS256', string, RegExp | undefined]>([
    ['on its curve', 'ES256', exported('ec'), undefined],
    ['in one line', 'PS256', exported('rsa').replaceAll('\n', String.raw`\n`), undefined],
    [
      'of another kind',
      'ES256',
      exported('rsa'),
      /cannot sign the assertion of a login: ES256 needs an EC key/,
    ],
    ['of another curve', 'PS256', exported('ec'), /PS256 needs an RSA key, and the key is ec prime256v1$/],
    [
      'that is a certificate',
      'ES256',
      createCertificate(['acme.test']).cert,
      /holds a certificate, and a private key is expected$/,
    ],
    [
      'that is public',
      'ES256',
      String(KEYS.ec.publicKey.export({ type: 'spki', format: 'pem' })),
      /holds a public key, and a private key is expected$/,
    ],
    [
      'under a passphrase',
      'ES256',
      exported('ec', { cipher: 'aes-256-cbc', passphrase: 'invented' }),
      /is encrypted, and nothing gives a passphrase for it; decrypt it with openssl/,
    ],
  ])('%s is judged at boot, by its field', async (_, algorithm, signingKey, expected) => {
    const provider = asserting(algorithm);
    const found = await resolve({
      providers: { asserting: { provider, credentials: { signingKey } } },
    }).then(
      () => [],
      (error: PaymentsAuthError) => error.problems ?? [],
    );
    expect(found.map((problem) => problem.split(': ')[0])).toEqual(
      expected === undefined ? [] : ['providers.asserting.credentials.signingKey'],
    );
    expect(found.join('\n')).toMatch(expected ?? /^$/);
  });
});

describe('a suspicion of a definition that throws', () => {
  it('is a warning that names it, and does not stop the boot', async () => {
    const provider = defineProvider<{ user: string }>({
      name: 'suspicious',
      title: 'Suspicious',
      docs: 'https://docs.acme.test/authentication',
      environments: { live: 'https://api.acme.test' },
      credentials: {
        user: {
          suspect: (value) => {
            // `defineProvider()` calls this function with an invented value.
            if (value.startsWith('invented-')) return undefined;
            throw new Error(`what is ${value}?`);
          },
        },
      },
      headers: ({ credentials }) => ({ 'X-User': credentials.user }),
    });
    const { warnings } = await resolve({
      providers: { suspicious: { provider, credentials: { user: SECRET } } },
    });
    expect(warnings).toEqual([
      'providers.suspicious.credentials.user: suspect threw Error: what is [hidden]?; correct suspect of this field in the definition',
    ]);
  });
});

const pesapal = { consumerKey: SECRET, consumerSecret: SECRET };
const inSandbox = { environment: 'sandbox', credentials: pesapal };

describe('options without providers', () => {
  it('configure every built-in provider whose required credentials are all in the environment', async () => {
    const { providers, warnings } = await resolve(undefined, {
      PESAPAL_CONSUMER_KEY: SECRET,
      PESAPAL_CONSUMER_SECRET: SECRET,
      PESAPAL_ENVIRONMENT: 'sandbox',
      CASHFIN_CLIENT_SECRET: SECRET,
    });
    expect(providers.map(({ name, environment, hosts }) => ({ name, environment, hosts }))).toEqual([
      { name: 'cashfin', environment: 'live', hosts: { api: 'https://api.cashfin.africa' } },
      { name: 'pesapal', environment: 'sandbox', hosts: { api: 'https://cybqa.pesapal.com/pesapalv3' } },
    ]);
    expect(await providers[1]?.own?.resolve()).toEqual([pesapal]);
    expect(warnings).toEqual([]);
  });

  it('configure nothing from an environment, a base URL or a webhook secret alone', async () => {
    const { providers } = await resolve(
      {},
      {
        PESAPAL_ENVIRONMENT: 'live',
        CASHFIN_BASE_URL: 'https://cashfin.test',
        CASHFIN_WEBHOOK_SECRET: SECRET,
        KASHIER_API_KEY: SECRET,
      },
    );
    expect(providers).toEqual([]);
  });

  it('take an empty variable for one that is not set', async () => {
    expect((await resolve({}, { PESAPAL_CONSUMER_KEY: '', CASHFIN_CLIENT_SECRET: '' })).providers).toEqual(
      [],
    );
    expect(
      await problems({}, { WAKAPAY_API_KEY: SECRET, WAKAPAY_API_SECRET: '', WAKAPAY_ENVIRONMENT: 'test' }),
    ).toEqual([
      "WAKAPAY_API_SECRET: missing, while WAKAPAY_API_KEY is set; set it too, or none of WakaPay's",
    ]);
  });

  it('name every missing and every wrong variable at once', async () => {
    expect(
      await problems(undefined, {
        PESAPAL_CONSUMER_KEY: SECRET,
        PESAPAL_ENVIRONMENT: 'production',
        CLICKPESA_API_KEY: `${SECRET}\n`,
        KASHIER_SECRET_KEY: KASHIER_SECRET,
        KASHIER_FEP_BASE_URL: 'http://fep.test',
        WAKAPAY_API_KEY: SECRET,
        WAKAPAY_API_SECRET: SECRET,
      }),
    ).toEqual([
      'KASHIER_BASE_URL: missing; expected a URL such as https://api.example.com',
      'KASHIER_FEP_BASE_URL: plain http would send credentials in clear: use https, or name the host in insecureHosts if it is a sandbox of your own',
      'PESAPAL_ENVIRONMENT: not an environment of PesaPal. Known: sandbox, live',
      "PESAPAL_CONSUMER_SECRET: missing, while PESAPAL_CONSUMER_KEY is set; set it too, or none of PesaPal's",
      "CLICKPESA_CLIENT_ID: missing, while CLICKPESA_API_KEY is set; set it too, or none of ClickPesa's",
      'CLICKPESA_API_KEY: has a line break in it; a secret read from a file often ends in one',
      'WAKAPAY_ENVIRONMENT: missing; set it to "test" or "live": there is no default, because a wrong one costs money',
    ]);
  });

  it('take scopes and base URLs from variables too', async () => {
    const provider = only(
      await resolve(undefined, {
        CRYPTOFUSE_CLIENT_ID: SECRET,
        CRYPTOFUSE_CLIENT_SECRET: SECRET,
        CRYPTOFUSE_SCOPES: 'write read  write',
        CRYPTOFUSE_BASE_URL: 'https://api.cryptofuse.com/',
      }),
    );
    expect(provider).toMatchObject({
      scopes: ['read', 'write'],
      hosts: { api: 'https://api.cryptofuse.com' },
      clientAuthentication: 'client_secret_basic',
    });
    expect(provider.environment).toBeUndefined();
  });
});

describe('options with providers', () => {
  it('configure only those, each with every default filled in', async () => {
    const provider = only(
      await resolve({ providers: { pesapal: inSandbox } }, { CASHFIN_CLIENT_SECRET: SECRET }),
    );
    expect(provider).toMatchObject({
      name: 'pesapal',
      environment: 'sandbox',
      defaultHost: 'api',
      own: { isDynamic: false, ttlMs: 300_000 },
      scopes: [],
      refreshBeforeMs: 60_000,
      replay: 'always',
      share: true,
      insecureHosts: [],
    });
    expect(provider.keepWarm).toBeUndefined();
    expect(provider.accounts).toBeUndefined();
    expect(provider.http()).toEqual({ timeout: 30_000 });
  });

  it('take credentials that are not given from the variables', async () => {
    const variables = {
      KASHIER_SECRET_KEY: KASHIER_SECRET,
      KASHIER_ENVIRONMENT: 'test',
      KASHIER_API_KEY: '',
    };
    const provider = only(await resolve({ providers: { kashier: {} } }, variables));
    expect(await provider.own?.resolve()).toEqual([{ secretKey: KASHIER_SECRET }]);
    expect(provider.hosts).toEqual({
      api: 'https://test-api.kashier.io',
      fep: 'https://test-fep.kashier.io',
    });
    expect(await problems({ providers: { kashier: { environment: 'test' } } })).toEqual([
      'providers.kashier.credentials.secretKey: missing; give it, or set KASHIER_SECRET_KEY',
    ]);
  });

  it('leave a provider out whose options are undefined', async () => {
    expect((await resolve({ providers: { pesapal: undefined } })).providers).toEqual([]);
  });

  it('have a built-in provider under other names, and providers of their own', async () => {
    const { providers } = await resolve({
      providers: {
        pesapal: { environment: 'live', credentials: pesapal },
        'pesapal-test': { provider: 'pesapal', ...inSandbox },
        acme: { provider: acme, baseUrl: 'https://sandbox.acme.test/v1/', credentials: { user: SECRET } },
      },
    });
    expect(providers.map(({ name, definition, hosts }) => [name, definition.name, hosts.api])).toEqual([
      ['pesapal', 'pesapal', 'https://pay.pesapal.com/v3'],
      ['pesapal-test', 'pesapal', 'https://cybqa.pesapal.com/pesapalv3'],
      ['acme', 'acme', 'https://sandbox.acme.test/v1'],
    ]);
  });

  it('ignore the variables where accounts are given, so that a forgotten account is not charged', async () => {
    const provider = only(
      await resolve(
        { providers: { cashfin: { accounts: { shop: { clientSecret: SECRET } } } } },
        { CASHFIN_CLIENT_SECRET: 'test-secret-not-real-9999' },
      ),
    );
    expect(provider.own).toBeUndefined();
    expect(await provider.accounts?.resolve('shop')).toEqual([{ clientSecret: SECRET }]);
    expect(await provider.accounts?.resolve('other')).toBeUndefined();
    expect(await provider.accounts?.resolve('__proto__')).toBeUndefined();
  });

  it('call functions when their answer is needed, and not at boot', async () => {
    const asked: string[] = [];
    const provider = only(
      await resolve({
        providers: {
          cashfin: {
            credentials: () => (asked.push('own'), { clientSecret: SECRET }),
            accounts: async (id: string) => (
              asked.push(id),
              id === 'shop' ? [{ clientSecret: SECRET }] : null
            ),
          },
        },
      }),
    );
    expect(asked).toEqual([]);
    expect(provider).toMatchObject({ own: { isDynamic: true }, accounts: { isDynamic: true } });
    expect(await provider.own?.resolve()).toEqual([{ clientSecret: SECRET }]);
    expect(await provider.accounts?.resolve('shop')).toEqual([{ clientSecret: SECRET }]);
    expect(await provider.accounts?.resolve('other')).toBeUndefined();
    expect(asked).toEqual(['own', 'shop', 'other']);
  });

  it('keep what was given at boot, also when the given object changes later', async () => {
    const credentials = { clientSecret: SECRET };
    const provider = only(await resolve({ providers: { cashfin: { credentials } } }));
    credentials.clientSecret = 'changed';
    expect(await provider.own?.resolve()).toEqual([{ clientSecret: SECRET }]);
  });

  it('show no secret when they are inspected', async () => {
    const resolved = await resolve({
      providers: {
        pesapal: {
          ...inSandbox,
          http: { proxy: { host: 'proxy.test', port: 1, auth: { password: SECRET } } },
        },
        cashfin: { accounts: { shop: { clientSecret: SECRET } } },
      },
    });
    expect(inspect(resolved, { depth: 20, showHidden: true, getters: true })).not.toContain(SECRET);
    expect(JSON.stringify(resolved)).not.toContain(SECRET);
  });
});

describe('wrong options', () => {
  it('are all named at once, each by its path', async () => {
    expect(
      await problems({
        provider: {},
        providers: {
          pesapall: inSandbox,
          pesapal: { credentials: { consumerKey: '', consumerSecret: `${SECRET}\n`, consumerSecrt: SECRET } },
          cashfin: { credentials: { clientSecret: ` ${SECRET}` }, refreshBefore: 1, refreshBeforeMs: -1 },
          wakapay: { environment: 'sandbox', credentials: [], keepWarm: 'sometimes', replay: true },
          'no name': {},
          acme: { provider: 'acmee', credentials: { user: SECRET } },
        },
        auditLog: 'yes',
        maxAccounts: 0,
        maxTokenRequests: 1.5,
        store: {},
      }),
    ).toEqual([
      'provider: not an option. Did you mean "providers"?',
      'auditLog: must be true or false, and is a string',
      'maxAccounts: must be a whole number above 0',
      'maxTokenRequests: must be a whole number above 0',
      'store: must be a TokenStore, such as a RedisTokenStore of nestjs-payments-auth/redis',
      'providers.pesapall: not a built-in provider. Did you mean "pesapal"? For one of your own, give its definition as "provider"',
      'providers.pesapal.environment: missing; say "sandbox" or "live" there or in PESAPAL_ENVIRONMENT, or give baseUrl: there is no default, because a wrong one costs money',
      'providers.pesapal.credentials.consumerKey: empty; give it, or leave the credentials out altogether and set PESAPAL_CONSUMER_KEY',
      'providers.pesapal.credentials.consumerSecret: has a line break in it; a secret read from a file often ends in one',
      'providers.pesapal.credentials.consumerSecrt: not a credential of PesaPal. Did you mean "consumerSecret"?',
      'providers.cashfin.refreshBefore: not an option. Did you mean "refreshBeforeMs"?',
      'providers.cashfin.refreshBeforeMs: must be a number of milliseconds, 0 or more',
      'providers.cashfin.credentials.clientSecret: has a space at its beginning or end',
      'providers.wakapay.keepWarm: must be one of "always", "when-used"',
      'providers.wakapay.replay: must be one of "always", "safe-methods", "never"',
      'providers.wakapay.environment: not an environment of WakaPay. Known: test, live',
      'providers.wakapay.credentials: an empty list; give at least one set of credentials, newest first',
      'providers.no name: a name is a letter, then up to 63 letters, digits, dots, dashes or underscores',
      'providers.acme.provider: not the name of a built-in provider. Run npx --no nestjs-payments-auth providers to list them.',
    ]);
  });

  it.each([
    ['not an object', 'nonsense', 'options: must be an object, and is a string'],
    [
      'a list of providers',
      { providers: [] },
      'providers: must be a record of provider options by name, and is a list',
    ],
    [
      'providers that are null',
      { providers: null },
      'providers: must be a record of provider options by name, and is null',
    ],
    [
      'options that are a string',
      { providers: { pesapal: SECRET } },
      "providers.pesapal: must be the provider's options, and is a string",
    ],
    [
      'isGlobal inside a factory',
      { isGlobal: true },
      'isGlobal: belongs beside useFactory, and not into what it returns',
    ],
    [
      'names that differ in case only',
      { providers: { Pesapal: { provider: 'pesapal', ...inSandbox }, pesapal: inSandbox } },
      'providers.pesapal: differs from "Pesapal" in upper and lower case only',
    ],
    [
      'a provider that is no definition',
      { providers: { acme: { provider: { name: 'acme' } } } },
      'providers.acme.provider: must be what defineProvider() returns, or the name of a built-in provider. Run npx --no nestjs-payments-auth providers to list them',
    ],
    [
      'credentials that are null',
      { providers: { pesapal: { environment: 'live', credentials: null } } },
      'providers.pesapal.credentials: must be { consumerKey, consumerSecret }, and is null',
    ],
    [
      'a secret with a control character',
      { providers: { cashfin: { credentials: { clientSecret: `a\u0000${SECRET}` } } } },
      'providers.cashfin.credentials.clientSecret: has a character in it that a header cannot contain; copy the value from the provider again',
    ],
    [
      'a secret with a letter that no header can carry',
      { providers: { cashfin: { credentials: { clientSecret: `${SECRET}ł` } } } },
      'providers.cashfin.credentials.clientSecret: has a character in it that a header cannot contain; copy the value from the provider again',
    ],
    [
      'a secret that is a number',
      { providers: { cashfin: { credentials: { clientSecret: 7 } } } },
      'providers.cashfin.credentials.clientSecret: must be a string, and is a number',
    ],
    [
      'the second of a list',
      { providers: { cashfin: { credentials: [{ clientSecret: SECRET }, {}] } } },
      'providers.cashfin.credentials[1].clientSecret: missing; give it, or leave the credentials out altogether and set CASHFIN_CLIENT_SECRET',
    ],
    [
      'no account at all',
      { providers: { cashfin: { accounts: {} } } },
      'providers.cashfin.accounts: empty; name at least one account, or leave it out',
    ],
    [
      'accounts that are a list',
      { providers: { cashfin: { accounts: [] } } },
      'providers.cashfin.accounts: must be a record of credentials by account, a function (id) => credentials, or { load, save }, and is a list',
    ],
    [
      'one wrong account',
      { providers: { cashfin: { accounts: { 'shop-1': { clientSecret: '' } } } } },
      'providers.cashfin.accounts["shop-1"].clientSecret: empty; give it, or leave the credentials out altogether and set CASHFIN_CLIENT_SECRET',
    ],
    [
      'plain http',
      { providers: { pesapal: { credentials: pesapal, baseUrl: 'http://sandbox:3000' } } },
      'providers.pesapal.baseUrl: plain http would send credentials in clear: use https, or name the host in insecureHosts if it is a sandbox of your own',
    ],
    [
      'a base URL with a password',
      { providers: { pesapal: { credentials: pesapal, baseUrl: `https://u:${SECRET}@pesapal.test` } } },
      'providers.pesapal.baseUrl: must not carry a user name or a password',
    ],
    [
      'a base URL with a query',
      { providers: { pesapal: { credentials: pesapal, baseUrl: 'https://pesapal.test?a=1' } } },
      'providers.pesapal.baseUrl: must not have a query or a fragment',
    ],
    [
      'another protocol',
      { providers: { pesapal: { credentials: pesapal, baseUrl: 'ftp://pesapal.test' } } },
      'providers.pesapal.baseUrl: must begin with https://',
    ],
    [
      'no URL',
      { providers: { pesapal: { credentials: pesapal, baseUrl: 'pesapal.test' } } },
      'providers.pesapal.baseUrl: not a URL; expected one such as https://api.example.com',
    ],
    [
      'insecure hosts in live',
      { providers: { pesapal: { environment: 'live', credentials: pesapal, insecureHosts: ['sandbox'] } } },
      'providers.pesapal.insecureHosts: must not be combined with the environment "live"',
    ],
    [
      'insecure hosts that are URLs',
      { providers: { pesapal: { ...inSandbox, insecureHosts: ['http://sandbox'] } } },
      'providers.pesapal.insecureHosts: must be a list of host names without scheme and port, such as ["sandbox"]',
    ],
    [
      'a choice that a provider does not have',
      { providers: { pesapal: { ...inSandbox, clientAuthentication: 'client_secret_basic' } } },
      'providers.pesapal.clientAuthentication: PesaPal takes its credentials in one way only; leave this out',
    ],
    [
      'scopes where there are none',
      { providers: { pesapal: { ...inSandbox, scopes: ['read'] } } },
      'providers.pesapal.scopes: PesaPal has no scopes; leave this out',
    ],
    [
      'an interval that is no number',
      { providers: { pesapal: { ...inSandbox, credentialsTtlMs: Number.NaN } } },
      'providers.pesapal.credentialsTtlMs: must be a number of milliseconds, 0 or more',
    ],
    [
      'axios settings that are decided elsewhere',
      { providers: { pesapal: { ...inSandbox, http: { baseURL: 'https://pesapal.test' } } } },
      'providers.pesapal.http.baseURL: cannot be set here: use baseUrl beside http',
    ],
  ])('%s: refused, with what is expected', async (_, options, problem) => {
    expect(await problems(options)).toEqual([problem]);
  });

  it('name the hosts of a provider that has several', async () => {
    const credentials = { secretKey: KASHIER_SECRET };
    expect(
      await problems({
        providers: {
          kashier: { credentials, baseUrl: { api: 'https://kashier.test', feb: 'https://kashier.test' } },
        },
      }),
    ).toEqual([
      'providers.kashier.baseUrl.feb: not a host of Kashier. Did you mean "fep"?',
      'providers.kashier.baseUrl.fep: missing; expected a URL such as https://api.example.com',
    ]);
  });

  it('name what is wrong with the names that get injectables', async () => {
    expect(await problems({}, {}, ['acme', 'acme', 'a b'])).toEqual([
      'providerNames[1]: "acme" is there twice',
      'providerNames[2]: must be the name of a provider',
    ]);
  });
});

describe('where a provider is', () => {
  it('one base URL stands for all of its hosts', async () => {
    const kashier = { credentials: { secretKey: KASHIER_SECRET }, baseUrl: 'http://127.0.0.1:3001/' };
    const { hosts, defaultHost } = only(await resolve({ providers: { kashier } }));
    expect(hosts).toEqual({ api: 'http://127.0.0.1:3001', fep: 'http://127.0.0.1:3001' });
    expect(defaultHost).toBe('api');
  });

  it.each(['http://localhost:1', 'http://127.1.2.3:1', 'http://[::1]:1'])(
    'plain http is allowed to loopback: %s',
    async (baseUrl) => {
      const provider = only(await resolve({ providers: { pesapal: { credentials: pesapal, baseUrl } } }));
      expect(provider.hosts).toEqual({ api: baseUrl });
    },
  );

  it('is taken from the options or from the variables, and never from both', async () => {
    const { providers, warnings } = await resolve(
      { providers: { pesapal: { environment: 'live', credentials: pesapal } } },
      { PESAPAL_ENVIRONMENT: 'sandbox', PESAPAL_BASE_URL: 'https://elsewhere.test' },
    );
    expect(providers[0]?.hosts).toEqual({ api: 'https://pay.pesapal.com/v3' });
    expect(warnings).toEqual([
      'PESAPAL_ENVIRONMENT: is set but not used, because providers.pesapal.environment is given',
      'PESAPAL_BASE_URL: is set but not used, because providers.pesapal.environment is given',
    ]);
  });
});

describe('what only looks wrong', () => {
  it('is warned about and not refused', async () => {
    const { providers, warnings } = await resolve({
      providers: {
        wakapay: { environment: 'live', credentials: { apiKey: 'pk_test_not-real', apiSecret: SECRET } },
        kashier: { environment: 'test', credentials: { secretKey: SECRET } },
        pesapal: { credentials: pesapal, baseUrl: 'http://sandbox:3000', insecureHosts: ['Sandbox'] },
      },
    });
    expect(providers).toHaveLength(3);
    expect(warnings).toEqual([
      'providers.wakapay.credentials.apiKey: looks like a key of the "test" environment, but "live" is configured',
      expect.stringMatching(/^providers\.kashier\.credentials\.secretKey: has no "\$"/),
      'providers.pesapal.insecureHosts: credentials may travel in clear to Sandbox; never do this in production',
    ]);
    expect(warnings.join()).not.toContain('not-real');
  });
});
