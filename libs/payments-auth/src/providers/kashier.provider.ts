import { isJsonObject, valueAt } from '../building-blocks/json-value.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Kashier's static credentials. */
export interface KashierCredentials {
  /** From Integrate now, secret key: `<hex>$<hex>`. */
  readonly secretKey: string;
  /** The Payment API key: for creating a payment session, and for order hashes, redirects and webhooks. */
  readonly apiKey?: string;
  /** `MID-…`: part of order hashes. */
  readonly merchantId?: string;
}

/**
 * Kashier: a secret key that goes with every call as it is, to two hosts. `api` serves sessions, invoices and
 * status; `fep` serves orders (refund, capture, void).
 *
 * Kashier refuses the old key at once after a rotation.
 *
 * @see https://developers.kashier.io
 */
export const kashier = builtInProvider<KashierCredentials, 'kashier', 'test' | 'live'>('kashier', () => ({
  title: 'Kashier',
  docs: 'https://developers.kashier.io',
  credentialsPage: 'Integrate now > Secret key, and Payment API keys beside it; test and live have their own',
  environments: {
    test: { api: 'https://test-api.kashier.io', fep: 'https://test-fep.kashier.io' },
    live: { api: 'https://api.kashier.io', fep: 'https://fep.kashier.io' },
  },
  environmentVariable: 'KASHIER_ENVIRONMENT',
  baseUrlVariable: { api: 'KASHIER_BASE_URL', fep: 'KASHIER_FEP_BASE_URL' },
  credentials: {
    secretKey: { variable: 'KASHIER_SECRET_KEY', suspect: suspectSecretKey },
    apiKey: { variable: 'KASHIER_API_KEY', optional: true },
    merchantId: { variable: 'KASHIER_MERCHANT_ID', optional: true, secret: false },
  },
  headers: ({ credentials }) => ({ Authorization: credentials.secretKey }),
  // Kashier needs the Payment API key only for the call that creates a session.
  sign: ({ method, namedHost, path, credentials: { apiKey } }) =>
    method === 'POST' && namedHost === 'api' && path === '/v3/payment/sessions'
      ? { headers: { 'api-key': apiKey } }
      : {},
  refusal: {
    refused: ({ status, body }) =>
      (status === 401 && isKashierFailure(body)) || (status === 403 && isInvalidAuthorization(body)),
    // Kashier knows the key, and does not allow the call.
    incurable: ({ status, body }) =>
      status === 403 && isKashierFailure(body) && !isInvalidAuthorization(body),
  },
  // Kashier repeats both in the answer to the call that creates a session.
  secretResponseFields: ['apiKey', 'hash'],
  webhooks: {
    signature: hmacWebhook({
      key: 'apiKey',
      header: 'x-kashier-signature',
      signed: {
        of: 'data',
        listedIn: 'signatureKeys',
        required: ['status', 'amount', 'currency', 'merchantOrderId'],
      },
    }),
  },
  advice: [
    {
      on: 'settings',
      says: 'has no "$"',
      cause: 'a shell or the expansion of variables has cut the key at its "$"',
      fix: "write KASHIER_SECRET_KEY in single quotes, or keep it in a secret file; then compare its length with the dashboard's",
    },
    {
      on: 'settings',
      says: 'backslash',
      cause: 'the backslash in front of "$" is an escape of the shell and no part of the key',
      fix: 'take the backslash out, and write the key in single quotes',
    },
  ],
}));

function suspectSecretKey(value: string): string | undefined {
  if (!value.includes('$')) return 'has no "$": a shell or dotenv has probably expanded it and cut the rest';
  if (value.includes('\\'))
    return 'has a backslash: it escapes the "$" in a shell, and is no part of the key';
  return undefined;
}

function isKashierFailure(body: unknown): boolean {
  return (
    valueAt(body, 'status') === 'FAILURE' ||
    isJsonObject(valueAt(body, 'messages')) ||
    valueAt(body, 'error.cause') !== undefined
  );
}

/** Kashier has no code for a wrong key, only this sentence. */
function isInvalidAuthorization(body: unknown): boolean {
  return valueAt(body, 'error.cause') === 'invalid authorization';
}
