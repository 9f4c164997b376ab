import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { publicKeyWebhook } from './webhooks/signature-webhooks.js';

/** PayPal's static credentials: those of one REST app. */
export interface PaypalCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The id of the webhook. PayPal signs it too. */
  readonly webhookId?: string;
}

/**
 * PayPal: the OAuth 2.0 client credentials grant. A fresh token can be refused for a moment ("not found in cache").
 *
 * @see https://developer.paypal.com/api/rest/authentication/
 */
export const paypal = builtInProvider<PaypalCredentials, 'paypal', 'sandbox' | 'live'>('paypal', (by) => ({
  title: 'PayPal',
  docs: 'https://developer.paypal.com/api/rest/authentication/',
  region: 'Worldwide',
  basedOn: '2026-08',
  credentialsPage: 'developer dashboard, Apps & Credentials, of the mode',
  environments: { sandbox: 'https://api-m.sandbox.paypal.com', live: 'https://api-m.paypal.com' },
  environmentVariable: 'PAYPAL_ENVIRONMENT',
  baseUrlVariable: 'PAYPAL_BASE_URL',
  credentials: {
    clientId: { variable: 'PAYPAL_CLIENT_ID', secret: false },
    clientSecret: { variable: 'PAYPAL_CLIENT_SECRET' },
    webhookId: { variable: 'PAYPAL_WEBHOOK_ID', optional: true, secret: false },
  },
  token: by.clientCredentials<PaypalCredentials>({
    path: '/v1/oauth2/token',
    client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
    authentication: ['client_secret_basic'],
    basicEncoding: 'plain',
    documentedLifetimeMs: 9 * 3_600_000,
  }),
  headers: ({ token }) => ({ Authorization: bearer(token) }),
  refusal: {
    refused: (answer) => answer.status === 401 && hasCode(answer, 'error', 'invalid_token'),
    // The app lacks the permission for this call.
    incurable: (answer) => hasCode(answer, 'name', 'NOT_AUTHORIZED'),
  },
  probe: { path: '/v1/notifications/webhooks' },
  webhooks: {
    /** @see https://developer.paypal.com/api/rest/webhooks/rest/ */
    certificate: publicKeyWebhook({
      algorithm: 'rsa-sha256',
      key: { certificate: { header: 'paypal-cert-url', allow: ['https://*.paypal.com'] } },
      header: 'paypal-transmission-sig',
      encoding: 'base64',
      timestamp: { at: '{header:paypal-transmission-time}', unit: 'iso' },
      // PayPal signs only a CRC-32 of the body. Anybody can make another body with the same CRC-32 in a millisecond.
      signed:
        '{header:paypal-transmission-id}|{header:paypal-transmission-time}|{credential:webhookId}|{body:crc32}',
      confirmWith: 'POST /v1/notifications/verify-webhook-signature',
    }),
  },
  advice: [
    {
      on: 'login',
      says: 'client',
      cause: 'the client id or the client secret is wrong, or belongs to the other mode',
      fix: 'compare PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET with the dashboard; check PAYPAL_ENVIRONMENT',
    },
    {
      on: 'login',
      status: 429,
      cause: 'too many token requests: another system logs in with the same app for each call',
      fix: 'let one system hold the token, or share it through a store',
    },
    {
      on: 'call',
      says: 'not_authorized',
      cause: 'the app lacks the permission for this call',
      fix: 'switch the feature on in the dashboard, and wait until the token is renewed',
    },
  ],
}));
