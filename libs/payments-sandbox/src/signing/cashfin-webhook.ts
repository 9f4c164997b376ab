import { hmacSha256 } from './hmac.js';
import { jsonMessage, type WebhookShape } from './webhook-shape.js';

/** `x-cashfin-signature` covers the raw body. Its secret is used for webhooks alone. */
export function cashfinWebhookSignature(rawBody: string | Buffer, webhookSecret: string): string {
  return hmacSha256(webhookSecret, rawBody);
}

const HEADER = 'x-cashfin-signature';

type CashfinKeys = { readonly webhookSecret: string };

export const cashfinWebhook: WebhookShape<CashfinKeys> = {
  signatureHeader: HEADER,
  event: (random) => ({
    event: 'payment.completed',
    data: { reference: `ORDER-${random.text(8)}`, amount: '100', currency: 'NGN', status: 'completed' },
  }),
  signatureOf: (event, { webhookSecret }) => cashfinWebhookSignature(JSON.stringify(event), webhookSecret),
  message: (event, signature) => jsonMessage(event, HEADER, signature),
};
