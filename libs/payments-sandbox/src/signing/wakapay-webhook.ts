import { createHash } from 'node:crypto';
import { jsonMessage, type WebhookShape } from './webhook-shape.js';

/** The signature is the same in every message of a key pair. It proves the sender, and not the content. */
export function wakapayWebhookSignature(apiKey: string, apiSecret: string): string {
  return createHash('sha256').update(`${apiKey}:${apiSecret}`).digest('hex');
}

type WakapayKeys = { readonly apiKey: string; readonly apiSecret: string };

export const wakapayWebhook: WebhookShape<WakapayKeys> = {
  event: (random) => ({
    event: 'payment.succeeded',
    data: { reference: `ORDER-${random.text(8)}`, amount: '100.00', currency: 'USD', status: 'succeeded' },
  }),
  signatureOf: (_event, { apiKey, apiSecret }) => wakapayWebhookSignature(apiKey, apiSecret),
  message: (event, signature) => jsonMessage(signature === undefined ? event : { ...event, signature }),
};
