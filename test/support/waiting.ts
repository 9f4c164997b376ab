import { setImmediate as nextTurn } from 'node:timers/promises';

/** The longest wait for a condition that never becomes true. No test depends on how long a wait takes. */
const NEVER_MS = 40_000;

/** Waits until work in the background has made the condition true. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + NEVER_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`this never came true: ${condition.toString()}`);
    await nextTurn();
  }
}

/** Waits until requests that are under way on loopback sockets have arrived, and their consequences are over. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
}

/** The error that `promise` rejects with. @throws when it does not */
export async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as Error & Record<string, unknown>,
  );
}

/** The response, or the error, of a promise. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

/** A step of the clock that is far shorter than every time limit of the library. */
const STEP_MS = 50;
/** A time that is longer than every wait of a call. */
const MOST_MS = 5 * 60_000;

/**
 * The result of `promise`, while the clock moves past every pause. Between two steps of the clock, answers that have reached
 * the sockets are read.
 *
 * @param isBusy whether an answer is on its way that will come by itself. The clock then waits longer for it
 */
export async function outwaited<T>(
  clock: { advance(ms: number): Promise<void> },
  promise: Promise<T>,
  isBusy: () => boolean = () => false,
): Promise<T> {
  const call = { settled: false };
  const settle = () => {
    call.settled = true;
  };
  promise.then(settle, settle);
  for (let passedMs = 0; !call.settled && passedMs < MOST_MS; passedMs += STEP_MS) {
    for (let turn = 0; !call.settled && turn < (isBusy() ? 12 : 4); turn += 1) await nextTurn();
    if (!call.settled) await clock.advance(STEP_MS);
  }
  return promise;
}
