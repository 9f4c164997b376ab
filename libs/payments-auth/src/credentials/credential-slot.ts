import type { Clock } from '../payments-auth.clock.js';
import { PaymentsAuthError, isPaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { Lifetime } from '../strategies/strategy.js';
import { ACQUIRE_BUDGET_MS, OUTAGE, RETRY, waitAfter } from './back-off.js';
import { callHeadersOf, everyCallHeadersOf } from './call-headers.js';
import { type Candidate, Candidates, type CandidateSource } from './candidates.js';
import { Credential } from './credential.js';
import type { CredentialState, CredentialStatus } from './credential.service.js';
import type { CallTarget, CredentialSpender } from './credential-spender.js';
import { ForcedRenewals } from './forced-renewals.js';
import type { KeyedHash } from './keyed-hash.js';
import { pause } from './pause.js';
import type { AcquireReason, PaymentsAuthEvent } from './payments-auth-event.js';
import type { Renewable, RenewalQueue } from './renewal-queue.js';
import { zonesOf } from './renewal-window.js';
import { retryAfterMs } from './retry-after.js';
import { scrub } from './scrub.js';
import type { Lane } from './token-endpoints.js';
import type { IssuedToken, IssueOutcome, TokenIssuer } from './token-issuer.js';

/** An event before it is known whose it is and when. */
type OwnEvent = PaymentsAuthEvent extends infer E
  ? E extends PaymentsAuthEvent
    ? Omit<E, 'provider' | 'account' | 'scopes' | 'atMs'>
    : never
  : never;

/** What the slots of one provider share. */
export interface SlotContext {
  readonly provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly hash: KeyedHash;
  readonly renewals: RenewalQueue;
  /** Absent for a static key: there is nothing to fetch. */
  readonly issuer: TokenIssuer | undefined;
  /** The host of the token endpoint. */
  readonly issuerHost: string;
  readonly slowestLoginMs: () => number;
  readonly emit: (event: PaymentsAuthEvent) => void;
  /** Aborted when the application shuts down. */
  readonly closing: AbortSignal;
  /** A slot that nobody uses and that holds nothing worth keeping. */
  readonly abandon: (slot: CredentialSlot) => void;
}

/**
 * The one current credential of a provider, account and scope set: kept while it lives, renewed before it dies,
 * replaced when it is refused, and asked for by one request at a time whoever wants it (R1 to R11).
 */
export class CredentialSlot implements CredentialSpender, Renewable {
  readonly account: string | undefined;
  readonly scopes: readonly string[];
  renewalAtMs: number | undefined = undefined;

  readonly #context: SlotContext;
  readonly #candidates: Candidates;
  #current: Credential | undefined = undefined;
  /** What {@link #current} was obtained with. */
  #candidate: Candidate | undefined = undefined;
  /** The zones of {@link #current} on both clocks: whichever says so first is believed (R6). */
  #dueAtMs = 0;
  #deadAtMs = 0;
  #dueAtWallMs = 0;
  #deadAtWallMs = 0;
  #lifetimeMs = 0;
  #usedAtMs: number;
  #acquiring: Promise<Credential> | undefined = undefined;
  /** Counts what makes an answer that is still on its way too old to be kept (R9). */
  #epoch = 0;
  #failures = 0;
  #nextAttemptAtMs = 0;
  #lastError: PaymentsAuthError | undefined = undefined;
  #forced: ForcedRenewals | undefined = undefined;
  #rateLimit: CredentialStatus['rateLimit'] = undefined;
  #counters: CredentialStatus['counters'] | undefined = undefined;

  constructor(
    context: SlotContext,
    account: string | undefined,
    scopes: readonly string[],
    source: CandidateSource,
  ) {
    this.#context = context;
    this.account = account;
    this.scopes = scopes;
    this.#candidates = new Candidates(source, context.clock);
    this.#usedAtMs = context.clock.monotonic();
  }

  // --- Spending -------------------------------------------------------------------------------------------------

  peek(): Credential | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    const nowMs = this.#context.clock.monotonic();
    this.#usedAtMs = nowMs;
    if (this.#deadAtMs === Infinity && this.#dueAtMs === Infinity) return current;
    const wallMs = this.#context.clock.now();
    if (nowMs >= this.#deadAtMs || wallMs >= this.#deadAtWallMs) return undefined;
    if (nowMs >= this.#dueAtMs || wallMs >= this.#dueAtWallMs) this.#renewBehind();
    return current;
  }

  async obtain(): Promise<Credential> {
    const usable = this.peek();
    if (usable !== undefined) return usable;
    const startedAtMs = this.#context.clock.monotonic();
    this.#usedAtMs = startedAtMs;
    this.#count.waits += 1;
    const credential = await this.#acquire(this.#current === undefined ? 'first' : 'expired', 'caller').catch(
      rethrow,
    );
    this.#emit({ type: 'call-waited', durationMs: this.#context.clock.monotonic() - startedAtMs });
    return credential;
  }

  async refresh(rejected?: Credential): Promise<Credential> {
    const current = this.#current;
    if (rejected !== undefined && current !== undefined && current !== rejected && this.#lives())
      return current;
    this.#candidates.forgive();
    return this.#acquire('requested', 'caller', rejected?.token).catch(rethrow);
  }

  async replace(
    rejected: Credential,
    refusal: { status: number; own: boolean },
  ): Promise<Credential | undefined> {
    this.#count.refusals += 1;
    this.#emit({ type: 'call-refused', credential: rejected.id, status: refusal.status, own: refusal.own });
    const current = this.#current;
    if (current !== undefined && current !== rejected && this.#lives())
      return this.#forced?.paused ? undefined : current;
    try {
      return this.#context.issuer === undefined
        ? await this.#otherKey(rejected)
        : await this.#otherToken(rejected);
    } catch {
      // Why there is none is in the status and the events; the caller gets the provider's refusal.
      return undefined;
    }
  }

  replayed(credential: Credential, outcome: { firstStatus: number; refusedAgain: boolean }): void {
    this.#count.replays += 1;
    this.#emit({ type: 'call-replayed', credential: credential.id, ...outcome });
    if (!outcome.refusedAgain) {
      this.#forced?.cured();
    } else if (credential === this.#current) {
      this.#renewalIsNoCure(credential);
    }
  }

  observe(headers: Readonly<Record<string, unknown>>): void {
    const limit = numeric(headers['x-ratelimit-limit']);
    const remaining = numeric(headers['x-ratelimit-remaining']);
    const reset = numeric(headers['x-ratelimit-reset']);
    const waitMs =
      headers['retry-after'] === undefined ? undefined : retryAfterMs(headers, this.#context.clock.now());
    if (limit === undefined && remaining === undefined && waitMs === undefined) return;
    this.#rateLimit = {
      ...(limit === undefined ? {} : { limit }),
      ...(remaining === undefined ? {} : { remaining }),
      ...(reset === undefined ? {} : { resetAtMs: reset * 1_000 }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      seenAtMs: this.#context.clock.now(),
    };
  }

  callHeaders(credential: Credential, call: CallTarget): Readonly<Record<string, string>> | undefined {
    return callHeadersOf(this.#context.provider.definition, credential, call);
  }

  // --- Keeping --------------------------------------------------------------------------------------------------

  /** Fetches in the background what is not there yet; a failure is reported and tried again (R17). */
  warm(): void {
    if (this.#current === undefined) this.#renewBehind();
  }

  onRenewalDue(): void {
    if (this.#isQuiet()) {
      const remainingMs = this.#deadAtMs - this.#context.clock.monotonic();
      if (this.#lives()) this.#context.renewals.schedule(this, remainingMs);
      else this.#context.abandon(this);
      return;
    }
    this.#renewBehind();
  }

  /** Gives the token back where the provider takes one back, and forgets it here in any case. */
  async revoke(): Promise<void> {
    const { issuer, closing } = this.#context;
    const credential = this.#current;
    const candidate = this.#candidate;
    this.#forget();
    if (issuer === undefined || credential === undefined || candidate === undefined) return;
    try {
      const { account, scopes } = this;
      await issuer.revoke({ account, scopes, ...candidate, signal: closing }, credential.token);
    } catch (error) {
      throw this.#unavailable(
        `the token is forgotten here, but could not be given back (${error instanceof Error ? scrub(error.message, candidate.credentials) : 'unknown'})`,
      );
    }
    this.#emit({ type: 'credential-revoked', credential: credential.id });
  }

  /** The static credentials may have changed: what was obtained with others is dropped, and asked for anew. */
  async rotated(): Promise<void> {
    this.#candidates.forget();
    const before = this.#candidate?.fingerprint;
    const wasUsed = this.#current !== undefined || this.#acquiring !== undefined;
    this.#epoch += 1;
    this.#nextAttemptAtMs = 0;
    this.#forced?.cured();
    const [newest] = await this.#candidates.get(true);
    if (newest?.fingerprint === before) return;
    this.#forget();
    this.#emit({ type: 'credentials-rotated' });
    if (wasUsed) await this.#acquire('rotated', 'caller').catch(rethrow);
  }

  status(): CredentialStatus {
    const { clock, provider } = this.#context;
    const current = this.#lives() ? this.#current : undefined;
    const waitMs = this.#nextAttemptAtMs - clock.monotonic();
    return {
      provider: provider.name,
      ...(this.account === undefined ? {} : { account: this.account }),
      ...(this.scopes.length === 0 ? {} : { scopes: [...this.scopes] }),
      state: this.#state(),
      ...(current === undefined ? {} : { credential: current.id, obtainedAtMs: current.obtainedAtMs }),
      ...(current?.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs }),
      ...(this.#lastError === undefined ? {} : { lastErrorCode: this.#lastError.code }),
      ...(this.#lastError?.reason === undefined ? {} : { lastErrorReason: this.#lastError.reason }),
      ...(waitMs > 0 ? { nextAttemptAtMs: Math.ceil(clock.now() + waitMs) } : {}),
      ...(this.#rateLimit === undefined ? {} : { rateLimit: { ...this.#rateLimit } }),
      counters: { ...(this.#counters ?? NO_COUNTS) },
    };
  }

  /** Monotonic time of the last use, in milliseconds. */
  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  /** Whether somebody waits for an answer right now. */
  get busy(): boolean {
    return this.#acquiring !== undefined;
  }

  // --- Acquiring ------------------------------------------------------------------------------------------------

  #renewBehind(): void {
    if (this.#acquiring !== undefined || this.#context.closing.aborted) return;
    if (this.#context.clock.monotonic() < this.#nextAttemptAtMs) return;
    this.#acquire(this.#current === undefined ? 'first' : 'early', 'renewal').catch(() => {
      // Reported where it failed, and tried again: nobody waits for this one (R8, R19).
    });
  }

  /** At most one acquisition is under way; everybody who wants a credential meanwhile shares it (R1). */
  #acquire(reason: AcquireReason, lane: Lane, refused?: string): Promise<Credential> {
    if (this.#acquiring !== undefined) return this.#acquiring;
    const waitMs = this.#nextAttemptAtMs - this.#context.clock.monotonic();
    if (waitMs > 0)
      return Promise.reject(this.#unavailable(this.#lastError?.reason ?? 'backing off', waitMs));
    this.#acquiring = this.#run(reason, lane, refused).finally(() => {
      this.#acquiring = undefined;
    });
    return this.#acquiring;
  }

  async #run(reason: AcquireReason, lane: Lane, refused: string | undefined): Promise<Credential> {
    const { clock, closing } = this.#context;
    const startedAtMs = clock.monotonic();
    const budgetMs =
      lane === 'renewal' ? Math.max(ACQUIRE_BUDGET_MS, this.#deadAtMs - startedAtMs) : ACQUIRE_BUDGET_MS;
    const ended = new AbortController();
    const end = () => ended.abort();
    const budget = clock.setTimeout(end, Math.min(budgetMs, 2 ** 31 - 1));
    closing.addEventListener('abort', end, { once: true });
    try {
      const credential = await this.#attempts(reason, lane, refused, startedAtMs + budgetMs, ended.signal);
      this.#failures = 0;
      this.#nextAttemptAtMs = 0;
      this.#lastError = undefined;
      this.#emit({
        type: 'credential-obtained',
        credential: credential.id,
        reason,
        durationMs: clock.monotonic() - startedAtMs,
        from: this.#obtainedFrom,
        ...(credential.expiresAtMs === undefined ? {} : { expiresAtMs: credential.expiresAtMs }),
      });
      return credential;
    } catch (error) {
      throw this.#failed(
        isPaymentsAuthError(error) ? error : this.#unavailable('an internal error', undefined, error),
      );
    } finally {
      clock.clearTimeout(budget);
      closing.removeEventListener('abort', end);
    }
  }

  #obtainedFrom: IssuedToken['from'] = 'provider';

  async #attempts(
    reason: AcquireReason,
    lane: Lane,
    refused: string | undefined,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<Credential> {
    const { clock, issuer } = this.#context;
    let again = true;
    let announced = false;
    for (let attempt = 1; ; attempt += 1) {
      const epoch = this.#epoch;
      const candidates = await this.#candidates.get(again);
      again = false;
      if (issuer === undefined) return this.#keepKey(candidates);
      const candidate = this.#candidates.firstUsable(candidates);
      if (candidate === undefined) throw this.#rejected(candidates);
      if (!announced) this.#emit({ type: 'credential-requested', reason });
      announced = true;
      const outcome = await this.#issue(issuer, candidate, reason, lane, refused, signal);
      if (signal.aborted && outcome.outcome !== 'issued') throw this.#ended(outcome);
      // Rotated or revoked while this was on its way: it is older than what is wanted now (R9).
      if (epoch !== this.#epoch) continue;
      if (outcome.outcome === 'issued') return this.#keepToken(outcome, candidate, reason);
      if (outcome.outcome === 'rejected') {
        const forMs = this.#candidates.reject(candidate, scrub(outcome.reason, candidate.credentials));
        this.#emit({
          type: 'credentials-rejected',
          reason: scrub(outcome.reason, candidate.credentials),
          retryAfterMs: forMs,
        });
        again = true;
        continue;
      }
      const waitMs = outcome.retryAfterMs ?? Math.random() * waitAfter(attempt, RETRY);
      if (outcome.retryAfterMs !== undefined)
        this.#emit({ type: 'rate-limited', retryAfterMs: outcome.retryAfterMs });
      if (clock.monotonic() + waitMs >= untilMs) throw this.#ended(outcome);
      await pause(clock, waitMs, signal, lane === 'caller');
      if (signal.aborted) throw this.#ended(outcome);
    }
  }

  #issue(
    issuer: TokenIssuer,
    candidate: Candidate,
    reason: AcquireReason,
    lane: Lane,
    refused: string | undefined,
    signal: AbortSignal,
  ): Promise<IssueOutcome> {
    const { account, scopes } = this;
    return issuer.issue({
      account,
      scopes,
      ...candidate,
      refused,
      lane,
      signal,
      onTokenRequest: ({ outcome, durationMs, status, reason: error }) => {
        this.#count.tokenRequests += 1;
        if (outcome !== 'issued') this.#count.tokenFailures += 1;
        this.#emit({
          type: 'token-request',
          reason,
          outcome,
          durationMs,
          host: this.#context.issuerHost,
          ...(status === undefined ? {} : { status }),
          ...(error === undefined ? {} : { error: scrub(error, candidate.credentials) }),
        });
      },
    });
  }

  // --- What came of it ------------------------------------------------------------------------------------------

  #keepToken(issued: IssuedToken, candidate: Candidate, reason: AcquireReason): Credential {
    const { provider, clock, hash, renewals } = this.#context;
    const before = this.#current;
    const sameAgain =
      before !== undefined && before.token === issued.token && before.expiresAtMs !== undefined;
    const lived = this.#lives();
    const aheadMs = this.#deadAtMs - clock.monotonic();
    const expiresAtMs = issued.askedAtMs + issued.lifetime.lifetimeMs;
    const credential = new Credential({
      provider: provider.name,
      ...(this.account === undefined ? {} : { account: this.account }),
      scopes: issued.scopes ?? this.scopes,
      id: hash.short([issued.token]),
      token: issued.token,
      ...everyCallHeadersOf(provider.definition, candidate.credentials, issued.token),
      obtainedAtMs: clock.now(),
      // A token that comes a second time without saying how long it still has does not live longer for it.
      expiresAtMs: sameAgain && issued.lifetime.from === 'documented' ? before.expiresAtMs : expiresAtMs,
    });
    this.#setZones(issued.lifetime, issued, credential.expiresAtMs as number, sameAgain);
    this.#current = credential;
    this.#candidate = candidate;
    this.#candidates.accept(candidate);
    this.#obtainedFrom = issued.from;
    if (lived && before !== undefined && reason === 'early') {
      this.#count.earlyRenewals += 1;
      this.#emit({
        type: 'credential-renewed-early',
        credential: credential.id,
        durationMs: clock.now() - issued.askedAtMs,
        aheadMs,
      });
    }
    renewals.schedule(this, this.#dueAtMs - clock.monotonic());
    return credential;
  }

  #setZones(lifetime: Lifetime, issued: IssuedToken, expiresAtMs: number, sameAgain: boolean): void {
    const { provider, slowestLoginMs } = this.#context;
    const lifetimeMs = Math.min(lifetime.lifetimeMs, expiresAtMs - issued.askedAtMs);
    const zones = zonesOf(lifetimeMs, provider.refreshBeforeMs, slowestLoginMs(), Math.random());
    // An issuer that hands out one token until it dies is asked again when it has died, and not over and over before.
    const dueAfterMs = sameAgain ? zones.deadAfterMs : zones.dueAfterMs;
    this.#lifetimeMs = lifetimeMs;
    this.#dueAtMs = issued.askedAtMonotonicMs + dueAfterMs;
    this.#deadAtMs = issued.askedAtMonotonicMs + zones.deadAfterMs;
    this.#dueAtWallMs = issued.askedAtMs + dueAfterMs;
    this.#deadAtWallMs = issued.askedAtMs + zones.deadAfterMs;
  }

  /** A static key lives as long as its resolver's answer may be used, and for ever where it is fixed. */
  #keepKey(candidates: readonly Candidate[]): Credential {
    const { provider, clock, hash } = this.#context;
    const candidate =
      this.#candidates.firstUsable(candidates) ?? this.#candidate ?? (candidates[0] as Candidate);
    if (this.#current === undefined || this.#candidate?.fingerprint !== candidate.fingerprint) {
      this.#current = new Credential({
        provider: provider.name,
        ...(this.account === undefined ? {} : { account: this.account }),
        scopes: this.scopes,
        id: hash.short([candidate.fingerprint]),
        token: '',
        ...everyCallHeadersOf(provider.definition, candidate.credentials, ''),
        obtainedAtMs: clock.now(),
      });
      this.#candidate = candidate;
    }
    const keptForMs = this.#candidates.keptForMs ?? Infinity;
    const dueInMs = Math.min(0.8 * keptForMs, this.#candidates.newerUsableInMs(candidate) ?? Infinity);
    this.#lifetimeMs = keptForMs;
    this.#deadAtMs = clock.monotonic() + keptForMs;
    this.#dueAtMs = clock.monotonic() + dueInMs;
    this.#deadAtWallMs = clock.now() + keptForMs;
    this.#dueAtWallMs = clock.now() + dueInMs;
    this.#obtainedFrom = 'provider';
    return this.#current;
  }

  /** A refused static key is replaced only if a different key can be had (R12). */
  async #otherKey(rejected: Credential): Promise<Credential | undefined> {
    if (this.#candidate !== undefined && this.#current === rejected) {
      this.#candidates.reject(this.#candidate, 'refused on a call');
      this.#lastError = this.#error('CREDENTIALS_REJECTED', 'the key was refused on a call', {
        reason: 'refused on a call',
      });
    }
    const credential = await this.#acquire('refused', 'caller');
    return credential === rejected ? undefined : credential;
  }

  async #otherToken(rejected: Credential): Promise<Credential | undefined> {
    this.#forced ??= new ForcedRenewals(this.#context.clock);
    if (this.#acquiring === undefined) {
      if (this.#forced.paused) return undefined;
      this.#forced.started();
    }
    const credential = await this.#acquire('refused', 'caller', rejected.token);
    if (credential.token !== rejected.token) return credential;
    this.#renewalIsNoCure(rejected);
    return undefined;
  }

  #renewalIsNoCure(credential: Credential): void {
    this.#forced ??= new ForcedRenewals(this.#context.clock);
    const forMs = this.#forced.futile();
    if (forMs !== undefined)
      this.#emit({ type: 'renewals-paused', credential: credential.id, durationMs: forMs });
  }

  #failed(error: PaymentsAuthError): PaymentsAuthError {
    this.#lastError = error;
    if (error.code === 'ACCOUNT_UNKNOWN') {
      this.#context.abandon(this);
      return error;
    }
    if (error.code === 'CREDENTIALS_UNAVAILABLE') {
      this.#failures += 1;
      const waitMs = Math.max(error.retryAfterMs ?? 0, waitAfter(this.#failures, OUTAGE));
      this.#nextAttemptAtMs = this.#context.clock.monotonic() + waitMs;
      if (!this.#context.closing.aborted) this.#retryLater(waitMs);
      this.#reportFailure(error.reason ?? 'unavailable', waitMs);
      return error.retryAfterMs === undefined
        ? this.#unavailable(error.reason ?? 'unavailable', waitMs)
        : error;
    }
    this.#reportFailure(error.reason ?? error.code, error.retryAfterMs);
    return error;
  }

  #retryLater(waitMs: number): void {
    if (this.#context.issuer !== undefined) this.#context.renewals.schedule(this, waitMs);
  }

  #reportFailure(reason: string, waitMs: number | undefined): void {
    const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    const current = this.#lives() ? this.#current : undefined;
    if (current === undefined) {
      this.#emit({ type: 'credential-unavailable', reason, ...wait });
    } else {
      this.#emit({
        type: 'renewal-failed',
        credential: current.id,
        reason,
        ...wait,
        ...(current.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs }),
      });
    }
  }

  #forget(): void {
    this.#epoch += 1;
    this.#current = undefined;
    this.#candidate = undefined;
    this.#context.renewals.cancel(this);
  }

  // --- What is known --------------------------------------------------------------------------------------------

  #lives(): boolean {
    const { clock } = this.#context;
    return (
      this.#current !== undefined && clock.monotonic() < this.#deadAtMs && clock.now() < this.#deadAtWallMs
    );
  }

  /** Nobody has used it for two lifetimes, and nobody has said that it must be kept warm all the same (R17). */
  #isQuiet(): boolean {
    const { provider, clock } = this.#context;
    if (provider.keepWarm === 'always') return false;
    return clock.monotonic() - this.#usedAtMs > 2 * this.#lifetimeMs && this.#lifetimeMs > 0;
  }

  #state(): CredentialState {
    if (this.#lives()) {
      if (this.#lastError !== undefined) return 'degraded';
      return this.#context.clock.monotonic() >= this.#dueAtMs ? 'due' : 'fresh';
    }
    if (this.#lastError?.code === 'CREDENTIALS_REJECTED') return 'rejected';
    if (this.#acquiring !== undefined) return 'acquiring';
    return this.#lastError === undefined ? 'idle' : 'unavailable';
  }

  get #count(): CredentialStatus['counters'] {
    return (this.#counters ??= { ...NO_COUNTS });
  }

  #emit(event: OwnEvent): void {
    this.#context.emit({
      provider: this.#context.provider.name,
      ...(this.account === undefined ? {} : { account: this.account }),
      ...(this.scopes.length === 0 ? {} : { scopes: this.scopes }),
      atMs: this.#context.clock.now(),
      ...event,
    } as PaymentsAuthEvent);
  }

  // --- Errors ---------------------------------------------------------------------------------------------------

  #rejected(candidates: readonly Candidate[]): PaymentsAuthError {
    const rejection = this.#candidates.rejection(candidates);
    const reason = rejection?.reason ?? 'rejected';
    return this.#error(
      'CREDENTIALS_REJECTED',
      `${this.#whose()} are rejected by the provider: ${reason}. Check them in the provider's dashboard and in the configuration; the same ones are not tried again for a while, changed ones at once.`,
      { reason, ...(rejection === undefined ? {} : { retryAfterMs: rejection.retryAfterMs }) },
    );
  }

  #ended(outcome: IssueOutcome): PaymentsAuthError {
    if (this.#context.closing.aborted) return this.#unavailable('the application is shutting down');
    const reason = outcome.outcome === 'unavailable' ? outcome.reason : 'the time for it ran out';
    return this.#unavailable(reason, outcome.outcome === 'unavailable' ? outcome.retryAfterMs : undefined);
  }

  #unavailable(reason: string, waitMs?: number, cause?: unknown): PaymentsAuthError {
    const next =
      waitMs === undefined ? 'Try again later.' : `The next attempt is possible in ${Math.ceil(waitMs)} ms.`;
    return this.#error(
      'CREDENTIALS_UNAVAILABLE',
      `${this.#whose()} could not be exchanged for one that a request can carry: ${reason}. ${next}`,
      {
        reason,
        ...(waitMs === undefined ? {} : { retryAfterMs: Math.ceil(waitMs) }),
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }

  #error(
    code: PaymentsAuthError['code'],
    message: string,
    details: { reason: string; retryAfterMs?: number; cause?: unknown },
  ): PaymentsAuthError {
    return new PaymentsAuthError(code, message, {
      provider: this.#context.provider.name,
      ...(this.account === undefined ? {} : { account: this.account }),
      ...details,
    });
  }

  #whose(): string {
    const account = this.account === undefined ? '' : `, account "${this.account}"`;
    return `The credentials of provider "${this.#context.provider.name}"${account}`;
  }
}

const NO_COUNTS: CredentialStatus['counters'] = Object.freeze({
  tokenRequests: 0,
  tokenFailures: 0,
  earlyRenewals: 0,
  refusals: 0,
  replays: 0,
  waits: 0,
});

/** Everyone who waited gets an error of their own: axios writes each caller's stack into the error it passes on. */
function rethrow(error: unknown): never {
  if (!isPaymentsAuthError(error)) throw error;
  throw new PaymentsAuthError(error.code, error.message, error);
}

function numeric(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
