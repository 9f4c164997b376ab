import { randomUUID } from 'node:crypto';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { login, type LoginSpec } from '../strategies/login.strategy.js';
import { bearer } from './bearer.js';
import { defineProvider } from './define-provider.js';
import type { ApiAnswer, ProviderDefinition } from './provider-definition.js';

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

// Slips, as they are made.
type Loose = { credentials: Readonly<Record<string, string | undefined>> };
const withHost = {
  credentials: { apiKey: {}, host: { inUrl: /^[a-z]+$/ } },
  headers: ({ credentials }: Loose) => ({ 'X-Api-Key': credentials['apiKey'] }),
};
const readsMissingMerchant = ({ credentials }: Loose) => ({
  'X-Merchant': (credentials['merchant'] as string).toUpperCase(),
});
const certificateInHeader = ({ credentials }: Loose) => ({ 'X-Cert': credentials['apiKey'] });
const throwsWithoutBody = ({ body }: ApiAnswer) => (body as { code: string }).code === 'bad_key';

const tokenHeaders = ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` });
const ACME_LOGIN: LoginSpec<AcmeCredentials> = {
  path: '/session',
  body: ({ credentials }) => ({ json: { key: credentials.apiKey } }),
  answer: { token: 'token' },
  documentedLifetimeMs: 600_000,
  rejected: ({ status }) => status === 403,
};
const asksForScopes = {
  scopes: ['read'],
  token: clientCredentials<AcmeCredentials>({
    path: '/token',
    client: ({ credentials }) => ({ id: 'acme', secret: credentials.apiKey }),
    documentedLifetimeMs: 600_000,
  }),
  headers: tokenHeaders,
};
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
        sign: ({ namedHost, path, credentials }) =>
          namedHost === 'pay' && path.startsWith('/refunds/')
            ? { headers: { 'X-Confirm': credentials.pin } }
            : {},
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
      expect(definition.headers?.({ credentials: { apiKey: 'k' }, token: 't' })).toEqual({
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

    it('placeholders of the host and of the path, filled from fields that may stand in a URL', () => {
      expect(
        problemsOf({
          environments: { live: 'https://{merchant}-live.acme.test/{apiKey}' },
          credentials: { apiKey: { inUrl: /^[a-z0-9]+$/ }, merchant: { optional: true, inUrl: /^[a-z]+$/ } },
        }),
      ).toEqual([]);
    });

    it('a refusal that its documents leave without words, and none at all', () => {
      const bare = { refused: ({ status }: ApiAnswer) => status === 401, bare401: true };
      expect(problemsOf({ refusal: bare })).toEqual([]);
      expect(problemsOf({ refusal: undefined })).toEqual([]);
    });

    it('a signature, or a certificate, in the place of headers', () => {
      expect(problemsOf({ headers: undefined, sign: () => ({}) })).toEqual([]);
      expect(problemsOf({ headers: undefined, tls: () => ({ cert: '', key: '' }) })).toEqual([]);
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
      ['scopesVariable', { scopesVariable: 'ACME_API_KEY', ...asksForScopes }],
      ['credentials', { credentials: {} }],
      ['credentials', { credentials: { apiKey: { optional: true } } }],
      [
        'credentials.apiKey.variable',
        { credentials: { ...acme.credentials, apiKey: { variable: 'apiKey' } } },
      ],
      ['credentials.apiKey.belongsTo.test', { credentials: { apiKey: { belongsTo: { test: /x/ } } } }],
      ['credentials.apiKey.belongsTo.live', { credentials: { apiKey: { belongsTo: { live: /x/g } } } }],
      ['credentials.apiKey.suspect', { credentials: { apiKey: { suspect: 'a lot' } } }],
      ['token', { token: { kind: 'magic' } }],
      ['token', { token: 'static' }],
      ['headers', { headers: { 'X-Api-Key': 'key' } }],
      ['callHeaders', { callHeaders: [{ headers: acme.headers }] }],
      ['bodySignature', { bodySignature: { algorithm: 'hmac-sha256', key: 'apiKey', field: 'checksum' } }],
      ['refusal.refused', { refusal: {} }],
      ['refusal.incurable', { refusal: { refused: () => false, incurable: 403 } }],
      ['scopes', { ...asksForScopes, scopes: ['read write'] }],
      ['secretResponseFields', { secretResponseFields: 'hash' }],
      ['probe.path', { probe: { path: '//elsewhere.test' } }],
      ['advice[0].on', { advice: [{ on: 'refusal', cause: 'it', fix: 'that' }] }],
      ['advice[0].says', { advice: [{ on: 'call', says: 'Wrong', cause: 'it', fix: 'that' }] }],
      ['advice[0].fix', { advice: [{ on: 'call', cause: 'it' }] }],
      ['probe.host', { probe: { path: '/me', host: 'elsewhere' } }],
      ['probe.method', { probe: { path: '/me', method: 'DELETE' } }],
      ['probe.json', { probe: { path: '/me', json: {} } }],
      ['probe.accepted', { probe: { path: '/me', accepted: 200 } }],
      ['dashboard', { dashboard: 'Settings' }],
      ['strategy', { strategy: { kind: 'static-key' } }],
      ['credentialPage', { credentialPage: 'Settings' }],
      ['credentialsPage', { credentialsPage: ' ' }],
      ['region', { region: 'Antarctica' }],
      ['basedOn', { basedOn: 2026 }],
      ['environments.test', { environments: { live: { a: 'https://a.test' }, test: 'https://b.test' } }],
      ['environments.live', { environments: { live: 'https://{apiKey}.acme.test' } }],
      ['environments.live', { environments: { live: 'https://{prefix}.acme.test' } }],
      ['environments.live', { environments: { live: 'https://{api key.acme.test' } }],
      ['environments.live', { environments: { live: 'https://{host}.test' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://api.{host}.test' }, ...withHost }],
      ['credentials.api-key', { credentials: { 'api-key': {}, apiKey: {} } }],
      ['credentials.apiKey.vairable', { credentials: { apiKey: { vairable: 'ACME_KEY' } } }],
      ['credentials.apiKey.secret', { credentials: { apiKey: { secret: 'yes' } } }],
      ['credentials.apiKey.format', { credentials: { apiKey: { format: 'der' } } }],
      ['credentials.apiKey.inUrl', { credentials: { apiKey: { inUrl: '[a-z]+' } } }],
      ['credentials.apiKey.inUrl', { credentials: { apiKey: { inUrl: /^[a-z]+$/g } } }],
      ['credentials.apiKey.default', { credentials: { apiKey: { default: '' } } }],
      ['credentials.apiKey.default', { credentials: { apiKey: { inUrl: /^\w+$/, default: 'a.b' } } }],
      ['headers', { headers: undefined }],
      ['headers', { headers: async () => ({ 'X-Api-Key': 'key' }) }],
      ['headers', { headers: () => 'X-Api-Key: key' }],
      ['headers', { headers: () => ({}) }],
      ['headers', { headers: ({ token }: { token: string }) => ({ 'X-Api-Key': token }) }],
      ['headers', { headers: readsMissingMerchant }],
      ['headers', { headers: () => ({ 'X-Api-Key': 'key', 'X-Nonce': randomUUID() }) }],
      ['headers.X-Api-Key', { headers: () => ({ 'X-Api-Key': 7 }) }],
      ['headers', { headers: ({ credentials }: Loose) => ({ 'X-Api-Key': `Key ${credentials['k']}` }) }],
      ['headers.X-Api-Key', { headers: () => ({ 'X-Api-Key': 'Key undefined' }) }],
      ['headers.X Api Key', { headers: () => ({ 'X Api Key': 'key' }) }],
      ['headers.Host', { headers: () => ({ Host: 'api.acme.test' }) }],
      ['headers.X-Cert', { credentials: { apiKey: { format: 'pem' } }, headers: certificateInHeader }],
      ['defaultHeaders', { defaultHeaders: { 'X-Country': 'KE' } }],
      ['defaultHeaders.x-api-key', { defaultHeaders: () => ({ 'X-API-Key': 'other' }) }],
      ['sign', { sign: 'hmac' }],
      ['tls', { tls: { cert: 'c', key: 'k' } }],
      ['refusal', { refusal: 401 }],
      ['refusal.refuses', { refusal: { refused: () => false, refuses: () => true } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status === 401 } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status >= 400 } }],
      ['refusal.refused', { refusal: { refused: async () => false } }],
      ['refusal.refused', { refusal: { refused: throwsWithoutBody } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status === 200, bare401: true } }],
      ['refusal.bare401', { refusal: { refused: () => false, bare401: false } }],
      ['refusal.alsoOnSuccess', { refusal: { refused: () => false, alsoOnSuccess: 'yes' } }],
      ['refusal.challenged', { refusal: { refused: () => false, challenged: () => false } }],
      ['scopes', { ...asksForScopes, scopes: undefined, scopesVariable: 'ACME_SCOPES' }],
      ['advice[0].status', { advice: [{ on: 'call', status: '401', cause: 'it', fix: 'that' }] }],
    ])('%s in %j', (path, changes) => {
      expect(pathsOf(changes)).toEqual([path]);
    });

    it('a token that its factory has not made', () => {
      expect(pathsOf({ token: { kind: 'login' } })).toEqual(['token']);
    });

    it('functions of a token that are written as 0.1 called them, with the credentials themselves', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        documentedLifetimeMs: 600_000,
        client: ((given: Record<string, string>) => ({ id: given['apiKey'] })) as never,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([
        'token: reads apiKey where credentials.apiKey stands; its functions are given { credentials, … }',
      ]);
    });

    it.each<[string, Record<string, unknown>]>([
      ['token.host', { host: 'elsewhere' }],
      ['token.path', { path: '/{tenant}/token' }],
      ['token.path', { path: '/{apiKey}/token' }],
      ['token', { body: ({ credentials }: Loose) => ({ json: { key: credentials['apikey'] } }) }],
      ['token', { body: ({ credentials }: Loose) => ({ json: (credentials['api_key'] as string).trim() }) }],
    ])('%s in a login with %j', (path, changes) => {
      const token = login<AcmeCredentials>({ ...ACME_LOGIN, ...changes });
      expect(pathsOf({ token, headers: tokenHeaders })).toEqual([path]);
    });

    it('scopes that nobody asks for', () => {
      const scopes = ['read'];
      expect(pathsOf({ scopes })).toEqual(['scopes']);
      expect(pathsOf({ scopes, token: login(ACME_LOGIN), headers: tokenHeaders })).toEqual(['scopes']);
      const asking = login<AcmeCredentials>({
        ...ACME_LOGIN,
        body: ({ credentials, scopes: asked }) => ({
          json: { key: credentials.apiKey, scope: asked.join(' ') },
        }),
      });
      expect(pathsOf({ scopes, token: asking, headers: tokenHeaders })).toEqual([]);
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
    void (() =>
      defineProvider<AcmeCredentials>({
        ...acme,
        // @ts-expect-error what may be undefined is optional
        credentials: { apiKey: {}, merchant: {} },
      }));
    void (() =>
      defineProvider<AcmeCredentials>({
        ...acme,
        // @ts-expect-error what may not be undefined is not optional
        credentials: { apiKey: { optional: true }, merchant: { optional: true } },
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
