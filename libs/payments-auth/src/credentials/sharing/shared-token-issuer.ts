import { ownCopy } from '../../own-properties.js';
import type { Clock, TimerHandle } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { tokenBaseUrl } from '../../providers/login-given.js';
import { isUsableToken } from '../../strategies/access-token.js';
import type { TokenStrategy } from '../../strategies/strategy.js';
import { credentialKey, type KeyedHash } from '../secrets/keyed-hash.js';
import { allOf, pause } from '../../within.js';
import { FUTILITY, waitAfter } from '../issuing/back-off.js';
import type { ProviderTokenIssuer } from '../issuing/provider-token-issuer.js';
import { told } from '../../scrubbing.js';
import { secretValues } from '../issuing/login-secrets.js';
import { zonesOf } from '../renewing/renewal-rules.js';
import { type Patience, StoreBudget, type StoreHealth, WithdrawalListeners } from './store-health.js';
import type {
  ForcedRenewals,
  HeldToken,
  IssuedToken,
  IssueOutcome,
  IssueRequest,
  NewerRequest,
  ReturnRequest,
  TokenIssuer,
} from '../issuing/token-issuer.js';
import type {
  Claim,
  EndpointKey,
  Grant,
  SharedForcedRenewals,
  StoredToken,
  TokenKey,
  TokenStore,
} from './token-store.js';

/** The right to ask lasts 3 s, so that a process that dies with it is replaced soon; this keeps it while one lives. */
const EXTEND_EVERY_MS = 1_000;
/** How often a process that waits for another's token looks for it. */
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 200;
/** Alone, processes renew in the last part of a token's life, each at a time of its own. */
const ALONE_PART = 0.1;

/** The issuer that asks the provider. */
type InnerIssuer = Pick<ProviderTokenIssuer, 'issue' | 'revoke' | 'durations'>;

/** What one attempt looks for in the store. */
interface Search {
  newerThan: number;
  drop: boolean;
}

/**
 * Gets tokens from a store that a fleet shares, and asks the provider when it is this process's turn.
 *
 * One script in the store either hands over a newer token, or gives the right to ask to one process at a time; the
 * others look again until the token is there or the right is free. Where the store cannot say, every process asks for
 * itself.
 */
export class SharedTokenIssuer implements TokenIssuer {
  readonly isShared = true;
  readonly #provider: ConfiguredProvider;
  readonly #strategy: TokenStrategy;
  readonly #inner: InnerIssuer;
  readonly #health: StoreHealth;
  readonly #clock: Clock;
  readonly #hash: KeyedHash;
  readonly #random: () => number;
  readonly #baseUrl: string;
  readonly #endpoint: EndpointKey;
  readonly #listeners: WithdrawalListeners;

  /**
   * @param inner asks the provider
   * @param environment `hash` has to be made of the store's `hashKey`, and so do the fingerprints in the requests
   */
  constructor(
    provider: ConfiguredProvider,
    strategy: TokenStrategy,
    inner: InnerIssuer,
    environment: { health: StoreHealth; clock: Clock; hash: KeyedHash; random?: () => number },
  ) {
    this.#provider = provider;
    this.#strategy = strategy;
    this.#inner = inner;
    this.#health = environment.health;
    this.#clock = environment.clock;
    this.#hash = environment.hash;
    this.#random = environment.random ?? Math.random;
    this.#baseUrl = tokenBaseUrl(provider, strategy);
    // Two names for one provider share what is allowed there, here as within one process.
    this.#endpoint = { provider: provider.definition.name, hash: this.#hash.of([this.#baseUrl]) };
    this.#listeners = new WithdrawalListeners(environment.clock);
  }

  /** Begins to hear of tokens that other processes withdraw. @returns ends it */
  listen(): () => void {
    return this.#health.onWithdrawn((withdrawal) => this.#listeners.withdrawn(withdrawal));
  }

  async issue(request: IssueRequest): Promise<IssueOutcome> {
    const key = this.#keyOf(request);
    const outcome = await this.#search(key, request);
    if (outcome.outcome === 'issued') this.#listeners.add(key.hash, outcome, request.onWithdrawn);
    return outcome;
  }

