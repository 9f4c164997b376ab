import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { filled } from '../../strategies/placeholders.js';
import {
  type Circumstances,
  LoginCancelled,
  LoginPostponed,
  LoginUnsent,
  rejected,
  rejectionEvent,
  unavailable,
} from '../credential-errors.js';
import { RETRY, waitAfter, waitForLoginMs } from '../issuing/back-off.js';
import { LoginWait } from '../issuing/login-wait.js';
import { pause } from '../issuing/pause.js';
import type { HeldToken, IssuedToken, IssueOutcome, TokenIssuer } from '../issuing/token-issuer.js';
import type { AcquireReason } from '../payments-auth-event.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import type { SlotContext, SlotView } from './slot-context.js';

/** What is asked for, and why. */
export interface LoginOrder {
  readonly reason: AcquireReason;
  /** Whether somebody waits for it from the start. */
  readonly awaited: boolean;
  /** The first attempt waits this long: the provider has asked for it. */
  readonly startInMs: number;
  /** Whether a failed attempt is followed by others, as far as somebody waits. */
  readonly retries: boolean;
  /** Whether the last login of this slot failed. */
  readonly hasFailed: boolean;
  readonly insist: boolean;
  readonly held: HeldToken | undefined;
  /** The token that the provider has refused on a call. */
  readonly refused: string | undefined;
  /** The key that the provider has refused on a call: any other one is wanted (R12). */
  readonly refusedKey: Secret | undefined;
  /** Told when another process of the fleet has withdrawn the token that came of it. */
  readonly onWithdrawn: (token: string) => void;
}

/** Those who are turned away together do not ask again together, and the endpoint may have places by then. */
const ASK_AGAIN_AFTER_MS = 500;

/** What came of it. `issued` is absent for a static key. */
export interface Acquired {
  readonly secret: Secret;
  readonly issued?: IssuedToken;
}

/**
 * One way to one credential, shared by everybody who wants it meanwhile (R1): the newest secret that is not known to
 * be wrong, exchanged for a token. A secret that the provider calls wrong is followed by the next one; any other
 * failure by another attempt, while somebody waits and the time for waiting lasts (R4).
 *
 * Belongs to no caller: none can end it. Those who wait do so for 15 s together. A token request that was sent goes on
 * after that, to its own deadline, and what it brings is kept (R3).
 */
export class Login {
  readonly #slot: SlotView;
  readonly #order: LoginOrder;
  readonly #wait: LoginWait;
  #lastReason: string | undefined;
  /** What the last attempt was made with, and what it came to. */
  #last: Circumstances = {};
  #failedOn: 'login' | 'load' = 'login';
  #isTold = false;
  #outdated = false;
  #announced = false;

