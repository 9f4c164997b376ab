import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { Clock } from '../payments-auth.clock.js';
import { deadline } from '../within.js';

/** The end of a call's own time. */
export class CallDeadline {
  readonly #config: InternalAxiosRequestConfig;
  readonly #clock: Clock;
  readonly #startedAtMs: number;

  constructor(config: InternalAxiosRequestConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
  }

  /** What is left of the call's `timeout`, in milliseconds; `undefined` where it has none. */
  get remainingMs(): number | undefined {
    const timeoutMs = Number(this.#config.timeout);
    // Axios itself answers for a timeout that is not a number.
    if (!(timeoutMs > 0)) return undefined;
    return Math.max(0, timeoutMs - (this.#clock.monotonic() - this.#startedAtMs));
  }

  /** In the words axios uses. */
  get timeoutMessage(): string {
    return this.#config.timeoutErrorMessage || `timeout of ${this.#config.timeout}ms exceeded`;
  }

  /**
   * Waits as long as the call itself would: its `timeout`, `signal` and `cancelToken` end the wait, and with it nothing
   * but the wait (R3).
   *
   * @throws AxiosError what axios throws at a timeout or a cancellation
   */
  bound<T>(promise: Promise<T>): Promise<T> {
    const config = this.#config;
    const { signal, cancelToken } = config as typeof config & { cancelToken?: SubscribableToken };
    return new Promise<T>((resolve, reject) => {
      const remainingMs = this.remainingMs;
      const callOff =
        remainingMs === undefined
          ? undefined
          : deadline(this.#clock, remainingMs, () => end(reject, this.#timeoutError()), true);
      const onAbort = () => end(reject, new applicationAxios.CanceledError(undefined, config));
      const onCancel = (reason: unknown) => end(reject, reason);
      function end<V>(settle: (value: V) => void, value: V): void {
        cleanUp();
        settle(value);
      }
      const cleanUp = () => {
        callOff?.();
        signal?.removeEventListener?.('abort', onAbort);
        cancelToken?.unsubscribe(onCancel);
      };
      promise.then(
        (value) => end(resolve, value),
        (error: unknown) => end(reject, error),
      );
      if (signal?.aborted) return onAbort();
      signal?.addEventListener?.('abort', onAbort);
      cancelToken?.subscribe(onCancel);
    });
  }

  #timeoutError(): Error {
    const { AxiosError } = applicationAxios;
    const code = this.#config.transitional?.clarifyTimeoutError
      ? AxiosError.ETIMEDOUT
      : AxiosError.ECONNABORTED;
    return new AxiosError(this.timeoutMessage, code, this.#config);
  }
}

/** Has these two methods, though axios's types do not say so. */
interface SubscribableToken {
  readonly promise: Promise<unknown>;
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}
