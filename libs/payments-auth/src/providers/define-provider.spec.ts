import { randomUUID } from 'node:crypto';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { privateKeyJwt } from '../strategies/client-assertion.js';
import { clientCredentials } from '../strategies/client-credentials.strategy.js';
import { basic } from '../building-blocks/basic.js';
import { jws } from '../building-blocks/jws.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { login, type LoginSpec } from '../strategies/login.strategy.js';
import { refreshToken } from '../strategies/refresh-token.strategy.js';
import { bearer } from './bearer.js';
import { defineProvider } from './define-provider.js';
import type { ApiAnswer, ProviderDefinition } from './provider-definition.js';
import { hashOfCredentials, sharedToken } from './webhooks/sender-webhooks.js';
import {
  hashWebhook,
  hmacWebhook,
  publicKeyWebhook,
  standardWebhooks,
} from './webhooks/signature-webhooks.js';

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
    const unread = error.problems?.find((problem) => !SAID.test(problem));
    if (unread !== undefined) throw new Error(`reads badly: ${unread}`, { cause: error });
    return error.problems ?? [];
  }
  return [];
}

/** @param make the refresh token out of a credential */
function refreshing(make: (apiKey: string) => string, rotates = true): readonly string[] {
  const token = refreshToken<AcmeCredentials>({
    path: '/token',
    client: () => ({ id: 'acme', secret: 'invented' }),
    refreshToken: ({ credentials }) => make(credentials.apiKey),
    rotates,
    documentedLifetimeMs: 600_000,
  });
  return problemsOf({ token, headers: (given: { token: string }) => ({ Authorization: given.token }) });
}

/** A path, and a message of some length with no doubled article and no doubled full stop. */
const SAID = /^[^:]+: (?!.*(?:\ba (?:object|array)\b|\.\.$|\?\.)).{12,}$/;

/** The path of each problem, which stands before its first colon. */
function pathsOf(changes: Record<string, unknown>): string[] {
  return problemsOf(changes).map((problem) => problem.split(': ')[0] ?? '');
}

// The following functions make mistakes that authors make.
/** The argument as an author may misread it: the credentials themselves, as in 0.1, or fields that do not exist. */
type Misread = Readonly<Record<string, string | undefined>>;
type Loose = { credentials: Readonly<Record<string, string | undefined>> };
const withHost = {
  credentials: { apiKey: {}, host: { inUrl: /^[a-z]+$/ } },
  headers: ({ credentials }: Loose) => ({ 'X-Api-Key': credentials['apiKey'] }),
};
const readsMissingMerchant = ({ credentials }: Loose) => ({
  'X-Merchant': (credentials['merchant'] as string).toUpperCase(),
});
const certificateInHeader = ({ credentials }: Loose) => ({ 'X-Cert': credentials['apiKey'] });
const keyHeader = ({ credentials }: Loose) => ({ 'X-Api-Key': credentials['apiKey'] });
const throwsWithoutBody = ({ body }: ApiAnswer) => (body as { code: string }).code === 'bad_key';

const signsIntoQuery = ({ token }: { token: string }) => ({ query: { token } });
const merchantOrToken = ({ token, credentials }: Loose & { token: string }) => ({
  Authorization: `Bearer ${credentials['merchant'] ?? token}`,
});
const withoutLines = (pem: string) => pem.replaceAll(/-----[A-Z ]+-----|\s/g, '');
const inBase64 = (pem: string) => Buffer.from(pem).toString('base64');
const byHeader = ({ status, headers }: ApiAnswer) => status === 401 && 'x-acme-id' in headers;
const tokenParts = ({ token: both }: { token: string }) => {
  const [access, session] = both.split('|');
  return { Authorization: `Bearer ${access}`, Cookie: `session=${session}` };
};
const secondPart = ({ credentials }: Loose) => ({ 'X-Key': credentials['apiKey']?.split(':')[1] });
const joined = (made: (pem: string) => string) => (given: Loose) => ({
  ...keyHeader(given),
  'X-Certificate': made(given.credentials['merchant'] ?? ''),
});
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
/** Uses an optional field as if it were always there. */
const withOptional =
  (make: (more: string) => unknown) =>
  ({ credentials }: Loose) =>
    make(credentials['merchant'] as string);
interface Answer {
  readonly status: number;
  readonly body: { readonly ok: unknown; readonly a: unknown; readonly error: { readonly code: string } };
  readonly data: unknown;
}
const saysYesTo =
  (...statuses: number[]) =>
  ({ status }: ApiAnswer) =>
    statuses.includes(status);
