import type { Clock } from '../../payments-auth.clock.js';

/**
 * What the questions of one call to the store may take together: a store that is slow costs a call no more than one
 * that hangs. The first question is bounded by the store itself.
 */
export class StoreBudget {
  readonly #clock: Clock;
  readonly #totalMs: number;
  #leftMs: number | undefined = undefined;

  constructor(clock: Clock, totalMs: number) {
    this.#clock = clock;
    this.#totalMs = totalMs;
  }

  /** How long the next answer is waited for, in milliseconds; `undefined` for the first. */
  get leftMs(): number | undefined {
    return this.#leftMs;
  }

  async spend<T>(asking: Promise<T>): Promise<T> {
    const startedAtMs = this.#clock.monotonic();
    try {
      return await asking;
    } finally {
      this.#leftMs = Math.max(0, (this.#leftMs ?? this.#totalMs) - (this.#clock.monotonic() - startedAtMs));
    }
  }

  /** Something else than the store has been waited for, and the time that the questions took passed with that. */
  renew(): void {
    this.#leftMs = undefined;
  }
}
