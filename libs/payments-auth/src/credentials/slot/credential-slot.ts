import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { Acquiring, type AcquiringSlot, type Wanted } from '../acquiring/acquiring.js';
import type { Acquired } from './login.js';
import { callHeadersFor } from '../call-headers.js';
import { shortOf } from '../secrets/secret-source.js';
import type { Credential } from '../credential.js';
import type { CallTarget, CredentialSpender, ReplayOutcome } from '../credential-spender.js';
import { giveBack, takeBack } from './giving-back.js';
import { isKeptWarm, quietAfterMs } from '../renewing/renewal-rules.js';
import { keepAcquired } from './keeping.js';
import type { KeyTrials } from '../secrets/key-trials.js';
import type { KeptCredential } from './kept-credential.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { Refusal, Refusals } from '../refusals/refusals.js';
import type { Renewer } from '../renewing/renewal-gate.js';
import type { Renewable } from '../renewing/renewal-queue.js';
import type { SlotContext } from './slot-context.js';
import { SlotJournal } from './slot-journal.js';
import type { SlotOwner } from './slot-owner.js';
import { type RefusableSlot, refusalsOf } from '../refusals/slot-refusals.js';
import type { SlotFacts } from './slot-status.js';
import type { HeldToken } from '../issuing/token-issuer.js';

/**
 * The one current credential of a provider, account and scope set: kept while it lives, renewed before it dies,
 * replaced when it is refused, and asked for by one request at a time whoever wants it.
 */
