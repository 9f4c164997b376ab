import { getEventListeners, getMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  failure,
  held,
  issuing,
  quiet,
  startCredentialBed,
  until,
} from '../../../../../test/support/credential-bed.js';
import { json } from '../../../../../test/support/loopback-server.js';
import type { TokenRequest } from '../../strategies/strategy.js';
import type { TimedTokenAnswer, TokenTransport } from '../../strategies/token-transport.js';
import type { Credential } from '../credential.js';
import type { CredentialSpender } from '../credential-spender.js';

const HOUR = 3_600_000;
const REFUSED = { status: 401, own: true };
const IN_BETWEEN = { status: 403, own: false };

let bed: CredentialBed;
afterEach(() => bed.close());

/** A token endpoint that answers when it is told to, to the microtask. */
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

/** What an HTTP client does with a call: spends, and replays once when refused. Returns how often it was sent. */
async function call(
  spender: CredentialSpender,
  accepts: (credential: Credential) => boolean,
): Promise<number> {
  const first = spender.peek() ?? (await spender.obtain());
  if (accepts(first)) return 1;
  const other = await spender.replace(first, REFUSED);
  if (other === undefined) return 1;
  const isAccepted = accepts(other);
  spender.replayed(other, {
    firstStatus: 401,
    status: isAccepted ? 200 : 401,
    refusedAgain: !isAccepted,
  });
  return 2;
}

describe('calls that the provider refuses', () => {
  it('cost one token request when 500 are refused together, and each is replayed once', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const rejected = await spender.obtain();
    const others = await Promise.all(Array.from({ length: 500 }, () => spender.replace(rejected, REFUSED)));
    expect(others.every((other) => other?.token === 't2')).toBe(true);
    expect(bed.logins).toHaveLength(2);
  });

  it.each([
    ['no answer', undefined, 2],
    ['a 503', 503, 2],
    ['a 429', 429, 2],
    ['a 404, which only a caller that is known can get', 404, 3],
  ])(
    'force the next renewal only when a replay has shown that it is a cure: %s',
    async (_, status, logins) => {
      bed = await startCredentialBed();
      const spender = bed.registry.spenders('acme').spender(undefined, undefined);
      for (let round = 0; round < 2; round += 1) {
        const other = await spender.replace(await spender.obtain(), REFUSED);
        const answered = status === undefined ? {} : { status };
        if (other !== undefined)
          spender.replayed(other, { firstStatus: 401, refusedAgain: false, ...answered });
      }
      expect(bed.logins).toHaveLength(logins);
      expect(bed.eventsOf('call-replayed')[0]).toMatchObject({ firstStatus: 401, refusedAgain: false });
    },
  );

  it('get the credential that has replaced theirs already, however late they come', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const rejected = await spender.obtain();
    await spender.replace(rejected, REFUSED);
    expect((await spender.replace(rejected, REFUSED))?.token).toBe('t2');
    expect(bed.logins).toHaveLength(2);
  });

  it('cost at most 3 logins in the first 5 s when every token is refused although logins succeed', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    for (let step = 0; step < 50; step += 1) {
      await Promise.all(Array.from({ length: 10 }, () => call(spender, () => false)));
      await bed.clock.advance(100);
    }
    expect(bed.logins.length).toBeLessThanOrEqual(3);
    expect(bed.eventsOf('renewals-paused').length).toBeGreaterThan(0);
    // An hour of it costs a handful, not one a call.
    for (let minute = 0; minute < 55; minute += 1) {
      await call(spender, () => false);
      await bed.clock.advance(60_000);
    }
    expect(bed.logins.length).toBeLessThanOrEqual(20);
  });

  it('may force renewals again at once after a replay that succeeded', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    for (let revoked = 1; revoked <= 5; revoked += 1) {
      expect(await call(spender, ({ token }) => token !== `t${revoked}`)).toBe(2);
    }
    expect(bed.logins).toHaveLength(6);
  });

  it('may force another renewal when the first one came of a call that is not replayed', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const stream = { ...REFUSED, replayable: false };
    for (let revoked = 1; revoked <= 5; revoked += 2) {
      await spender.replace(await spender.obtain(), stream);
      expect(await call(spender, ({ token }) => token !== `t${revoked + 1}`)).toBe(2);
    }
    expect(bed.logins).toHaveLength(7);
  });

  it('cost at most 3 logins in the first 5 s also when some of them are never replayed', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    await spender.obtain();
    for (let step = 0; step < 50; step += 1) {
      await spender.replace(await spender.obtain(), { ...REFUSED, replayable: false });
      await call(spender, () => false);
      await bed.clock.advance(100);
    }
    expect(bed.logins.length - 1).toBeLessThanOrEqual(3);
  });

  it('say so when a young token had to be replaced: another login has ended it', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    await spender.obtain();
    await bed.clock.advance(5_000);
    await call(spender, ({ token }) => token !== 't1');
    expect(bed.eventsOf('credential-contested')).toMatchObject([{ ageMs: 5_000 }]);
  });

  it('are not replayed with the token that was just refused, when the issuer hands it out again', async () => {
    bed = await startCredentialBed();
    bed.answer = (_, __, response) => json(response, 200, { token: 'same', expiresInMs: HOUR });
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const rejected = await spender.obtain();
    for (let each = 0; each < 20; each += 1) expect(await spender.replace(rejected, REFUSED)).toBeUndefined();
    expect(bed.logins).toHaveLength(2);
    expect(bed.eventsOf('renewals-paused')).toHaveLength(1);
  });

  it('make others wait for the new token on the word of the provider, and of nobody in between', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const rejected = await spender.obtain();
    const slow = held(issuing(HOUR));
    bed.answer = slow.answer;
    const replacing = spender.replace(rejected, IN_BETWEEN);
    await until(() => bed.logins.length === 2);
    expect(spender.peek()).toBe(rejected);
    const own = spender.replace(rejected, REFUSED);
    await quiet();
    expect(spender.peek()).toBeUndefined();
    slow.release();
    expect((await replacing)?.token).toBe('t2');
    expect((await own)?.token).toBe('t2');
  });

  it('are not kept from a new token by those that something in between turns away', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    // A firewall on one path: every token is turned away there.
    for (let calls = 0; calls < 30; calls += 1) {
      const other = await spender.replace(await spender.obtain(), IN_BETWEEN);
      if (other !== undefined)
        spender.replayed(other, { firstStatus: 403, status: 403, refusedAgain: true, own: false });
      await bed.clock.advance(100);
    }
    const { length: before } = bed.logins;
    expect(before).toBe(3);
    const killed = spender.peek()?.token;
    expect(await call(spender, ({ token }) => token !== killed)).toBe(2);
    expect(bed.logins).toHaveLength(before + 1);
  });

  it('get the refusal when no other token can be had, and the next one is fetched behind', async () => {
    bed = await startCredentialBed();
    const spender = bed.registry.spenders('acme').spender(undefined, undefined);
    const rejected = await spender.obtain();
    bed.answer = (_, __, response) => json(response, 503, {}, { 'retry-after': '60' });
    expect(await spender.replace(rejected, REFUSED)).toBeUndefined();
    bed.answer = issuing(HOUR);
    await bed.runNextRenewal();
    await until(() => spender.peek()?.token === 't3');
  });
});

