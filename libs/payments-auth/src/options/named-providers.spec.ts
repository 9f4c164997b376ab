import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { PaymentsAuthError } from '../payments-auth.errors.js';
import { PaymentsAuthModule } from '../payments-auth.module.js';
import { defineProvider } from '../providers/define-provider.js';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { privateKeyJwt } from '../strategies/client-assertion.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { login } from '../strategies/login.strategy.js';
import { resolveOptions } from './options.resolver.js';

const SECRET = 'test-secret-not-real-0001';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A provider that the library knows, and that is none of the six. */
const lakepay = defineProvider<{ apiKey: string; note?: string }, 'lakepay'>({
  name: 'lakepay',
  title: 'LakePay',
  docs: 'https://docs.lakepay.test',
  environments: { test: 'https://test.lakepay.test', live: 'https://api.lakepay.test' },
  environmentVariable: 'LAKEPAY_ENVIRONMENT',
  credentials: { apiKey: { variable: 'LAKEPAY_API_KEY' }, note: { optional: true } },
  headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
});
/** A provider of the application's own. */
const acme = defineProvider<{ user: string; pin: string }, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { user: { variable: 'ACME_USER' }, pin: {} },
  headers: ({ credentials }) => ({ 'X-User': credentials.user, 'X-Pin': credentials.pin }),
});

