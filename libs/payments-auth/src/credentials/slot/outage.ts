import { OUTAGE, waitAfter } from '../issuing/back-off.js';

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
  readonly #patienceMs: number;
  #failures = 0;
  #nextAttemptAtMs = 0;
  #turnedAway: { readonly untilMs: number; readonly retryAtMs: number } | undefined;
  #askedToWaitUntilMs = 0;
  #reason = '';
  #isSpent = false;

  /** @param patienceMs how long a caller waits, in milliseconds */
  constructor(nowMs: number, patienceMs: number) {
    this.#sinceMs = nowMs;
    this.#patienceMs = patienceMs;
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
    this.#isSpent ||= spent || nowMs - this.#sinceMs >= this.#patienceMs;
    const waitMs = Math.max(retryAfterMs ?? 0, waitAfter(this.#failures, OUTAGE));
    this.#nextAttemptAtMs = nowMs + waitMs;
    this.#turnedAway = undefined;
    this.#askedToWaitUntilMs = nowMs + (retryAfterMs ?? 0);
    return waitMs;
  }

  /** A limit stood in the way, and nothing was sent: that is no failure. */
  limited(nowMs: number, reason: string, retryAfterMs: number): void {
    this.#reason = reason;
    this.#nextAttemptAtMs = nowMs + retryAfterMs;
    this.#askedToWaitUntilMs = nowMs + retryAfterMs;
  }

  /**
   * Nothing was sent, because others wait at the same endpoint or this machine could not: that is no failure either.
   *
   * @param askAgainAfterMs before that callers hear at once: asking again sooner changes nothing
   */
  turnedAway(nowMs: number, reason: string, retryAfterMs: number, askAgainAfterMs: number): void {
    this.#reason = reason;
    this.#nextAttemptAtMs = nowMs + askAgainAfterMs;
    this.#turnedAway = { untilMs: nowMs + askAgainAfterMs, retryAtMs: nowMs + retryAfterMs };
  }

  /** Whether a login has failed since the last one that succeeded. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** How long until the next attempt that nobody waits for, in milliseconds. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextAttemptAtMs - nowMs);
  }

  /** For how long callers are told at once that there is nothing to be had, in milliseconds. */
  turnsCallersAwayForMs(nowMs: number): number {
    const { untilMs = 0, retryAtMs = 0 } = this.#turnedAway ?? {};
    if (untilMs > nowMs) return Math.max(untilMs, retryAtMs) - nowMs;
    if (this.#isSpent) return this.waitMs(nowMs);
    const askedMs = this.#askedToWaitUntilMs - nowMs;
    return askedMs >= this.#patienceMs ? askedMs : 0;
  }

  /** How a caller's login goes about it, if it is not turned away. */
  caution(nowMs: number): { startInMs: number; retries: boolean; hasFailed: boolean } {
    const { hasFailed } = this;
    return { startInMs: Math.max(0, this.#askedToWaitUntilMs - nowMs), retries: !this.#isSpent, hasFailed };
  }
}
