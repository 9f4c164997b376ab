/** What a {@link Clock} hands out for a timer, to have it cleared. */
export type TimerHandle = ReturnType<typeof setTimeout>;

/**
 * The time, as this library reads it. One object per application, replaceable in tests, so that a test can drive
 * expiry without waiting for it.
 */
export interface Clock {
  /** The wall clock, in milliseconds since the epoch. May jump. */
  now(): number;
  /** A clock that never goes backwards, in milliseconds. May stand still while the machine sleeps. */
  monotonic(): number;
  /** Keeps the process alive only with `keepAlive`: while somebody waits for what comes after. */
  setTimeout(callback: () => void, delayMs: number, keepAlive?: boolean): TimerHandle;
  /** Forgets a timer; one that has fired already is no matter. */
  clearTimeout(handle: TimerHandle): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs, keepAlive = false) => {
    const handle = setTimeout(callback, delayMs);
    if (!keepAlive) handle.unref();
    return handle;
  },
  clearTimeout: (handle) => clearTimeout(handle),
};
