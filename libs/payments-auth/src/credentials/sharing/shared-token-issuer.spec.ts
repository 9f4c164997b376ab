import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import type { TokenStrategy } from '../../strategies/strategy.js';
import { ManualClock } from '../../testing/manual-clock.js';
import { KeyedHash } from '../secrets/keyed-hash.js';
import type { PaymentsAuthEvent } from '../payments-auth-event.js';
import { LoginWait } from '../issuing/login-wait.js';
import type { ProviderTokenIssuer } from '../issuing/provider-token-issuer.js';
import { SharedTokenIssuer } from './shared-token-issuer.js';
import { StoreHealth } from './store-health.js';
import type { HeldToken, IssueOutcome, IssueRequest } from '../issuing/token-issuer.js';
import type {
  Claim,
  ClaimRequest,
  EndpointKey,
  SharedToken,
  StoredToken,
  TokenStore,
} from './token-store.js';

const LIFETIME_MS = 100_000;
const ISSUED: IssueOutcome = {
  outcome: 'issued',
  token: 'from-provider',
  lifetime: { lifetimeMs: LIFETIME_MS, from: 'relative' },
  askedAtMs: 0,
  askedAtMonotonicMs: 1_000,
  from: 'provider',
};
const ACQUIRED: Claim = { outcome: 'acquired', grant: { owner: 'me', version: 7 } };

/** A store that answers as a test says, and records what it was asked. The real store has its own specs. */
class ScriptedStore implements TokenStore {
  readonly hashKey = Buffer.alloc(32);
  readonly asked: string[] = [];
  readonly claims: ClaimRequest[] = [];
  readonly endpoints: EndpointKey[] = [];
  readonly published: SharedToken[] = [];
  waitMs = 0;
  lost = false;
  /** Runs before each answer of the store. */
  slow: () => Promise<void> = () => Promise.resolve();
  next: (claim: ClaimRequest) => Claim = () => ACQUIRED;
  withdrawn: (withdrawal: { hash: string; version: number }) => void = () => undefined;
  lastHash = '';

  async claim({ hash }: { hash: string }, request: ClaimRequest): Promise<Claim> {
    this.lastHash = hash;
    this.claims.push(request);
    const claim = this.next(request);
    await this.slow();
    return this.#say('claim', claim);
  }
  extend = () => this.#say('extend', true);
  publish = (_key: unknown, _grant: unknown, shared: SharedToken, remainingMs: number) => {
    this.published.push(shared);
    return this.#say(`publish ${shared.token} for ${remainingMs}`, true);
  };
  release = () => this.#say('release', undefined);
  reject = (_key: unknown, _grant: unknown, reason: string) => this.#say(`reject ${reason}`, undefined);
  withdraw = (_key: unknown, tell: boolean) => this.#say(tell ? 'withdraw, tell' : 'withdraw', undefined);
  reserve = async (endpoint: EndpointKey) => {
    this.endpoints.push(endpoint);
    await this.slow();
    return this.#say('reserve', this.waitMs);
  };
  pause = (_endpoint: unknown, _credential: string, forMs: number) => this.#say(`pause ${forMs}`, undefined);
  onWithdrawn(listener: ScriptedStore['withdrawn']): () => void {
    this.withdrawn = listener;
    return () => undefined;
  }

  async #say<T>(question: string, answer: T): Promise<T> {
    this.asked.push(question);
    if (this.lost) throw new Error('Redis: not connected');
    return answer;
  }
}

const providerOf = (name: string) =>
  ({
    name,
    definition: { name: 'acme' },
    hosts: { api: 'https://acme.test' },
    defaultHost: 'api',
    refreshBeforeMs: 60_000,
  }) as unknown as ConfiguredProvider;

let clock: ManualClock;

const renewal = () => new LoginWait(clock, 15_000, false);

