import { textAt, valueAt } from '../building-blocks/json-value.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { publicKeyWebhook } from './webhooks/signature-webhooks.js';

/** AzamPay's static credentials: those of one app. */
export interface AzampayCredentials {
  readonly appName: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Some calls need it. Where it is configured, every call carries it, as `X-API-Key`. */
  readonly apiKey?: string;
  /** AzamPay's key for callbacks, as a PEM: its API shows it at `/PublicKey`. */
  readonly callbackPublicKey?: string;
}

const SIGNED_CALLBACK = {
  algorithm: 'rsa-sha256',
  key: { credential: 'callbackPublicKey' },
  field: 'signature',
  encoding: 'base64',
} as const;

/**
 * AzamPay: a login with JSON, at a host of its own. The answer to a wrong secret has the status 423.
 *
 * @see https://developerdocs.azampay.co.tz
 */
export const azampay = builtInProvider<AzampayCredentials, 'azampay', 'sandbox' | 'live'>(
  'azampay',
  (by) => ({
    title: 'AzamPay',
    docs: 'https://developerdocs.azampay.co.tz',
    region: 'Africa',
    basedOn: '2026-04',
    credentialsPage: 'developer portal, the app',
    environments: {
      sandbox: {
        api: 'https://sandbox.azampay.co.tz',
        login: 'https://authenticator-sandbox.azampay.co.tz',
      },
      live: { api: 'https://checkout.azampay.co.tz', login: 'https://authenticator.azampay.co.tz' },
    },
    environmentVariable: 'AZAMPAY_ENVIRONMENT',
    baseUrlVariable: { api: 'AZAMPAY_BASE_URL', login: 'AZAMPAY_LOGIN_BASE_URL' },
    credentials: {
      appName: { variable: 'AZAMPAY_APP_NAME', secret: false },
      clientId: { variable: 'AZAMPAY_CLIENT_ID' },
      clientSecret: { variable: 'AZAMPAY_CLIENT_SECRET' },
      apiKey: { variable: 'AZAMPAY_API_KEY', optional: true },
      callbackPublicKey: {
        variable: 'AZAMPAY_CALLBACK_PUBLIC_KEY',
        optional: true,
        secret: false,
        format: 'pem',
      },
    },
    token: by.login<AzampayCredentials>({
      host: 'login',
      path: '/AppRegistration/GenerateToken',
      body: ({ credentials: { appName, clientId, clientSecret } }) => ({
        json: { appName, clientId, clientSecret },
      }),
      // The token is encrypted, so its expiry is read from the answer beside it.
      answer: { token: 'data.accessToken', expiresAt: 'data.expire' },
      documentedLifetimeMs: 6 * 3_600_000,
      rejected: ({ status }) => status === 423,
      issued: ({ body }) => valueAt(body, 'success') !== false,
      reason: ({ body }) => textAt(body, 'message'),
    }),
    headers: ({ token, credentials: { apiKey } }) => ({
      Authorization: bearer(token),
      'X-API-Key': apiKey,
    }),
    // {"status":"Error","message":"Please Provide Valid Authorization"}
    refusal: { refused: (answer) => answer.status === 401 && hasCode(answer, 'status', 'Error') },
    probe: { path: '/api/v1/Partner/GetPaymentPartners' },
    webhooks: {
      // The documents name the values that are signed, and not their fields. The names of the fields come from callbacks.
      signature: publicKeyWebhook({
        ...SIGNED_CALLBACK,
        signed: { fields: ['externalreference', 'reference', 'transactionstatus', 'operator'] },
      }),
      disbursement: publicKeyWebhook({
        ...SIGNED_CALLBACK,
        signed: { fields: ['vendorReferenceId', 'pgReferenceId', 'status', 'operator'] },
      }),
    },
    advice: [
      {
        on: 'login',
        status: 423,
        cause: 'the name of the app, the client id or the secret is wrong, or the secret has expired',
        fix: 'make a new secret in the portal, and set AZAMPAY_APP_NAME, AZAMPAY_CLIENT_ID and AZAMPAY_CLIENT_SECRET',
      },
      {
        on: 'call',
        status: 401,
        cause: 'the token belongs to the other environment, or the call needs an API key as well',
        fix: 'check AZAMPAY_ENVIRONMENT; set AZAMPAY_API_KEY where the product needs one',
      },
    ],
  }),
);
