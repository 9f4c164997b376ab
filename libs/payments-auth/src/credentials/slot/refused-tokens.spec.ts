import { EventEmitter, getEventListeners, getMaxListeners, once } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CredentialBed,
  held,
  issuing,
  SECRET,
  startCredentialBed,
} from '../../../../../test/support/credential-bed.js';
import { json } from '../../../../../test/support/loopback-server.js';
import { refuse, spend, type Spent, type SpentCall } from '../../../../../test/support/spending.js';
import { failure, outwaited, quiet, until } from '../../../../../test/support/waiting.js';
import type { TokenRequest } from '../../strategies/strategy.js';
import type { TimedTokenAnswer, TokenTransport } from '../../strategies/token-transport.js';
import type { Credential } from '../credential.js';

const HOUR = 3_600_000;
const REFUSED = { status: 401, own: true };
const IN_BETWEEN = { status: 403, own: false };

let bed: CredentialBed;
afterEach(() => bed.close());

/** A token endpoint whose answer arrives in exactly the microtask that a test chooses. */
class SteppingTransport implements TokenTransport {
  readonly unanswered: ((answer: TimedTokenAnswer) => void)[] = [];
  readonly revoked: string[] = [];
  #logins = 0;

  send(_baseUrl: string, { path, body }: TokenRequest): Promise<TimedTokenAnswer> {
    if (path !== '/revoke') return new Promise((resolve) => this.unanswered.push(resolve));
    this.revoked.push(String(body));
    return Promise.resolve(this.#answerOf({}));
  }

  answer(): void {
    this.#logins += 1;
    this.unanswered.shift()?.(this.#answerOf({ token: `t${this.#logins}`, expiresInMs: HOUR }));
  }

  #answerOf(body: object): TimedTokenAnswer {
    const requestedAtMs = bed.clock.now();
    return {
      status: 200,
      headers: {},
      body,
      text: '',
      requestedAtMs,
      requestedAtMonotonicMs: bed.clock.monotonic(),
    };
  }
}

/** The spender of the only account. */
const spenderOf = ({ registry }: CredentialBed) => registry.spenders('acme').spender(undefined, undefined);

/** One call. The provider accepts the tokens for which `accepts` returns true. */
const call = (
  accepts: (token: string, attempt: number) => boolean,
  more: Partial<SpentCall> = {},
): Promise<Spent> =>
  spend(spenderOf(bed), bed.clock, {
    answer: ({ token }, attempt) => (accepts(token, attempt) ? 200 : 401),
    ...more,
  });

const accepted = { attempts: 1, status: 200, refused: false };
const cured = { attempts: 2, status: 200, refused: false };

const acceptsThird = (token: string) => token === 't3';

describe('calls that the provider refuses', () => {
  it('cost one token request when 500 are refused together, and each is sent once more', async () => {
    bed = await startCredentialBed();
    expect(await call(() => true)).toEqual(accepted);
    const calls = Array.from({ length: 500 }, () => call((token) => token !== 't1'));
    expect(new Set((await Promise.all(calls)).map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify(cured)]),
    );
    expect(bed.logins).toHaveLength(2);
  });

  it('get the credential that has already replaced theirs, however late they are refused', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    const spender = spenderOf(bed);
    const refused = spender.peek() as Credential;
    await refuse(spender, bed.clock, refused, REFUSED);
    expect((await refuse(spender, bed.clock, refused, REFUSED))?.token).toBe('t2');
    expect(bed.logins).toHaveLength(2);
  });

