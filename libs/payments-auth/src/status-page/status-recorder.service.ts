import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { type CredentialStatus, type PaymentsAuthEvent, PaymentsAuthService } from '../index.js';
import { ownCopy } from '../own-properties.js';
import type { StoreLost, StatusPageTotals, WebhookTrouble } from './status-page-snapshot.js';
import { PIECE_MS, Timeline, WINDOW_MS } from './timeline.js';
import { type Trouble, troubleOf, WORST_FIRST } from './trouble.js';

/** How many timelines are kept: those of the credentials with the newest events. */
const MOST_TIMELINES = 500;
/** Looking at every credential takes at most this part of the time. */
const MOST_OF_THE_TIME = 0.01;
/** The time of one credential in a look, at most. A look that took longer was interrupted by other work of the machine. */
const MOST_A_CREDENTIAL_MS = 0.02;
/** A request waits for the next look where that is at most this far away. Otherwise it gets the last look. */
const PATIENCE_MS = 1_000;
/** The period over which calls a second are counted. */
const RATE_MS = 10_000;

/** One credential at the time of a look. */
export interface Seen {
  readonly key: string;
  readonly status: CredentialStatus;
  readonly timeline: Timeline | undefined;
  readonly trouble: Trouble | undefined;
}

/** Every credential that there was, those that are worst off first. */
export interface Look {
  readonly atMs: number;
  readonly seen: readonly Seen[];
  readonly totals: StatusPageTotals;
  readonly callsPerSecond: number;
  readonly storeLost: StoreLost | undefined;
  readonly webhookTroubles: readonly WebhookTrouble[];
}

/** Writes down what happens to the credentials of this process, for the page. Bounded, however many there are. */
@Injectable()
export class StatusRecorder implements OnModuleInit, OnApplicationShutdown {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #timelines = new Map<string, Timeline>();
  readonly startedAtMs = Date.now();
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** A timeline was dropped: one that is made from now on does not know what was counted before. */
  #hasDropped = false;
  #last: Look | undefined;
  #next: Promise<Look> | undefined;
  /** By `performance.now()`. */
  #mayLookAtMs = 0;
  #storeLost: StoreLost | undefined;
  /** The newest of each provider. */
  readonly #webhookTroubles = new Map<string, WebhookTrouble>();
  #samples: { readonly atMs: number; readonly calls: number }[] = [];

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

  /**
   * The current state, read once for all requests at the same time. Of up to 500 credentials it is as new as the question; of
   * many thousands it may be some seconds old, because looking costs.
   */
  async look(): Promise<Look> {
    const waitMs = this.#mayLookAtMs - performance.now();
    if (waitMs <= 0) return this.#look();
    if (this.#last !== undefined && waitMs > PATIENCE_MS) return this.#last;
    this.#next ??= new Promise<Look>((resolve) => setTimeout(() => resolve(this.#look()), waitMs));
    return this.#next;
  }

  /** Keeps a timeline of this credential from now on, because a page shows it. */
  follow({ status, timeline }: Seen, nowMs: number): Timeline | undefined {
    if (timeline !== undefined || !isUsed(status)) return timeline;
    const made = this.#timelineOf(timelineKeyOf(status), nowMs, true);
    made.look(status, nowMs);
    return made;
  }

  #look(): Look {
    this.#next = undefined;
    const startedAtMs = performance.now();
    const atMs = Date.now();
    const all = this.#paymentsAuth.status().map(ownCopy);
    const providers = new Map<string, number>();
    const ranked = all.map((status) => {
      const key = keyOf(status);
      const timeline = isUsed(status) ? this.#timelineOf(timelineKeyOf(status), atMs) : undefined;
      timeline?.look(status, atMs);
      const trouble = troubleOf(status, timeline, atMs);
      if (!providers.has(status.provider)) providers.set(status.provider, providers.size);
      return { key, status, timeline, trouble, rank: rankOf(trouble, status) };
    });
    const place = ({ status }: Seen) => providers.get(status.provider) ?? 0;
    ranked.sort(
      (a, b) =>
        a.rank - b.rank || ofMerchant(a) - ofMerchant(b) || place(a) - place(b) || (a.key < b.key ? -1 : 1),
    );
    const totals = this.#totals();
    this.#last = {
      atMs,
      seen: ranked,
      totals,
      callsPerSecond: this.#rateOf(totals.calls, startedAtMs),
      storeLost: this.#storeLost,
      webhookTroubles: [...this.#webhookTroubles.values()].filter((each) => each.atMs > atMs - WINDOW_MS),
    };
    const tookMs = performance.now() - startedAtMs;
    const costMs = Math.min(tookMs, all.length * MOST_A_CREDENTIAL_MS);
    this.#mayLookAtMs = startedAtMs + costMs / MOST_OF_THE_TIME;
    return this.#last;
  }

