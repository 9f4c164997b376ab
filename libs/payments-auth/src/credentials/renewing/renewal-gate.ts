import type { Clock } from '../../payments-auth.clock.js';
import { deadline } from '../../within.js';

/** Something that can be renewed ahead of its end. */
export interface Renewer {
  /** Renews, if that is still wanted. Never rejects. */
  renewNow(): Promise<void>;
}

/**
 * Lets few renewals of a provider run at once; the others wait, each at the cost of a place in a set. So ten thousand
 * accounts that fall due together become a stream of logins and not a storm, and what a caller waits for never stands
 * behind them.
 *
 * What calls have used since it was obtained goes before what nobody has asked for since: a call would wait for the one, and
 * perhaps nobody ever asks for the other. A renewal that takes long lets the next one in.
 */
export class RenewalGate {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #slowAfterMs: () => number;
  readonly #used = new Set<Renewer>();
  readonly #unused = new Set<Renewer>();
  #running = 0;

  /** @param slowAfterMs what counts as long, in milliseconds */
  constructor(clock: Clock, atOnce: number, slowAfterMs: () => number) {
    this.#clock = clock;
    this.#atOnce = atOnce;
    this.#slowAfterMs = slowAfterMs;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#used.size + this.#unused.size;
  }

  /** @param isUsed whether a call has used what is to be renewed */
  admit(renewer: Renewer, isUsed: boolean): void {
    if (this.#running < this.#atOnce) this.#run(renewer);
    else if (!isUsed && !this.#used.has(renewer)) this.#unused.add(renewer);
    else if (isUsed) {
      this.#unused.delete(renewer);
      this.#used.add(renewer);
    }
  }

  /** It is not wanted any more. */
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
