import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  issuing,
  LOGIN_DEFINITION,
  LOGIN_STRATEGY,
  startCredentialBed,
} from '../../../../../test/support/credential-bed.js';
import { json } from '../../../../../test/support/loopback-server.js';
import { spend, type Spent } from '../../../../../test/support/spending.js';
import { failure, quiet, until } from '../../../../../test/support/waiting.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const USABLE_AFTER_MS = 30 * SECOND;
const LIFETIME_MS = 5 * MINUTE;

/** When each token was issued, on the bed's clock. */
let issuedAtMs: Map<string, number>;
let bed: CredentialBed;
afterEach(() => bed.close());

/** Tokens are accepted 30 s after they were issued, and until they end. */
async function start(token: Partial<typeof LOGIN_STRATEGY> = {}): Promise<void> {
  const definition = {
    ...LOGIN_DEFINITION,
    token: { ...LOGIN_STRATEGY, usableAfterMs: USABLE_AFTER_MS, ...token },
  };
  bed = await startCredentialBed({ definition, keepWarm: 'when-used' });
  issuedAtMs = new Map();
  bed.answer = (login, index, response) => {
    issuedAtMs.set(`t${index}`, bed.clock.monotonic());
    return issuing(LIFETIME_MS)(login, index, response);
  };
}

const revoked = new Set<string>();
afterEach(() => revoked.clear());

const spender = () => bed.registry.spenders('acme').spender(undefined, undefined);
const call = (more: { replayable?: boolean } = {}): Promise<Spent> =>
  spend(spender(), bed.clock, {
    answer: ({ token }) => {
      const ageMs = bed.clock.monotonic() - (issuedAtMs.get(token) ?? NaN);
      return ageMs >= USABLE_AFTER_MS && ageMs < LIFETIME_MS && !revoked.has(token) ? 200 : 401;
    },
    ...more,
  });

/** Whether the promise has settled. It is not waited for. */
function watched<T>(promise: Promise<T>): { readonly promise: Promise<T>; hasEnded: boolean } {
  const watch = { promise, hasEnded: false };
  const end = () => {
    watch.hasEnded = true;
  };
  promise.then(end, end);
  return watch;
}

const accepted = { attempts: 1, status: 200, refused: false };

