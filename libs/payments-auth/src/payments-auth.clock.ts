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
  /** Never keeps the process alive. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => {
    const handle = setTimeout(callback, delayMs);
    handle.unref();
    return handle;
  },
  clearTimeout: (handle) => clearTimeout(handle),
};
