import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { EndpointLimits } from './token-endpoints.js';

describe('the limits of a token endpoint', () => {
  let clock: ManualClock;
  let limits: EndpointLimits;

  beforeEach(() => {
    clock = new ManualClock();
    limits = new EndpointLimits(clock, 100);
  });

  it('are kept per address and per credential', async () => {
    const published = [
      { limit: 3, perMs: 60_000, per: 'ip' },
      { limit: 2, perMs: 3_600_000, per: 'credential' },
    ] as const;
    expect([limits.reserve(published, 'a'), limits.reserve(published, 'a')]).toEqual([0, 0]);
    expect(limits.reserve(published, 'a')).toBe(3_600_000);
    expect(limits.reserve(published, 'b')).toBe(0);
    expect(limits.reserve(published, 'b')).toBe(60_000);
    await clock.advance(60_000);
    expect(limits.reserve(published, 'b')).toBe(0);
  });

  it('pause the credential that was told to wait, and no other one', async () => {
    limits.told('a', 30_000);
    limits.told('a', 1_000);
    expect([limits.reserve([], 'a'), limits.reserve([], 'b')]).toEqual([30_000, 0]);
    await clock.advance(30_000);
    expect(limits.reserve([], 'a')).toBe(0);
  });

  it('pause every credential for a minute at most when a second one is told to wait meanwhile', async () => {
    limits.told('a', 3_600_000);
    limits.told('b', 3_600_000);
    expect(limits.reserve([], 'c')).toBe(60_000);
    expect(limits.reserve([], 'a')).toBe(3_600_000);
    await clock.advance(60_000);
    expect(limits.reserve([], 'c')).toBe(0);
  });

  it('pause no other credential when the first pause is over, or a login was answered meanwhile', async () => {
    limits.told('a', 30_000);
    await clock.advance(30_000);
    limits.told('b', 30_000);
    expect(limits.reserve([], 'c')).toBe(0);
    limits.answered();
    limits.told('c', 30_000);
    expect(limits.reserve([], 'd')).toBe(0);
  });

  it('remember no more credentials than they are asked to', () => {
    const published = [{ limit: 2, perMs: 86_400_000, per: 'credential' }] as const;
    for (let each = 0; each < 1_000; each += 1) limits.reserve(published, `merchant-${each}`);
    expect(limits.size).toBe(100);
    expect([limits.reserve(published, 'merchant-999'), limits.reserve(published, 'merchant-999')]).toEqual([
      0, 86_400_000,
    ]);
  });
});
