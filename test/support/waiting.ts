import { setImmediate as nextTurn } from 'node:timers/promises';

/** A bound for what never happens. Nothing is decided by how long it takes. */
const NEVER_MS = 40_000;

/** Waits until what happens in the background has happened. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + NEVER_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`this never came true: ${condition.toString()}`);
    await nextTurn();
  }
}

/** Lets requests that are under way on loopback sockets arrive, and whatever would follow them happen. */
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

/** A response or an error, whichever it is. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

/** Far less than anything that the library decides by the clock. */
const STEP_MS = 50;
/** Longer than anything that a call can wait for. */
const MOST_MS = 5 * 60_000;

/**
 * What `promise` comes to while the clock moves past every pause. Sockets have their time: between two steps of the clock,
 * answers that are there arrive.
 *
 * @param isBusy whether an answer is on its way that is likely to come by itself, and so has more time
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
