import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { type CredentialStatus, type PaymentsAuthEvent, PaymentsAuthService } from '../index.js';
import type { StatusPageTotals } from './status-page-snapshot.js';
import { PIECE_MS, Timeline } from './timeline.js';

/** Of so many credentials a timeline is kept: those of which something was heard last. */
const MOST_TIMELINES = 500;
/** Looking at every credential takes at most this part of the time. */
const MOST_OF_THE_TIME = 0.01;

/** Writes down what happens to the credentials of this process, for the page. Bounded, however many there are. */
@Injectable()
export class StatusRecorder implements OnModuleInit, OnApplicationShutdown {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #timelines = new Map<string, Timeline>();
  readonly startedAtMs = Date.now();
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #total = noTotals();
  #seen = noTotals();

  constructor(@Inject(PaymentsAuthService) paymentsAuth: PaymentsAuthService) {
    this.#paymentsAuth = paymentsAuth;
  }

  onModuleInit(): void {
    this.#subscription = this.#paymentsAuth.events$.subscribe((event) => this.#hear(event));
    this.#lookLater(PIECE_MS);
  }

  onApplicationShutdown(): void {
    this.#subscription?.unsubscribe();
    clearTimeout(this.#timer);
  }

  /** Every credential, with its timeline where there is one. */
  look(): readonly { status: CredentialStatus; timeline: Timeline | undefined }[] {
    const nowMs = Date.now();
    const all = this.#paymentsAuth.status();
    const seen = noTotals();
    const looked = all.map((status) => {
      const { counters } = status;
      seen.calls += counters.calls;
      seen.failed += counters.failedCalls;
      seen.sentAgain += counters.replays;
      seen.logins += counters.tokenRequests;
      seen.failedLogins += counters.tokenFailures;
      const isUsed = counters.calls > 0 || counters.tokenRequests > 0;
      const timeline = isUsed ? this.#timelineOf(keyOf(status), nowMs) : undefined;
      timeline?.look(status, nowMs);
      return { status, timeline };
    });
    // Merchants that were let go of take their counts with them: what was counted stays counted.
    for (const name of Object.keys(seen) as (keyof StatusPageTotals)[])
      this.#total[name] += Math.max(0, seen[name] - this.#seen[name]);
    this.#seen = seen;
    return looked;
  }

  /** Since the application was started. */
  get totals(): StatusPageTotals {
    return { ...this.#total };
  }

  #hear(event: PaymentsAuthEvent): void {
    this.#timelineOf(keyOf(event), event.atMs, true).heard(event);
  }

  /** @param isNews whether it is one of the last of which something was heard */
  #timelineOf(key: string, nowMs: number, isNews?: true): Timeline;
  #timelineOf(key: string, nowMs: number): Timeline | undefined;
  #timelineOf(key: string, nowMs: number, isNews?: true): Timeline | undefined {
    let timeline = this.#timelines.get(key);
    if (timeline === undefined) {
      if (isNews !== true && this.#timelines.size >= MOST_TIMELINES) return undefined;
      timeline = new Timeline(nowMs);
    } else if (isNews === true) this.#timelines.delete(key);
    else return timeline;
    this.#timelines.set(key, timeline);
    const [oldest] = this.#timelines.keys();
    if (this.#timelines.size > MOST_TIMELINES) this.#timelines.delete(oldest as string);
    return timeline;
  }

  #lookLater(inMs: number): void {
    this.#timer = setTimeout(() => {
      const startedAtMs = performance.now();
      this.look();
      const tookMs = performance.now() - startedAtMs;
      this.#lookLater(Math.max(PIECE_MS, tookMs / MOST_OF_THE_TIME));
    }, inMs);
    this.#timer.unref();
  }
}

/** The same for a status and for the events of what it is about. */
export function keyOf({
  provider,
  account,
  scopes = [],
}: Pick<CredentialStatus, 'provider' | 'account'> & { readonly scopes?: readonly string[] }): string {
  return JSON.stringify([provider, account ?? null, scopes]);
}

function noTotals(): StatusPageTotals {
  return { calls: 0, failed: 0, sentAgain: 0, logins: 0, failedLogins: 0 };
}
