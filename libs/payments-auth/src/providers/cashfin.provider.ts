import { valueAt } from '../building-blocks/json-value.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Cashfin's static credentials. */
export interface CashfinCredentials {
  /** From Settings, API. Looks like `cs_…`. */
  readonly clientSecret: string;
  /** The secret that webhooks are signed with. */
  readonly webhookSecret?: string;
}

/**
 * Cashfin: a client secret that goes with every call as it is. Live only.
 *
 * Cashfin may need an hour to notice a new key. Until then it can refuse the new key.
 *
 * @see https://docs.cashfin.africa/guide
 */
export const cashfin = builtInProvider<CashfinCredentials, 'cashfin', 'live'>('cashfin', () => ({
  title: 'Cashfin',
  docs: 'https://docs.cashfin.africa/guide',
  credentialsPage: 'Settings > API > Create API Credentials; the client secret is shown once',
  environments: { live: 'https://api.cashfin.africa' },
  baseUrlVariable: 'CASHFIN_BASE_URL',
  credentials: {
    clientSecret: { variable: 'CASHFIN_CLIENT_SECRET' },
    webhookSecret: { variable: 'CASHFIN_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: credentials.clientSecret }),
  refusal: {
    refused: ({ status, body }) => status === 401 && valueAt(body, 'success') === false,
    // The key is valid; the call, or the address it comes from, is not allowed.
    incurable: ({ status }) => status === 403,
  },
  probe: { path: '/business/product/list' },
  webhooks: { signature: hmacWebhook({ key: 'webhookSecret', header: 'x-cashfin-signature' }) },
  advice: [
    {
      on: 'call',
      status: 401,
      cause:
        'the key is wrong, new or deactivated, the business is inactive, or this address is not on the allow-list',
      fix: "compare CASHFIN_CLIENT_SECRET with the dashboard; a new key can take an hour to be known everywhere; reactivate the key; ask Cashfin's support about an inactive business",
    },
    {
      on: 'call',
      status: 403,
      cause: 'the key is valid; this call, or the address it comes from, is not allowed',
      fix: 'check the IP allow-list and the permissions of the key in the dashboard',
    },
  ],
}));
