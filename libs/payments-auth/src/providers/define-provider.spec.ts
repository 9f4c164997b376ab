import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { textAt, valueAt } from '../strategies/json-value.js';
import { login } from '../strategies/login.strategy.js';
import { bearer } from './bearer.js';
import { defineProvider } from './define-provider.js';
import type { ProviderDefinition } from './provider-definition.js';

interface AcmeCredentials {
  readonly apiKey: string;
  readonly merchant?: string;
}

const acme = {
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test/authentication',
  environments: { live: 'https://api.acme.test' },
  credentials: { apiKey: { variable: 'ACME_API_KEY' }, merchant: { optional: true } },
  headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey, 'X-Merchant': credentials.merchant }),
  refusal: { refused: ({ status, body }) => status === 401 && textAt(body, 'code') === 'bad_key' },
} satisfies ProviderDefinition<AcmeCredentials>;

function problemsOf(changes: Record<string, unknown>): readonly string[] {
  try {
    defineProvider<AcmeCredentials>({ ...acme, ...changes });
  } catch (error) {
    if (!isPaymentsAuthError(error) || error.code !== 'INVALID_OPTIONS') throw error;
    return error.problems ?? [];
  }
  return [];
}

/** The problem's path: what stands before the first colon. */
function pathsOf(changes: Record<string, unknown>): string[] {
  return problemsOf(changes).map((problem) => problem.split(': ')[0] ?? '');
}

