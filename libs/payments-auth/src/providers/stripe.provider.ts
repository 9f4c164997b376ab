import { basic } from '../building-blocks/basic.js';
import { hasCode, says } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Stripe's static credentials. */
export interface StripeCredentials {
  /** `sk_test_…` or `sk_live_…`, or a restricted key, `rk_…`: the key says the mode. */
  readonly secretKey: string;
  /** `whsec_…`: each endpoint has its own. */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Stripe: HTTP Basic with the secret key as the user and no password. A request sets the headers that only it needs:
 * `Stripe-Version`, `Stripe-Account`, `Idempotency-Key`.
 *
 * @see https://docs.stripe.com/api/authentication
 */
export const stripe = builtInProvider<StripeCredentials, 'stripe', 'live'>('stripe', () => ({
  title: 'Stripe',
  docs: 'https://docs.stripe.com/api/authentication',
  region: 'Worldwide',
  basedOn: '2026-07-29',
  credentialsPage: 'dashboard, Developers > API keys',
  environments: { live: { api: 'https://api.stripe.com', files: 'https://files.stripe.com' } },
  baseUrlVariable: 'STRIPE_BASE_URL',
  credentials: {
    secretKey: { variable: 'STRIPE_SECRET_KEY' },
    webhookSecret: { variable: 'STRIPE_WEBHOOK_SECRET', optional: true },
  },
  // The key is the user, and there is no password. A bearer token works as well.
  headers: ({ credentials }) => ({ Authorization: basic(credentials.secretKey) }),
  refusal: {
    // For a wrong key, the type is that of any bad request, so the words are compared. An expired key has a code.
    refused: (answer) =>
      answer.status === 401 &&
      (hasCode(answer, 'error.code', 'api_key_expired') ||
        hasCode(answer, 'error.type', 'authentication_error') ||
        says(answer, 'error.message', 'api key')),
    // The restricted key lacks the permission.
    incurable: ({ status }) => status === 403,
  },
  probe: { path: '/v1/balance' },
  webhooks: {
    /** @see https://docs.stripe.com/webhooks/signature */
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'stripe-signature',
      list: { signature: 'v1', timestamp: 't' },
      signed: '{timestamp}.{body}',
      id: '{field:id}',
    }),
  },
  advice: [
    {
      on: 'call',
      says: 'api_key_expired',
      cause: 'the secret key has expired: it was rolled in the dashboard',
      fix: 'set STRIPE_SECRET_KEY to the new key',
    },
    {
      on: 'call',
      status: 401,
      cause: 'the secret key is wrong or deleted',
      fix: 'copy STRIPE_SECRET_KEY from the dashboard again; a publishable key (pk_…) does not serve here',
    },
    {
      on: 'call',
      status: 403,
      cause: 'the restricted key lacks the permission',
      fix: 'give the key the permission in the dashboard',
    },
  ],
}));