export class CredentialSlot
  implements CredentialSpender, Renewable, Renewer, AcquiringSlot, RefusableSlot, SlotFacts
{
  readonly owner: SlotOwner;
  readonly scopes: readonly string[];
  renewalPosition = -1;
  readonly journal: SlotJournal;
  #kept: KeptCredential | undefined = undefined;
  #acquiring: Acquiring | undefined = undefined;
  #refusals: Refusals | undefined = undefined;
  /** The provider itself has refused what is kept, and nothing better could be had yet. */
  #isSuspect = false;
  /** On the monotonic clock. Whole seconds take no memory of their own, and no time to write. */
  #usedAtSeconds: number;

  constructor(owner: SlotOwner, scopes: readonly string[]) {
    this.owner = owner;
    this.scopes = scopes;
    this.journal = new SlotJournal(this);
    this.#usedAtSeconds = Math.floor(this.#context.clock.monotonic() / 1_000);
  }

  // --- Spending -------------------------------------------------------------------------------------------------

  /** The hot path: fresh, use it; due, use it and renew behind; dead, there is none (R7). */
  peek(): Credential | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    this.#usedAtSeconds = Math.floor(nowMs / 1_000);
    const zone = kept.zoneAt(nowMs, clock.now());
    if (zone === 'dead') return undefined;
    // It was refused, and another one is on its way: a call that carries this one would be refused as well.
    if (this.#isSuspect && this.isBusy) return undefined;
    if (zone === 'due') this.#renewBehind();
    return kept.credential;
  }

  async obtain(): Promise<Credential> {
    const usable = this.peek();
    if (usable !== undefined) return usable;
    this.#usedAtSeconds = Math.floor(this.#context.clock.monotonic() / 1_000);
    const waitsNoMore = this.journal.waits();
    let credential: Credential | undefined;
    try {
      credential = await this.#acquire({ reason: this.#kept === undefined ? 'first' : 'expired' });
    } catch (error) {
      // Where none better can be had than one that was refused but lives, that one: the provider decides on each call.
      credential = this.#isSuspect ? this.#living?.credential : undefined;
      if (credential === undefined) throw error;
    } finally {
      waitsNoMore(credential);
    }
    return credential;
  }

  async refresh(rejected?: Credential): Promise<Credential> {
    const kept = this.#living;
    if (rejected !== undefined && kept !== undefined && !kept.credential.isSameAs(rejected))
      return kept.credential;
    return this.#acquire({ reason: 'requested', insist: true, refused: rejected?.token });
  }

  replace(rejected: Credential, refusal: Refusal): Promise<Credential | undefined> {
    return this.#current.#handling.replace(rejected, refusal);
  }

  replayed(credential: Credential, outcome: ReplayOutcome): void {
    this.#current.#handling.replayed(credential, outcome);
  }

  get trials(): KeyTrials | undefined {
    return this.#refusals?.trials;
  }

  observe(headers: Readonly<Record<string, unknown>>): void {
    this.journal.observe(headers);
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
    const { clock, provider, renewals } = this.#context;
    const unusedForMs = clock.monotonic() - this.#usedAtSeconds * 1_000;
    if (unusedForMs <= quietAfterMs(provider, this.#kept?.lifetimeMs)) return this.#renewBehind();
    if (this.#living === undefined) this.letGo();
    else renewals.schedule(this, this.#living.remainingMs(clock));
  }

  /** A place has come free for a renewal; it may have become needless while it waited for that. */
  async renewNow(): Promise<void> {
    const { clock, closing } = this.#context;
    if (this.isBusy || closing.aborted) return;
    if (this.#kept?.zone(clock) === 'fresh' && !this.#isSuspect) return this.#scheduleRenewal();
    const reason = this.#kept === undefined ? 'first' : 'early';
    // A failure is reported where it happens, and tried again: nobody waits for this one (R8, R19).
    await this.#acquire({ reason, awaited: false }).catch(() => undefined);
  }

  /** Gives the token back where the provider takes one back, and forgets it, here and in the fleet, in any case. */
  async revoke(): Promise<void> {
    const kept = this.#kept;
    this.#forget();
    await giveBack(this, kept);
  }

  /**
   * The static credentials may be others now: what was obtained with those before is dropped, and asked for anew if
   * it was in use. Calls that are on their way finish with what they carry.
   */
  async rotated(): Promise<void> {
    this.#acquiring?.startAnew();
    this.#refusals?.forget();
    const wasUsed = this.#kept !== undefined || this.isBusy;
    const [newest] = await this.owner.secrets.get(true);
    const old = this.#kept;
    if (old !== undefined && newest?.fingerprint === old.secret.fingerprint) return;
    this.#drop();
    this.journal.lastError = undefined;
    const whose = newest === undefined ? {} : { credential: shortOf(newest) };
    this.journal.emit({ type: 'credentials-rotated', ...whose });
    if (old !== undefined) await takeBack(this, old);
    if (wasUsed) await this.#acquire({ reason: 'rotated' });
  }

  /** Nobody wants it any more. */
  letGo(): void {
    this.#forget();
    this.#context.gate.withdraw(this);
    this.owner.abandon(this);
  }

  /** Ends what is pending, because the application shuts down. */
  close(): void {
    this.#acquiring?.end();
  }

  /** Whether somebody waits for an answer right now. */
  get isBusy(): boolean {
    return this.#acquiring?.isBusy === true;
  }

  get backOffMs(): number {
    return this.#acquiring?.backOffMs ?? 0;
  }

  /** Whether it is fetched and renewed without anybody asking for it. */
  get isKeptWarm(): boolean {
    return isKeptWarm(this.#context.provider, this.owner.account);
  }

  // --- Acquiring ------------------------------------------------------------------------------------------------

  #renewBehind(): void {
    const { closing, gate } = this.#context;
    if (this.isBusy || closing.aborted || this.backOffMs > 0) return;
    // A secret that the provider called wrong is left alone until it is another one, or forgiven.
    if (this.owner.secrets.worthAnAttempt) gate.admit(this);
  }

  #acquire(wanted: Wanted): Promise<Credential> {
    return (this.#acquiring ??= new Acquiring(this)).acquire(wanted);
  }

  keep(acquired: Acquired, how: { reason: AcquireReason; startedAtMs: number }): Credential {
    const { secret, issued } = acquired;
    const { reason, startedAtMs } = how;
    const { clock } = this.#context;
    const { secrets, account } = this.owner;
    const before = this.#kept;
    const aheadMs = before?.remainingMs(clock) ?? 0;
    const keeper = { account, scopes: this.scopes, before };
    const kept = keepAcquired(this.#context, keeper, acquired, secrets.keptForMs);
    if (issued !== undefined) secrets.accept(secret);
    this.#kept = kept;
    this.#isSuspect = false;
    this.#acquiring = undefined;
    this.journal.lastError = undefined;
    this.#scheduleRenewal();
    if (kept.credential !== before?.credential) {
      const from = issued?.from ?? 'provider';
      const durationMs = clock.monotonic() - startedAtMs;
      const isEarly = reason === 'early' && aheadMs > 0 && issued !== undefined;
      this.journal.obtained(kept.credential, { reason, durationMs, from }, isEarly ? aheadMs : undefined);
    }
    return kept.credential;
  }

  postpone(forMs: number): void {
    this.#kept?.postpone(this.#context.clock, forMs);
    this.#scheduleRenewal();
  }

  couldNot(error: PaymentsAuthError, isNews: boolean, retryInMs?: number): void {
    this.journal.lastError = error;
    if (isNews) this.journal.failed(error, this.#living?.credential);
    if (retryInMs !== undefined && (this.#kept !== undefined || this.isKeptWarm))
      this.#context.renewals.schedule(this, retryInMs * (1 + Math.random() / 10));
  }

  #scheduleRenewal(): void {
    const { clock, renewals } = this.#context;
    const dueAtMs = this.#kept?.dueAtMs ?? Infinity;
    if (dueAtMs === Infinity) renewals.cancel(this);
    else renewals.schedule(this, dueAtMs - clock.monotonic());
  }

  /** Another process has given the token back, or knows that it is dead. */
  withdrawn(token: string): void {
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
    this.#acquiring?.outdate();
  }

  // --- Refusals -------------------------------------------------------------------------------------------------

  /** A call may hold on to a slot for longer than the account is kept. */
  get #current(): CredentialSlot {
    return this.owner.currentOf(this);
  }

  /** Made when the first call is refused: most slots never need it, and there may be a hundred thousand of them. */
  get #handling(): Refusals {
    return (this.#refusals ??= refusalsOf(this));
  }

  acquireAnother(rejected: Credential, { own }: Refusal): Promise<Credential> {
    // What something in between says is a reason to renew, but not to make calls wait for it.
    this.#isSuspect ||= own;
    return this.#acquire({ reason: 'refused', refused: rejected.token || undefined });
  }

  // --- What is known --------------------------------------------------------------------------------------------

  get #context(): SlotContext {
    return this.owner.context;
  }

  /** What is kept, dead or alive. */
  get kept(): KeptCredential | undefined {
    return this.#kept;
  }

  /** What is kept, while it can be used. */
  get #living(): KeptCredential | undefined {
    return this.#kept?.isAlive(this.#context.clock) === true ? this.#kept : undefined;
  }

  get held(): HeldToken | undefined {
    const { issuer, clock } = this.#context;
    return issuer && this.#kept?.held(clock);
  }
}
