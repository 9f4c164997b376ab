import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { CredentialRegistry } from '../credentials/credential.registry.js';
import type { Clock, TimerHandle } from '../payments-auth.clock.js';

/** The name of the timer in the application's `SchedulerRegistry`. */
export const REFRESH_TIMER = 'payments-auth:refresh';

/**
 * No single timer runs for longer. A timer stands still while the machine sleeps, so renewals that became due meanwhile
 * are found at most this much later. The value is far below 2^31 ms, above which `setTimeout` fires at once.
 */
const LONGEST_TIMER_MS = 60_000;

/**
 * Renews credentials before their end, with or without traffic. One timer serves any number of credentials. It is set
 * to the renewal that is due first (R17 to R19).
 *
 * Where the application has a `SchedulerRegistry`, it lists the timer from boot to shutdown, even before the first
 * credential is there. `ScheduleModule` is never imported here: its explorer would then run twice, and every
 * `@Interval` and `@Cron` of the application with it.
 */
export class CredentialScheduler
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #registry: CredentialRegistry;
  readonly #clock: Clock;
  readonly #timers: SchedulerRegistry | undefined;
  #timer: TimerHandle | undefined;
  #running = false;

  constructor(registry: CredentialRegistry, clock: Clock, timers: SchedulerRegistry | undefined) {
    this.#registry = registry;
    this.#clock = clock;
    this.#timers = timers;
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  /**
   * Gets the credentials that have to be kept warm, in the background. The start of the application does not wait for a
   * provider.
   */
  start(): void {
    this.#running = true;
    this.#registry.renewals.onEarlier(() => this.#arm());
    this.#registry.warm();
    this.#arm();
  }

  /** From here on, no credential is renewed before its end. The last requests still get their credential. */
  beforeApplicationShutdown(): void {
    this.#running = false;
    this.#disarm();
  }

  /** Ends everything that is pending. Tokens are not revoked, because other processes may be using them. */
  onApplicationShutdown(): void {
    this.#registry.close();
  }

  #arm(): void {
    this.#disarm();
    if (!this.#running) return;
    const dueInMs = this.#registry.renewals.nextDueInMs() ?? LONGEST_TIMER_MS;
    const timer = this.#clock.setTimeout(() => this.#tick(), Math.min(dueInMs, LONGEST_TIMER_MS));
    this.#timer = timer;
    if (this.#timers?.doesExist('timeout', REFRESH_TIMER) === false)
      this.#timers.addTimeout(REFRESH_TIMER, timer);
  }

  #tick(): void {
    this.#registry.renewals.runDue();
    this.#arm();
  }

  #disarm(): void {
    const timer = this.#timer;
    if (timer === undefined) return;
    this.#timer = undefined;
    this.#clock.clearTimeout(timer);
    // The scheduler of the application may have cleared the timer first, and other code may use its name by now.
    if (this.#timers?.doesExist('timeout', REFRESH_TIMER) && this.#timers.getTimeout(REFRESH_TIMER) === timer)
      this.#timers.deleteTimeout(REFRESH_TIMER);
  }
}
