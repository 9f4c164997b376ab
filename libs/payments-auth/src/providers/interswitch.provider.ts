import { textAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Interswitch's static credentials: those of one Passport client. */
export interface InterswitchCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Interswitch: the OAuth 2.0 client credentials grant at Passport. Tokens and calls have a host each.
 *
 * The older Quickteller and Paycode products sign each call instead; this definition does not serve them.
 *
 * @see https://docs.interswitchgroup.com
 */
export const interswitch = builtInProvider<InterswitchCredentials, 'interswitch', 'sandbox' | 'live'>(
  'interswitch',
  (by) => ({
    title: 'Interswitch',
    docs: 'https://docs.interswitchgroup.com',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage: 'developer console, the project, Credentials',
    environments: {
      sandbox: { api: 'https://qa.interswitchng.com', passport: 'https://sandbox.interswitchng.com' },
      live: { api: 'https://saturn.interswitchng.com', passport: 'https://passport.interswitchng.com' },
    },
    environmentVariable: 'INTERSWITCH_ENVIRONMENT',
    baseUrlVariable: { api: 'INTERSWITCH_BASE_URL', passport: 'INTERSWITCH_PASSPORT_BASE_URL' },
    credentials: {
      clientId: { variable: 'INTERSWITCH_CLIENT_ID', secret: false },
      clientSecret: { variable: 'INTERSWITCH_CLIENT_SECRET' },
      webhookSecret: { variable: 'INTERSWITCH_WEBHOOK_SECRET', optional: true },
    },
    scopes: ['profile'],
    scopesVariable: 'INTERSWITCH_SCOPES',
    token: by.clientCredentials<InterswitchCredentials>({
      host: 'passport',
      path: '/passport/oauth/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_basic'],
      documentedLifetimeMs: 3_599_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    // The body is not documented. Spring's resource servers answer with an OAuth code.
    refusal: { refused: ({ status, body }) => status === 401 && textAt(body, 'error') === 'invalid_token' },
    webhooks: {
      signature: hmacWebhook({ key: 'webhookSecret', hash: 'sha512', header: 'x-interswitch-signature' }),
    },
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare INTERSWITCH_CLIENT_ID and INTERSWITCH_CLIENT_SECRET with the console; check INTERSWITCH_ENVIRONMENT',
      },
    ],
  }),
);
