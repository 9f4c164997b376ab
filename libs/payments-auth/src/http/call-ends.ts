import type { Clock, TimerHandle } from '../payments-auth.clock.js';

/** A call that ends at its deadline. */
export class Ending {
  /** On the monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly end: () => void;
  /** The calls before and after this one in the list of calls under way. */
  previous: Ending = this;
  next: Ending = this;

  constructor(atMs: number, end: () => void) {
    this.atMs = atMs;
    this.end = end;
  }
}

/**
 * The deadlines of all calls of a provider share one timer. Nearly every call ends long before its deadline, and a
 * timer for each call would cost more than all other work for that call. The timer is set for the earliest deadline,
 * and is left as it is when that call ends before. When it fires, it is set for the earliest deadline that is left.
 *
 * In a process that was busy, the timer is due before the sockets are read, although an answer may have arrived in
 * time. So the poll phase of the event loop runs once before a deadline counts.
 */
export class CallEnds {
  readonly #clock: Clock;
  /** The start of the ring of calls under way: it stands before the first call and after the last. */
  readonly #ring = new Ending(Infinity, () => undefined);
  #timer: TimerHandle | undefined = undefined;
  #timerAtMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(ending: Ending): void {
    const ring = this.#ring;
    const last = ring.previous;
    ending.previous = last;
    ending.next = ring;
    last.next = ending;
    ring.previous = ending;
    if (ending.atMs < this.#timerAtMs) this.#setTimer(ending.atMs);
    // A call waits for this timer, so the process stays alive until the timer fires.
    else if (last === ring) this.#timer?.ref?.();
  }

  remove(ending: Ending): void {
    const { previous, next } = ending;
    previous.next = next;
    next.previous = previous;
    ending.previous = ending;
    ending.next = ending;
    if (next === previous && next === this.#ring) this.#timer?.unref?.();
  }

  #setTimer(atMs: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.setTimeout(() => this.#onTimer(), atMs - this.#clock.monotonic(), true);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const nowMs = this.#clock.monotonic();
    const due: Ending[] = [];
    let nextMs = Infinity;
    for (let each = this.#ring.next; each !== this.#ring; each = each.next)
      if (each.atMs <= nowMs) due.push(each);
      else nextMs = Math.min(nextMs, each.atMs);
    if (nextMs < Infinity) this.#setTimer(nextMs);
    if (due.length > 0)
      setImmediate(() => {
        // A call that has ended meanwhile is in no list.
        for (const each of due) if (each.next !== each) this.#end(each);
      });
  }

  #end(ending: Ending): void {
    this.remove(ending);
    ending.end();
  }
}
