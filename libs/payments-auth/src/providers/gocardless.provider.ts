import { sign as signatureOf } from 'node:crypto';
import { digest } from '../building-blocks/digests.js';
import { textAt } from '../building-blocks/json-value.js';
import { privateKeyOf } from '../building-blocks/jws.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { Attempt, SignedAttempt } from './provider-definition.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** GoCardless' static credentials. */
export interface GocardlessCredentials {
  /** `sandbox_…` or `live_…` */
  readonly accessToken: string;
  readonly webhookSecret?: string | readonly string[];
  /** An EC key (P-521), as a PEM: with it, outbound payments are signed. */
  readonly privateKey?: string;
  /** The id under which GoCardless knows the public half of `privateKey`. */
  readonly keyId?: string;
}

const OUTBOUND_PAYMENTS = /^\/outbound_payments(\/|$)/;

/**
 * GoCardless: an access token as a bearer token. Where a signing key is configured, outbound payments are signed.
 *
 * @see https://developer.gocardless.com/api-reference
 */
export const gocardless = builtInProvider<GocardlessCredentials, 'gocardless', 'sandbox' | 'live'>(
  'gocardless',
  () => ({
    title: 'GoCardless',
    docs: 'https://developer.gocardless.com/api-reference',
    region: 'Worldwide',
    basedOn: '2026-08',
    credentialsPage: 'dashboard, Developers',
    environments: { sandbox: 'https://api-sandbox.gocardless.com', live: 'https://api.gocardless.com' },
    environmentVariable: 'GOCARDLESS_ENVIRONMENT',
    baseUrlVariable: 'GOCARDLESS_BASE_URL',
    credentials: {
      accessToken: {
        variable: 'GOCARDLESS_ACCESS_TOKEN',
        belongsTo: { sandbox: /^sandbox_/, live: /^live_/ },
      },
      webhookSecret: { variable: 'GOCARDLESS_WEBHOOK_SECRET', optional: true },
      privateKey: { variable: 'GOCARDLESS_PRIVATE_KEY', optional: true, format: 'pem' },
      keyId: { variable: 'GOCARDLESS_KEY_ID', optional: true, secret: false },
    },
    headers: ({ credentials }) => ({ Authorization: bearer(credentials.accessToken) }),
    defaultHeaders: () => ({ 'GoCardless-Version': '2015-07-06' }),
    sign: (attempt) => (isSigned(attempt) ? signature(attempt) : {}),
    refusal: {
      // {"error":{"type":"invalid_api_usage","code":401,"errors":[{"reason":"access_token_not_found"}]}}
      refused: ({ status, body }) =>
        status === 401 && /^(access_token|unauthorized)/.test(textAt(body, 'error.errors.0.reason') ?? ''),
      incurable: ({ status }) => status === 403,
    },
    probe: { path: '/creditors' },
    webhooks: {
      signature: hmacWebhook({ key: 'webhookSecret', header: 'webhook-signature' }),
    },
    advice: [
      {
        on: 'call',
        status: 401,
        cause: 'the access token is wrong or revoked, or belongs to the other environment',
        fix: 'make a new token in the dashboard, set GOCARDLESS_ACCESS_TOKEN, and check GOCARDLESS_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 403,
        cause: 'the token may not do this, or the account has not been given the feature',
        fix: 'make a token with read and write access, or ask GoCardless for the feature',
      },
    ],
  }),
);

/** Every call to outbound payments is signed, once a key is configured. */
function isSigned({ credentials: { privateKey, keyId }, path }: Attempt<GocardlessCredentials>): boolean {
  return (privateKey !== undefined || keyId !== undefined) && OUTBOUND_PAYMENTS.test(path);
}

/**
 * The signature base of RFC 9421, with other names of headers, another name of the digest, and no algorithm.
 *
 * @see https://developer.gocardless.com/api-reference/#outbound-payments-request-signing
 */
async function signature(attempt: Attempt<GocardlessCredentials>): Promise<SignedAttempt> {
  const { credentials, method, url, headers, body, nowMs, random, signWith } = attempt;
  const { privateKey, keyId } = credentials;
  if (keyId === undefined || (privateKey === undefined && signWith === undefined))
    throw new TypeError(
      'GoCardless needs a signature. Configure keyId, and privateKey or the provider option signer.',
    );
  const hasBody = body !== undefined && body.length > 0;
  const contentDigest = hasBody ? `sha256=:${digest('sha256', body, 'base64')}:` : undefined;
  const parts = [
    ['@method', method],
    ['@authority', url.host],
    ['@request-target', url.pathname + url.search],
    // A call without a body signs none of these three.
    ['content-digest', contentDigest],
    ['content-type', headers['content-type']],
    ['content-length', headers['content-length']],
  ].slice(0, hasBody ? 6 : 3);
  const names = parts.map(([name]) => `"${name}"`).join(' ');
  const created = Math.floor(nowMs / 1_000);
  const nonce = Buffer.from(random(16)).toString('hex');
  const parameters = `(${names});keyid="${keyId}";created=${created};nonce="${nonce}"`;
  const base = Buffer.from(
    [
      ...parts.map(([name, value]) => `"${name}": ${value}`),
      `"@signature-params": ${parameters}`, //
    ].join('\n'),
  );
  // ECDSA on P-521 with SHA-512, in DER.
  const made = (await signWith?.(base)) ?? signatureOf('sha512', base, privateKeyOf(privateKey ?? ''));
  return {
    headers: {
      'Content-Digest': contentDigest,
      'Gc-Signature-Input': `sig-1=${parameters}`,
      'Gc-Signature': `sig-1=:${Buffer.from(made).toString('base64')}:`,
    },
  };
}
