import { describe, expect, it } from '@jest/globals';
import { isBelow } from './base-path.js';

const OUT = [
  '/v1/../x',
  '/v1/%2e%2e/x',
  '/v1/..;/x',
  '/v1/..%2fx',
  '/v1/..%5cx',
  '/v1/%2e%2e%2fx',
  '/v1/%252e%252e%252fx',
  '/v1/%25252e%25252e%25252fx',
  '/v1/%2525252e%2525252e%2525252fx',
  '/v1/%252525252e%252525252e%252525252fx',
  '/v1/%u002e%u002e%u002fx',
  '/v1/%u002e%u002e/x',
  '/v1/%25u002e%25u002e%25u002fx',
  '/v1/%c0%ae%c0%ae/x',
  '/v1/%C0%AE%C0%AE%C0%AFx',
  '/v1/%e0%80%ae%e0%80%ae%e0%80%afx',
  '/v1/%f0%80%80%ae%f0%80%80%ae/x',
  '/v1/%c0%2e%c0%2e/x',
  '/v1/..%00/x',
  '/v1/..%00.html/x',
  '/v1/%00../x',
  '/v1/..%09/x',
  '/v1/..%0d%0a/x',
  '/v1/..%20/x',
  '/v1/a%2f..%2f..%2fx',
  '/v1/%ef%bc%8e%ef%bc%8e/x',
  '/v1/%ef%bc%8e%ef%bc%8e%ef%bc%8fx',
  '/v1/\u2025/x',
  '/v1/%e2%80%a5/x',
  '/v1/%25e2%2580%25a5/x',
  '/v1/%e2%80%a4%e2%80%a4/x',
  '/v1/%ef%b9%92%ef%b9%92/x',
  '/v1/..%e2%88%95x',
  '/v1/..%e2%81%84x',
  '/v1/..%ef%b9%a8x',
  '/v1/ok;/../../x',
  '/v1/ok;/..;/..;/x',
  '/v1/ok;%2f..%2f..%2fx',
  '/v1/..%3bx/y',
  '/v1/..%3fx',
  '/v1/..%23x',
  `/v1/${'%25'.repeat(1)}${'25'.repeat(12)}2e`,
];
const IN = [
  '/v1',
  '/v1/',
  '/v1/x',
  '/v1/a..b',
  '/v1/...',
  '/v1/..a',
  '/v1/a%20b',
  '/v1/%E2%82%AC',
  '/v1/100%25',
  '/v1/a%2Fb',
  '/v1/x;y=1',
  // `URL` resolves it to /v1/y, and that is what is sent.
  '/v1/ok;/../y',
  '/v1/ok;a=..',
  '/v1/%E2%80%A6',
  '/v1/%D0%B6%D1%83%D0%BA',
  '/v1/%7Bid%7D',
];

describe('a path', () => {
  it.each(OUT)('%s may lead out of the base path', (path) => {
    expect(isBelow('/v1', new URL(`https://api.acme.test${path}`))).toBe(false);
  });

  it.each(IN)('%s stays below the base path', (path) => {
    expect(isBelow('/v1', new URL(`https://api.acme.test${path}`))).toBe(true);
  });

  it('of another protocol or another base path does not', () => {
    expect(isBelow('', new URL('blob:https://api.acme.test/x'))).toBe(false);
    expect(isBelow('/v1', new URL('https://api.acme.test/v10/x'))).toBe(false);
  });
});
