import type { Clock } from '../../payments-auth.clock.js';
import type { TokenRequestLimit } from '../../strategies/strategy.js';

/** How many token requests one endpoint sees at once, at most. */
export interface EndpointLimits {
  readonly mostInFlight: number;
  /** Those of them that nobody waits for. */
  readonly mostRenewals: number;
}

/** Callers go before renewals that nobody waits for. */
export type Lane = 'caller' | 'renewal';

/**
 * What an application has asked of one token endpoint, so that it never asks for more than is allowed there: the
 * provider's own limits, a pause after a 429 (which counts for every credential of that endpoint, R4), and how many
 * requests are in flight.
 */
export class TokenEndpoint {
  readonly #clock: Clock;
  readonly #limits: EndpointLimits;
  readonly #sentAtMs = new Map<string, number[]>();
  readonly #waiting: Record<Lane, (() => void)[]> = { caller: [], renewal: [] };
  #pausedUntilMs = 0;
  #inFlight = 0;
  #sweepAtSize = 1_024;

  constructor(clock: Clock, limits: EndpointLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Nobody asks this endpoint for the next `forMs` milliseconds. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.monotonic() + forMs);
  }

  /** How long a token request has to wait, in milliseconds. 0: it may be sent now, and has been counted. */
  reserve(limits: readonly TokenRequestLimit[], credential: string): number {
    const nowMs = this.#clock.monotonic();
    let waitMs = Math.max(0, this.#pausedUntilMs - nowMs);
    const counted = limits.map((each, index) => {
      const key = each.per === 'ip' ? `${index}` : `${index}:${credential}`;
      const sent = (this.#sentAtMs.get(key) ?? []).filter((atMs) => atMs > nowMs - each.perMs);
      if (sent.length >= each.limit) waitMs = Math.max(waitMs, (sent[0] ?? nowMs) + each.perMs - nowMs);
      return { key, sent };
    });
    if (waitMs > 0) return Math.ceil(waitMs);
    for (const { key, sent } of counted) {
      sent.push(nowMs);
      this.#sentAtMs.set(key, sent);
    }
    this.#sweep(limits, nowMs);
    return 0;
  }

  /** Forgets credentials whose requests no longer count; amortised over as many new ones. */
  #sweep(limits: readonly TokenRequestLimit[], nowMs: number): void {
    if (this.#sentAtMs.size < this.#sweepAtSize) return;
    const longestMs = Math.max(...limits.map((each) => each.perMs));
    for (const [key, sent] of this.#sentAtMs) {
      if ((sent.at(-1) ?? 0) <= nowMs - longestMs) this.#sentAtMs.delete(key);
    }
    this.#sweepAtSize = Math.max(1_024, 2 * this.#sentAtMs.size);
  }

  /** Waits for a place; call what it resolves to when the request has ended. */
  async enter(lane: Lane): Promise<() => void> {
    if (!this.#hasPlace(lane)) {
      // The place is handed over by whoever leaves, so `#inFlight` already counts it when this goes on.
      await new Promise<void>((resolve) => this.#waiting[lane].push(resolve));
    } else {
      this.#inFlight += 1;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  #hasPlace(lane: Lane): boolean {
    const { mostInFlight, mostRenewals } = this.#limits;
    return this.#inFlight < (lane === 'caller' ? mostInFlight : Math.min(mostInFlight, mostRenewals));
  }

  #leave(): void {
    this.#inFlight -= 1;
    for (const lane of ['caller', 'renewal'] as const) {
      const next = this.#hasPlace(lane) ? this.#waiting[lane].shift() : undefined;
      if (next !== undefined) {
        this.#inFlight += 1;
        next();
        return;
      }
    }
  }
}

/** The token endpoints of one application, by URL: two names for one provider share what is allowed there. */
export class TokenEndpoints {
  readonly #clock: Clock;
  readonly #limits: EndpointLimits;
  readonly #endpoints = new Map<string, TokenEndpoint>();

  constructor(clock: Clock, limits: EndpointLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  endpoint(url: string): TokenEndpoint {
    let endpoint = this.#endpoints.get(url);
    if (endpoint === undefined) {
      endpoint = new TokenEndpoint(this.#clock, this.#limits);
      this.#endpoints.set(url, endpoint);
    }
    return endpoint;
  }
}
