import { describe, expect, it } from '@jest/globals';
import { clockDifferenceMs } from './clock-difference.js';

const requestedAtMs = Date.parse('2026-01-01T12:00:00.900Z');

describe('the clock difference to a provider', () => {
  it.each<[string, Record<string, string>, number, number | undefined]>([
    ['none within the second that Date cuts off', { date: 'Thu, 01 Jan 2026 12:00:00 GMT' }, 200, 0],
    ['none within the time that the answer took', { date: 'Thu, 01 Jan 2026 12:00:04 GMT' }, 8_000, 0],
    ['ahead', { date: 'Thu, 01 Jan 2026 12:01:30 GMT' }, 200, 90_000],
    ['behind', { date: 'Thu, 01 Jan 2026 11:56:00 GMT' }, 200, -240_000],
    ['unknown without a Date', {}, 200, undefined],
    ['unknown with one that is none', { date: 'yesterday' }, 200, undefined],
  ])('is %s', (_, headers, durationMs, expected) => {
    const answer = {
      status: 200,
      headers,
      body: undefined,
      text: '',
      requestedAtMs,
      requestedAtMonotonicMs: 0,
    };
    expect(clockDifferenceMs(answer, durationMs)).toBe(expected);
  });
});
