import type { AxiosAdapter, AxiosResponse, CancelToken, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { AwaitedLogin } from '../credentials/credential-spender.js';
import type { Clock } from '../payments-auth.clock.js';
import { setHidden } from '../scrubbing.js';
import { deadline } from '../within.js';
import { type CallEnds, Ending } from './call-ends.js';
import { nameAwaited } from './named-credential.js';

/** The end of a call's own time. */
export class CallDeadline {
  readonly #config: InternalAxiosRequestConfig;
  readonly #clock: Clock;
  /** When the call began, on the monotonic clock. */
  readonly startedAtMs: number;

  constructor(config: InternalAxiosRequestConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.startedAtMs = clock.monotonic();
  }

  /** What is left of the call's `timeout`, in milliseconds; `undefined` where it has none. */
  get remainingMs(): number | undefined {
    const atMs = this.#atMs;
    return atMs === Infinity ? undefined : Math.max(0, atMs - this.#clock.monotonic());
  }

  /** On the monotonic clock; `Infinity` where the call has no timeout. */
  get #atMs(): number {
    const timeoutMs = Number(this.#config.timeout);
    // Axios itself answers for a timeout that is not a number.
    return timeoutMs > 0 ? this.startedAtMs + timeoutMs : Infinity;
  }

  /** In the words axios uses. */
  get timeoutMessage(): string {
    return this.#config.timeoutErrorMessage || `timeout of ${this.#config.timeout}ms exceeded`;
  }

  /**
   * Waits as long as the call itself would: its `timeout`, `signal` and `cancelToken` end the wait, and with it nothing
   * but the wait (R3).
   *
   * @param awaits what is waited for: said in the error of a timeout, with the last failure as its cause, and named on that
   *   of a cancellation
   * @throws AxiosError what axios throws at a timeout or a cancellation
   */
  bound<T>(promise: Promise<T>, awaits?: () => AwaitedLogin | undefined): Promise<T> {
    const config = this.#config;
    const { signal, cancelToken } = config as typeof config & { cancelToken?: SubscribableToken };
    return new Promise<T>((resolve, reject) => {
      const remainingMs = this.remainingMs;
      const callOff =
        remainingMs === undefined
          ? undefined
          : deadline(this.#clock, remainingMs, () => end(reject, this.#timeoutError(awaits?.())), true);
      const onAbort = () => {
        const error = new applicationAxios.CanceledError(undefined, config);
        const awaited = awaits?.();
        if (awaited !== undefined) nameAwaited(error, awaited);
        end(reject, error);
      };
      // The reason is one object for all calls that share the token: it names no credential.
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

  /**
   * As {@link bound}, but `undefined` when the call's time runs out.
   *
   * @param onCancelled called before a cancellation is thrown
   */
  async boundOrNone<T>(promise: Promise<T>, onCancelled: () => void): Promise<T | undefined> {
    try {
      return await this.bound(promise);
    } catch (error) {
      if (!applicationAxios.isCancel(error)) return undefined;
      onCancelled();
      throw error;
    }
  }

  /**
   * Runs an adapter until the call's time is over, whatever the adapter does: axios's own `timeout` ends neither a body
   * that drips, nor an answer 101, nor a request on an HTTP/2 session that is gone. The connection is freed.
   *
   * @throws AxiosError what axios throws at a timeout
   */
  carry(adapter: AxiosAdapter, attempt: InternalAxiosRequestConfig, ends: CallEnds): Promise<AxiosResponse> {
    const atMs = this.#atMs;
    if (atMs === Infinity) return adapter(attempt);
    const token = new CallEnd(attempt.cancelToken);
    attempt.cancelToken = token as unknown as CancelToken;
    return new Promise((resolve, reject) => {
      const ending = new Ending(atMs, () => {
        reject(this.#timeoutError());
        // Another one: an adapter writes its config into what it is given, credential included.
        token.announce(this.#timeoutError());
      });
      ends.add(ending);
      const settle =
        <V>(by: (value: V) => void) =>
        (value: V) => {
          ends.remove(ending);
          token.forget();
          by(value);
        };
      try {
        // An adapter of the application's may return its answer as it is.
        Promise.resolve(adapter(attempt)).then(settle(resolve), settle(reject));
      } catch (error) {
        settle(reject)(error);
      }
    });
  }

  #timeoutError(awaited?: AwaitedLogin): Error {
    const { AxiosError } = applicationAxios;
    const code = this.#config.transitional?.clarifyTimeoutError
      ? AxiosError.ETIMEDOUT
      : AxiosError.ECONNABORTED;
    if (awaited === undefined) return new AxiosError(this.timeoutMessage, code, this.#config);
    const error = new AxiosError(`${this.timeoutMessage}, ${awaited.words}`, code, this.#config);
    nameAwaited(error, awaited);
    if (awaited.cause !== undefined) setHidden(error, 'cause', awaited.cause);
    return error;
  }
}

/** Has these two methods, though axios's types do not say so. */
interface SubscribableToken {
  readonly promise: Promise<unknown>;
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}

type Ended = (reason: unknown) => void;

/** What axios's adapters ask of a `cancelToken`, at a fraction of what an `AbortController` costs each call. */
class CallEnd {
  reason: unknown = undefined;
  readonly #callers: CancelToken | undefined;
  readonly #listeners: Ended[] = [];

  /** @param callers the caller's own, which goes on counting */
  constructor(callers: CancelToken | undefined) {
    this.#callers = callers;
    (callers as SubscribableToken | undefined)?.subscribe(this.announce);
  }

  /** Resolves when the call is over before it has ended. */
  get promise(): Promise<unknown> {
    return new Promise((resolve) => this.subscribe(resolve));
  }

  readonly announce = (reason: unknown): void => {
    if (this.reason !== undefined) return;
    this.reason = reason;
    for (const listener of this.#listeners) listener(reason);
  };

  forget(): void {
    (this.#callers as SubscribableToken | undefined)?.unsubscribe(this.announce);
  }

  subscribe(listener: Ended): void {
    if (this.reason === undefined) this.#listeners.push(listener);
    else listener(this.reason);
  }

  unsubscribe(listener: Ended): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  throwIfRequested(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  toAbortSignal(): AbortSignal & { unsubscribe?: () => void } {
    const controller = new AbortController();
    const abort: Ended = (reason) => controller.abort(reason);
    this.subscribe(abort);
    return Object.assign(controller.signal, { unsubscribe: () => this.unsubscribe(abort) });
  }
}
