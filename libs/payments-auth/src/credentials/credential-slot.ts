import type { PaymentsAuthError } from '../payments-auth.errors.js';
import { Acquisition, type AcquisitionOrder } from './acquisition.js';
import { callHeadersFor } from './call-headers.js';
import { shortOf } from './candidate-source.js';
import type { Candidates } from './candidates.js';
import type { Credential } from './credential.js';
import {
  AcquisitionCancelled,
  AcquisitionPostponed,
  type Owner,
  rejected as rejectedError,
  rethrowAsOwn,
  toCallersError,
  unavailable,
} from './credential-errors.js';
import type { CredentialState, CredentialStatus } from './credential.service.js';
import type { CallTarget, CredentialSpender, ReplayOutcome } from './credential-spender.js';
import { keepKey, keepToken } from './keeping.js';
import type { KeptCredential } from './kept-credential.js';
import { Outage } from './outage.js';
import type { AcquireReason } from './payments-auth-event.js';
import { type RefusalHost, Refusals } from './refusals.js';
import type { Renewer } from './renewal-gate.js';
import type { Renewable } from './renewal-queue.js';
import { scrub } from './scrub.js';
import type { SlotContext } from './slot-context.js';
import { SlotJournal } from './slot-journal.js';
import type { HeldToken } from './token-issuer.js';

/** The account that a slot belongs to. */
export interface SlotOwner extends Owner {
  readonly candidates: Candidates;
  /** The slot holds nothing worth keeping. */
  abandon(slot: CredentialSlot): void;
}

interface Running {
  readonly acquisition: Acquisition;
  readonly credential: Promise<Credential>;
}

/**
 * The one current credential of a provider, account and scope set: kept while it lives, renewed before it dies,
 * replaced when it is refused, and asked for by one request at a time whoever wants it.
 */
export class CredentialSlot implements CredentialSpender, Renewable, Renewer {
  readonly scopes: readonly string[];
  renewalAtMs = 0;
  renewalPosition = -1;
  readonly #context: SlotContext;
  readonly #owner: SlotOwner;
  readonly #journal: SlotJournal;
  #kept: KeptCredential | undefined = undefined;
  #running: Running | undefined = undefined;
  #outage: Outage | undefined = undefined;
  #refusals: Refusals | undefined = undefined;
  /** The provider has refused what is kept, and nothing better could be had yet. */
  #isSuspect = false;
  /** On the monotonic clock. Whole seconds take no memory of their own, and no time to write. */
  #usedAtSeconds: number;

  constructor(context: SlotContext, owner: SlotOwner, scopes: readonly string[]) {
    this.#context = context;
    this.#owner = owner;
    this.scopes = scopes;
    this.#journal = new SlotJournal(context, owner, scopes);
    this.#usedAtSeconds = wholeSeconds(context.clock.monotonic());
  }

  // --- Spending -------------------------------------------------------------------------------------------------

  /** The hot path: fresh, use it; due, use it and renew behind; dead, there is none (R7). */
  peek(): Credential | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    this.#usedAtSeconds = wholeSeconds(nowMs);
    const zone = kept.zoneAt(nowMs, clock.now());
    if (zone === 'dead') return undefined;
    // It was refused, and another one is on its way: a call that carries this one would be refused as well.
    if (this.#isSuspect && this.#running !== undefined) return undefined;
    if (zone === 'due') this.#renewBehind();
    return kept.credential;
  }

