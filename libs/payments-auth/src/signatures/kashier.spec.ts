import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type KashierOrder, kashierOrderHash, verifyKashierRedirect } from './kashier.js';
import { fc } from '../../../../test/support/chances.js';

const ORDER: KashierOrder = { merchantId: 'MID-0-1', orderId: 'ORDER-1', amount: '100.50', currency: 'EGP' };

describe('kashierOrderHash', () => {
  it('refuses an amount that is a number, and says why', () => {
    const order = { ...ORDER, amount: 100.5 } as unknown as KashierOrder;
    expect(() => kashierOrderHash(order, 'test-payment-api-key')).toThrow(
      /amount has to be a string, the very one that is sent/,
    );
  });

  it('hashes the amount exactly as it is written', () => {
    const other = kashierOrderHash({ ...ORDER, amount: '100.5' }, 'test-payment-api-key');
    expect(kashierOrderHash(ORDER, 'test-payment-api-key')).not.toBe(other);
  });

  it.each(['merchantId', 'orderId', 'amount', 'currency'] as const)('refuses to hash without %s', (name) => {
    for (const value of ['', undefined, null]) {
      const order = { ...ORDER, [name]: value } as KashierOrder;
      expect(() => kashierOrderHash(order, 'test-payment-api-key')).toThrow(new RegExp(`${name} has to be`));
    }
  });

  it('refuses an empty key, because anybody could make that hash', () => {
    expect(() => kashierOrderHash(ORDER, '')).toThrow(/paymentApiKey has to be/);
  });

  it('treats an empty customer reference as absent', () => {
    expect(kashierOrderHash({ ...ORDER, customerReference: '' }, 'k')).toBe(kashierOrderHash(ORDER, 'k'));
  });
});

const KEY = 'test-payment-api-key';
const REDIRECT = {
  paymentStatus: 'SUCCESS',
  cardDataToken: '',
  maskedCard: '512345******2346',
  merchantOrderId: 'ORDER 1',
  orderId: 'k-1',
  cardBrand: 'Mastercard',
  orderReference: 'TEST-ORD-1',
  transactionId: 'TX-1',
  amount: '100',
  currency: 'EGP',
};

/** Parameters that are never empty in a genuine redirect. */
const REQUIRED = ['paymentStatus', 'merchantOrderId', 'amount', 'currency'];

function signed(redirect: Record<string, string>, key = KEY): Record<string, string> {
  const text = Object.entries(redirect)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return { ...redirect, signature: createHmac('sha256', key).update(text).digest('hex') };
}

describe('verifyKashierRedirect', () => {
  it('gives the signed parameters, and no other', () => {
    const query = { ...signed(REDIRECT), mode: 'test', coupon: 'FREE' };
    expect(verifyKashierRedirect(query, KEY)).toEqual(REDIRECT);
  });

  it('reads a query string as it stands in a URL, and URLSearchParams', () => {
    const query = new URLSearchParams(signed(REDIRECT));
    expect(verifyKashierRedirect(query, KEY)).toEqual(REDIRECT);
    expect(verifyKashierRedirect(`?${query.toString()}`, KEY)).toEqual(REDIRECT);
  });

  it('accepts each of several keys', () => {
    expect(verifyKashierRedirect(signed(REDIRECT, 'old'), ['new', 'old'])).toEqual(REDIRECT);
    expect(verifyKashierRedirect(signed(REDIRECT, 'other'), ['new', 'old'])).toBeUndefined();
  });

  it('accepts nothing unsigned, and no signature made with an empty key', () => {
    expect(verifyKashierRedirect(REDIRECT, KEY)).toBeUndefined();
    expect(verifyKashierRedirect({ ...REDIRECT, signature: '' }, KEY)).toBeUndefined();
    expect(verifyKashierRedirect(signed(REDIRECT, ''), '')).toBeUndefined();
    expect(verifyKashierRedirect(signed(REDIRECT, ''), [])).toBeUndefined();
  });

  it.each(Object.keys(REDIRECT))('refuses another %s', (name) => {
    expect(verifyKashierRedirect({ ...signed(REDIRECT), [name]: 'forged' }, KEY)).toBeUndefined();
  });

  it('refuses a value that would let the signed text be split in another way', () => {
    const split = signed({ ...REDIRECT, cardBrand: 'Visa&orderReference=x' });
    expect(verifyKashierRedirect(split, KEY)).toBeUndefined();
  });

  it('refuses a genuine redirect that does not say what was paid', () => {
    expect(verifyKashierRedirect(signed({ ...REDIRECT, amount: '' }), KEY)).toBeUndefined();
  });

  it('refuses a signature in capitals, cut, or given twice', () => {
    const query = signed(REDIRECT);
    const signature = query['signature'] as string;
    for (const other of [signature.toUpperCase(), signature.slice(1), `${signature} `]) {
      expect(verifyKashierRedirect({ ...query, signature: other }, KEY)).toBeUndefined();
    }
    const twice = new URLSearchParams(query);
    twice.append('signature', signature);
    expect(verifyKashierRedirect(twice, KEY)).toBeUndefined();
    expect(verifyKashierRedirect({ ...query, signature: [signature, signature] }, KEY)).toBeUndefined();
  });

  it.each(Object.keys(REDIRECT))('refuses %s when it is repeated, or is not text', (name) => {
    // The signed text has an empty value here. A repeated parameter must not be read as an empty one.
    const query = signed({ ...REDIRECT, ...(REQUIRED.includes(name) ? {} : { [name]: '' }) });
    for (const more of ['forged', query[name] as string]) {
      for (const values of [
        [query[name] as string, more],
        [more, query[name] as string],
      ]) {
        const repeated = new URLSearchParams(query);
        repeated.delete(name);
        for (const value of values) repeated.append(name, value);
        expect(verifyKashierRedirect(repeated, KEY)).toBeUndefined();
        expect(verifyKashierRedirect(repeated.toString(), KEY)).toBeUndefined();
        expect(verifyKashierRedirect({ ...query, [name]: values }, KEY)).toBeUndefined();
      }
    }
    for (const other of [{ 0: 'forged' }, null, 100, []])
      expect(verifyKashierRedirect({ ...query, [name]: other }, KEY)).toBeUndefined();
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.anything())), (query) => {
        expect(verifyKashierRedirect(query, KEY)).toBeUndefined();
      }),
    );
    expect(verifyKashierRedirect(null as unknown as string, KEY)).toBeUndefined();
  });
});
