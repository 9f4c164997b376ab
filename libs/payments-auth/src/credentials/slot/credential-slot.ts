import { ownCopy } from '../../own-properties.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { pause, within } from '../../within.js';
import { type CallAnswer, isAcceptance, type Refusal } from '../call-answer.js';
import {
  LoginCancelled,
  LoginPostponed,
  LoginUnsent,
  rethrowAsOwn,
  toCallersError,
  unavailable,
} from '../credential-errors.js';
import type { AwaitedLogin, CredentialSpender } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import { type Bucket, waitForLoginMs } from '../issuing/back-off.js';
import { LONG_MS } from '../issuing/login-wait.js';
import type { AskedFor } from '../issuing/token-issuer.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { Renewer } from '../renewing/renewal-gate.js';
import type { Renewable } from '../renewing/renewal-queue.js';
import { afterFailureMs, isKeptWarm, whenDue } from '../renewing/renewal-rules.js';
import { shortOf } from '../secrets/secret-source.js';
import { giveBack, newerThan, takeBack, unwatch } from './giving-back.js';
import { keepAcquired } from './keeping.js';
import type { KeptCredential } from './kept-credential.js';
import { type Acquired, Login, type Wanted } from './login.js';
import { awaitsAge } from './login-story.js';
import { countHaste, Outage } from './outage.js';
import { RefusedKeys } from './refused-keys.js';
import { RefusedTokens } from './refused-tokens.js';
import type { Cure, SlotContext, SlotOwner, SlotTimes, SlotView } from './slot-context.js';
import { SlotJournal } from './slot-journal.js';

/** A login that is under way, and its result. */
interface UnderWay {
  readonly login: Login;
  readonly credential: Promise<Credential>;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAtMs: number;
  /** The kept credential, where calls with it were refused and wait for this login. No call carries it meanwhile. */
  refused?: Credential | undefined;
}

/**
 * The one current credential of a provider, account, scope set and audience: kept while it lives, renewed before it dies,
 * replaced when it is refused. One login at a time asks for it, however many callers wait.
 *
 * Only the slot decides and acts. A worker takes data and returns a result. A memory records events and answers questions.
 */
export class CredentialSlot implements CredentialSpender, Renewable, Renewer, SlotView {
  readonly owner: SlotOwner;
  readonly asked: AskedFor;
  renewalPosition = -1;
  readonly journal: SlotJournal;
  #kept: KeptCredential | undefined = undefined;
  #underWay: UnderWay | undefined = undefined;
  /** Set from the first failed login until one succeeds. */
  #outage: Outage | undefined = undefined;
  /** Created when the first call is refused, to save memory: of up to a hundred thousand slots, most never need it. */
  #refused: RefusedTokens | RefusedKeys | undefined = undefined;
  /** Created when a token is replaced before a call has used it, and without a refusal. */
  #hasty: Bucket | undefined = undefined;
  /** On the monotonic clock. Whole seconds are stored as small integers, which take no heap memory. */
  #usedAtSeconds: number;

  constructor(owner: SlotOwner, asked: AskedFor) {
    this.owner = owner;
    this.asked = asked;
    this.journal = new SlotJournal(this);
    this.#usedAtSeconds = Math.floor(this.#nowMs / 1_000);
  }

