import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Paymob's static credentials, for the Intention API. */
export interface PaymobCredentials {
  readonly secretKey: string;
  /** For the checkout page, which the application opens. */
  readonly publicKey?: string;
  /** The key of the older API, which this definition does not serve. It is not sent, and kept out of everything that is printed. */
  readonly apiKey?: string;
  /** The secret that callbacks are signed with. */
  readonly hmacSecret?: string | readonly string[];
}

/** The signed fields, in this order. A callback has them under `obj`; a redirect has them flat, with `order` for `order.id`. */
const TRANSACTION_FIELDS = [
  'amount_cents',
  'created_at',
  'currency',
  'error_occured',
  'has_parent_transaction',
  'id',
  'integration_id',
  'is_3d_secure',
  'is_auth',
  'is_capture',
  'is_refunded',
  'is_standalone_payment',
  'is_voided',
  'order.id',
  'owner',
  'pending',
  'source_data.pan',
  'source_data.sub_type',
  'source_data.type',
  'success',
];
const CARD_FIELDS = [
  'card_subtype',
  'created_at',
  'email',
  'id',
  'masked_pan',
  'merchant_id',
  'order_id',
  'token',
];

/**
 * Paymob, Intention API: a secret key with the scheme `Token`. Egypt's host; other countries have hosts of their own.
 *
 * @see https://developers.paymob.com
 */
export const paymob = builtInProvider<PaymobCredentials, 'paymob', 'live'>('paymob', () => ({
  title: 'Paymob',
  docs: 'https://developers.paymob.com',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Settings > Account Info',
  environments: { live: 'https://accept.paymob.com' },
  baseUrlVariable: 'PAYMOB_BASE_URL',
  credentials: {
    secretKey: { variable: 'PAYMOB_SECRET_KEY' },
    publicKey: { variable: 'PAYMOB_PUBLIC_KEY', optional: true, secret: false },
    apiKey: { variable: 'PAYMOB_API_KEY', optional: true },
    hmacSecret: { variable: 'PAYMOB_HMAC_SECRET', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: `Token ${credentials.secretKey}` }),
  webhooks: {
    /** @see https://docs.paymob.com/docs/hmac-calculation */
    transaction: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: TRANSACTION_FIELDS.map((field) => `obj.${field}`) },
    }),
    card: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: CARD_FIELDS.map((field) => `obj.${field}`) },
    }),
    // The payer's browser brings this message, as a GET with the same fields in the query.
    redirect: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: TRANSACTION_FIELDS.map((field) => (field === 'order.id' ? 'order' : field)) },
      onlyWhenNamed: true,
    }),
  },
  advice: [
    {
      on: 'call',
      status: [401, 403],
      cause: 'the secret key is wrong, belongs to another country, or is the key of the older API',
      fix: 'copy PAYMOB_SECRET_KEY from the dashboard again; set PAYMOB_BASE_URL to the host of your country',
    },
  ],
}));
