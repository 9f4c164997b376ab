import { clickpesaChecksum } from './clickpesa-checksum.js';
import { jsonMessage, type WebhookShape } from './webhook-shape.js';

type ClickpesaKeys = { readonly checksumKey?: string };

/** The checksum is a field of the body that it covers. It follows the `canonical` rule, unless the setting is `legacy`. */
export const clickpesaWebhook: WebhookShape<ClickpesaKeys> = {
  event: (random) => ({
    event: 'PAYMENT RECEIVED',
    data: {
      paymentReference: random.text(12),
      orderReference: `ORD${random.text(8)}`,
      status: 'SUCCESS',
      amount: '1000',
      currency: 'TZS',
    },
  }),
  signatureOf: (event, { checksumKey = '' }, { settings: { checksum } }) =>
    clickpesaChecksum(event, checksumKey, checksum === 'legacy' ? 'legacy' : 'canonical'),
  message: (event, signature) =>
    jsonMessage(
      signature === undefined ? event : { ...event, checksum: signature, checksumMethod: 'HMAC-SHA256' },
    ),
};
