/** Something that can be renewed ahead of its end. */
export interface Renewer {
  /** Renews, if that is still wanted. Never rejects. */
  renewNow(): Promise<void>;
}

/**
 * Lets few renewals of a provider run at once; the others wait in the order they came, each at the cost of a place in
 * a set. So ten thousand accounts that fall due together become a stream of logins and not a storm, and what a caller
 * waits for never stands behind them.
 */
export class RenewalGate {
  readonly #atOnce: number;
  readonly #waiting = new Set<Renewer>();
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  admit(renewer: Renewer): void {
    if (this.#running < this.#atOnce) void this.#run(renewer);
    else this.#waiting.add(renewer);
  }

  /** It is not wanted any more. */
  withdraw(renewer: Renewer): void {
    this.#waiting.delete(renewer);
  }

  async #run(renewer: Renewer): Promise<void> {
    this.#running += 1;
    try {
      await renewer.renewNow();
    } finally {
      this.#running -= 1;
      const [next] = this.#waiting;
      if (next !== undefined) {
        this.#waiting.delete(next);
        void this.#run(next);
      }
    }
  }
}
