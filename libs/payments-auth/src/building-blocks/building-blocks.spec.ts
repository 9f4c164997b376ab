import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { basic } from './basic.js';
import { digest, hmac } from './digests.js';
import { sameText } from './same-text.js';

const KEY = 'test-secret-not-real';

const decoded = (header: string) => Buffer.from(header.replace(/^Basic /, ''), 'base64').toString();

describe('hmac', () => {
  it('meets the vector of RFC 4231, in hex by default, over text and over bytes', () => {
    const key = Buffer.alloc(20, 0x0b);
    const expected = 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7';
    expect(hmac('sha256', key, 'Hi There')).toBe(expected);
    expect(hmac('sha256', new Uint8Array(key), new TextEncoder().encode('Hi There'))).toBe(expected);
  });

  it('makes the signature that Razorpay documents for the result of a checkout', () => {
    expect(hmac('sha256', 'keysecret', 'order_1|pay_1')).toBe(
      'aa2b1f2420712a277d3366ec83048ccbedfb37c014e66b9445978801a6ecf95f',
    );
  });

  it.each(['sha1', 'sha256', 'sha512', 'sha3-512'] as const)('is made with %s, in every encoding', (hash) => {
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(hmac(hash, KEY, 'ü', encoding)).toBe(createHmac(hash, KEY).update('ü').digest(encoding));
  });

  it('refuses an empty key, which signs nothing', () => {
    expect(() => hmac('sha256', '', 'data')).toThrow(/key is empty/);
    expect(() => hmac('sha256', new Uint8Array(), 'data')).toThrow(/key is empty/);
  });
});

describe('digest', () => {
  it('meets the vector of FIPS 180-4, in hex by default', () => {
    expect(digest('sha256', 'abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it.each(['sha256', 'sha384', 'sha512'] as const)('is made with %s, in every encoding', (hash) => {
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(digest(hash, Buffer.from([0, 255]), encoding)).toBe(
        createHash(hash)
          .update(Buffer.from([0, 255]))
          .digest(encoding),
      );
  });
});

describe('basic', () => {
  it('joins user and password as they are, in UTF-8, with an empty password by default', () => {
    // RFC 7617, section 2 and section 2.1.
    expect(basic('Aladdin', 'open sesame')).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    expect(basic('test', '123£')).toBe('Basic dGVzdDoxMjPCow==');
    expect(decoded(basic('a b+%', '%&=+'))).toBe('a b+%:%&=+');
    expect(decoded(basic('key'))).toBe('key:');
  });
});

describe('sameText', () => {
  it('is true of the same text alone', () => {
    expect(sameText('abc', 'abc')).toBe(true);
    expect(sameText('', '')).toBe(true);
    for (const other of ['abd', 'ABC', 'ab', 'abcd', '', 'äbc']) expect(sameText('abc', other)).toBe(false);
  });
});
