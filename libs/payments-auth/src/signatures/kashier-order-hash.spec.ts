import { describe, expect, it } from '@jest/globals';
import { type KashierOrder, kashierOrderHash } from './kashier-order-hash.js';

const ORDER: KashierOrder = { merchantId: 'MID-0-1', orderId: 'ORDER-1', amount: '100.50', currency: 'EGP' };

describe('kashierOrderHash', () => {
  it('refuses an amount that is a number, and says why', () => {
    const order = { ...ORDER, amount: 100.5 } as unknown as KashierOrder;
    expect(() => kashierOrderHash(order, 'test-payment-api-key')).toThrow(
      /amount has to be a string, the very one that is sent/,
    );
  });

  it('takes the amount to the letter', () => {
    const other = kashierOrderHash({ ...ORDER, amount: '100.5' }, 'test-payment-api-key');
    expect(kashierOrderHash(ORDER, 'test-payment-api-key')).not.toBe(other);
  });

  it.each(['merchantId', 'orderId', 'amount', 'currency'] as const)('refuses to hash without %s', (name) => {
    for (const value of ['', undefined, null]) {
      const order = { ...ORDER, [name]: value } as KashierOrder;
      expect(() => kashierOrderHash(order, 'test-payment-api-key')).toThrow(new RegExp(`${name} has to be`));
    }
  });

  it('refuses an empty key, with which anybody could make the hash', () => {
    expect(() => kashierOrderHash(ORDER, '')).toThrow(/paymentApiKey has to be/);
  });

  it('takes an empty customer reference for none', () => {
    expect(kashierOrderHash({ ...ORDER, customerReference: '' }, 'k')).toBe(kashierOrderHash(ORDER, 'k'));
  });
});