const request = (more: Partial<IssueRequest> = {}): IssueRequest => ({
  account: undefined,
  scopes: [],
  credentials: { secret: 'test-secret-not-real-1' },
  fingerprint: 'f1',
  held: undefined,
  refused: undefined,
  insist: false,
  hasFailed: false,
  wait: more.wait ?? new LoginWait(clock, 15_000, true),
  signal: new AbortController().signal,
  onTokenRequest: () => undefined,
  ...more,
});
const rateLimited = (retryAfterMs: number): IssueOutcome => ({
  outcome: 'unavailable',
  reason: 'rate limited',
  retryAfterMs,
  unsent: 'limit',
});

const stored = (more: Partial<StoredToken> = {}): Claim => ({
  outcome: 'found',
  token: {
    token: 'from-store',
    lifetime: { lifetimeMs: LIFETIME_MS, from: 'relative' },
    version: 5,
    remainingMs: 90_000,
    ...more,
  },
});

/** A token that this process has held for `ageMs`. */
const held = (ageMs: number, more: Partial<HeldToken> = {}): HeldToken => ({
  token: 'held',
  lifetimeMs: LIFETIME_MS,
  deadAtMs: clock.monotonic() - ageMs + LIFETIME_MS - 1_000,
  ...more,
});

/** The held token. Another process asked for a new one `startedAgoMs` ago because it was refused, and got the same token. */
const again = (startedAgoMs: number) =>
  stored({
    token: 'held',
    forced: { ofProven: 0, ofOthers: 2, leftAtStartMs: 90_000 + startedAgoMs },
  });
const refusedAgain = () => request({ refused: 'held', held: held(9_000, { version: 4 }) });