  /** Since the application was started, of every credential there ever was. */
  #totals(): StatusPageTotals {
    const { calls, failedCalls, replays, tokenRequests, tokenFailures } = this.#paymentsAuth.totals();
    return {
      calls,
      failed: failedCalls,
      sentAgain: replays,
      logins: tokenRequests,
      failedLogins: tokenFailures,
    };
  }

  #rateOf(calls: number, atMs: number): number {
    const samples = this.#samples;
    samples.push({ atMs, calls });
    // The last sample that is older than ten seconds stays: the ten seconds are counted from it.
    while ((samples[1]?.atMs ?? Infinity) <= atMs - RATE_MS) samples.shift();
    // Frequent looks take no more memory.
    if (samples.length > 100) samples.splice(1, 50);
    const [first] = samples;
    const forMs = atMs - (first?.atMs ?? atMs);
    return forMs <= 0 ? 0 : ((calls - (first?.calls ?? calls)) / forMs) * 1_000;
  }

  #hear(emitted: PaymentsAuthEvent): void {
    const event = ownCopy(emitted);
    if (event.type === 'store-lost') this.#storeLost ??= { sinceMs: event.atMs, reason: event.reason };
    if (event.type === 'store-back') this.#storeLost = undefined;
    if (event.type === 'webhook-keys-unavailable' || event.type === 'webhook-keys-outdated') {
      const { provider, reason } = event;
      const kind = event.type === 'webhook-keys-outdated' ? 'outdated' : 'unavailable';
      this.#webhookTroubles.set(provider, { provider, kind, atMs: Date.now(), reason });
    }
    // There is no such credential, and names that come from outside would push out those there are.
    if (event.type === 'call-unsent' && event.code === 'ACCOUNT_UNKNOWN') return;
    const isFirst = 'reason' in event && event.reason === 'first';
    this.#timelineOf(timelineKeyOf(event), event.atMs, true, isFirst).heard(event);
  }

  /** @param isNews an event of the credential has just come @param isNew nothing of it was counted before */
  #timelineOf(key: string, nowMs: number, isNews: true, isNew?: boolean): Timeline;
  #timelineOf(key: string, nowMs: number): Timeline | undefined;
  #timelineOf(key: string, nowMs: number, isNews?: true, isNew = false): Timeline | undefined {
    let timeline = this.#timelines.get(key);
    if (timeline === undefined) {
      if (isNews !== true && this.#timelines.size >= MOST_TIMELINES) return undefined;
      timeline = new Timeline(nowMs, isNew || !this.#hasDropped);
    } else if (isNews === true) this.#timelines.delete(key);
    else return timeline;
    this.#timelines.set(key, timeline);
    if (this.#timelines.size > MOST_TIMELINES) {
      const [oldest] = this.#timelines.keys();
      this.#timelines.delete(oldest as string);
      this.#hasDropped = true;
    }
    return timeline;
  }

  #lookLater(inMs: number): void {
    this.#timer = setTimeout(() => {
      this.#look();
      this.#lookLater(Math.max(PIECE_MS, this.#mayLookAtMs - performance.now()));
    }, inMs);
    this.#timer.unref();
  }
}

/** Thousands of merchants of one provider would hide the accounts of the other providers. */
function ofMerchant({ status }: Seen): number {
  return Number(status.account !== undefined);
}

/** First the credentials that an operator has to look at, the worst first; then those with failed calls; then the others. */
function rankOf(trouble: Trouble | undefined, { counters }: CredentialStatus): number {
  if (trouble !== undefined) return WORST_FIRST.indexOf(trouble);
  return WORST_FIRST.length + (counters.failedCalls > 0 ? 0 : 1);
}

/** The first login counts once it has ended: until then, the state tells that somebody wants it. */
export function isUsed({ state, counters: { calls, tokenRequests, waits } }: CredentialStatus): boolean {
  return calls > 0 || tokenRequests > 0 || waits > 0 || state === 'acquiring';
}

/** Unique among all credentials. */
function keyOf(status: CredentialStatus): string {
  const { audience } = status;
  return audience === undefined ? timelineKeyOf(status) : `${timelineKeyOf(status)} ${audience}`;
}

/** The same for a status and for the events of what it is about, which say no audience. */
function timelineKeyOf({
  provider,
  account,
  scopes = [],
}: Pick<CredentialStatus, 'provider' | 'account'> & { readonly scopes?: readonly string[] }): string {
  return JSON.stringify([provider, account ?? null, scopes]);
}
