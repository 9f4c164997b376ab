import type { Clock } from '../payments-auth.clock.js';

/** Something that wants attention at a known time. Both fields belong to the queue, and nobody else writes them. */
export interface Renewable {
  /** When, on the queue's own time. */
  renewalAtMs: number;
  /** Where it stands in the queue; -1 when it is not in it. */
  renewalPosition: number;
  /** Called once when its time has come. Must not throw. */
  onRenewalDue(): void;
}

/** A forward step of the wall clock against the monotonic one that means: the machine slept. */
const SLEPT_MS = 500;

/**
 * Everything that falls due, of every provider and account, in one binary heap: one timer serves any number of
 * credentials, and a tick costs what is due and nothing else (R18).
 *
 * Its time is the monotonic clock plus whatever the wall clock has leapt ahead of it, so that renewals that fell due
 * while the machine slept are made up for on the first tick after it woke.
 */
export class RenewalQueue {
  readonly #clock: Clock;
  readonly #heap: Renewable[] = [];
  #leapMs = 0;
  #offsetMs: number;
  #onEarlier: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Puts `renewable` in, `delayMs` from now; a time it had before no longer counts. */
  schedule(renewable: Renewable, delayMs: number): void {
    const firstBeforeMs = this.#heap[0]?.renewalAtMs ?? Infinity;
    renewable.renewalAtMs = this.#now() + Math.max(0, delayMs);
    if (renewable.renewalPosition < 0) renewable.renewalPosition = this.#heap.push(renewable) - 1;
    this.#settle(renewable);
    if (renewable.renewalAtMs < firstBeforeMs) this.#onEarlier?.();
  }

  /** Takes `renewable` out. */
  cancel(renewable: Renewable): void {
    const at = renewable.renewalPosition;
    if (at < 0) return;
    renewable.renewalPosition = -1;
    const last = this.#heap.pop() as Renewable;
    if (last === renewable) return;
    this.#put(last, at);
    this.#settle(last);
  }

  /** How long until something falls due, in milliseconds; 0 when something is due now. */
  nextDueInMs(): number | undefined {
    const first = this.#heap[0];
    return first === undefined ? undefined : Math.max(0, first.renewalAtMs - this.#now());
  }

  /** Calls whatever is due. Never throws. */
  runDue(): void {
    const nowMs = this.#now();
    for (
      let first = this.#heap[0];
      first !== undefined && first.renewalAtMs <= nowMs;
      first = this.#heap[0]
    ) {
      this.cancel(first);
      first.onRenewalDue();
    }
  }

  /** `listener` is called when something falls due earlier than everything before it. One listener. */
  onEarlier(listener: () => void): void {
    this.#onEarlier = listener;
  }

  #now(): number {
    const monotonicMs = this.#clock.monotonic();
    const offsetMs = this.#clock.now() - monotonicMs;
    if (offsetMs - this.#offsetMs > SLEPT_MS) this.#leapMs += offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    return monotonicMs + this.#leapMs;
  }

  #put(renewable: Renewable, at: number): void {
    this.#heap[at] = renewable;
    renewable.renewalPosition = at;
  }

  /** Moves `renewable` up or down to where its time belongs. */
  #settle(renewable: Renewable): void {
    const heap = this.#heap;
    let at = renewable.renewalPosition;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Renewable;
      if (parent.renewalAtMs <= renewable.renewalAtMs) break;
      this.#put(parent, at);
      at = parentAt;
    }
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const child =
        right !== undefined && left !== undefined && right.renewalAtMs < left.renewalAtMs ? right : left;
      if (child === undefined || renewable.renewalAtMs <= child.renewalAtMs) break;
      const childAt = child.renewalPosition;
      this.#put(child, at);
      at = childAt;
    }
    this.#put(renewable, at);
  }
}
