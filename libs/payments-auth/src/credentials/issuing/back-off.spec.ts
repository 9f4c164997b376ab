import { describe, expect, it } from '@jest/globals';
import { Bucket } from './back-off.js';

function emptied(): Bucket {
  const bucket = new Bucket({ size: 5, gainsEveryMs: 1_000 });
  for (let each = 0; each < 5; each += 1) {
    expect(bucket.isEmpty(0)).toBe(false);
    bucket.take(0);
  }
  return bucket;
}

describe('a bucket of five that gains one a second', () => {
  it('is empty after five, and has one again a second later', () => {
    const bucket = emptied();
    expect(bucket.isEmpty(0)).toBe(true);
    expect(bucket.isEmpty(999)).toBe(true);
    expect(bucket.isEmpty(1_000)).toBe(false);
  });

  it('needs one more second for each token that is taken while it is empty', () => {
    const bucket = emptied();
    expect(bucket.owedMs(0)).toBe(0);
    bucket.take(0);
    bucket.take(0);
    expect(bucket.owedMs(0)).toBe(2_000);
    expect(bucket.owedMs(1_500)).toBe(500);
    expect(bucket.owedMs(3_000)).toBe(0);
  });

  it('never holds more than five, however long nothing was taken', () => {
    const bucket = emptied();
    for (let each = 0; each < 5; each += 1) bucket.take(3_600_000);
    expect(bucket.isEmpty(3_600_000)).toBe(true);
  });
});
