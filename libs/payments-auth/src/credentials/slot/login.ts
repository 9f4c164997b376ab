import type { TimerHandle } from '../../payments-auth.clock.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { ACQUIRE_BUDGET_MS, RETRY, waitAfter } from '../issuing/back-off.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import {
  LoginCancelled,
  LoginPostponed,
  rejected,
  rejectionEvent,
  unavailable,
} from '../credential-errors.js';
import { pause } from '../issuing/pause.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { SlotContext } from './slot-context.js';
import type { SlotOwner } from './slot-owner.js';
import type { SlotJournal } from './slot-journal.js';
import type { HeldToken, IssuedToken, IssueOutcome, TokenIssuer } from '../issuing/token-issuer.js';

/** What a login needs of the slot that it is for. */
export interface LoginSlot {
  readonly owner: SlotOwner;
  readonly scopes: readonly string[];
  readonly journal: SlotJournal;
  /** Another process of the fleet has withdrawn this token. */
  withdrawn(token: string): void;
}

/** What is asked for, and why. */
export interface LoginOrder {
  readonly reason: AcquireReason;
  /** Whether somebody waits for it from the start. */
  readonly awaited: boolean;
  /** The first attempt waits this long: the provider has asked for it. */
  readonly startInMs: number;
  /** Whether a failed attempt is followed by others, as far as somebody waits. */
  readonly retries: boolean;
  readonly insist: boolean;
  readonly held: HeldToken | undefined;
  /** The token that the provider has refused. */
  readonly refused: string | undefined;
}

/** What came of it. `issued` is absent for a static key. */
export interface Acquired {
  readonly secret: Secret;
  readonly issued?: IssuedToken;
}

/**
 * One way to one credential, shared by everybody who wants it meanwhile (R1): the newest secret that is not known to
 * be wrong, exchanged for a token. A secret that the provider calls wrong is followed by the next one; any other
 * failure by another attempt, while somebody waits and the budget lasts (R4). Belongs to no caller: none can end it
 * (R3).
 */
export class Login {
  readonly #slot: LoginSlot;
  readonly #order: LoginOrder;
  readonly #ended = new AbortController();
  readonly #end: Promise<undefined>;
  #awaited: boolean;
  #deadlineMs = 0;
  #budget: TimerHandle | undefined;
  #outdated = false;
  #announced = false;

  constructor(slot: LoginSlot, order: LoginOrder) {
    this.#slot = slot;
    this.#order = order;
    this.#awaited = order.awaited;
    this.#end = new Promise((resolve) => {
      this.#signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }

  /** Whether somebody waits, so that its failure is a caller's failure. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** Whether anything was asked of anybody; not when the secret is remembered as wrong. */
  get wasAnnounced(): boolean {
    return this.#announced;
  }

  /** Somebody waits for it from now on, and has a whole budget of time to do so. */
  join(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    this.#startBudget();
  }

  /** Nobody is served any more: the time is up, or the application shuts down. */
  end(): void {
    this.#ended.abort();
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
    if (this.#context.closing.aborted) this.end();
    this.#startBudget();
    try {
      await this.#pause(this.#order.startInMs);
      return await this.#attempts(keep);
    } finally {
      this.#context.clock.clearTimeout(this.#budget as TimerHandle);
    }
  }

  async #attempts<T>(keep: (acquired: Acquired) => T): Promise<T> {
    const { secrets } = this.#owner;
    const { issuer } = this.#context;
    let failures = 0;
    for (;;) {
      if (this.#signal.aborted) throw this.#timeIsUp();
      const patience = this.#awaited ? this.#signal : undefined;
      const list = await this.#unlessEnded(secrets.get(failures === 0, patience));
      if (list === undefined) throw this.#timeIsUp();
      if (this.#isOutdated()) continue;
      // A key that was refused on a call may still be the best there is: the provider decides on each call.
      if (issuer === undefined) return keep({ secret: secrets.firstKey(list) });
      const secret = secrets.firstUsable(list);
      if (secret === undefined) {
        const rejection = secrets.rejection(list);
        throw rejected(this.#owner, rejection ?? { reason: 'rejected' });
      }
      this.#announce(secret);
      const outcome = await this.#unlessEnded(this.#issue(issuer, secret));
      if (this.#isOutdated()) continue;
      if (outcome === undefined) throw this.#timeIsUp();
      if (outcome.outcome === 'issued') return keep({ secret, issued: outcome });
      if (outcome.outcome === 'rejected') {
        this.#reject(secret, outcome);
      } else if (outcome.postponed === true) {
        // Whoever has come to wait meanwhile does not wait for a better time.
        if (!this.#awaited) throw new LoginPostponed(outcome.retryAfterMs ?? 0);
      } else {
        failures += 1;
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

  #issue(issuer: TokenIssuer, secret: Secret): Promise<IssueOutcome> {
    const { scopes, journal } = this.#slot;
    const { reason, awaited, insist, held, refused } = this.#order;
    return issuer.issue({
      account: this.#owner.account,
      scopes,
      ...secret,
      held,
      refused,
      insist,
      lane: this.#awaited ? 'caller' : 'renewal',
      signal: this.#signal,
      onWithdrawn: (token) => this.#slot.withdrawn(token),
      onTokenRequest: (report) => {
        const host = this.#context.issuerHost;
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
    const { retryAfterMs } = outcome;
    if (retryAfterMs !== undefined) {
      const credential = shortOf(secret);
      this.#slot.journal.emit({ type: 'rate-limited', credential, retryAfterMs });
    }
    // Whoever says "at once", again and again, is not asked again at once.
    const waitMs = Math.max(retryAfterMs ?? 0, Math.random() * waitAfter(failures, RETRY));
    const fits = this.#context.clock.monotonic() + waitMs < this.#deadlineMs;
    if (!this.#awaited || !this.#order.retries || !fits)
      throw unavailable(this.#owner, outcome.reason, retryAfterMs);
    await this.#pause(waitMs);
  }

  /** Whether what just came is too old to be kept; then it is asked for again, if anybody waits. */
  #isOutdated(): boolean {
    if (!this.#outdated) return false;
    if (!this.#awaited) throw new LoginCancelled();
    this.#outdated = false;
    return true;
  }

  #timeIsUp(): PaymentsAuthError {
    const reason = this.#context.closing.aborted
      ? 'the application is shutting down'
      : 'none came in the time there was';
    return unavailable(this.#owner, reason);
  }

  #startBudget(): void {
    const { clock } = this.#context;
    if (this.#budget !== undefined) clock.clearTimeout(this.#budget);
    this.#deadlineMs = clock.monotonic() + ACQUIRE_BUDGET_MS;
    this.#budget = clock.setTimeout(() => this.end(), ACQUIRE_BUDGET_MS);
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await pause(this.#context.clock, ms, this.#signal, this.#awaited);
  }

  /** What `promise` resolves to; `undefined` when the time is up before. Whoever does not settle is not waited for. */
  #unlessEnded<T>(promise: Promise<T>): Promise<T | undefined> {
    return Promise.race([promise, this.#end]);
  }

  get #owner() {
    return this.#slot.owner;
  }

  get #context(): SlotContext {
    return this.#owner.context;
  }

  get #signal(): AbortSignal {
    return this.#ended.signal;
  }
}
