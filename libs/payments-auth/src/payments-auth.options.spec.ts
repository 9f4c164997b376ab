import { describe, expect, it } from '@jest/globals';
import { fromFile } from './options/file-source.js';
import { PaymentsAuthModule } from './payments-auth.module.js';
import type { PaymentsAuthModuleOptions } from './payments-auth.options.js';
import { defineProvider } from './providers/define-provider.js';

interface AcmeCredentials {
  user: string;
  pass?: string;
}

const acme = defineProvider<AcmeCredentials>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test/authentication',
  environments: { live: 'https://api.acme.test' },
  credentials: { user: {}, pass: { optional: true } },
  headers: ({ credentials }) => ({ 'X-User': credentials.user }),
  refusal: { refused: ({ status }) => status === 401, bare401: true },
});

const named = defineProvider<AcmeCredentials, 'named', 'test' | 'live'>({
  ...acme,
  name: 'named',
  environments: { test: 'https://api.test.acme.test', live: 'https://api.acme.test' },
});

const key = 'test-key-not-real';
const wrongKey = { clientSecret: key };
const halfKey = { consumerKey: key };
const halfOptions = { credentials: halfKey };
const Auth = PaymentsAuthModule;

const load = async (account: string) => ({ consumerKey: account, consumerSecret: key });
const save = async () => true;