  async obtain(): Promise<Credential> {
    const usable = this.peek();
    if (usable !== undefined) return usable;
    const { clock } = this.#context;
    const startedAtMs = clock.monotonic();
    this.#usedAtSeconds = wholeSeconds(startedAtMs);
    this.#journal.waited();
    let credential: Credential | undefined;
    try {
      return (credential = await this.#acquireOrKeep(this.#kept === undefined ? 'first' : 'expired'));
    } finally {
      const whose = credential === undefined ? {} : { credential: credential.id };
      this.#journal.emit({ type: 'call-waited', ...whose, durationMs: clock.monotonic() - startedAtMs });
    }
  }

  async refresh(rejected?: Credential): Promise<Credential> {
    const kept = this.#kept;
    if (rejected !== undefined && kept !== undefined && !kept.credential.isSameAs(rejected) && this.#lives)
      return kept.credential;
    return this.#acquire({ reason: 'requested', insist: true, refused: rejected?.token });
  }

  replace(rejected: Credential, refusal: { status: number; own: boolean }): Promise<Credential | undefined> {
    return this.#handlesRefusals.replace(rejected, refusal);
  }

  replayed(credential: Credential, outcome: ReplayOutcome): void {
    this.#handlesRefusals.replayed(credential, outcome);
  }

  observe(headers: Readonly<Record<string, unknown>>): void {
    this.#journal.observe(headers);
  }

  callHeaders(credential: Credential, call: CallTarget): Readonly<Record<string, string>> | undefined {
    return callHeadersFor(this.#context.provider.definition, credential.callHeaders, call);
  }

  // --- Keeping --------------------------------------------------------------------------------------------------

  /** Fetches in the background what is not there yet; a failure is reported and tried again (R17). */
  warm(): void {
    if (this.#kept === undefined) this.#renewBehind();
  }

  onRenewalDue(): void {
    if (!this.#isQuiet) this.#renewBehind();
    else if (this.#kept !== undefined && this.#lives)
      this.#context.renewals.schedule(this, this.#kept.remainingMs(this.#context.clock));
    else this.letGo();
  }

  /** A place has come free for a renewal; it may have become needless while it waited for that. */
  async renewNow(): Promise<void> {
    const { clock, closing } = this.#context;
    if (this.#running !== undefined || closing.aborted) return;
    if (this.#kept?.zone(clock) === 'fresh' && !this.#isSuspect) return this.#scheduleRenewal();
    const reason = this.#kept === undefined ? 'first' : 'early';
    // A failure is reported where it happens, and tried again: nobody waits for this one (R8, R19).
    await this.#acquire({ reason, awaited: false }).catch(() => undefined);
  }

  /** Gives the token back where the provider takes one back, and forgets it here in any case. */
  async revoke(): Promise<void> {
    const { issuer, closing } = this.#context;
    const kept = this.#kept;
    this.#forget();
    if (issuer === undefined || kept === undefined) return;
    const { account } = this.#owner;
    const request = { account, scopes: this.scopes, ...kept.candidate, signal: closing };
    try {
      await issuer.revoke(request, kept.credential.token);
    } catch (error) {
      const why = error instanceof Error ? scrub(error.message, kept.candidate.credentials) : 'unknown';
      throw unavailable(this.#owner, `the token is forgotten here, but could not be given back (${why})`);
    }
    this.#journal.emit({ type: 'credential-revoked', credential: kept.credential.id });
  }

  /**
   * The static credentials may be others now: what was obtained with those before is dropped, and asked for anew if
   * it was in use. Calls that are on their way finish with what they carry.
   */
  async rotated(): Promise<void> {
    const { issuer, closing } = this.#context;
    this.#outage = undefined;
    this.#refusals?.forget();
    this.#running?.acquisition.outdate();
    const wasUsed = this.#kept !== undefined || this.#running !== undefined;
    const [newest] = await this.#owner.candidates.get(true);
    const old = this.#kept;
    if (old !== undefined && newest?.fingerprint === old.candidate.fingerprint) return;
    this.#drop();
    this.#journal.lastError = undefined;
    const whose = newest === undefined ? {} : { credential: shortOf(newest) };
    this.#journal.emit({ type: 'credentials-rotated', ...whose });
    if (old !== undefined) {
      const { account } = this.#owner;
      await issuer?.forget({ account, scopes: this.scopes, ...old.candidate, signal: closing });
    }
    if (wasUsed) await this.#acquire({ reason: 'rotated' });
  }

  /** Nobody wants it any more. */
  letGo(): void {
    this.#forget();
    this.#context.gate.withdraw(this);
    this.#owner.abandon(this);
  }

  /** Ends what is pending, because the application shuts down. */
  close(): void {
    this.#running?.acquisition.end();
  }

  /** Whether somebody waits for an answer right now. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  status(): CredentialStatus {
    const { clock, provider } = this.#context;
    const current = this.#lives ? this.#kept?.credential : undefined;
    const { rateLimit, counters } = this.#journal;
    const lastError = this.#problem;
    const { account } = this.#owner;
    const waitMs = this.#outage?.waitMs(clock.monotonic()) ?? 0;
    return {
      provider: provider.name,
      ...(account === undefined ? {} : { account }),
      ...(this.scopes.length === 0 ? {} : { scopes: [...this.scopes] }),
      state: this.#state,
      ...(current === undefined ? {} : { credential: current.id, obtainedAtMs: current.obtainedAtMs }),
      ...(current?.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs }),
      ...(lastError === undefined ? {} : { lastErrorCode: lastError.code }),
      ...(lastError?.reason === undefined ? {} : { lastErrorReason: lastError.reason }),
      ...(waitMs > 0 ? { nextAttemptAtMs: Math.ceil(clock.now() + waitMs) } : {}),
      ...(rateLimit === undefined ? {} : { rateLimit: { ...rateLimit } }),
      counters,
    };
  }

  // --- Acquiring ------------------------------------------------------------------------------------------------

  #renewBehind(): void {
    const { clock, closing, gate } = this.#context;
    if (this.#running !== undefined || closing.aborted) return;
    if (this.#outage !== undefined && this.#outage.waitMs(clock.monotonic()) > 0) return;
    // A secret that the provider called wrong is left alone until it is another one, or forgiven.
    if (this.#owner.candidates.worthAnAttempt) gate.admit(this);
  }

  /** At most one acquisition is under way; everybody who wants a credential meanwhile shares it (R1). */
  async #acquire(order: {
    reason: AcquireReason;
    awaited?: boolean;
    insist?: boolean;
    refused?: string | undefined;
  }): Promise<Credential> {
    const { awaited = true, insist = false } = order;
    if (this.#running === undefined) {
      const nowMs = this.#context.clock.monotonic();
      const waitMs = awaited ? (this.#outage?.turnsCallersAwayForMs(nowMs) ?? 0) : 0;
      if (waitMs > 0) throw unavailable(this.#owner, this.#outage?.reason ?? 'backing off', waitMs);
      if (insist) this.#owner.candidates.forgive();
      const caution = this.#outage?.caution(nowMs) ?? { startInMs: 0, retries: true };
      this.#start({
        reason: order.reason,
        awaited,
        insist,
        refused: order.refused,
        held: this.#held,
        ...caution,
      });
    } else if (awaited) {
      this.#running.acquisition.join();
    }
    return (this.#running as Running).credential.catch(rethrowAsOwn);
  }

  /** Where none better can be had than one that was refused but lives, that one: the provider decides on each call. */
  async #acquireOrKeep(reason: AcquireReason): Promise<Credential> {
    try {
      return await this.#acquire({ reason });
    } catch (error) {
      if (this.#isSuspect && this.#kept !== undefined && this.#lives) return this.#kept.credential;
      throw error;
    }
  }

  #start(order: AcquisitionOrder): void {
    const { scopes } = this;
    const { candidates } = this.#owner;
    const onWithdrawn = (token: string) => this.#withdrawn(token);
    const subject = { owner: this.#owner, scopes, candidates, journal: this.#journal, onWithdrawn };
    const acquisition = new Acquisition(this.#context, subject, order);
    this.#running = { acquisition, credential: this.#finish(acquisition, order.reason) };
  }

  async #finish(acquisition: Acquisition, reason: AcquireReason): Promise<Credential> {
    const startedAtMs = this.#context.clock.monotonic();
    try {
      const acquired = await acquisition.run();
      return this.#keep(acquired, reason, startedAtMs);
    } catch (error) {
      throw this.#failed(error, acquisition);
    } finally {
      this.#running = undefined;
    }
  }

  #keep(
    { candidate, issued }: Awaited<ReturnType<Acquisition['run']>>,
    reason: AcquireReason,
    startedAtMs: number,
  ): Credential {
    const { clock } = this.#context;
    const { candidates } = this.#owner;
    const before = this.#kept;
    const aheadMs = before === undefined ? 0 : before.remainingMs(clock);
    const keeper = { account: this.#owner.account, scopes: this.scopes, before };
    const kept =
      issued === undefined
        ? keepKey(this.#context, keeper, candidates, candidate)
        : keepToken(this.#context, keeper, issued, candidate);
    if (issued !== undefined) candidates.accept(candidate);
    this.#kept = kept;
    this.#isSuspect = false;
    this.#outage = undefined;
    this.#journal.lastError = undefined;
    this.#scheduleRenewal();
    if (kept.credential !== before?.credential) {
      const { id, expiresAtMs } = kept.credential;
      const durationMs = clock.monotonic() - startedAtMs;
      const from = issued?.from ?? 'provider';
      const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
      this.#journal.emit({
        type: 'credential-obtained',
        credential: id,
        reason,
        durationMs,
        from,
        ...expiry,
      });
      if (reason === 'early' && aheadMs > 0 && issued !== undefined) {
        this.#journal.renewedEarly();
        this.#journal.emit({ type: 'credential-renewed-early', credential: id, durationMs, aheadMs });
      }
    }
    return kept.credential;
  }

  #failed(cause: unknown, acquisition: Acquisition): PaymentsAuthError {
    const error = toCallersError(this.#owner, cause);
    const { clock, closing } = this.#context;
    if (cause instanceof AcquisitionPostponed) {
      this.#kept?.postpone(clock, cause.forMs);
      this.#scheduleRenewal();
    }
    if (cause instanceof AcquisitionCancelled || cause instanceof AcquisitionPostponed || closing.aborted)
      return error;
    this.#journal.lastError = error;
    if (error.code === 'ACCOUNT_UNKNOWN') {
      this.letGo();
      return error;
    }
    if (error.code === 'CREDENTIALS_REJECTED') {
      if (acquisition.wasAnnounced) this.#reportFailure(error);
      return error;
    }
    const reason = error.reason ?? 'unavailable';
    this.#outage ??= new Outage(clock.monotonic());
    const waitMs = this.#outage.failed(clock.monotonic(), reason, error.retryAfterMs, acquisition.awaited);
    const timed = unavailable(this.#owner, reason, waitMs, error.cause);
    this.#journal.lastError = timed;
    this.#reportFailure(timed);
    if (this.#kept !== undefined || this.isKeptWarm)
      this.#context.renewals.schedule(this, waitMs * (1 + Math.random() / 10));
    return timed;
  }

  #reportFailure({ reason = 'unavailable', retryAfterMs }: PaymentsAuthError): void {
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    const current = this.#lives ? this.#kept?.credential : undefined;
    if (current === undefined) {
      this.#journal.emit({ type: 'credential-unavailable', reason, ...wait });
    } else {
      const expiry = current.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs };
      this.#journal.emit({ type: 'renewal-failed', credential: current.id, reason, ...wait, ...expiry });
    }
  }

  #scheduleRenewal(): void {
    const dueAtMs = this.#kept?.dueAtMs ?? Infinity;
    if (dueAtMs === Infinity) this.#context.renewals.cancel(this);
    else this.#context.renewals.schedule(this, dueAtMs - this.#context.clock.monotonic());
  }

  /** Another process has given the token back, or knows that it is dead. */
  #withdrawn(token: string): void {
    if (this.#kept?.credential.token !== token) return;
    this.#drop();
    if (this.isKeptWarm) this.#renewBehind();
  }

  #drop(): void {
    this.#kept = undefined;
    this.#isSuspect = false;
    this.#context.renewals.cancel(this);
  }

  /** Drops what is kept, and what is on its way. */
  #forget(): void {
    this.#drop();
    this.#running?.acquisition.outdate();
  }

  /** Made when the first call is refused: most slots never need it, and there may be a hundred thousand of them. */
  get #handlesRefusals(): Refusals {
    return (this.#refusals ??= new Refusals(this.#refusalHost()));
  }

  #refusalHost(): RefusalHost {
    const kept = () => this.#kept;
    const isAcquiring = () => this.#running !== undefined;
    return {
      clock: this.#context.clock,
      journal: this.#journal,
      isKey: this.#context.issuer === undefined,
      get kept() {
        return kept();
      },
      get isAcquiring() {
        return isAcquiring();
      },
      rejectKey: () => this.#rejectKey(),
      acquireAnother: (rejected) => {
        this.#isSuspect = true;
        return this.#acquire({ reason: 'refused', refused: rejected.token || undefined });
      },
    };
  }

  /** The provider has refused the key that is kept, on calls: nothing else tells that a key is wrong. */
  #rejectKey(): void {
    const candidate = this.#kept?.candidate;
    const { candidates } = this.#owner;
    if (candidate === undefined || candidates.rejection([candidate]) !== undefined) return;
    const reason = 'refused on a call';
    const retryAfterMs = candidates.reject(candidate, reason);
    const credential = shortOf(candidate);
    this.#journal.emit({ type: 'credentials-rejected', credential, reason, retryAfterMs });
  }

  // --- What is known --------------------------------------------------------------------------------------------

  get #lives(): boolean {
    return this.#kept !== undefined && this.#kept.zone(this.#context.clock) !== 'dead';
  }

  get #held(): HeldToken | undefined {
    const kept = this.#kept;
    if (kept === undefined || this.#context.issuer === undefined) return undefined;
    const { version, lifetimeMs, deadAtMs } = kept;
    return {
      token: kept.credential.token,
      lifetimeMs,
      deadAtMs,
      ...(version === undefined ? {} : { version }),
    };
  }

  /** Whether it is fetched and renewed without anybody asking for it (R17). */
  get isKeptWarm(): boolean {
    const { provider } = this.#context;
    const { strategy } = provider.definition;
    const eatsQuota = strategy.kind !== 'static-key' && strategy.loginsEatQuota;
    const byDefault = this.#owner.account === undefined && !eatsQuota ? 'always' : 'when-used';
    return (provider.keepWarm ?? byDefault) === 'always';
  }

  /** Nobody has used it for two lifetimes, and nobody has said that it must be kept warm all the same (R17). */
  get #isQuiet(): boolean {
    const { provider, clock } = this.#context;
    if (provider.keepWarm === 'always') return false;
    const { strategy } = provider.definition;
    const documentedMs = strategy.kind === 'static-key' ? Infinity : strategy.documentedLifetimeMs;
    return clock.monotonic() - this.#usedAtSeconds * 1_000 > 2 * (this.#kept?.lifetimeMs ?? documentedMs);
  }

  /** What is wrong with it, as far as is known. */
  get #problem(): PaymentsAuthError | undefined {
    const isKey = this.#context.issuer === undefined;
    const rejection =
      isKey && this.#kept !== undefined
        ? this.#owner.candidates.rejection([this.#kept.candidate])
        : undefined;
    return rejection === undefined
      ? this.#journal.lastError
      : rejectedError(this.#owner, rejection.reason, rejection.retryAfterMs);
  }

  get #state(): CredentialState {
    const problem = this.#problem;
    if (this.#lives) {
      // A key that the provider calls wrong is sent all the same, but no call succeeds with it.
      if (problem?.code === 'CREDENTIALS_REJECTED' && this.#context.issuer === undefined) return 'rejected';
      if (problem !== undefined) return 'degraded';
      return this.#kept?.zone(this.#context.clock) === 'due' ? 'due' : 'fresh';
    }
    if (problem?.code === 'CREDENTIALS_REJECTED') return 'rejected';
    if (this.#running !== undefined) return 'acquiring';
    return problem === undefined ? 'idle' : 'unavailable';
  }
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
