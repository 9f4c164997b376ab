import { generateKeyPairSync } from 'node:crypto';
import {
  BUILT_IN_PROVIDERS,
  type BuiltInDefinitions,
  standardWebhooks,
  type WebhookScheme,
} from 'nestjs-payments-auth';

type Schemes = Readonly<Record<string, WebhookScheme<string>>>;

/** The webhooks of every built-in provider, by its name, and those of the two common formats. */
export const WEBHOOKS = {
  ...Object.fromEntries(
    BUILT_IN_PROVIDERS.flatMap(({ name, webhooks }) =>
      webhooks === undefined ? [] : [[name, webhooks as Schemes]],
    ),
  ),
  'standard-webhooks': { signature: standardWebhooks({ key: 'webhookSecret' }) },
  svix: { signature: standardWebhooks({ key: 'webhookSecret', prefix: 'svix' }) },
} as unknown as Readonly<Record<keyof BuiltInDefinitions | 'standard-webhooks' | 'svix', Schemes>>;

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The secrets of every scheme. */
export const CREDENTIALS: Record<string, string> = {
  ...Object.fromEntries(
    'apiKey apiSecret secretKey secretHash secretToken hmacSecret clientSecret webhookSecret webhookUsername webhookPassword webhookSignatureKey callbackToken accessKey webhookId checksumKey privateKey login signatureKey'
      .split(' ')
      .map((field) => [field, `test-not-real-${field}`]),
  ),
  hmacKey: '44'.repeat(32),
  callbackPublicKey: privateKey,
  webhookPublicKey: privateKey,
  checksumMethod: 'legacy',
};

/** A secret of Standard Webhooks is written in base64. */
export const STANDARD = {
  ...CREDENTIALS,
  webhookSecret: `whsec_${Buffer.from('test-not-real-webhook').toString('base64')}`,
};

/** The bodies for schemes that need a certain kind of body. */
export const PAYLOADS: Record<string, unknown> = {
  adyen: { notificationItems: [{ NotificationRequestItem: { pspReference: 'PSP1' } }] },
  'airtel-money': { transaction: { id: 'A1', status_code: 'TS' } },
  azampay: { status: 'success', operator: 'Tigo' },
  daraja: { TransID: 'T1', Body: { stkCallback: { CheckoutRequestID: 'ws_1' } } },
  iyzico: {
    iyziEventType: 'AUTH',
    iyziPaymentId: 1,
    paymentId: 1,
    token: 't',
    paymentConversationId: 'c',
    status: 'SUCCESS',
  },
  kashier: {
    data: {
      status: 'SUCCESS',
      amount: 1,
      currency: 'EGP',
      merchantOrderId: 'O-1',
      signatureKeys: ['status', 'amount', 'currency', 'merchantOrderId'],
    },
  },
  mercadopago: { data: { id: 'ORD-1' } },
  mollie: { id: 'tr_1' },
  ...Object.fromEntries(
    ['collection', 'disbursement', 'remittance'].map((product) => [`momo-${product}`, { externalId: 'M1' }]),
  ),
  nomba: { event_type: 'payment_success', data: { transaction: { responseCode: null } } },
  'orange-money': { notif_token: 'n', status: 'SUCCESS' },
  pawapay: { depositId: 'D1', status: 'COMPLETED' },
  paymob: { obj: { id: 1, amount_cents: 100 }, id: '1' },
  'peach-payments': { amount: '5.00' },
  selcom: { order_id: 'O-1', amount: 100, 'billing.phone': '', remarks: null },
  pesapal: { OrderTrackingId: 't', OrderMerchantReference: 'r', OrderNotificationType: 'IPNCHANGE' },
};
