import type { Clock } from '../../payments-auth.clock.js';

/** Something that is due at a known time. */
export interface Renewable {
  /** The position in the queue; -1 when it is not in the queue. Only the queue writes this field. */
  renewalPosition: number;
  /** Called once when it is due. Must not throw. */
  onRenewalDue(): void;
}

/** When the wall clock runs ahead of the monotonic clock by this much, the machine has slept. */
const SLEPT_MS = 500;

/**
 * Everything that becomes due, of every provider and account, in one binary heap. One timer serves any number of
 * credentials, and a tick only handles what is due (R18).
 *
 * The time of the queue is the monotonic clock plus the steps by which the wall clock has run ahead of it. So renewals
 * that became due while the machine slept run on the first tick after it wakes up.
 */
export class RenewalQueue {
  readonly #clock: Clock;
  readonly #heap: Renewable[] = [];
  /** When each of them is due. A list of numbers takes 8 bytes for each; a field of an object takes 24. */
  readonly #dueAtMs: number[] = [];
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

  /** Puts `renewable` into the queue, due in `delayMs`. An earlier time of it no longer counts. */
  schedule(renewable: Renewable, delayMs: number): void {
    const firstBeforeMs = this.#dueAtMs[0] ?? Infinity;
    const dueAtMs = this.#now() + Math.max(0, delayMs);
    const at = renewable.renewalPosition < 0 ? this.#heap.length : renewable.renewalPosition;
    this.#settle(renewable, dueAtMs, at);
    if (dueAtMs < firstBeforeMs) this.#onEarlier?.();
  }

  /** Takes `renewable` out of the queue. */
  cancel(renewable: Renewable): void {
    const at = renewable.renewalPosition;
    if (at < 0) return;
    renewable.renewalPosition = -1;
    const last = this.#heap.pop() as Renewable;
    const lastDueAtMs = this.#dueAtMs.pop() as number;
    if (last !== renewable) this.#settle(last, lastDueAtMs, at);
  }

  /** How long until something is due, in milliseconds; 0 when something is due now. */
  nextDueInMs(): number | undefined {
    const firstMs = this.#dueAtMs[0];
    return firstMs === undefined ? undefined : Math.max(0, firstMs - this.#now());
  }

  /** Calls everything that is due. Never throws. */
  runDue(): void {
    const nowMs = this.#now();
    while ((this.#dueAtMs[0] ?? Infinity) <= nowMs) {
      const first = this.#heap[0] as Renewable;
      this.cancel(first);
      first.onRenewalDue();
    }
  }

  /** `listener` is called when something new is due before everything else in the queue. There is one listener. */
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

  /** Moves `renewable` to its place in the heap, starting at position `at`. Everything else is in its place already. */
  #settle(renewable: Renewable, dueAtMs: number, at: number): void {
    let place = at;
    while (place > 0 && this.#timeAt((place - 1) >> 1) > dueAtMs) place = this.#move((place - 1) >> 1, place);
    for (
      let child = this.#earlierChild(place);
      this.#timeAt(child) < dueAtMs;
      child = this.#earlierChild(place)
    )
      place = this.#move(child, place);
    this.#put(renewable, dueAtMs, place);
  }

  #earlierChild(at: number): number {
    const left = 2 * at + 1;
    return this.#timeAt(left + 1) < this.#timeAt(left) ? left + 1 : left;
  }

  #timeAt(at: number): number {
    return at < this.#dueAtMs.length ? (this.#dueAtMs[at] as number) : Infinity;
  }

  /** Moves the entry at `from` to `to`. Returns `from`, which is free now. */
  #move(from: number, to: number): number {
    this.#put(this.#heap[from] as Renewable, this.#dueAtMs[from] as number, to);
    return from;
  }

  #put(renewable: Renewable, dueAtMs: number, at: number): void {
    this.#heap[at] = renewable;
    this.#dueAtMs[at] = dueAtMs;
    renewable.renewalPosition = at;
  }
}
