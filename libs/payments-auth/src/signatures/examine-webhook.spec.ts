import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cashfin, clickpesa, kashier, pesapal, wakapay } from '../providers/index.js';
import type { WebhookDefinition } from '../providers/signature-definition.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import { sha256 } from './digest.js';
import { examineWebhook } from './examine-webhook.js';

const KEY = 'test-secret-not-real-key';

function hmac(algorithm: string, message: string | Buffer, key = KEY): string {
  return createHmac(algorithm, key).update(message).digest('hex');
}

function received(headers: Record<string, string | string[]>, body: unknown) {
  return { headers, rawBody: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}

function cashfinHeader(value: string | string[]) {
  return { 'x-cashfin-signature': value };
}

describe('a keyed webhook over the raw body', () => {
  const body = '{"event":"payment.completed","amount":1}';
  const signature = hmac('sha256', body);
  const examine = (headers: Record<string, string | string[]>, raw: string | Buffer = body, keys = [KEY]) =>
    examineWebhook(
      cashfin.webhook!,
      { headers, rawBody: Buffer.from(raw) },
      keys.map((webhookSecret) => ({ webhookSecret })),
      0,
    );

  it('accepts each key of a list, wherever it stands', () => {
    for (const keys of [
      [KEY, 'old'],
      ['new', KEY],
      ['', KEY],
    ]) {
      expect(examine(cashfinHeader(signature), body, keys)).toMatchObject({
        evidence: { proves: 'payload' },
      });
    }
  });

  it('names the delivery by the hash of what is signed, the same each time it is delivered', () => {
    expect(examine(cashfinHeader(signature))).toMatchObject({ evidence: { deliveryId: sha256(body) } });
  });

  it.each([
    ['no header', {}, 'unsigned'],
    ['two headers', cashfinHeader([signature, signature]), 'unsigned'],
    ['two headers joined by a proxy', cashfinHeader(`${signature}, ${signature}`), 'wrong-signature'],
    ['an empty one', cashfinHeader(''), 'wrong-signature'],
    ['capitals', cashfinHeader(signature.toUpperCase()), 'wrong-signature'],
    ['a prefix', cashfinHeader(`sha256=${signature}`), 'wrong-signature'],
    ['one digit less', cashfinHeader(signature.slice(0, -1)), 'wrong-signature'],
    ['one digit more', cashfinHeader(`${signature}0`), 'wrong-signature'],
    ['base64', cashfinHeader(Buffer.from(signature, 'hex').toString('base64')), 'wrong-signature'],
    ['another digest', cashfinHeader(hmac('sha512', body)), 'wrong-signature'],
    ['not ASCII', cashfinHeader('é'.repeat(32)), 'wrong-signature'],
  ])('refuses %s', (_what, headers, refusal) => {
    expect(examine(headers)).toEqual({ refusal });
  });

  it('refuses a body that was parsed and serialised again', () => {
    const spaced = '{ "amount": 1.0 }';
    expect(examine(cashfinHeader(hmac('sha256', spaced)), JSON.stringify(JSON.parse(spaced)))).toEqual({
      refusal: 'wrong-signature',
    });
  });

  it.each([
    ['a body that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a body that is not JSON', Buffer.from('event=1')],
    ['half a JSON body', Buffer.from('{"event":')],
  ])('refuses %s, however well it is signed', (_what, raw) => {
    expect(examine(cashfinHeader(createHmac('sha256', KEY).update(raw).digest('hex')), raw)).toEqual({
      refusal: 'malformed',
    });
  });

  it('refuses an empty body, however well it is signed', () => {
    expect(examine(cashfinHeader(hmac('sha256', '')), '')).toEqual({ refusal: 'no-body' });
  });

  it('accepts nothing without a key, nor with an empty one', () => {
    expect(examine(cashfinHeader(hmac('sha256', body, '')), body, [''])).toEqual({
      refusal: 'wrong-signature',
    });
    expect(examine(cashfinHeader(hmac('sha256', body, '')), body, [])).toEqual({
      refusal: 'wrong-signature',
    });
  });

  it('believes only what was signed with the key', () => {
    fc.assert(
      fc.property(fc.json(), fc.string({ minLength: 1 }), (json, key) => {
        const keys = [key];
        expect(examine(cashfinHeader(hmac('sha256', json, key)), json, keys)).toHaveProperty('evidence');
        expect(examine(cashfinHeader(hmac('sha256', json, `${key}.`)), json, keys)).not.toHaveProperty(
          'evidence',
        );
        expect(examine(cashfinHeader(hmac('sha256', json, key)), `${json} `, keys)).not.toHaveProperty(
          'evidence',
        );
      }),
    );
  });
});

const examineKashier = (signature: string, body: unknown) =>
  examineWebhook(
    kashier.webhook!,
    received({ 'x-kashier-signature': signature }, body),
    [{ apiKey: KEY }],
    0,
  );

describe('a Kashier webhook', () => {
  const signedText = 'amount=100&currency=EGP&merchantOrderId=ORDER%201&status=SUCCESS';
  const data = {
    amount: 100,
    currency: 'EGP',
    merchantOrderId: 'ORDER 1',
    status: 'SUCCESS',
    signatureKeys: ['status', 'merchantOrderId', 'currency', 'amount'],
  };

  it('leaves what is not signed out of the payload', () => {
    const forged = { event: 'refund', data: { ...data, cardToken: 'x', status2: 'y' }, coupon: 'FREE' };
    expect(examineKashier(hmac('sha256', signedText), forged)).toEqual({
      evidence: {
        payload: { amount: 100, currency: 'EGP', merchantOrderId: 'ORDER 1', status: 'SUCCESS' },
        deliveryId: sha256(signedText),
        proves: 'payload',
      },
    });
  });

  it.each(['status', 'amount', 'currency', 'merchantOrderId'])(
    'refuses one that does not sign %s',
    (name) => {
      const signatureKeys = data.signatureKeys.filter((key) => key !== name);
      const text = signedText
        .split('&')
        .filter((pair) => !pair.startsWith(`${name}=`))
        .join('&');
      expect(examineKashier(hmac('sha256', text), { data: { ...data, signatureKeys } })).toEqual({
        refusal: 'wrong-signature',
      });
    },
  );

  it('encodes as RFC 3986 does, and signs null as a name alone', () => {
    const odd = { ...data, note: "it's (ok)! *ä&=", refund: null };
    const signatureKeys = [...data.signatureKeys, 'note', 'refund', 'refund', 'absent'];
    const text =
      'amount=100&currency=EGP&merchantOrderId=ORDER%201&note=it%27s%20%28ok%29%21%20%2A%C3%A4%26%3D&refund&status=SUCCESS';
    expect(examineKashier(hmac('sha256', text), { data: { ...odd, signatureKeys } })).toMatchObject({
      evidence: { payload: { note: "it's (ok)! *ä&=", refund: null } },
    });
  });

  it.each([
    [
      'an object, whose content the signature does not cover',
      { card: { number: '1' } },
      'card=%5Bobject%20Object%5D&',
    ],
    ['a list', { card: ['1'] }, 'card=1&'],
    ['half a surrogate pair', { card: '\ud800' }, ''],
  ])('refuses %s among the signed fields', (_what, more, text) => {
    const body = { data: { ...data, ...more, signatureKeys: [...data.signatureKeys, 'card'] } };
    const [first, ...rest] = signedText.split('&');
    expect(examineKashier(hmac('sha256', `${first}&${text}${rest.join('&')}`), body)).not.toHaveProperty(
      'evidence',
    );
  });

  it.each([
    [[]],
    [{}],
    [{ data: null }],
    [{ data: [] }],
    [{ data: { ...data, signatureKeys: 'status' } }],
    [{ data: { ...data, signatureKeys: [1, 2] } }],
    [{ data: { ...data, signatureKeys: ['__proto__', 'constructor', 'toString'] } }],
  ])('refuses %j', (body) => {
    expect(examineKashier(hmac('sha256', ''), body)).toEqual({ refusal: 'wrong-signature' });
  });

  it('does not take an inherited field for one of the message', () => {
    const body = '{"data":{"__proto__":{"status":"SUCCESS"},"signatureKeys":["status"]}}';
    expect(examineKashier(hmac('sha256', 'status=SUCCESS'), JSON.parse(body))).not.toHaveProperty('evidence');
  });

  it('believes any genuine message, and none with another value', () => {
    const scalars = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
    );
    fc.assert(
      fc.property(scalars, (more) => {
        const all: Record<string, string | number | boolean | null> = {
          ...more,
          amount: 100,
          currency: 'EGP',
          merchantOrderId: 'O',
          status: 'OK',
        };
        const names = Object.keys(all);
        // Another way to the same text than the implementation's.
        const text = names
          .toSorted()
          .map((name) => {
            if (all[name] === null) return name;
            const value = Buffer.from(String(all[name])).toString('latin1');
            const escaped = value.replace(
              /[^A-Za-z0-9\-._~]/g,
              (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
            );
            return `${name}=${escaped}`;
          })
          .join('&');
        const body = { data: { ...all, signatureKeys: names } };
        expect(examineKashier(hmac('sha256', text), body)).toMatchObject({ evidence: { payload: all } });
        const forged = { data: { ...body.data, amount: 1 } };
        expect(examineKashier(hmac('sha256', text), forged)).not.toHaveProperty('evidence');
      }),
    );
  });
});

const examineClickpesa = (message: unknown, checksumMethod?: string) =>
  examineWebhook(clickpesa.webhook!, received({}, message), [{ checksumKey: KEY, checksumMethod }], 0);

describe('a ClickPesa webhook', () => {
  const body = { event: 'PAYMENT RECEIVED', data: { orderReference: 'ORD1', amount: '1000' } };

  it('is known in any order of its keys, and any spacing', () => {
    const checksum = clickPesaChecksum(body, KEY);
    const other = { checksum, data: { amount: '1000', orderReference: 'ORD1' }, event: body.event };
    expect(examineClickpesa(JSON.stringify(other, null, 2))).toMatchObject({ evidence: { payload: body } });
  });

  it('leaves the two fields that are not signed out of the payload', () => {
    const checksum = clickPesaChecksum(body, KEY);
    expect(examineClickpesa({ ...body, checksum, checksumMethod: 'canonical' })).toMatchObject({
      evidence: { payload: body, proves: 'payload' },
    });
  });

  it('does not let the message choose a weaker method', () => {
    // The whole canonical text as the value of one field has, by the legacy method, the same checksum.
    const forged = {
      amount: '{"data":{"amount":"1000","orderReference":"ORD1"},"event":"PAYMENT RECEIVED"}',
    };
    const checksum = clickPesaChecksum(body, KEY);
    expect(clickPesaChecksum(forged, KEY, 'legacy')).toBe(checksum);
    for (const checksumMethod of ['legacy', undefined, null, 1]) {
      expect(examineClickpesa({ ...forged, checksum, checksumMethod })).toEqual({
        refusal: 'wrong-signature',
      });
    }
  });

  it('takes no number for another that JSON.stringify writes alike', () => {
    for (const [signed, forged] of [
      ['null', '1e999'],
      ['0', '-0'],
    ] as const) {
      const checksum = clickPesaChecksum(JSON.parse(`{"amount":${signed}}`) as object, KEY);
      const of = (amount: string) => examineClickpesa(`{"amount":${amount},"checksum":"${checksum}"}`);
      expect(of(signed)).toHaveProperty('evidence');
      expect(of(forged)).toEqual({ refusal: 'wrong-signature' });
    }
  });

  it('says that the legacy checksum proves only the values', () => {
    const checksum = clickPesaChecksum({ amount: '1000' }, KEY, 'legacy');
    expect(examineClickpesa({ amount: '1000', checksum }, 'legacy')).toMatchObject({
      evidence: { proves: 'values' },
    });
    expect(examineClickpesa({ amount: '1000', checksum })).toEqual({ refusal: 'wrong-signature' });
  });

  it.each([
    [{ ...body }],
    [{ ...body, checksum: 1 }],
    [{ ...body, checksum: ['x'] }],
    [['x']],
    ['"text"'],
    ['null'],
  ])('refuses %j', (message) => {
    expect(examineClickpesa(message)).toEqual({ refusal: 'unsigned' });
  });

  it('survives a body that is nested without end', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"checksum":"x"}`;
    expect(examineClickpesa(deep)).toHaveProperty('refusal');
  });
});

const examineWakapay = (body: unknown) =>
  examineWebhook(
    wakapay.webhook!,
    received({}, body),
    [
      { apiKey: 'new', apiSecret: 'pair' },
      { apiKey: 'key', apiSecret: 'secret' },
    ],
    0,
  );

describe('a WakaPay webhook', () => {
  const signature = sha256('key:secret');

  it('proves the sender and not the payload, and hands the signature to nobody', () => {
    const payload = { event: 'transaction.updated', status: 'termination_success' };
    const examination = examineWakapay({ ...payload, signature });
    expect(examination).toEqual({
      evidence: { payload, deliveryId: sha256(JSON.stringify(payload)), proves: 'sender' },
    });
    expect(JSON.stringify(examination)).not.toContain(signature);
  });

  it.each([
    [{ signature: signature.toUpperCase() }],
    [{ signature: sha256('key:other') }],
    [{}],
    [[signature]],
  ])('refuses %j', (body) => {
    expect(examineWakapay(body)).not.toHaveProperty('evidence');
  });
});

describe('a PesaPal notification', () => {
  const notification = {
    OrderTrackingId: 'b945e4af',
    OrderMerchantReference: 'ORDER-1',
    OrderNotificationType: 'IPNCHANGE',
  };

  it('proves nothing, and names the call that does', () => {
    const evidence = { payload: notification, proves: 'nothing', confirmWith: 'GetTransactionStatus' };
    const posted = received({}, { ...notification, status: 'COMPLETED' });
    expect(examineWebhook(pesapal.webhook!, posted, [], 0)).toMatchObject({ evidence });
    const got = { headers: {}, parameters: { ...notification, status: 'COMPLETED' } };
    expect(examineWebhook(pesapal.webhook!, got, [], 0)).toMatchObject({ evidence });
  });

  it.each([
    [{}],
    [{ ...notification, OrderTrackingId: '' }],
    [{ ...notification, OrderTrackingId: ['a', 'b'] }],
  ])('refuses %j', (query) => {
    expect(examineWebhook(pesapal.webhook!, { headers: {}, parameters: query }, [], 0)).toEqual({
      refusal: 'malformed',
    });
  });
});

describe('shapes of other providers', () => {
  const stripe: WebhookDefinition<'webhookSecret'> = {
    algorithm: 'hmac-sha256',
    key: 'webhookSecret',
    signature: { header: 'Stripe-Signature', list: { signature: 'v1', timestamp: 't' } },
    signed: { template: '{timestamp}.{body}' },
    timestamp: { toleranceMs: 300_000 },
  };
  const body = '{"id":"evt_1"}';
  const signedAt = 1_700_000_000;
  const v1 = hmac('sha256', `${signedAt}.${body}`);
  const examineStripe = (header: string | string[], nowMs = signedAt * 1_000, raw = body) =>
    examineWebhook(stripe, received({ 'stripe-signature': header }, raw), [{ webhookSecret: KEY }], nowMs);

  it("reads Stripe's t=…,v1=… with several signatures in it", () => {
    const header = `t=${signedAt},v1=${'0'.repeat(64)},v1=${v1},v0=ignored`;
    expect(examineStripe(header)).toEqual({
      evidence: {
        payload: { id: 'evt_1' },
        deliveryId: sha256(body),
        proves: 'payload',
        signedAtMs: signedAt * 1_000,
      },
    });
  });

  it('refuses a timestamp outside its tolerance, either way', () => {
    const header = `t=${signedAt},v1=${v1}`;
    for (const offMs of [-300_000, 300_000]) {
      expect(examineStripe(header, signedAt * 1_000 + offMs)).toHaveProperty('evidence');
      expect(examineStripe(header, signedAt * 1_000 + offMs * 1.01)).toEqual({ refusal: 'stale' });
    }
  });

  it.each([
    `t=${signedAt + 1},v1=${v1}`,
    `t=${signedAt},t=${signedAt},v1=${v1}`,
    `v1=${v1}`,
    `t=${signedAt}`,
    `t=0x6553f100,v1=${v1}`,
    `t=-1,v1=${v1}`,
    `t=NaN,v1=${v1}`,
    `t=${signedAt},v2=${v1}`,
    `t=${signedAt}${`,v1=${'0'.repeat(64)}`.repeat(9)},v1=${v1}`,
    'garbage',
    ',=,=',
  ])('refuses %s', (header) => {
    expect(examineStripe(header)).not.toHaveProperty('evidence');
  });

  it("refuses two of Stripe's headers, though each is right", () => {
    const header = `t=${signedAt},v1=${v1}`;
    expect(examineStripe([header, header])).toEqual({ refusal: 'unsigned' });
  });

  it("reads Paystack's SHA-512 of the raw body", () => {
    const paystack: WebhookDefinition<'secretKey'> = {
      algorithm: 'hmac-sha512',
      key: 'secretKey',
      signature: { header: 'x-paystack-signature' },
      signed: 'raw-body',
    };
    const examine = (signature: string) =>
      examineWebhook(
        paystack,
        received({ 'x-paystack-signature': signature }, body),
        [{ secretKey: KEY }],
        0,
      );
    expect(examine(hmac('sha512', body))).toHaveProperty('evidence');
    expect(examine(hmac('sha256', body))).toEqual({ refusal: 'wrong-signature' });
  });

  it('reads base64, and a timestamp in a header of its own in milliseconds', () => {
    const definition: WebhookDefinition<'key'> = {
      algorithm: 'hmac-sha256',
      key: 'key',
      encoding: 'base64',
      signature: { header: 'x-signature' },
      signed: { template: '{timestamp}{body}' },
      timestamp: { header: 'x-timestamp', unit: 'milliseconds', toleranceMs: 60_000 },
    };
    const signature = createHmac('sha256', KEY).update(`1700000000000${body}`).digest('base64');
    const examine = (value: string, nowMs: number) =>
      examineWebhook(
        definition,
        received({ 'x-signature': value, 'x-timestamp': '1700000000000' }, body),
        [{ key: KEY }],
        nowMs,
      );
    expect(examine(signature, 1_700_000_000_000)).toHaveProperty('evidence');
    expect(examine(signature.replace('=', ''), 1_700_000_000_000)).toEqual({ refusal: 'wrong-signature' });
    expect(examine(signature, 1_700_000_060_001)).toEqual({ refusal: 'stale' });
  });
});

describe('whatever comes', () => {
  it('is examined without a throw', () => {
    const definitions = [cashfin, kashier, clickpesa, wakapay, pesapal].map(
      ({ webhook }) => webhook as WebhookDefinition,
    );
    const headers = fc.dictionary(fc.constantFrom('x-kashier-signature', 'x-cashfin-signature'), fc.string());
    fc.assert(
      fc.property(fc.constantFrom(...definitions), headers, fc.uint8Array(), (definition, head, rawBody) => {
        const examination = examineWebhook(definition, { headers: head, rawBody }, [{ apiKey: KEY }], 0);
        expect(examination).not.toHaveProperty('evidence');
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...definitions), headers, fc.json(), (definition, head, json) => {
        const examination = examineWebhook(definition, received(head, json), [{ apiKey: KEY }], 0);
        expect(examination).not.toHaveProperty('evidence');
      }),
    );
  });
});
