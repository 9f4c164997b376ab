import type { Clock } from '../../payments-auth.clock.js';
import type { TokenRequestLimit } from '../../strategies/strategy.js';

/** No endpoint is left alone for longer than this at a time, whatever one credential was told. */
const MOST_ENDPOINT_PAUSE_MS = 60_000;

/** What is known of one credential: when its requests were sent, for each limit, and until when it is left alone. */
interface Counted {
  readonly sentAtMs: number[][];
  pausedUntilMs: number;
}

/**
 * What one token endpoint allows: the provider's published limits, and the pauses it has asked for (R4).
 *
 * A pause counts for the credential that it was said to: the quota of one merchant is no reason to keep another one
 * waiting. Only when a second credential is told the same meanwhile does the endpoint itself have enough.
 */
export class EndpointLimits {
  readonly #clock: Clock;
  readonly #mostCredentials: number;
  readonly #sentAtMs: number[][] = [];
  readonly #credentials = new Map<string, Counted>();
  #pausedUntilMs = 0;
  #lastTold: { readonly credential: string; readonly untilMs: number } | undefined;

  /** @param mostCredentials of so many is kept what is known of them */
  constructor(clock: Clock, mostCredentials: number) {
    this.#clock = clock;
    this.#mostCredentials = mostCredentials;
  }

  /** How long a token request has to wait, in milliseconds. 0: it may be sent now, and has been counted. */
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

  /** The endpoint has answered a login: whom it told to wait before, it meant alone. */
  answered(): void {
    this.#lastTold = undefined;
  }

  /** How many credentials something is known of. */
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
