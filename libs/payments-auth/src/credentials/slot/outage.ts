import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { LoginUnsent } from '../credential-errors.js';
import { Bucket, OUTAGE, waitAfter } from '../issuing/back-off.js';
import type { SlotView } from './slot-context.js';

/**
 * What is remembered of attempts that failed for no fault of the secret: never the failure itself, only how long the
 * next attempt waits (R4). Begins with the first failure, ends with the first success.
 *
 * A login that callers wait for is tried again until the time of a caller is over. Once that has happened, waiting is known
 * not to help: from then on there is one attempt at a time, further and further apart, and callers in between get their
 * error at once.
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
   * @param error says for how long, by the provider or a limit, another attempt is pointless
   * @param spent whether the whole time of a caller went into it
   * @returns how long the next attempt waits, in milliseconds
   */
  failed(nowMs: number, error: PaymentsAuthError | LoginUnsent, spent: boolean): number {
    if (error instanceof LoginUnsent) return this.#unsent(nowMs, error);
    const { reason = 'unavailable', retryAfterMs = 0 } = error;
    this.#failures += 1;
    this.#reason = reason;
    this.#isSpent ||= spent || nowMs - this.#sinceMs >= this.#patienceMs;
    const waitMs = Math.max(retryAfterMs, waitAfter(this.#failures, OUTAGE));
    this.#nextAttemptAtMs = nowMs + waitMs;
    this.#turnedAway = undefined;
    this.#askedToWaitUntilMs = nowMs + retryAfterMs;
    return waitMs;
  }

  /**
   * Nothing was sent: that is no failure. Where others wait at the same endpoint, or this machine could not, callers
   * hear so at once until they may ask again; where a limit stands in the way, the next login waits for it.
   *
   * @returns how long the next attempt waits, in milliseconds
   */
  #unsent(nowMs: number, { reason, retryAfterMs, askAgainAfterMs }: LoginUnsent): number {
    const waitMs = askAgainAfterMs ?? retryAfterMs;
    this.#reason = reason;
    this.#nextAttemptAtMs = nowMs + waitMs;
    if (askAgainAfterMs === undefined) this.#askedToWaitUntilMs = nowMs + retryAfterMs;
    else this.#turnedAway = { untilMs: nowMs + askAgainAfterMs, retryAtMs: nowMs + retryAfterMs };
    return waitMs;
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

  /** How a login goes about it that is not turned away. */
  caution(nowMs: number): { startInMs: number; retries: boolean; hasFailed: boolean } {
    const startInMs = Math.max(0, this.#askedToWaitUntilMs - nowMs);
    return { startInMs, retries: !this.#isSpent, hasFailed: this.#failures > 0 };
  }
}

/** A younger token counts as not used yet, in milliseconds. */
const HASTY_WITHIN_MS = 1_000;
/** This many unused tokens are replaced at once, and then one a second. */
const HASTY = { size: 5, gainsEveryMs: 1_000 };

/**
 * Counts a token that is replaced though it has been of no use yet and no refusal asks for it: `refresh()`, `revoke()` and
 * `rotate()` in a loop. What is owed is how long the next login waits.
 *
 * @param hasty what was counted before; made when first needed
 */
export function countHaste(hasty: Bucket | undefined, { kept, owner }: SlotView): Bucket | undefined {
  const { clock, issuer } = owner.context;
  const nowMs = clock.monotonic();
  if (kept === undefined || issuer === undefined || nowMs - kept.sinceMs >= HASTY_WITHIN_MS) return hasty;
  const counted = hasty ?? new Bucket(HASTY);
  counted.take(nowMs);
  return counted;
}
