import type { Clock } from '../../payments-auth.clock.js';
import type { Credential } from '../credential.js';
import type { HeldToken } from '../issuing/token-issuer.js';
import type { Zones } from '../renewing/renewal-rules.js';
import type { Secret } from '../secrets/secret-source.js';

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

const NEVER = -1;

/**
 * A credential, what it was obtained with, until when it is fresh, due, dead, and what calls have shown of it.
 *
 * The monotonic clock decides when a credential is dead. The wall clock can only make it due: after a machine has
 * slept the credential may have ended, but a wall clock that was set forward has ended nothing (R6).
 */
export class KeptCredential {
  readonly credential: Credential;
  readonly secret: Secret;
  readonly lifetimeMs: number;
  /** The store's number for it, where it is shared. */
  readonly version: number | undefined;
  /** The token that was in use before: at hand until this one is proven (R9). */
  predecessor: KeptCredential | undefined = undefined;
  /** When its life began, on either clock. */
  readonly #sinceMs: number;
  readonly #sinceWallMs: number;
  readonly #deadAfterMs: number;
  #dueAfterMs: number;
  /** How old it was when the latest of the calls was sent that were accepted with it. */
  #acceptedAfterMs = NEVER;

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

  // --- Its life -------------------------------------------------------------------------------------------------

  zoneAt(monotonicMs: number, wallMs: number): Zone {
    const ageMs = monotonicMs - this.#sinceMs;
    if (ageMs >= this.#deadAfterMs) return 'dead';
    return Math.max(ageMs, wallMs - this.#sinceWallMs) < this.#dueAfterMs ? 'fresh' : 'due';
  }

  zone(clock: Clock): Zone {
    return this.zoneAt(clock.monotonic(), clock.now());
  }

  isAlive(clock: Clock): boolean {
    return this.zone(clock) !== 'dead';
  }

  /** When it was asked for, on the monotonic clock. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** When it came from its provider, here or to another process of the fleet; on the monotonic clock. */
  get obtainedAtMs(): number {
    return this.#sinceMs + this.credential.obtainedAtMs - this.#sinceWallMs;
  }

  /** On the monotonic clock, as long as the wall clock has not run further; `Infinity` for one that is never renewed. */
  get dueAtMs(): number {
    return this.#dueAfterMs === FOR_EVER_MS ? Infinity : this.#sinceMs + this.#dueAfterMs;
  }

  /** The same on the wall clock. */
  get dueAtWallMs(): number {
    return this.#sinceWallMs + this.#dueAfterMs;
  }

  get deadAtWallMs(): number {
    return this.#sinceWallMs + this.#deadAfterMs;
  }

  /** When the latest of the calls was sent that were accepted with it, on the wall clock. */
  get lastAcceptedAtMs(): number | undefined {
    return this.isProven ? this.#sinceWallMs + this.#acceptedAfterMs : undefined;
  }

  /** Its issuer hands out one token until it dies: asking for another one before that is pointless. */
  get isRenewedAtItsEnd(): boolean {
    return this.#dueAfterMs === this.#deadAfterMs && this.#deadAfterMs >= this.lifetimeMs;
  }

  /** As its issuer knows it, who reads the monotonic clock alone: what has slept may have ended. */
  held(clock: Clock): HeldToken {
    const { version, lifetimeMs } = this;
    const { token } = this.credential;
    const deadAtMs = clock.monotonic() + this.#deadAfterMs - KeptCredential.#ageMs(this, clock);
    return { token, lifetimeMs, deadAtMs, ...(version === undefined ? {} : { version }) };
  }

  /** It is due again no sooner than in `forMs` milliseconds. */
  postpone(clock: Clock, forMs: number): void {
    this.#dueAfterMs = wholeMs(KeptCredential.#ageMs(this, clock) + forMs);
  }

  /** For how long it is still used, in milliseconds; less than 0 when it is dead. */
  remainingMs(clock: Clock): number {
    return this.#sinceMs + this.#deadAfterMs - clock.monotonic();
  }

  /** For how long its issuer still knows it, in milliseconds: the safety margin before its end is over as well. */
  untilItsEndMs(clock: Clock): number {
    return this.#sinceMs + this.lifetimeMs - clock.monotonic();
  }

  /** By the clock that ran further. Static: a private method takes 8 bytes of each of a hundred thousand instances. */
  static #ageMs(kept: KeptCredential, clock: Clock): number {
    return Math.max(clock.monotonic() - kept.#sinceMs, clock.now() - kept.#sinceWallMs);
  }

  /** The same token, issued again: what is known of it stays. */
  continues(before: KeptCredential): void {
    this.predecessor = before.predecessor;
    this.#acceptedAfterMs = before.isProven ? 0 : NEVER;
  }

  // --- What calls have shown ------------------------------------------------------------------------------------

  /** A call that carried it and was sent at `sentAtMs` was accepted. */
  accepted(sentAtMs: number): void {
    const ageMs = Math.max(0, Math.floor(sentAtMs - this.#sinceMs));
    if (ageMs > this.#acceptedAfterMs) this.#acceptedAfterMs = ageMs;
  }

  /** A call was accepted with it. */
  get isProven(): boolean {
    return this.#acceptedAfterMs !== NEVER;
  }

  /** Whether it was accepted for a call that was sent later than `sentAtMs`. */
  wasAcceptedAfter(sentAtMs: number): boolean {
    return this.isProven && this.#sinceMs + this.#acceptedAfterMs > sentAtMs;
  }

  /** What calls have shown of it counts no more. */
  doubt(): void {
    this.#acceptedAfterMs = NEVER;
  }
}

/** Rounded down: nothing lives longer for being kept. */
function wholeMs(ms: number): number {
  return ms === Infinity ? FOR_EVER_MS : Math.floor(ms);
}
