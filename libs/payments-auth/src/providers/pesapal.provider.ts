import { isJsonObject, textAt, valueAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** PesaPal's static credentials. Each environment has its own. */
export interface PesapalCredentials {
  readonly consumerKey: string;
  readonly consumerSecret: string;
}

/**
 * PesaPal, API 3.0: a login for a bearer token. The HTTP status says little: a wrong secret is answered with 200, a
 * refused token with 401, 500 or 200. So the error code decides.
 *
 * @see https://developer.pesapal.com/how-to-integrate/e-commerce/api-30-json/authentication
 */
export const pesapal = builtInProvider<PesapalCredentials, 'pesapal', 'sandbox' | 'live'>(
  'pesapal',
  (by) => ({
    title: 'PesaPal',
    docs: 'https://developer.pesapal.com/how-to-integrate/e-commerce/api-30-json/authentication',
    credentialsPage: 'merchant dashboard for live, the demo accounts page for the sandbox',
    environments: {
      sandbox: 'https://cybqa.pesapal.com/pesapalv3',
      live: 'https://pay.pesapal.com/v3',
    },
    environmentVariable: 'PESAPAL_ENVIRONMENT',
    baseUrlVariable: 'PESAPAL_BASE_URL',
    credentials: {
      consumerKey: { variable: 'PESAPAL_CONSUMER_KEY' },
      consumerSecret: { variable: 'PESAPAL_CONSUMER_SECRET' },
    },
    token: by.login<PesapalCredentials>({
      path: '/api/Auth/RequestToken',
      body: ({ credentials: { consumerKey, consumerSecret } }) => ({
        json: { consumer_key: consumerKey, consumer_secret: consumerSecret },
      }),
      answer: { token: 'token', expiresAt: 'expiryDate' },
      documentedLifetimeMs: 5 * 60_000,
      rejected: ({ body }) => errorCode(body) === 'invalid_consumer_key_or_secret_provided',
      // The status in the body decides: an outage may come with HTTP 200 and without a code.
      issued: ({ body }) => errorCode(body) === undefined && !/^[45]/.test(textAt(body, 'status') ?? ''),
      reason: ({ body }) => errorCode(body),
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    refusal: {
      // No other code is about the credential, at any status. A payment that is still pending is "not found", for example.
      refused: ({ status, body }) =>
        errorCode(body) === 'invalid_api_credentials_provided' ||
        (status === 401 && isJsonObject(valueAt(body, 'error'))),
      alsoOnSuccess: true,
    },
    probe: { path: '/api/URLSetup/GetIpnList' },
    /** @see https://developer.pesapal.com/how-to-integrate/e-commerce/api-30-json/gettransactionstatus */
    webhooks: {
      notification: unsignedWebhook({
        fields: ['OrderTrackingId', 'OrderMerchantReference', 'OrderNotificationType'],
        confirmWith: 'GetTransactionStatus',
      }),
    },
    advice: [
      {
        on: 'login',
        says: 'invalid_consumer_key_or_secret_provided',
        cause: 'the pair is wrong, or of the other environment',
        fix: 'compare PESAPAL_CONSUMER_KEY and PESAPAL_CONSUMER_SECRET with the dashboard; check PESAPAL_ENVIRONMENT',
      },
      {
        on: 'login',
        says: 'invalid_api_request_parameters',
        cause: 'a key arrives empty or malformed',
        fix: 'check the two variables for cut values and stray quotes',
      },
      {
        on: 'login',
        status: [200, 301, 302, 404],
        says: 'http ',
        cause: 'wrong host or path: the base URL does not lead to the API',
        fix: 'the base URL ends in /pesapalv3 in the sandbox and in /v3 in live; check PESAPAL_BASE_URL',
      },
      {
        on: 'call',
        says: 'invalid_api_credentials_provided',
        cause: 'PesaPal does not accept the token that it has just issued',
        fix: 'ask PesaPal whether the merchant account is active',
      },
    ],
  }),
);

/** `error` is `null`, or an object that a success may fill with nulls. */
function errorCode(body: unknown): string | undefined {
  return textAt(body, 'error.code');
}
