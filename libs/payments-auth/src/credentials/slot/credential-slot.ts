import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { pause, within } from '../../within.js';
import {
  LoginCancelled,
  LoginPostponed,
  LoginUnsent,
  rethrowAsOwn,
  toCallersError,
  unavailable,
} from '../credential-errors.js';
import {
  type CallAnswer,
  type CredentialSpender,
  isAcceptance,
  type Refusal,
  type AwaitedLogin,
} from '../credential-spender.js';
import type { Credential } from '../credential.js';
import { REJECTION, waitForLoginMs } from '../issuing/back-off.js';
import type { AskedFor, ForcedRenewals } from '../issuing/token-issuer.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { Renewer } from '../renewing/renewal-gate.js';
import type { Renewable } from '../renewing/renewal-queue.js';
import { isKeptWarm, quietAfterMs } from '../renewing/renewal-rules.js';
import { shortOf } from '../secrets/secret-source.js';
import { giveBack, newerThan, takeBack, unwatch } from './giving-back.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import { HASTY_WITHIN_MS, HastyLogins } from './hasty-logins.js';
import { keepAcquired } from './keeping.js';
import type { KeptCredential } from './kept-credential.js';
import { type Acquired, Login, type Wanted } from './login.js';
import { Outage } from './outage.js';
import { RefusedKeys } from './refused-keys.js';
import { type Cure, RefusedTokens } from './refused-tokens.js';
import type { SlotContext, SlotOwner, SlotView } from './slot-context.js';
import { SlotJournal } from './slot-journal.js';

/** A login on its way, and what it comes to. */
interface UnderWay {
  readonly login: Login;
  readonly credential: Promise<Credential>;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAtMs: number;
  /** What is kept, where calls were refused with it and wait for this login: no other call carries it meanwhile. */
  refused?: Credential | undefined;
}

/** A slot without a token that nobody has asked for is let go of after this time. */
const LET_GO_AFTER_MS = 30_000;

/**
 * The one current credential of a provider, account, scope set and audience: kept while it lives, renewed before it dies,
 * replaced when it is refused, and asked for by one login at a time whoever wants it.
 *
 * Only the slot acts. What it uses is a worker, which is given data and returns, or a memory, which is told and asked.
 */
export class CredentialSlot implements CredentialSpender, Renewable, Renewer, SlotView {
  readonly owner: SlotOwner;
  readonly asked: AskedFor;
  renewalPosition = -1;
  readonly journal: SlotJournal;
  #kept: KeptCredential | undefined = undefined;
  #underWay: UnderWay | undefined = undefined;
  /** From the first login that failed until one succeeds. */
  #outage: Outage | undefined = undefined;
  /** Made when the first call is refused: most slots never need it, and there may be a hundred thousand of them. */
  #refused: RefusedTokens | RefusedKeys | undefined = undefined;
  /** Made when a token is replaced that is younger than a second. */
  #hasty: HastyLogins | undefined = undefined;
  /** On the monotonic clock. Whole seconds take no memory of their own, and no time to write. */
  #usedAtSeconds: number;

  constructor(owner: SlotOwner, asked: AskedFor) {
    this.owner = owner;
    this.asked = asked;
    this.journal = new SlotJournal(this);
    this.#usedAtSeconds = Math.floor(this.#nowMs / 1_000);
  }

  // --- Spending -------------------------------------------------------------------------------------------------