  it('force a renewal at once each time, as long as each renewal helps', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    for (let revoked = 1; revoked <= 5; revoked += 1)
      expect(await call((token) => token !== `t${revoked}`)).toEqual(cured);
    expect(bed.logins).toHaveLength(6);
  });

  it('force renewals also when they cannot be sent again, and get their refusal at once', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    for (let revoked = 1; revoked <= 6; revoked += 1) {
      const outcomes = [];
      for (let each = 0; each < 50; each += 1) {
        outcomes.push(await call((token) => token !== `t${revoked}`, { replayable: false }));
        await until(() => !bed.registry.status().some(({ state }) => state === 'acquiring'));
        await quiet();
        await bed.clock.advance(100);
      }
      expect(outcomes.filter(({ refused }) => refused).length).toBeLessThanOrEqual(2);
      await bed.clock.advance(5_000);
    }
    expect(bed.logins.length).toBeLessThanOrEqual(7);
  });

  it.each([
    ['in its own words', {}],
    ['in its own words, and none can be sent again', { replayable: false }],
    ['in the words of something in between', { own: false, replayable: false }],
  ])('cost 3 logins in 5 s and 20 in an hour when everything is refused %s', async (_, kind) => {
    bed = await startCredentialBed({}, {});
    bed.answer = issuing(10 * HOUR);
    await call(() => true);
    const calls: Promise<unknown>[] = [];
    for (let step = 0; step < 50; step += 1) {
      for (let each = 0; each < 10; each += 1) calls.push(call(() => false, kind));
      await bed.clock.advance(100);
    }
    expect(bed.logins.length - 1).toBeLessThanOrEqual(3);
    expect(bed.eventsOf('renewals-paused').length).toBeGreaterThan(0);
    for (let second = 0; second < 3_595; second += 1) {
      calls.push(call(() => false, kind));
      await bed.clock.advance(1_000);
    }
    const outcomes = await Promise.all(calls);
    expect(bed.logins.length - 1).toBeLessThanOrEqual(20);
    expect(Math.max(...outcomes.map((each) => (each as Spent).attempts))).toBeLessThanOrEqual(3);
  });

  it('are followed by an event when a young token had to be replaced: another login ended it', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(5_000);
    await call((token) => token !== 't1');
    expect(bed.eventsOf('credential-contested')).toMatchObject([{ ageMs: 5_000 }]);
  });

  it('are sent a third time where the second attempt carried a token that ended on its way', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(5_000);
    bed.answer = issuing(2_000);
    let attempt = 0;
    const onItsWay = async () => {
      attempt += 1;
      if (attempt === 2) await bed.clock.advance(2_500);
    };
    const outcome = await call((token) => token === 't3', { onItsWay });
    expect(outcome).toEqual({ attempts: 3, status: 200, refused: false });
    expect(bed.logins).toHaveLength(3);
  });

  it('are not sent again with the token just refused, when the issuer hands it out again', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 200, { token: 'same', expiresInMs: HOUR });
    await call(() => true);
    await bed.clock.advance(3_000);
    for (let each = 0; each < 20; each += 1) {
      expect(await call(() => false)).toMatchObject({ attempts: 1, refused: true });
      await bed.clock.advance(50);
    }
    expect(bed.logins).toHaveLength(2);
    expect(bed.eventsOf('renewals-paused')).toHaveLength(1);
  });

  it.each([REFUSED, IN_BETWEEN])('make the next calls wait for the new token: %j', async (refusal) => {
    bed = await startCredentialBed();
    await call(() => true);
    const spender = spenderOf(bed);
    const refused = spender.peek() as Credential;
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const replacing = refuse(spender, bed.clock, refused, refusal);
    await until(() => bed.logins.length === 2);
    expect(spender.peek()).toBeUndefined();
    // They do not wait when another call was accepted with the token.
    spender.answered(refused, { sentAtMs: bed.clock.monotonic(), status: 200 });
    expect(spender.peek()).toBe(refused);
    slow.release();
    expect((await replacing)?.token).toBe('t2');
  });

  it('get a new token although a firewall refuses other calls on one path', async () => {
    bed = await startCredentialBed();
    // No early renewal falls into this time, whatever the random number is.
    bed.answer = issuing(10 * HOUR);
    await call(() => true);
    const turnedAway = { own: false, answer: () => 403, isRefusal: (status: number) => status === 403 };
    for (let minute = 0; minute < 60; minute += 1) {
      await outwaited(
        bed.clock,
        call(() => true, turnedAway),
      );
      for (let each = 0; each < 20; each += 1) expect((await call(() => true)).refused).toBe(false);
      await bed.clock.advance(60_000);
    }
    const { length: before } = bed.logins;
    expect(before - 1).toBeLessThanOrEqual(3);
    const killed = spenderOf(bed).peek()?.token;
    const after = [];
    for (let each = 0; each < 3; each += 1) after.push(await call((token) => token !== killed));
    // One refusal could come from the firewall. Two refusals in a row show that the token is dead.
    expect(after.map(({ refused }) => refused)).toEqual([true, false, false]);
    expect(bed.logins).toHaveLength(before + 1);
  });

  it('are reported as sent again only when the second attempt was sent', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    const spender = spenderOf(bed);
    const credential = spender.peek() as Credential;
    const nowMs = bed.clock.monotonic();
    const before = [{ credential, status: 401, sentAtMs: nowMs, refusedAtMs: nowMs }];
    spender.answered(credential, { before });
    expect(bed.eventsOf('call-replayed')).toEqual([]);
    spender.answered(credential, { before, sentAtMs: nowMs });
    expect(bed.eventsOf('call-replayed')).toMatchObject([{ firstStatus: 401, refusedAgain: false }]);
    expect(bed.registry.service('acme').status().counters).toMatchObject({ replays: 1 });
  });

  it('get the refusal when no other token can be had, and a new one is fetched in the background', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    const spender = spenderOf(bed);
    bed.answer = (_, __, response) => json(response, 503, {}, { 'retry-after': '60' });
    expect(await refuse(spender, bed.clock, spender.peek() as Credential, REFUSED)).toBeUndefined();
    bed.answer = issuing(HOUR);
    await bed.runNextRenewal();
    await until(() => spender.peek()?.token === 't3');
  });
});

