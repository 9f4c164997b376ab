import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { cashfin, clickpesa, kashier, pesapal, wakapay } from '../providers/index.js';
import { hmacWebhook } from '../providers/webhooks/signature-webhooks.js';
import type { WebhookScheme } from '../providers/webhooks/webhook-scheme.js';
import { ReceivedMessage } from '../providers/webhooks/received-message.js';
import { sharedToken, unsignedWebhook } from '../providers/webhooks/sender-webhooks.js';
import type { Signed } from '../providers/webhooks/signed-text.js';
import { examineWebhook } from './examine-webhook.js';
import { clickPesaChecksum } from './clickpesa-checksum.js';
import { digest } from '../building-blocks/digests.js';
import { examined } from '../../../../test/support/examined.js';
import { fc } from '../../../../test/support/chances.js';

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
    examined(
      cashfin.webhooks,
      { headers, rawBody: Buffer.from(raw) },
      keys.map((webhookSecret) => ({ webhookSecret })),
      0,
    );

  it('is accepted with each key of a list', async () => {
    for (const keys of [
      [KEY, 'old'],
      ['new', KEY],
      ['', KEY],
    ]) {
      expect(await examine(cashfinHeader(signature), body, keys)).toMatchObject({
        evidence: { proves: 'payload' },
      });
    }
  });

  it('has a delivery id that is the hash of what is signed, the same at each delivery', async () => {
    expect(await examine(cashfinHeader(signature))).toMatchObject({
      evidence: { deliveryId: digest('sha256', body) },
    });
  });

  it.each([
    ['no header', {}, 'unsigned'],
    ['two headers', cashfinHeader([signature, signature]), 'unsigned'],
    ['two headers joined by a proxy', cashfinHeader(`${signature}, ${signature}`), 'wrong-signature'],
    ['an empty one', cashfinHeader(''), 'wrong-signature'],
    ['a prefix', cashfinHeader(`sha256=${signature}`), 'wrong-signature'],
    ['one digit less', cashfinHeader(signature.slice(0, -1)), 'wrong-signature'],
    ['one digit more', cashfinHeader(`${signature}0`), 'wrong-signature'],
    ['base64', cashfinHeader(Buffer.from(signature, 'hex').toString('base64')), 'wrong-signature'],
    ['another digest', cashfinHeader(hmac('sha512', body)), 'wrong-signature'],
    ['not ASCII', cashfinHeader('é'.repeat(32)), 'wrong-signature'],
  ])('is refused with %s', async (_what, headers, refusal) => {
    expect(await examine(headers)).toEqual({ refusal });
  });

  it('is refused with a body that was parsed and serialised again', async () => {
    const spaced = '{ "amount": 1.0 }';
    expect(await examine(cashfinHeader(hmac('sha256', spaced)), JSON.stringify(JSON.parse(spaced)))).toEqual({
      refusal: 'wrong-signature',
    });
  });

  it.each([
    ['a body that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a body that is not JSON', Buffer.from('event=1')],
    ['half a JSON body', Buffer.from('{"event":')],
  ])('is refused with %s, also when the signature is right', async (_what, raw) => {
    expect(await examine(cashfinHeader(createHmac('sha256', KEY).update(raw).digest('hex')), raw)).toEqual({
      refusal: 'malformed',
    });
  });

  it('is refused with an empty body, also when the signature is right', async () => {
    expect(await examine(cashfinHeader(hmac('sha256', '')), '')).toEqual({ refusal: 'no-body' });
  });

  it('is refused without a key, and with an empty key', async () => {
    expect(await examine(cashfinHeader(hmac('sha256', body, '')), body, [''])).toEqual({
      refusal: 'wrong-signature',
    });
    expect(await examine(cashfinHeader(hmac('sha256', body, '')), body, [])).toEqual({
      refusal: 'wrong-signature',
    });
  });

  it('is accepted only when it was signed with the key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.string({ minLength: 1 }), async (json, key) => {
        const keys = [key];
        expect(await examine(cashfinHeader(hmac('sha256', json, key)), json, keys)).toHaveProperty(
          'evidence',
        );
        expect(await examine(cashfinHeader(hmac('sha256', json, `${key}.`)), json, keys)).not.toHaveProperty(
          'evidence',
        );
        expect(await examine(cashfinHeader(hmac('sha256', json, key)), `${json} `, keys)).not.toHaveProperty(
          'evidence',
        );
      }),
    );
  });
});

