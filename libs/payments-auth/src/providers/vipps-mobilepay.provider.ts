import { textAt } from '../building-blocks/json-value.js';
import { says } from './answers-in-words.js';
import { isWrongSubscriptionKey } from './azure-gateway.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** The static credentials of one Vipps MobilePay sales unit. */
export interface VippsMobilepayCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly subscriptionKey: string;
  /** The serial number of the sales unit. */
  readonly merchantSerialNumber?: string;
  /** Each registered webhook has its own. */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Vipps MobilePay: a login with headers. The subscription key goes with every call. Numbers in answers are texts.
 *
 * @see https://developer.vippsmobilepay.com/docs/APIs/access-token-api/
 */
export const vippsMobilepay = builtInProvider<VippsMobilepayCredentials, 'vipps-mobilepay', 'test' | 'live'>(
  'vipps-mobilepay',
  (by) => ({
    title: 'Vipps MobilePay',
    docs: 'https://developer.vippsmobilepay.com/docs/APIs/access-token-api/',
    region: 'Europe',
    basedOn: '2026-08',
    credentialsPage: 'business portal, For developers > API keys',
    environments: { test: 'https://apitest.vipps.no', live: 'https://api.vipps.no' },
    environmentVariable: 'VIPPS_MOBILEPAY_ENVIRONMENT',
    baseUrlVariable: 'VIPPS_MOBILEPAY_BASE_URL',
    credentials: {
      clientId: { variable: 'VIPPS_CLIENT_ID', secret: false },
      clientSecret: { variable: 'VIPPS_CLIENT_SECRET' },
      subscriptionKey: { variable: 'VIPPS_SUBSCRIPTION_KEY' },
      merchantSerialNumber: { variable: 'VIPPS_MSN', optional: true, secret: false },
      webhookSecret: { variable: 'VIPPS_MOBILEPAY_WEBHOOK_SECRET', optional: true },
    },
    token: by.login<VippsMobilepayCredentials>({
      path: '/accesstoken/get',
      headers: ({ credentials: { clientId, clientSecret, subscriptionKey, merchantSerialNumber } }) => ({
        client_id: clientId,
        client_secret: clientSecret,
        'Ocp-Apim-Subscription-Key': subscriptionKey,
        'Merchant-Serial-Number': merchantSerialNumber,
      }),
      answer: { token: 'access_token', expiresIn: 'expires_in' },
      documentedLifetimeMs: 24 * 3_600_000,
      rejected: (answer) =>
        isWrongSubscriptionKey(answer) ||
        ([400, 401].includes(answer.status) && textAt(answer.body, 'error') !== undefined),
      reason: ({ body }) => textAt(body, 'error') ?? textAt(body, 'message'),
    }),
    headers: ({ token, credentials: { subscriptionKey } }) => ({
      Authorization: bearer(token),
      'Ocp-Apim-Subscription-Key': subscriptionKey,
    }),
    defaultHeaders: ({ credentials }) => ({ 'Merchant-Serial-Number': credentials.merchantSerialNumber }),
    refusal: {
      // The body of an expired token's 401 is not documented. After a 401 without these words, only a reading call is repeated.
      refused: (answer) => answer.status === 401 && says(answer, 'message', 'access token', 'jwt'),
      incurable: isWrongSubscriptionKey,
    },
    webhooks: {
      /** @see https://developer.vippsmobilepay.com/docs/APIs/webhooks-api/request-authentication/ */
      signature: hmacWebhook({
        key: 'webhookSecret',
        header: 'authorization',
        prefix: 'HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=',
        encoding: 'base64',
        timestamp: { at: '{header:x-ms-date}', unit: 'iso' },
        signed: '{method}\n{path}\n{header:x-ms-date};{header:host};{body:sha256-base64}',
      }),
    },
    advice: [
      {
        on: 'login',
        says: 'subscription',
        cause: 'the subscription key is wrong',
        fix: 'copy VIPPS_SUBSCRIPTION_KEY from the portal again',
      },
      {
        on: 'login',
        status: [400, 401],
        cause:
          'the client id or the client secret is wrong or belongs to the other environment, or a proxy drops headers with an underscore',
        fix: 'compare VIPPS_CLIENT_ID and VIPPS_CLIENT_SECRET with the portal; let the proxy pass client_id and client_secret',
      },
      {
        on: 'call',
        says: 'subscription',
        cause: 'the subscription key is wrong',
        fix: 'copy VIPPS_SUBSCRIPTION_KEY from the portal again',
      },
    ],
  }),
);