describe('a new token that the provider does not know yet', () => {
  it('is tried again half a second later, and costs no login', async () => {
    bed = await startCredentialBed();
    const startedAtMs = bed.clock.monotonic();
    const known = (afterMs: number) => () => bed.clock.monotonic() >= startedAtMs + afterMs;
    const calls = [call(known(300)), call(known(300))];
    await quiet();
    await bed.clock.advance(500);
    expect(await Promise.all(calls)).toEqual([cured, cured]);
    expect(bed.logins).toHaveLength(1);
    expect(bed.eventsOf('renewals-paused')).toEqual([]);
  });

  it('is replaced when half a second was not enough, and the call waits for the next token', async () => {
    bed = await startCredentialBed();
    const startedAtMs = bed.clock.monotonic();
    const waiting = call(() => bed.clock.monotonic() >= startedAtMs + 1_500);
    await until(() => bed.logins.length === 1);
    await quiet();
    await bed.clock.advance(500);
    await until(() => bed.logins.length === 2);
    await quiet();
    await bed.clock.advance(2_000);
    expect(await waiting).toEqual({ attempts: 3, status: 200, refused: false });
    expect(bed.logins).toHaveLength(2);
  });

  it('is waited for no longer than for a quarter of its life', async () => {
    bed = await startCredentialBed();
    bed.answer = issuing(4_000);
    const outcomes: Spent[] = [];
    const waiting = call((token) => token === 't2').then((outcome) => outcomes.push(outcome));
    await until(() => bed.logins.length === 1);
    await quiet();
    await bed.clock.advance(500);
    await until(() => bed.logins.length === 2);
    await quiet();
    await bed.clock.advance(1_000);
    await quiet();
    expect(outcomes).toEqual([{ attempts: 3, status: 200, refused: false }]);
    await waiting;
  });

  it('is waited for until another call is accepted with it, and no longer', async () => {
    bed = await startCredentialBed();
    let known = false;
    const waiting = call(() => known);
    await quiet();
    await bed.clock.advance(10);
    known = true;
    expect(await call(() => known)).toEqual(accepted);
    expect(await waiting).toEqual(cured);
  });

  it('is waited for by any number of calls, without a warning of Node about listeners', async () => {
    bed = await startCredentialBed();
    const signals = new Set<EventTarget>();
    const listen = jest.spyOn(AbortSignal.prototype, 'addEventListener');
    let known = false;
    const waiting = Array.from({ length: 30 }, () => call(() => known));
    await quiet();
    for (const signal of listen.mock.contexts) signals.add(signal as EventTarget);
    listen.mockRestore();
    const crowded = [...signals].filter((signal) => getEventListeners(signal, 'abort').length > 10);
    expect(crowded.length).toBeGreaterThan(0);
    expect(crowded.map((signal) => getMaxListeners(signal as AbortSignal))).toEqual(
      crowded.map(() => Infinity),
    );
    known = true;
    await bed.clock.advance(500);
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => cured));
  });

  it('is replaced when it ended before its first call, and the next one serves the call', async () => {
    bed = await startCredentialBed();
    const waiting = Array.from({ length: 10 }, () => call((token) => token === 't2'));
    await until(() => bed.logins.length === 1);
    await quiet();
    await bed.clock.advance(500);
    await until(() => bed.logins.length === 2);
    await quiet();
    await bed.clock.advance(2_000);
    const outcomes = await Promise.all(waiting);
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...outcomes.map(({ attempts }) => attempts))).toBe(3);
    expect(bed.logins).toHaveLength(2);
  });

  it('is waited for when calls sent before its login are refused while it is fetched', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(5_000);
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const knownAtMs = bed.clock.monotonic() + 400;
    const accepts = (token: string) => token === 't2' && bed.clock.monotonic() >= knownAtMs;
    const arrive = new EventEmitter();
    const arrival = once(arrive, 'now');
    let isOnItsWay = true;
    const late = Array.from({ length: 10 }, () =>
      call(accepts, {
        onItsWay: async () => {
          if (isOnItsWay) await arrival;
        },
      }),
    );
    await bed.clock.advance(10);
    const first = call(accepts);
    await until(() => bed.logins.length === 2);
    await bed.clock.advance(50);
    isOnItsWay = false;
    arrive.emit('now');
    await quiet();
    slow.release();
    await until(() => spenderOf(bed).peek()?.token === 't2');
    await quiet();
    await bed.clock.advance(1_000);
    const outcomes = await Promise.all([first, ...late]);
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(bed.logins).toHaveLength(2);
    expect(bed.eventsOf('renewals-paused')).toEqual([]);
  });

  it.each([1, 5])(
    'is replaced when it ended with one that was refused during its login, for %d calls',
    async (count) => {
      bed = await startCredentialBed();
      await call(() => true);
      await bed.clock.advance(5_000);
      const slow = held(issuing(HOUR));
      bed.answer = slow.answer;
      const arrive = new EventEmitter();
      const arrival = once(arrive, 'now');
      const sentBefore = call(acceptsThird, { onItsWay: async () => void (await arrival) });
      await bed.clock.advance(10);
      // This login is forced by no refused call. All tokens end while it is under way, and its own token too.
      const renewing = bed.registry.service('acme').refresh();
      await until(() => bed.logins.length === 2);
      await bed.clock.advance(50);
      arrive.emit('now');
      await quiet();
      const others = Array.from({ length: count - 1 }, () => call(acceptsThird));
      await quiet();
      slow.release();
      await renewing;
      await until(() => bed.logins.length === 3);
      for (let step = 0; step < 25; step += 1) {
        await bed.clock.advance(100);
        await quiet();
      }
      const outcomes = await Promise.all([sentBefore, ...others]);
      expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
      expect(bed.logins).toHaveLength(3);
    },
  );

  it('is replaced soon when it ends with its predecessor, which served calls meanwhile', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(5_000);
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const arrive = new EventEmitter();
    const arrival = once(arrive, 'now');
    const other = call((token) => token === 't1', { onItsWay: async () => void (await arrival) });
    // This call is refused with every token. Its refusal forces a renewal, and the old token still serves other calls.
    const forbidden = call(() => false);
    await until(() => bed.logins.length === 2);
    arrive.emit('now');
    expect(await other).toEqual(accepted);
    slow.release();
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    await quiet();
    // The provider does not know the new token yet. The call goes on with the old one, which says nothing about the renewal.
    expect(await call((token) => token === 't1')).toEqual(cured);
    await bed.clock.advance(50);
    const calls = Array.from({ length: 3 }, () => call((token) => token === 't3'));
    for (let step = 0; step < 30; step += 1) {
      await bed.clock.advance(100);
      await quiet();
    }
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(bed.logins).toHaveLength(3);
    expect(await forbidden).toMatchObject({ refused: true });
  });

  it.each([1, 3])(
    'is replaced for %i calls when it has ended with its predecessor, whose own end comes',
    async (count) => {
      bed = await startCredentialBed();
      bed.answer = issuing(6_000);
      await call(() => true);
      const old = spenderOf(bed).peek();
      await bed.clock.advance(5_000);
      await call(() => true);
      await until(() => bed.logins.length === 2);
      await quiet();
      await bed.clock.advance(200);
      // Each answer takes 350 ms. The refusal of the old token arrives when that token has ended anyway.
      const onItsWay = () => new Promise<void>((end) => void bed.clock.setTimeout(end, 350));
      const sent: string[] = [];
      const accepts = (token: string) => sent.push(token) > 0 && token === 't3';
      const calls = Promise.all(Array.from({ length: count }, () => call(accepts, { onItsWay })));
      expect(await outwaited(bed.clock, calls)).toEqual(
        Array.from({ length: count }, () => ({ attempts: 3, status: 200, refused: false })),
      );
      expect(sent).toContain(old?.token);
      expect(bed.logins).toHaveLength(3);
    },
  );

  it('is replaced, also when the old token was refused once and then accepted', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(5_000);
    // Another call is accepted meanwhile. So the refused call tries the same token again.
    const arrive = new EventEmitter();
    const arrival = once(arrive, 'now');
    const flake = call((_, attempt) => attempt > 1, { onItsWay: async () => void (await arrival) });
    await bed.clock.advance(10);
    await call(() => true);
    arrive.emit('now');
    expect(await flake).toEqual(cured);
    expect(bed.logins).toHaveLength(1);
    await bed.registry.service('acme').revoke();
    const lone = call((token) => token !== 't2');
    await until(() => bed.logins.length === 2);
    await quiet();
    await bed.clock.advance(500);
    await until(() => bed.logins.length === 3);
    await quiet();
    await bed.clock.advance(2_000);
    expect(await lone).toEqual({ attempts: 3, status: 200, refused: false });
  });

  it('is waited for twice without another login, once the provider has known a token late', async () => {
    bed = await startCredentialBed();
    let known = false;
    const first = call(() => known);
    await until(() => bed.logins.length === 1);
    await quiet();
    known = true;
    await bed.clock.advance(500);
    expect(await first).toEqual(cured);
    await bed.registry.service('acme').revoke();
    known = false;
    const second = call(() => known);
    await until(() => bed.logins.length === 2);
    await quiet();
    await bed.clock.advance(500);
    await quiet();
    known = true;
    await bed.clock.advance(1_500);
    expect(await second).toEqual({ attempts: 3, status: 200, refused: false });
    expect(bed.logins).toHaveLength(2);
  });

  it.each([
    ['another server learns of it', 't2', 2],
    ['it was revoked meanwhile', 't3', 3],
  ])(
    'is waited for half a second, although it has served, where a token was known late: %s',
    async (_, serves, logins) => {
      bed = await startCredentialBed();
      let known = false;
      const first = call(() => known);
      await until(() => bed.logins.length === 1);
      await quiet();
      known = true;
      await bed.clock.advance(500);
      expect(await first).toEqual(cured);
      await bed.registry.service('acme').revoke();
      expect(await call(() => true)).toEqual(accepted);
      await bed.clock.advance(100);
      const calls = Array.from({ length: 5 }, () =>
        call((token) => token === serves && bed.clock.monotonic() >= sinceMs + 300),
      );
      const sinceMs = bed.clock.monotonic();
      await quiet();
      // A call that cannot be sent again is told at once, and forces nothing either.
      expect(await call(() => false, { replayable: false })).toMatchObject({ attempts: 1, refused: true });
      expect(await call(() => true)).toEqual(accepted);
      await bed.clock.advance(390);
      await quiet();
      expect(bed.logins).toHaveLength(2);
      await bed.clock.advance(10);
      const outcomes = await Promise.all(calls);
      expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
      expect(Math.max(...outcomes.map(({ attempts }) => attempts))).toBe(logins);
      expect(bed.logins).toHaveLength(logins);
    },
  );

  it('is tried by one repeatable call every half second, and the others carry its predecessor', async () => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(HOUR - 50_000);
    await call(() => true);
    await until(() => bed.logins.length === 2);
    await quiet();
    let tried = 0;
    const accepts = (token: string) => {
      if (token === 't2') tried += 1;
      return token === 't1';
    };
    const outcomes = [];
    for (let each = 0; each < 30; each += 1) {
      outcomes.push(await call(accepts, each % 2 === 0 ? {} : { replayable: false }));
      await bed.clock.advance(50);
    }
    expect(outcomes.filter(({ refused }) => refused)).toEqual([]);
    expect(tried).toBe(3);
    expect(bed.logins).toHaveLength(2);
    await bed.clock.advance(600);
    expect(await call(() => true)).toEqual(accepted);
    await bed.clock.advance(100);
    expect(spenderOf(bed).peek()?.token).toBe('t2');
  });

  it.each(['revoke', 'rotate'] as const)('has no predecessor after %s()', async (ending) => {
    bed = await startCredentialBed();
    await call(() => true);
    await bed.clock.advance(HOUR - 50_000);
    await call(() => true);
    await until(() => bed.logins.length === 2);
    await quiet();
    const service = bed.registry.service('acme');
    await (ending === 'revoke' ? service.revoke() : service.rotate({ ...SECRET, secret: 'test-secret-2' }));
    const carried: string[] = [];
    const last = call((token) => carried.push(token) > 1);
    await quiet();
    await bed.clock.advance(500);
    await last;
    expect(carried).not.toContain('t1');
  });
});