  async newer(request: NewerRequest): Promise<IssuedToken | undefined> {
    const key = this.#keyOf(request);
    const askedAtMs = this.#clock.now();
    const askedAtMonotonicMs = this.#clock.monotonic();
    const claim = await this.#claim(key, { ...startOf(request), drop: false }, true, this.#health.timeoutMs);
    if (claim?.outcome === 'acquired') this.#tell((store) => store.release(key, claim.grant));
    if (claim?.outcome !== 'found') return undefined;
    const issued = takenOver(claim.token, askedAtMs, askedAtMonotonicMs);
    if (!this.#isWanted(claim.token, issued, request, false)) return undefined;
    this.#listeners.add(key.hash, issued, request.onWithdrawn);
    return issued;
  }

  async revoke(request: ReturnRequest, token: string | undefined): Promise<void> {
    // First from the fleet, so that nobody takes over what is about to die.
    const shared = await this.#ask((store) => store.withdraw(this.#keyOf(request), true));
    const tokens = [token, shared?.token].filter((each) => each !== undefined);
    await allOf([...new Set(tokens)].map((each) => this.#inner.revoke(request, each)));
  }

  async forget(request: ReturnRequest): Promise<void> {
    // The other processes use the old secret until they have the new one. They are not told to drop their tokens.
    await this.#ask((store) => store.withdraw(this.#keyOf(request), false));
  }

  unwatch(request: ReturnRequest): void {
    this.#listeners.remove(this.#keyOf(request).hash);
  }

  // --- Looking --------------------------------------------------------------------------------------------------

  async #search(key: TokenKey, request: IssueRequest): Promise<IssueOutcome> {
    const search = startOf(request);
    const budget = new StoreBudget(this.#clock, this.#health.timeoutMs);
    for (let looks = 0; ; looks += 1) {
      const askedAtMs = this.#clock.now();
      const askedAtMonotonicMs = this.#clock.monotonic();
      const claim = await budget.spend(this.#claim(key, search, request.insist, budget.leftMs));
      if (claim === undefined) return this.#alone(request);
      if (claim.outcome === 'acquired') return this.#askProvider(key, claim.grant, request, budget);
      if (claim.outcome === 'rejected')
        return { outcome: 'rejected', reason: told(claim.reason), retryAfterMs: claim.retryAfterMs };
      if (claim.outcome === 'found') {
        const issued = takenOver(claim.token, askedAtMs, askedAtMonotonicMs);
        if (this.#isWanted(claim.token, issued, request, !request.wait.isAwaited)) return issued;
        if (this.#isInVain(claim.token, issued, request)) return issued;
        search.newerThan = claim.token.version;
        search.drop = claim.token.token === request.refused;
        continue;
      }
      if (request.wait.over.aborted)
        return { outcome: 'unavailable', reason: 'another process has not finished asking' };
      await pause(this.#clock, nextLookMs(looks, this.#random()), request.wait.over, request.wait.isAwaited);
      budget.renew();
    }
  }

  #claim(
    key: TokenKey,
    search: Search,
    insist: boolean,
    leftMs: number | undefined,
  ): Promise<Claim | undefined> {
    const giveBack = (late: Claim): void => {
      if (late.outcome === 'acquired') this.#tell((store) => store.release(key, late.grant));
    };
    const patience = leftMs === undefined ? undefined : { withinMs: leftMs, onLate: giveBack };
    return this.#ask((store) => store.claim(key, { ...search, insist }), patience);
  }

  /** Whether a stored token serves: not the refused one, not dying, and no renewal that is due again at once. */
  #isWanted(
    stored: StoredToken,
    issued: IssuedToken,
    { refused, held }: Pick<IssueRequest, 'refused' | 'held'>,
    isAhead: boolean,
  ): boolean {
    if (stored.token === refused || !isUsableToken(stored.token)) return false;
    const { refreshBeforeMs } = this.#provider;
    const { usableAfterMs } = this.#strategy;
    const { lifetimeMs } = issued.lifetime;
    const zones = zonesOf(lifetimeMs, refreshBeforeMs, this.#inner.durations.slowestMs, 1, usableAfterMs);
    const isRenewal = isAhead && held !== undefined && this.#livesForMs(held) > 0;
    const ageMs = lifetimeMs - stored.remainingMs;
    // A token that was obtained alone has no number to compare: then the younger of the two is the newer one.
    if (held !== undefined && held.version === undefined && this.#ageMs(held) <= ageMs) return false;
    return ageMs < (isRenewal ? zones.dueAfterMs : zones.deadAfterMs);
  }

  /**
   * Whether another process has asked because this token was refused, and was given it again: for as long as the pause after
   * that lasts, nobody asks once more.
   */
  #isInVain(
    { version }: StoredToken,
    { token, forced }: IssuedToken,
    { refused, held }: IssueRequest,
  ): boolean {
    if (forced === undefined || token !== refused || token !== held?.token) return false;
    return version > (held.version ?? Infinity) && pauseOfMs(forced, this.#clock.monotonic()) > 0;
  }

  // --- Asking ---------------------------------------------------------------------------------------------------

  async #askProvider(
    key: TokenKey,
    grant: Grant,
    request: IssueRequest,
    budget: StoreBudget,
  ): Promise<IssueOutcome> {
    let status: number | undefined;
    const letGo = this.#keep(key, grant);
    const outcome = await this.#inner.issue(
      {
        ...request,
        onTokenRequest: (report) => {
          status = report.status;
          request.onTokenRequest(report);
        },
      },
      () => this.#reserve(request.fingerprint, budget),
    );
    letGo();
    if (outcome.outcome === 'issued') return this.#publish(key, grant, outcome, request);
    // A fault of this process's definition is none of those that were deployed after it, and the next refresh token of an
    // account stands under the same key.
    if (outcome.outcome === 'rejected' && outcome.code === undefined) {
      const reason = told(outcome.reason, secretValues(this.#provider.definition, request.credentials));
      this.#tell((store) => store.reject(key, grant, reason));
      return outcome;
    }
    this.#tell((store) => store.release(key, grant));
    if (status === 429)
      this.#tell((store) => store.pause(this.#endpoint, request.fingerprint, outcome.retryAfterMs ?? 1_000));
    return outcome;
  }

  /** How long the fleet has to wait before it may ask for this credential, in milliseconds. */
  async #reserve(credential: string, { leftMs }: StoreBudget): Promise<number> {
    const waitMs = await this.#ask(
      (store) => store.reserve(this.#endpoint, this.#strategy.limits, credential),
      leftMs === undefined ? undefined : { withinMs: leftMs },
    );
    return waitMs ?? 0;
  }

  /** No call waits until the store has the token: this process has it, and a waiting process asks the store again. */
  #publish(
    key: TokenKey,
    grant: Grant,
    issued: IssuedToken,
    { held, forced }: Pick<IssueRequest, 'held' | 'forced'>,
  ): IssuedToken {
    const { token, lifetime, scopes } = ownCopy(issued);
    // A token that comes a second time without saying how long it still has does not live longer for it.
    const isSameAgain = held?.token === token && lifetime.from === 'documented';
    const endsAtMs = issued.askedAtMonotonicMs + lifetime.lifetimeMs;
    const nowMs = this.#clock.monotonic();
    const remainingMs = isSameAgain ? this.#livesForMs(held) : endsAtMs - nowMs;
    const shared = {
      token,
      lifetime,
      ...(scopes === undefined ? {} : { scopes }),
      ...(forced === undefined ? {} : { forced: toldOf(forced, remainingMs, nowMs) }),
    };
    this.#tell((store) => store.publish(key, grant, shared, remainingMs));
    return { ...issued, version: grant.version };
  }

  /** Keeps the right to ask while the request is in flight. */
  #keep(key: TokenKey, grant: Grant): () => void {
    let timer: TimerHandle;
    const extendLater = (): void => {
      timer = this.#clock.setTimeout(() => {
        this.#tell((store) => store.extend(key, grant));
        extendLater();
      }, EXTEND_EVERY_MS);
    };
    extendLater();
    return () => this.#clock.clearTimeout(timer);
  }

  /**
   * The store is lost. Who needs a token asks for it; a renewal that nobody waits for is put off to the last part of
   * the life, each process at a time of its own, so that a fleet does not log in at once (the provider has not been
   * asked by most of it for long).
   */
  async #alone(request: IssueRequest): Promise<IssueOutcome> {
    const { held, wait } = request;
    if (!wait.isAwaited && held !== undefined && request.refused === undefined) {
      const lastPartMs = ALONE_PART * held.lifetimeMs;
      const waitMs = this.#livesForMs(held) - lastPartMs;
      if (waitMs > 0) {
        // The end of it stays free, so that the renewal is over before the token is dead.
        const retryAfterMs = Math.ceil(waitMs + 0.6 * lastPartMs * this.#random());
        return { outcome: 'unavailable', reason: 'the store is lost', retryAfterMs, postponed: true };
      }
    }
    return this.#inner.issue(request);
  }

  #livesForMs({ deadAtMs }: HeldToken): number {
    return deadAtMs - this.#clock.monotonic();
  }

  #ageMs(held: HeldToken): number {
    const { deadAfterMs } = zonesOf(held.lifetimeMs, this.#provider.refreshBeforeMs, 0, 1);
    return deadAfterMs - this.#livesForMs(held);
  }

  // --- The store ------------------------------------------------------------------------------------------------

  #ask<T>(question: (store: TokenStore) => Promise<T>, patience?: Patience<T>): Promise<T | undefined> {
    return this.#health.ask(this.#provider.name, question, patience);
  }

