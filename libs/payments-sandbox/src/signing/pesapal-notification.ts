import type { Credentials } from '../core/account.js';
import type { WebhookShape } from './webhook-shape.js';

/** PesaPal's instant payment notification. It is not signed, so its receiver has to ask PesaPal. */
export const pesapalNotification: WebhookShape<Credentials> = {
  event: (random) => ({
    OrderTrackingId: `${random.hex(32)}-completed`,
    OrderNotificationType: 'IPNCHANGE',
    OrderMerchantReference: `ORDER-${random.text(8)}`,
  }),
  message: (event) => ({
    method: 'GET',
    headers: {},
    query: Object.fromEntries(Object.entries(event).map(([name, value]) => [name, String(value)])),
  }),
};
