import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { WEBHOOKS } from '../../../../test/support/webhook-schemes.js';
import { PUBLIC_KEY, VECTORS, type WebhookVector } from '../../../../test/support/webhook-vectors.js';
import { ReceivedMessage, type ReceivedParts } from '../providers/webhooks/received-message.js';
import { publicKeyOf } from '../providers/webhooks/public-keys.js';
import type { WebhookScheme } from '../providers/webhooks/webhook-scheme.js';
import { type Examination, examineWebhook } from './examine-webhook.js';

// Many thousand messages are refused here. Making a stack for each takes long, and nobody reads it.
Error.stackTraceLimit = 0;

const OTHER_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'pem',
}) as string;

function schemeOf({ provider, scheme }: WebhookVector): WebhookScheme<string> {
  return WEBHOOKS[provider as keyof typeof WEBHOOKS][scheme] as WebhookScheme<string>;
}

/** The key of PayPal comes from a certificate, and that of TrueLayer from a key set. Other specs test how they are fetched. */
function examine(
  vector: WebhookVector,
  changed: Partial<ReceivedParts> = {},
  more: {
    credentials?: Readonly<Record<string, string>>;
    nowMs?: number;
    certificate?: KeyObject;
    published?: KeyObject;
  } = {},
): Promise<Examination> {
  const { headers = {}, query = {}, body, url, target, method } = vector;
  const rawBody = body === undefined ? undefined : Buffer.from(body);
  const { credentials = vector.credentials, nowMs = vector.signedAtMs ?? 0 } = more;
  return examineWebhook([[vector.scheme, schemeOf(vector)]], {
    message: new ReceivedMessage({ headers, query, rawBody, url, target, method, ...changed }),
    candidates: [credentials],
    nowMs,
    environment: 'live',
    keys: {
      fromSet: async (_url, keyId) =>
        keyId !== undefined && keyId === vector.published?.keyId
          ? (more.published ?? publicKeyOf(vector.published.key))
          : undefined,
      ofCertificate: async () => more.certificate ?? createPublicKey(PUBLIC_KEY),
    },
    http: () => {
      throw new Error('nobody asks');
    },
  });
}

const payloadOf = (examination: Examination) =>
  examination.refusal === undefined ? examination.evidence.map(({ payload }) => payload) : undefined;

/** Every text that differs from the given one in a single bit. */
function* flipped(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length * 8; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at >> 3] = (changed[at >> 3] as number) ^ (1 << (at & 7));
    yield changed;
  }
}

/** The message with another signature in the place of the genuine one. */
function withSignature(vector: WebhookVector, signature: string): Partial<ReceivedParts> {
  const replaced = (values: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        value.endsWith(vector.signature) ? value.slice(0, -vector.signature.length) + signature : value,
      ]),
    );
  return {
    headers: replaced(vector.headers),
    query: replaced(vector.query),
    rawBody:
      vector.body === undefined
        ? undefined
        : Buffer.from(vector.body.replace(vector.signature, () => signature)),
  };
}

/** Signatures whose bytes differ in one bit, and signatures whose text differs in one bit. */
function wrongSignatures({ signature, encoding }: WebhookVector): Set<string> {
  const inBytes = encoding === 'text' ? [] : [...flipped(Buffer.from(signature, encoding))];
  const inText = [...flipped(Buffer.from(signature))].map((bytes) => bytes.toString('latin1'));
  return new Set([
    ...inBytes.map((bytes) => bytes.toString(encoding as BufferEncoding)),
    ...inText.filter((text) => encoding !== 'hex' || text.toLowerCase() !== signature.toLowerCase()),
  ]);
}

const name = ({ provider, scheme }: WebhookVector) => `${provider}, ${scheme}`;
const table = VECTORS.map((vector) => [name(vector), vector] as const);
const proven = table.filter(([, vector]) => !['sender', 'nothing'].includes(schemeOf(vector).proves));
const whole = proven.filter(([, vector]) => schemeOf(vector).proves === 'payload');

