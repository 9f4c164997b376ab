import { createPrivateKey, sign as signatureOf } from 'node:crypto';
import { hmac } from '../building-blocks/digests.js';
import { isJsonObject, valueAt } from '../building-blocks/json-value.js';
import { sameText } from '../building-blocks/same-text.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';

/** Selcom's static credentials. */
export interface SelcomCredentials {
  readonly apiKey: string;
  readonly apiSecret: string;
  /** The vendor that the API key belongs to. */
  readonly vendor?: string;
  /** An RSA key, as a PEM, where the account signs with RS256 instead of HS256. */
  readonly privateKey?: string;
}

/**
 * Selcom: every call is signed over a list of fields, and names these fields.
 *
 * @see https://developers.selcommobile.com
 */
export const selcom = builtInProvider<SelcomCredentials, 'selcom', 'test' | 'live'>('selcom', () => ({
  title: 'Selcom',
  docs: 'https://developers.selcommobile.com',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'issued by Selcom for each vendor',
  environments: {
    test: 'https://apigwtest.selcommobile.com/v1',
    live: 'https://apigw.selcommobile.com/v1',
  },
  environmentVariable: 'SELCOM_ENVIRONMENT',
  baseUrlVariable: 'SELCOM_BASE_URL',
  credentials: {
    apiKey: { variable: 'SELCOM_API_KEY' },
    apiSecret: { variable: 'SELCOM_API_SECRET' },
    vendor: { variable: 'SELCOM_VENDOR', optional: true, secret: false },
    privateKey: { variable: 'SELCOM_PRIVATE_KEY', optional: true, format: 'pem' },
  },
  headers: ({ credentials }) => ({ Authorization: authorizationOf(credentials.apiKey) }),
  async sign({ credentials, body, url, nowMs, signWith }) {
    const timestamp = inEastAfrica(nowMs);
    const fields = fieldsOf(body, url);
    const text = [['timestamp', timestamp], ...fields].map(([name, value]) => `${name}=${value}`).join('&');
    const asymmetric = signWith !== undefined || credentials.privateKey !== undefined;
    return {
      headers: {
        'Digest-Method': asymmetric ? 'RS256' : 'HS256',
        Timestamp: timestamp,
        'Signed-Fields': fields.length === 0 ? undefined : fields.map(([name]) => name).join(','),
        Digest: asymmetric
          ? Buffer.from(
              await (signWith?.(Buffer.from(text)) ?? rs256(credentials.privateKey ?? '', text)),
            ).toString('base64')
          : hmac('sha256', credentials.apiSecret, text, 'base64'),
      },
    };
  },
  webhooks: {
    // A webhook has the same five headers as a call. Its time is written in another format, so the time is not checked.
    signature: customWebhook({
      keys: ['apiKey', 'apiSecret'],
      header: 'digest',
      proves: 'values',
      confirmWith: 'GET /checkout/order-status?order_id={order_id}',
      verify({ message, credentials }) {
        const { authorization = '', timestamp = '', digest = '' } = message.headers;
        const names = (message.headers['signed-fields'] ?? '').split(',').filter((name) => name !== '');
        const values = names.map((name) => [name, fieldAt(message.body, name)] as const);
        if (names.length === 0 || values.some(([, value]) => value === undefined)) return undefined;
        const text = [['timestamp', timestamp], ...values.map(([name, value]) => [name, written(value)])]
          .map(([name, value]) => `${name}=${value}`)
          .join('&');
        const expected = hmac('sha256', credentials.apiSecret, text, 'base64');
        const isGenuine =
          sameText(authorization, authorizationOf(credentials.apiKey)) && sameText(digest, expected);
        return isGenuine ? { payload: Object.fromEntries(values), id: text } : undefined;
      },
      sign({ payload, credentials, nowMs }) {
        const fields = fieldsOf(JSON.stringify(payload), undefined);
        const timestamp = inEastAfrica(nowMs);
        const text = [['timestamp', timestamp], ...fields]
          .map(([name, value]) => `${name}=${value}`)
          .join('&');
        return {
          headers: {
            Authorization: authorizationOf(credentials.apiKey),
            'Digest-Method': 'HS256',
            Timestamp: timestamp,
            'Signed-Fields': fields.map(([name]) => name).join(','),
            Digest: hmac('sha256', credentials.apiSecret, text, 'base64'),
          },
        };
      },
    }),
  },
  advice: [
    {
      on: 'call',
      status: 401,
      cause: "the API key or the API secret is wrong, or this server's clock is off",
      fix: 'compare SELCOM_API_KEY and SELCOM_API_SECRET with those that Selcom issued; compare the clock',
    },
  ],
}));

function authorizationOf(apiKey: string): string {
  return `SELCOM ${Buffer.from(apiKey).toString('base64')}`;
}

/** The fields of a JSON object in their own order, or the parameters of a call without a body. */
function fieldsOf(
  body: string | Uint8Array | undefined,
  url: URL | undefined,
): (readonly [string, string])[] {
  if (body === undefined || body.length === 0) return [...(url?.searchParams ?? [])];
  const value: unknown = JSON.parse(Buffer.from(body).toString());
  if (!isJsonObject(value)) throw new TypeError('Selcom signs the fields of a JSON object.');
  return Object.entries(value).map(([name, each]) => [name, written(each)]);
}

/** A value as the signed text has it. A number, or an empty text, is signed like any other value. */
function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The field that is called `name`. A name with dots can also be a path into the body. */
function fieldAt(body: unknown, name: string): unknown {
  return isJsonObject(body) && Object.hasOwn(body, name) ? body[name] : valueAt(body, name);
}

/** ISO 8601 with the offset of Dar es Salaam, without fractions of a second. */
function inEastAfrica(nowMs: number): string {
  return `${new Date(nowMs + 3 * 3_600_000).toISOString().slice(0, 19)}+03:00`;
}

function rs256(privateKey: string, text: string): Uint8Array {
  return signatureOf('sha256', Buffer.from(text), createPrivateKey(privateKey));
}
