import { basic } from '../building-blocks/basic.js';
import { says } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Razorpay's static credentials. */
export interface RazorpayCredentials {
  /** `rzp_test_…` or `rzp_live_…`: the key says the mode. */
  readonly keyId: string;
  readonly keySecret: string;
  /** After a change, Razorpay signs repeated deliveries with the old secret: keep both for a day. */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Razorpay: HTTP Basic with the key's id and secret, with exactly this spelling of the scheme. For version 2 of the
 * API, configure the provider once more, with the base URL of that version.
 *
 * @see https://razorpay.com/docs/api/authentication
 */
export const razorpay = builtInProvider<RazorpayCredentials, 'razorpay', 'live'>('razorpay', () => ({
  title: 'Razorpay',
  docs: 'https://razorpay.com/docs/api/authentication',
  region: 'Asia',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Account & Settings > API Keys',
  environments: { live: 'https://api.razorpay.com/v1' },
  baseUrlVariable: 'RAZORPAY_BASE_URL',
  credentials: {
    keyId: { variable: 'RAZORPAY_KEY_ID', secret: false },
    keySecret: { variable: 'RAZORPAY_KEY_SECRET' },
    webhookSecret: { variable: 'RAZORPAY_WEBHOOK_SECRET', optional: true },
  },
  headers: ({ credentials: { keyId, keySecret } }) => ({ Authorization: basic(keyId, keySecret) }),
  refusal: {
    // Razorpay uses the same code for every bad request, so the message is compared.
    refused: (answer) =>
      answer.status === 401 && says(answer, 'error.description', 'api key', 'authentication failed'),
    // This address is not on the allow-list.
    incurable: (answer) => says(answer, 'error.description', 'access denied'),
  },
  probe: { path: '/payments?count=1' },
  webhooks: {
    /** @see https://razorpay.com/docs/webhooks/validate-test/ */
    signature: hmacWebhook({ key: 'webhookSecret', header: 'x-razorpay-signature' }),
  },
  advice: [
    {
      on: 'call',
      says: 'access denied',
      cause: 'this address is not on the allow-list of the key',
      fix: 'add the address in the dashboard',
    },
    {
      on: 'call',
      status: 401,
      cause: 'the key id or the key secret is wrong, was generated again, or belongs to the other mode',
      fix: 'compare RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET with the dashboard',
    },
  ],
}));
