import type { Clock, TimerHandle } from '../../payments-auth.clock.js';
import { deadline } from '../../within.js';

/** A wait that has lasted this many milliseconds is long. */
export const LONG_MS = 3_000;

/**
 * The wait of callers for a login. No caller waits for a background renewal. Once a caller joins it, it counts as the
 * login of a caller (R4).
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

  /** @param forMs how long a caller waits, in milliseconds */
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

  /** What is left of the wait, in milliseconds. */
  get leftMs(): number {
    return this.#untilMs - this.#clock.monotonic();
  }

  /** Aborted when the wait is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** A caller waits from now on. The wait is as long as that of any caller. */
  join(): void {
    const isFirst = !this.#isAwaited;
    this.#isAwaited = true;
    if (this.#over.signal.aborted) this.#over = new AbortController();
    if (isFirst || !this.#isFixed) this.#untilMs = this.#clock.monotonic() + this.forMs;
    if (!isFirst) return;
    this.#watch();
    this.#onJoined?.();
  }

  /**
   * An attempt has failed. Others are made until the wait is over. Callers who join now do not make the wait longer.
   */
  fix(): void {
    this.#isFixed = true;
  }

  /** `listener` is called when a caller joins. One listener; `undefined` for none. */
  onJoined(listener: (() => void) | undefined): void {
    this.#onJoined = listener;
  }

  /** `tell` is called once, as soon as a caller has waited long. */
  tellWhenLong(tell: () => void): void {
    const look = () => (this.#isAwaited ? tell() : this.tellWhenLong(tell));
    this.#telling = this.#clock.setTimeout(look, LONG_MS);
  }

  /** No caller waits any more. */
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
   * The result of `promise`; `undefined` when the wait is over before. A promise that ends because the wait is over
   * gets one more turn of the event loop, because its own error names the cause.
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
    // A caller can join at the moment at which the login ends. A timer would then keep the process alive.
    if (this.#isSettled) return;
    const over = () => {
      if (this.leftMs > 0) this.#watch();
      else this.end();
    };
    this.#callOff = deadline(this.#clock, this.leftMs, over, this.#isAwaited);
  }
}
