import { describe, expect, it } from '@jest/globals';
import { cashfin, clickpesa, kashier, wakapay } from '../providers/index.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import { examined } from '../../../../test/support/examined.js';
import { kashierOrderHash } from './kashier.js';

/** Vectors with invented keys, made by other code than this library. */
const PAYMENT_API_KEY = 'test-payment-api-key';
const ORDER = { merchantId: 'MID-0-1', orderId: 'ORDER-1', amount: '100', currency: 'EGP' };
const BODY = { amount: '1000', currency: 'TZS', orderReference: 'ORD1', phoneNumber: '255700000000' };

function message(headers: Record<string, string>, body: unknown) {
  return { headers, rawBody: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}

describe('a published vector is met:', () => {
  it('Kashier order hash', () => {
    expect(kashierOrderHash(ORDER, PAYMENT_API_KEY)).toBe(
      '5f8c113b682020fade889acf68baf32edcb13d7c2c535c1460d0cfb66fd8e387',
    );
  });

  it('Kashier order hash with a customer reference', () => {
    expect(kashierOrderHash({ ...ORDER, customerReference: 'CUST-1' }, PAYMENT_API_KEY)).toBe(
      'b432b34110437cb5252e77247882967c059279ad0eef34cdc73dd036fd2ba640',
    );
  });

  it('Kashier webhook', async () => {
    const data = {
      status: 'SUCCESS',
      amount: 100,
      currency: 'EGP',
      merchantOrderId: 'ORDER 1',
      transactionId: 'TX-1',
      signatureKeys: ['transactionId', 'status', 'merchantOrderId', 'currency', 'amount'],
    };
    const signature = 'f1bc263a5f21c8b1b754bceb552f9af3baced17225a37000743cf35f303cf1ed';
    const received = message({ 'x-kashier-signature': signature }, { event: 'pay', data });
    expect(await examined(kashier.webhooks, received, [{ apiKey: PAYMENT_API_KEY }], 0)).toMatchObject({
      evidence: { proves: 'payload', payload: { amount: 100, merchantOrderId: 'ORDER 1' } },
    });
  });

  it.each([
    ['canonical', '425e46e23a50023d682a76d11dcbf4826371bc0aa1341e81de2ede283469745a'],
    ['legacy', '7ef546fbc5b1e86fd0749d9fc5d82234aee09dc6b5574443ce867e14fc9740e3'],
  ] as const)('ClickPesa %s, in what is sent and in what comes', async (format, checksum) => {
    expect(clickPesaChecksum(BODY, 'CHKtest', format)).toBe(checksum);
    const received = message({}, { ...BODY, checksum, checksumMethod: format });
    const credentials = [{ checksumKey: 'CHKtest', checksumMethod: format }];
    expect(await examined(clickpesa.webhooks, received, credentials, 0, [format])).toMatchObject({
      evidence: { payload: BODY, proves: format === 'canonical' ? 'payload' : 'values' },
    });
  });

  it('WakaPay', async () => {
    const signature = '4fe6295c0612b91572a31a237c4e4fbfeed93ee4330d410836a54aa0efa3de7a';
    const received = message({}, { event: 'transaction.updated', signature });
    const credentials = [{ apiKey: 'key1', apiSecret: 'secret1' }];
    expect(await examined(wakapay.webhooks, received, credentials, 0)).toMatchObject({
      evidence: { payload: { event: 'transaction.updated' }, proves: 'sender' },
    });
  });

  it('Cashfin webhook', async () => {
    const signature = 'bafe61d927598de405d7ef20d344a945840de20fecc8d6f33a1e773b562fd6f6';
    const received = message({ 'x-cashfin-signature': signature }, '{"event":"payment.completed"}');
    expect(await examined(cashfin.webhooks, received, [{ webhookSecret: 'whsec' }], 0)).toMatchObject({
      evidence: { payload: { event: 'payment.completed' }, proves: 'payload' },
    });
  });
});
