import type { ProviderBehaviour } from '../core/provider-behaviour.js';
import { headerOf } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from './payment.js';
import { cashfinWebhook } from '../signing/cashfin-webhook.js';

export type CashfinCredentials = { readonly clientSecret: string; readonly webhookSecret: string };

const HOUR_MS = 3_600_000;

/** Cashfin: one client secret, sent as it is. */
export const cashfin: ProviderBehaviour<CashfinCredentials, 'cashfin'> = {
  name: 'cashfin',
  hosts: ['api'],
  basePath: '',
  refusalStatus: 401,
  // The limits of the free plan.
  limits: [
    { limit: 60, perMs: 60_000, per: 'account', reported: true },
    { limit: 5, perMs: 1_000, per: 'account' },
    { limit: 1_000, perMs: 24 * HOUR_MS, per: 'account' },
  ],
  paymentKeys: ['reference'],
  webhooks: { webhook: cashfinWebhook },
  credentials: (random) => ({
    invent: (_account, previous) => ({
      clientSecret: `cs_${random.text(32)}`,
      webhookSecret: previous?.webhookSecret ?? `sandbox-whsec-${random.text(24)}`,
    }),
    identityOf: ({ clientSecret }) => clientSecret,
    secretOf: ({ clientSecret }) => clientSecret,
    // Cashfin caches a valid key for up to an hour.
    oldKeyWorksForMs: HOUR_MS,
  }),
  environment: ({ clientSecret, webhookSecret }, { api = '' }) => ({
    CASHFIN_CLIENT_SECRET: clientSecret,
    CASHFIN_WEBHOOK_SECRET: webhookSecret,
    CASHFIN_BASE_URL: api,
  }),
  bearerOf: (request, { accounts }) => {
    const secret = headerOf(request, 'authorization') ?? '';
    const proven = accounts.proven(secret, secret);
    return proven && { account: proven.account, key: proven.version, scopes: [] };
  },
  refusal: (status) => json(status, { success: false, message: 'Unauthorized access!' }),
  error: (status, message) => json(status, { success: false, message }),
  rateLimited: (retryAfter) =>
    json(
      429,
      {
        success: false,
        error: 'Rate limit exceeded. Please try again later.',
        retry_after: Number(retryAfter),
      },
      { 'retry-after': retryAfter },
    ),
  resources: [
    {
      method: 'GET',
      path: '/business/product/list',
      answer: () =>
        json(200, { success: true, data: [{ id: 'prod_sandbox_1', name: 'Sandbox product', price: 1000 }] }),
    },
    {
      method: 'POST',
      path: '/business/payment/create',
      answer: (call) => json(200, { success: true, data: payment(call) }),
    },
  ],
};
