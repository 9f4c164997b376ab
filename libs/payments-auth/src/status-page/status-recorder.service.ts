import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { type CredentialStatus, type PaymentsAuthEvent, PaymentsAuthService } from '../index.js';
import { ownCopy } from '../own-properties.js';
import type {
  StoreLost,
  StatusPageTotals,
  StatusPageTroublesBeside,
  WebhookTrouble,
} from './status-page-snapshot.js';
import { PIECE_MS, Timeline, WINDOW_MS } from './timeline.js';
import { type Trouble, troubleOf, WORST_FIRST } from './trouble.js';

/** The largest number of timelines. Those of the credentials with the newest events are kept. */
const MOST_TIMELINES = 500;
/** Reading the state of all credentials takes at most this part of the time. */
const MOST_OF_THE_TIME = 0.01;
/**
 * The time that a look counts for each credential, at most. If a look took longer, other work of the machine has
 * interrupted it.
 */
const MOST_A_CREDENTIAL_MS = 0.02;
/**
 * A request waits for the next look when that begins within this time. Otherwise it gets the result of the last look.
 */
const PATIENCE_MS = 1_000;
/** For how long a merchant whose last call failed is shown after the application has dropped it. */
const LEFT_FOR_MS = 15 * 60_000;
/** The largest number of such merchants. Those that were seen last are kept. */
const MOST_LEFT = 500;
/** The period over which calls a second are counted. */
const RATE_MS = 10_000;

/** One credential at the time of a look. */
export interface Seen {
  readonly key: string;
  readonly status: CredentialStatus;
  readonly timeline: Timeline | undefined;
  readonly trouble: Trouble | undefined;
  /** Whether the application has dropped the merchant since its failure, because no call has named it. */
  readonly isLeft: boolean;
}

/** The last known state of a merchant with a failure that goes on. */
interface Left {
  readonly seenAtMs: number;
  /** The state after it was dropped. */
  readonly status: CredentialStatus;
}

/** Every credential at the time of the look, those in the worst state first. */
export interface Look {
  readonly atMs: number;
  readonly seen: readonly Seen[];
  readonly totals: StatusPageTotals;
  readonly callsPerSecond: number;
  readonly beside: StatusPageTroublesBeside;
}

/**
 * Records what happens to the credentials of this process, for the page. Its memory is bounded, for any number of
 * credentials.
 */
@Injectable()
export class StatusRecorder implements OnModuleInit, OnApplicationShutdown {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #timelines = new Map<string, Timeline>();
  /** The merchants that fail, in the order in which they were last seen. Those that are dropped stay here for a while. */
  readonly #failing = new Map<string, Left>();
  readonly startedAtMs = Date.now();
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether a timeline was dropped. A timeline that is created after that does not know the earlier counts. */
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
   * The current state, read once for all requests at the same time. For up to 500 credentials it is read for each
   * request. For many thousands it may be some seconds old, because reading it takes time.
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

