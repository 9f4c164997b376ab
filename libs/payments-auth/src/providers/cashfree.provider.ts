import { hasCode } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** The static credentials of Cashfree's payment gateway. Payouts have others. */
export interface CashfreeCredentials {
  readonly clientId: string;
  /** It signs the webhooks too. */
  readonly clientSecret: string;
}

/**
 * Cashfree: client id and secret in headers of their own, and the version of the API.
 *
 * @see https://www.cashfree.com/docs/api-reference/authentication
 */
export const cashfree = builtInProvider<CashfreeCredentials, 'cashfree', 'sandbox' | 'live'>(
  'cashfree',
  () => ({
    title: 'Cashfree',
    docs: 'https://www.cashfree.com/docs/api-reference/authentication',
    region: 'Asia',
    basedOn: '2026-08',
    credentialsPage: 'merchant dashboard, Developers > API Keys',
    environments: { sandbox: 'https://sandbox.cashfree.com/pg', live: 'https://api.cashfree.com/pg' },
    environmentVariable: 'CASHFREE_ENV',
    baseUrlVariable: 'CASHFREE_BASE_URL',
    credentials: {
      clientId: { variable: 'CASHFREE_APP_ID', secret: false },
      clientSecret: { variable: 'CASHFREE_SECRET_KEY' },
    },
    headers: ({ credentials: { clientId, clientSecret } }) => ({
      'x-client-id': clientId,
      'x-client-secret': clientSecret,
    }),
    // A request may name another version.
    defaultHeaders: () => ({ 'x-api-version': '2025-01-01' }),
    refusal: {
      refused: (answer) => answer.status === 401 && hasCode(answer, 'type', 'authentication_error'),
      // This address is not on the allow-list.
      incurable: ({ status }) => status === 403,
    },
    // This order does not exist. A 404 shows that the credentials are accepted.
    probe: { path: '/orders/nestjs-payments-auth-probe', accepted: ({ status }) => status === 404 },
    webhooks: {
      /** @see https://www.cashfree.com/docs/payments/online/webhooks/signature-verification */
      signature: hmacWebhook({
        key: 'clientSecret',
        header: 'x-webhook-signature',
        encoding: 'base64',
        timestamp: { at: '{header:x-webhook-timestamp}', unit: 'milliseconds' },
        // One page shows a dot between the two. It joins texts in PHP, and is not signed.
        signed: '{timestamp}{body}',
      }),
    },
    advice: [
      {
        on: 'call',
        status: 401,
        cause:
          'the client id or the secret is wrong, is that of payouts, or belongs to the other environment',
        fix: 'compare CASHFREE_APP_ID and CASHFREE_SECRET_KEY with the dashboard; check CASHFREE_ENV',
      },
      {
        on: 'call',
        status: 403,
        cause: 'this address is not on the allow-list',
        fix: 'add the address in the dashboard',
      },
    ],
  }),
);
