/** The handle of a timer, with which a {@link Clock} clears it. */
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
  /** The timer keeps the process alive only with `keepAlive`, which is set while a call waits for it. */
  setTimeout(callback: () => void, delayMs: number, keepAlive?: boolean): TimerHandle;
  /** Clears a timer. Does nothing when the timer has fired already. */
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