  constructor(slot: SlotView, order: LoginOrder) {
    this.#slot = slot;
    this.#order = order;
    this.#wait = new LoginWait(this.#context.clock, waitForLoginMs(this.#context.provider), order.awaited);
    if (this.#context.closing.aborted) this.end();
  }

  /** Whether somebody waits, so that its failure is a caller's failure. */
  get awaited(): boolean {
    return this.#wait.isAwaited;
  }

  /** Where the last attempt failed. */
  get failedOn(): 'login' | 'load' {
    return this.#failedOn;
  }

  /** Whether the journal has heard already of why it failed. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** Whether anything was asked of anybody; not when the secret is remembered as wrong. */
  get wasAnnounced(): boolean {
    return this.#announced;
  }

  /** Somebody waits for it from now on, as long as a caller waits. */
  join(): void {
    this.#wait.join();
  }

  /** Nobody is served any more: the time is up, or the application shuts down. */
  end(): void {
    this.#wait.end();
  }

  /** Whatever is still on its way is older than what is wanted now, and will not be kept (R9). */
  outdate(): void {
    this.#outdated = true;
  }

  /**
   * @param keep called with what was acquired, in the very step in which it is known to be wanted still: a moment later
   *   it might not be
   * @throws PaymentsAuthError, UnusableCredentialsError, LoginCancelled, LoginPostponed
   */
  async run<T>(keep: (acquired: Acquired) => T): Promise<T> {
    try {
      const { startInMs } = this.#order;
      if (startInMs > 0) await this.#pause(startInMs);
      return await this.#attempts(keep);
    } finally {
      this.#wait.settle();
    }
  }

  async #attempts<T>(keep: (acquired: Acquired) => T): Promise<T> {
    const { secrets } = this.#owner;
    const { issuer } = this.#context;
    let failures = 0;
    for (;;) {
      const { over, isAwaited } = this.#wait;
      if (over.aborted) throw this.noneCame();
      const list = await this.#wait.whileItLasts(secrets.get(failures === 0, isAwaited ? over : undefined));
      if (list === undefined) throw this.noneCame();
      if (this.#isOutdated()) continue;
      // A key that was refused on a call may still be the best there is: the provider decides on each call.
      if (issuer === undefined) return keep({ secret: secrets.firstKey(list, this.#order.refusedKey) });
      const secret = secrets.firstUsable(list);
      if (secret === undefined) {
        const rejection = secrets.rejection(list);
        const [newest] = list;
        if (newest !== undefined) this.#last = this.#askedWith(newest);
        throw rejected(this.#owner, { ...this.#last, ...(rejection ?? { reason: 'rejected' }) });
      }
      this.#announce(secret);
      this.#last = this.#askedWith(secret);
      const outcome = await this.#issue(issuer, secret, failures > 0);
      if (this.#isOutdated()) continue;
      if (outcome.outcome === 'issued') return keep({ secret, issued: outcome });
      this.#last = { ...this.#last, status: outcome.status };
      this.#failedOn = outcome.outcome === 'unavailable' && outcome.isLoad === true ? 'load' : 'login';
      if (outcome.outcome === 'rejected') {
        this.#reject(secret, outcome);
      } else if (outcome.postponed === true) {
        // Whoever has come to wait meanwhile does not wait for a better time.
        if (!this.#wait.isAwaited) throw new LoginPostponed(outcome.retryAfterMs ?? 0);
      } else {
        if (outcome.unsent === undefined) failures += 1;
        if (failures > 0) this.#wait.fix();
        await this.#beforeNext(secret, outcome, failures);
      }
    }
  }

  #announce(secret: Secret): void {
    if (this.#announced) return;
    this.#announced = true;
    const { reason } = this.#order;
    this.#slot.journal.emit({ type: 'credential-requested', credential: shortOf(secret), reason });
  }

  #issue(issuer: TokenIssuer, secret: Secret, failedBefore: boolean): Promise<IssueOutcome> {
    const { scopes, audience, journal } = this.#slot;
    const { reason, awaited, insist, held, refused, onWithdrawn, hasFailed } = this.#order;
    return issuer.issue({
      account: this.#owner.account,
      scopes,
      audience,
      ...secret,
      held,
      refused,
      insist,
      hasFailed: hasFailed || failedBefore,
      wait: this.#wait,
      signal: this.#context.closing,
      onWithdrawn,
      onSave: (isSaved) => {
        if (isSaved) journal.history?.succeeded('save', this.#context.clock.now());
        else journal.note({ on: 'save', reason: 'the new refresh token could not be saved' });
      },
      onTokenRequest: (report) => {
        const host = this.#hostOf(secret);
        this.#isTold = report.outcome !== 'issued';
        journal.tokenRequest(report, { credential: shortOf(secret), reason, awaited, host });
      },
    });
  }

  /** The secret is remembered as wrong, and the resolver has reason to be asked again. */
  #reject(secret: Secret, outcome: IssueOutcome & { outcome: 'rejected' }): void {
    const { reason } = outcome;
    const retryAfterMs = this.#owner.secrets.reject(secret, outcome, outcome.retryAfterMs);
    const credential = shortOf(secret);
    this.#slot.journal.emit({ type: rejectionEvent(outcome), credential, reason, retryAfterMs });
  }

  /** Waits for the time of the next attempt. @throws PaymentsAuthError when there is none */
  async #beforeNext(
    secret: Secret,
    outcome: IssueOutcome & { outcome: 'unavailable' },
    failures: number,
  ): Promise<void> {
    const { retryAfterMs, reason, unsent } = outcome;
    this.#lastReason = reason;
    if (retryAfterMs !== undefined && (unsent === undefined || unsent === 'limit')) {
      const credential = shortOf(secret);
      this.#slot.journal.emit({ type: 'rate-limited', credential, retryAfterMs });
    }
    // Whoever says "at once", again and again, is not asked again at once.
    const waitMs = Math.max(retryAfterMs ?? 0, Math.random() * waitAfter(Math.max(1, failures), RETRY));
    const retries = this.#order.retries || unsent !== undefined;
    if (!this.#wait.isAwaited || !retries || waitMs >= this.#wait.leftMs)
      throw unsent === undefined || failures > 0
        ? unavailable(this.#owner, reason, retryAfterMs, this.#last)
        : new LoginUnsent(
            reason,
            waitMs,
            unsent === 'limit' ? undefined : ASK_AGAIN_AFTER_MS * (1 + Math.random()),
            this.#last,
          );
    await this.#pause(waitMs);
  }

  /** Whether what just came is too old to be kept; then it is asked for again, if anybody waits. */
  #isOutdated(): boolean {
    if (!this.#outdated) return false;
    if (!this.#wait.isAwaited) throw new LoginCancelled();
    this.#outdated = false;
    return true;
  }

  /** What a caller is told whose time is up, or who is told of the end of the application. */
  noneCame(): PaymentsAuthError {
    if (this.#context.closing.aborted)
      return unavailable(this.#owner, 'the application is shutting down', undefined, this.#last);
    const before = this.#lastReason === undefined ? '' : `, and before that: ${this.#lastReason}`;
    const reason = `none came in the time there was${before}`;
    return unavailable(this.#owner, reason, ASK_AGAIN_AFTER_MS, this.#last);
  }

  #askedWith(secret: Secret): Circumstances {
    return { credential: shortOf(secret), host: this.#hostOf(secret) };
  }

  /** The host of the token endpoint, which may be the account's own. */
  #hostOf({ credentials }: Secret): string {
    const { issuerHost } = this.#context;
    return issuerHost.includes('{') ? filled(issuerHost, credentials) : issuerHost;
  }

  #pause(ms: number): Promise<void> {
    return pause(this.#context.clock, ms, this.#wait.over, this.#wait.isAwaited);
  }

  get #owner() {
    return this.#slot.owner;
  }

  get #context(): SlotContext {
    return this.#owner.context;
  }
}
