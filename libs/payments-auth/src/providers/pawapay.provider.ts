import { createPrivateKey, createPublicKey, type KeyObject, sign as signatureOf, verify } from 'node:crypto';
import { digest } from '../building-blocks/digests.js';
import { sameText } from '../building-blocks/same-text.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** pawaPay's static credentials. */
export interface PawapayCredentials {
  readonly apiToken: string;
  /** An EC key (P-256 or P-384), as a PEM: with it, deposits, payouts and refunds are signed. */
  readonly privateKey?: string;
  /** The id under which pawaPay knows the public half of `privateKey`. */
  readonly keyId?: string;
  /** How a signature is written: `rs`, as RFC 9421 says, or `der`, as pawaPay's sample does. @default 'rs' */
  readonly signatureFormat?: string;
  /** pawaPay's key for callbacks, as a PEM: its API shows it at `/public-key/http`. */
  readonly callbackPublicKey?: string;
}

const SIGNED_PATHS = /^(\/v2)?\/(deposits|payouts|refunds)(\/bulk)?$/;
const LABEL = 'sig-pp';
/** A callback that was signed longer ago than this, or this far in the future, is not accepted. */
const TOLERANCE_MS = 5 * 60_000;
/** The clock of pawaPay may differ this much when a callback says when it expires. */
const CLOCKS_DIFFER_MS = 60_000;
const COMPONENTS = [
  '@method',
  '@authority',
  '@path',
  'signature-date',
  'content-digest',
  'content-type',
  'content-length',
];

/**
 * pawaPay: an API token as a bearer token. Where a signing key is configured, the calls that move money are signed with
 * HTTP message signatures (RFC 9421).
 *
 * @see https://docs.pawapay.io/v2/docs/signatures
 */
