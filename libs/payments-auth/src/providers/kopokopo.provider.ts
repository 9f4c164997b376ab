import { textAt, valueAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Kopo Kopo's static credentials: those of one K2 Connect application. */
export interface KopokopoCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The key that webhooks are signed with. */
  readonly apiKey?: string;
}

/**
 * Kopo Kopo, K2 Connect: the OAuth 2.0 client credentials grant, as JSON.
 *
 * @see https://api-docs.kopokopo.com
 */
export const kopokopo = builtInProvider<KopokopoCredentials, 'kopokopo', 'sandbox' | 'live'>(
  'kopokopo',
  (by) => ({
    title: 'Kopo Kopo',
    docs: 'https://api-docs.kopokopo.com',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage: 'dashboard, Developers > the application',
    environments: { sandbox: 'https://sandbox.kopokopo.com', live: 'https://api.kopokopo.com' },
    environmentVariable: 'KOPOKOPO_ENVIRONMENT',
    baseUrlVariable: 'K2_BASE_URL',
    credentials: {
      clientId: { variable: 'K2_CLIENT_ID', secret: false },
      clientSecret: { variable: 'K2_CLIENT_SECRET' },
      apiKey: { variable: 'K2_API_KEY', optional: true },
    },
    token: by.clientCredentials<KopokopoCredentials>({
      path: '/oauth/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      // One SDK asks for a token with a form, another with JSON. A token is revoked with JSON.
      encoding: 'json',
      documentedLifetimeMs: 3_600_000,
      revoke: { path: '/oauth/revoke' },
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    // The body is not documented. A body with one of these codes comes from Kopo Kopo.
    refusal: {
      refused: ({ status, body }) =>
        status === 401 && (textAt(body, 'error') ?? valueAt(body, 'error_code')) !== undefined,
    },
    probe: { path: '/oauth/token/info' },
    webhooks: {
      'api-key': hmacWebhook({ key: 'apiKey', header: 'x-kopokopo-signature' }),
      // The SDK for Ruby says that the client secret is the key.
      'client-secret': hmacWebhook({ key: 'clientSecret', header: 'x-kopokopo-signature' }),
    },
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare K2_CLIENT_ID and K2_CLIENT_SECRET with the dashboard; check KOPOKOPO_ENVIRONMENT',
      },
    ],
  }),
);
