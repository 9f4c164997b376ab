import { digest } from '../building-blocks/digests.js';
import { jsonText } from '../building-blocks/json-text.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { jws } from '../building-blocks/jws.js';
import { builtInProvider } from './define-provider.js';
import type { Attempt } from './provider-definition.js';

/** Coinbase Developer Platform's static credentials: those of one secret API key. */
export interface CoinbaseCdpCredentials {
  readonly apiKeyId: string;
  /** An Ed25519 key in base64, or an EC key as a PEM with its line breaks written as `\n`. */
  readonly apiKeySecret: string;
  /** A P-256 key (PKCS#8) in base64: with it, calls that change a wallet carry `X-Wallet-Auth`. */
  readonly walletSecret?: string;
}

const LIFETIME_SECONDS = 120;

/**
 * Coinbase Developer Platform, and Advanced Trade (`host: 'trade'`): a JSON Web Token for each request, bound to its
 * method, host and path.
 *
 * @see https://docs.cdp.coinbase.com/get-started/authentication/jwt-authentication
 */
export const coinbaseCdp = builtInProvider<CoinbaseCdpCredentials, 'coinbase-cdp', 'live'>(
  'coinbase-cdp',
  () => ({
    title: 'Coinbase CDP',
    docs: 'https://docs.cdp.coinbase.com/get-started/authentication/jwt-authentication',
    region: 'Worldwide',
    basedOn: '2026-08',
    credentialsPage: 'CDP portal, API keys',
    environments: { live: { api: 'https://api.cdp.coinbase.com', trade: 'https://api.coinbase.com' } },
    baseUrlVariable: 'COINBASE_CDP_BASE_URL',
    credentials: {
      apiKeyId: { variable: 'CDP_API_KEY_ID', secret: false },
      apiKeySecret: { variable: 'CDP_API_KEY_SECRET' },
      walletSecret: { variable: 'CDP_WALLET_SECRET', optional: true },
    },
    sign: (attempt) => ({
      headers: { Authorization: `Bearer ${requestToken(attempt)}`, 'X-Wallet-Auth': walletToken(attempt) },
    }),
    advice: [
      {
        on: 'call',
        status: 401,
        cause: "the API key is wrong or deleted, or this server's clock is more than two minutes off",
        fix: 'compare CDP_API_KEY_ID and CDP_API_KEY_SECRET with the portal; compare the clock',
      },
    ],
  }),
);

/** Method, host and path, without the query. */
function uriOf({ method, url }: Pick<Attempt<CoinbaseCdpCredentials>, 'method' | 'url'>): string {
  return `${method} ${url.host}${url.pathname}`;
}

function requestToken(attempt: Attempt<CoinbaseCdpCredentials>): string {
  const { credentials, nowMs, random } = attempt;
  const now = Math.floor(nowMs / 1_000);
  const key = keyOf(credentials.apiKeySecret);
  return jws({
    algorithm: key.startsWith('{') ? 'EdDSA' : 'ES256',
    key,
    header: {
      kid: credentials.apiKeyId,
      typ: 'JWT',
      nonce: Buffer.from(random(8)).toString('hex'),
    },
    payload: JSON.stringify({
      sub: credentials.apiKeyId,
      iss: 'cdp',
      nbf: now,
      exp: now + LIFETIME_SECONDS,
      uris: [uriOf(attempt)],
    }),
  });
}

/** For calls that change a wallet, where the wallet secret is configured. */
function walletToken(attempt: Attempt<CoinbaseCdpCredentials>): string | undefined {
  const { credentials, method, path, body, nowMs, random } = attempt;
  if (credentials.walletSecret === undefined || method === 'GET' || !path.startsWith('/platform/v2/'))
    return undefined;
  const now = Math.floor(nowMs / 1_000);
  const sent: unknown = body === undefined ? undefined : JSON.parse(Buffer.from(body).toString());
  return jws({
    algorithm: 'ES256',
    key: pem('PRIVATE KEY', credentials.walletSecret),
    header: { typ: 'JWT' },
    payload: JSON.stringify({
      uris: [uriOf(attempt)],
      iat: now,
      nbf: now,
      jti: Buffer.from(random(16)).toString('hex'),
      // Compact JSON with sorted keys.
      ...(isJsonObject(sent) ? { reqHash: digest('sha256', jsonText(sent, 'canonical')) } : {}),
    }),
  });
}

/** A PEM as it is; the 64 bytes of an Ed25519 key (its seed, then its public half) as a JWK (RFC 8037). */
function keyOf(secret: string): string {
  if (secret.includes('-----BEGIN')) return secret.replaceAll('\\n', '\n');
  const bytes = Buffer.from(secret, 'base64');
  if (bytes.length !== 64)
    throw new TypeError(
      'CDP_API_KEY_SECRET is neither a PEM nor 64 bytes in base64. Copy it from the CDP portal again.',
    );
  return JSON.stringify({
    kty: 'OKP',
    crv: 'Ed25519',
    d: bytes.subarray(0, 32).toString('base64url'),
    x: bytes.subarray(32).toString('base64url'),
  });
}

function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
}