  /** The hot path: fresh, use it; due, use it and renew behind; dead, there is none (R7). */
  peek(mayRepeat?: () => boolean): Credential | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    this.#usedAtSeconds = Math.floor(nowMs / 1_000);
    const zone = kept.zoneAt(nowMs, clock.now());
    if (zone === 'dead') return undefined;
    // Another one is on its way because this one was refused: the next call would be refused as well.
    if (this.#underWay?.refused === kept.credential) return undefined;
    if (zone === 'due') this.#renewBehind();
    if (this.#unusableForMs > 0)
      return kept.predecessor?.isAlive(clock) === true ? kept.predecessor.credential : undefined;
    return this.#refused?.instead(kept, mayRepeat) ?? kept.credential;
  }

  async obtain(): Promise<Credential> {
    const usable = this.peek();
    if (usable !== undefined) return usable;
    this.#usedAtSeconds = Math.floor(this.#nowMs / 1_000);
    const waitsNoMore = this.journal.waits();
    let credential: Credential | undefined;
    try {
      const reason = this.#kept === undefined ? 'first' : 'expired';
      const coming = this.#unusableForMs > 0 ? this.#kept?.credential : undefined;
      credential = await this.#whenUsable(coming ?? (await this.#acquire({ reason })));
    } catch (error) {
      // Where none better can be had than one that was refused but lives, that one: the provider decides on each call.
      if (this.#unusableForMs <= 0) credential = this.#living?.credential;
      if (credential === undefined) {
        this.journal.ended(true);
        throw error;
      }
    } finally {
      waitsNoMore(credential);
    }
    return credential;
  }

  get awaits(): AwaitedLogin | undefined {
    return this.#underWay?.login.awaits;
  }

  answered(credential: Credential, answer: CallAnswer): void {
    this.journal.answered(credential, answer);
    const nowMs = this.#nowMs;
    const { refused, sentAtMs = nowMs, before } = answer;
    const kept = this.#kept;
    const isCurrent = kept?.credential.isSameAs(credential) === true;
    if (isAcceptance(answer)) {
      if (isCurrent) kept.accepted(sentAtMs, nowMs);
      else if (kept?.predecessor?.credential === credential) kept.predecessor.accepted(sentAtMs, nowMs);
      if (isCurrent && this.#underWay !== undefined) this.#underWay.refused = undefined;
    } else if (refused !== undefined && isCurrent) {
      const isCounted = before?.some((attempt) => attempt.credential.isSameAs(credential)) === true;
      if (!isCounted) kept.refusedInARow += 1;
    }
    const better = this.#refused?.answered(credential, answer);
    if (better !== undefined && this.#kept?.secret.fingerprint !== better.fingerprint)
      this.#keep({ secret: better }, { reason: 'rotated', startedAtMs: this.#nowMs });
  }

  ended(isFailed: boolean): void {
    this.journal.ended(isFailed);
  }

  async replace(refused: Credential, refusal: Refusal): Promise<Credential | undefined> {
    this.journal.refused(refused, refusal);
    const { provider, timeBound } = this.#context;
    const reason = timeBound.examine(provider, this.#kept, refused);
    if (reason !== undefined) this.journal.definitionFault(reason, refused);
    this.#refused ??= this.#context.issuer === undefined ? new RefusedKeys(this) : new RefusedTokens(this);
    const cure = this.#refused.cure(refused, refusal);
    // A token that was refused is nobody's predecessor any more (R9).
    if (this.#kept?.predecessor?.credential.isSameAs(refused) === true) this.#kept.predecessor = undefined;
    const other = await this.#curedBy(cure, refused);
    return other && this.#whenUsable(other).catch(() => undefined);
  }

  async #curedBy(cure: Cure, refused: Credential): Promise<Credential | undefined> {
    switch (cure?.by) {
      case 'replay':
        return cure.with.credential;
      case 'waiting':
        await pause(this.#context.clock, cure.forMs, cure.until, true);
        return this.#living?.credential ?? refused;
      case 'renewal': {
        const renewing = this.#force(cure.of, cure.key);
        return cure.isBehind === true ? undefined : renewing;
      }
      case 'store':
        return this.#takeNewer(refused);
      default:
        return undefined;
    }
  }

  get definitionFault(): string | undefined {
    return this.#context.timeBound.fault;
  }

  async refresh(rejected?: Credential): Promise<Credential> {
    const kept = this.#living;
    if (rejected !== undefined && kept !== undefined && !kept.credential.isSameAs(rejected))
      return kept.credential;
    const refused = rejected?.token;
    return this.#whenUsable(await this.#acquire({ reason: 'requested', insist: true, refused }));
  }

  /** A token that its provider does not accept yet is not sent: whoever has no other one waits until then. */
  async #whenUsable(credential: Credential): Promise<Credential> {
    const { clock, closing } = this.#context;
    const forMs = this.#kept?.credential === credential ? this.#unusableForMs : 0;
    if (forMs <= 0) return credential;
    await pause(clock, forMs, closing, true);
    if (closing.aborted) throw unavailable(this.owner, 'the application is shutting down');
    return this.peek() ?? this.obtain();
  }

  /** One renewal for all the calls that were refused. Never rejects: why there is none is in the status and the events. */
  async #force(refused: Credential, refusedKey: string | undefined): Promise<Credential | undefined> {
    const before = this.#kept;
    const isFirst = !this.isBusy;
    const startedAtMs = this.#nowMs;
    const acquiring = this.#acquire({ reason: 'refused', refused: refused.token || undefined, refusedKey });
    if (this.#underWay !== undefined && before?.credential.isSameAs(refused) === true)
      this.#underWay.refused = before.credential;
    const other = await acquiring.catch(() => undefined);
    const brought = this.#kept?.credential === other ? this.#kept : undefined;
    if (isFirst) this.#refused?.forced(startedAtMs, before, brought);
    return other?.isSameAs(refused) === true ? undefined : other;
  }

  /** No login is due, but the fleet may have a newer token by now. Never rejects. */
  async #takeNewer(refused: Credential): Promise<Credential | undefined> {
    const before = this.#kept;
    if (before === undefined) return undefined;
    const startedAtMs = this.#nowMs;
    const issued = await newerThan(this, before, refused, (token) => this.#withdrawn(token));
    // Another one may have come meanwhile, or be on its way, or all of it may have been dropped.
    if (this.#kept !== before) return this.#living?.credential;
    if (issued === undefined || this.isBusy) return undefined;
    try {
      return this.#keep({ secret: before.secret, issued }, { reason: 'refused', startedAtMs });
    } catch {
      return undefined;
    }
  }

  // --- Keeping --------------------------------------------------------------------------------------------------

  /** Fetches in the background what is not there yet; a failure is reported and tried again (R17). */
  warm(): void {
    if (this.#kept === undefined) this.#renewBehind();
  }

  onRenewalDue(): void {
    const { clock, provider, renewals } = this.#context;
    const kept = this.#kept;
    if (kept?.predecessor?.isAlive(clock) === false) {
      kept.predecessor = undefined;
      if (kept.zone(clock) === 'fresh') return this.#scheduleRenewal();
    }
    const { unusedForMs } = this;
    if (kept === undefined && !this.isKeptWarm && this.owner.account !== undefined) {
      // What is known of a wrong secret is worth more: without it the provider would be asked again.
      const forMs = this.owner.secrets.worthAnAttempt ? LET_GO_AFTER_MS : REJECTION.mostMs;
      if (this.isBusy || unusedForMs < forMs) return renewals.schedule(this, LET_GO_AFTER_MS);
      return this.letGo();
    }
    if (unusedForMs <= quietAfterMs(provider, kept?.lifetimeMs)) return this.#renewBehind();
    if (this.#living === undefined) this.letGo();
    else renewals.schedule(this, this.#living.remainingMs(clock));
  }

  /** A place has come free for a renewal; it may have become needless while it waited for that. */
  async renewNow(): Promise<void> {
    const { clock, closing } = this.#context;
    if (this.isBusy || closing.aborted) return;
    // One that is refused is renewed, however fresh it is.
    const isGood = this.#kept?.zone(clock) === 'fresh' && this.#kept.refusedInARow === 0;
    if (isGood) return this.#scheduleRenewal();
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
    this.#outage = undefined;
    this.#underWay?.login.outdate();
    this.#refused = undefined;
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
    if (this.#kept !== undefined) unwatch(this, this.#kept);
    this.#forget();
    this.#context.gate.withdraw(this);
    this.owner.abandon(this);
  }

  /** Ends what is pending, because the application shuts down. */
  close(): void {
    this.#underWay?.login.wait.end();
  }

  /** Whether it is fetched and renewed without anybody asking for it. */
  get isKeptWarm(): boolean {
    return isKeptWarm(this.#context.provider, this.owner.account);
  }

  /** Called in the very step in which it is known that what was acquired is wanted still. */
  #keep(
    acquired: Acquired,
    { reason, startedAtMs }: { reason: AcquireReason; startedAtMs: number },
  ): Credential {
    const { clock } = this.#context;
    const before = this.#kept;
    const aheadMs = before?.remainingMs(clock) ?? 0;
    const { secret, issued } = acquired;
    const kept = keepAcquired(this, acquired);
    if (issued !== undefined) this.owner.secrets.accept(secret);
    // That another key served is worth knowing. A token that came is a success itself.
    else if (kept.credential !== before?.credential) this.journal.servedUntil(before?.lastAcceptedAtMs);
    this.#kept = kept;
    if (issued?.forced !== undefined) this.#hear(kept, issued.forced);
    this.#outage = undefined;
    this.#underWay = undefined;
    this.journal.succeeded();
    this.#scheduleRenewal();
    if (kept.credential !== before?.credential) {
      const from = issued?.from ?? 'provider';
      const isEarly = reason === 'early' && aheadMs > 0 && issued !== undefined;
      const how = { reason, durationMs: this.#nowMs - startedAtMs, from };
      this.journal.obtained(kept.credential, how, isEarly ? aheadMs : undefined);
    }
    return kept.credential;
  }

  /** Another process has asked for it because the ones before were refused. */
  #hear(kept: KeptCredential, forced: ForcedRenewals): void {
    this.#refused ??= new RefusedTokens(this);
    if (this.#refused instanceof RefusedTokens) this.#refused.heard(kept, forced);
  }

  /** Wakes up when what is kept falls due, and before that when its predecessor has ended and need not be kept. */
  #scheduleRenewal(): void {
    const { clock, renewals } = this.#context;
    const kept = this.#kept;
    const dueInMs = (kept?.dueAtMs ?? Infinity) - this.#nowMs;
    const inMs = Math.min(dueInMs, kept?.predecessor?.remainingMs(clock) ?? Infinity);
    if (inMs === Infinity) renewals.cancel(this);
    else renewals.schedule(this, inMs);
  }

  /** Another process has given the token back, or knows that it is dead. */
  #withdrawn(token: string): void {
    const kept = this.#kept;
    if (kept?.predecessor?.credential.token === token) kept.predecessor = undefined;
    if (kept?.credential.token !== token) return;
    this.#drop();
    if (this.isKeptWarm) this.#renewBehind();
  }

  #drop(): void {
    this.journal.servedUntil(this.#kept?.lastAcceptedAtMs);
    if (this.#isYoung) this.#hastyNow.isDue = true;
    this.#kept = undefined;
    this.#context.renewals.cancel(this);
  }

  /** Drops what is kept, and what is on its way. */
  #forget(): void {
    this.#drop();
    this.#underWay?.login.outdate();
  }

  // --- Logging in -----------------------------------------------------------------------------------------------

  #renewBehind(): void {
    const { closing, gate } = this.#context;
    if (this.isBusy || closing.aborted || this.backOffMs > 0) return;
    // A secret that the provider called wrong is left alone until it is another one, or forgiven.
    if (this.owner.secrets.worthAnAttempt) gate.admit(this, this.#isUsed);
  }

  /** Everybody who wants a credential while one is on its way shares it (R1). */
  async #acquire(wanted: Wanted): Promise<Credential> {
    const { login, credential } = this.#underWay ?? this.#start(wanted);
    if (wanted.awaited === false) return credential;
    login.wait.join();
    const { clock, provider } = this.#context;
    const inTime = within(clock, waitForLoginMs(provider), credential, () => {
      throw login.noneCame();
    });
    return inTime.catch(rethrowAsOwn);
  }

  #start(wanted: Wanted): UnderWay {
    const { reason, awaited = true, insist = false } = wanted;
    const outage = this.#outage;
    const waitMs = awaited ? (outage?.turnsCallersAwayForMs(this.#nowMs) ?? 0) : 0;
    if (waitMs > 0)
      throw unavailable(this.owner, outage?.reason ?? 'backing off', waitMs, this.journal.lastError);
    if (insist) this.owner.secrets.forgive();
    const caution = outage?.caution(this.#nowMs) ?? { startInMs: 0, retries: true, hasFailed: false };
    const forced = this.#refused?.toTell(reason === 'refused');
    const onWithdrawn = (token: string) => this.#withdrawn(token);
    const startInMs = Math.max(caution.startInMs, this.#hasteMs(wanted));
    const login = new Login(this, wanted, { ...caution, startInMs, forced, onWithdrawn });
    const startedAtMs = this.#nowMs;
    const credential = login
      .run((acquired) => this.#keep(acquired, { reason, startedAtMs }))
      .catch((error: unknown) => {
        throw this.#failed(error, login);
      });
    const running = { login, credential, startedAtMs };
    this.#underWay = running;
    const isOver = () => {
      // What came may have been kept already, and something else may be under way since then.
      if (this.#underWay === running) this.#underWay = undefined;
    };
    credential.then(isOver, isOver);
    return running;
  }

  /** How long a login waits that takes the place of a token younger than a second, where no refusal asks for it. */
  #hasteMs({ reason, refused }: Wanted): number {
    if (reason === 'refused' || refused !== undefined) return 0;
    if (!this.#isYoung && this.#hasty?.isDue !== true) return 0;
    const hasty = this.#hastyNow;
    hasty.isDue = false;
    return hasty.waitMs(this.#nowMs);
  }

  get #isYoung(): boolean {
    const kept = this.#context.issuer === undefined ? undefined : this.#kept;
    return kept !== undefined && this.#nowMs - kept.sinceMs < HASTY_WITHIN_MS;
  }

  get #hastyNow(): HastyLogins {
    return (this.#hasty ??= new HastyLogins(this.#nowMs));
  }

  /** What its callers are told. What is remembered is not the failure, but how long the next attempt waits (R4). */
  #failed(cause: unknown, login: Login): PaymentsAuthError {
    const { clock, closing, provider } = this.#context;
    const error = toCallersError(this.owner, cause, login.circumstances);
    if (cause instanceof LoginPostponed) {
      this.#kept?.postpone(clock, cause.forMs);
      this.#scheduleRenewal();
    }
    if (cause instanceof LoginPostponed || cause instanceof LoginCancelled || closing.aborted) return error;
    const serving = this.#living?.credential;
    const isUnknown = error.code === 'ACCOUNT_UNKNOWN';
    const untold = login.untold(cause);
    if (untold !== undefined && !isUnknown) this.journal.couldNot(error, untold);
    if (cause instanceof DefinitionFault) this.journal.definitionFault(cause.message);
    if (error.code !== 'CREDENTIALS_UNAVAILABLE') {
      // A secret that is remembered as wrong is no news.
      this.journal.failed(error, serving, !isUnknown && login.wasAnnounced);
      if (isUnknown) this.letGo();
      else if (this.#kept === undefined) this.#tryAgain();
      return error;
    }
    const outage = (this.#outage ??= new Outage(this.#nowMs, waitForLoginMs(provider)));
    const isUnsent = cause instanceof LoginUnsent;
    const waitMs = isUnsent
      ? outage.unsent(this.#nowMs, cause)
      : outage.failed(this.#nowMs, error, login.wait.isAwaited);
    const told = isUnsent ? error : unavailable(this.owner, outage.reason, waitMs, error);
    this.journal.failed(told, serving);
    this.#tryAgain(waitMs);
    return told;
  }

  /** A merchant that nobody could serve and nobody asks for is let go in the end: {@link onRenewalDue}. */
  #tryAgain(inMs?: number): void {
    const { renewals } = this.#context;
    const isWanted = this.#kept !== undefined || this.isKeptWarm;
    if (isWanted && inMs !== undefined) renewals.schedule(this, inMs * (1 + Math.random() / 10));
    else if (this.owner.account !== undefined) renewals.schedule(this, LET_GO_AFTER_MS);
  }

  // --- What is known --------------------------------------------------------------------------------------------

  get kept(): KeptCredential | undefined {
    return this.#kept;
  }

  get isBusy(): boolean {
    return this.#underWay !== undefined;
  }

  get backOffMs(): number {
    return this.#outage?.waitMs(this.#nowMs) ?? 0;
  }

  get refusalPauseMs(): number {
    return this.#refused?.pausedForMs ?? 0;
  }

  get busyForMs(): number {
    return this.#underWay === undefined ? 0 : this.#nowMs - this.#underWay.startedAtMs;
  }

  get unusedForMs(): number {
    return Math.max(0, this.#nowMs - this.#usedAtSeconds * 1_000);
  }

  /** Whether a call has asked for what is kept since it was obtained. */
  get #isUsed(): boolean {
    return this.#kept !== undefined && this.#usedAtSeconds * 1_000 > this.#kept.sinceMs;
  }

  /** What is kept, while it can be used. */
  get #living(): KeptCredential | undefined {
    return this.#kept?.isAlive(this.#context.clock) === true ? this.#kept : undefined;
  }

  /** How much longer the provider does not accept what is kept, in milliseconds. The age of a token of the fleet is a guess. */
  get #unusableForMs(): number {
    const { usableAfterMs, slowestLoginMs } = this.#context;
    const kept = usableAfterMs === 0 ? undefined : this.#living;
    if (kept === undefined || kept.isProven) return 0;
    const issuedAtMs = Math.max(kept.obtainedAtMs, kept.sinceMs + slowestLoginMs());
    return issuedAtMs + usableAfterMs - this.#nowMs;
  }

  get #nowMs(): number {
    return this.#context.clock.monotonic();
  }

  get #context(): SlotContext {
    return this.owner.context;
  }
}
