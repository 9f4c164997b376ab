import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compactVerify, flattenedVerify } from 'jose';
import { jws, type KeyPairAlgorithm, privateKeyOf, signedJws, UnsignedJws } from './jws.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const KEYS: Readonly<Record<KeyPairAlgorithm, { privateKey: KeyObject; publicKey: KeyObject }>> = {
  RS256: rsa,
  PS256: rsa,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const ALGORITHMS = Object.keys(KEYS) as KeyPairAlgorithm[];
const CURVES = ['ES256', 'ES384', 'ES512'] as const;
const PAYLOAD = '{"amount":"10","name":"Ünal 🎉"}';
const SECRET = 'test-secret-not-real-0123456789abcdef';

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }));

function fails(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

const using = (algorithm: KeyPairAlgorithm, key: string) =>
  fails(() => jws({ algorithm, key, payload: '' })).message;

describe('jws', () => {
  it.each(ALGORITHMS)('makes with %s what jose verifies, from a PEM and from a JWK', async (algorithm) => {
    const { privateKey, publicKey } = KEYS[algorithm];
    for (const key of [pem(privateKey), jwk(privateKey), pem(privateKey).replaceAll('\n', '\\n')]) {
      const made = jws({ algorithm, key, header: { kid: 'k1', typ: 'JWT' }, payload: PAYLOAD });
      const { payload, protectedHeader } = await compactVerify(made, publicKey);
      expect(Buffer.from(payload).toString()).toBe(PAYLOAD);
      expect(protectedHeader).toEqual({ alg: algorithm, kid: 'k1', typ: 'JWT' });
    }
  });

  it('makes with HS256 what jose verifies, from a text and from a JWK', async () => {
    const k = randomBytes(32);
    for (const [key, bytes] of [
      [SECRET, Buffer.from(SECRET)],
      [JSON.stringify({ kty: 'oct', k: k.toString('base64url') }), k],
      ['{not a JWK, but a secret}', Buffer.from('{not a JWK, but a secret}')],
    ] as const) {
      const made = jws({ algorithm: 'HS256', key, payload: PAYLOAD });
      expect(Buffer.from((await compactVerify(made, createSecretKey(bytes))).payload).toString()).toBe(
        PAYLOAD,
      );
    }
    const long = signedJws({ algorithm: 'HS512', payload: PAYLOAD }, SECRET);
    expect((await compactVerify(long, Buffer.from(SECRET))).protectedHeader.alg).toBe('HS512');
  });

  it.each(ALGORITHMS)('leaves the payload out where it is detached, with %s', async (algorithm) => {
    const { privateKey, publicKey } = KEYS[algorithm];
    const bytes = randomBytes(100);
    const made = jws({ algorithm, key: pem(privateKey), payload: bytes, detached: true });
    const [header = '', payload, signature = ''] = made.split('.');
    expect(payload).toBe('');
    const whole = { protected: header, payload: bytes.toString('base64url'), signature };
    expect(Buffer.from((await flattenedVerify(whole, publicKey)).payload)).toEqual(bytes);
    const other = { ...whole, payload: randomBytes(100).toString('base64url') };
    await expect(flattenedVerify(other, publicKey)).rejects.toThrow(/verification failed/);
  });

  it('signs the payload as it is where the header says so (RFC 7797)', async () => {
    const { privateKey, publicKey } = KEYS.ES256;
    const header = { b64: false, crit: ['b64'] };
    const made = jws({ algorithm: 'ES256', key: pem(privateKey), header, payload: PAYLOAD, detached: true });
    const [start = '', , signature = ''] = made.split('.');
    const whole = { protected: start, payload: PAYLOAD, signature };
    expect((await flattenedVerify(whole, publicKey)).protectedHeader).toMatchObject(header);
    const unsafe = { algorithm: 'ES256', key: pem(privateKey), payload: PAYLOAD } as const;
    expect(() => jws({ ...unsafe, header })).toThrow(/detached: true/);
    expect(() => jws({ ...unsafe, header: { b64: false }, detached: true })).toThrow(/crit/);
  });

  it.each(CURVES)('takes the signature of a KMS with %s: as DER, or as in RFC 7518', async (algorithm) => {
    const { privateKey, publicKey } = KEYS[algorithm];
    const hash = `sha${algorithm.slice(2)}`;
    // Some of the 300 signatures have a number that begins with zeros. DER leaves these zeros out.
    for (let n = 0; n < 300; n += 1) {
      const unsigned = new UnsignedJws({ algorithm, payload: `${n}` });
      const made = unsigned.signed(sign(hash, unsigned.bytes, privateKey));
      expect(Buffer.from((await compactVerify(made, publicKey)).payload).toString()).toBe(`${n}`);
    }
    const unsigned = new UnsignedJws({ algorithm, payload: 'raw' });
    const raw = sign(hash, unsigned.bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    await expect(compactVerify(unsigned.signed(raw), publicKey)).resolves.toBeDefined();
    for (const wrong of [
      Buffer.alloc(0),
      Buffer.from('signature'),
      sign(hash, unsigned.bytes, privateKey).subarray(1),
    ])
      expect(() => unsigned.signed(wrong)).toThrow(/expected a signature of \d+ bytes, or DER/);
  });

  it('refuses a key that is not one for the algorithm, and names both', () => {
    const small = pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey);
    expect(using('ES256', pem(KEYS.ES384.privateKey))).toBe(
      'jws: ES256 needs an EC key on the curve P-256, and the key is ec secp384r1',
    );
    expect(using('ES512', pem(rsa.privateKey))).toMatch(/P-521, and the key is rsa/);
    expect(using('RS256', pem(KEYS.ES256.privateKey))).toMatch(/RSA key, and the key is ec prime256v1/);
    expect(using('PS256', pem(KEYS.EdDSA.privateKey))).toMatch(/RSA key, and the key is ed25519/);
    expect(using('EdDSA', pem(rsa.privateKey))).toMatch(/Ed25519 key, and the key is rsa/);
    expect(using('RS256', small)).toMatch(/at least 2048 bits/);
  });

  it('says what a key may be when a text is no key, and repeats nothing of the text', () => {
    const halfAPem = `-----BEGIN PRIVATE KEY-----\ntest-not-real-half\n-----END PRIVATE KEY-----`;
    const publicOnly = jwk(KEYS.ES256.publicKey);
    for (const key of ['test-not-real-key', halfAPem, '{"d":"test-not-real', publicOnly]) {
      const error = fails(() => jws({ algorithm: 'ES256', key, payload: '' }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/Give a PEM/);
      expect(`${error.stack} ${String(error.cause)}`).not.toContain('test-not-real');
    }
    expect(() => jws({ algorithm: 'HS256', key: '', payload: '' })).toThrow(/key is empty/);
    expect(() => jws({ algorithm: 'ES256', key: '', payload: '' })).toThrow(/key is empty/);
  });

  it('lets no header say another algorithm than the one that signs', () => {
    const options = { algorithm: 'HS256', key: SECRET, payload: '' } as const;
    expect(() => jws({ ...options, header: { alg: 'none' } })).toThrow(/the header has alg "none"/);
    expect(jws({ ...options, header: { alg: 'HS256' } })).toBe(jws(options));
  });

  it('parses a key once, and keeps a bounded number of them', () => {
    const text = pem(KEYS.ES256.privateKey);
    const first = privateKeyOf(text);
    expect(privateKeyOf(text)).toBe(first);
    for (let n = 0; n < 256; n += 1) privateKeyOf(`${text}${'\n'.repeat(n + 1)}`);
    expect(privateKeyOf(text)).not.toBe(first);
  });
});