describe('refresh', () => {
  it('by 1000 callers with the same refused credential costs one token request', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const refused = await service.get();
    const all = await Promise.all(Array.from({ length: 1_000 }, () => service.refresh(refused)));
    const late = await service.refresh(refused);
    expect(new Set([...all, late].map(({ token }) => token))).toEqual(new Set(['t2']));
    expect(bed.logins).toHaveLength(2);
  });

  it('makes one login for all callers when another login has just ended', async () => {
    let refreshing: Promise<Credential> | undefined;
    bed = await startCredentialBed(
      {},
      {
        emit: ({ type }) => {
          if (type === 'credential-obtained') refreshing ??= bed.registry.service('acme').refresh();
        },
      },
    );
    const slow = held(issuing(HOUR));
    const answer = issuing(HOUR);
    bed.answer = (login, index, response) => (index === 1 ? answer : slow.answer)(login, index, response);
    const service = bed.registry.service('acme');
    await service.get();
    await until(() => bed.logins.length === 2);
    await quiet();
    const others = [service.refresh(), service.refresh()];
    await quiet();
    expect(bed.logins).toHaveLength(2);
    slow.release();
    expect((await Promise.all([refreshing, ...others])).map((each) => each?.token)).toEqual([
      't2',
      't2',
      't2',
    ]);
  });

  it('does not keep its failure as a result', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const credential = await service.get();
    bed.answer = (_, __, response) => json(response, 401, { error: 'invalid_client' });
    await failure(service.refresh());
    expect(await service.get()).toBe(credential);
    bed.answer = issuing(HOUR);
    expect((await service.refresh()).token).toBe('t3');
  });
});

