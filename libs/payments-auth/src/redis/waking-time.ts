import type { Clock, TimerHandle } from '../payments-auth.clock.js';

/** A duration is counted in this many parts. A connection that is ready for commands needs four turns of the event loop. */
const PARTS = 10;

/** The handle of the running part, by the handle that was given out. */
const running = new WeakMap<object, NodeJS.Timeout>();

/**
 * Timers of the real clock, by which Redis runs too. They hardly count the time in which this process was held up, by
 * work of its own or by a busy machine: Redis may have answered long ago then. So a process that has just been started,
 * and is loading its code, does not take its own delay for that of Redis.
 */
export const wakingTime: Pick<Clock, 'setTimeout' | 'clearTimeout'> = {
  setTimeout(onEnd, ms) {
    const handle = {};
    const count = (left: number): void => {
      running.set(
        handle,
        setTimeout(() => (left === 1 ? onEnd() : count(left - 1)), ms / PARTS),
      );
    };
    count(PARTS);
    return handle as unknown as TimerHandle;
  },
  clearTimeout: (handle) => clearTimeout(running.get(handle)),
};
