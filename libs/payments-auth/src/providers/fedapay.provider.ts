import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** FedaPay's static credentials. */
export interface FedapayCredentials {
  /** `sk_sandbox_…` or `sk_live_…`. */
  readonly secretKey: string;
  /** `wh_…` */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * FedaPay: a secret key as a bearer token. A request may name an API version in `X-Version`, and an account in
 * `FedaPay-Account`.
 *
 * The body of a 401 is not documented, so it never counts against the key. A reading call that is refused is sent once
 * more with another key of the list; a function or a file of credentials is asked again after it.
 *
 * @see https://docs.fedapay.com
 */
export const fedapay = builtInProvider<FedapayCredentials, 'fedapay', 'sandbox' | 'live'>('fedapay', () => ({
  title: 'FedaPay',
  docs: 'https://docs.fedapay.com',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Applications > API keys',
  environments: { sandbox: 'https://sandbox-api.fedapay.com', live: 'https://api.fedapay.com' },
  environmentVariable: 'FEDAPAY_ENVIRONMENT',
  baseUrlVariable: 'FEDAPAY_BASE_URL',
  credentials: {
    secretKey: {
      variable: 'FEDAPAY_SECRET_KEY',
      belongsTo: { sandbox: /^sk_sandbox_/, live: /^sk_live_/ },
    },
    webhookSecret: { variable: 'FEDAPAY_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.secretKey) }),
  webhooks: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'x-fedapay-signature',
      list: { signature: 's', timestamp: 't' },
      signed: '{timestamp}.{body}',
    }),
  },
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the secret key is wrong, or belongs to the other environment',
      fix: 'compare FEDAPAY_SECRET_KEY with the dashboard; check FEDAPAY_ENVIRONMENT',
    },
  ],
}));