const examineKashier = (signature: string, body: unknown) =>
  examined(kashier.webhooks, received({ 'x-kashier-signature': signature }, body), [{ apiKey: KEY }], 0);

describe('a Kashier webhook', () => {
  const signedText = 'amount=100&currency=EGP&merchantOrderId=ORDER%201&status=SUCCESS';
  const data = {
    amount: 100,
    currency: 'EGP',
    merchantOrderId: 'ORDER 1',
    status: 'SUCCESS',
    signatureKeys: ['status', 'merchantOrderId', 'currency', 'amount'],
  };

  it('gives a payload without the fields that are not signed', async () => {
    const forged = { event: 'refund', data: { ...data, cardToken: 'x', status2: 'y' }, coupon: 'FREE' };
    expect(await examineKashier(hmac('sha256', signedText), forged)).toEqual({
      evidence: {
        payload: { amount: 100, currency: 'EGP', merchantOrderId: 'ORDER 1', status: 'SUCCESS' },
        deliveryId: digest('sha256', signedText),
        proves: 'payload',
      },
    });
  });

  it.each(['status', 'amount', 'currency', 'merchantOrderId'])(
    'is refused when it does not sign %s',
    async (name) => {
      const signatureKeys = data.signatureKeys.filter((key) => key !== name);
      const text = signedText
        .split('&')
        .filter((pair) => !pair.startsWith(`${name}=`))
        .join('&');
      expect(await examineKashier(hmac('sha256', text), { data: { ...data, signatureKeys } })).toEqual({
        refusal: 'malformed',
      });
    },
  );

  it('is signed over values in the encoding of RFC 3986, and over null as a bare name', async () => {
    const odd = { ...data, note: "it's (ok)! *ä&=", refund: null };
    const signatureKeys = [...data.signatureKeys, 'note', 'refund', 'refund', 'absent'];
    const text =
      'amount=100&currency=EGP&merchantOrderId=ORDER%201&note=it%27s%20%28ok%29%21%20%2A%C3%A4%26%3D&refund&status=SUCCESS';
    expect(await examineKashier(hmac('sha256', text), { data: { ...odd, signatureKeys } })).toMatchObject({
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
  ])('is refused with %s among the signed fields', async (_what, more, text) => {
    const body = { data: { ...data, ...more, signatureKeys: [...data.signatureKeys, 'card'] } };
    const [first, ...rest] = signedText.split('&');
    expect(
      await examineKashier(hmac('sha256', `${first}&${text}${rest.join('&')}`), body),
    ).not.toHaveProperty('evidence');
  });

  it.each([
    [[]],
    [{}],
    [{ data: null }],
    [{ data: [] }],
    [{ data: { ...data, signatureKeys: 'status' } }],
    [{ data: { ...data, signatureKeys: [1, 2] } }],
    [{ data: { ...data, signatureKeys: ['__proto__', 'constructor', 'toString'] } }],
  ])('is refused with the body %j', async (body) => {
    expect(await examineKashier(hmac('sha256', ''), body)).toEqual({ refusal: 'malformed' });
  });

  it('is not proven by an inherited field', async () => {
    const body = '{"data":{"__proto__":{"status":"SUCCESS"},"signatureKeys":["status"]}}';
    expect(await examineKashier(hmac('sha256', 'status=SUCCESS'), JSON.parse(body))).not.toHaveProperty(
      'evidence',
    );
  });

  it('is accepted when it is genuine, and refused when any value is another one', async () => {
    const scalars = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
    );
    await fc.assert(
      fc.asyncProperty(scalars, async (more) => {
        const all: Record<string, string | number | boolean | null> = {
          ...more,
          amount: 100,
          currency: 'EGP',
          merchantOrderId: 'O',
          status: 'OK',
        };
        const names = Object.keys(all);
        // This computes the signed text in another way than the library does.
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
        expect(await examineKashier(hmac('sha256', text), body)).toMatchObject({
          evidence: { payload: all },
        });
        const forged = { data: { ...body.data, amount: 1 } };
        expect(await examineKashier(hmac('sha256', text), forged)).not.toHaveProperty('evidence');
      }),
    );
  });
});

const examineClickpesa = (message: unknown, checksumMethod?: string) =>
  examined(
    clickpesa.webhooks,
    received({}, message),
    [{ checksumKey: KEY, checksumMethod }],
    0,
    checksumMethod === undefined ? undefined : [checksumMethod],
  );

describe('a ClickPesa webhook', () => {
  const body = { event: 'PAYMENT RECEIVED', data: { orderReference: 'ORD1', amount: '1000' } };

  it('is accepted in any order of its keys, and with any spacing', async () => {
    const checksum = clickPesaChecksum(body, KEY);
    const other = { checksum, data: { amount: '1000', orderReference: 'ORD1' }, event: body.event };
    expect(await examineClickpesa(JSON.stringify(other, null, 2))).toMatchObject({
      evidence: { payload: body },
    });
  });

  it('gives a payload without the two fields that are not signed', async () => {
    const checksum = clickPesaChecksum(body, KEY);
    expect(await examineClickpesa({ ...body, checksum, checksumMethod: 'canonical' })).toMatchObject({
      evidence: { payload: body, proves: 'payload' },
    });
  });

  it('cannot choose a weaker method by its own fields', async () => {
    // A message whose only field holds the whole canonical text has the same checksum by the legacy method.
    const forged = {
      amount: '{"data":{"amount":"1000","orderReference":"ORD1"},"event":"PAYMENT RECEIVED"}',
    };
    const checksum = clickPesaChecksum(body, KEY);
    expect(clickPesaChecksum(forged, KEY, 'legacy')).toBe(checksum);
    for (const checksumMethod of ['legacy', undefined, null, 1]) {
      expect(await examineClickpesa({ ...forged, checksum, checksumMethod })).toEqual({
        refusal: 'wrong-signature',
      });
    }
  });

  it('is refused when a number changed to another one that JSON.stringify writes alike', async () => {
    for (const [signed, forged] of [
      ['null', '1e999'],
      ['0', '-0'],
    ] as const) {
      const checksum = clickPesaChecksum(JSON.parse(`{"amount":${signed}}`) as object, KEY);
      const of = (amount: string) => examineClickpesa(`{"amount":${amount},"checksum":"${checksum}"}`);
      expect(await of(signed)).toHaveProperty('evidence');
      expect(await of(forged)).toEqual({ refusal: 'wrong-signature' });
    }
  });

  it('proves only the values by the legacy checksum', async () => {
    const checksum = clickPesaChecksum({ amount: '1000' }, KEY, 'legacy');
    expect(await examineClickpesa({ amount: '1000', checksum }, 'legacy')).toMatchObject({
      evidence: { proves: 'values' },
    });
    expect(await examineClickpesa({ amount: '1000', checksum })).toEqual({ refusal: 'wrong-signature' });
  });

  it.each([
    [{ ...body }],
    [{ ...body, checksum: 1 }],
    [{ ...body, checksum: ['x'] }],
    [['x']],
    ['"text"'],
    ['null'],
  ])('is refused with the body %j', async (message) => {
    expect(await examineClickpesa(message)).toEqual({ refusal: 'unsigned' });
  });

  it('is refused without an exception when its body is nested too deep', async () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"checksum":"x"}`;
    expect(await examineClickpesa(deep)).toHaveProperty('refusal');
  });
});

const examineWakapay = (body: unknown) =>
  examined(
    wakapay.webhooks,
    received({}, body),
    [
      { apiKey: 'new', apiSecret: 'pair' },
      { apiKey: 'key', apiSecret: 'secret' },
    ],
    0,
  );

describe('a WakaPay webhook', () => {
  const signature = digest('sha256', 'key:secret');

  it('proves the sender and not the payload, and its signature is not handed on', async () => {
    const payload = { event: 'transaction.updated', status: 'termination_success' };
    const examination = await examineWakapay({ ...payload, signature });
    expect(examination).toEqual({
      evidence: { payload, deliveryId: digest('sha256', JSON.stringify(payload)), proves: 'sender' },
    });
    expect(JSON.stringify(examination)).not.toContain(signature);
  });

  it.each([[{ signature: digest('sha256', 'key:other') }], [{}], [[signature]]])(
    'is refused with the body %j',
    async (body) => {
      expect(await examineWakapay(body)).not.toHaveProperty('evidence');
    },
  );
});

describe('a PesaPal notification', () => {
  const notification = {
    OrderTrackingId: 'b945e4af',
    OrderMerchantReference: 'ORDER-1',
    OrderNotificationType: 'IPNCHANGE',
  };

  it('proves nothing, and says which call does', async () => {
    const evidence = { payload: notification, proves: 'nothing', confirmWith: 'GetTransactionStatus' };
    const posted = received({}, { ...notification, status: 'COMPLETED' });
    expect(await examined(pesapal.webhooks, posted, [], 0)).toMatchObject({ evidence });
    const got = { headers: {}, parameters: { ...notification, status: 'COMPLETED' } };
    expect(await examined(pesapal.webhooks, got, [], 0)).toMatchObject({ evidence });
  });

  it.each([
    [{}],
    [{ ...notification, OrderTrackingId: '' }],
    [{ ...notification, OrderTrackingId: ['a', 'b'] }],
  ])('is refused with the query %j', async (query) => {
    expect(await examined(pesapal.webhooks, { headers: {}, parameters: query }, [], 0)).toEqual({
      refusal: 'malformed',
    });
  });
});

describe('a webhook in the format of another provider', () => {
  const stripe = {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'Stripe-Signature',
      list: { signature: 'v1', timestamp: 't' },
      signed: '{timestamp}.{body}',
      timestamp: { toleranceMs: 300_000 },
    }),
  };
  const body = '{"id":"evt_1"}';
  const signedAt = 1_700_000_000;
  const v1 = hmac('sha256', `${signedAt}.${body}`);
  const examineStripe = (header: string | string[], nowMs = signedAt * 1_000, raw = body) =>
    examined(stripe, received({ 'stripe-signature': header }, raw), [{ webhookSecret: KEY }], nowMs);

  it('is accepted with several signatures in the t=…,v1=… of Stripe', async () => {
    const header = `t=${signedAt},v1=${'0'.repeat(64)},v1=${v1},v0=ignored`;
    expect(await examineStripe(header)).toEqual({
      evidence: {
        payload: { id: 'evt_1' },
        deliveryId: digest('sha256', body),
        proves: 'payload',
        signedAtMs: signedAt * 1_000,
      },
    });
  });

  it('is refused with a timestamp outside the tolerance, in the past and in the future', async () => {
    const header = `t=${signedAt},v1=${v1}`;
    for (const offMs of [-300_000, 300_000]) {
      expect(await examineStripe(header, signedAt * 1_000 + offMs)).toHaveProperty('evidence');
      expect(await examineStripe(header, signedAt * 1_000 + offMs * 1.01)).toEqual({ refusal: 'stale' });
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
  ])('is refused with the header %s', async (header) => {
    expect(await examineStripe(header)).not.toHaveProperty('evidence');
  });

  it('is refused with two headers of Stripe, also when each is right', async () => {
    const header = `t=${signedAt},v1=${v1}`;
    expect(await examineStripe([header, header])).toEqual({ refusal: 'unsigned' });
  });

  it('is accepted with the SHA-512 of Paystack over the raw body', async () => {
    const paystack = {
      signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'x-paystack-signature' }),
    };
    const examine = (signature: string) =>
      examined(paystack, received({ 'x-paystack-signature': signature }, body), [{ secretKey: KEY }], 0);
    expect(await examine(hmac('sha512', body))).toHaveProperty('evidence');
    expect(await examine(hmac('sha256', body))).toEqual({ refusal: 'wrong-signature' });
  });

  it('is accepted with a base64 signature, and a separate header with the time in milliseconds', async () => {
    const definition = {
      signature: hmacWebhook({
        key: 'key',
        encoding: 'base64',
        header: 'x-signature',
        signed: '{timestamp}{body}',
        timestamp: { at: '{header:x-timestamp}', unit: 'milliseconds', toleranceMs: 60_000 },
      }),
    };
    const signature = createHmac('sha256', KEY).update(`1700000000000${body}`).digest('base64');
    const examine = (value: string, nowMs: number) =>
      examined(
        definition,
        received({ 'x-signature': value, 'x-timestamp': '1700000000000' }, body),
        [{ key: KEY }],
        nowMs,
      );
    expect(await examine(signature, 1_700_000_000_000)).toHaveProperty('evidence');
    expect(await examine(signature.replace('=', ''), 1_700_000_000_000)).toEqual({
      refusal: 'wrong-signature',
    });
    expect(await examine(signature, 1_700_000_060_001)).toEqual({ refusal: 'stale' });
  });
});

const signedWith = (signed: Signed | undefined, id?: string) =>
  hmacWebhook({ key: 'webhookSecret', header: 'x-signature', signed, id });
const whole = (id: string) => `{"id":${id}}`;
const alone = (id: string) => id;

describe('the id of a delivery', () => {
  const key = 'test-secret-not-real-key';
  const idOf = async (scheme: WebhookScheme<string>, body: string, text = body) => {
    const examination = await examineWebhook([['each', scheme]], {
      message: new ReceivedMessage({
        headers: { 'x-signature': createHmac('sha256', key).update(text).digest('hex'), 'x-token': key },
        rawBody: Buffer.from(body),
        parameters: JSON.parse(body),
      }),
      candidates: [{ webhookSecret: key }],
      nowMs: 0,
      keys: { fromSet: async () => undefined, ofCertificate: async () => undefined },
      http: () => {
        throw new Error('nobody asks');
      },
    });
    return examination.refusal === undefined ? examination.evidence[0]?.deliveryId : examination.refusal;
  };
  it.each([
    ['that is a field of a signed body', signedWith('{body}', '{field:id}'), whole],
    ['of signed fields', signedWith({ fields: ['id'] }), alone],
    ['of signed fields, named', signedWith({ fields: ['id'] }, '{field:id}'), alone],
    ['of a template of values', signedWith('{field:id}'), alone],
    ['of canonical JSON', signedWith({ canonicalJson: true }), whole],
    [
      'beside a shared token',
      sharedToken({ key: 'webhookSecret', header: 'x-token', confirmWith: 'GET /' }),
      whole,
    ],
    ['of a message that is not signed', unsignedWebhook({ fields: ['id'], confirmWith: 'GET /' }), whole],
  ])('is different for each number above 2^53, %s', async (_what, scheme, textOf) => {
    const numbers = ['9007199254740992', '9007199254740993', '9007199254740994'];
    const ids = await Promise.all(numbers.map((each) => idOf(scheme, whole(each), textOf(each))));
    expect(new Set(ids).size).toBe(3);
    expect(await idOf(scheme, whole('9007199254740993'), textOf('9007199254740993'))).toBe(ids[1]);
  });

  it('stays the same where only the signature of the rounded number is right', async () => {
    for (const id of [undefined, '{field:id}']) {
      const scheme = signedWith({ fields: ['id'] }, id);
      const genuine = await idOf(scheme, whole('1.5'), '1.5');
      // An attacker who repeats the message can write the number in another way. It must still have the id that the handler remembers.
      expect(await idOf(scheme, whole('1.50'), '1.5')).toBe(genuine);
      expect(await idOf(scheme, whole('15e-1'), '1.5')).toBe(genuine);
    }
  });
});

describe('any message at all', () => {
  it('is examined without an exception', async () => {
    const definitions = [cashfin, kashier, clickpesa, wakapay, pesapal].map(
      ({ webhooks }) => webhooks as Readonly<Record<string, WebhookScheme<string>>>,
    );
    const headers = fc.dictionary(fc.constantFrom('x-kashier-signature', 'x-cashfin-signature'), fc.string());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...definitions),
        headers,
        fc.uint8Array(),
        async (definition, head, rawBody) => {
          const examination = await examined(definition, { headers: head, rawBody }, [{ apiKey: KEY }], 0);
          expect(examination).not.toHaveProperty('evidence');
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...definitions),
        headers,
        fc.json(),
        async (definition, head, json) => {
          const examination = await examined(definition, received(head, json), [{ apiKey: KEY }], 0);
          expect(examination).not.toHaveProperty('evidence');
        },
      ),
    );
  });
});