describe('a token that is accepted 30 s after it was issued', () => {
  it('is waited for by the first calls, and is not sent before that age', async () => {
    await start();
    const calls = Array.from({ length: 20 }, () => watched(call()));
    await until(() => bed.eventsOf('credential-obtained').length === 1);
    await bed.clock.advance(USABLE_AFTER_MS - 1);
    await quiet();
    expect(calls.some(({ hasEnded }) => hasEnded)).toBe(false);
    expect(spender().peek()).toBeUndefined();
    await bed.clock.advance(10 * SECOND);
    expect(await Promise.all(calls.map(({ promise }) => promise))).toEqual(calls.map(() => accepted));
    expect(bed.logins).toHaveLength(1);
  });

  it('is not carried before that age: calls carry its predecessor, over many renewals', async () => {
    await start();
    const first = call();
    await until(() => bed.eventsOf('credential-obtained').length === 1);
    await bed.clock.advance(USABLE_AFTER_MS + 10 * SECOND);
    expect(await first).toEqual(accepted);
    const outcomes: Spent[] = [];
    for (let passedMs = 0; passedMs < 40 * MINUTE; passedMs += 2 * SECOND) {
      outcomes.push(await call({ replayable: passedMs % (4 * SECOND) === 0 }));
      bed.registry.renewals.runDue();
      await until(() => bed.eventsOf('token-request').length === bed.logins.length);
      await quiet();
      await bed.clock.advance(2 * SECOND);
    }
    expect(outcomes.filter(({ attempts, refused }) => refused || attempts > 1)).toEqual([]);
    // Each token serves for its life, less the renewal window of a minute and the age that the next token needs.
    expect(bed.logins.length).toBeLessThanOrEqual(Math.ceil(40 / 3.4) + 1);
    expect(bed.eventsOf('call-waited')).toHaveLength(1);
  });

  it('replaces a revoked token when it is that old: calls wait for it, and cost one login', async () => {
    await start();
    const first = call();
    await until(() => bed.eventsOf('credential-obtained').length === 1);
    await bed.clock.advance(USABLE_AFTER_MS + 10 * SECOND);
    await first;
    revoked.add('t1');
    const calls = Array.from({ length: 10 }, () => watched(call()));
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    await bed.clock.advance(USABLE_AFTER_MS - 1);
    await quiet();
    expect(calls.some(({ hasEnded }) => hasEnded)).toBe(false);
    await bed.clock.advance(10 * SECOND);
    const outcomes = await Promise.all(calls.map(({ promise }) => promise));
    expect(outcomes).toEqual(calls.map(() => ({ attempts: 2, status: 200, refused: false })));
    expect(bed.logins).toHaveLength(2);
  });

  it('is waited for when its predecessor ends first, and no other token is asked for', async () => {
    await start();
    const first = call();
    await until(() => bed.eventsOf('credential-obtained').length === 1);
    await bed.clock.advance(USABLE_AFTER_MS + 10 * SECOND);
    await first;
    const refreshing = watched(bed.registry.service('acme').refresh());
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    expect(refreshing.hasEnded).toBe(false);
    expect(await call()).toEqual(accepted);
    revoked.add('t1');
    const waiting = watched(call());
    await quiet();
    expect(waiting.hasEnded).toBe(false);
    await bed.clock.advance(USABLE_AFTER_MS + 10 * SECOND);
    expect(await waiting.promise).toEqual({ attempts: 2, status: 200, refused: false });
    expect((await refreshing.promise).token).toBe('t2');
    expect(bed.logins).toHaveLength(2);
  });

  it('is no longer waited for when the application ends', async () => {
    await start();
    const waiting = failure(call());
    await until(() => bed.eventsOf('credential-obtained').length === 1);
    bed.registry.close();
    expect(await waiting).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
  });
});

describe('a token whose login has ended the one before', () => {
  it('has no predecessor, and calls carry it at once', async () => {
    await start({ usableAfterMs: 0, endsEarlierToken: true });
    bed.answer = (_, index, response) =>
      json(response, 200, { token: `t${index}`, expiresInMs: LIFETIME_MS });
    const alive = () => `t${bed.logins.length}`;
    const send = () =>
      spend(spender(), bed.clock, { answer: ({ token }) => (token === alive() ? 200 : 401) });
    expect(await send()).toEqual(accepted);
    for (let renewals = 0; renewals < 5; renewals += 1) {
      await bed.clock.advance(LIFETIME_MS - 50 * SECOND);
      await bed.registry.service('acme').refresh();
      expect(await send()).toEqual(accepted);
      expect(spender().peek()?.token).toBe(alive());
    }
    expect(bed.logins).toHaveLength(6);
  });

  it('is not followed by the one before when a call is refused', async () => {
    await start({ usableAfterMs: 0, endsEarlierToken: true });
    bed.answer = issuing(LIFETIME_MS);
    await spend(spender(), bed.clock, { answer: () => 200 });
    await bed.registry.service('acme').refresh();
    const carried: string[] = [];
    const refused = spend(spender(), bed.clock, {
      answer: ({ token }) => {
        carried.push(token);
        return 401;
      },
    });
    await quiet();
    await bed.clock.advance(10 * SECOND);
    expect(await refused).toMatchObject({ refused: true });
    expect(carried).not.toContain('t1');
  });

  it('is not asked for when no call has used the one before for half its life', async () => {
    await start({ usableAfterMs: 0, endsEarlierToken: true });
    bed.answer = issuing(LIFETIME_MS);
    await bed.registry.service('acme').get();
    for (let passedMs = 0; passedMs < 3 * LIFETIME_MS; passedMs += 10 * SECOND) {
      await bed.clock.advance(10 * SECOND);
      bed.registry.renewals.runDue();
      await quiet();
    }
    expect(bed.logins).toHaveLength(1);
  });
});
