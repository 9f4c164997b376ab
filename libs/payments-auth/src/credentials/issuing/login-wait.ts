import type { Clock, TimerHandle } from '../../payments-auth.clock.js';
import { deadline } from '../../within.js';

/** A wait that has lasted this many milliseconds is long. */
export const LONG_MS = 3_000;

/**
 * Who waits for a login, and until when. Nobody waits for a renewal ahead of its time; from the moment in which a caller
 * joins it, it is a caller's (R4).
 *
 * When the wait ends, a request that was sent goes on, and no new one is begun (R3).
 */
export class LoginWait {
  readonly #clock: Clock;
  /** How long one waits, in milliseconds. */
  readonly forMs: number;
  #isAwaited: boolean;
  #isFixed = false;
  #isSettled = false;
  #over = new AbortController();
  #untilMs = 0;
  #callOff: (() => void) | undefined;
  #onJoined: (() => void) | undefined;
  #telling: TimerHandle | undefined;

  /** @param forMs how long one waits, in milliseconds */
  constructor(clock: Clock, forMs: number, isAwaited: boolean) {
    this.#clock = clock;
    this.forMs = forMs;
    this.#isAwaited = isAwaited;
    this.#untilMs = clock.monotonic() + forMs;
    this.#watch();
  }

  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** What is left of it, in milliseconds. */
  get leftMs(): number {
    return this.#untilMs - this.#clock.monotonic();
  }

  /** Aborted when the wait is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** A caller waits from now on, as long as a caller does. */
  join(): void {
    const isFirst = !this.#isAwaited;
    this.#isAwaited = true;
    if (this.#over.signal.aborted) this.#over = new AbortController();
    if (isFirst || !this.#isFixed) this.#untilMs = this.#clock.monotonic() + this.forMs;
    if (!isFirst) return;
    this.#watch();
    this.#onJoined?.();
  }

  /** An attempt has failed: others are made until the wait is over, and callers who join now do not prolong it. */
  fix(): void {
    this.#isFixed = true;
  }

  /** `listener` is called when a caller joins. One listener; `undefined` for none. */
  onJoined(listener: (() => void) | undefined): void {
    this.#onJoined = listener;
  }

  /** `tell` is called once, as soon as it has lasted long and somebody waits. */
  tellWhenLong(tell: () => void): void {
    const look = () => (this.#isAwaited ? tell() : this.tellWhenLong(tell));
    this.#telling = this.#clock.setTimeout(look, LONG_MS);
  }

  /** Nobody waits any more. */
  end(): void {
    this.#callOff?.();
    this.#over.abort();
  }

  /** The login has ended. */
  settle(): void {
    this.#isSettled = true;
    if (this.#telling !== undefined) this.#clock.clearTimeout(this.#telling);
    this.#callOff?.();
  }

  /**
   * What `promise` comes to; `undefined` when the wait is over before. What ends because the wait is over has one turn to say
   * so itself, because its error names the cause.
   */
  whileItLasts<T>(promise: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#over;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined);
      const onOver = () => setImmediate(resolve, undefined);
      signal.addEventListener('abort', onOver, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onOver));
    });
  }

  #watch(): void {
    this.#callOff?.();
    // A caller can join in the very step in which the login ends: a timer would then keep the process alive.
    if (this.#isSettled) return;
    const over = () => {
      if (this.leftMs > 0) this.#watch();
      else this.end();
    };
    this.#callOff = deadline(this.#clock, this.leftMs, over, this.#isAwaited);
  }
}
