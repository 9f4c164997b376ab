import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { LoginUnsent } from '../credential-errors.js';
import { Bucket, OUTAGE, waitAfter } from '../issuing/back-off.js';
import type { SlotView } from './slot-context.js';

/**
 * The memory of attempts that failed although the secret was not rejected. It keeps only how long the next attempt has
 * to wait (R4). It begins with the first failure and ends with the first success.
 *
 * A login that callers wait for is tried again until their time is over. After that, waiting is known not to help: from
 * then on there are single attempts with growing pauses, and callers between them get their error at once.
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

  /** The reason of the last failure. */
  get reason(): string {
    return this.#reason;
  }

  /**
   * @param error states for how long another attempt cannot succeed, according to the provider or a limit
   * @param spent whether the attempts have used the whole time of a caller
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
   * Nothing was sent, which does not count as a failure. Where too many logins wait at the endpoint, or this machine
   * could not send, callers get an error at once until they may ask again. Where a limit is the reason, the next login
   * waits for it.
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

  /** How long until the next background attempt, in milliseconds. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextAttemptAtMs - nowMs);
  }

  /** For how long callers get an error at once, in milliseconds. */
  turnsCallersAwayForMs(nowMs: number): number {
    const { untilMs = 0, retryAtMs = 0 } = this.#turnedAway ?? {};
    if (untilMs > nowMs) return Math.max(untilMs, retryAtMs) - nowMs;
    if (this.#isSpent) return this.waitMs(nowMs);
    const askedMs = this.#askedToWaitUntilMs - nowMs;
    return askedMs >= this.#patienceMs ? askedMs : 0;
  }

  /** The rules for a login that is not turned away: when it begins, and whether it is tried again. */
  caution(nowMs: number): { startInMs: number; retries: boolean; hasFailed: boolean } {
    const startInMs = Math.max(0, this.#askedToWaitUntilMs - nowMs);
    return { startInMs, retries: !this.#isSpent, hasFailed: this.#failures > 0 };
  }
}

/** A token that is younger than this counts as not used yet, in milliseconds. */
const HASTY_WITHIN_MS = 1_000;
/** This many unused tokens are replaced at once, and after that one a second. */
const HASTY = { size: 5, gainsEveryMs: 1_000 };

/**
 * Counts a token that is replaced before it was used, and without a refusal: `refresh()`, `revoke()` and `rotate()` in
 * a loop. {@link Bucket.owedMs} of the result is how long the next login waits.
 *
 * @param hasty the earlier count; created when first needed
 */
export function countHaste(hasty: Bucket | undefined, { kept, owner }: SlotView): Bucket | undefined {
  const { clock, issuer } = owner.context;
  const nowMs = clock.monotonic();
  if (kept === undefined || issuer === undefined || nowMs - kept.sinceMs >= HASTY_WITHIN_MS) return hasty;
  const counted = hasty ?? new Bucket(HASTY);
  counted.take(nowMs);
  return counted;
}
