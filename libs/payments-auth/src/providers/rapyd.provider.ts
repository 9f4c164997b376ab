import { hmac } from '../building-blocks/digests.js';
import { sameText } from '../building-blocks/same-text.js';
import { hasCode } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';

/** Rapyd's static credentials. */
export interface RapydCredentials {
  readonly accessKey: string;
  /** It signs the webhooks too. */
  readonly secretKey: string;
}

/**
 * Rapyd: every call is signed over its method, path, salt, time, keys and body.
 *
 * A 401 `UNAUTHORIZED_API_CALL` also answers a wrong path or an unknown id, so it does not count against the keys.
 *
 * @see https://docs.rapyd.net/en/request-signatures.html
 */
export const rapyd = builtInProvider<RapydCredentials, 'rapyd', 'sandbox' | 'live'>('rapyd', () => ({
  title: 'Rapyd',
  docs: 'https://docs.rapyd.net/en/request-signatures.html',
  region: 'Worldwide',
  basedOn: '2026-08',
  credentialsPage: 'client portal, Developers > Credentials Details',
  environments: { sandbox: 'https://sandboxapi.rapyd.net', live: 'https://api.rapyd.net' },
  environmentVariable: 'RAPYD_ENVIRONMENT',
  baseUrlVariable: 'RAPYD_BASE_URL',
  credentials: {
    accessKey: { variable: 'RAPYD_ACCESS_KEY' },
    secretKey: { variable: 'RAPYD_SECRET_KEY' },
  },
  headers: ({ credentials }) => ({ access_key: credentials.accessKey }),
  // Rapyd wants this header on a GET, too.
  defaultHeaders: () => ({ 'Content-Type': 'application/json' }),
  sign({ credentials, method, url, body = '', nowMs, random }) {
    // Six bytes are eight characters. Rapyd takes up to sixteen.
    const salt = Buffer.from(random(6)).toString('base64url');
    const timestamp = String(Math.floor(nowMs / 1_000));
    const target = method.toLowerCase() + url.pathname + url.search;
    return {
      headers: { salt, timestamp, signature: signatureOf(credentials, { target, salt, timestamp, body }) },
    };
  },
  refusal: {
    refused: (answer) =>
      answer.status === 401 && hasCode(answer, 'status.error_code', 'UNAUTHENTICATED_API_CALL'),
    incurable: (answer) => hasCode(answer, 'status.error_code', 'UNAUTHORIZED_API_CALL'),
  },
  probe: { path: '/v1/data/countries' },
  webhooks: {
    /** The URL that is signed is the one that the merchant has given to Rapyd. @see https://docs.rapyd.net/en/webhook-authentication.html */
    signature: customWebhook({
      keys: ['accessKey', 'secretKey'],
      header: 'signature',
      proves: 'payload',
      needsUrl: true,
      verify({ message, credentials, nowMs }) {
        const { salt = '', timestamp = '', signature = '' } = message.headers;
        const parts = { target: message.url, salt, timestamp, body: message.rawBody };
        if (!sameText(signatureOf(credentials, parts), signature)) return undefined;
        const signedAtMs = Number(timestamp) * 1_000;
        if (!(Math.abs(nowMs - signedAtMs) <= 300_000)) return undefined;
        return { payload: message.body, signedAtMs };
      },
      sign({ payload, credentials, nowMs, url }) {
        const body = JSON.stringify(payload);
        const salt = 'test-salt';
        const timestamp = String(Math.floor(nowMs / 1_000));
        const signature = signatureOf(credentials, { target: url, salt, timestamp, body });
        return { body, headers: { salt, timestamp, signature } };
      },
    }),
  },
  advice: [
    {
      on: 'call',
      says: 'unauthenticated_api_call',
      cause:
        "one of the two keys is wrong or belongs to the other environment, or this server's clock is a minute off",
      fix: 'compare RAPYD_ACCESS_KEY and RAPYD_SECRET_KEY with the portal; check RAPYD_ENVIRONMENT and the clock',
    },
    {
      on: 'call',
      says: 'unauthorized_api_call',
      cause: 'the path, the method or an id does not exist, or the account may not make this call',
      fix: 'check the path and the ids of the request first',
    },
  ],
}));

/** The base64 of the hex text of an HMAC, with the secret in the message too. */
function signatureOf(
  { accessKey, secretKey }: RapydCredentials,
  parts: {
    readonly target: string;
    readonly salt: string;
    readonly timestamp: string;
    readonly body: string | Uint8Array;
  },
): string {
  const text = Buffer.concat([
    Buffer.from(parts.target), // post/v1/payments, or the whole URL of a webhook
    Buffer.from(parts.salt),
    Buffer.from(parts.timestamp),
    Buffer.from(accessKey),
    Buffer.from(secretKey),
    Buffer.from(parts.body),
  ]);
  return Buffer.from(hmac('sha256', secretKey, text)).toString('base64');
}