describe('revoke', () => {
  it('gives the token back to the provider, and forgets it', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    await service.revoke();
    expect(bed.server.to('/revoke').map(({ body }) => body.toString())).toEqual(['t1']);
    expect(service.status().state).toBe('idle');
    expect((await service.get()).token).toBe('t2');
  });

  it('drops an answer that is still on its way, so that no older token replaces a newer one', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const waiting = service.get();
    await until(() => bed.logins.length === 1);
    await service.revoke();
    bed.answer = issuing(HOUR);
    slow.release();
    expect((await waiting).token).toBe('t2');
    expect((await service.get()).token).toBe('t2');
  });

  it.each(Array.from({ length: 12 }, (_, steps) => steps))(
    'drops a token that has just arrived, %d steps after its answer',
    async (steps) => {
      const transport = new SteppingTransport();
      bed = await startCredentialBed({ keepWarm: 'when-used' }, { transport: () => transport });
      const service = bed.registry.service('acme');
      const waiting = service.get();
      await until(() => transport.unanswered.length === 1);
      transport.answer();
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      await service.revoke();
      await quiet();
      // The revocation does not concern tokens that are asked for after it.
      if (transport.unanswered.length > 0) transport.answer();
      const { token } = await waiting;
      expect([...transport.revoked, service.status().state]).toEqual(
        token === 't1' ? ['t1', 'idle'] : ['fresh'],
      );
    },
  );

  it('of many tokens at once leaves no listener behind, and Node warns of none', async () => {
    const transport = new SteppingTransport();
    const signals = new Set<AbortSignal>();
    const send: TokenTransport['send'] = (baseUrl, request, signal) => {
      if (request.path === '/revoke' && signal !== undefined) signals.add(signal);
      return transport.send(baseUrl, request);
    };
    bed = await startCredentialBed({}, { transport: () => ({ send }) });
    const service = bed.registry.service('acme');
    const waiting = service.get();
    await until(() => transport.unanswered.length === 1);
    transport.answer();
    await waiting;
    await service.revoke();
    expect([...signals].map((signal) => getMaxListeners(signal))).toEqual([Infinity]);
    expect([...signals].flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  });

  it('does not fetch another token when only a renewal was under way', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    await bed.clock.advance(HOUR - 50_000);
    await service.get();
    await until(() => bed.logins.length === 2);
    await service.revoke();
    slow.release();
    await quiet();
    expect(bed.logins).toHaveLength(2);
    expect(service.status()).toMatchObject({ state: 'idle' });
  });
});
