import { setTimeout as wait } from 'node:timers/promises';

/** Counts the outcomes of calls, and the longest time without a success. */
export class Load {
  calls = 0;
  failed = 0;
  longestWaitMs = 0;
  #lastSuccessAtMs = performance.now();
  #longestGapMs = 0;

  /** Never throws: a failed call is counted. Resolves to the error of a failed call. */
  async call(send) {
    this.calls += 1;
    const startedAtMs = performance.now();
    try {
      await send();
      const nowMs = performance.now();
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastSuccessAtMs);
      this.#lastSuccessAtMs = nowMs;
      this.longestWaitMs = Math.max(this.longestWaitMs, nowMs - startedAtMs);
      return undefined;
    } catch (error) {
      this.failed += 1;
      return error;
    }
  }

  /** The longest time without a success, also when it has not ended yet. */
  get longestGapMs() {
    return Math.round(Math.max(this.#longestGapMs, performance.now() - this.#lastSuccessAtMs));
  }
}

/** Runs `step` every `everyMs` for `durationMs`, and does not wait for the steps to end. */
export async function paced(everyMs, durationMs, step) {
  const endAtMs = performance.now() + durationMs;
  for (let turn = 0; performance.now() < endAtMs; turn += 1) {
    step(turn);
    await wait(everyMs);
  }
}

/** Does not wait longer for calls that have not ended by then, because some clients wait for a login without a limit. */
export async function settled(promises, withinMs) {
  let ended = 0;
  const all = Promise.allSettled(promises.map((each) => each.finally(() => (ended += 1))));
  await Promise.race([all, wait(withinMs, undefined, { ref: false })]);
  return promises.length - ended;
}
