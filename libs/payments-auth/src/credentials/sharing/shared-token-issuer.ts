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

/**
 * The right to ask the provider lasts 3 s, so that another process can soon replace one that has ended. A living
 * process extends its right after this time.
 */
const EXTEND_EVERY_MS = 1_000;
/** How often a process looks for the token that another process is getting. */
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 200;
/** Without the store, each process renews in this last part of a token's life, at a random time. */
const ALONE_PART = 0.1;

/** The issuer that asks the provider. */
type InnerIssuer = Pick<ProviderTokenIssuer, 'issue' | 'revoke' | 'durations'>;

/** What one attempt searches in the store. */
interface Search {
  newerThan: number;
  drop: boolean;
}

/**
 * Gets tokens from a store that a fleet shares. When this process has the right to ask, it asks the provider.
 *
 * One script in the store either returns a newer token, or gives the right to ask to one process at a time. The other
 * processes look again until the token is there or the right is free. When the store does not answer, every process
 * asks the provider itself.
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
   * @param environment `hash` has to use the store's `hashKey`, and so do the fingerprints in the requests
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
    // Two names for one provider share the limits of its endpoint, in a fleet as in one process.
    this.#endpoint = { provider: provider.definition.name, hash: this.#hash.of([this.#baseUrl]) };
    this.#listeners = new WithdrawalListeners(environment.clock);
  }

  /** Starts to listen for tokens that other processes withdraw. @returns a function that ends this */
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
    // The store forgets the token first, so that no other process takes over a token that is about to be revoked.
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

  /** Whether a stored token can be used: it was not refused, does not end soon, and is not due again at once. */
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
    // A token that was obtained without the store has no version to compare. Then the younger token is the newer one.
    if (held !== undefined && held.version === undefined && this.#ageMs(held) <= ageMs) return false;
    return ageMs < (isRenewal ? zones.dueAfterMs : zones.deadAfterMs);
  }

  /**
   * Whether another process has already asked because this token was refused, and got the same token again. During the
   * pause after that, no process asks again.
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
    // Only a rejected secret is stored. A fault of the definition may be corrected in a newer process, and the next
    // refresh token of an account has the same key.
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

  /** How long the fleet has to wait before it may make a token request for this credential, in milliseconds. */
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
    // When the same token comes again and the answer does not say how long it lives, its life does not become longer.
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
   * The store is lost. A process that needs a token asks the provider. A background renewal is put off to the last part
   * of the token's life, to a random time in each process. So the processes of a fleet do not all log in at the same
   * time.
   */
  async #alone(request: IssueRequest): Promise<IssueOutcome> {
    const { held, wait } = request;
    if (!wait.isAwaited && held !== undefined && request.refused === undefined) {
      const lastPartMs = ALONE_PART * held.lifetimeMs;
      const waitMs = this.#livesForMs(held) - lastPartMs;
      if (waitMs > 0) {
        // The end of the last part is left free, so that the renewal ends before the token does.
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

  /**
   * Sends a message to the store in the background. A failure is reported as a lost store. The entry in the store ends
   * by itself.
   */
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

/**
 * Where the search starts: for a token newer than the one held. If the version of the held token is not known, any
 * stored token is looked at.
 */
function startOf({ held, refused }: Pick<IssueRequest, 'held' | 'refused'>): Search {
  const version = held?.version;
  if (version === undefined) return { newerThan: 0, drop: false };
  // Another token than the held one was refused. The held token has already replaced it, and is still in the store.
  if (refused !== undefined && refused !== held?.token) return { newerThan: 0, drop: false };
  return { newerThan: version, drop: refused !== undefined };
}

/**
 * A stored token, as if this process had asked for it. The time of its request is calculated from the rest of its life
 * that the store states.
 */
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

/**
 * The forced renewals as other processes get them. Times are stated as the rest of the token's life, because this is
 * the only time that two processes have in common.
 */
function toldOf(
  { ofProven, ofOthers, startedAtMs }: ForcedRenewals,
  remainingMs: number,
  nowMs: number,
): SharedForcedRenewals {
  return { ofProven, ofOthers, leftAtStartMs: Math.ceil(remainingMs + nowMs - startedAtMs) };
}

/** The forced renewals of a stored token. A single one whose pause is over is not counted. */
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

/**
 * 20, 40, 80, 160, 200, 200 … ms, minus up to a quarter at random, so that waiting processes do not look at the same
 * time.
 */
function nextLookMs(looks: number, random: number): number {
  return Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 10)) * (1 - 0.25 * random);
}