describe.each(table)('the webhook of %s', (_name, vector) => {
  const scheme = schemeOf(vector);

  it('is described completely enough to be verified', () => {
    const fields = Object.keys(vector.credentials);
    const problems = scheme['~work']?.problems({
      credentials: [...fields, ...(scheme['~work']?.fields ?? [])],
      environments: ['sandbox', 'live'],
    });
    expect(problems).toEqual([]);
  });

  it('is accepted when it is genuine', async () => {
    expect(await examine(vector)).toMatchObject({
      scheme: vector.scheme,
      proves: scheme.proves,
      evidence: [{ deliveryId: expect.any(String) }],
    });
  });

  it('is refused with another secret, such as that of another account', async () => {
    const other = vector.secret.endsWith('PublicKey') ? OTHER_KEY : 'aa'.repeat(32);
    const credentials = { ...vector.credentials, [vector.secret]: other };
    const published = generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey;
    expect(await examine(vector, {}, { credentials, published })).toMatchObject({
      refusal: 'wrong-signature',
    });
  });

  it('is refused without the secret, and with an empty one', async () => {
    const elsewhere = vector.published && { ...vector.published, keyId: 'another' };
    for (const secret of ['', undefined]) {
      const credentials = { ...vector.credentials, [vector.secret]: secret as string };
      const without = { ...vector, published: elsewhere };
      expect(payloadOf(await examine(without, {}, { credentials }))).toBeUndefined();
    }
  });

  it('is refused with every signature that differs in one bit', async () => {
    let tried = 0;
    for (const signature of wrongSignatures(vector)) {
      tried += 1;
      const examination = await examine(vector, withSignature(vector, signature));
      if (payloadOf(examination) !== undefined) throw new Error(`accepted ${signature}`);
    }
    expect(tried).toBeGreaterThan(100);
  });

  it('is refused with its signature twice, or with none', async () => {
    const doubled = (values: Readonly<Record<string, string>> = {}) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
          key,
          value.endsWith(vector.signature) ? [value, value] : value,
        ]),
      );
    const twice = { headers: doubled(vector.headers), query: doubled(vector.query) };
    // A JSON body can hold a field only once.
    const bothTimes = vector.body?.includes(vector.signature)
      ? undefined
      : payloadOf(await examine(vector, twice));
    expect(bothTimes).toBeUndefined();
    expect(payloadOf(await examine(vector, withSignature(vector, '')))).toBeUndefined();
  });
});

describe.each(proven)('what is signed of %s', (_name, vector) => {
  it('cannot be changed by one bit', async () => {
    const genuine = payloadOf(await examine(vector));
    const bytes = Buffer.from(vector.body ?? '');
    const covered = schemeOf(vector).proves === 'payload';
    let refused = 0;
    for (const rawBody of flipped(bytes)) {
      const payload = payloadOf(await examine(vector, { rawBody }));
      if (payload === undefined) refused += 1;
      // A part that is not signed may change. Such a part is not in the payload.
      else if (covered || !isDeepStrictEqual(payload, genuine))
        throw new Error(`accepted ${rawBody.toString()}`);
    }
    expect(refused).toBeGreaterThanOrEqual(covered ? bytes.length * 8 : 0);
    for (const [key, value] of Object.entries(vector.query ?? {})) {
      for (const text of flipped(Buffer.from(value))) {
        const query = { ...vector.query, [key]: text.toString('latin1') };
        const payload = payloadOf(await examine(vector, { query }));
        if (key === 'hmac' && text.toString('latin1').toLowerCase() === value.toLowerCase()) continue;
        if (payload !== undefined && !isDeepStrictEqual(payload, genuine)) throw new Error(`accepted ${key}`);
      }
    }
  });
});

describe.each(proven.filter(([, { published }]) => published !== undefined))(
  'the other things that %s signs',
  (_name, vector) => {
    it('cannot be changed by one bit: JWS header, path, method and signed headers', async () => {
      const { target = '', method = 'POST', headers = {} } = vector;
      const [header = '', tail = ''] = headers['tl-signature']?.split('..') ?? [];
      const changed = [
        ...[...flipped(Buffer.from(header, 'base64url'))].map((bytes) => ({
          headers: { ...headers, 'tl-signature': `${bytes.toString('base64url')}..${tail}` },
        })),
        ...[...flipped(Buffer.from(target))].map((bytes) => ({ target: bytes.toString('latin1') })),
        ...[...flipped(Buffer.from(method))].map((bytes) => ({ method: bytes.toString('latin1') })),
        ...[...flipped(Buffer.from(headers['idempotency-key'] ?? ''))].map((bytes) => ({
          headers: { ...headers, 'idempotency-key': bytes.toString('latin1') },
        })),
      ];
      expect(changed.length).toBeGreaterThan(500);
      for (const each of changed) expect(payloadOf(await examine(vector, each))).toBeUndefined();
    });
  },
);

describe.each(whole)('the body of %s', (_name, vector) => {
  it('is refused after it was parsed and serialised again', async () => {
    const rawBody = Buffer.from(JSON.stringify(JSON.parse(vector.body as string), null, 1));
    expect(payloadOf(await examine(vector, { rawBody }))).toBeUndefined();
  });
});