describe('SharedTokenIssuer', () => {
  let store: ScriptedStore;
  let events: PaymentsAuthEvent[];
  let logins: IssueRequest[];
  let answer: () => IssueOutcome | Promise<IssueOutcome>;
  let issuer: SharedTokenIssuer;
  let issuerFor: (name: string) => SharedTokenIssuer;

  beforeEach(() => {
    clock = new ManualClock(0);
    store = new ScriptedStore();
    events = [];
    logins = [];
    answer = () => ISSUED;
    const inner = {
      durations: { slowestMs: 0 },
      issue: async (asked: IssueRequest, reserve?: () => Promise<number>) => {
        const waitMs = (await reserve?.()) ?? 0;
        if (waitMs > 0) return rateLimited(waitMs);
        logins.push(asked);
        return answer();
      },
      revoke: () => store.asked.push('revoke at the provider'),
    } as unknown as ProviderTokenIssuer;
    const health = new StoreHealth(store, { clock, emit: (event) => events.push(event) });
    const strategy = { limits: [] } as unknown as TokenStrategy;
    const environment = { health, clock, hash: new KeyedHash(store.hashKey), random: () => 0.5 };
    issuerFor = (name) => new SharedTokenIssuer(providerOf(name), strategy, inner, environment);
    issuer = issuerFor('acme');
    issuer.listen();
  });

  const obtained = async () => {
    const told: string[] = [];
    store.next = () => stored();
    await issuer.issue(request({ onWithdrawn: (token) => told.push(token) }));
    return told;
  };

  describe('takes over', () => {
    it('what is in the store, with one question and no login', async () => {
      store.next = () => stored();
      const issued = await issuer.issue(request());
      expect(issued).toMatchObject({ token: 'from-store', from: 'store', version: 5 });
      expect(store.asked).toEqual(['claim']);
      expect(logins).toHaveLength(0);
    });

    it("as old as the store says it is, by this process's own clocks", async () => {
      store.next = () => stored({ remainingMs: 30_000 });
      const issued = await issuer.issue(request());
      expect(issued).toMatchObject({
        lifetime: { lifetimeMs: LIFETIME_MS },
        askedAtMs: clock.now() - 70_000,
        askedAtMonotonicMs: clock.monotonic() - 70_000,
      });
    });

    it('what is newer than what it holds', async () => {
      store.next = () => stored();
      await issuer.issue(request({ held: held(90_000, { version: 4 }), wait: renewal() }));
      expect(store.claims).toEqual([{ newerThan: 4, drop: false, insist: false }]);
    });

    it('what was published while it waited for another process', async () => {
      const claims: Claim[] = [{ outcome: 'held' }, { outcome: 'held' }, stored()];
      store.next = () => claims.shift() as Claim;
      const issuing = issuer.issue(request());
      for (const ms of [0, 20, 40]) await clock.advance(ms);
      expect(await issuing).toMatchObject({ token: 'from-store' });
      expect(logins).toHaveLength(0);
    });
  });

  describe('tells the others which forced renewals did not help', () => {
    it('beside the token of the last one, and reads their age by its own clock', async () => {
      // The token was asked for when the clock stood at 1 s.
      await clock.advance(60_000);
      const forced = { ofProven: 1, ofOthers: 3, startedAtMs: clock.monotonic() - 4_000 };
      await issuer.issue(request({ forced }));
      const [shared] = store.published as [SharedToken];
      expect(shared.forced).toMatchObject({ ofProven: 1, ofOthers: 3 });
      // Another process finds it 10 s later.
      await clock.advance(10_000);
      store.next = () => stored({ ...shared, remainingMs: LIFETIME_MS - 60_000 - 10_000 });
      expect(await issuer.issue(request())).toMatchObject({ forced });
    });

    it('and reads nothing of a single one whose pause is over', async () => {
      const forced = { ofProven: 1, ofOthers: 1, leftAtStartMs: 92_001 };
      store.next = () => stored({ forced });
      expect(await issuer.issue(request())).not.toHaveProperty('forced');
    });

    it('and never reads a time in the future', async () => {
      const forced = { ofProven: 1, ofOthers: 1, leftAtStartMs: 5 };
      store.next = () => stored({ forced });
      expect(await issuer.issue(request())).toMatchObject({ forced: { startedAtMs: clock.monotonic() } });
    });
  });

  describe('while an issuer hands out the same token again', () => {
    it('takes it over from another process while the pause lasts, and does not ask again', async () => {
      store.next = () => again(3_900);
      expect(await issuer.issue(refusedAgain())).toMatchObject({ token: 'held', version: 5, from: 'store' });
      expect(logins).toEqual([]);
    });

    it.each([
      ['when the pause is over', () => again(4_100)],
      ['when nobody has asked because it was refused', () => stored({ token: 'held' })],
    ])('asks the provider %s', async (_, found) => {
      store.next = ({ newerThan }) => (newerThan < 5 ? found() : ACQUIRED);
      expect(await issuer.issue(refusedAgain())).toMatchObject({ token: 'from-provider' });
    });
  });

  describe('does not take over', () => {
    it.each<[string, Partial<StoredToken>, () => Partial<IssueRequest>]>([
      ['the refused one', { token: 'refused' }, () => ({ refused: 'refused' })],
      ['a dying one', { remainingMs: 900 }, () => ({})],
      ['one that no header can carry', { token: 'two\r\nlines' }, () => ({})],
      [
        'one that is due itself, for a renewal',
        { remainingMs: 10_000 },
        () => ({ wait: renewal(), held: held(85_000) }),
      ],
      [
        'one that is older than a token obtained alone',
        { remainingMs: 50_000 },
        () => ({ refused: 'held', held: held(1_000) }),
      ],
    ])('%s', async (_what, token, of) => {
      store.next = ({ newerThan }) => (newerThan < 5 ? stored(token) : ACQUIRED);
      expect(await issuer.issue(request(of()))).toMatchObject({ token: 'from-provider' });
      expect(store.claims).toHaveLength(2);
      expect(store.claims[1]?.newerThan).toBe(5);
    });

    it('the refused token that it holds: the store removes that token in the same step', async () => {
      await issuer.issue(request({ refused: 'held', held: held(1_000, { version: 4 }) }));
      expect(store.claims).toEqual([{ newerThan: 4, drop: true, insist: false }]);
    });
  });

  describe('asks the provider', () => {
    it('and publishes the token with its remaining life, under its fencing number', async () => {
      answer = () => ({ ...ISSUED, askedAtMonotonicMs: clock.monotonic() - 400 });
      expect(await issuer.issue(request())).toMatchObject({ token: 'from-provider', version: 7 });
      expect(store.asked).toEqual(['claim', 'reserve', `publish from-provider for ${LIFETIME_MS - 400}`]);
    });

    it('and does not give a longer life to a token that is issued a second time', async () => {
      answer = () => ({
        ...ISSUED,
        token: 'held',
        lifetime: { lifetimeMs: LIFETIME_MS, from: 'documented' },
      });
      await issuer.issue(request({ held: held(80_000, { version: 4 }) }));
      expect(store.asked.at(-1)).toBe('publish held for 19000');
    });

    it('and extends the lock while it waits', async () => {
      const finish: ((outcome: IssueOutcome) => void)[] = [];
      answer = () => new Promise((resolve) => finish.push(resolve));
      const wait = new LoginWait(clock, 15_000, true);
      const issuing = issuer.issue(request({ wait }));
      await clock.advance(0);
      await clock.advance(2_500);
      finish[0]?.(ISSUED);
      await issuing;
      wait.settle();
      await clock.advance(5_000);
      expect(store.asked.filter((question) => question === 'extend')).toHaveLength(2);
      expect(clock.pendingTimers).toBe(0);
    });

    it('and tells the fleet of a wrong secret, without the secret', async () => {
      answer = () => ({ outcome: 'rejected', reason: 'no such key: test-secret-not-real-1' });
      expect((await issuer.issue(request())).outcome).toBe('rejected');
      expect(store.asked.at(-1)).toBe('reject no such key: [hidden]');
    });

    it('and releases the lock when the request failed', async () => {
      answer = () => ({ outcome: 'unavailable', reason: 'timeout' });
      await issuer.issue(request());
      expect(store.asked.at(-1)).toBe('release');
    });

    it('and pauses the whole fleet after a 429', async () => {
      answer = () => {
        logins.at(-1)?.onTokenRequest({ outcome: 'unavailable', durationMs: 1, status: 429 });
        return { outcome: 'unavailable', reason: 'HTTP 429', retryAfterMs: 9_000 };
      };
      await issuer.issue(request());
      expect(store.asked.slice(-2)).toEqual(['release', 'pause 9000']);
    });

    it('within the limit of its endpoint, under every name of the provider', async () => {
      await issuer.issue(request());
      await issuerFor('acme-eu').issue(request());
      expect(store.endpoints[1]).toEqual(store.endpoints[0]);
    });

    it('but not where the limit of the fleet does not allow it', async () => {
      store.waitMs = 4_000;
      expect(await issuer.issue(request())).toMatchObject({
        outcome: 'unavailable',
        retryAfterMs: 4_000,
        unsent: 'limit',
      });
      expect(logins).toHaveLength(0);
      expect(store.asked.at(-1)).toBe('release');
    });
  });

  it('but not with a secret that the fleet knows to be wrong', async () => {
    store.next = () => ({ outcome: 'rejected', reason: 'invalid_client', retryAfterMs: 12_000 });
    expect(await issuer.issue(request())).toEqual({
      outcome: 'rejected',
      reason: 'invalid_client',
      retryAfterMs: 12_000,
    });
    expect(logins).toHaveLength(0);
  });

  it('and stops waiting for its turn when its time is over', async () => {
    store.next = () => ({ outcome: 'held' });
    const wait = new LoginWait(clock, 15_000, true);
    const issuing = issuer.issue(request({ wait }));
    for (const ms of [0, 20]) await clock.advance(ms);
    wait.end();
    expect(await issuing).toMatchObject({ outcome: 'unavailable' });
    expect(logins).toHaveLength(0);
  });

  describe('goes on without the store while the store is lost', () => {
    beforeEach(() => {
      store.lost = true;
    });

    it('asking the provider at once when a caller needs a token', async () => {
      expect(await issuer.issue(request())).toMatchObject({ token: 'from-provider' });
    });

    it('reporting each change of state once, and asking the store again once a second', async () => {
      for (let calls = 0; calls < 3; calls += 1) await issuer.issue(request());
      expect(store.asked).toEqual(['claim']);
      await clock.advance(1_000);
      await issuer.issue(request());
      expect(store.asked).toEqual(['claim', 'claim']);
      store.lost = false;
      await clock.advance(1_000);
      await issuer.issue(request());
      await issuer.issue(request());
      expect(events.map(({ type }) => type)).toEqual(['store-lost', 'store-back']);
      expect(events[0]).toMatchObject({ provider: 'acme', reason: 'Redis: not connected' });
    });

    it('delaying renewals to the last tenth of the life, each process at a random time', async () => {
      const early = await issuer.issue(request({ wait: renewal(), held: held(80_000) }));
      // 19 s are left, and the last tenth begins in 9 s. The random number picks the middle of its first six tenths.
      expect(early).toMatchObject({ outcome: 'unavailable', postponed: true, retryAfterMs: 12_000 });
      expect(logins).toHaveLength(0);
      const late = await issuer.issue(request({ wait: renewal(), held: held(92_000) }));
      expect(late).toMatchObject({ token: 'from-provider' });
    });
  });

  describe('with a slow store', () => {
    beforeEach(() => {
      store.slow = () => new Promise((resolve) => clock.setTimeout(resolve, 200));
    });

    it('waits 250 ms for all questions of one call, and then asks the provider', async () => {
      const issuing = issuer.issue(request());
      for (const ms of [0, 200, 49]) await clock.advance(ms);
      expect(logins).toHaveLength(0);
      await clock.advance(1);
      expect(await issuing).toMatchObject({ token: 'from-provider', version: 7 });
      await clock.advance(200);
      expect(events).toEqual([]);
    });

    it('releases a lock that it gets too late', async () => {
      store.next = ({ newerThan }) => (newerThan < 5 ? stored({ remainingMs: 900 }) : ACQUIRED);
      const issuing = issuer.issue(request());
      for (const ms of [0, 200, 50]) await clock.advance(ms);
      expect(await issuing).toMatchObject({ token: 'from-provider' });
      await clock.advance(150);
      expect(store.asked).toEqual(['claim', 'claim', 'release']);
    });

    it('does not count the time that it waits for another process', async () => {
      const claims: Claim[] = [{ outcome: 'held' }, { outcome: 'held' }, stored()];
      store.next = () => claims.shift() as Claim;
      const issuing = issuer.issue(request());
      for (const ms of [0, 200, 20, 200, 40, 200]) await clock.advance(ms);
      expect(await issuing).toMatchObject({ token: 'from-store' });
      expect(logins).toHaveLength(0);
    });
  });

  describe('listens for withdrawals', () => {
    it('and tells each holder of the token, once', async () => {
      const told = await obtained();
      store.withdrawn({ hash: store.lastHash, version: 6 });
      store.withdrawn({ hash: store.lastHash, version: 8 });
      expect(told).toEqual(['from-store']);
    });

    it('and keeps a newer token than the one that was withdrawn', async () => {
      const told = await obtained();
      store.withdrawn({ hash: store.lastHash, version: 4 });
      store.withdrawn({ hash: 'another', version: 9 });
      expect(told).toEqual([]);
    });
  });

  it('withdraws a token from the fleet before it gives the token back to the provider', async () => {
    await issuer.revoke(request(), 'held');
    expect(store.asked).toEqual(['withdraw, tell', 'revoke at the provider']);
  });

  it('removes the token of an old secret from the store, and the others keep using theirs', async () => {
    await issuer.forget(request());
    expect(store.asked).toEqual(['withdraw']);
  });
});
