import { setMaxListeners } from 'node:events';
import type { Clock } from './payments-auth.clock.js';

type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>;

/**
 * Calls `onEnd` when `ms` milliseconds are over.
 *
 * A process that was busy finds the timer due before it has looked at its sockets, and the answer that lies there is in
 * time. So the poll phase of the event loop gets one turn before the deadline counts.
 *
 * @param keepAlive whether somebody waits behind it: only then does it keep the process alive
 * @returns calls it off
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
 * What `promise` comes to, if it does so within `ms` milliseconds; else what `tooLate` returns or throws. The promise
 * goes on by itself: the caller has to handle its rejection.
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

/** Any number of calls may wait for its signal, and each takes its listener away again: that is no leak to warn of. */
export function abortsMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(Infinity, controller.signal);
  return controller;
}

/**
 * Waits `ms` milliseconds on `clock`, or until `signal` ends the wait. Resolves in both cases.
 *
 * @param awaited whether a caller waits behind it: only then does it keep the process alive
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

/** Waits for every one of them, however the others end. Rejects as the first of them that failed. */
export async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
