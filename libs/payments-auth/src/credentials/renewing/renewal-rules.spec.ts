import { describe, expect, it } from '@jest/globals';
import { configuredProvider } from '../../../../../test/support/configured-provider.js';
import { LOGIN_DEFINITION } from '../../../../../test/support/credential-bed.js';
import { ManualClock } from '../../testing/manual-clock.js';
import { Credential } from '../credential.js';
import { KeptCredential } from '../slot/kept-credential.js';
import { whenDue, zonesOf } from './renewal-rules.js';
import { fc } from '../../../../../test/support/chances.js';

const MINUTE = 60_000;

describe('the zones of a life', () => {
  it.each([
    ['an hour, by the configured minute', 60 * MINUTE, MINUTE, 200, 59 * MINUTE],
    ['five minutes, never by more than half of it', 5 * MINUTE, 30 * MINUTE, 200 * 1_000, 2.5 * MINUTE],
    ['a minute, by a fifth of it', MINUTE, MINUTE, 200, 48_000],
    ['a minute, by twice a slow login', MINUTE, MINUTE, 9_000, 42_000],
    ['four seconds, by half of it', 4_000, MINUTE, 2_000, 2_000],
    ['a second, not before it is over', 1_000, MINUTE, 200, 1_000],
    ['a millisecond, not before a second is over', 1, MINUTE, 200, 1_000],
  ])('of %s', (_, lifetimeMs, refreshBeforeMs, slowestLoginMs, dueAfterMs) => {
    expect(zonesOf(lifetimeMs, refreshBeforeMs, slowestLoginMs, 0).dueAfterMs).toBe(dueAfterMs);
  });

  it('let a token be used for at least a second, however short its lifetime is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 4_000, noNaN: true }),
        fc.double({ min: 0, max: 20_000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifetimeMs, slowestMs, random) => {
          const { dueAfterMs, deadAfterMs } = zonesOf(lifetimeMs, MINUTE, slowestMs, random);
          expect(dueAfterMs).toBeGreaterThanOrEqual(1_000);
          expect(deadAfterMs).toBeGreaterThanOrEqual(dueAfterMs);
        },
      ),
    );
  });

  it('leave time for two of the slowest logins, or half the life, at any lifetime and jitter', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 4_000, max: 3.2e10, noNaN: true }),
        fc.double({ min: 0, max: 20_000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifetimeMs, slowestMs, random) => {
          const { dueAfterMs, deadAfterMs } = zonesOf(lifetimeMs, MINUTE, slowestMs, random);
          const windowMs = lifetimeMs - dueAfterMs;
          expect(dueAfterMs).toBeLessThan(deadAfterMs);
          expect(dueAfterMs).toBeGreaterThanOrEqual(lifetimeMs / 2);
          expect(windowMs).toBeGreaterThanOrEqual(0.9 * Math.min(2 * slowestMs, lifetimeMs / 2) - 1);
          expect(lifetimeMs - deadAfterMs).toBeLessThanOrEqual(1_000.01);
        },
      ),
    );
  });
});

describe('the zones of a token that is accepted from some age on', () => {
  it.each([
    ['five minutes and 30 s', 5 * MINUTE, 30_000, 200, 3.5 * MINUTE - 500],
    ['five minutes and 30 s, with slow logins', 5 * MINUTE, 30_000, 20_000, 5 * MINUTE - 60_000 - 50_000],
    ['a life so short that the next one cannot be in time', 50_000, 30_000, 200, 30_500],
  ])('%s', (_, lifetimeMs, usableAfterMs, slowestLoginMs, dueAfterMs) => {
    expect(zonesOf(lifetimeMs, MINUTE, slowestLoginMs, 0, usableAfterMs).dueAfterMs).toBe(dueAfterMs);
  });
});

describe('a kept credential', () => {
  const clock = new ManualClock();
  const kept = () =>
    new KeptCredential({
      credential: new Credential({
        provider: 'acme',
        scopes: [],
        id: '00000000',
        token: 't',
        headers: {},
        obtainedAtMs: clock.now(),
      }),
      secret: { credentials: {}, fingerprint: '', whole: undefined },
      lifetimeMs: 1_000,
      version: undefined,
      zones: { dueAfterMs: 500, deadAfterMs: 980 },
      since: { wallMs: clock.now(), monotonicMs: clock.monotonic() },
    });
  const at = (monotonicMs: number, wallMs: number) =>
    kept().zoneAt(clock.monotonic() + monotonicMs, clock.now() + wallMs);

  it.each([
    [0, 0, 'fresh'],
    [499, 499, 'fresh'],
    [500, 500, 'due'],
    [979, 979, 'due'],
    [980, 980, 'dead'],
    // The machine slept, or the wall clock was set: only the wall clock went on.
    [10, 980, 'due'],
    [10, 86_400_000, 'due'],
    [10, 600, 'due'],
    // The wall clock was set back.
    [980, -86_400_000, 'dead'],
  ] as const)(
    'is, %d ms on the monotonic and %d ms on the wall clock later, %s',
    (monotonicMs, wallMs, zone) => {
      expect(at(monotonicMs, wallMs)).toBe(zone);
    },
  );

  it('shows no secret when it is printed', () => {
    const { credential } = kept();
    expect(JSON.stringify(credential)).not.toContain('"t"');
    expect(Object.keys(credential)).not.toContain('token');
  });
});

describe('a slot whose time has come', () => {
  const clock = new ManualClock();
  const after = (
    unusedForMs: number,
    more: { remainingMs?: number; isBusy?: boolean; wrongMs?: number } = {},
  ) =>
    whenDue({
      owner: {
        account: 'm1',
        context: { clock, provider: configuredProvider({ definition: LOGIN_DEFINITION }) },
        secrets: { worthKnowingForMs: more.wrongMs ?? 0 },
      },
      kept:
        more.remainingMs === undefined
          ? undefined
          : { lifetimeMs: MINUTE, remainingMs: () => more.remainingMs as number },
      isBusy: more.isBusy ?? false,
      times: { unusedForMs },
    });

  it('is renewed while calls use it, for two lifetimes after the last of them', () => {
    expect(after(2 * MINUTE, { remainingMs: 10_000 })).toBe('renew');
  });

  it('is not renewed after that, and is dropped when its token ends', () => {
    expect(after(2 * MINUTE + 1, { remainingMs: 10_000 })).toBe(10_000);
    expect(after(2 * MINUTE + 1, { remainingMs: 0 })).toBe('let go');
  });

  it('is dropped without a token when nobody asked for 30 s and no login is under way', () => {
    expect(after(29_999)).toBe(30_000);
    expect(after(30_000, { isBusy: true })).toBe(30_000);
    expect(after(30_000)).toBe('let go');
  });

  it('is kept as long as its wrong secret has to be remembered', () => {
    expect(after(30_000, { wrongMs: 15 * MINUTE })).toBe(30_000);
    expect(after(15 * MINUTE, { wrongMs: 15 * MINUTE })).toBe('let go');
  });
});