describe('defineProvider', () => {
  it('gives back what it was given, for nobody to change', () => {
    const definition = defineProvider<AcmeCredentials>(acme);
    expect(definition).toEqual(acme);
    expect(Object.isFrozen(definition)).toBe(true);
  });

  describe('takes any shape of authentication', () => {
    it('several headers from static credentials, more on given calls, two hosts', () => {
      const definition = defineProvider<{ key: string; pin: string }, 'twofold'>({
        ...acme,
        name: 'twofold',
        environments: {
          test: { pay: 'https://pay.test.acme.test', report: 'https://report.test.acme.test/v2' },
          live: { pay: 'https://pay.acme.test', report: 'https://report.acme.test/v2' },
        },
        environmentVariable: 'TWOFOLD_ENVIRONMENT',
        baseUrlVariable: { pay: 'TWOFOLD_PAY_URL', report: 'TWOFOLD_REPORT_URL' },
        credentials: { key: { variable: 'TWOFOLD_KEY' }, pin: { belongsTo: { live: /^9/ } } },
        headers: ({ credentials: { key, pin } }) => ({ 'X-Key': key, 'X-Pin': pin }),
        callHeaders: [
          {
            methods: ['POST', 'PUT'],
            host: 'pay',
            path: /^\/refunds\//,
            headers: ({ credentials }) => ({ 'X-Confirm': credentials.pin }),
          },
        ],
        probe: { host: 'report', path: '/balance?currency=USD' },
      });
      expect(definition.name satisfies 'twofold').toBe('twofold');
    });

    it('a login with a nested token, revocation, limits, and a quota', () => {
      const definition = defineProvider<AcmeCredentials>({
        ...acme,
        token: login<AcmeCredentials>({
          path: '/session',
          body: ({ credentials: { apiKey } }) => ({ form: { apiKey } }),
          answer: { token: 'data.token', expiresAt: 'data.expires' },
          documentedLifetimeMs: 900_000,
          rejected: ({ status, body }) => status === 200 && valueAt(body, 'ok') === false,
          revoke: { path: '/session/end', headers: ({ token }) => ({ Authorization: bearer(token) }) },
          limits: [{ limit: 100, perMs: 86_400_000, per: 'credential' }],
          loginsEatQuota: true,
        }),
        headers: ({ token, credentials }) => ({
          Authorization: bearer(token),
          'X-Merchant': credentials.merchant,
        }),
      });
      expect(definition.headers({ credentials: { apiKey: 'k' }, token: 't' })).toEqual({
        Authorization: 'Bearer t',
        'X-Merchant': undefined,
      });
    });

    it('OAuth 2.0 with scopes, and a client that is only known in the body', () => {
      const definition = defineProvider<AcmeCredentials>({
        ...acme,
        scopes: ['payments:read', 'payments:write'],
        scopesVariable: 'ACME_SCOPES',
        token: clientCredentials<AcmeCredentials>({
          path: '/oauth/token',
          client: ({ credentials: { apiKey } }) => ({ id: 'acme', secret: apiKey }),
          authentication: ['client_secret_post'],
          documentedLifetimeMs: 600_000,
        }),
      });
      expect(definition.token?.kind).toBe('client-credentials');
    });

    it('plain http on loopback, where a definition is tried out', () => {
      expect(problemsOf({ environments: { live: 'http://127.0.0.1:8080/v1' } })).toEqual([]);
    });
  });

  describe('refuses what is wrong, by its field', () => {
    const environments = { live: { a: 'https://a.test', b: 'https://b.test' } };

    it.each<[string, Record<string, unknown>]>([
      ['name', { name: 'Acme' }],
      ['name', { name: '' }],
      ['name', { name: undefined }],
      ['title', { title: ' ' }],
      ['docs', { docs: 'see the PDF' }],
      ['environments', { environments: {} }],
      ['environments.live', { environments: { live: 'api.acme.test' } }],
      ['environments.live', { environments: { live: 'http://api.acme.test' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/' } }],
      ['environments.live', { environments: { live: 'https://user:word@api.acme.test' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test?v=1' } }],
      ['environments.live.a', { environments: { live: { a: 'ftp://a.test' } } }],
      ['environments.test', { environments: { ...environments, test: { a: 'https://a.test' } } }],
      ['environmentVariable', { environmentVariable: 'acme-environment' }],
      ['baseUrlVariable.c', { environments, baseUrlVariable: { c: 'ACME_URL' } }],
      ['scopesVariable', { scopesVariable: 'ACME_API_KEY' }],
      ['credentials', { credentials: {} }],
      ['credentials', { credentials: { apiKey: { optional: true } } }],
      ['credentials.apiKey.variable', { credentials: { apiKey: { variable: 'apiKey' } } }],
      ['credentials.apiKey.belongsTo.test', { credentials: { apiKey: { belongsTo: { test: /x/ } } } }],
      ['credentials.apiKey.belongsTo.live', { credentials: { apiKey: { belongsTo: { live: /x/g } } } }],
      ['credentials.apiKey.suspect', { credentials: { apiKey: { suspect: 'a lot' } } }],
      ['token', { token: { kind: 'magic' } }],
      ['token', { token: 'static' }],
      ['headers', { headers: { 'X-Api-Key': 'key' } }],
      ['callHeaders[0].headers', { callHeaders: [{}] }],
      ['callHeaders[0].methods', { callHeaders: [{ methods: ['post'], headers: acme.headers }] }],
      ['callHeaders[0].path', { callHeaders: [{ path: 'refunds', headers: acme.headers }] }],
      ['callHeaders[0].path', { callHeaders: [{ path: /x/y, headers: acme.headers }] }],
      ['callHeaders[0].host', { callHeaders: [{ host: 'elsewhere', headers: acme.headers }] }],
      ['refusal.refused', { refusal: {} }],
      ['refusal.incurable', { refusal: { refused: () => false, incurable: 403 } }],
      ['scopes', { scopes: ['read write'] }],
      ['secretResponseFields', { secretResponseFields: 'hash' }],
      ['probe.path', { probe: { path: '//elsewhere.test' } }],
      ['advice[0].on', { advice: [{ on: 'refusal', cause: 'it', fix: 'that' }] }],
      ['advice[0].says', { advice: [{ on: 'call', says: 'Wrong', cause: 'it', fix: 'that' }] }],
      ['advice[0].fix', { advice: [{ on: 'call', cause: 'it' }] }],
      ['probe.host', { probe: { path: '/me', host: 'elsewhere' } }],
    ])('%s in %j', (path, changes) => {
      expect(pathsOf(changes)).toEqual([path]);
    });

    it.each<[string, Record<string, unknown>]>([
      ['token.documentedLifetimeMs', { documentedLifetimeMs: 0 }],
      ['token.documentedLifetimeMs', { documentedLifetimeMs: NaN }],
      ['token.limits[0]', { limits: [{ limit: 0, perMs: 1, per: 'ip' }] }],
      ['token.limits[0]', { limits: [{ limit: 1, perMs: 1, per: 'planet' }] }],
      ['token.host', { host: 'elsewhere' }],
      ['token.authentication', { authentication: [] }],
      ['token.authentication', { authentication: ['certificate'] }],
    ])('%s in a token with %j', (path, changes) => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials: { apiKey } }) => ({ id: 'acme', secret: apiKey }),
        documentedLifetimeMs: 1,
      });
      expect(pathsOf({ token: { ...token, ...changes } })).toEqual([path]);
    });

    it('all at once, in one error that names the provider', () => {
      const broken = { ...acme, title: '', docs: '', environments: {} };
      expect(() => defineProvider<AcmeCredentials>(broken)).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTIONS',
          provider: 'acme',
          problems: [
            expect.stringMatching(/^title: /),
            expect.stringMatching(/^docs: /),
            expect.stringMatching(/^environments: /),
          ],
          message: expect.stringMatching(/^The definition of provider "acme" is not valid:\n {2}- title: /),
        }),
      );
    });

    it('what is no definition at all', () => {
      expect(() => defineProvider<AcmeCredentials>(undefined as never)).toThrow(/not valid/);
    });
  });

  it('lets the compiler refuse what it can see', () => {
    const definition: ProviderDefinition = defineProvider<AcmeCredentials>(acme);
    expect(definition.name).toBe('acme');
    // @ts-expect-error every credential is described
    void (() => defineProvider<AcmeCredentials>({ ...acme, credentials: { apiKey: {} } }));
    void (() =>
      defineProvider<AcmeCredentials>({
        ...acme,
        // @ts-expect-error there is no such credential
        headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apikey }),
      }));
    // @ts-expect-error credentials are text
    void (() => defineProvider<{ apiKey: number }>({ ...acme, credentials: { apiKey: {} } }));
    // @ts-expect-error the name is the one that was promised
    void (() => defineProvider<AcmeCredentials, 'acme'>({ ...acme, name: 'other' }));
  });
});

describe('bearer', () => {
  it('puts the scheme in front of a token, once', () => {
    expect(bearer('tok')).toBe('Bearer tok');
    expect(bearer('Bearer tok')).toBe('Bearer tok');
    expect(bearer('bearer tok')).toBe('bearer tok');
    expect(bearer('Bearertok')).toBe('Bearer Bearertok');
  });
});
