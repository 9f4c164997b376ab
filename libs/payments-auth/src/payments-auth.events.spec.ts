import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { filter, map } from 'rxjs';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';
import { PaymentsAuthEvents } from './payments-auth.events.js';

const event = (provider: string): PaymentsAuthEvent => ({
  type: 'credential-revoked',
  provider,
  credential: '0a1b2c3d',
  atMs: 1,
});

/** Waits for everything that a microtask, a timer of 0 ms or a rejected promise can still cause. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('PaymentsAuthEvents', () => {
  const reported: string[] = [];
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);

  beforeEach(() => {
    reported.length = 0;
    uncaught.length = 0;
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => {
      reported.push(String(message));
    });
    process.on('uncaughtException', note);
    process.on('unhandledRejection', note);
  });

  afterEach(() => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
    jest.restoreAllMocks();
  });

  it('reach every listener in order, and no listener can disturb the code that emits them', async () => {
    const events = new PaymentsAuthEvents();
    const heard: string[] = [];
    events.events$.subscribe(({ provider }) => heard.push(provider));
    events.emit(event('one'));
    events.emit(event('two'));
    expect(heard).toEqual([]);
    await Promise.resolve();
    expect(heard).toEqual(['one', 'two']);
  });

  it.each([
    [
      'throws',
      (events: PaymentsAuthEvents) =>
        events.events$.subscribe(() => {
          throw new Error('listener');
        }),
    ],
    [
      'throws in an observer',
      (events: PaymentsAuthEvents) =>
        events.events$.subscribe({
          next: () => {
            throw new Error('listener');
          },
        }),
    ],
    [
      'rejects',
      (events: PaymentsAuthEvents) =>
        // oxlint-disable-next-line typescript/no-misused-promises -- the test shows that it does no harm
        events.events$.subscribe(async () => {
          throw new Error('listener');
        }),
    ],
    [
      'throws behind operators',
      (events: PaymentsAuthEvents) =>
        events.events$.pipe(filter(() => true)).subscribe(() => {
          throw new Error('listener');
        }),
    ],
    [
      'has an operator that throws',
      (events: PaymentsAuthEvents) =>
        events.events$
          .pipe(
            map(() => {
              throw new Error('listener');
            }),
          )
          .subscribe(),
    ],
  ])(
    'a listener that %s is reported, and harms neither the process nor the next listener',
    async (_, listen) => {
      const events = new PaymentsAuthEvents();
      const heard: string[] = [];
      listen(events);
      events.events$.subscribe(({ provider }) => heard.push(provider));
      events.emit(event('one'));
      await settled();
      events.emit(event('two'));
      await settled();
      expect(heard).toEqual(['one', 'two']);
      expect(reported[0]).toMatch(/^A listener of events\$ failed: Error: listener/);
      expect(uncaught).toEqual([]);
    },
  );

  it('can be unsubscribed from, and complete when the application ends', async () => {
    const events = new PaymentsAuthEvents();
    const heard: string[] = [];
    const subscription = events.events$.subscribe(({ provider }) => heard.push(provider));
    events.events$.subscribe({ complete: () => heard.push('complete') });
    events.emit(event('one'));
    await settled();
    subscription.unsubscribe();
    events.emit(event('two'));
    events.complete();
    events.emit(event('three'));
    await settled();
    expect(heard).toEqual(['one', 'complete']);
  });
});
