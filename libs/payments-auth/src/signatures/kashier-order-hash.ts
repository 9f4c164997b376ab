import { hmac } from './digest.js';

/** What a Kashier order hash is made of. */
export interface KashierOrder {
  /** `MID-…` */
  readonly merchantId: string;
  readonly orderId: string;
  /** The very string that is sent to Kashier: `100`, `100.50`. */
  readonly amount: string;
  /** `EGP` */
  readonly currency: string;
  readonly customerReference?: string;
}

/**
 * The hash that authenticates a Kashier payment: HMAC-SHA256 in lower-case hex, keyed with the Payment API key (not
 * with the secret key).
 *
 * @throws TypeError when a part is missing or not a string. Above all an amount that is a number: `100.50` would be
 *   hashed as `100.5`, and Kashier would refuse the payment
 * @see https://developers.kashier.io
 */
export function kashierOrderHash(order: KashierOrder, paymentApiKey: string): string {
  const { merchantId, orderId, amount, currency, customerReference } = order;
  if (typeof amount === 'number') {
    throw new TypeError(
      'kashierOrderHash: amount has to be a string, the very one that is sent to Kashier. A number can be written in several ways, and only one of them has this hash.',
    );
  }
  for (const [name, value] of Object.entries({ merchantId, orderId, amount, currency, paymentApiKey })) {
    if (typeof value !== 'string' || value === '') {
      throw new TypeError(`kashierOrderHash: ${name} has to be a string that is not empty.`);
    }
  }
  if (customerReference !== undefined && typeof customerReference !== 'string') {
    throw new TypeError('kashierOrderHash: customerReference has to be a string.');
  }
  const parts = [merchantId, orderId, amount, currency, ...(customerReference ? [customerReference] : [])];
  return hmac('hmac-sha256', paymentApiKey, `/?payment=${parts.join('.')}`);
}
