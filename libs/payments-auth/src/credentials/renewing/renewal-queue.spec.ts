import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { type Renewable, RenewalQueue } from './renewal-queue.js';
import { fc } from '../../../../../test/support/chances.js';

class Item implements Renewable {
  dueAtMs = 0;
  renewalPosition = -1;
  readonly #ran: Item[];

  constructor(
    readonly name: number,
    ran: Item[],
  ) {
    this.#ran = ran;
  }

  onRenewalDue(): void {
    this.#ran.push(this);
  }
}

/** Expects that exactly these entries ran, each once, in the order of their times. */
function expectRan(ran: readonly Item[], due: readonly number[]): void {
  expect(new Set(ran.map(({ name }) => name))).toEqual(new Set(due));
  expect(ran).toHaveLength(due.length);
  const times = ran.map(({ dueAtMs }) => dueAtMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}

describe('the renewal queue', () => {
  it('calls each entry that is due once, in order, at the time it was last scheduled for', async () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('schedule' as const), item: fc.nat(9), delayMs: fc.nat(1_000) }),
      fc.record({ what: fc.constant('cancel' as const), item: fc.nat(9), delayMs: fc.constant(0) }),
      fc.record({ what: fc.constant('advance' as const), item: fc.constant(0), delayMs: fc.nat(500) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const queue = new RenewalQueue(clock);
        const ran: Item[] = [];
        const items = Array.from({ length: 10 }, (_, name) => new Item(name, ran));
        const model = new Map<number, number>();
        for (const { what, item, delayMs } of steps) {
          if (what === 'schedule') {
            const scheduled = items[item] as Item;
            queue.schedule(scheduled, delayMs);
            scheduled.dueAtMs = clock.monotonic() + delayMs;
            model.set(item, scheduled.dueAtMs);
          } else if (what === 'cancel') {
            queue.cancel(items[item] as Item);
            model.delete(item);
          } else {
            await clock.advance(delayMs);
            ran.length = 0;
            queue.runDue();
            const due = [...model].filter(([, atMs]) => atMs <= clock.monotonic());
            expectRan(
              ran,
              due.map(([name]) => name),
            );
            for (const [name] of due) model.delete(name);
          }
          expect(queue.size).toBe(model.size);
          const nextAtMs = Math.min(...model.values());
          expect(queue.nextDueInMs() ?? Infinity).toBe(Math.max(0, nextAtMs - clock.monotonic()));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('holds each entry once, however often it is scheduled again', () => {
    const queue = new RenewalQueue(new ManualClock());
    const item = new Item(0, []);
    for (let times = 0; times < 1_000; times += 1) queue.schedule(item, 1_000 - times);
    expect(queue.size).toBe(1);
  });

  it('calls what fell due while the machine slept', () => {
    const clock = new ManualClock();
    const queue = new RenewalQueue(clock);
    const ran: Item[] = [];
    queue.schedule(new Item(0, ran), 3_600_000);
    clock.jump(7_200_000);
    queue.runDue();
    expect(ran).toHaveLength(1);
  });

  it('is not held up by a wall clock that is set back', async () => {
    const clock = new ManualClock();
    const queue = new RenewalQueue(clock);
    const ran: Item[] = [];
    queue.schedule(new Item(0, ran), 1_000);
    clock.jump(-86_400_000);
    await clock.advance(1_000);
    queue.runDue();
    expect(ran).toHaveLength(1);
  });

  it('says when something falls due earlier than everything before it', () => {
    const queue = new RenewalQueue(new ManualClock());
    let earlier = 0;
    queue.onEarlier(() => (earlier += 1));
    const [first, second, third] = [new Item(0, []), new Item(1, []), new Item(2, [])];
    queue.schedule(first, 1_000);
    queue.schedule(second, 2_000);
    queue.schedule(third, 500);
    expect(earlier).toBe(2);
  });
});
