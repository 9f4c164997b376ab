import type { Clock } from '../payments-auth.clock.js';
import { FUTILITY, waitAfter } from './back-off.js';

/**
 * Whether calls that were refused may still force renewals (R11).
 *
 * Each forced renewal has to earn the next one: from the moment it starts, no other is forced for a while (2 s,
 * doubling to 5 min), and only a replay that succeeds ends that pause early. So a merchant who is suspended at noon
 * costs a handful of logins and not one a call, also where refused calls are of a kind that is never replayed.
 */
export class ForcedRenewals {
  readonly #clock: Clock;
  #times = 0;
  #pausedUntilMs = 0;
  #proven = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get paused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntilMs;
  }

  /** A renewal is being forced now. */
  started(): void {
    const nowMs = this.#clock.monotonic();
    // Long after the last pause has ended, this is another story and starts from the beginning.
    const sinceMs = nowMs - this.#pausedUntilMs;
    if (sinceMs > FUTILITY.mostMs) this.#times = 0;
    this.#times += 1;
    this.#proven = false;
    this.#pausedUntilMs = nowMs + waitAfter(this.#times, FUTILITY);
  }

  /**
   * The new credential was refused as well, or is the one just refused. Returns how long renewals stay paused the
   * first time that is learned of the latest renewal, in milliseconds.
   */
  futile(): number | undefined {
    if (this.#times === 0) this.started();
    if (this.#proven) return undefined;
    this.#proven = true;
    return Math.max(0, this.#pausedUntilMs - this.#clock.monotonic());
  }

  /** A replay has succeeded: renewal was the cure. */
  cured(): void {
    this.#times = 0;
    this.#pausedUntilMs = 0;
    this.#proven = false;
  }
}
