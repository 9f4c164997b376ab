import { cashfinWebhookSignature } from './cashfin-webhook.js';
import { clickpesaChecksum } from './clickpesa-checksum.js';
import {
  kashierOrderHash,
  kashierRedirectQuery,
  kashierRedirectSignature,
  kashierWebhookSignature,
} from './kashier-signatures.js';
import { wakapayWebhookSignature } from './wakapay-webhook.js';

describe('Kashier', () => {
  const key = 'test-payment-api-key';
  const order = { merchantId: 'MID-0-1', orderId: 'ORDER-1', amount: '100', currency: 'EGP' };

  it('hashes an order', () => {
    expect(kashierOrderHash(order, key)).toBe(
      '5f8c113b682020fade889acf68baf32edcb13d7c2c535c1460d0cfb66fd8e387',
    );
  });

  it('hashes an order with a customer reference', () => {
    expect(kashierOrderHash({ ...order, customerReference: 'CUST-1' }, key)).toBe(
      'b432b34110437cb5252e77247882967c059279ad0eef34cdc73dd036fd2ba640',
    );
  });

  it('signs a webhook over the fields it names, sorted and percent-encoded', () => {
    const data = {
      transactionId: 'TX-1',
      status: 'SUCCESS',
      merchantOrderId: 'ORDER 1',
      currency: 'EGP',
      amount: 100,
      method: 'card',
    };
    const keys = ['status', 'amount', 'transactionId', 'merchantOrderId', 'currency'];
    expect(kashierWebhookSignature(data, keys, key)).toBe(
      'f1bc263a5f21c8b1b754bceb552f9af3baced17225a37000743cf35f303cf1ed',
    );
  });

  it('signs a redirect over raw values, and carries the signature in the query', () => {
    const query = kashierRedirectQuery({ paymentStatus: 'SUCCESS', merchantOrderId: 'a b' }, key);
    expect(query.get('signature')).toBe(
      kashierRedirectSignature({ merchantOrderId: 'a b', paymentStatus: 'SUCCESS' }, key),
    );
    expect(query.get('merchantOrderId')).toBe('a b');
  });
});

describe('ClickPesa', () => {
  const body = { phoneNumber: '255700000000', orderReference: 'ORD1', currency: 'TZS', amount: '1000' };

  it('makes the canonical checksum, whatever the order of the fields, without its own two', () => {
    const expected = '425e46e23a50023d682a76d11dcbf4826371bc0aa1341e81de2ede283469745a';
    expect(clickpesaChecksum(body, 'CHKtest', 'canonical')).toBe(expected);
    expect(clickpesaChecksum({ ...body, checksum: 'x', checksumMethod: 'y' }, 'CHKtest', 'canonical')).toBe(
      expected,
    );
  });

  it('sorts the fields of nested objects too', () => {
    const a = clickpesaChecksum({ a: [{ y: 1, x: 2 }] }, 'CHKtest', 'canonical');
    expect(clickpesaChecksum({ a: [{ x: 2, y: 1 }] }, 'CHKtest', 'canonical')).toBe(a);
  });

  it('makes the legacy checksum over the joined values', () => {
    expect(clickpesaChecksum(body, 'CHKtest', 'legacy')).toBe(
      '7ef546fbc5b1e86fd0749d9fc5d82234aee09dc6b5574443ce867e14fc9740e3',
    );
  });
});

it('signs a Cashfin webhook over its raw body', () => {
  expect(cashfinWebhookSignature('{"event":"payment.completed"}', 'whsec')).toBe(
    'bafe61d927598de405d7ef20d344a945840de20fecc8d6f33a1e773b562fd6f6',
  );
});

it('signs every WakaPay webhook with the hash of the key pair', () => {
  expect(wakapayWebhookSignature('key1', 'secret1')).toBe(
    '4fe6295c0612b91572a31a237c4e4fbfeed93ee4330d410836a54aa0efa3de7a',
  );
});
