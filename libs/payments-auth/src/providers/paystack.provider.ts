import { valueAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Paystack's static credentials. */
export interface PaystackCredentials {
  /** `sk_test_…` or `sk_live_…`: the key says the mode. It signs the webhooks too. */
  readonly secretKey: string;
}

/**
 * Paystack: a secret key as a bearer token. One host for both modes.
 *
 * @see https://docs-v2.paystack.com/docs/api/authentication
 */
export const paystack = builtInProvider<PaystackCredentials, 'paystack', 'live'>('paystack', () => ({
  title: 'Paystack',
  docs: 'https://docs-v2.paystack.com/docs/api/authentication',
  region: 'Africa',
  basedOn: '2026-02',
  credentialsPage: 'dashboard, Settings > API Keys & Webhooks',
  environments: { live: 'https://api.paystack.co' },
  baseUrlVariable: 'PAYSTACK_BASE_URL',
  credentials: { secretKey: { variable: 'PAYSTACK_SECRET_KEY' } },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.secretKey) }),
  // {"status":false,"message":"Invalid key"}
  refusal: { refused: ({ status, body }) => status === 401 && valueAt(body, 'status') === false },
  probe: { path: '/balance' },
  webhooks: {
    /** @see https://docs-v2.paystack.com/docs/payments/webhooks */
    signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'x-paystack-signature' }),
    // The newer form of the signature. Its header is not documented, so the library looks for it in the same header.
    dated: hmacWebhook({
      key: 'secretKey',
      hash: 'sha512',
      header: 'x-paystack-signature',
      list: { signature: 'v1', timestamp: 't', keyIdBefore: ':' },
      signed: '{timestamp}.{body}',
    }),
  },
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the secret key is wrong, or was replaced',
      fix: 'copy PAYSTACK_SECRET_KEY from the dashboard again; the public key (pk_…) does not serve here',
    },
  ],
}));
