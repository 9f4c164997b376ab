import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/manual-clock.js';
import { CallEnds, Ending } from './call-ends.js';

describe('the deadlines of the calls of a provider', () => {
  let clock: ManualClock;
  let ends: CallEnds;
  let ended: string[];
  const add = (name: string, inMs: number): Ending => {
    const ending = new Ending(clock.monotonic() + inMs, () =>
      ended.push(`${name} at ${clock.monotonic() - startMs}`),
    );
    ends.add(ending);
    return ending;
  };
  let startMs: number;

  beforeEach(() => {
    clock = new ManualClock();
    ends = new CallEnds(clock);
    ended = [];
    startMs = clock.monotonic();
  });

  it('share one timer, however many there are', () => {
    const all = Array.from({ length: 1_000 }, (_, at) => add(`call ${at}`, 30_000));
    expect(clock.pendingTimers).toBe(1);
    for (const each of all) ends.remove(each);
    expect(clock.pendingTimers).toBe(1);
  });

  it('end each call at its own time, in whatever order they came', async () => {
    add('long', 3_000);
    add('short', 1_000);
    add('middle', 2_000);
    await clock.advance(5_000);
    expect(ended).toEqual(['short at 1000', 'middle at 2000', 'long at 3000']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('end no call that has its answer, and go on for the others', async () => {
    const first = add('first', 1_000);
    add('second', 1_000);
    const third = add('third', 2_000);
    ends.remove(first);
    await clock.advance(1_500);
    ends.remove(third);
    add('fourth', 1_000);
    await clock.advance(5_000);
    expect(ended).toEqual(['second at 1000', 'fourth at 2500']);
  });

  it('give a call its answer when the answer lies in the socket at the deadline', async () => {
    const ending = add('call', 1_000);
    // The event loop gets one more turn before the deadline counts. The answer is read in this turn.
    setImmediate(() => ends.remove(ending));
    await clock.advance(1_000);
    expect(ended).toEqual([]);
  });

  it('allow that a call is removed twice, or while others end', async () => {
    const first = add('first', 1_000);
    ends.remove(first);
    ends.remove(first);
    const second = add('second', 1_000);
    const third = new Ending(clock.monotonic() + 1_000, () => ends.remove(second));
    ends.remove(second);
    ends.add(third);
    ends.add(second);
    await clock.advance(1_000);
    expect(ended).toEqual([]);
  });

  it('keep the process alive while a call is under way, and no longer', () => {
    const handle = { isRef: true };
    const timers = {
      now: () => 0,
      monotonic: () => 0,
      setTimeout: () =>
        ({
          ref: () => (handle.isRef = true),
          unref: () => (handle.isRef = false),
        }) as unknown as NodeJS.Timeout,
      clearTimeout: () => undefined,
    };
    const some = new CallEnds(timers);
    const one = new Ending(10, () => undefined);
    some.add(one);
    expect(handle.isRef).toBe(true);
    some.remove(one);
    expect(handle.isRef).toBe(false);
    const other = new Ending(20, () => undefined);
    some.add(other);
    expect(handle.isRef).toBe(true);
  });
});
