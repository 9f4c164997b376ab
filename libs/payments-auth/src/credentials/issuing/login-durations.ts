const REMEMBERED = 8;

/** How long the last few logins of a provider took, to know how early the next has to start (R7). */
export class LoginDurations {
  readonly #recentMs: number[] = [];
  #next = 0;

  add(durationMs: number): void {
    this.#recentMs[this.#next] = durationMs;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  get slowestMs(): number {
    return this.#recentMs.reduce((slowest, each) => Math.max(slowest, each), 0);
  }
}
