import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { retryAfterMs } from './retry-after.js';
import { type Lane, TokenEndpoint } from './token-endpoints.js';

const clock = new ManualClock();
const endpoint = () => new TokenEndpoint(clock, { mostInFlight: 4, mostRenewals: 2 });

describe('a token endpoint', () => {
  it('sees no more requests than the provider allows, per address and per credential', async () => {
    const limits = [
      { limit: 3, perMs: 60_000, per: 'ip' },
      { limit: 2, perMs: 3_600_000, per: 'credential' },
    ] as const;
    const one = endpoint();
    expect([one.reserve(limits, 'a'), one.reserve(limits, 'a')]).toEqual([0, 0]);
    expect(one.reserve(limits, 'a')).toBe(3_600_000);
    expect(one.reserve(limits, 'b')).toBe(0);
    expect(one.reserve(limits, 'b')).toBe(60_000);
    await clock.advance(60_000);
    expect(one.reserve(limits, 'b')).toBe(0);
  });

  it('sees few requests at once, fewer of those that nobody waits for, and callers first', async () => {
    const one = endpoint();
    const entered: Lane[] = [];
    const leave: (() => void)[] = [];
    const enter = async (lane: Lane) => {
      const done = await one.enter(lane);
      entered.push(lane);
      leave.push(done);
    };
    for (const lane of ['renewal', 'renewal', 'renewal', 'caller', 'caller', 'caller'] as const)
      void enter(lane);
    await new Promise(setImmediate);
    expect(entered).toEqual(['renewal', 'renewal', 'caller', 'caller']);
    leave[0]?.();
    leave[0]?.();
    await new Promise(setImmediate);
    expect(entered.slice(4)).toEqual(['caller']);
    leave.slice(1).forEach((done) => done());
    await new Promise(setImmediate);
    expect(entered.slice(5)).toEqual(['renewal']);
  });
});

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
