import { UnsignedJws, jws } from '../building-blocks/jws.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { Attempt, SignedAttempt } from './provider-definition.js';
import { publicKeyWebhook } from './webhooks/signature-webhooks.js';

/** TrueLayer's static credentials. */
export interface TruelayerCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** An EC key (P-521), as a PEM: payments are signed with it. */
  readonly privateKey?: string;
  /** The id under which TrueLayer knows the public half of the key. */
  readonly keyId?: string;
}

const SIGNED_METHODS = ['POST', 'PUT', 'DELETE'];

/**
 * TrueLayer: the OAuth 2.0 client credentials grant, and a detached JWS over every call that changes something. The
 * application sends the `Idempotency-Key`: it is signed too, and stays the same on a replay.
 *
 * A 401 can mean the token or the signature, and its words are not documented. So only reading calls are sent again.
 *
 * @see https://docs.truelayer.com/docs/generate-a-payment-access-token
 */
export const truelayer = builtInProvider<TruelayerCredentials, 'truelayer', 'sandbox' | 'live'>(
  'truelayer',
  (by) => ({
    title: 'TrueLayer',
    docs: 'https://docs.truelayer.com/docs/generate-a-payment-access-token',
    region: 'Europe',
    basedOn: '2026-08',
    credentialsPage: 'console, App settings, and Payments > Signing keys',
    environments: {
      sandbox: { api: 'https://api.truelayer-sandbox.com', auth: 'https://auth.truelayer-sandbox.com' },
      live: { api: 'https://api.truelayer.com', auth: 'https://auth.truelayer.com' },
    },
    environmentVariable: 'TRUELAYER_ENVIRONMENT',
    baseUrlVariable: { api: 'TRUELAYER_BASE_URL', auth: 'TRUELAYER_AUTH_BASE_URL' },
    credentials: {
      clientId: { variable: 'TRUELAYER_CLIENT_ID', secret: false },
      clientSecret: { variable: 'TRUELAYER_CLIENT_SECRET' },
      privateKey: { variable: 'TRUELAYER_PRIVATE_KEY', optional: true, format: 'pem' },
      keyId: { variable: 'TRUELAYER_KEY_ID', optional: true, secret: false },
    },
    scopes: ['payments'],
    scopesVariable: 'TRUELAYER_SCOPES',
    token: by.clientCredentials<TruelayerCredentials>({
      host: 'auth',
      path: '/connect/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    sign: (attempt) => (isSigned(attempt) ? signature(attempt) : {}),
    /** A 401 of this call means that the token or the signature is wrong. */
    probe: {
      method: 'POST',
      path: '/test-signature',
      needs: ['keyId'],
      headers: { 'Idempotency-Key': 'nestjs-payments-auth-check' },
      json: { nonce: 'nestjs-payments-auth-check' },
    },
    webhooks: {
      /** @see https://docs.truelayer.com/docs/configure-webhooks-for-your-integration */
      signature: publicKeyWebhook({
        algorithm: 'ecdsa-sha512',
        key: {
          jwks: {
            sandbox: 'https://webhooks.truelayer-sandbox.com/.well-known/jwks',
            live: 'https://webhooks.truelayer.com/.well-known/jwks',
          },
        },
        header: 'tl-signature',
        encoding: 'base64url',
        jws: { signedHeaders: 'tl_headers', trailingSlash: 'either' },
        signed: '{method} {path}\n{signedHeaders}{body}',
      }),
    },
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare TRUELAYER_CLIENT_ID and TRUELAYER_CLIENT_SECRET with the console; check TRUELAYER_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 401,
        cause:
          'the token or the signature is wrong: the key id and the key do not fit together, or the public half is not uploaded',
        fix: 'compare TRUELAYER_KEY_ID with the console, and send POST /test-signature',
      },
    ],
  }),
);

/** Every call that changes something is signed, once a key is configured. */
function isSigned({ credentials: { privateKey, keyId }, method }: Attempt<TruelayerCredentials>): boolean {
  return (privateKey !== undefined || keyId !== undefined) && SIGNED_METHODS.includes(method);
}

/** @see https://github.com/TrueLayer/truelayer-signing */
async function signature(attempt: Attempt<TruelayerCredentials>): Promise<SignedAttempt> {
  const { credentials, method, url, headers, body = '', signWith } = attempt;
  const { privateKey, keyId } = credentials;
  if (keyId === undefined || (privateKey === undefined && signWith === undefined))
    throw new TypeError(
      'TrueLayer needs a signature. Configure keyId, and privateKey or the provider option signer.',
    );
  const key = headers['idempotency-key'];
  const parts = {
    algorithm: 'ES512',
    header: {
      kid: keyId,
      tl_version: '2',
      tl_headers: key === undefined ? '' : 'Idempotency-Key',
    },
    payload: Buffer.concat([
      Buffer.from(`${method} ${url.pathname}\n`),
      Buffer.from(key === undefined ? '' : `Idempotency-Key: ${key}\n`),
      Buffer.from(body),
    ]),
    detached: true,
  } as const;
  if (signWith === undefined)
    return { headers: { 'Tl-Signature': jws({ ...parts, key: privateKey ?? '' }) } };
  const unsigned = new UnsignedJws(parts);
  return { headers: { 'Tl-Signature': unsigned.signed(await signWith(unsigned.bytes)) } };
}
