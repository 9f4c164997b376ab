import { constants, createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { examined } from '../../../../../test/support/examined.js';
import type { PublicKeyAlgorithm } from './public-keys.js';
import { hashWebhook, hmacWebhook, publicKeyWebhook } from './signature-webhooks.js';

const SECRET = 'test-secret-not-real-key';
const BODY = '{"id":"evt_1","amount":100}';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;

const KEYS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed: generateKeyPairSync('ed25519'),
};

describe('publicKeyWebhook', () => {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING };
  const rows: [string, PublicKeyAlgorithm, keyof typeof KEYS, string | null, object][] = [
    ['RSA with SHA-256', 'rsa-sha256', 'rsa', 'sha256', {}],
    ['RSA with SHA-512', 'rsa-sha512', 'rsa', 'sha512', {}],
    ['RSA-PSS', 'rsa-pss-sha256', 'rsa', 'sha256', pss],
    ['ECDSA with SHA-256, in DER', 'ecdsa-sha256', 'p256', 'sha256', {}],
    ['ECDSA with SHA-256, as two numbers', 'ecdsa-sha256', 'p256', 'sha256', { dsaEncoding: 'ieee-p1363' }],
    ['ECDSA with SHA-512', 'ecdsa-sha512', 'p521', 'sha512', {}],
    ['Ed25519', 'ed25519', 'ed', null, {}],
  ];

  it.each(rows)(
    'verifies %s, and nothing of another key or kind',
    async (_what, algorithm, kind, hash, more) => {
      const key = KEYS[kind].privateKey;
      const signature = sign(hash, Buffer.from(BODY), { key, ...more });
      const schemes = {
        key: publicKeyWebhook({
          algorithm,
          key: { credential: 'publicKey' },
          header: 'x-signature',
          encoding: 'base64',
        }),
      };
      const examine = (bytes: Buffer, publicKey = pem(KEYS[kind].publicKey), body = BODY) =>
        examined(
          schemes,
          { headers: { 'x-signature': bytes.toString('base64') }, rawBody: Buffer.from(body) },
          [{ publicKey }],
        );
      expect(await examine(signature)).toMatchObject({ evidence: { proves: 'payload' } });
      expect(await examine(signature, pem(KEYS[kind].publicKey).replaceAll('\n', '\\n'))).toHaveProperty(
        'evidence',
      );
      expect(await examine(signature, undefined, `${BODY} `)).toEqual({ refusal: 'wrong-signature' });
      for (const at of [0, signature.length >> 1, signature.length - 1]) {
        const changed = Buffer.from(signature);
        changed[at] = (changed[at] as number) ^ 1;
        expect(await examine(changed)).toEqual({ refusal: 'wrong-signature' });
      }
      const others = Object.entries(KEYS).filter(([other]) => other !== kind);
      for (const [, { publicKey }] of others) {
        expect(await examine(signature, pem(publicKey))).toEqual({ refusal: 'wrong-signature' });
      }
    },
  );
});

describe('publicKeyWebhook with a detached JWS', () => {
  it.each([undefined, 'hex', 'base64', 'base64url'] as const)(
    'verifies it where the encoding is said to be %s',
    async (encoding) => {
      const schemes = {
        key: publicKeyWebhook({
          algorithm: 'ecdsa-sha512',
          key: { credential: 'publicKey' },
          header: 'x-signature',
          jws: {},
          ...(encoding === undefined ? {} : { encoding }),
        }),
      };
      const header = Buffer.from('{"alg":"ES512","kid":"key-1"}').toString('base64url');
      const text = Buffer.from(`${header}.${Buffer.from(BODY).toString('base64url')}`);
      const key = { key: KEYS.p521.privateKey, dsaEncoding: 'ieee-p1363' as const };
      const signature = `${header}..${sign('sha512', text, key).toString('base64url')}`;
      const examine = (body: string) =>
        examined(schemes, { headers: { 'x-signature': signature }, rawBody: Buffer.from(body) }, [
          { publicKey: pem(KEYS.p521.publicKey) },
        ]);
      expect(await examine(BODY)).toMatchObject({ evidence: { proves: 'payload' } });
      expect(await examine(`${BODY} `)).toEqual({ refusal: 'wrong-signature' });
    },
  );
});

describe('hashWebhook', () => {
  const schemes = {
    hash: hashWebhook({
      secrets: ['secret'],
      hash: 'sha256',
      header: 'x-hash',
      signed: '{body}{credential:secret}',
    }),
  };
  const examine = (hash: string, body = BODY, secret: string | string[] = SECRET) =>
    examined(schemes, { headers: { 'x-hash': hash }, rawBody: Buffer.from(body) }, [{ secret }]);

  it('verifies a hash over a text with the secret in it, for each secret of a list', async () => {
    expect(await examine(hashOf(BODY + SECRET))).toMatchObject({ evidence: { proves: 'payload' } });
    expect(await examine(hashOf(BODY + SECRET), BODY, ['new', SECRET])).toHaveProperty('evidence');
    expect(await examine(hashOf(BODY))).toEqual({ refusal: 'wrong-signature' });
    expect(await examine(hashOf(BODY + SECRET), `${BODY} `)).toEqual({ refusal: 'wrong-signature' });
    expect(await examine(hashOf(BODY), BODY, '')).toEqual({ refusal: 'wrong-signature' });
  });

  it('wants the secret in its text', () => {
    const open = hashWebhook({ secrets: ['secret'], hash: 'md5', header: 'x-hash', signed: '{body}' });
    expect(open['~work']?.problems({ credentials: ['secret'], environments: [] })).toEqual([
      'signed: expected {credential:secret} in it, or anybody could make the hash',
    ]);
  });
});

describe('fields in a set order', () => {
  const schemes = {
    fields: hmacWebhook({
      key: 'key',
      header: 'x-signature',
      signed: { fields: ['id', 'amount', 'order.id', 'missing'], separator: '|' },
    }),
  };
  const examine = (text: string, body: string) =>
    examined(
      schemes,
      {
        headers: { 'x-signature': createHmac('sha256', SECRET).update(text).digest('hex') },
        rawBody: Buffer.from(body),
      },
      [{ key: SECRET }],
    );

  it.each([
    ['as they are written', '9007199254740993|100.50|7|'],
    ['as JavaScript writes them', '9007199254740992|100.5|7|'],
  ])('take numbers %s: a sender signs the one or the other', async (_what, text) => {
    const body = '{"id":9007199254740993,"amount":100.50,"order":{"id":7},"more":1}';
    expect(await examine(text, body)).toMatchObject({
      evidence: { proves: 'values', payload: { amount: 100.5, order: { id: 7 } } },
    });
    expect(await examine(text, body.replace('100.50', '100.51'))).toEqual({ refusal: 'wrong-signature' });
  });

  it('leave what is not signed out of the payload, and refuse an object in the place of a value', async () => {
    const { evidence } = (await examine('1|2|3|', '{"id":1,"amount":2,"order":{"id":3,"x":4},"y":5}')) as {
      evidence: { payload: unknown };
    };
    expect(evidence.payload).toEqual({ id: 1, amount: 2, order: { id: 3 } });
    expect(await examine('1|[object Object]|3|', '{"id":1,"amount":{},"order":{"id":3}}')).toEqual({
      refusal: 'malformed',
    });
    expect(await examine('|||', '{}')).toEqual({ refusal: 'malformed' });
  });
});