  /** The hot path (R7). Fresh: use it. Due: use it, and renew it in the background. Dead: there is no credential. */
  peek(mayRepeat?: () => boolean): Credential | undefined {
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    this.#usedAtSeconds = Math.floor(nowMs / 1_000);
    const kept = this.#kept;
    const zone = kept?.zoneAt(nowMs, clock.now()) ?? 'dead';
    if (kept === undefined || zone === 'dead') return undefined;
    // This credential was refused, and a login for another one is under way. A call with it would be refused too.
    if (this.#underWay?.refused === kept.credential) return undefined;
    if (zone === 'due') this.#renewBehind();
    if (this.#usableInMs > 0) return kept.livingPredecessor(clock)?.credential;
    return this.#refused?.instead(kept, mayRepeat) ?? kept.credential;
  }

  async obtain(): Promise<Credential> {
    const usable = this.peek();
    if (usable !== undefined) return usable;
    const needsNoMore = this.journal.needs();
    const waitsForAge = this.#usableInMs > 0;
    const coming = this.#comes();
    const story = this.#underWay?.login.story;
    const end = (credential?: Credential) =>
      needsNoMore(credential, waitsForAge || story?.hasWaited === true);
    void coming.then(end, () => end());
    return coming;
  }

  /** The credential that is under way, or that a login brings now. */
  async #comes(): Promise<Credential> {
    try {
      const reason = this.#kept === undefined ? 'first' : 'expired';
      const coming = this.#usableInMs > 0 ? this.#kept?.credential : undefined;
      return await this.#whenUsable(coming ?? (await this.#acquire({ reason })));
    } catch (error) {
      // If the only live token was refused before, the call still carries it: the provider decides on each call.
      if (this.#usableInMs > 0 || this.#living === undefined) throw error;
      return this.#living.credential;
    }
  }

  get awaits(): AwaitedLogin | undefined {
    const forMs = this.#usableInMs;
    return forMs > 0 ? awaitsAge(this, forMs) : this.#underWay?.login.story.awaits;
  }

  answered(credential: Credential, answer: CallAnswer): void {
    this.journal.answered(credential, answer);
    this.#kept?.answered(credential, answer, this.#context.clock);
    // The token that was refused is accepted now. Calls carry it again while the login is under way.
    if (isAcceptance(answer) && this.#underWay?.refused?.isSameAs(credential) === true)
      this.#underWay.refused = undefined;
    const better = this.#refused?.answered(credential, answer);
    if (better !== undefined && this.#kept?.secret.fingerprint !== better.fingerprint)
      this.#keep({ secret: better }, { reason: 'rotated', startedAtMs: this.#nowMs });
  }

  async replace(refused: Credential, refusal: Refusal): Promise<Credential | undefined> {
    this.journal.refused(refused, refusal, this.#kept);
    const cure = this.#refusals.cure(refused, refusal);
    // A refused token is not kept as the predecessor of the next one (R9).
    if (this.#kept?.predecessor?.credential.isSameAs(refused) === true) this.#kept.predecessor = undefined;
    const other = this.#curedBy(cure, refused).then((cured) => cured && this.#whenUsable(cured));
    return other.catch(() => undefined);
  }

  async #curedBy(cure: Cure, refused: Credential): Promise<Credential | undefined> {
    switch (cure?.by) {
      case 'replay':
        return cure.with;
      case 'waiting':
        await this.owner.awaitAge(this, pause(this.#context.clock, cure.forMs, cure.until, true));
        return this.#living === undefined ? refused : this.#curedBy(cure.settle(this.#living), refused);
      case 'renewal':
        return this.#force(cure.of, undefined);
      case 'renewal-behind':
        return void this.#force(cure.of, undefined);
      case 'new-token':
        await this.#force(cure.of, cure.key);
        return this.#living && this.#curedBy(cure.settle(this.#living), refused);
      case 'store':
        return this.#takeNewer(refused);
      default:
        return undefined;
    }
  }

  async refresh(refused?: Credential): Promise<Credential> {
    const kept = this.#living;
    if (refused !== undefined && kept !== undefined && !kept.credential.isSameAs(refused))
      return kept.credential;
    const wanted: Wanted = { reason: 'requested', insist: true, refused: refused?.token };
    return this.#whenUsable(await this.#acquire(wanted));
  }

  /** A token that the provider does not accept yet is not sent. A call without another token waits until then. */
  async #whenUsable(credential: Credential): Promise<Credential> {
    const { clock, closing } = this.#context;
    const forMs = this.#kept?.credential === credential ? this.#usableInMs : 0;
    if (forMs <= 0) return credential;
    const tell = () => this.journal.callsWaitForAge(credential, this.awaits);
    const telling = clock.setTimeout(tell, LONG_MS);
    await this.owner.awaitAge(this, pause(clock, forMs, closing, true));
    clock.clearTimeout(telling);
    if (closing.aborted) throw unavailable(this.owner, 'the application is shutting down');
    return this.peek() ?? this.#comes();
  }

  /** One renewal for all refused calls. If it fails, the status and the events tell why. */
  async #force(refused: Credential, refusedKey: string | undefined): Promise<Credential | undefined> {
    const before = this.#kept;
    const isFirst = !this.isBusy;
    const startedAtMs = this.#nowMs;
    const acquiring = this.#acquire({ reason: 'refused', refused: refused.token || undefined, refusedKey });
    if (this.#underWay !== undefined && before?.credential.isSameAs(refused) === true)
      this.#underWay.refused = before.credential;
    const other = await acquiring.catch(() => undefined);
    const brought = this.#kept?.credential === other ? this.#kept : undefined;
    if (isFirst) this.#refused?.pause?.forced(startedAtMs, before, brought);
    return other?.isSameAs(refused) === true ? undefined : other;
  }

  /** No login is due, but the fleet may have a newer token by now. */
  async #takeNewer(refused: Credential): Promise<Credential | undefined> {
    const before = this.#kept;
    if (before === undefined) return undefined;
    const startedAtMs = this.#nowMs;
    const issued = await newerThan(this, before, refused, (token) => this.#withdrawn(token));
    // Meanwhile another token may have come, a login may have started, or the slot may have been dropped.
    if (this.#kept !== before) return this.#living?.credential;
    if (issued === undefined || this.isBusy) return undefined;
    return this.#keep({ secret: before.secret, issued }, { reason: 'refused', startedAtMs });
  }

  // --- Keeping --------------------------------------------------------------------------------------------------

  /** Gets a credential that has to be kept warm. A failure is reported, and the login is tried again (R17). */
  warm(): void {
    if (this.#kept === undefined && isKeptWarm(this.owner)) this.#renewBehind();
  }

  /** Keeps the result of a login. Called in the same step in which the login is known to be still needed. */
  #keep(acquired: Acquired, how: { reason: AcquireReason; startedAtMs: number }): Credential {
    const { secret, issued } = ownCopy(acquired);
    const before = this.#kept;
    const kept = keepAcquired(this, { secret, issued });
    if (issued !== undefined) this.owner.secrets.accept(secret);
    this.#kept = kept;
    // Another process has asked for this token because the earlier tokens were refused.
    if (issued?.forced !== undefined) this.#refusals.pause?.heard(kept, issued.forced);
    this.#outage = undefined;
    this.#underWay = undefined;
    this.#scheduleRenewal();
    this.journal.obtained(kept, before, { ...how, issued });
    return kept.credential;
  }

  /** Sets the next wake-up: when the kept credential is due, or when its predecessor has ended and can be dropped. */
  #scheduleRenewal(): void {
    const { clock, renewals } = this.#context;
    const kept = this.#kept;
    const dueInMs = (kept?.dueAtMs ?? Infinity) - this.#nowMs;
    const inMs = Math.min(dueInMs, kept?.predecessor?.remainingMs(clock) ?? Infinity);
    if (inMs === Infinity) renewals.cancel(this);
    else renewals.schedule(this, inMs);
  }

  onRenewalDue(): void {
    const { clock, renewals } = this.#context;
    const kept = this.#kept;
    if (kept?.predecessor?.isAlive(clock) === false) {
      kept.predecessor = undefined;
      if (kept.zone(clock) === 'fresh') return this.#scheduleRenewal();
    }
    const next = whenDue(this);
    if (next === 'renew') this.#renewBehind();
    else if (next === 'let go') this.letGo();
    else renewals.schedule(this, next);
  }

  /** A place for a renewal is free. The renewal may have become unnecessary while it waited for the place. */
  async renewNow(): Promise<void> {
    const { clock, closing } = this.#context;
    if (this.isBusy || closing.aborted) return;
    // A refused credential is renewed, however fresh it is.
    const isGood = this.#kept?.zone(clock) === 'fresh' && this.#kept.refusedInARow === 0;
    if (isGood) return this.#scheduleRenewal();
    const reason = this.#kept === undefined ? 'first' : 'early';
    // A failure is reported where it happens, and the renewal is tried again. No call waits for this one (R8, R19).
    await this.#acquire({ reason, awaited: false }).catch(() => undefined);
  }

  /** Revokes the token where the provider offers that. In any case, this process and the fleet forget it. */
  async revoke(): Promise<void> {
    const kept = this.#kept;
    this.#forget();
    await giveBack(this, kept);
  }

  /**
   * The static credentials may have changed. The token that was obtained with the earlier ones is dropped, and a new
   * one is asked for if it was in use. Calls on their way end with what they carry.
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

  /** Ends the slot: the account is no longer kept. */
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

  /** Another process has revoked the token, or knows that it is dead. */
  #withdrawn(token: string): void {
    const kept = this.#kept;
    if (kept?.predecessor?.credential.token === token) kept.predecessor = undefined;
    if (kept?.credential.token !== token) return;
    this.#drop();
    this.warm();
  }

  /** Drops the kept credential, and a login that is under way. */
  #forget(): void {
    this.#drop();
    this.#underWay?.login.outdate();
  }

  #drop(): void {
    this.journal.servedUntil(this.#kept?.lastAcceptedAtMs);
    this.#hasty = countHaste(this.#hasty, this);
    this.#kept = undefined;
    this.#context.renewals.cancel(this);
  }

  // --- Logging in -----------------------------------------------------------------------------------------------

  #renewBehind(): void {
    const { closing, gate } = this.#context;
    if (this.isBusy || closing.aborted || this.times.backOffMs > 0) return;
    // A rejected secret is not tried again until it changes, or until its waiting time is over.
    if (!this.owner.secrets.worthAnAttempt) return;
    const isUsed = this.#kept !== undefined && this.#usedAtSeconds * 1_000 > this.#kept.sinceMs;
    gate.admit(this, isUsed);
  }

  /** All callers that need a credential during a login share the result (R1). */
  async #acquire(asked: Wanted): Promise<Credential> {
    const wanted = ownCopy(asked);
    const { login, credential } = this.#underWay ?? this.#start(wanted);
    if (wanted.awaited === false) return credential;
    login.wait.join();
    const inTime = within(this.#context.clock, login.wait.forMs, credential, () => {
      throw login.story.noneCame();
    });
    return inTime.catch(rethrowAsOwn);
  }

  #start(wanted: Wanted): UnderWay {
    const { reason, awaited = true, insist = false, refused } = wanted;
    const startedAtMs = this.#nowMs;
    const outage = this.#outage;
    const waitMs = awaited ? (outage?.turnsCallersAwayForMs(startedAtMs) ?? 0) : 0;
    if (waitMs > 0)
      throw unavailable(this.owner, outage?.reason ?? 'backing off', waitMs, this.journal.lastError);
    if (insist) this.owner.secrets.forgive();
    const isRefused = reason === 'refused' || refused !== undefined;
    if (!isRefused) this.#hasty = countHaste(this.#hasty, this);
    const hasteMs = isRefused ? 0 : (this.#hasty?.owedMs(startedAtMs) ?? 0);
    const caution = outage?.caution(startedAtMs) ?? { startInMs: 0, retries: true, hasFailed: false };
    const login = new Login(this, wanted, {
      ...caution,
      startInMs: Math.max(caution.startInMs, hasteMs),
      forced: this.#refused?.pause?.toTell(reason === 'refused'),
      onWithdrawn: (token) => this.#withdrawn(token),
    });
    const credential = login
      .run((acquired) => this.#keep(acquired, { reason, startedAtMs }))
      .catch((error: unknown) => {
        throw this.#failed(error, login);
      })
      .finally(() => {
        // The result may have been kept already, and another login may have started since then.
        if (this.#underWay?.login === login) this.#underWay = undefined;
      });
    this.#underWay = { login, credential, startedAtMs };
    return this.#underWay;
  }

  /** The error for the callers. The failure itself is not remembered, only how long the next attempt waits (R4). */
  #failed(cause: unknown, login: Login): PaymentsAuthError {
    const { clock, closing, provider, renewals } = this.#context;
    let error = toCallersError(this.owner, cause, login.story.circumstances);
    if (cause instanceof LoginPostponed) {
      this.#kept?.postpone(clock, cause.forMs);
      this.#scheduleRenewal();
    }
    if (cause instanceof LoginPostponed || cause instanceof LoginCancelled || closing.aborted) return error;
    const isUnsent = cause instanceof LoginUnsent;
    let waitMs: number | undefined;
    if (error.code === 'CREDENTIALS_UNAVAILABLE') {
      this.#outage ??= new Outage(this.#nowMs, waitForLoginMs(provider));
      waitMs = this.#outage.failed(this.#nowMs, isUnsent ? cause : error, login.wait.isAwaited);
      if (!isUnsent) error = unavailable(this.owner, this.#outage.reason, waitMs, error);
    }
    login.story.ended(error, cause, this.#living?.credential);
    const againInMs = afterFailureMs(this, waitMs);
    if (error.code === 'ACCOUNT_UNKNOWN') this.letGo();
    else if (againInMs !== undefined) renewals.schedule(this, againInMs);
    return error;
  }

  // --- What is known --------------------------------------------------------------------------------------------

  get kept(): KeptCredential | undefined {
    return this.#kept;
  }

  get isBusy(): boolean {
    return this.#underWay !== undefined;
  }

  get times(): SlotTimes {
    const nowMs = this.#nowMs;
    return {
      busyForMs: this.#underWay === undefined ? 0 : nowMs - this.#underWay.startedAtMs,
      unusedForMs: Math.max(0, nowMs - this.#usedAtSeconds * 1_000),
      backOffMs: this.#outage?.waitMs(nowMs) ?? 0,
      refusalPauseMs: this.#refused?.pause?.leftMs ?? 0,
    };
  }

  /** The kept credential, while it can be used. */
  get #living(): KeptCredential | undefined {
    return this.#kept?.isAlive(this.#context.clock) === true ? this.#kept : undefined;
  }

  get #usableInMs(): number {
    const { clock, usableAfterMs, slowestLoginMs } = this.#context;
    return this.#kept?.usableInMs(clock, usableAfterMs, slowestLoginMs) ?? 0;
  }

  get #refusals(): RefusedTokens | RefusedKeys {
    this.#refused ??= this.#context.issuer === undefined ? new RefusedKeys(this) : new RefusedTokens(this);
    return this.#refused;
  }

  get #nowMs(): number {
    return this.#context.clock.monotonic();
  }

  get #context(): SlotContext {
    return this.owner.context;
  }
}
