import type { Clock } from '../../payments-auth.clock.js';

/** Something that wants attention at a known time. */
export interface Renewable {
  /** Where it stands in the queue; -1 when it is not in it. Belongs to the queue, and nobody else writes it. */
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
  /** When each of them falls due. A list of nothing but numbers takes 8 bytes for one; a field of an object, 24. */
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

  /** Puts `renewable` in, `delayMs` from now; a time it had before no longer counts. */
  schedule(renewable: Renewable, delayMs: number): void {
    const firstBeforeMs = this.#dueAtMs[0] ?? Infinity;
    const dueAtMs = this.#now() + Math.max(0, delayMs);
    const at = renewable.renewalPosition < 0 ? this.#heap.length : renewable.renewalPosition;
    this.#settle(renewable, dueAtMs, at);
    if (dueAtMs < firstBeforeMs) this.#onEarlier?.();
  }

  /** Takes `renewable` out. */
  cancel(renewable: Renewable): void {
    const at = renewable.renewalPosition;
    if (at < 0) return;
    renewable.renewalPosition = -1;
    const last = this.#heap.pop() as Renewable;
    const lastDueAtMs = this.#dueAtMs.pop() as number;
    if (last !== renewable) this.#settle(last, lastDueAtMs, at);
  }

  /** How long until something falls due, in milliseconds; 0 when something is due now. */
  nextDueInMs(): number | undefined {
    const firstMs = this.#dueAtMs[0];
    return firstMs === undefined ? undefined : Math.max(0, firstMs - this.#now());
  }

  /** Calls whatever is due. Never throws. */
  runDue(): void {
    const nowMs = this.#now();
    while ((this.#dueAtMs[0] ?? Infinity) <= nowMs) {
      const first = this.#heap[0] as Renewable;
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

  /** Puts `renewable` where its time belongs, starting from `at`: everything else stands right. */
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

  /** Returns `from`, which is free now. */
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
