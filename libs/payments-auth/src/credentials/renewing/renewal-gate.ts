import type { Clock } from '../../payments-auth.clock.js';
import { deadline } from '../../within.js';

/** Something that can be renewed ahead of its end. */
export interface Renewer {
  /** Renews the credential, if that is still needed. Never rejects. */
  renewNow(): Promise<void>;
}

/**
 * Lets few renewals of a provider run at once. The others wait, and a waiting renewal costs only an entry in a set. So
 * the renewals of ten thousand accounts that are due together run one after the other, and no login that a caller waits
 * for is behind them.
 *
 * Credentials that calls have used come first: the next call would have to wait for them. Perhaps no call ever needs
 * the others. A renewal that takes long no longer counts, and the next one starts.
 */
export class RenewalGate {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #slowAfterMs: () => number;
  readonly #used = new Set<Renewer>();
  readonly #unused = new Set<Renewer>();
  #running = 0;

  /** @param slowAfterMs after how many milliseconds a renewal takes long */
  constructor(clock: Clock, atOnce: number, slowAfterMs: () => number) {
    this.#clock = clock;
    this.#atOnce = atOnce;
    this.#slowAfterMs = slowAfterMs;
  }

  /** How many renewals wait. */
  get waiting(): number {
    return this.#used.size + this.#unused.size;
  }

  /** @param isUsed whether a call has used the credential since it was obtained */
  admit(renewer: Renewer, isUsed: boolean): void {
    if (this.#running < this.#atOnce) this.#run(renewer);
    else if (!isUsed && !this.#used.has(renewer)) this.#unused.add(renewer);
    else if (isUsed) {
      this.#unused.delete(renewer);
      this.#used.add(renewer);
    }
  }

  /** The renewal is not needed any more. */
  withdraw(renewer: Renewer): void {
    this.#used.delete(renewer);
    this.#unused.delete(renewer);
  }

  #run(renewer: Renewer): void {
    this.#running += 1;
    let hasPlace = true;
    const leave = () => {
      if (!hasPlace) return;
      hasPlace = false;
      this.#running -= 1;
      const [used] = this.#used;
      const [unused] = this.#unused;
      const next = used ?? unused;
      if (next === undefined) return;
      this.withdraw(next);
      this.#run(next);
    };
    const callOff = deadline(this.#clock, this.#slowAfterMs(), leave, false);
    void renewer.renewNow().finally(() => {
      callOff();
      leave();
    });
  }
}
