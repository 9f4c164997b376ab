import { randomBytes } from 'node:crypto';
import { findLeaks } from './leak-checker.js';

const secret = randomBytes(30).toString('base64') + '$+/=';

describe('the leak checker', () => {
  it.each([
    ['a property', { a: { b: [{ c: `Bearer ${secret}` }] } }],
    ['a hidden property', Object.defineProperty({}, 'hidden', { value: secret })],
    ['a symbol property', { [Symbol('s')]: secret }],
    ['a Map', new Map([['k', { secret }]])],
    ['what toJSON returns', { toJSON: () => ({ secret }) }],
    ['what toString returns', { toString: () => secret }],
    ['a message', new Error(`no: ${secret}`)],
    ['a stack', Object.assign(new Error('no'), { stack: `at ${secret}` })],
    ['a cause of a cause', new Error('a', { cause: new Error('b', { cause: new Error(secret) }) })],
    ['12 characters of it', { part: `xx${secret.slice(7, 19)}xx` }],
    ['its URL-encoded form', { url: `?k=${encodeURIComponent(secret)}` }],
    ['its base64 form', { basic: Buffer.from(secret).toString('base64') }],
    ['its base64 form one byte in', { basic: Buffer.from(`:${secret}`).toString('base64') }],
    ['its base64 form two bytes in', { basic: Buffer.from(`a:${secret}:b`).toString('base64') }],
    ['its base64url form', { jwt: Buffer.from(`{"${secret}"}`).toString('base64url') }],
  ])('finds a secret in %s', (_, value) => {
    expect(findLeaks(value, ['unrelated-secret-1234', secret])).not.toEqual([]);
  });

  it('finds nothing where there is no secret, and does not call accessors', () => {
    const own = Object.defineProperty({ a: 1 }, 'key', { get: () => secret, enumerable: false });
    expect(findLeaks([own, new Error('no'), () => secret, secret.slice(0, 11)], [secret])).toEqual([]);
  });
});
