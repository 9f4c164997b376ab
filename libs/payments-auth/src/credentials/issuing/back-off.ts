import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { TOKEN_TIMEOUT_MS } from '../../strategies/axios-token-transport.js';

/** A wait that doubles with each failure, up to a limit. */
export interface Doubling {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * The wait between attempts while a caller waits. It is fully random, so that many processes do not retry at the same
 * time.
 */
export const RETRY: Doubling = { firstMs: 500, mostMs: 4_000 };
/** The wait between failed logins. During this time, callers get an error at once. */
export const OUTAGE: Doubling = { firstMs: 1_000, mostMs: 30_000 };
/** The wait before a secret that the provider has rejected is tried again. */
export const REJECTION: Doubling = { firstMs: 30_000, mostMs: 15 * 60_000 };
/** The pause between two renewals that refused calls force, while the renewed tokens are refused as well (R11). */
export const FUTILITY: Doubling = { firstMs: 2_000, mostMs: 5 * 60_000 };

/** The wait after `failures` failures in a row, 1 being the first. */
export function waitAfter(failures: number, doubling: Doubling): number {
  return Math.min(doubling.mostMs, doubling.firstMs * 2 ** Math.min(failures - 1, 30));
}

/** A caller waits longer than one login may take by this much, retries included: 15 s by default. */
const BESIDE_ONE_LOGIN_MS = 5_000;

/** How long a caller waits for a login, in milliseconds. */
export function waitForLoginMs(provider: Pick<ConfiguredProvider, 'tokenRequest'>): number {
  return tokenTimeoutMs(provider) + BESIDE_ONE_LOGIN_MS;
}

/** How long one login may take, in milliseconds. */
export function tokenTimeoutMs({ tokenRequest }: Pick<ConfiguredProvider, 'tokenRequest'>): number {
  return tokenRequest?.timeoutMs ?? TOKEN_TIMEOUT_MS;
}

/** Holds a number of permits, and gains one after a number of milliseconds. Instants are on the monotonic clock. */
export class Bucket {
  readonly #size: number;
  readonly #gainsEveryMs: number;
  #fullAtMs = -Infinity;

  constructor({ size, gainsEveryMs }: { readonly size: number; readonly gainsEveryMs: number }) {
    this.#size = size;
    this.#gainsEveryMs = gainsEveryMs;
  }

  /** Takes a permit, also where none is left. */
  take(nowMs: number): void {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + this.#gainsEveryMs;
  }

  isEmpty(nowMs: number): boolean {
    return this.emptyForMs(nowMs) > 0;
  }

  /** How long until a permit is there, in milliseconds. */
  emptyForMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs - (this.#size - 1) * this.#gainsEveryMs);
  }

  /** How long until the permits that were taken while none was left have been gained, in milliseconds. */
  owedMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs - this.#size * this.#gainsEveryMs);
  }
}
