/** How many of the last logins tell how slow the slowest is (R7). */
const SLOWEST_OF = 8;
/** How many of the last successful ones tell how long one takes (R4). */
const MEDIAN_OF = 32;

/** How long the last few logins at an endpoint took. */
export class LoginDurations {
  readonly #recentMs: number[] = [];
  readonly #succeededMs: number[] = [];
  #recent = 0;
  #succeeded = 0;
  #medianMs: number | undefined;

  succeeded(durationMs: number): void {
    this.#add(durationMs);
    this.#succeededMs[this.#succeeded] = durationMs;
    this.#succeeded = (this.#succeeded + 1) % MEDIAN_OF;
    const sorted = this.#succeededMs.toSorted((a, b) => a - b);
    this.#medianMs = sorted[sorted.length >> 1];
  }

  /** A login without an answer tells how slow the endpoint is as well as a success does. */
  timedOut(durationMs: number): void {
    this.#add(durationMs);
  }

  /** To know how early a renewal has to start. */
  get slowestMs(): number {
    return this.#recentMs.reduce((slowest, each) => Math.max(slowest, each), 0);
  }

  /** How long a login takes that succeeds; `undefined` before the first. */
  get medianMs(): number | undefined {
    return this.#medianMs;
  }

  #add(durationMs: number): void {
    this.#recentMs[this.#recent] = durationMs;
    this.#recent = (this.#recent + 1) % SLOWEST_OF;
  }
}
