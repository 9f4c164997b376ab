import { describe, expect, it } from '@jest/globals';
import { fakeCredential } from '../../../../../test/support/fake-spenders.js';
import { ManualClock } from '../../testing/manual-clock.js';
import { zonesOf } from '../renewing/renewal-rules.js';
import { KeptCredential } from './kept-credential.js';

const LIFETIME_MS = 600_000;

function keptSince(clock: ManualClock): KeptCredential {
  return new KeptCredential({
    credential: fakeCredential(),
    secret: { credentials: {}, fingerprint: 'f'.repeat(64), whole: undefined },
    lifetimeMs: LIFETIME_MS,
    version: undefined,
    zones: zonesOf(LIFETIME_MS, 60_000, 0, 0),
    since: { wallMs: 0, monotonicMs: clock.monotonic() },
  });
}

describe('the predecessor of a credential', () => {
  it.each([
    ['stays', 1_900, true],
    ['is let go', 2_100, false],
  ])('%s when a call is accepted %d ms after the credential was obtained', async (_, ageMs, stays) => {
    const clock = new ManualClock();
    const before = keptSince(clock);
    await clock.advance(10_000);
    const kept = keptSince(clock);
    kept.predecessor = before;
    await clock.advance(ageMs);
    kept.answered(kept.credential, { status: 200, sentAtMs: clock.monotonic() }, clock);
    expect(kept.predecessor === before).toBe(stays);
    expect(kept.isProven).toBe(true);
  });

  it('is told of the calls that carried it', async () => {
    const clock = new ManualClock();
    const before = keptSince(clock);
    const kept = keptSince(clock);
    kept.predecessor = before;
    await clock.advance(100);
    kept.answered(before.credential, { status: 200, sentAtMs: clock.monotonic() }, clock);
    expect([kept.isProven, before.isProven]).toEqual([false, true]);
  });
});