export const pawapay = builtInProvider<PawapayCredentials, 'pawapay', 'sandbox' | 'live'>('pawapay', () => ({
  title: 'pawaPay',
  docs: 'https://docs.pawapay.io/v2/docs',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, System configuration > API tokens',
  environments: { sandbox: 'https://api.sandbox.pawapay.io', live: 'https://api.pawapay.io' },
  environmentVariable: 'PAWAPAY_ENV',
  baseUrlVariable: 'PAWAPAY_BASE_URL',
  credentials: {
    apiToken: { variable: 'PAWAPAY_API_TOKEN' },
    privateKey: { variable: 'PAWAPAY_PRIVATE_KEY', optional: true, format: 'pem' },
    keyId: { variable: 'PAWAPAY_KEY_ID', optional: true, secret: false },
    signatureFormat: {
      variable: 'PAWAPAY_SIGNATURE_FORMAT',
      optional: true,
      secret: false,
      suspect: (value) => (['rs', 'der'].includes(value) ? undefined : 'is neither "rs" nor "der"'),
    },
    callbackPublicKey: {
      variable: 'PAWAPAY_CALLBACK_PUBLIC_KEY',
      optional: true,
      secret: false,
      format: 'pem',
    },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.apiToken) }),
  sign({ credentials, method, path, url, headers, body = '', nowMs }) {
    const { privateKey, keyId, signatureFormat } = credentials;
    if (method !== 'POST' || !SIGNED_PATHS.test(path)) return {};
    if (privateKey === undefined && keyId === undefined) return {};
    if (privateKey === undefined || keyId === undefined)
      throw new TypeError('privateKey and keyId belong together. Configure both, or none of them.');
    const key = createPrivateKey(privateKey);
    const date = new Date(nowMs).toISOString();
    const contentDigest = `sha-512=:${digest('sha512', body, 'base64')}:`;
    const created = Math.floor(nowMs / 1_000);
    const { algorithm, hash } = algorithmOf(key);
    const parameters = `(${COMPONENTS.map((name) => `"${name}"`).join(' ')});created=${created};keyid="${keyId}";alg="${algorithm}"`;
    const base = signatureBase(
      {
        '@method': method,
        '@authority': url.host,
        '@path': url.pathname,
        'signature-date': date,
        'content-digest': contentDigest,
        'content-type': headers['content-type'] ?? '',
        'content-length': headers['content-length'] ?? String(Buffer.byteLength(body)),
      },
      COMPONENTS,
      parameters,
    );
    const dsaEncoding = signatureFormat === 'der' ? 'der' : 'ieee-p1363';
    const signature = signatureOf(hash, Buffer.from(base), { key, dsaEncoding });
    return {
      headers: {
        'Content-Digest': contentDigest,
        'Signature-Date': date,
        'Signature-Input': `${LABEL}=${parameters}`,
        Signature: `${LABEL}=:${signature.toString('base64')}:`,
      },
    };
  },
  refusal: {
    refused: (answer) =>
      answer.status === 401 && hasCode(answer, 'failureReason.failureCode', 'AUTHENTICATION_ERROR'),
    // The token is valid, and may not use this endpoint.
    incurable: (answer) =>
      answer.status === 403 && hasCode(answer, 'failureReason.failureCode', 'AUTHORISATION_ERROR'),
  },
  probe: { path: '/v2/active-conf' },
  webhooks: {
    // A callback is signed like a call, where the merchant has switched this on in the dashboard.
    signature: customWebhook({
      keys: ['callbackPublicKey'],
      header: 'signature',
      proves: 'payload',
      needsUrl: true,
      verify({ message, credentials, nowMs }) {
        const { headers, rawBody } = message;
        const input = /^([\w-]+)=(\((.*?)\).*)$/.exec(headers['signature-input'] ?? '');
        const [, label, parameters = '', listed = ''] = input ?? [];
        const signature = new RegExp(`^${label}=:([A-Za-z0-9+/=]+):$`).exec(headers.signature ?? '')?.[1];
        const components = [...listed.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
        const created = Number(/;created=(\d+)/.exec(parameters)?.[1]);
        const expires = Number(/;expires=(\d+)/.exec(parameters)?.[1] ?? Infinity);
        if (signature === undefined || !components.includes('content-digest')) return undefined;
        if (!(Math.abs(nowMs - created * 1_000) <= TOLERANCE_MS)) return undefined;
        if (nowMs > expires * 1_000 + CLOCKS_DIFFER_MS) return undefined;
        if (!coversBody(headers['content-digest'] ?? '', rawBody)) return undefined;
        const url = new URL(message.url);
        const base = signatureBase(
          { ...headers, '@method': message.method, '@authority': url.host, '@path': url.pathname },
          components,
          parameters,
        );
        const key = createPublicKey(credentials.callbackPublicKey);
        const bytes = Buffer.from(signature, 'base64');
        if (bytes.toString('base64') !== signature) return undefined;
        const isGenuine = (['ieee-p1363', 'der'] as const).some((dsaEncoding) =>
          verify(algorithmOf(key).hash, Buffer.from(base), { key, dsaEncoding }, bytes),
        );
        return isGenuine ? { payload: message.body, signedAtMs: created * 1_000 } : undefined;
      },
    }),
    unsigned: unsignedWebhook({
      fields: ['status'],
      confirmWith: 'GET /v2/deposits/{depositId}',
      onlyWhenNamed: true,
    }),
  },
  advice: [
    {
      on: 'call',
      says: 'authentication_error',
      cause: 'the API token is wrong or revoked, or belongs to the other environment',
      fix: 'make a new token in the dashboard, set PAWAPAY_API_TOKEN, and check PAWAPAY_ENV',
    },
    {
      on: 'call',
      says: 'authorisation_error',
      cause: 'the API token may not use this endpoint',
      fix: 'give the token the permission in the dashboard',
    },
  ],
}));

/** The lines that are signed (RFC 9421, section 2.5). */
function signatureBase(
  values: Readonly<Record<string, string>>,
  components: readonly string[],
  parameters: string,
): string {
  return [
    ...components.map((name) => `"${name}": ${values[name] ?? ''}`),
    `"@signature-params": ${parameters}`,
  ].join('\n');
}

function algorithmOf(key: KeyObject): { algorithm: string; hash: 'sha256' | 'sha384' } {
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
    ? { algorithm: 'ecdsa-p384-sha384', hash: 'sha384' }
    : { algorithm: 'ecdsa-p256-sha256', hash: 'sha256' };
}

/** Whether one digest of the header is that of the body (RFC 9530). One is enough. */
function coversBody(contentDigest: string, body: Uint8Array): boolean {
  const [, hash, value = ''] = /^sha-(256|512)=:([A-Za-z0-9+/=]+):$/.exec(contentDigest) ?? [];
  if (hash === undefined) return false;
  return sameText(digest(hash === '256' ? 'sha256' : 'sha512', body, 'base64'), value);
}
