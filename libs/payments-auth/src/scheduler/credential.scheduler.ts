import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { CredentialRegistry } from '../credentials/credential.registry.js';
import type { Clock, TimerHandle } from '../payments-auth.clock.js';

/** What the application's `SchedulerRegistry` lists the timer as. */
export const REFRESH_TIMER = 'payments-auth:refresh';

/**
 * No single timer runs for longer: a timer stands still while the machine sleeps, so this is how soon after waking up
 * the renewals that it slept through are noticed. Far below 2^31 ms, beyond which `setTimeout` fires at once.
 */
const LONGEST_TIMER_MS = 60_000;

/**
 * Renews ahead of expiry, with or without traffic. One timer serves any number of credentials, and is set to the
 * renewal that is due first (R17 to R19).
 *
 * The timer is listed in the application's `SchedulerRegistry` where there is one, from boot to shutdown, also before
 * the first credential is there. `ScheduleModule` is never imported here: its explorer would then run twice, and
 * every `@Interval` and `@Cron` of the application with it.
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

  /** Fetches in the background what is to be kept warm: the application does not wait for a provider to start. */
  start(): void {
    this.#running = true;
    this.#registry.renewals.onEarlier(() => this.#arm());
    this.#registry.warm();
    this.#arm();
  }

  /** From here on nothing is renewed ahead of its end. The last requests still get their credential. */
  beforeApplicationShutdown(): void {
    this.#running = false;
    this.#disarm();
  }

  /** Ends what is pending. Tokens are not revoked: other processes may be using them. */
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
    // The application's orchestrator may have cleared it first, and its name may be somebody else's by now.
    if (this.#timers?.doesExist('timeout', REFRESH_TIMER) && this.#timers.getTimeout(REFRESH_TIMER) === timer)
      this.#timers.deleteTimeout(REFRESH_TIMER);
  }
}
