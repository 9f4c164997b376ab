import type { ExchangeKind } from './exchange-kind.js';

/** A rate limit that a provider documents. */
export interface RateLimit {
  readonly limit: number;
  readonly perMs: number;
  /** Which requests are counted together: those of an address, of a merchant, or of one token. */
  readonly per: 'ip' | 'account' | 'token';
  /** Which requests are counted. @default all */
  readonly counts?: ExchangeKind;
  /** Whether the `X-RateLimit-*` headers report this limit. @default false */
  readonly reported?: boolean;
  /** Whether the reported reset is the number of seconds that are left. @default it is the end of the window, in unix seconds */
  readonly reportsTimeLeft?: true;
  /** Windows start at this time of day (UTC), in milliseconds. @default 0 */
  readonly windowOffsetMs?: number;
}

export interface RateLimitState {
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, in milliseconds since the epoch. */
  readonly resetAtMs: number;
  readonly reportsTimeLeft?: true;
}

interface Window {
  endsAtMs: number;
  used: number;
}

/** Counts requests in fixed windows. */
export class RateLimits {
  readonly #windows = new Map<string, Window>();

  constructor(private readonly limits: readonly RateLimit[]) {}

  /**
   * Counts one request in every limit that applies to it.
   *
   * @param scale multiplies every limit. With `undefined`, requests are counted and no limit is enforced
   */
  take(
    kind: ExchangeKind,
    who: Readonly<Record<RateLimit['per'], string | undefined>>,
    nowMs: number,
    scale: number | undefined,
  ): { exceeded?: RateLimitState; reported?: RateLimitState } {
    let exceeded: RateLimitState | undefined;
    let reported: RateLimitState | undefined;
    for (const [index, rule] of this.limits.entries()) {
      const counted = who[rule.per];
      if (counted === undefined || (rule.counts !== undefined && rule.counts !== kind)) continue;
      const limit = Math.max(1, Math.floor(rule.limit * (scale ?? 1)));
      const window = this.#window(`${index}:${counted}`, rule, nowMs);
      window.used += 1;
      const over = scale !== undefined && window.used > limit;
      // A limit that is only reported never shows 0 requests left.
      const remaining = Math.max(scale === undefined ? 1 : 0, limit - window.used);
      const { reportsTimeLeft } = rule;
      const left = reportsTimeLeft === undefined ? {} : { reportsTimeLeft };
      const state = { limit, remaining, resetAtMs: window.endsAtMs, ...left };
      if (over) exceeded ??= state;
      if (rule.reported === true) reported ??= state;
    }
    return { exceeded, reported };
  }

  clear(): void {
    this.#windows.clear();
  }

  #window(key: string, rule: RateLimit, nowMs: number): Window {
    const known = this.#windows.get(key);
    if (known !== undefined && nowMs < known.endsAtMs) return known;
    const offsetMs = rule.windowOffsetMs ?? 0;
    const endsAtMs = Math.floor((nowMs - offsetMs) / rule.perMs + 1) * rule.perMs + offsetMs;
    const window = { endsAtMs, used: 0 };
    this.#windows.set(key, window);
    return window;
  }
}
