import { type LifetimeEvidence, lifetimeOf } from './lifetime.js';
import { fc } from '../../../../test/support/chances.js';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-01-02T03:04:05.250Z');
const DATE = 'Fri, 02 Jan 2026 03:04:05 GMT';
const NOW_S = Math.floor(NOW_MS / 1_000);

function lifetime(evidence: Partial<LifetimeEvidence>) {
  return lifetimeOf({ token: 'opaque', requestedAtMs: NOW_MS, documentedMs: HOUR_MS, ...evidence });
}

function jwt(claims: unknown): string {
  return `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

describe('lifetimeOf', () => {
  describe('a number of seconds', () => {
    it.each<[unknown, number]>([
      [3_599, 3_599_000],
      ['3599', 3_599_000],
      [' 3599 ', 3_599_000],
      ['3599.0', 3_599_000],
      [1.5, 1_500],
      [300, 300_000],
    ])('%j is believed', (relative, lifetimeMs) => {
      expect(lifetime({ relative })).toEqual({ lifetimeMs, from: 'relative' });
    });

    it.each([[0.5], [0.001], ['0.000001'], [Number.MIN_VALUE]])(
      '%j is too short for a login, and counts as one second',
      (relative) => expect(lifetime({ relative })).toEqual({ lifetimeMs: 1_000, from: 'relative' }),
    );

    it.each([[36_000_000], ['99999999999'], [Number.MAX_SAFE_INTEGER]])(
      '%j is cut off at 24 documented lifetimes',
      (relative) => {
        expect(lifetime({ relative })).toEqual({ lifetimeMs: 24 * HOUR_MS, from: 'relative' });
      },
    );

    it.each([
      [undefined],
      [null],
      [NaN],
      [Infinity],
      [-1],
      [0],
      ['0'],
      ['-3600'],
      ['NaN'],
      [''],
      ['an hour'],
      ['0x10'],
      ['1e3'],
      [true],
      [{}],
      [[3_600]],
    ])('%p is ignored, and the documented lifetime counts', (relative) => {
      expect(lifetime({ relative })).toEqual({ lifetimeMs: HOUR_MS, from: 'documented' });
    });

    it('counts before the claims of the token and before a date', () => {
      const token = jwt({ iat: NOW_S, exp: NOW_S + 60 });
      const absolute = '2026-01-02T03:05:05Z';
      expect(lifetime({ relative: 90, token, absolute })).toEqual({ lifetimeMs: 90_000, from: 'relative' });
    });
  });

  describe('the claims of a JWT', () => {
    it('give the lifetime without a clock of this machine', () => {
      const token = jwt({ iat: 1_000_000, exp: 1_001_800 });
      expect(lifetime({ token })).toEqual({ lifetimeMs: 1_800_000, from: 'jwt' });
    });

    it('are read behind a scheme', () => {
      const token = `Bearer ${jwt({ iat: NOW_S, exp: NOW_S + 1_800 })}`;
      expect(lifetime({ token, date: DATE }).from).toBe('jwt');
    });

    it('count before a date', () => {
      const token = jwt({ iat: 1_000_000, exp: 1_001_800 });
      expect(lifetime({ token, absolute: '2026-01-02T03:05:05Z' }).from).toBe('jwt');
    });

    it('give only the remaining life of a token that was issued a while ago', () => {
      const token = jwt({ iat: NOW_S - 3_000, exp: NOW_S + 600 });
      expect(lifetime({ token, date: DATE }).lifetimeMs).toBe((NOW_S + 600) * 1_000 - NOW_MS);
    });

    it('give no longer life because of a Date header from 1970', () => {
      const token = jwt({ iat: NOW_S, exp: NOW_S + 3_600 });
      const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
      expect(lifetime({ token, date }).lifetimeMs).toBeLessThanOrEqual(HOUR_MS);
    });

    it('give an instant when only the end is claimed', () => {
      const token = jwt({ exp: NOW_S + 1_800 });
      expect(lifetime({ token, date: DATE })).toEqual({
        lifetimeMs: (NOW_S + 1_800) * 1_000 - NOW_MS,
        from: 'jwt',
      });
    });

    it.each([
      ['no JSON', 'a.b.c'],
      ['no claims', jwt({})],
      ['a list', jwt([1, 2])],
      ['null', jwt(null)],
      ['an end before the beginning', jwt({ iat: NOW_S, exp: NOW_S - 1 })],
      ['text', jwt({ iat: 'today', exp: 'tomorrow' })],
      ['negative numbers', jwt({ iat: -2, exp: -1 })],
      ['two parts only', 'eyJhIjoxfQ.eyJleHAiOjF9'],
    ])('are ignored when they are %s, and the documented lifetime counts', (_, token) => {
      expect(lifetime({ token })).toEqual({ lifetimeMs: HOUR_MS, from: 'documented' });
    });
  });

  describe('a date', () => {
    it.each<[unknown]>([
      ['2026-01-02T03:34:05.2500000Z'],
      ['2026-01-02T03:34:05.25Z'],
      ['2026-01-02T03:34:05.2500000'],
      ['2026-01-02 03:34:05.25'],
      ['2026-01-02T06:34:05.2500000+03:00'],
      ['2026-01-02T06:34:05.25+0300'],
      [(NOW_MS + 1_800_000) / 1_000],
      [NOW_MS + 1_800_000],
      [String(NOW_MS + 1_800_000)],
    ])('%j is an instant in UTC, fractions of any length included', (absolute) => {
      expect(lifetime({ absolute, date: DATE })).toEqual({ lifetimeMs: 1_800_000, from: 'absolute' });
    });

    it('is compared with the Date of the same answer, so that a wrong clock does not matter', () => {
      const absolute = '2026-01-02T03:34:05Z';
      const behind = lifetime({ absolute, date: DATE, requestedAtMs: NOW_MS - 20 * HOUR_MS });
      const ahead = lifetime({ absolute, date: DATE, requestedAtMs: NOW_MS + 20 * HOUR_MS });
      expect(behind.lifetimeMs).toBe(1_800_000);
      expect(ahead.lifetimeMs).toBe(1_799_001);
    });

    it('is compared with the clock of this machine when the answer has no usable Date', () => {
      const absolute = '2026-01-02T03:34:05.250Z';
      for (const date of [undefined, 'yesterday', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
        expect(lifetime({ absolute, date })).toEqual({ lifetimeMs: 1_800_000, from: 'absolute' });
      }
    });

    it('is cut off at 24 documented lifetimes', () => {
      expect(lifetime({ absolute: '9999-12-31T23:59:59Z', date: DATE }).lifetimeMs).toBe(24 * HOUR_MS);
    });

    it.each([
      ['2020-01-01T00:00:00Z'],
      ['2026-13-45T99:99:99Z'],
      ['01/02/2026'],
      ['soon'],
      [''],
      [null],
      [{}],
      [-5],
    ])('%j is ignored, and the documented lifetime counts', (absolute) => {
      expect(lifetime({ absolute, date: DATE })).toEqual({ lifetimeMs: HOUR_MS, from: 'documented' });
    });
  });

  describe('the lifetime from any answer', () => {
    const anything = fc.oneof(fc.anything(), fc.double(), fc.date().map(String), fc.string());
    const token = fc.oneof(fc.string(), fc.jsonValue().map(jwt));
    const date = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((each) => each.toUTCString()),
    );

    it('is at least a second, at most 24 documented lifetimes, and never an error', () => {
      const property = fc.property(
        fc.record({
          relative: anything,
          absolute: anything,
          token,
          date: fc.option(date, { nil: undefined }),
        }),
        fc.integer({ min: 1_000, max: 10 * HOUR_MS }),
        (evidence, documentedMs) => {
          const { lifetimeMs } = lifetime({ ...evidence, documentedMs });
          return lifetimeMs >= 1_000 && lifetimeMs <= 24 * documentedMs;
        },
      );
      expect(fc.check(property, { numRuns: 1_000 })).toMatchObject({ failed: false });
    });

    it('is the same from a number of seconds and from its decimal text', () => {
      const property = fc.property(
        fc.integer({ min: 1, max: 24 * 3_600 }),
        (seconds) =>
          lifetime({ relative: seconds }).lifetimeMs === seconds * 1_000 &&
          lifetime({ relative: `${seconds}` }).lifetimeMs === seconds * 1_000,
      );
      expect(fc.check(property)).toMatchObject({ failed: false });
    });

    it('is off by less than a second with a date, however wrong the clocks are', () => {
      const property = fc.property(
        fc.integer({ min: 1_000, max: 20 * HOUR_MS }),
        fc.integer({ min: -10 * HOUR_MS, max: 10 * HOUR_MS }),
        fc.integer({ min: 0, max: 999 }),
        (livesMs, skewMs, pastTheSecondMs) => {
          const serverNowMs = NOW_S * 1_000 + pastTheSecondMs;
          const { lifetimeMs } = lifetime({
            absolute: new Date(serverNowMs + livesMs).toISOString(),
            date: new Date(serverNowMs).toUTCString(),
            requestedAtMs: serverNowMs + skewMs,
          });
          return Math.abs(lifetimeMs - livesMs) < 1_000;
        },
      );
      expect(fc.check(property, { numRuns: 1_000 })).toMatchObject({ failed: false });
    });

    it('is exact with a date where the clocks agree', () => {
      const property = fc.property(fc.integer({ min: 1_000, max: 20 * HOUR_MS }), (livesMs) => {
        const absolute = new Date(NOW_MS + livesMs).toISOString();
        return lifetime({ absolute, date: DATE }).lifetimeMs === livesMs;
      });
      expect(fc.check(property)).toMatchObject({ failed: false });
    });
  });
});