  /** In the background: what fails is reported as a lost store, and ends by itself there. */
  #tell(message: (store: TokenStore) => Promise<unknown>): void {
    void this.#ask(message);
  }

  #keyOf(request: Pick<IssueRequest, 'account' | 'scopes' | 'audience' | 'fingerprint'>): TokenKey {
    const { account, scopes, audience, fingerprint } = request;
    const { name: provider } = this.#provider;
    const parts = { provider, baseUrl: this.#baseUrl, account, scopes, fingerprint, audience };
    return { provider, account, hash: credentialKey(this.#hash, parts) };
  }
}

/** Newer than what is held; where it is not known what that was in the store, it is found out by looking. */
function startOf({ held, refused }: Pick<IssueRequest, 'held' | 'refused'>): Search {
  const version = held?.version;
  if (version === undefined) return { newerThan: 0, drop: false };
  // Another token than the one held was refused: the held one has replaced it already, and still stands there.
  if (refused !== undefined && refused !== held?.token) return { newerThan: 0, drop: false };
  return { newerThan: version, drop: refused !== undefined };
}

/** A stored token as if it had been asked for here: so long ago that what is left of its life is what the store says. */
function takenOver(found: StoredToken, nowMs: number, nowMonotonicMs: number): IssuedToken {
  const stored = ownCopy(found);
  const lifetimeMs = Math.max(stored.lifetime.lifetimeMs, stored.remainingMs);
  const ageMs = lifetimeMs - stored.remainingMs;
  return {
    outcome: 'issued',
    token: stored.token,
    lifetime: { lifetimeMs, from: stored.lifetime.from },
    askedAtMs: nowMs - ageMs,
    askedAtMonotonicMs: nowMonotonicMs - ageMs,
    from: 'store',
    version: stored.version,
    ...(stored.scopes === undefined ? {} : { scopes: stored.scopes }),
    ...forcedIn(stored, nowMonotonicMs),
  };
}

/** Told by what is left of the token's life: the only time that two processes have in common. */
function toldOf(
  { ofProven, ofOthers, startedAtMs }: ForcedRenewals,
  remainingMs: number,
  nowMs: number,
): SharedForcedRenewals {
  return { ofProven, ofOthers, leftAtStartMs: Math.ceil(remainingMs + nowMs - startedAtMs) };
}

/** One forced renewal whose pause is over is not shared. */
function forcedIn({ forced, remainingMs }: StoredToken, nowMs: number): { forced?: ForcedRenewals } {
  if (forced === undefined) return {};
  const { ofProven, ofOthers, leftAtStartMs } = forced;
  const heard = { ofProven, ofOthers, startedAtMs: nowMs - Math.max(0, leftAtStartMs - remainingMs) };
  return ofOthers > 1 || pauseOfMs(heard, nowMs) > 0 ? { forced: heard } : {};
}

/** What is left of the pause after the last of them, in milliseconds. */
function pauseOfMs({ ofProven, ofOthers, startedAtMs }: ForcedRenewals, nowMs: number): number {
  return startedAtMs + waitAfter(Math.max(ofProven, ofOthers), FUTILITY) - nowMs;
}

/** 20, 40, 80, 160, 200, 200 … ms, less up to a quarter, so that those who wait do not look in step. */
function nextLookMs(looks: number, random: number): number {
  return Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 10)) * (1 - 0.25 * random);
}
