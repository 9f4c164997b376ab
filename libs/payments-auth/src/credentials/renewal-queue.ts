import type { Clock } from '../payments-auth.clock.js';

/** Something that wants attention at a known time. */
export interface Renewable {
  /** When, on the queue's own time; `undefined` for never. Only the queue writes it. */
  renewalAtMs: number | undefined;
  /** Called once when that time has come. Must not throw. */
  onRenewalDue(): void;
}

interface Entry {
  readonly atMs: number;
  readonly renewable: Renewable;
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
  readonly #heap: Entry[] = [];
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
    const atMs = this.#now() + Math.max(0, delayMs);
    const firstBefore = this.#first()?.atMs;
    renewable.renewalAtMs = atMs;
    this.#push({ atMs, renewable });
    if (firstBefore === undefined || atMs < firstBefore) this.#onEarlier?.();
  }

  /** Takes `renewable` out; its entry in the heap goes when its time comes. */
  cancel(renewable: Renewable): void {
    renewable.renewalAtMs = undefined;
  }

  /** How long until something falls due, in milliseconds; 0 when something is due now. */
  nextDueInMs(): number | undefined {
    const first = this.#first();
    return first === undefined ? undefined : Math.max(0, first.atMs - this.#now());
  }

  /** Calls whatever is due. Never throws. */
  runDue(): void {
    const nowMs = this.#now();
    for (let first = this.#first(); first !== undefined && first.atMs <= nowMs; first = this.#first()) {
      this.#pop();
      first.renewable.renewalAtMs = undefined;
      first.renewable.onRenewalDue();
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

  /** The first entry that still counts; those that were rescheduled or cancelled are thrown away on the way. */
  #first(): Entry | undefined {
    let first = this.#heap[0];
    while (first !== undefined && first.renewable.renewalAtMs !== first.atMs) {
      this.#pop();
      first = this.#heap[0];
    }
    return first;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Entry;
      if (parent.atMs <= entry.atMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      if (childAt + 1 < heap.length && (heap[childAt + 1] as Entry).atMs < (heap[childAt] as Entry).atMs)
        childAt += 1;
      const child = heap[childAt] as Entry;
      if (last.atMs <= child.atMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
