import type { Clock } from '../../payments-auth.clock.js';
import type { TokenRequestLimit } from '../../strategies/strategy.js';
import { LoginQueue, type LoginQueueLimits } from './login-queue.js';

/** The state of one token endpoint, with which an application keeps to the limits of the endpoint. */
export interface TokenEndpoint {
  readonly queue: LoginQueue;
  readonly limits: EndpointLimits;
  readonly durations: LoginDurations;
}

/** The token endpoints of one application, by URL. Two names for one provider share the limits of its endpoint. */
export class TokenEndpoints {
  readonly #clock: Clock;
  readonly #limits: LoginQueueLimits & { readonly credentials: number };
  readonly #endpoints = new Map<string, TokenEndpoint>();

  /** @param limits `credentials`: for how many credentials the requests to wait are remembered */
  constructor(clock: Clock, limits: LoginQueueLimits & { readonly credentials: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  endpoint(url: string): TokenEndpoint {
    let endpoint = this.#endpoints.get(url);
    if (endpoint === undefined) {
      const durations = new LoginDurations();
      endpoint = {
        queue: new LoginQueue(this.#clock, durations, this.#limits),
        limits: new EndpointLimits(this.#clock, this.#limits.credentials),
        durations,
      };
      this.#endpoints.set(url, endpoint);
    }
    return endpoint;
  }
}

/** A pause of a whole endpoint is never longer than this, however long one credential was told to wait. */
const MOST_ENDPOINT_PAUSE_MS = 60_000;

/** The state of one credential: when its requests were sent, for each limit, and until when no request may be sent. */
interface Counted {
  readonly sentAtMs: number[][];
  pausedUntilMs: number;
}

/**
 * The limits of one token endpoint: those that the provider has published, and the pauses that the endpoint has asked
 * for (R4).
 *
 * A pause counts only for the credential that was told to wait, because the quota of one merchant does not concern
 * another one. The pause counts for the whole endpoint only when a second credential is told to wait during it.
 */
export class EndpointLimits {
  readonly #clock: Clock;
  readonly #mostCredentials: number;
  readonly #sentAtMs: number[][] = [];
  readonly #credentials = new Map<string, Counted>();
  #pausedUntilMs = 0;
  #lastTold: { readonly credential: string; readonly untilMs: number } | undefined;

  /** @param mostCredentials how many credentials are remembered */
  constructor(clock: Clock, mostCredentials: number) {
    this.#clock = clock;
    this.#mostCredentials = mostCredentials;
  }

  /** How long a token request has to wait, in milliseconds. 0: it may be sent now, and is counted. */
  reserve(limits: readonly TokenRequestLimit[], credential: string): number {
    const nowMs = this.#clock.monotonic();
    const known = this.#credentials.get(credential);
    let waitMs = Math.max(0, this.#pausedUntilMs - nowMs, (known?.pausedUntilMs ?? 0) - nowMs);
    for (const [index, { limit, perMs, per }] of limits.entries()) {
      const sent = (per === 'ip' ? this.#sentAtMs : known?.sentAtMs)?.[index] ?? [];
      forgetBefore(sent, nowMs - perMs);
      if (sent.length >= limit) waitMs = Math.max(waitMs, (sent[0] as number) + perMs - nowMs);
    }
    if (waitMs > 0) return Math.ceil(waitMs);
    for (const [index, { per }] of limits.entries()) {
      const lists = per === 'ip' ? this.#sentAtMs : this.#of(credential).sentAtMs;
      (lists[index] ??= []).push(nowMs);
    }
    return 0;
  }

  /** The endpoint has told this credential to wait for `forMs` milliseconds. */
  told(credential: string, forMs: number): void {
    const nowMs = this.#clock.monotonic();
    const counted = this.#of(credential);
    counted.pausedUntilMs = Math.max(counted.pausedUntilMs, nowMs + forMs);
    const untilMs = nowMs + Math.min(forMs, MOST_ENDPOINT_PAUSE_MS);
    const last = this.#lastTold;
    if (last !== undefined && last.credential !== credential && nowMs < last.untilMs)
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.#lastTold = { credential, untilMs };
  }

  /** The endpoint has answered a login, so its earlier request to wait was meant for one credential alone. */
  answered(): void {
    this.#lastTold = undefined;
  }

  /** The number of credentials that are remembered. */
  get size(): number {
    return this.#credentials.size;
  }

  #of(credential: string): Counted {
    const counted = this.#credentials.get(credential) ?? { sentAtMs: [], pausedUntilMs: 0 };
    this.#credentials.delete(credential);
    this.#credentials.set(credential, counted);
    if (this.#credentials.size > this.#mostCredentials) {
      const [longestUnused] = this.#credentials.keys();
      this.#credentials.delete(longestUnused as string);
    }
    return counted;
  }
}

function forgetBefore(sentAtMs: number[], sinceMs: number): void {
  let old = 0;
  while (old < sentAtMs.length && (sentAtMs[old] as number) <= sinceMs) old += 1;
  if (old > 0) sentAtMs.splice(0, old);
}

/** From how many of the last logins the slowest is taken (R7). */
const SLOWEST_OF = 8;
/** From how many of the last successful logins the median is taken (R4). */
const MEDIAN_OF = 32;

/** How long the last few logins at an endpoint took. */
export class LoginDurations {
  readonly #recentMs: number[] = [];
  readonly #succeededMs: number[] = [];
  #recent = 0;
  #succeeded = 0;
  #medianMs: number | undefined;

  succeeded(durationMs: number): void {
    this.#add(durationMs);
    this.#succeededMs[this.#succeeded] = durationMs;
    this.#succeeded = (this.#succeeded + 1) % MEDIAN_OF;
    const sorted = this.#succeededMs.toSorted((a, b) => a - b);
    this.#medianMs = sorted[sorted.length >> 1];
  }

  /** A login without an answer shows how slow the endpoint is, as a success does. */
  timedOut(durationMs: number): void {
    this.#add(durationMs);
  }

  /** The slowest of the last logins. It decides how early a renewal starts. */
  get slowestMs(): number {
    return this.#recentMs.reduce((slowest, each) => Math.max(slowest, each), 0);
  }

  /** The median duration of successful logins; `undefined` before the first. */
  get medianMs(): number | undefined {
    return this.#medianMs;
  }

  #add(durationMs: number): void {
    this.#recentMs[this.#recent] = durationMs;
    this.#recent = (this.#recent + 1) % SLOWEST_OF;
  }
}
