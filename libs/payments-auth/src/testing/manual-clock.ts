import type { Clock, TimerHandle } from '../payments-auth.clock.js';

interface Timer {
  readonly id: number;
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until a test moves it, so that a test sees a token expire without a wait. Sockets run in
 * real time. The clock drives only the decisions of this library.
 */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();

  constructor(startMs: number = Date.now()) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const id = this.#nextId++;
    this.#timers.set(id, { id, atMs: this.#monotonicMs + Math.max(0, delayMs), callback });
    return id as unknown as TimerHandle;
  }

  clearTimeout(handle: TimerHandle): void {
    this.#timers.delete(handle as unknown as number);
  }

  /** The number of waiting timers. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves both clocks on by `ms`, and runs every timer that is due in that time, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    for (let next = this.#firstDue(untilMs); next !== undefined; next = this.#firstDue(untilMs)) {
      this.#timers.delete(next.id);
      this.#move(Math.max(0, next.atMs - this.#monotonicMs));
      next.callback();
      await settle();
    }
    this.#move(untilMs - this.#monotonicMs);
    await settle();
  }

  /** Moves the wall clock alone, as a correction of the system time does. No timer runs. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #move(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  #firstDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }
}

/** Lets the code after resolved promises run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
