import { says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Mollie's static credentials. */
export interface MollieCredentials {
  /** `test_…` or `live_…`: the key says the mode. */
  readonly apiKey: string;
  /** For the webhooks of the newer kind. */
  readonly webhookSecret?: string | readonly string[];
}

/** What a platform holds for one organisation. */
export interface MollieOauthCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly webhookSecret?: string | readonly string[];
}

const inCommon = () =>
  ({
    region: 'Europe',
    basedOn: '2026-08',
    refusal: {
      // {"status":401,"title":"Unauthorized Request","detail":"Missing authentication, or failed to authenticate"}
      refused: (answer) => answer.status === 401 && says(answer, 'title', 'unauthorized request'),
      incurable: ({ status }) => status === 403,
    },
    webhooks: {
      /** @see https://docs.mollie.com/reference/webhooks-best-practices */
      signature: hmacWebhook({ key: 'webhookSecret', header: 'x-mollie-signature', prefix: 'sha256=' }),
      // A classic webhook is a form with an id, and is not signed.
      classic: unsignedWebhook({
        fields: ['id'],
        body: 'form',
        confirmWith: 'GET https://api.mollie.com/v2/payments/{id}',
        onlyWhenNamed: true,
      }),
    },
  }) as const satisfies Partial<ProviderDefinition<{ readonly webhookSecret?: string | readonly string[] }>>;

/**
 * Mollie: an API key as a bearer token. One host for both modes.
 *
 * @see https://docs.mollie.com/reference/authentication
 */
export const mollie = builtInProvider<MollieCredentials, 'mollie', 'live'>('mollie', () => ({
  ...inCommon(),
  environments: { live: 'https://api.mollie.com/v2' },
  baseUrlVariable: 'MOLLIE_BASE_URL',
  probe: { path: '/methods' },
  title: 'Mollie',
  docs: 'https://docs.mollie.com/reference/authentication',
  credentialsPage: 'dashboard, Developers > API keys',
  credentials: {
    apiKey: { variable: 'MOLLIE_API_KEY' },
    webhookSecret: { variable: 'MOLLIE_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.apiKey) }),
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the API key is wrong or revoked',
      fix: 'copy MOLLIE_API_KEY from the dashboard again',
    },
    {
      on: 'call',
      status: 403,
      cause: 'the key may not do this',
      fix: 'check what the key or the profile is allowed to do in the dashboard',
    },
  ],
}));

/**
 * Mollie Connect, for platforms: a refresh token for each organisation. A request in test mode says `testmode=true`.
 * The token endpoint lies outside of `/v2`, so the path of a call begins with it: `/v2/payments`.
 *
 * @see https://docs.mollie.com/reference/oauth-generate-tokens
 */
export const mollieOauth = builtInProvider<MollieOauthCredentials, 'mollie-oauth', 'live'>(
  'mollie-oauth',
  (by) => ({
    ...inCommon(),
    environments: { live: 'https://api.mollie.com' },
    baseUrlVariable: 'MOLLIE_OAUTH_BASE_URL',
    probe: { path: '/v2/methods' },
    title: 'Mollie Connect (OAuth)',
    docs: 'https://docs.mollie.com/reference/oauth-generate-tokens',
    credentialsPage: 'dashboard, Developers > Your apps; the refresh token comes from the consent',
    credentials: {
      clientId: { variable: 'MOLLIE_OAUTH_CLIENT_ID', secret: false },
      clientSecret: { variable: 'MOLLIE_OAUTH_CLIENT_SECRET' },
      refreshToken: { variable: 'MOLLIE_OAUTH_REFRESH_TOKEN' },
      webhookSecret: { variable: 'MOLLIE_OAUTH_WEBHOOK_SECRET', optional: true },
    },
    token: by.refreshToken<MollieOauthCredentials>({
      path: '/oauth2/tokens',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_basic'],
      refreshToken: ({ credentials }) => credentials.refreshToken,
      rotates: false,
      documentedLifetimeMs: 3_600_000,
      revoke: { method: 'DELETE', path: '/oauth2/tokens' },
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    advice: [
      {
        on: 'login',
        says: 'invalid_grant',
        cause: 'the organisation has taken the permission back, or the refresh token is wrong',
        fix: 'ask the organisation to connect again',
      },
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret of the app is wrong',
        fix: 'compare MOLLIE_OAUTH_CLIENT_ID and MOLLIE_OAUTH_CLIENT_SECRET with the dashboard',
      },
      {
        on: 'call',
        status: 403,
        cause: 'the organisation has not granted the scope of this call',
        fix: 'ask the organisation to connect again, with the scope',
      },
    ],
  }),
);
