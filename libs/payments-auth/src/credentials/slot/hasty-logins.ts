/** So many at once, for those who log in by hand. */
const AT_ONCE = 5;
const ONE_MORE_EVERY_MS = 1_000;
/** A token that is younger has been of no use yet. */
export const HASTY_WITHIN_MS = 1_000;

/**
 * Logins that take the place of a token younger than a second, though no refusal asks for one: `refresh()`, `revoke()` and
 * `rotate()` in a loop. Five at once, and then one a second.
 */
export class HastyLogins {
  /** A token was dropped that young, and the next login takes its place. */
  isDue = false;
  #left = AT_ONCE;
  #atMs: number;

  /** @param nowMs on the monotonic clock */
  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Counts one. @returns how long it waits, in milliseconds */
  waitMs(nowMs: number): number {
    this.#left = Math.min(AT_ONCE, this.#left + (nowMs - this.#atMs) / ONE_MORE_EVERY_MS) - 1;
    this.#atMs = nowMs;
    return Math.max(0, -this.#left * ONE_MORE_EVERY_MS);
  }
}