describe.each(table.filter(([, { signedAtMs }]) => signedAtMs !== undefined))(
  'the timestamp of %s',
  (_name, vector) => {
    it('is refused outside its tolerance, past and future, and when it is changed', async () => {
      const signedAtMs = vector.signedAtMs as number;
      for (const offMs of [-300_000, 300_000]) {
        expect(payloadOf(await examine(vector, {}, { nowMs: signedAtMs + offMs }))).toBeDefined();
        const late = await examine(vector, {}, { nowMs: signedAtMs + offMs * 1.01 });
        expect(payloadOf(late)).toBeUndefined();
      }
      // The time is the current one, but it is not the signed one.
      const text = JSON.stringify(vector.headers);
      for (const [from, to] of [
        ['1700000000', '1700000001'],
        ['22:13:20', '22:13:21'],
        ['00:00:05Z', '00:00:06Z'],
        ['1614265330', '1614265331'],
      ] as const) {
        if (!text.includes(from)) continue;
        const headers = JSON.parse(text.replace(from, to)) as Record<string, string>;
        expect(payloadOf(await examine(vector, { headers }))).toBeUndefined();
      }
    });
  },
);

describe('proofs', () => {
  it('are of the sender alone where the secret is sent, or where a CRC covers the body', () => {
    const weak = table.filter(([, vector]) => schemeOf(vector).proves === 'sender');
    expect(weak.map(([each]) => each)).toEqual([
      'flutterwave, token',
      'flutterwave-v4, token',
      'wave, token',
      'chapa, constant',
      'paypal, certificate',
      'phonepe, constant',
      'xendit, token',
    ]);
    for (const [, vector] of weak) expect(schemeOf(vector)['~work']?.confirmWith).toMatch(/^(GET|POST) \//);
  });

  it('by a CRC are not of the payload, because another body with the same CRC is accepted', async () => {
    const vector = VECTORS.find(({ provider }) => provider === 'paypal') as WebhookVector;
    const forged = withSameCrc(
      '{"id":"evt_1","type":"payment.succeeded","amount":999}',
      vector.body as string,
    );
    expect(forged).not.toBe(vector.body);
    const examination = await examine(vector, { rawBody: Buffer.from(forged) });
    expect(examination).toMatchObject({ proves: 'sender', evidence: [{ payload: { amount: 999 } }] });
  });

  it('use no key of another environment or of another kind', async () => {
    const vector = VECTORS.find(({ provider }) => provider === 'paypal') as WebhookVector;
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await examine(vector, {}, { certificate: publicKey })).toEqual({ refusal: 'wrong-signature' });
  });
});

/** A JSON text that says `text` and has the CRC-32 of `other`: six printable characters at its end are enough. */
function withSameCrc(text: string, other: string): string {
  const wanted = crc(other);
  // CRC-32 is linear. So the effects of the padding bits can be added, and the equations can be solved.
  const width = 48;
  const padded = (bits: bigint) =>
    `${text.slice(0, -1)},"x":"${Array.from({ length: width }, (_, at) => ((bits >> BigInt(at)) & 1n ? 'a' : '`')).join('')}"}`;
  const base = crc(padded(0n));
  const rows: { effect: number; bits: bigint }[] = [];
  for (let at = 0; at < width; at += 1) {
    let row = { effect: (crc(padded(1n << BigInt(at))) ^ base) >>> 0, bits: 1n << BigInt(at) };
    for (const known of rows) {
      if ((row.effect ^ known.effect) >>> 0 < row.effect)
        row = { effect: (row.effect ^ known.effect) >>> 0, bits: row.bits ^ known.bits };
    }
    if (row.effect !== 0) {
      rows.push(row);
      rows.sort((one, two) => two.effect - one.effect);
    }
  }
  let rest = (wanted ^ base) >>> 0;
  let bits = 0n;
  for (const row of rows) {
    if ((rest ^ row.effect) >>> 0 < rest) {
      rest = (rest ^ row.effect) >>> 0;
      bits ^= row.bits;
    }
  }
  if (rest !== 0) throw new Error('no padding gives this CRC');
  return padded(bits);
}

/** Computed bit by bit, without the code under test. */
function crc(text: string): number {
  let register = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit += 1)
      register = register & 1 ? (register >>> 1) ^ 0xedb88320 : register >>> 1;
  }
  return (register ^ 0xffffffff) >>> 0;
}

describe("Mercado Pago's signature of an id with letters", () => {
  const vector = VECTORS.find(({ provider }) => provider === 'mercadopago') as WebhookVector;
  const signedAs = (id: string) => {
    const seconds = (vector.signedAtMs ?? 0) / 1_000;
    const v1 = createHmac('sha256', 'mpsecret')
      .update(`id:${id};request-id:req-1;ts:${seconds};`)
      .digest('hex');
    const headers = { 'x-request-id': 'req-1', 'x-signature': `ts=${seconds},v1=${v1}` };
    return examine(vector, { headers, query: { 'data.id': 'ORD01abC' } });
  };

  it.each(['ord01abc', 'ORD01abC'])('is genuine over %s', async (id) => {
    expect(payloadOf(await signedAs(id))).toEqual([{ 'data.id': 'ORD01abC' }]);
  });

  it.each(['ORD01ABC', 'ord01abd'])('is forged over %s', async (id) => {
    expect(await signedAs(id)).toMatchObject({ refusal: 'wrong-signature' });
  });
});
