import type { Clock } from '../../payments-auth.clock.js';

/**
 * Waits `ms` milliseconds on `clock`, or until `signal` ends the wait. Resolves in both cases.
 *
 * @param awaited whether a caller waits behind it: only then does it keep the process alive
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal, awaited: boolean): Promise<void> {
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
