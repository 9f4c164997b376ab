import type { Clock } from '../payments-auth.clock.js';
import type { Candidate } from './candidate-source.js';
import type { Credential } from './credential.js';
import type { Zones } from './renewal-window.js';

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
 * A credential, what it was obtained with, and until when it is fresh, due, dead.
 *
 * Its age is what the clock that ran further says: the monotonic one stands still while the machine sleeps, the wall
 * clock can be set back, and a credential is dead when either says so (R6).
 */
export class KeptCredential {
  readonly credential: Credential;
  readonly candidate: Candidate;
  readonly lifetimeMs: number;
  /** The store's number for it, where it is shared. */
  readonly version: number | undefined;
  /** On the monotonic clock, as long as the wall clock has not run further. */
  readonly deadAtMs: number;
  #dueAtMs: number;
  readonly #wallAheadMs: number;

  constructor(parts: {
    credential: Credential;
    candidate: Candidate;
    lifetimeMs: number;
    version?: number;
    zones: Zones;
    /** When its life began. */
    since: Instant;
  }) {
    this.credential = parts.credential;
    this.candidate = parts.candidate;
    this.lifetimeMs = parts.lifetimeMs;
    this.version = parts.version;
    this.#dueAtMs = parts.since.monotonicMs + parts.zones.dueAfterMs;
    this.deadAtMs = parts.since.monotonicMs + parts.zones.deadAfterMs;
    this.#wallAheadMs = parts.since.wallMs - parts.since.monotonicMs;
  }

  zoneAt(monotonicMs: number, wallMs: number): Zone {
    const nowMs = Math.max(monotonicMs, wallMs - this.#wallAheadMs);
    if (nowMs < this.#dueAtMs) return 'fresh';
    return nowMs < this.deadAtMs ? 'due' : 'dead';
  }

  /** On the monotonic clock; `Infinity` for one that is never renewed. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** It is due again no sooner than in `forMs` milliseconds. */
  postpone(clock: Clock, forMs: number): void {
    this.#dueAtMs = Math.max(clock.monotonic(), clock.now() - this.#wallAheadMs) + forMs;
  }

  zone(clock: Clock): Zone {
    return this.zoneAt(clock.monotonic(), clock.now());
  }

  /** What is left of it, in milliseconds; less than 0 when it is dead. */
  remainingMs(clock: Clock): number {
    return this.deadAtMs - Math.max(clock.monotonic(), clock.now() - this.#wallAheadMs);
  }
}
