import type { Clock } from '../../payments-auth.clock.js';
import type { Secret } from '../secrets/secret-source.js';
import type { Credential } from '../credential.js';
import type { HeldToken } from '../issuing/token-issuer.js';
import type { Zones } from '../renewing/renewal-rules.js';

/** Where in its life a credential is (R7). */
export type Zone =
  /** Use it. */
  | 'fresh'
  /** Use it, and renew it behind the caller's back. */
  | 'due'
  /** Do not use it: it ends before a request that carries it arrives, or has ended. */
  | 'dead';

/** An instant on both clocks. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * Stands for ever: a whole number up to here takes no memory of its own, and there may be a hundred thousand of them.
 * After these 24 days a static key is asked for again, at no harm and no cost.
 */
const FOR_EVER_MS = 2 ** 31 - 1;

/**
 * A credential, what it was obtained with, and until when it is fresh, due, dead.
 *
 * Its age is what the clock that ran further says: the monotonic one stands still while the machine sleeps, the wall
 * clock can be set back, and a credential is dead when either says so (R6).
 */
export class KeptCredential {
  readonly credential: Credential;
  readonly secret: Secret;
  readonly lifetimeMs: number;
  /** The store's number for it, where it is shared. */
  readonly version: number | undefined;
  /** When its life began, on either clock. */
  readonly #sinceMs: number;
  readonly #sinceWallMs: number;
  readonly #deadAfterMs: number;
  #dueAfterMs: number;

  constructor(parts: {
    credential: Credential;
    secret: Secret;
    lifetimeMs: number;
    version?: number;
    zones: Zones;
    /** When its life began. */
    since: Instant;
  }) {
    this.credential = parts.credential;
    this.secret = parts.secret;
    this.lifetimeMs = wholeMs(parts.lifetimeMs);
    this.version = parts.version;
    this.#sinceMs = parts.since.monotonicMs;
    this.#sinceWallMs = parts.since.wallMs;
    this.#deadAfterMs = wholeMs(parts.zones.deadAfterMs);
    this.#dueAfterMs = wholeMs(parts.zones.dueAfterMs);
  }

  zoneAt(monotonicMs: number, wallMs: number): Zone {
    const ageMs = this.#ageMs(monotonicMs, wallMs);
    if (ageMs < this.#dueAfterMs) return 'fresh';
    return ageMs < this.#deadAfterMs ? 'due' : 'dead';
  }

  zone(clock: Clock): Zone {
    return this.zoneAt(clock.monotonic(), clock.now());
  }

  isAlive(clock: Clock): boolean {
    return this.zone(clock) !== 'dead';
  }

  /** When its life began, on the monotonic clock. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** On the monotonic clock, as long as the wall clock has not run further; `Infinity` for one that is never renewed. */
  get dueAtMs(): number {
    return this.#dueAfterMs === FOR_EVER_MS ? Infinity : this.#sinceMs + this.#dueAfterMs;
  }

  /** As its issuer knows it, who reads the monotonic clock alone. */
  held(clock: Clock): HeldToken {
    const { version, lifetimeMs } = this;
    const { token } = this.credential;
    const deadAtMs = clock.monotonic() + this.remainingMs(clock);
    return { token, lifetimeMs, deadAtMs, ...(version === undefined ? {} : { version }) };
  }

  /** It is due again no sooner than in `forMs` milliseconds. */
  postpone(clock: Clock, forMs: number): void {
    this.#dueAfterMs = wholeMs(this.#ageMs(clock.monotonic(), clock.now()) + forMs);
  }

  /** What is left of it, in milliseconds; less than 0 when it is dead. */
  remainingMs(clock: Clock): number {
    return this.#deadAfterMs - this.#ageMs(clock.monotonic(), clock.now());
  }

  #ageMs(monotonicMs: number, wallMs: number): number {
    return Math.max(monotonicMs - this.#sinceMs, wallMs - this.#sinceWallMs);
  }
}

/** Rounded down: nothing lives longer for being kept. */
function wholeMs(ms: number): number {
  return ms === Infinity ? FOR_EVER_MS : Math.floor(ms);
}