  /** @param provider whose webhooks are meant. Without it, those of every provider */
  troublesBeside(provider?: string): StatusPageTroublesBeside {
    const fromMs = Date.now() - WINDOW_MS;
    const webhookTroubles = [...this.#webhookTroubles.values()].filter(
      (each) => each.atMs > fromMs && (provider === undefined || each.provider === provider),
    );
    return {
      ...(this.#storeLost && { storeLost: this.#storeLost }),
      ...(webhookTroubles.length > 0 && { webhookTroubles }),
    };
  }

  #look(): Look {
    this.#next = undefined;
    const startedAtMs = performance.now();
    const atMs = Date.now();
    const all = this.#paymentsAuth.status().map(ownCopy);
    const providers = new Map<string, number>();
    const left = this.#leftBeside(all, atMs);
    const ranked = [...all, ...left].map((status, at) => {
      const key = keyOf(status);
      const timeline = isUsed(status) ? this.#timelineOf(timelineKeyOf(status), atMs) : undefined;
      timeline?.look(status, atMs);
      const isLeft = at >= all.length;
      const trouble = isLeft ? 'failed' : troubleOf(status, timeline, atMs);
      if (!providers.has(status.provider)) providers.set(status.provider, providers.size);
      return { key, status, timeline, trouble, isLeft, rank: rankOf(trouble, status) };
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
      beside: this.troublesBeside(),
    };
    const tookMs = performance.now() - startedAtMs;
    const costMs = Math.min(tookMs, all.length * MOST_A_CREDENTIAL_MS);
    this.#mayLookAtMs = startedAtMs + costMs / MOST_OF_THE_TIME;
    return this.#last;
  }

  /**
   * The merchants whose last call failed a while ago, and which the application does not keep any more. Without them,
   * nobody would see a failure that is a minute old.
   */
  #leftBeside(all: readonly CredentialStatus[], atMs: number): CredentialStatus[] {
    const kept = new Set<string>();
    for (const status of all) {
      if (status.account === undefined) continue;
      const key = keyOf(status);
      kept.add(key);
      this.#failing.delete(key);
      if ((status.failing?.length ?? 0) > 0)
        this.#failing.set(key, { seenAtMs: atMs, status: afterwards(status) });
    }
    for (const [key, { seenAtMs }] of this.#failing)
      if (this.#failing.size > MOST_LEFT || seenAtMs + LEFT_FOR_MS < atMs) this.#failing.delete(key);
    return [...this.#failing].filter(([key]) => !kept.has(key)).map(([, { status }]) => status);
  }

  /** The counts since the start of the application, of all credentials. */
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
    // Frequent looks must not need more memory.
    if (samples.length > 100) samples.splice(1, 50);
    const [first] = samples;
    const forMs = atMs - (first?.atMs ?? atMs);
    const perSecond = forMs <= 0 ? 0 : ((calls - (first?.calls ?? calls)) / forMs) * 1_000;
    return Math.round(perSecond * 10) / 10;
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
    // Such a credential does not exist. A timeline for each unknown name would remove the timelines of real
    // credentials.
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

/** The status of a merchant after it was dropped: it has no token and no next attempt any more. */
function afterwards(status: CredentialStatus): CredentialStatus {
  const after: CredentialStatus = { ...status, state: 'idle' };
  for (const gone of [
    'credential',
    'obtainedAtMs',
    'expiresAtMs',
    'certificateEndsAtMs',
    'nextAttemptAtMs',
  ] as const)
    delete after[gone];
  return after;
}

/**
 * Merchants come after the providers' own accounts. Otherwise thousands of merchants of one provider would hide the
 * others.
 */
function ofMerchant({ status }: Seen): number {
  return Number(status.account !== undefined);
}

/** First the credentials that an operator has to look at, the worst first; then those with failed calls; then the others. */
function rankOf(trouble: Trouble | undefined, { counters }: CredentialStatus): number {
  if (trouble !== undefined) return WORST_FIRST.indexOf(trouble);
  return WORST_FIRST.length + (counters.failedCalls > 0 ? 0 : 1);
}

/**
 * Whether the credential was used. The first login is counted when it has ended. Until then, the state shows that a
 * call needs it.
 */
export function isUsed({ state, counters: { calls, tokenRequests, waits } }: CredentialStatus): boolean {
  return calls > 0 || tokenRequests > 0 || waits > 0 || state === 'acquiring';
}

/** A key that is unique among all credentials. */
function keyOf(status: CredentialStatus): string {
  const { audience } = status;
  return audience === undefined ? timelineKeyOf(status) : `${timelineKeyOf(status)} ${audience}`;
}

/**
 * The key of a timeline. A status and the events of its credential have the same key, so the audience, which events do
 * not name, is left out.
 */
function timelineKeyOf({
  provider,
  account,
  scopes = [],
}: Pick<CredentialStatus, 'provider' | 'account'> & { readonly scopes?: readonly string[] }): string {
  return JSON.stringify([provider, account ?? null, scopes]);
}
