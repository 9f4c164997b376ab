import { textAt } from '../building-blocks/json-value.js';
import { builtInProvider } from './define-provider.js';
import { hashOfCredentials } from './webhooks/sender-webhooks.js';

/** PhonePe's static credentials, for version 2 of the API. */
export interface PhonepeCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `1` in the sandbox. */
  readonly clientVersion: string;
  readonly webhookUsername?: string;
  readonly webhookPassword?: string;
}

/**
 * PhonePe, version 2: the OAuth 2.0 client credentials grant with a token type of its own, `O-Bearer`. In live, tokens
 * have another path than calls. Cards have a host of their own, which a request names by `host: 'cards'`.
 *
 * @see https://developer.phonepe.com/payment-gateway
 */
export const phonepe = builtInProvider<PhonepeCredentials, 'phonepe', 'sandbox' | 'live'>(
  'phonepe',
  (by) => ({
    title: 'PhonePe',
    docs: 'https://developer.phonepe.com/payment-gateway',
    region: 'Asia',
    basedOn: '2026-08',
    credentialsPage: 'business dashboard, Developer Settings',
    environments: {
      sandbox: {
        api: 'https://api-preprod.phonepe.com/apis/pg-sandbox',
        cards: 'https://api-preprod.phonepe.com/apis/pg-sandbox',
        login: 'https://api-preprod.phonepe.com/apis/pg-sandbox',
      },
      live: {
        api: 'https://api.phonepe.com/apis/pg',
        cards: 'https://cards.phonepe.com/apis/pg',
        login: 'https://api.phonepe.com/apis/identity-manager',
      },
    },
    environmentVariable: 'PHONEPE_ENV',
    baseUrlVariable: {
      api: 'PHONEPE_BASE_URL',
      cards: 'PHONEPE_CARDS_BASE_URL',
      login: 'PHONEPE_LOGIN_BASE_URL',
    },
    credentials: {
      clientId: { variable: 'PHONEPE_CLIENT_ID', secret: false },
      clientSecret: { variable: 'PHONEPE_CLIENT_SECRET' },
      clientVersion: { variable: 'PHONEPE_CLIENT_VERSION', secret: false },
      webhookUsername: { variable: 'PHONEPE_WEBHOOK_USERNAME', optional: true },
      webhookPassword: { variable: 'PHONEPE_WEBHOOK_PASSWORD', optional: true },
    },
    token: by.clientCredentials<PhonepeCredentials>({
      host: 'login',
      path: '/v1/oauth/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      parameters: ({ credentials }) => ({ client_version: credentials.clientVersion }),
      tokenType: 'O-Bearer',
      // `expires_at` is in seconds since 1970. `expires_in` may be null.
      answer: { expiresAt: 'expires_at' },
      documentedLifetimeMs: 3_600_000,
      rejected: ({ status, body }) =>
        status === 401 || (status === 400 && /client/i.test(textAt(body, 'code') ?? '')),
      reason: ({ body }) => textAt(body, 'code') ?? textAt(body, 'error') ?? textAt(body, 'message'),
    }),
    headers: ({ token }) => ({ Authorization: `O-Bearer ${token}` }),
    refusal: {
      refused: ({ status, body }) =>
        status === 401 && ['401', 'AUTHORIZATION_FAILED'].includes(textAt(body, 'code') ?? ''),
    },
    secretResponseFields: ['encrypted_access_token'],
    webhooks: {
      constant: hashOfCredentials({
        of: ['webhookUsername', 'webhookPassword'],
        hash: 'sha256',
        header: 'authorization',
        confirmWith: 'GET /checkout/v2/order/{merchantOrderId}/status',
      }),
    },
    advice: [
      {
        on: 'login',
        status: [400, 401],
        cause: 'the client id, its version or the secret is wrong, or belongs to the other environment',
        fix: 'compare PHONEPE_CLIENT_ID, PHONEPE_CLIENT_VERSION and PHONEPE_CLIENT_SECRET with the dashboard; check PHONEPE_ENV',
      },
      {
        on: 'call',
        status: 401,
        cause: 'the token belongs to the other environment',
        fix: 'check PHONEPE_ENV',
      },
    ],
  }),
);
