import { setMaxListeners } from 'node:events';
import type { Clock } from './payments-auth.clock.js';

type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>;

/**
 * Calls `onEnd` when `ms` milliseconds are over.
 *
 * In a process that was busy, the timer is due before the sockets are read, although an answer may have arrived in
 * time. So the poll phase of the event loop runs once before the deadline counts.
 *
 * @param keepAlive whether a call waits for it: only then does the timer keep the process alive
 * @returns a function that cancels it
 */
export function deadline(clock: Timers, ms: number, onEnd: () => void, keepAlive: boolean): () => void {
  let lastTurn: NodeJS.Immediate | undefined;
  const timer = clock.setTimeout(
    () => {
      lastTurn = setImmediate(onEnd);
    },
    ms,
    keepAlive,
  );
  return () => {
    clock.clearTimeout(timer);
    clearImmediate(lastTurn);
  };
}

/**
 * The result of `promise`, if it settles within `ms` milliseconds; otherwise the result or the error of `tooLate`.
 * The promise itself goes on, and the caller has to handle its rejection.
 */
export function within<T, L>(
  clock: Timers,
  ms: number,
  promise: Promise<T>,
  tooLate: () => L,
): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const callOff = deadline(
      clock,
      ms,
      () => {
        try {
          resolve(tooLate());
        } catch (error) {
          reject(error);
        }
      },
      true,
    );
    promise.finally(callOff).then(resolve, reject);
  });
}

/**
 * Any number of calls may wait for its signal. Each of them removes its listener again, so the many listeners are no
 * leak.
 */
export function abortsMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(Infinity, controller.signal);
  return controller;
}

/**
 * Waits `ms` milliseconds on `clock`, or until `signal` ends the wait. Resolves in both cases.
 *
 * @param awaited whether a call waits for it: only then does the timer keep the process alive
 */
export function pause(clock: Timers, ms: number, signal: AbortSignal, awaited: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const handle = clock.setTimeout(end, ms, awaited);
    signal.addEventListener('abort', end, { once: true });
    function end(): void {
      clock.clearTimeout(handle);
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}

/** Waits until all promises have settled. Then rejects with the error of the first one that failed. */
export async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
