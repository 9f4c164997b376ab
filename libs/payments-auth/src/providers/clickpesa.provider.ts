import { digest, hmac } from '../building-blocks/digests.js';
import { checksumField } from '../building-blocks/checksum-field.js';
import { type JsonObject, withoutFields } from '../building-blocks/json-object.js';
import { jsonText, type JsonTextFormat } from '../building-blocks/json-text.js';
import { isJsonObject, textAt, valueAt } from '../building-blocks/json-value.js';
import { sameText } from '../building-blocks/same-text.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** ClickPesa's static credentials. */
export interface ClickpesaCredentials {
  readonly clientId: string;
  readonly apiKey: string;
  /** The key that messages are signed with, where the merchant has switched checksums on. */
  readonly checksumKey?: string;
  /** `canonical`, or `legacy` for an account still set to it. @default 'canonical' */
  readonly checksumMethod?: JsonTextFormat;
}

/**
 * ClickPesa: a login for a token that is the whole header, `Bearer ` included, and is sent unchanged. Live only.
 *
 * A merchant that is not verified yet may make 100 calls a day, logins included. So each needless login takes a call
 * away from the payments.
 *
 * @see https://docs.clickpesa.com/api-reference/authorization/generate-token
 */
export const clickpesa = builtInProvider<ClickpesaCredentials, 'clickpesa', 'live'>('clickpesa', (by) => ({
  title: 'ClickPesa',
  docs: 'https://docs.clickpesa.com/api-reference/authorization/generate-token',
  credentialsPage: 'Settings > Developers: one application has a client ID and an API key',
  environments: { live: 'https://api.clickpesa.com' },
  baseUrlVariable: 'CLICKPESA_BASE_URL',
  credentials: {
    clientId: { variable: 'CLICKPESA_CLIENT_ID' },
    apiKey: { variable: 'CLICKPESA_API_KEY' },
    checksumKey: { variable: 'CLICKPESA_CHECKSUM_KEY', optional: true },
    checksumMethod: {
      variable: 'CLICKPESA_CHECKSUM_METHOD',
      optional: true,
      secret: false,
      suspect: suspectMethod,
    },
  },
  token: by.login<ClickpesaCredentials>({
    path: '/third-parties/generate-token',
    headers: ({ credentials: { clientId, apiKey } }) => ({ 'client-id': clientId, 'api-key': apiKey }),
    answer: { token: 'token' },
    documentedLifetimeMs: 60 * 60_000,
    // There is no code, and a bare `{"message":"Forbidden"}` may come from a gateway. So the words are compared.
    rejected: ({ status, body }) =>
      status === 403 && /client details|api-key/i.test(textAt(body, 'message') ?? ''),
    issued: ({ body }) => valueAt(body, 'success') !== false,
    reason: ({ body }) => textAt(body, 'message'),
    limits: [
      { limit: 120, perMs: 60_000, per: 'ip' },
      { limit: 100, perMs: 24 * 60 * 60_000, per: 'credential' },
    ],
    loginsEatQuota: true,
  }),
  headers: ({ token }) => ({ Authorization: token }),
  // The merchant's own setting decides the format, never the word in the body. Without a key, a body is sent unchanged.
  sign(attempt) {
    const { checksumKey: key, checksumMethod } = attempt.credentials;
    if (key === undefined || typeof attempt.body !== 'string') return {};
    const format = checksumMethod === 'legacy' ? 'legacy' : 'canonical';
    return {
      body: checksumField(attempt.body, { key, field: 'checksum', format, without: ['checksumMethod'] }),
    };
  },
  refusal: {
    refused: ({ status, body }) => status === 401 && textAt(body, 'message') !== undefined,
    // ClickPesa answers a refused token with 401. A 403 in its words is about the merchant or the key, so a login does
    // not help.
    incurable: ({ status, body }) => status === 403 && textAt(body, 'message') !== undefined,
  },
  probe: { path: '/third-parties/account/balance' },
  /** @see https://docs.clickpesa.com/home/checksum */
  webhooks: {
    canonical: hmacWebhook({
      key: 'checksumKey',
      field: 'checksum',
      signed: { canonicalJson: true, without: ['checksum', 'checksumMethod'] },
    }),
    // For an account that is still set to `legacy`. The word in the message does not decide: a message whose only field
    // holds the text of a canonical message has the same legacy checksum, so anybody could make one from the other.
    legacy: customWebhook({
      keys: ['checksumKey', 'checksumMethod'],
      field: 'checksum',
      proves: 'values',
      onlyWhenNamed: true,
      verify({ message, credentials }) {
        const { checksum, payload } = checksummed(message.body);
        if (checksum === undefined || credentials.checksumMethod !== 'legacy') return undefined;
        const expected = hmac('sha256', credentials.checksumKey, jsonText(payload, 'legacy'));
        const id = digest('sha256', jsonText(payload, 'legacy'));
        return sameText(expected, checksum.toLowerCase()) ? { payload, id } : undefined;
      },
      sign({ payload, credentials }) {
        const unsigned = checksummed(payload).payload;
        const checksum = hmac('sha256', credentials.checksumKey, jsonText(unsigned, 'legacy'));
        return { body: JSON.stringify({ ...unsigned, checksum, checksumMethod: 'legacy' }) };
      },
    }),
  },
  advice: [
    {
      on: 'login',
      says: 'client details',
      cause: 'the client ID is wrong',
      fix: 'copy CLICKPESA_CLIENT_ID from the dashboard again',
    },
    {
      on: 'login',
      says: 'unauthorized api-key',
      cause: 'the API key belongs to another application',
      fix: 'use the client ID and the API key of one application',
    },
    {
      on: 'login',
      says: 'api-key',
      cause: 'the API key is wrong, expired, or was generated again',
      fix: 'make a new key in the dashboard, and set CLICKPESA_API_KEY',
    },
    {
      on: 'call',
      status: [401, 403],
      cause: 'the account may not make this call, or the checksum setting was switched a moment ago',
      fix: 'check in the dashboard whether the account is verified and the application is active',
    },
  ],
}));

function suspectMethod(value: string): string | undefined {
  if (value === 'canonical') return undefined;
  if (value !== 'legacy') return 'is neither "canonical" nor "legacy"';
  return `is "legacy": a route for its webhooks has to say so, @VerifiedWebhook('clickpesa', { schemes: ['legacy'], proof: 'values' })`;
}

/** The checksum of a message, and the part of the message that it covers. */
function checksummed(body: unknown): { readonly checksum?: string; readonly payload: JsonObject } {
  if (!isJsonObject(body)) return { payload: {} };
  return {
    checksum: textAt(body, 'checksum'),
    payload: withoutFields(body, ['checksum', 'checksumMethod']),
  };
}
