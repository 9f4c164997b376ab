import { ACQUIRE_BUDGET_MS, OUTAGE, waitAfter } from '../issuing/back-off.js';

/**
 * What is remembered of attempts that failed for no fault of the secret: never the failure itself, only how long the
 * next attempt waits (R4). Begins with the first failure, ends with the first success.
 *
 * Whoever needs a credential retries within one budget of time. Once a budget has been spent it is known that waiting
 * does not help: from then on there is one attempt at a time, further and further apart, and callers in between are
 * told at once.
 */
export class Outage {
  readonly #sinceMs: number;
  #failures = 0;
  #nextAttemptAtMs = 0;
  #askedToWaitUntilMs = 0;
  #reason = '';
  #isSpent = false;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** What the last failure was. */
  get reason(): string {
    return this.#reason;
  }

  /**
   * @param retryAfterMs for how long the provider, or a limit, says that another attempt is pointless
   * @param spent whether a caller's whole budget went into it
   * @returns how long the next attempt waits, in milliseconds
   */
  failed(nowMs: number, reason: string, retryAfterMs: number | undefined, spent: boolean): number {
    this.#failures += 1;
    this.#reason = reason;
    this.#isSpent ||= spent || nowMs - this.#sinceMs >= ACQUIRE_BUDGET_MS;
    const waitMs = Math.max(retryAfterMs ?? 0, waitAfter(this.#failures, OUTAGE));
    this.#nextAttemptAtMs = nowMs + waitMs;
    this.#askedToWaitUntilMs = nowMs + (retryAfterMs ?? 0);
    return waitMs;
  }

  /** How long until the next attempt that nobody waits for, in milliseconds. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextAttemptAtMs - nowMs);
  }

  /** For how long callers are told at once that there is nothing to be had, in milliseconds. */
  turnsCallersAwayForMs(nowMs: number): number {
    if (this.#isSpent) return this.waitMs(nowMs);
    const askedMs = this.#askedToWaitUntilMs - nowMs;
    return askedMs >= ACQUIRE_BUDGET_MS ? askedMs : 0;
  }

  /** How a caller's login goes about it, if it is not turned away. */
  caution(nowMs: number): { startInMs: number; retries: boolean } {
    return { startInMs: Math.max(0, this.#askedToWaitUntilMs - nowMs), retries: !this.#isSpent };
  }
}
