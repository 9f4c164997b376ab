import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../testing/manual-clock.js';
import { LoginWait } from './login-wait.js';

describe('the wait for a login', () => {
  it('leaves no timer when its login has ended, also when a caller joins at the same moment', () => {
    const clock = new ManualClock();
    const wait = new LoginWait(clock, 60_000, false);
    expect(clock.pendingTimers).toBe(1);
    wait.settle();
    expect(clock.pendingTimers).toBe(0);
    wait.join();
    expect(clock.pendingTimers).toBe(0);
  });

  it('lasts a full wait for a caller who joins before the end', () => {
    const clock = new ManualClock();
    const wait = new LoginWait(clock, 60_000, false);
    wait.join();
    expect(wait.isAwaited).toBe(true);
    expect(clock.pendingTimers).toBe(1);
    wait.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