const throwing = (): never => {
  throw new Error('not read yet');
};
const late = (name: string) => Object.defineProperty({}, name, { enumerable: true, get: throwing });
/** The problems of a definition with the given part. The part is not read before `defineProvider()` reads it. */
const problemsOfUnread = (part: object): unknown => {
  try {
    return defineProvider(Object.defineProperties({}, descriptorsOf({ ...acme }, part)) as never);
  } catch (error) {
    return (error as { problems?: unknown }).problems;
  }
};
const descriptorsOf = (...parts: object[]) =>
  Object.assign({}, ...parts.map((part) => Object.getOwnPropertyDescriptors(part))) as PropertyDescriptorMap;
function circle(): object {
  const self: Record<string, unknown> = {};
  return Object.assign(self, { self });
}

describe('defineProvider', () => {
  it('returns the definition that it was given, frozen', () => {
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

    it('a login with a nested token, a revocation, limits, and a quota', () => {
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
        headers: ({ token }) => ({ Authorization: bearer(token) }),
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

    it('a refusal without words in its documents, and a definition without any refusal', () => {
      const bare = { refused: ({ status }: ApiAnswer) => status === 401, bare401: true };
      expect(problemsOf({ refusal: bare })).toEqual([]);
      expect(problemsOf({ refusal: undefined })).toEqual([]);
    });

    it('a signature, or a certificate, in the place of headers', () => {
      expect(problemsOf({ headers: undefined, sign: () => ({}) })).toEqual([]);
      expect(problemsOf({ headers: undefined, tls: () => ({ cert: '', key: '' }) })).toEqual([]);
    });

    it('a placeholder before a domain that the provider owns, in whole labels and in parts', () => {
      for (const live of [
        'https://{host}.acme.co.uk',
        'https://{host}-live.acmepay.com',
        'https://{host}.pay.acme.test:8443',
      ])
        expect(problemsOf({ environments: { live }, ...withHost })).toEqual([]);
    });

    it('plain http on loopback, to try a definition out', () => {
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
      ['probe.pat', { probe: { path: '/me', pat: '/you' } }],
      ['probe.path', { probe: { path: '/../me' } }],
      ['probe.path', { probe: { path: String.raw`/a\b` } }],
      ['probe.headers.X Key', { probe: { path: '/me', headers: { 'X Key': 'one' } } }],
      ['probe.headers.X-Key', { probe: { path: '/me', headers: { 'X-Key': 'one\n' } } }],
      ['probe.headers.x-key', { probe: { path: '/me', headers: { 'X-Key': 'one', 'x-key': 'two' } } }],
      ['probe.needs', { probe: { path: '/me', needs: ['merchnat'] } }],
      ['advice[0].because', { advice: [{ on: 'call', because: 'x', cause: 'it', fix: 'that' }] }],
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
      ['environments.live', { environments: { live: 'https://{host}.co.uk' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{host}-pay.com.au' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://api-{host}.or.tz/v1' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{host}.github.io' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{host}.uk.com' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{host}' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{host}:8443' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1?x' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1?' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1#x' } }],
      ['environments.live', { environments: { live: String.raw`https://api.acme.test\v1` } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1 ' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1/../v2' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test//v1' } }],
      ['credentials.api-key', { credentials: { 'api-key': {}, apiKey: {} } }],
      ['credentials.apiKey.vairable', { credentials: { apiKey: { vairable: 'ACME_KEY' } } }],
      ['credentials.apiKey.secret', { credentials: { apiKey: { secret: 'yes' } } }],
      ['credentials.apiKey.format', { credentials: { apiKey: { format: 'der' } } }],
      ['credentials.apiKey.inUrl', { credentials: { apiKey: { inUrl: '[a-z]+' } } }],
      ['credentials.apiKey.inUrl', { credentials: { apiKey: { inUrl: /^[a-z]+$/g } } }],
      ['credentials.apiKey.default', { credentials: { apiKey: { default: '' } } }],
      ['credentials.apiKey.default', { credentials: { apiKey: { inUrl: /^\w+$/, default: 'a.b' } } }],
      ['credentials.apiKey.default', { credentials: { apiKey: { default: 'key\n' } } }],
      [
        'credentials.merchant.default',
        {
          credentials: {
            apiKey: {},
            merchant: { optional: true, format: 'pem', default: 'no PEM' },
          },
          headers: keyHeader,
        },
      ],
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
      ['headers.x-key', { headers: () => ({ 'X-Key': 'one', 'x-key': 'two' }) }],
      ['headers.X-Key', { headers: () => ({ 'X-Key': 'one\r\nX-Evil: 1' }) }],
      ['headers.X-Key', { headers: () => ({ 'X-Key': 'Schlüssel' }) }],
      ['defaultHeaders.X-Country', { defaultHeaders: () => ({ 'X-Country': 'KE\n' }) }],
      ['defaultHeaders.x-country', { defaultHeaders: () => ({ 'X-Country': 'KE', 'x-country': 'TZ' }) }],
      ['headers.Host', { headers: () => ({ Host: 'api.acme.test' }) }],
      ['headers.X-Cert', { credentials: { apiKey: { format: 'pem' } }, headers: certificateInHeader }],
      ['defaultHeaders', { defaultHeaders: { 'X-Country': 'KE' } }],
      ['defaultHeaders.x-api-key', { defaultHeaders: () => ({ 'X-API-Key': 'other' }) }],
      ['sign', { sign: 'hmac' }],
      ['tls', { tls: { cert: 'c', key: 'k' } }],
      [
        'tls',
        { tls: ({ credentials }: Loose) => ({ cert: credentials['apiKey'], key: credentials['apiKye'] }) },
      ],
      ['tls', { tls: ({ credentials }: Loose) => ({ cert: `${credentials['apiKey']}\n` }) }],
      ['tls', { tls: ({ credentials }: Loose) => credentials['apiKey'] }],
      ['credentials.apiKey', { tls: ({ credentials }: Loose) => ({ cert: credentials['apiKey'], key: '' }) }],
      ['credentials.apiKey', { tls: ({ credentials }: Loose) => ({ cert: '', key: credentials['apiKey'] }) }],
      [
        'credentials.apiKey',
        { tls: ({ credentials }: Loose) => ({ cert: '', key: '', ca: [credentials['apiKey']] }) },
      ],
      ['tls', { tls: async () => ({ cert: '', key: '' }) }],
      ['tls', { tls: () => ({ cert: '', key: '', pfx: new Uint8Array() }) }],
      ['tls.keys', { tls: () => ({ cert: '', key: '', keys: [] }) }],
      ['refusal', { refusal: 401 }],
      ['refusal.refused', { refusal: { refused: () => true, bare401: true } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status >= 400, bare401: true } }],
      ['refusal.refuses', { refusal: { refused: () => false, refuses: () => true } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status === 401 } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status >= 400 } }],
      ['refusal.refused', { refusal: { refused: async () => false } }],
      ['refusal.refused', { refusal: { refused: throwsWithoutBody } }],
      ['refusal.refused', { refusal: { refused: ({ status }: ApiAnswer) => status === 200, bare401: true } }],
      ['refusal.scope', { refusal: { refused: () => false, scope: throwsWithoutBody } }],
      ['refusal.scope', { refusal: { refused: () => false, scope: async () => undefined } }],
      ['refusal.bare401', { refusal: { refused: () => false, bare401: false } }],
      ['refusal.alsoOnSuccess', { refusal: { refused: () => false, alsoOnSuccess: 'yes' } }],
      ['refusal.challenged', { refusal: { refused: () => false, challenged: () => false } }],
      ['scopes', { ...asksForScopes, scopes: undefined, scopesVariable: 'ACME_SCOPES' }],
      ['credentials', { credentials: ['apiKey'] }],
      ['credentials.apiKey', { credentials: { apiKey: 'ACME_API_KEY' } }],
      ['headers', { headers: () => new Headers({ 'X-Api-Key': 'k' }) }],
      [
        'headers.X-More',
        { headers: withOptional((more) => ({ 'X-Api-Key': 'k', 'X-More': `Key ${more}` })) },
      ],
      ['defaultHeaders.X-More', { defaultHeaders: withOptional((more) => ({ 'X-More': `v ${more}` })) }],
      ['probe.accepted', { probe: { path: '/ping', accepted: async () => true } }],
      ['probe.accepted', { probe: { path: '/ping', accepted: () => true } }],
      ['probe.accepted', { probe: { path: '/ping', accepted: ({ body }: Answer) => body.ok === true } }],
      ['probe.json', { probe: { path: '/ping', method: 'POST', json: { amount: 1n } } }],
      ['secretResponseFields', { secretResponseFields: ['data.token'] }],
      ['sing', { sing: () => ({}) }],
      ['advice[0].status', { advice: [{ on: 'call', status: 4_000, cause: 'it', fix: 'that' }] }],
      ['headers', { headers: ({ apiKey }: Misread) => ({ 'X-Version': '1', 'X-Api-Key': apiKey }) }],
      ['headers', { headers: ({ env }: Misread) => ({ 'X-Version': env ?? '1' }) }],
      ['headers.Authorization', { headers: () => ({ Authorization: 'Bearer Bearer key' }) }],
      [
        'headers.Authorization',
        { headers: ({ credentials }: Loose) => ({ Authorization: `Basic ${credentials['apiKey']}:` }) },
      ],
      ...['Idempotency-Key', 'X-Idempotency-Key', 'PayPal-Request-Id'].map(
        (name): [string, Record<string, unknown>] => [
          `headers.${name}`,
          {
            headers: (given: Loose) => ({
              ...keyHeader(given),
              [name]: `key-${given.credentials['apiKey']}`,
            }),
          },
        ],
      ),
      ['defaultHeaders.Idempotence-Key', { defaultHeaders: () => ({ 'Idempotence-Key': 'payment' }) }],
      ['defaultHeaders', { defaultHeaders: ({ merchant }: Misread) => ({ 'X-Country': merchant }) }],
      ['tls', { tls: ({ apiKey }: Misread) => ({ cert: apiKey ?? '', key: '' }) }],
      ['tls.passphrase', { tls: () => ({ cert: '', key: '', passphrase: 7 }) }],
      ['tls.cert', { tls: () => ({ cert: Buffer.from('PEM'), key: '' }) }],
      ['title', { title: 'Acme\nPay' }],
      ['docs', { docs: 'javascript:alert(1)' }],
      ['environments.live', { environments: { live: 'https://api.acme.test/:merchant' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/v1/:merchant/x' } }],
      ['environments.live', { environments: { live: 'https://:host.acme.test' } }],
      ['environments.live', { environments: { live: 'https://<host>.acme.test' } }],
      ['environments.live', { environments: { live: 'https://${host}.acme.test' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://{{host}}.acme.test' }, ...withHost }],
      ['environments.live', { environments: { live: 'https://api.acme.test/[merchant]' } }],
      ['environments.live', { environments: { live: 'https://api.acme.test/%s' } }],
      ['probe.path', { probe: { path: '/accounts/:id' } }],
      ['probe.path', { probe: { path: '/accounts/<id>' } }],
      ['credentials.host.inUrl', withHost],
      ['credentials.host.inUrl', { ...withHost, probe: { path: '/hosts/host' } }],
      ['credentials.apiKey.belongsTo', { credentials: { apiKey: { belongsTo: /^live_/ } } }],
      ['credentials.apiKey.suspect', { credentials: { apiKey: { suspect: throwing } } }],
      ['credentials.apiKey.suspect', { credentials: { apiKey: { suspect: async () => 'odd' } } }],
      ['credentials.apiKey.suspect', { credentials: { apiKey: { suspect: () => true } } }],
      [
        'credentials.apiKey.suspect',
        { credentials: { apiKey: { suspect: (value: string) => `is ${value}` } } },
      ],
      ['tls', { tls: throwing }],
      ['tls', { tls: ({ credentials }: Loose) => ({ pfx: credentials['apiKey'] }) }],
      ['refusal.refused', { refusal: { refused: saysYesTo(429) } }],
      ['refusal.refused', { refusal: { refused: saysYesTo(500) } }],
      ['refusal.refused', { refusal: { refused: saysYesTo(504) } }],
      ['refusal.refused', { refusal: { refused: saysYesTo(401, 429), bare401: true } }],
      [
        'refusal.refused',
        { refusal: { refused: ({ status, body }: Answer) => status === 403 && body.a === 1 } },
      ],
      ['refusal.refused', { refusal: { refused: ({ body }: Answer) => body?.error.code === 'bad_key' } }],
      ['refusal.refused', { refusal: { refused: ({ data }: Answer) => textAt(data, 'code') === 'bad_key' } }],
      [
        'refusal.refused',
        { refusal: { refused: ({ headers }: ApiAnswer) => headers['WWW-Authenticate'] !== undefined } },
      ],
      [
        'refusal.challenged',
        { sign: () => ({}), refusal: { refused: () => false, challenged: saysYesTo(401) } },
      ],
      [
        'refusal.challenged',
        { sign: () => ({}), refusal: { refused: () => false, challenged: saysYesTo(500) } },
      ],
      [
        'refusal.challenged',
        { sign: () => ({}), refusal: { refused: () => false, challenged: saysYesTo(429) } },
      ],
      ['refusal.incurable', { refusal: { refused: () => false, incurable: throwsWithoutBody } }],
      ['refusal.incurable', { refusal: { refused: () => false, incurable: saysYesTo(401) } }],
      ['refusal.scope', { refusal: { refused: () => false, scope: () => 'read' } }],
      ['probe.accepted', { probe: { path: '/ping', accepted: saysYesTo(200, 500) } }],
      ['advice[0].status', { advice: [{ on: 'call', status: '401', cause: 'it', fix: 'that' }] }],
    ])('%s in %j', (path, changes) => {
      expect(pathsOf(changes)).toEqual([path]);
    });

    it('a part whose getter throws, and a part that refers back to itself', () => {
      expect(problemsOfUnread(late('docs'))).toEqual([
        'docs: its getter throws (not read yet); write the value',
      ]);
      expect(problemsOfUnread({ credentials: { apiKey: late('variable') } })).toEqual([
        'credentials.apiKey.variable: its getter throws (not read yet); write the value',
      ]);
      expect(problemsOfUnread({ probe: { path: '/ping', method: 'POST', json: circle() } })).toEqual([
        'probe.json.self: refers back to an object that contains it; write its parts out',
      ]);
      expect(() => login<AcmeCredentials>({ ...ACME_LOGIN, limits: [late('limit') as never] })).toThrow(
        'token.limits.0.limit: its getter throws (not read yet); write the value',
      );
    });

    it('a token that no factory has made', () => {
      expect(pathsOf({ token: { kind: 'login' } })).toEqual(['token']);
    });

    it('functions of a token that are written for 0.1, with the credentials as their argument', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        documentedLifetimeMs: 600_000,
        client: ((given: Record<string, string>) => ({ id: given['apiKey'] })) as never,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([
        'token: reads apiKey instead of credentials.apiKey; its functions are given { credentials, … }',
      ]);
    });

    it.each<[string, Record<string, unknown>]>([
      ['token.host', { host: 'elsewhere' }],
      ['token.path', { path: '/{tenant}/token' }],
      ['token.path', { path: '/{apiKey}/token' }],
      ['token.path', { path: '/:tenant/token' }],
      ['token.path', { path: '/<tenant>/token' }],
      ['token.revoke.path', { revoke: { path: '/sessions/:id' } }],
      ['token', { body: ({ credentials }: Loose) => ({ json: { key: credentials['apikey'] } }) }],
      ['token.body', { body: ({ credentials }: Loose) => ({ key: credentials['apiKey'] }) }],
      ['token.body', { body: ({ credentials }: Loose) => credentials['apiKey'] }],
      ['token.body', { body: () => ({ json: {}, form: {} }) }],
      ['token.body', { body: () => ({ json: undefined }) }],
      ['token.body', { body: () => ({ json: { amount: 1n } }) }],
      ['token.body', { body: () => ({ json: circle() }) }],
      ['token.body', { body: () => ({ json: {}, contentType: 'text/plain' }) }],
      ['token.body', { body: () => ({ form: 'a=b' }) }],
      ['token.body', { body: () => ({ form: { amount: { a: 1 } } }) }],
      ['token.body', { body: () => ({ text: '<a/>' }) }],
      ['token.body', { body: () => ({ text: '<a/>', contentType: 'text/xml\n' }) }],
      ['token.body', { body: () => [] }],
      ['token.body', { body: async () => ({ json: {} }) }],
      ['token.headers', { headers: () => ({ 'X-Key': 'one\r\nX-Evil: 1' }) }],
      ['token.headers', { headers: () => ({ 'X-Key': 'Schlüssel' }) }],
      ['token.headers', { headers: () => ({ 'X Key': 'one' }) }],
      ['token.headers', { headers: () => ({ 'X-Key': 'one', 'x-key': 'two' }) }],
      ['token.headers', { headers: () => ({ 'Content-Length': '7' }) }],
      ['token.headers', { headers: () => ({ 'X-Key': 7 }) }],
      ['token.headers', { headers: () => 'X-Key: one' }],
      ['token.revoke.path', { revoke: { path: '/{session}/end' } }],
      [
        'token.revoke.body',
        { revoke: { path: '/end', body: ({ token }: { token: string }) => ({ token }) } },
      ],
      ['token.revoke.headers', { revoke: { path: '/end', headers: () => ({ 'X-Key': 'a\nb' }) } }],
      [
        'token',
        { revoke: { path: '/end', body: ({ credentials }: Loose) => ({ text: credentials['apikey'] }) } },
      ],
      ['token', { body: ({ credentials }: Loose) => ({ json: (credentials['api_key'] as string).trim() }) }],
      [
        'token',
        {
          body: ({ credential }: { credential: Record<string, string> }) => ({ json: credential['apiKey'] }),
        },
      ],
      ['token.body', { body: withOptional((more) => ({ json: more.trim() })) }],
      ['token.body', { body: withOptional((more) => ({ form: { more: `${more}!`.slice(0, -1) } })) }],
      ['token.headers', { headers: withOptional((more) => ({ 'X-More': `Key ${more}` })) }],
    ])('%s in a login with %j', (path, changes) => {
      const token = login<AcmeCredentials>({ ...ACME_LOGIN, ...changes });
      expect(pathsOf({ token, headers: tokenHeaders })).toEqual([path]);
    });

    it.each<[string, Record<string, unknown>]>([
      [
        'token.authentication.key',
        { authentication: privateKeyJwt({ algorithm: 'ES256', key: () => ({}) as never }) },
      ],
      ['token.authentication.key', { authentication: privateKeyJwt({ algorithm: 'ES256', key: () => '' }) }],
      [
        'token.authentication.keyId',
        { authentication: privateKeyJwt({ algorithm: 'ES256', keyId: () => 7 as never, key: () => 'k' }) },
      ],
      [
        'token.authentication.issuer',
        { authentication: privateKeyJwt({ algorithm: 'ES256', issuer: () => '', key: () => 'k' }) },
      ],
      [
        'token.authentication.claims',
        { authentication: privateKeyJwt({ algorithm: 'ES256', claims: () => 'x' as never, key: () => 'k' }) },
      ],
      ['token.client', { client: () => ({ clientId: 'acme' }) }],
      ['token.client', { client: () => ({ id: 'acme' }) }],
      ['token.client', { client: throwing }],
      ['token.parameters', { parameters: () => ({ amount: 7 }) }],
      ['token.parameters', { parameters: () => 'amount=7' as never }],
      ['token.parameters', { parameters: () => new Map([['amount', '7']]) as never }],
      ...['grant_type', 'client_id', 'client_secret', 'client_assertion', 'scope', 'refresh_token'].map(
        (name): [string, Record<string, unknown>] => [
          'token.parameters',
          { parameters: () => ({ [name]: 'other' }) },
        ],
      ),
      ['token.parameters', { parameters: () => ({ scope: undefined }) }],
      ['token.revoke.path', { revoke: { path: '/{session}/end' } }],
    ])('%s in client credentials with %j', (path, changes) => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => ({ id: 'acme', secret: credentials.apiKey }),
        documentedLifetimeMs: 600_000,
        ...changes,
      });
      expect(pathsOf({ token, headers: tokenHeaders })).toEqual([path]);
    });

    it('but not the own id of a client beside Basic, and not scopes that are joined in another way', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => ({ id: 'acme', secret: credentials.apiKey }),
        parameters: ({ scopes }) => ({ client_id: 'acme', scope: scopes.join(','), audience: 'payments' }),
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([]);
    });

    it.each<[string, (scopes: readonly string[]) => Record<string, string | undefined>]>([
      ['in upper case', (scopes) => ({ scope: scopes.join(' ').toUpperCase() })],
      ['in a field of another name', (scopes) => ({ scope: undefined, permissions: scopes.join(',') })],
    ])('but not scopes that a token endpoint takes %s', (_, write) => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => ({ id: 'acme', secret: credentials.apiKey }),
        parameters: ({ scopes }) => write(scopes),
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([]);
    });

    it('a refresh token that is always an error, as no credential is read before it', () => {
      const token = refreshToken<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => ({ id: 'acme', secret: credentials.apiKey }),
        refreshToken: throwing,
        rotates: false,
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([
        'token.refreshToken: threw Error: not read yet. It throws before it reads a credential, so it throws for all credentials',
      ]);
    });

    it('a rotating refresh token that is no credential as it stands, whose next one has no place', () => {
      const problems = [
        'token.refreshToken: returned a text that is not the value of a credential; each use replaces that value, so return one field unchanged',
      ];
      expect(refreshing(() => 'written-here')).toEqual(problems);
      expect(refreshing((key) => key.slice(1))).toEqual(problems);
      expect(refreshing((key) => `Key ${key}`)).toEqual(problems);
      expect(refreshing((key) => key)).toEqual([]);
      expect(refreshing((key) => key.slice(1), false)).toEqual([]);
    });

    it('but not a client that parses a credential, because an invented value is no JSON', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => JSON.parse(credentials.apiKey) as { id: string },
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([]);
    });

    it('but not a client that takes a credential apart, because an invented value has no parts', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: ({ credentials }) => {
          const [id = '', secret] = credentials.apiKey.split(':');
          return { id, ...(secret === undefined ? {} : { secret }) };
        },
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([]);
    });

    it('but not headers that are made of parts of a token or of a credential', () => {
      const token = login(ACME_LOGIN);
      expect(problemsOf({ token, headers: tokenParts })).toEqual([]);
      for (const part of [1, -1]) {
        const headers = ({ credentials }: Loose) => ({
          Authorization: `Key ${credentials['apiKey']?.split('-').at(part)}`,
        });
        expect(problemsOf({ headers })).toEqual([]);
      }
      expect(problemsOf({ headers: secondPart })).toEqual([]);
    });

    it('but not a certificate whose lines a header has joined', () => {
      const credentials = { apiKey: {}, merchant: { optional: true, format: 'pem' } };
      for (const make of [withoutLines, inBase64])
        expect(problemsOf({ credentials, headers: joined(make) })).toEqual([]);
      expect(problemsOf({ credentials, headers: joined((pem) => `Certificate ${pem}`) })).toEqual([
        expect.stringMatching(/^headers\.X-Certificate: contains the PEM "merchant"/),
      ]);
    });

    it('but not colons, brackets and percent signs that belong into a URL', () => {
      for (const path of ['/v1/keys:search?at=12:30', '/keys?filter[status]=open', '/a%20b?c=%7Bd%7D'])
        expect(problemsOf({ probe: { path } })).toEqual([]);
      expect(problemsOf({ environments: { live: 'https://api.acme.test:8443/v1' } })).toEqual([]);
    });

    it('but not a yes to a bare 400, 403 or 404, which some providers document', () => {
      for (const status of [400, 403, 404])
        expect(problemsOf({ refusal: { refused: saysYesTo(status) } })).toEqual([]);
    });

    it('a bare401 that allows what refused does not say, and so changes nothing', () => {
      for (const refused of [() => false, saysYesTo(400), ({ body }: ApiAnswer) => textAt(body, 'a') === 'b'])
        expect(problemsOf({ refusal: { refused, bare401: true } })).toEqual([
          expect.stringMatching(
            /^refusal\.bare401: .*neither refused nor challenged returns true for a 401 without words; .*or leave bare401 out$/,
          ),
        ]);
      const challenged = { refused: () => false, challenged: saysYesTo(401), bare401: true };
      expect(problemsOf({ sign: () => ({}), refusal: challenged })).toEqual([]);
      expect(problemsOf({ refusal: { refused: byHeader, bare401: true } })).toEqual([]);
    });

    it('a token that no call carries', () => {
      const token = login(ACME_LOGIN);
      const useless: Record<string, unknown>[] = [
        { headers: keyHeader },
        {
          headers: ({ token: _unused, credentials }: Loose & { token: string }) => keyHeader({ credentials }),
        },
        { headers: undefined, tls: () => ({ cert: '', key: '' }) },
      ];
      for (const parts of useless)
        expect(problemsOf({ token, ...parts })).toEqual([
          expect.stringMatching(
            /^token: no call carries it, because .*put it into a header.*or leave token out$/,
          ),
        ]);
    });

    it.each<[string, (token: string) => Record<string, string | undefined>]>([
      ['in a cookie', (token) => ({ Cookie: `session=${token}` })],
      ['in parts', (token) => ({ 'X-Csrf': token.split('|')[1] ?? 'none' })],
      ['as the last part of a JWT', (token) => ({ 'X-Session': token.split('.').at(-1) })],
      ['as the user of Basic', (token) => ({ Authorization: basic(token) })],
    ])('but not a token that calls carry %s', (_, make) => {
      const headers = ({ token, credentials }: Loose & { token: string }) => ({
        ...keyHeader({ credentials }),
        ...make(token),
      });
      expect(problemsOf({ token: login(ACME_LOGIN), headers })).toEqual([]);
    });

    it('but not a token in whose place calls may carry an optional credential', () => {
      expect(problemsOf({ token: login(ACME_LOGIN), headers: merchantOrToken })).toEqual([]);
    });

    it('but not a token beside sign, which may put it into the body or the query', () => {
      const token = login(ACME_LOGIN);
      expect(problemsOf({ token, sign: signsIntoQuery })).toEqual([]);
      expect(problemsOf({ token, sign: signsIntoQuery, headers: undefined })).toEqual([]);
    });

    it('a refresh token in the headers of calls', () => {
      const token = refreshToken<AcmeCredentials>({
        path: '/token',
        client: () => ({ id: 'acme', secret: 'invented' }),
        refreshToken: ({ credentials }) => credentials.apiKey,
        rotates: false,
        documentedLifetimeMs: 600_000,
      });
      const carrying = (make: (refresh: string) => string) => (given: Loose & { token: string }) => ({
        ...tokenHeaders(given),
        'X-Refresh': make(given.credentials['apiKey'] as string),
      });
      const said = /^headers\.X-Refresh: carries credentials\.apiKey, a refresh token, .*; put token there$/;
      for (const make of [(key: string) => key, basic, (key: string) => `Bearer ${key.slice(3)}`])
        expect(problemsOf({ token, headers: carrying(make) })).toEqual([expect.stringMatching(said)]);
      expect(problemsOf({ token, headers: carrying(() => 'v1') })).toEqual([]);
      expect(problemsOf({ token, headers: tokenHeaders, defaultHeaders: keyHeader })).toEqual([
        expect.stringMatching(/^defaultHeaders\.X-Api-Key: carries credentials\.apiKey, a refresh token/),
      ]);
    });

    it('a secret that is written into headers, and not a version or a name', () => {
      const written: Record<string, string>[] = [
        { Authorization: 'Bearer invented-literal' },
        { authorization: 'invented-literal' },
        { 'X-Api-Key': 'sk_live_invented' },
        { 'X-Assertion': 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln' },
      ];
      for (const literal of written) {
        const [name] = Object.keys(literal);
        const problems = problemsOf({ headers: (given: Loose) => ({ ...keyHeader(given), ...literal }) });
        expect(problems).toEqual([
          expect.stringMatching(
            new RegExp(
              `^headers\\.${name}: is the same for every credential, .*make it a field of credentials`,
            ),
          ),
        ]);
        expect(problems[0]).not.toMatch(/invented|eyJ/);
      }
      const plain = { 'X-Version': '2026-01', 'X-Partner': 'acme-plugin', 'X-Key-Id': 'key_1' };
      expect(problemsOf({ headers: (given: Loose) => ({ ...keyHeader(given), ...plain }) })).toEqual([]);
    });

    it('a webhook that is proven by what is no secret', () => {
      const place = { header: 'x-signature' } as const;
      const forgeable = [
        hmacWebhook({ key: 'merchant', ...place }),
        standardWebhooks({ key: 'merchant' }),
        sharedToken({ key: 'merchant', confirmWith: 'GET /payments/{id}', ...place }),
        hashWebhook({
          secrets: ['merchant'],
          hash: 'sha256',
          signed: '{body}{credential:merchant}',
          ...place,
        }),
        hashOfCredentials({ of: ['merchant'], hash: 'sha256', ...place }),
      ];
      const credentials = { apiKey: {}, merchant: { secret: false, optional: true } };
      for (const scheme of forgeable)
        expect(problemsOf({ credentials, webhooks: { a: scheme } })).toEqual([
          expect.stringMatching(
            /^webhooks\.a: "merchant" of credentials is secret: false, .*name a field that is secret/,
          ),
        ]);
      const mixed = hashOfCredentials({ of: ['merchant', 'apiKey'], hash: 'sha256', ...place });
      const signed = publicKeyWebhook({ algorithm: 'rsa-sha256', key: { credential: 'merchant' }, ...place });
      expect(problemsOf({ credentials, webhooks: { mixed, signed } })).toEqual([]);
    });

    it('a default header that is made of the token, which only headers are given', () => {
      const problems = problemsOf({
        token: login(ACME_LOGIN),
        headers: tokenHeaders,
        defaultHeaders: ({ token }: { token: string }) => ({ 'X-Token': token }),
      });
      expect(problems).toEqual([
        expect.stringMatching(/^defaultHeaders: reads token, which it is not given\./),
      ]);
    });

    it('but not the key of an assertion, because an invented value cannot be a key', () => {
      const token = clientCredentials<AcmeCredentials>({
        path: '/token',
        client: () => ({ id: 'acme' }),
        authentication: privateKeyJwt<AcmeCredentials>({
          algorithm: 'ES256',
          key: ({ credentials }) => credentials.apiKey,
        }),
        documentedLifetimeMs: 600_000,
      });
      expect(problemsOf({ token, headers: tokenHeaders })).toEqual([]);
    });

    it('a mistake in a value that is used in several places, which is named once', () => {
      const live = { a: 'https://{nobody}.acme.test', b: 'https://{nobody}.acme.test' };
      expect(
        problemsOf({ environments: { live: live.a, test: live.b }, credentials: acme.credentials }),
      ).toHaveLength(2);
      const problems = problemsOf({
        headers: ({ credentials }: Loose) => ({ 'X-A': credentials['k'], 'X-B': credentials['k'] }),
      });
      expect(problems).toHaveLength(1);
    });

    it('but not scopes of a login that signs with a key before it reads them', () => {
      const token = login<AcmeCredentials>({
        ...ACME_LOGIN,
        body: (given) => {
          const { apiKey: key } = given.credentials;
          const assertion = jws({ algorithm: 'RS256', key, payload: '{}' });
          return { form: { assertion, scope: given.scopes.join(' ') } };
        },
      });
      expect(problemsOf({ scopes: ['read'], token, headers: tokenHeaders })).toEqual([]);
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

  it('is typed so that the compiler refuses many of these mistakes', () => {
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
