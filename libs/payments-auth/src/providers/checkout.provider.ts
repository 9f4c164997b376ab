import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Checkout.com's static credentials, with a secret key. */
export interface CheckoutCredentials {
  /** `sk_sbox_…` or `sk_…` */
  readonly secretKey: string;
  /** The prefix of the account's own hosts: the first eight characters of the client id. */
  readonly prefix: string;
  readonly webhookSecret?: string | readonly string[];
}

/** Checkout.com's static credentials, with an OAuth client. */
export interface CheckoutOauthCredentials {
  /** `ack_…` */
  readonly clientId: string;
  readonly clientSecret: string;
  /** The prefix of the account's own hosts: the first eight characters of the client id. */
  readonly prefix: string;
  readonly webhookSecret?: string | readonly string[];
}

const PREFIX = { secret: false, inUrl: /^[a-z0-9]+$/ } as const;

const inCommon = () =>
  ({
    docs: 'https://www.checkout.com/docs/developer-resources/api',
    region: 'Worldwide',
    basedOn: '2026-08',
    refusal: {
      // The documented 401 has no body.
      refused: ({ status }) => status === 401,
      bare401: true,
      incurable: ({ status }) => status === 403,
    },
    probe: { path: '/workflows' },
    webhooks: {
      /** @see https://www.checkout.com/docs/developer-resources/webhooks/verify-webhook-signatures */
      signature: hmacWebhook({ key: 'webhookSecret', header: 'cko-signature' }),
    },
  }) as const satisfies Partial<ProviderDefinition<{ readonly webhookSecret?: string | readonly string[] }>>;

/**
 * Checkout.com: a secret key that is sent as it is. The hosts carry a prefix of the account.
 *
 * @see https://www.checkout.com/docs/developer-resources/api
 */
export const checkout = builtInProvider<CheckoutCredentials, 'checkout', 'sandbox' | 'live'>(
  'checkout',
  () => ({
    ...inCommon(),
    title: 'Checkout.com',
    credentialsPage: 'dashboard, Developers > Keys; the prefix under Developers > Overview',
    environments: {
      sandbox: 'https://{prefix}.api.sandbox.checkout.com',
      live: 'https://{prefix}.api.checkout.com',
    },
    environmentVariable: 'CKO_ENVIRONMENT',
    baseUrlVariable: 'CHECKOUT_BASE_URL',
    credentials: {
      secretKey: { variable: 'CKO_SECRET_KEY', belongsTo: { sandbox: /^sk_sbox_/ } },
      prefix: { ...PREFIX, variable: 'CHECKOUT_PREFIX' },
      webhookSecret: { variable: 'CHECKOUT_WEBHOOK_SECRET', optional: true },
    },
    headers: ({ credentials }) => ({ Authorization: credentials.secretKey }),
    advice: [
      {
        on: 'call',
        status: 401,
        cause: 'the secret key is wrong or revoked, or belongs to the other environment',
        fix: 'compare CKO_SECRET_KEY with the dashboard; check CKO_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 403,
        cause: 'the key lacks the permission for this call',
        fix: 'give the key the permission in the dashboard',
      },
    ],
  }),
);

/**
 * Checkout.com with an access key: the OAuth 2.0 client credentials grant, at a host of its own.
 *
 * @see https://www.checkout.com/docs/developer-resources/api/api-authentication
 */
export const checkoutOauth = builtInProvider<CheckoutOauthCredentials, 'checkout-oauth', 'sandbox' | 'live'>(
  'checkout-oauth',
  (by) => ({
    ...inCommon(),
    title: 'Checkout.com (OAuth)',
    credentialsPage: 'dashboard, Developers > Keys > Access keys; the prefix under Developers > Overview',
    environments: {
      sandbox: {
        api: 'https://{prefix}.api.sandbox.checkout.com',
        access: 'https://{prefix}.access.sandbox.checkout.com',
      },
      live: { api: 'https://{prefix}.api.checkout.com', access: 'https://{prefix}.access.checkout.com' },
    },
    environmentVariable: 'CKO_ENVIRONMENT',
    baseUrlVariable: { api: 'CHECKOUT_OAUTH_BASE_URL', access: 'CHECKOUT_OAUTH_ACCESS_BASE_URL' },
    credentials: {
      clientId: { variable: 'CKO_CLIENT', secret: false },
      clientSecret: { variable: 'CKO_SECRET' },
      prefix: { ...PREFIX, variable: 'CHECKOUT_OAUTH_PREFIX' },
      webhookSecret: { variable: 'CHECKOUT_OAUTH_WEBHOOK_SECRET', optional: true },
    },
    scopes: ['gateway'],
    scopesVariable: 'CKO_SCOPE',
    token: by.clientCredentials<CheckoutOauthCredentials>({
      host: 'access',
      path: '/connect/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      // The documents say Basic, the SDK sends both in the body.
      authentication: ['client_secret_basic', 'client_secret_post'],
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare CKO_CLIENT and CKO_SECRET with the dashboard; check CKO_ENVIRONMENT and CHECKOUT_OAUTH_PREFIX',
      },
      {
        on: 'login',
        says: 'scope',
        cause: 'the access key does not have a scope that was asked for',
        fix: 'give the key the scope in the dashboard, or set CKO_SCOPE',
      },
      {
        on: 'call',
        status: 403,
        cause: 'the token lacks the scope of this call',
        fix: 'give the access key the scope in the dashboard, and name it in CKO_SCOPE',
      },
    ],
  }),
);