/** Logs in, and signs. */
const hillpay = defineProvider<{ id: string; secret: string }, 'hillpay'>({
  name: 'hillpay',
  title: 'HillPay',
  docs: 'https://docs.hillpay.test',
  environments: { live: 'https://api.hillpay.test' },
  credentials: { id: {}, secret: {} },
  token: clientCredentials({
    path: '/token',
    client: ({ credentials: { id, secret } }) => ({ id, secret }),
    documentedLifetimeMs: 3_600_000,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  sign: () => ({}),
});

const six = BUILT_IN_PROVIDERS as readonly ProviderDefinition[];
const LAKEPAY = { LAKEPAY_API_KEY: SECRET, LAKEPAY_ENVIRONMENT: 'test' };
const CASHFIN = { CASHFIN_CLIENT_SECRET: SECRET };

function resolve(options: unknown, variables: Record<string, string> = {}, definitions?: unknown) {
  return resolveOptions(options, {
    builtIns: [...six, lakepay],
    foundByVariables: six,
    variables: (name) => variables[name],
    ...(definitions === undefined ? {} : { definitions }),
  });
}

const signer = async (bytes: Uint8Array) => bytes;

/** What a boot with these options of hillpay warns about. */
const warningsOf = async (options: object) =>
  (
    await resolve({
      providers: {
        hillpay: { ...options, provider: hillpay, credentials: { id: 'shop', secret: SECRET } },
      },
    })
  ).warnings;

async function names(...parameters: Parameters<typeof resolve>): Promise<string[]> {
  return (await resolve(...parameters)).providers.map(({ name }) => name);
}

async function problems(...parameters: Parameters<typeof resolve>): Promise<readonly string[]> {
  const error = await resolve(...parameters).then(
    () => undefined,
    (reason: unknown) => reason as PaymentsAuthError,
  );
  expect(error?.code).toBe('INVALID_OPTIONS');
  return error?.problems ?? [];
}

describe('Without any name, a provider is found by its variables', () => {
  it('where it is one of the six, and no other', async () => {
    expect(await names({}, { ...LAKEPAY, ...CASHFIN })).toEqual(['cashfin']);
    expect(await names(undefined, LAKEPAY)).toEqual([]);
    expect(await names({}, { ACME_USER: 'shop' }, [acme])).toEqual([]);
  });
});

describe('fromEnvironment', () => {
  it('configures each provider that it names from its variables, and no other', async () => {
    const [configured, ...others] = (
      await resolve({ fromEnvironment: ['lakepay'] }, { ...LAKEPAY, ...CASHFIN })
    ).providers;
    expect(others).toEqual([]);
    expect(configured).toMatchObject({ name: 'lakepay', environment: 'test' });
    expect(await configured?.own?.resolve()).toEqual([{ apiKey: SECRET }]);
  });

  it('combines with providers', async () => {
    const options = { fromEnvironment: ['lakepay'], providers: { cashfin: {} } };
    expect(await names(options, { ...LAKEPAY, ...CASHFIN })).toEqual(['lakepay', 'cashfin']);
  });

  it('needs every variable of a provider that it names, and says which are missing', async () => {
    expect(
      await problems({ fromEnvironment: ['lakepay', 'pesapal'] }, { PESAPAL_CONSUMER_KEY: SECRET }),
    ).toEqual([
      'LAKEPAY_ENVIRONMENT: missing; set it to "test" or "live": there is no default, because a wrong one costs money',
      'LAKEPAY_API_KEY: missing, and fromEnvironment names "lakepay"; set it',
      'PESAPAL_ENVIRONMENT: missing; set it to "sandbox" or "live": there is no default, because a wrong one costs money',
      'PESAPAL_CONSUMER_SECRET: missing, and fromEnvironment names "pesapal"; set it',
    ]);
  });

  it('names own definitions too, whose fields have variables', async () => {
    expect(await problems({ fromEnvironment: ['acme'] }, { ACME_USER: 'shop' }, [acme])).toEqual([
      'providers.acme.credentials.pin: missing; give it there, because it has no variable',
    ]);
  });

  it.each<[unknown, RegExp]>([
    ['lakepay', /^fromEnvironment: must be a list of provider names, and is a string/],
    [[7], /^fromEnvironment\[0\]: must be the name of a provider, and is a number/],
    [['lakpay'], /^fromEnvironment\[0\]: "lakpay" is not a provider\. Did you mean "lakepay"\?/],
    [['nowhere'], /^fromEnvironment\[0\]: "nowhere" is not a provider\. Run npx .*definitions$/],
    [['lakepay', 'lakepay'], /^fromEnvironment\[1\]: "lakepay" is there twice/],
    [['cashfin'], /^fromEnvironment\[0\]: "cashfin" stands in providers too; take it out here/],
  ])('%j is refused by its path', async (fromEnvironment, expected) => {
    const given = await problems({ fromEnvironment, providers: { cashfin: {} } }, { ...LAKEPAY, ...CASHFIN });
    expect(given).toEqual([expect.stringMatching(expected)]);
  });
});

describe('Names for injectables', () => {
  it.each<[unknown, string]>([
    ['acme', 'a string'],
    [{ acme: true }, 'an object'],
    [7, 'a number'],
    [null, 'null'],
  ])('%j, which is no list, is refused by its path, and never breaks the module', async (given, kind) => {
    const extras = { providerNames: given } as never;
    expect(() => PaymentsAuthModule.forRoot(extras)).not.toThrow();
    const refused = resolveOptions({}, { builtIns: six, variables: () => undefined, ...(extras as object) });
    await expect(refused).rejects.toMatchObject({
      problems: [`providerNames: must be a list of names, and is ${kind}`],
    });
  });
});

describe('Own definitions', () => {
  it('need not be named again by the option provider', async () => {
    const options = { providers: { acme: { credentials: { user: 'shop', pin: SECRET } } } };
    expect(await names(options, {}, [acme])).toEqual(['acme']);
  });

  it.each<[unknown, string, RegExp]>([
    [acme, 'an object', /^definitions: must be a list of what defineProvider\(\) returns, and is an object/],
    [[undefined], 'none', /^definitions\[0\]: must be what defineProvider\(\) returns/],
    [[acme, acme], 'one twice', /^definitions\[1\]: "acme" is there twice/],
    [[{ ...acme, name: 'cashfin' }], 'a built-in name', /^definitions\[0\]: "cashfin" is built in; give/],
  ])('%#: %s is refused by its path', async (definitions, _, expected) => {
    expect(await problems({}, {}, definitions)).toEqual([expect.stringMatching(expected)]);
  });

  it('are named beside the factory, and not in what it returns', async () => {
    expect(await problems({ definitions: [acme] })).toEqual([
      'definitions: belongs beside useFactory, and not into what it returns',
    ]);
  });
});

describe('Accounts as { load, save }', () => {
  const credentials = { apiKey: SECRET };

  it('are loaded anew, and what is saved goes to the application', async () => {
    const saved: unknown[] = [];
    const load = (account: string) => (account === 'shop' ? credentials : undefined);
    const save = async (...swap: unknown[]) => (saved.push(swap), saved.length === 1);
    const { providers } = await resolve({
      providers: { lakepay: { environment: 'test', accounts: { load, save } } },
    });
    const source = providers[0]?.accounts;
    expect(source).toMatchObject({ isDynamic: true });
    expect(await source?.resolve('shop')).toEqual([credentials]);
    expect(await source?.resolve('nobody')).toBeUndefined();
    const [next, previous] = [{ refreshToken: 'next' }, { refreshToken: 'previous' }];
    expect(await source?.save?.('shop', next, previous)).toBe(true);
    expect(await source?.save?.('shop', next, previous)).toBe(false);
    expect(saved[0]).toEqual(['shop', next, previous]);
  });

  it("are there for the provider's own account too", async () => {
    const own = { load: async () => credentials, save: async () => true };
    const { providers } = await resolve({
      providers: { lakepay: { environment: 'test', credentials: own } },
    });
    expect(await providers[0]?.own?.resolve()).toEqual([credentials]);
    const [next, previous] = [{ refreshToken: 'next' }, { refreshToken: 'previous' }];
    expect(await providers[0]?.own?.save?.(undefined, next, previous)).toBe(true);
  });

  it('have load and save and nothing else', async () => {
    const accounts = { load: () => credentials, save: 'yes', store: () => true };
    expect(await problems({ providers: { lakepay: { environment: 'test', accounts } } })).toEqual([
      'providers.lakepay.accounts.store: unknown; expected load and save, and nothing else',
      'providers.lakepay.accounts.save: must be a function that replaces the refresh token',
    ]);
  });
});

describe('Credentials that are no credentials', () => {
  it.each<[string, object, string]>([
    [
      'a promise',
      { credentials: Promise.resolve({ apiKey: SECRET }) },
      'credentials: is a promise; give the function that makes it, as in () => loadCredentials()',
    ],
    [
      'a promise of an account',
      { accounts: { shop: Promise.resolve({ apiKey: SECRET }) } },
      'accounts["shop"]: is a promise; give the function that makes it, as in () => loadCredentials()',
    ],
    [
      'a promise of all accounts',
      { accounts: Promise.resolve({}) },
      'accounts: must be a record of credentials by account, a function (id) => credentials, or { load, save }, and is a promise',
    ],
    [
      'an object whose load is no function',
      { credentials: { load: SECRET } },
      'credentials.load: must be a function that gives the credentials, and is a string',
    ],
  ])('are said to be %s, and not to miss every field', async (_, given, problem) => {
    expect(await problems({ providers: { lakepay: { environment: 'test', ...given } } })).toEqual([
      `providers.lakepay.${problem}`,
    ]);
  });

  it('are not looked for in an object that is given in place of a factory', () => {
    expect(() => PaymentsAuthModule.forRootAsync({ useFactory: { providers: {} } } as never)).toThrow(
      /useFactory must be a function that returns the options, and is an object\. Write useFactory: \(\) =>/,
    );
  });

  it('are not looked for in a list that is given in place of the options', async () => {
    expect(await problems(Object.fromEntries(Object.entries([{ providers: {} }])))).toEqual([
      'options: must be an object, and is a list',
    ]);
  });
});

describe('The options of 0.2', () => {
  it('reach the configured provider', async () => {
    const tokenRequest = { timeoutMs: 3_000, headers: { 'X-Client': 'shop' } };
    const given = { audience: 'payments', signer, tokenRequest, singleProcess: true };
    const { providers } = await resolve({
      providers: {
        hillpay: { ...given, provider: hillpay, credentials: { id: 'shop', secret: SECRET } },
      },
    });
    expect(providers[0]).toMatchObject(given);
  });

  const unsigned = { ...hillpay, sign: undefined } as unknown as ProviderDefinition;
  const hour = { path: '/token', documentedLifetimeMs: 3_600_000, client: () => ({ id: 'a', secret: 'b' }) };
  const withToken = (token: unknown) => ({ ...unsigned, token }) as never;
  const loggingIn = (body: (given: { audience?: string }) => object) =>
    withToken(
      login({
        path: '/login',
        body: (given) => ({ json: body(given) }),
        answer: { token: 'token' },
        documentedLifetimeMs: 3_600_000,
        rejected: () => false,
      }),
    );
  const keyed = (key?: () => string) =>
    withToken(
      clientCredentials({
        ...hour,
        authentication: privateKeyJwt({ algorithm: 'ES256', ...(key && { key }) }),
      }),
    );

  it.each<[string, object, ProviderDefinition, RegExp[]]>([
    ['a signer beside sign', { signer }, hillpay, []],
    ['a signer for a client assertion', { signer }, keyed(), []],
    ['a signer without sign', { signer }, unsigned, [/\.signer: HillPay needs no signer: .*leave this out$/]],
    [
      'a signer beside a key',
      { signer },
      keyed(() => KEY),
      [/\.signer: .*no privateKeyJwt that leaves its key to a signer/],
    ],
    ['an audience of an OAuth login', { audience: 'a' }, hillpay, []],
    [
      'an audience that the body of a login has',
      { audience: 'a' },
      loggingIn(({ audience }) => ({ audience })),
      [],
    ],
    [
      'an audience that no login sends',
      { audience: 'a' },
      loggingIn(() => ({})),
      [/\.audience: HillPay asks for no audience in its login; leave this out$/],
    ],
    [
      'an audience where the definition has one of its own',
      { audience: 'a' },
      withToken(clientCredentials({ ...hour, parameters: () => ({ audience: 'own' }) })),
      [/\.audience: HillPay asks for no audience/],
    ],
    [
      'an audience that a parameter is made of',
      { audience: 'a' },
      withToken(
        clientCredentials({
          ...hour,
          parameters: ({ audience }) => ({ resource: audience, audience: undefined }),
        }),
      ),
      [],
    ],
    [
      'an audience of a static key',
      { audience: 'a' },
      withToken(undefined),
      [/\.audience: HillPay has no login/],
    ],
  ])('know whether something uses %s', async (_, option, provider, expected) => {
    const given = {
      providers: { hillpay: { ...option, provider, credentials: { id: 'shop', secret: SECRET } } },
    };
    const said = await resolve(given).then(
      () => [],
      ({ problems: told = [] }: PaymentsAuthError) => told,
    );
    expect(said).toEqual(expected.map((words): unknown => expect.stringMatching(words)));
  });

  it.each(['${LAKEPAY_KEY}', '{{ apiKey }}', '<your key>'])(
    'are warned about where a credential is %s, a placeholder that nobody has filled',
    async (apiKey) => {
      const { warnings } = await resolve({
        providers: { lakepay: { environment: 'test', credentials: { apiKey } } },
      });
      expect(warnings).toEqual([
        'providers.lakepay.credentials.apiKey: looks like a placeholder that nobody has filled; give the value',
      ]);
    },
  );

  it('are warned about where a time is most likely meant in seconds', async () => {
    const seconds = { tokenRequest: { timeoutMs: 10 }, refreshBeforeMs: 300, credentialsTtlMs: 60 };
    expect(await warningsOf(seconds)).toEqual(
      [
        ['tokenRequest.timeoutMs', 10],
        ['refreshBeforeMs', 300],
        ['credentialsTtlMs', 60],
      ].map(
        ([option, value]) =>
          `providers.hillpay.${option}: is ${value}, and it is in milliseconds; for ${value} s, write ${value} * 1_000`,
      ),
    );
    const sound = { tokenRequest: { timeoutMs: 100 }, refreshBeforeMs: 0, credentialsTtlMs: 1_000 };
    expect(await warningsOf(sound)).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['audience', 7, /must be a string/],
    ['audience', '', /empty; leave it out where the login asks for none/],
    ['signer', 'kms', /must be a function, and is a string/],
    ['singleProcess', false, /must be true, or be left out/],
    ['tokenRequest', 10_000, /must be \{ timeoutMs, headers \}/],
    ['tokenRequest', { timeout: 1 }, /has no "timeout"/],
    ['tokenRequest', { timeoutMs: 0 }, /timeoutMs must be a number of milliseconds/],
    ['tokenRequest', { timeoutMs: 600_000 }, /at most 60_000/],
    ['tokenRequest', { headers: ['X: 1'] }, /its headers must be a record/],
    ['tokenRequest', { headers: { 'X-A': 'a\r\nb' } }, /its header "X-A" cannot be sent/],
  ])('%s: %j is refused', async (option, value, expected) => {
    const providers = { cashfin: { [option]: value, credentials: { clientSecret: SECRET } } };
    const [problem, ...others] = await problems({ providers });
    expect(others).toEqual([]);
    expect(problem?.startsWith(`providers.cashfin.${option}: `)).toBe(true);
    expect(problem).toMatch(expected);
  });
});
