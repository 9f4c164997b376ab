import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { sharedToken } from './webhooks/sender-webhooks.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Flutterwave v4's static credentials. */
export interface FlutterwaveV4Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The text that the merchant typed in for webhooks. */
  readonly secretHash?: string | readonly string[];
  /** For card payloads, which the application encrypts. It is not sent, and kept out of everything that is printed. */
  readonly encryptionKey?: string;
}

const LOGIN_HOST = 'https://idp.flutterwave.com';

/**
 * Flutterwave v4: the OAuth 2.0 client credentials grant, at one login host for both environments. Tokens live for ten
 * minutes.
 *
 * @see https://developer.flutterwave.com/docs/authentication
 */
export const flutterwaveV4 = builtInProvider<FlutterwaveV4Credentials, 'flutterwave-v4', 'sandbox' | 'live'>(
  'flutterwave-v4',
  (by) => ({
    title: 'Flutterwave v4',
    docs: 'https://developer.flutterwave.com/docs/authentication',
    region: 'Africa',
    basedOn: '2026-04-29',
    credentialsPage: 'dashboard, Settings > API keys, of the environment',
    environments: {
      sandbox: { api: 'https://developersandbox-api.flutterwave.com', idp: LOGIN_HOST },
      live: { api: 'https://f4bexperience.flutterwave.com', idp: LOGIN_HOST },
    },
    environmentVariable: 'FLUTTERWAVE_V4_ENVIRONMENT',
    baseUrlVariable: { api: 'FLW_BASE_URL', idp: 'FLUTTERWAVE_V4_IDP_BASE_URL' },
    credentials: {
      clientId: { variable: 'FLW_CLIENT_ID', secret: false },
      clientSecret: { variable: 'FLW_CLIENT_SECRET' },
      secretHash: { variable: 'FLW_SECRET_HASH', optional: true },
      encryptionKey: { variable: 'FLW_ENCRYPTION_KEY', optional: true },
    },
    token: by.clientCredentials<FlutterwaveV4Credentials>({
      host: 'idp',
      path: '/realms/flutterwave/protocol/openid-connect/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      documentedLifetimeMs: 10 * 60_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    // {"status":"failed","error":{"type":"UNAUTHORIZED","code":"10401","message":"Unauthorized"}}
    refusal: {
      refused: (answer) =>
        answer.status === 401 &&
        (hasCode(answer, 'error.code', '10401') || hasCode(answer, 'error.type', 'UNAUTHORIZED')),
    },
    probe: { path: '/customers?page=1' },
    webhooks: {
      /** @see https://developer.flutterwave.com/docs/webhooks */
      signature: hmacWebhook({ key: 'secretHash', header: 'flutterwave-signature', encoding: 'base64' }),
      // The samples on the provider's page compare the header with the secret itself.
      token: sharedToken({
        key: 'secretHash',
        header: 'flutterwave-signature',
        confirmWith: 'GET /charges/{id}',
        onlyWhenNamed: true,
      }),
    },
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare FLW_CLIENT_ID and FLW_CLIENT_SECRET with the dashboard; check FLUTTERWAVE_V4_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 401,
        cause: 'the token belongs to the other environment',
        fix: 'the login host is the same for both: check FLUTTERWAVE_V4_ENVIRONMENT',
      },
    ],
  }),
);
