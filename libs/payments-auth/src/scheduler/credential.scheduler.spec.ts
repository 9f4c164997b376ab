import { describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { CredentialRegistry } from '../credentials/credential.registry.js';
import { type Renewable, RenewalQueue } from '../credentials/renewing/renewal-queue.js';
import type { TimerHandle } from '../payments-auth.clock.js';
import { ManualClock } from '../testing/manual-clock.js';
import { CredentialScheduler, REFRESH_TIMER } from './credential.scheduler.js';

/** A clock that records the length of each timer. */
class NotingClock extends ManualClock {
  readonly delaysMs: number[] = [];

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    this.delaysMs.push(delayMs);
    return super.setTimeout(callback, delayMs);
  }
}

function setUp(timers?: SchedulerRegistry) {
  const clock = new NotingClock(Date.UTC(2026, 0, 1));
  const renewals = new RenewalQueue(clock);
  const done: string[] = [];
  const registry = {
    renewals,
    warm: () => done.push('warm'),
    close: () => done.push('close'),
  } as unknown as CredentialRegistry;
  /** Something that is renewed every `everyMs`. */
  const recurring = (name: string, everyMs: number) => {
    const renewable: Renewable = {
      renewalPosition: -1,
      onRenewalDue: () => {
        done.push(name);
        renewals.schedule(renewable, everyMs);
      },
    };
    renewals.schedule(renewable, everyMs);
  };
  return { clock, renewals, done, recurring, scheduler: new CredentialScheduler(registry, clock, timers) };
}

describe('CredentialScheduler', () => {
  it('fetches tokens at bootstrap, and renews whatever falls due with one timer', async () => {
    const { clock, done, recurring, scheduler } = setUp();
    scheduler.onApplicationBootstrap();
    expect(done).toEqual(['warm']);
    recurring('slow', 5_000);
    recurring('quick', 2_000);
    for (let count = 0; count < 100; count += 1) recurring('never', 10_000_000);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(6_500);
    expect(done).toEqual(['warm', 'quick', 'quick', 'slow', 'quick']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('is listed from boot on, also while nothing is due', async () => {
    const timers = new SchedulerRegistry();
    const { clock, scheduler } = setUp(timers);
    scheduler.onApplicationBootstrap();
    expect(timers.getTimeouts()).toEqual([REFRESH_TIMER]);
    await clock.advance(3_600_000);
    expect(timers.getTimeouts()).toEqual([REFRESH_TIMER]);
    expect(clock.pendingTimers).toBe(1);
    scheduler.beforeApplicationShutdown();
    expect(timers.getTimeouts()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never sets a timer for longer than a minute, however far away the next renewal is', async () => {
    const { clock, done, recurring, scheduler } = setUp();
    recurring('yearly', 365 * 24 * 3_600_000);
    scheduler.onApplicationBootstrap();
    await clock.advance(3_600_000);
    expect(Math.max(...clock.delaysMs)).toBe(60_000);
    expect(done).toEqual(['warm']);
  });

  it('renews what fell due while the machine slept within a minute after it wakes', async () => {
    const { clock, done, recurring, scheduler } = setUp();
    recurring('hourly', 3_600_000);
    scheduler.onApplicationBootstrap();
    clock.jump(8 * 3_600_000);
    await clock.advance(60_000);
    expect(done).toEqual(['warm', 'hourly']);
  });

  it('lists its timer in the SchedulerRegistry of the application', async () => {
    const timers = new SchedulerRegistry();
    const { clock, recurring, scheduler } = setUp(timers);
    scheduler.onApplicationBootstrap();
    recurring('quick', 2_000);
    expect(timers.getTimeouts()).toEqual([REFRESH_TIMER]);
    const first: unknown = timers.getTimeout(REFRESH_TIMER);
    await clock.advance(2_000);
    expect(timers.getTimeouts()).toEqual([REFRESH_TIMER]);
    expect(timers.getTimeout(REFRESH_TIMER)).not.toBe(first);
  });

  it('stops before shutdown, also when the application has cleared its timers first', async () => {
    const timers = new SchedulerRegistry();
    const { clock, done, recurring, scheduler } = setUp(timers);
    scheduler.onApplicationBootstrap();
    recurring('quick', 2_000);
    timers.deleteTimeout(REFRESH_TIMER);
    scheduler.beforeApplicationShutdown();
    expect(clock.pendingTimers).toBe(0);
    recurring('late', 1_000);
    await clock.advance(10_000);
    expect(done).toEqual(['warm']);
    scheduler.onApplicationShutdown();
    expect(done).toEqual(['warm', 'close']);
  });

  it('does not remove a timer that the application has registered under its name', () => {
    const timers = new SchedulerRegistry();
    const { recurring, scheduler } = setUp(timers);
    timers.addTimeout(REFRESH_TIMER, 'theirs');
    scheduler.onApplicationBootstrap();
    recurring('quick', 2_000);
    scheduler.beforeApplicationShutdown();
    expect(timers.getTimeout(REFRESH_TIMER)).toBe('theirs');
  });

  it('can be shut down without ever having been started', () => {
    const { done, scheduler } = setUp(new SchedulerRegistry());
    scheduler.beforeApplicationShutdown();
    scheduler.onApplicationShutdown();
    expect(done).toEqual(['close']);
  });
});
