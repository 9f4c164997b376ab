import { textAt } from '../building-blocks/json-value.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Airwallex' static credentials. */
export interface AirwallexCredentials {
  readonly clientId: string;
  readonly apiKey: string;
  /** The account that the token is for, where one key serves several. */
  readonly loginAs?: string;
  readonly webhookSecret?: string | readonly string[];
}

/** The codes of a refused token. */
const BAD_TOKEN = ['unauthorized', 'credentials_expired', 'credentials_invalid'];

/**
 * Airwallex: a login with headers for a token that lives for half an hour.
 *
 * @see https://www.airwallex.com/docs/api/authentication/api_access_token
 */
export const airwallex = builtInProvider<AirwallexCredentials, 'airwallex', 'sandbox' | 'live'>(
  'airwallex',
  (by) => ({
    title: 'Airwallex',
    docs: 'https://www.airwallex.com/docs/api/authentication/api_access_token',
    region: 'Worldwide',
    basedOn: '2026-08',
    credentialsPage: 'web app, Developer > API keys',
    // Older pages say api-demo.airwallex.com for the sandbox: set baseUrl to it where an account still lives there.
    environments: { sandbox: 'https://api.sandbox.airwallex.com', live: 'https://api.airwallex.com' },
    environmentVariable: 'AIRWALLEX_ENV',
    baseUrlVariable: 'AIRWALLEX_BASE_URL',
    credentials: {
      clientId: { variable: 'AIRWALLEX_CLIENT_ID', secret: false },
      apiKey: { variable: 'AIRWALLEX_API_KEY' },
      loginAs: { variable: 'AIRWALLEX_LOGIN_AS', optional: true, secret: false },
      webhookSecret: { variable: 'AIRWALLEX_WEBHOOK_SECRET', optional: true },
    },
    token: by.login<AirwallexCredentials>({
      path: '/api/v1/authentication/login',
      headers: ({ credentials: { clientId, apiKey, loginAs } }) => ({
        'x-client-id': clientId,
        'x-api-key': apiKey,
        'x-login-as': loginAs,
      }),
      // `2026-05-12T00:00:00+0000`: the offset has no colon.
      answer: { token: 'token', expiresAt: 'expires_at' },
      documentedLifetimeMs: 30 * 60_000,
      rejected: (answer) => answer.status === 401 && hasCode(answer, 'code', ...BAD_TOKEN),
      reason: ({ body }) => textAt(body, 'code'),
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    refusal: { refused: (answer) => answer.status === 401 && hasCode(answer, 'code', ...BAD_TOKEN) },
    probe: { path: '/api/v1/balances/current' },
    webhooks: {
      /** @see https://www.airwallex.com/docs/developer-tools/webhooks/listen-for-webhook-events */
      signature: hmacWebhook({
        key: 'webhookSecret',
        header: 'x-signature',
        timestamp: { at: '{header:x-timestamp}', unit: 'milliseconds' },
        signed: '{timestamp}{body}',
      }),
    },
    advice: [
      {
        on: 'login',
        status: 401,
        cause: 'the client id or the API key is wrong, or belongs to the other environment',
        fix: 'compare AIRWALLEX_CLIENT_ID and AIRWALLEX_API_KEY with the web app; check AIRWALLEX_ENV',
      },
      {
        on: 'call',
        status: 401,
        cause: 'the token belongs to the other environment or another account',
        fix: 'check AIRWALLEX_ENV, and AIRWALLEX_LOGIN_AS where one key serves several accounts',
      },
    ],
  }),
);
