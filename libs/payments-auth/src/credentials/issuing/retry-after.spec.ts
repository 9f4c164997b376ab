import { describe, expect, it } from '@jest/globals';
import { retryAfterMs } from './retry-after.js';

describe('how long an answer asks to wait', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each([
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date }, 30_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.parse(date) / 1_000 + 7), date },
      7_000,
    ],
    [{ 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '99' }, undefined],
    [{}, undefined],
  ])('is read from %j', (headers, waitMs) => {
    expect(retryAfterMs(headers, 0)).toBe(waitMs);
  });
});
