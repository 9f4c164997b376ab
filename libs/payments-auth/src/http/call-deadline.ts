import type { AxiosAdapter, AxiosResponse, CancelToken, InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { AwaitedLogin } from '../credentials/credential-spender.js';
import type { Clock } from '../payments-auth.clock.js';
import { setHidden } from '../scrubbing.js';
import { deadline } from '../within.js';
import { type CallEnds, Ending } from './call-ends.js';
import { nameAwaited } from './named-credential.js';

/** Ends the waits and the attempts of a call when its `timeout` is over. */
export class CallDeadline {
  readonly #config: InternalAxiosRequestConfig;
  readonly #clock: Clock;
  /** When the call began, on the monotonic clock, in milliseconds. */
  readonly startedAtMs: number;

  constructor(config: InternalAxiosRequestConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.startedAtMs = clock.monotonic();
  }

  /** The part of the call's `timeout` that is left, in milliseconds; `undefined` where the call has none. */
  get remainingMs(): number | undefined {
    const atMs = this.#atMs;
    return atMs === Infinity ? undefined : Math.max(0, atMs - this.#clock.monotonic());
  }

  /** On the monotonic clock; `Infinity` where the call has no timeout. */
  get #atMs(): number {
    const timeoutMs = Number(this.#config.timeout);
    // A timeout that is not a number is left to axios, which ends the call with an error.
    return timeoutMs > 0 ? this.startedAtMs + timeoutMs : Infinity;
  }

  /** The message of a timeout, in axios's words. */
  get timeoutMessage(): string {
    return this.#config.timeoutErrorMessage || `timeout of ${this.#config.timeout}ms exceeded`;
  }

  /**
   * Waits as long as the call itself would. The `timeout`, `signal` and `cancelToken` of the call end the wait, and
   * nothing but the wait (R3).
   *
   * @param awaits what the call waits for. The error of a timeout says it, and has the last failure as its cause. The
   *   error of an aborted `signal` names the credential and the host.
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
      // The reason is one object for all calls that share the token, so no credential is named on it.
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
   * Like {@link bound}, but resolves to `undefined` when the call's time runs out or the promise fails.
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
        // The adapter gets an error of its own, because it writes its config, with the credential, into that error.
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
        // An adapter of the application may return its answer without a promise.
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

/** axios's `CancelToken`, with two methods that its types leave out. */
interface SubscribableToken {
  readonly promise: Promise<unknown>;
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}

type Ended = (reason: unknown) => void;

/** The parts of a `cancelToken` that axios's adapters use. It costs each call a fraction of an `AbortController`. */
class CallEnd {
  reason: unknown = undefined;
  readonly #callers: CancelToken | undefined;
  readonly #listeners: Ended[] = [];

  /** @param callers the caller's own token, which can still cancel the call */
  constructor(callers: CancelToken | undefined) {
    this.#callers = callers;
    (callers as SubscribableToken | undefined)?.subscribe(this.announce);
  }

  /** Resolves when the call is cancelled, or its time is over. */
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
