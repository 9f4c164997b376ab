import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { keyOf, type PaymentAction } from '../payments/payment-action.js';
import type { Tally } from './tally.js';

/** Makes calls with every provider until it is stopped. Every second call is a payment. */
export class Traffic {
  #stopped = false;
  #callers: Promise<void>[] = [];

  constructor(
    private readonly actions: readonly PaymentAction[],
    private readonly tally: Tally,
  ) {}

  /** @param callersEach callers per provider, each of which waits `pauseMs` between two calls */
  start(callersEach: number, pauseMs: number): void {
    this.#stopped = false;
    this.#callers = this.actions.flatMap((action) =>
      Array.from({ length: callersEach }, () => this.#keepCalling(action, pauseMs)),
    );
  }

  /** Ends when the last call has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #keepCalling(action: PaymentAction, pauseMs: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      if (turn % 2 === 0) await this.tally.call(keyOf(action), 'payment', action.pay(`demo-${randomUUID()}`));
      else await this.tally.call(keyOf(action), 'reading', action.read());
      await wait(pauseMs);
    }
  }
}