describe('refresh', () => {
  it('by 1000 callers with the same rejected credential costs one token request', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    const rejected = await service.get();
    const all = await Promise.all(Array.from({ length: 1_000 }, () => service.refresh(rejected)));
    const late = await service.refresh(rejected);
    expect(new Set([...all, late].map(({ token }) => token))).toEqual(new Set(['t2']));
    expect(bed.logins).toHaveLength(2);
  });

  it('that fails is not remembered as a result', async () => {
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
  it('gives the token back, and forgets it', async () => {
    bed = await startCredentialBed();
    const service = bed.registry.service('acme');
    await service.get();
    await service.revoke();
    expect(bed.server.to('/revoke').map(({ body }) => body.toString())).toEqual(['t1']);
    expect(service.status().state).toBe('idle');
    expect((await service.get()).token).toBe('t2');
  });

  it('drops an answer that is still on its way: an older one never replaces a newer', async () => {
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
    'leaves no token that has just come, %d steps after its answer',
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
      // What comes after it is no business of the revocation.
      if (transport.unanswered.length > 0) transport.answer();
      const { token } = await waiting;
      expect([...transport.revoked, service.status().state]).toEqual(
        token === 't1' ? ['t1', 'idle'] : ['fresh'],
      );
    },
  );

  it('of many tokens at once is no leak of listeners to Node, and leaves none behind', async () => {
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

  it('does not fetch another one when only a renewal was on its way', async () => {
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