// The compiler is what tests this file: `tsc --noEmit` fails where an expected error does not come.
describe('the types of options', () => {
  it('know the credentials of each built-in provider, in every form', () => {
    const pesapal = { consumerKey: key, consumerSecret: key };
    const modules = [
      Auth.forRoot(),
      Auth.forRoot({}),
      Auth.forRoot({ isGlobal: false, auditLog: true, providers: { kashier: {} } }),
      Auth.forRoot({ providers: { pesapal: { environment: 'sandbox', credentials: pesapal } } }),
      Auth.forRoot({ providers: { pesapal: { credentials: [pesapal, pesapal] } } }),
      Auth.forRoot({ providers: { pesapal: { credentials: () => pesapal } } }),
      Auth.forRoot({ providers: { pesapal: { credentials: async () => [pesapal] } } }),
      Auth.forRoot({ providers: { pesapal: { credentials: fromFile('/run/secrets/pesapal.json') } } }),
      Auth.forRoot({
        providers: { pesapal: { credentials: { ...pesapal, consumerKey: fromFile('/run/key') } } },
      }),
      Auth.forRoot({ providers: { pesapal: { accounts: { shop: pesapal } } } }),
      Auth.forRoot({ providers: { pesapal: { accounts: (id) => (id === 'shop' ? pesapal : undefined) } } }),
      Auth.forRoot({ providers: { cashfin: { credentials: { clientSecret: key, webhookSecret: key } } } }),
      Auth.forRoot({ providers: { 'pesapal-test': { provider: 'pesapal', credentials: pesapal } } }),
      Auth.forRoot({
        providers: { pesapal: { http: { timeout: 1_000 }, replay: 'never', scopes: ['read'] } },
      }),
      // @ts-expect-error -- a field is missing
      Auth.forRoot({ providers: { pesapal: { credentials: halfKey } } }),
      // @ts-expect-error -- a field too many
      Auth.forRoot({ providers: { pesapal: { credentials: { ...pesapal, secret: key } } } }),
      // @ts-expect-error -- another provider's credentials, under another name
      Auth.forRoot({ providers: { other: { provider: 'pesapal', credentials: wrongKey } } }),
      // @ts-expect-error -- what a function returns is checked too
      Auth.forRoot({ providers: { pesapal: { credentials: () => ({ consumerKey: key }) } } }),
      // @ts-expect-error -- what accounts contain is checked too
      Auth.forRoot({ providers: { cashfin: { accounts: { shop: { secret: key } } } } }),
    ];
    expect(modules.every(({ module }) => module === PaymentsAuthModule)).toBe(true);
  });

  it('know the credentials of own definitions', () => {
    const modules = [
      Auth.forRoot({
        providers: { acme: { provider: acme, baseUrl: 'https://a.test', credentials: { user: key } } },
      }),
      Auth.forRoot({ providers: { acme: { provider: acme, credentials: { user: key, pass: key } } } }),
      // @ts-expect-error -- a field is missing
      Auth.forRoot({ providers: { acme: { provider: acme, credentials: { pass: key } } } }),
      // @ts-expect-error -- a name that is not built in needs its definition
      Auth.forRoot({ providers: { acme: { credentials: { user: key } } } }),
      // @ts-expect-error -- a misspelling of a built-in one
      Auth.forRoot({ providers: { pesapall: { environment: 'live' } } }),
    ];
    expect(modules).toHaveLength(5);
  });

  it('know the environments of each provider', () => {
    const credentials = { apiKey: key, apiSecret: key };
    const modules = [
      Auth.forRoot({ providers: { wakapay: { environment: 'test', credentials } } }),
      Auth.forRoot({ providers: { second: { provider: 'wakapay', environment: 'live', credentials } } }),
      // @ts-expect-error -- this environment belongs to PesaPal, and not to WakaPay
      Auth.forRoot({ providers: { wakapay: { environment: 'sandbox', credentials } } }),
      // @ts-expect-error -- the same environment is wrong under another name too
      Auth.forRoot({ providers: { second: { provider: 'wakapay', environment: 'sandbox', credentials } } }),
    ];
    expect(modules).toHaveLength(4);
  });

  it('know the names and the credentials of definitions', () => {
    const modules = [
      Auth.forRoot({ definitions: [named], fromEnvironment: ['named', 'pesapal'] }),
      Auth.forRoot({
        definitions: [named],
        providers: { named: { environment: 'test', credentials: { user: key } }, cashfin: {} },
      }),
      Auth.forRootAsync({ definitions: [named], useFactory: () => ({ fromEnvironment: ['named'] }) }),
      // The type of this definition does not know its name, so that any name may be its own.
      Auth.forRoot({ definitions: [acme], providers: { acme: { credentials: { user: key } } } }),
      // @ts-expect-error -- a misspelt option is refused nevertheless
      Auth.forRoot({ definitions: [acme], providers: { acme: { credentialz: { user: key } } } }),
      // @ts-expect-error -- a misspelling
      Auth.forRoot({ definitions: [named], fromEnvironment: ['nammed'] }),
      // @ts-expect-error -- a misspelling of a built-in one
      Auth.forRoot({ fromEnvironment: ['pesapall'] }),
      // @ts-expect-error -- a field is missing
      Auth.forRoot({ definitions: [named], providers: { named: { credentials: { pass: key } } } }),
      // @ts-expect-error -- no such environment
      Auth.forRoot({ definitions: [named], providers: { named: { environment: 'sandbox' } } }),
      // @ts-expect-error -- no way to get the options is given
      () => Auth.forRootAsync({}),
      // @ts-expect-error -- an option that does not exist
      Auth.forRootAsync({ useFactory: () => ({ provider: {} }) }),
      // @ts-expect-error -- a misspelt option of a provider
      Auth.forRootAsync({ useFactory: () => ({ providers: { pesapal: { refreshBefore: 1 } } }) }),
      // @ts-expect-error -- the same misspelt option in a promise
      Auth.forRootAsync({ useFactory: async () => ({ providers: { pesapal: { refreshBefore: 1 } } }) }),
      // @ts-expect-error -- this environment belongs to PesaPal, and not to WakaPay
      Auth.forRootAsync({ useFactory: async () => ({ providers: { wakapay: { environment: 'sandbox' } } }) }),
    ];
    expect(modules).toHaveLength(14);
  });

  it('know what loads and saves credentials', () => {
    const modules = [
      Auth.forRoot({ providers: { pesapal: { accounts: { load, save }, singleProcess: true } } }),
      Auth.forRoot({ providers: { pesapal: { credentials: { load: () => load('own') } } } }),
      Auth.forRoot({
        providers: {
          pesapal: { audience: 'a', tokenRequest: { timeoutMs: 1 }, signer: async (bytes) => bytes },
        },
      }),
      // @ts-expect-error -- what is loaded is checked too
      Auth.forRoot({ providers: { pesapal: { accounts: { load: async () => wrongKey } } } }),
    ];
    expect(modules).toHaveLength(4);
  });

  it('know the options and their values', () => {
    const modules = [
      // @ts-expect-error -- an unknown option of the module
      Auth.forRoot({ provider: {} }),
      // @ts-expect-error -- an unknown option of a provider
      Auth.forRoot({ providers: { pesapal: { refreshBefore: 1 } } }),
      // @ts-expect-error -- an unknown value
      Auth.forRoot({ providers: { pesapal: { replay: 'sometimes' } } }),
      // @ts-expect-error -- the option `baseUrl` sets this
      Auth.forRoot({ providers: { pesapal: { http: { baseURL: 'https://a.test' } } } }),
    ];
    expect(modules).toHaveLength(4);
  });

  it('hold for what a factory returns, at once or later', () => {
    const modules = [
      Auth.forRootAsync({ useFactory: () => undefined }),
      Auth.forRootAsync({ useFactory: () => ({}) }),
      Auth.forRootAsync({
        inject: ['secrets'],
        providerNames: ['acme'],
        useFactory: async (secrets: { user: string }) => ({
          providers: {
            acme: { provider: acme, credentials: secrets },
            pesapal: {
              environment: 'live',
              accounts: (id: string) => ({ consumerKey: id, consumerSecret: id }),
            },
          },
        }),
      }),
      // @ts-expect-error -- a field is missing
      Auth.forRootAsync({ useFactory: () => ({ providers: { pesapal: halfOptions } }) }),
    ];
    expect(modules).toHaveLength(4);
  });

  it('refuse a misspelt option that a factory returns beside options that exist', () => {
    const credentials = { consumerKey: key, consumerSecret: key };
    const pesapal = { environment: 'sandbox', credentials } as const;
    const modules = [
      // @ts-expect-error -- a misspelt option of the module
      Auth.forRootAsync({ useFactory: () => ({ provider: {}, fromEnvironment: ['pesapal'] }) }),
      // @ts-expect-error -- a misspelt option that is true or false
      Auth.forRootAsync({ useFactory: async () => ({ auditLogs: true, fromEnvironment: ['pesapal'] }) }),
      // @ts-expect-error -- an option that has to stand beside the factory
      Auth.forRootAsync({ useFactory: () => ({ isGlobal: false, fromEnvironment: ['pesapal'] }) }),
      // @ts-expect-error -- a misspelt option of a provider
      Auth.forRootAsync({ useFactory: () => ({ providers: { pesapal: { ...pesapal, refreshBefore: 1 } } }) }),
      // @ts-expect-error -- a misspelt option of a provider, in a promise
      Auth.forRootAsync({ useFactory: async () => ({ providers: { pesapal: { ...pesapal, share_: 1 } } }) }),
    ];
    expect(modules).toHaveLength(5);
  });

  it('let a factory return one of several options, or none', () => {
    const credentials = { consumerKey: key, consumerSecret: key };
    const isLive = key.length > 0;
    const returned = [
      Auth.forRootAsync({ useFactory: () => (isLive ? undefined : { auditLog: true }) }),
      Auth.forRootAsync({
        useFactory: async () =>
          isLive ? { auditLog: true } : { maxAccounts: 3, fromEnvironment: ['wakapay'] },
      }),
      Auth.forRootAsync({
        inject: ['settings'],
        useFactory: (settings: { live: boolean }) =>
          settings.live
            ? { auditLog: true, providers: { pesapal: { environment: 'live', credentials } } }
            : { providers: { pesapal: { environment: 'sandbox', credentials, replay: 'never' } } },
      }),
    ];
    expect(returned).toHaveLength(3);
  });

  it('can be named, for options that are put together elsewhere', () => {
    const options: PaymentsAuthModuleOptions = {
      providers: {
        pesapal: { environment: 'sandbox', credentials: { consumerKey: key, consumerSecret: key } },
        acme: { provider: acme, credentials: { user: key } },
      },
    };
    const wrong: PaymentsAuthModuleOptions = {
      // @ts-expect-error -- a field is missing
      providers: { pesapal: { credentials: halfKey } },
    };
    expect([
      Auth.forRoot(options),
      Auth.forRoot(wrong),
      Auth.forRootAsync({ useFactory: () => options }),
    ]).toHaveLength(3);
  });
});
