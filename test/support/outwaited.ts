import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';

/** What `promise` comes to while the clock moves past every pause, and sockets have their turns. */
export async function outwaited<T>(clock: ManualClock, promise: Promise<T>, mostMs = 120_000): Promise<T> {
  const call = { settled: false };
  const settle = () => {
    call.settled = true;
  };
  promise.then(settle, settle);
  for (let passedMs = 0; !call.settled && passedMs < mostMs; passedMs += 50) {
    for (let turn = 0; turn < 5 && !call.settled; turn += 1) await nextTurn();
    if (!call.settled) await clock.advance(50);
  }
  return promise;
}
