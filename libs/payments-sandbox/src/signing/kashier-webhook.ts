import { kashierWebhookSignature } from './kashier-signatures.js';
import { jsonMessage, type WebhookShape } from './webhook-shape.js';

const HEADER = 'x-kashier-signature';

type KashierKeys = { readonly apiKey: string };

export const kashierWebhook: WebhookShape<KashierKeys> = {
  signatureHeader: HEADER,
  event: (random) => ({
    event: 'pay',
    data: {
      merchantOrderId: `ORDER-${random.text(8)}`,
      kashierOrderId: random.hex(32),
      orderReference: `SANDBOX-ORD-${random.integer(1_000_000)}`,
      transactionId: `TX-${random.integer(1_000_000)}`,
      status: 'SUCCESS',
      method: 'card',
      amount: 100,
      currency: 'EGP',
      signatureKeys: ['amount', 'currency', 'merchantOrderId', 'status', 'transactionId'],
    },
  }),
  signatureOf: (event, { apiKey }) => {
    const data = event['data'] as Record<string, unknown>;
    return kashierWebhookSignature(data, data['signatureKeys'] as string[], apiKey);
  },
  message: (event, signature) => jsonMessage(event, HEADER, signature),
};
