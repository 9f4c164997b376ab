import type { Clock } from '../../payments-auth.clock.js';
import { type CallAnswer, isAcceptance } from '../call-answer.js';
import type { Credential } from '../credential.js';
import type { HeldToken } from '../issuing/token-issuer.js';
import type { Zone, Zones } from '../renewing/renewal-rules.js';
import type { Secret } from '../secrets/secret-source.js';

/**
 * Means "for ever". Numbers up to this one are small integers, which take no heap memory: there may be a hundred
 * thousand credentials. So times are whole, and count from the time that the credential itself holds.
 */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Means "never". A key that was put in place again may have been accepted before that, so an age below 0 is possible. */
const NEVER = -(2 ** 31);

/** An accepted token of this age no longer needs its predecessor (R9). */
const SETTLED_AT_MS = 2_000;

/**
 * A credential with its secret, its zones (fresh, due, dead), and the results of the calls that carried it.
 *
 * The monotonic clock decides when a credential is dead. The wall clock can only make it due: after the machine has
 * slept, the credential may have ended; but when only the wall clock was set forward, it has not ended (R6).
 */
export class KeptCredential {
  readonly credential: Credential;
  readonly secret: Secret;
  readonly lifetimeMs: number;
  /** The number of the token in the store, where it is shared. */
  readonly version: number | undefined;
  /** When its life began, which is the time of its request; on the monotonic clock. */
  readonly sinceMs: number;
  /** The token that was in use before. It is kept until this one is proven (R9). */
  predecessor: KeptCredential | undefined = undefined;
  /** The number of refused calls with it since the last accepted one. */
  refusedInARow = 0;
  /** How much later than that the credential was obtained. */
  readonly #obtainedAfterMs: number;
  readonly #deadAfterMs: number;
  #dueAfterMs: number;
  /** Its age when the latest accepted call with it was sent. */
  #acceptedAfterMs = NEVER;

  constructor(parts: {
    credential: Credential;
    secret: Secret;
    lifetimeMs: number;
    version: number | undefined;
    zones: Zones;
    /** When its life began, on both clocks. */
    since: { readonly wallMs: number; readonly monotonicMs: number };
  }) {
    this.credential = parts.credential;
    this.secret = parts.secret;
    this.lifetimeMs = wholeMs(parts.lifetimeMs);
    this.version = parts.version;
    // The time is rounded up. Otherwise a token could seem to be older than an event before its request.
    this.sinceMs = Math.ceil(parts.since.monotonicMs);
    this.#obtainedAfterMs = Math.round(parts.credential.obtainedAtMs - parts.since.wallMs);
    this.#deadAfterMs = wholeMs(parts.zones.deadAfterMs);
    this.#dueAfterMs = wholeMs(parts.zones.dueAfterMs);
  }

  // --- Its life -------------------------------------------------------------------------------------------------

  zoneAt(monotonicMs: number, wallMs: number): Zone {
    const ageMs = monotonicMs - this.sinceMs;
    if (ageMs >= this.#deadAfterMs) return 'dead';
    return Math.max(ageMs, wallMs - this.sinceWallMs) < this.#dueAfterMs ? 'fresh' : 'due';
  }

  zone(clock: Clock): Zone {
    return this.zoneAt(clock.monotonic(), clock.now());
  }

  isAlive(clock: Clock): boolean {
    return this.remainingMs(clock) > 0;
  }

  /** For how long it is still used, in milliseconds; less than 0 when it is dead. */
  remainingMs(clock: Clock): number {
    return this.sinceMs + this.#deadAfterMs - clock.monotonic();
  }

  /**
   * How long until its provider accepts it, in milliseconds: some tokens are accepted only from a certain age on. For a
   * token of the fleet, the age is estimated.
   */
  usableInMs(clock: Clock, usableAfterMs: number, slowestLoginMs: () => number): number {
    if (usableAfterMs === 0 || this.isProven || !this.isAlive(clock)) return 0;
    const issuedAtMs = Math.max(this.obtainedAtMs, this.sinceMs + slowestLoginMs());
    return Math.max(0, issuedAtMs + usableAfterMs - clock.monotonic());
  }

  /** When it came from its provider, here or to another process of the fleet; on the monotonic clock. */
  get obtainedAtMs(): number {
    return this.sinceMs + this.#obtainedAfterMs;
  }

  /** When its life began, on the wall clock. */
  get sinceWallMs(): number {
    return this.credential.obtainedAtMs - this.#obtainedAfterMs;
  }

  /** When it is due, on the monotonic clock, unless the wall clock runs ahead. `Infinity` if it is never renewed. */
  get dueAtMs(): number {
    return this.#dueAfterMs === FOR_EVER_MS ? Infinity : this.sinceMs + this.#dueAfterMs;
  }

  /** Whether its issuer returns the same token until the end, so that an earlier renewal is useless. */
  get isRenewedAtItsEnd(): boolean {
    return this.#dueAfterMs === this.#deadAfterMs && this.#deadAfterMs >= this.lifetimeMs;
  }

  /** It is due again no sooner than in `forMs` milliseconds. */
  postpone(clock: Clock, forMs: number): void {
    // The age is measured by the clock that is ahead, as for the zones.
    const ageMs = Math.max(clock.monotonic() - this.sinceMs, clock.now() - this.sinceWallMs);
    this.#dueAfterMs = wholeMs(ageMs + forMs);
  }

  /** The token as its issuer sees it. The issuer reads the monotonic clock alone, and a token may end while the machine sleeps. */
  held(clock: Clock): HeldToken {
    const { version, lifetimeMs } = this;
    const { token } = this.credential;
    const sleptMs = Math.max(0, clock.now() - this.sinceWallMs - (clock.monotonic() - this.sinceMs));
    const deadAtMs = this.sinceMs + this.#deadAfterMs - sleptMs;
    return { token, lifetimeMs, deadAtMs, ...(version === undefined ? {} : { version }) };
  }

  // --- What calls have shown ------------------------------------------------------------------------------------

  /** Records the result of an attempt with this credential, or with its predecessor. */
  answered(carried: Credential, answer: CallAnswer, clock: Clock): void {
    const { refused, sentAtMs = clock.monotonic(), before = [] } = answer;
    if (!this.credential.isSameAs(carried)) return this.predecessor?.answered(carried, answer, clock);
    // A call counts once, even if it was sent several times with this credential.
    if (refused !== undefined && !before.some(({ credential }) => credential.isSameAs(carried)))
      this.refusedInARow += 1;
    if (!isAcceptance(answer)) return;
    this.refusedInARow = 0;
    const isSettled = this.predecessor !== undefined && clock.monotonic() - this.obtainedAtMs > SETTLED_AT_MS;
    if (isSettled) this.predecessor = undefined;
    this.#acceptedAfterMs = Math.max(this.#acceptedAfterMs, Math.floor(sentAtMs - this.sinceMs), 0);
  }

  /** Whether a call with it was accepted. */
  get isProven(): boolean {
    return this.#acceptedAfterMs !== NEVER;
  }

  /** When the latest accepted call with it was sent, on the wall clock. */
  get lastAcceptedAtMs(): number | undefined {
    return this.isProven ? this.sinceWallMs + this.#acceptedAfterMs : undefined;
  }

  /** Whether a call with it was accepted that was sent later than `sentAtMs`. */
  wasAcceptedAfter(sentAtMs: number): boolean {
    return this.isProven && this.sinceMs + this.#acceptedAfterMs > sentAtMs;
  }

  /** It is the same key as `before`, put in place again. So the accepted calls of `before` count for it too. */
  goesOnFrom(before: KeptCredential): void {
    if (!before.isProven) return;
    const ageMs = Math.floor(before.sinceMs + before.#acceptedAfterMs - this.sinceMs);
    this.#acceptedAfterMs = Math.max(ageMs, NEVER + 1);
  }

  /** The predecessor, while it can be used. */
  livingPredecessor(clock: Clock): KeptCredential | undefined {
    return this.predecessor?.isAlive(clock) === true ? this.predecessor : undefined;
  }

  /** Forgets which calls with it were accepted or refused. */
  doubt(): void {
    this.#acceptedAfterMs = NEVER;
    this.refusedInARow = 0;
  }

  /**
   * Replaces `before`. The same token, issued again, keeps its results. Another token is not proven yet: `before`
   * becomes its predecessor, if it lives and its last answer was not a refusal. If not, or if `before` was never
   * proven, the living predecessor of `before` comes first (R9).
   */
  follows(before: KeptCredential, clock: Clock): void {
    const isSame = before.credential.token === this.credential.token;
    const older = before.livingPredecessor(clock);
    const isGood = before.isAlive(clock) && before.refusedInARow === 0;
    const isBetter = isGood && (before.isProven || older === undefined);
    this.predecessor = isBetter && !isSame ? before : older;
    before.predecessor = undefined;
    if (isSame && before.isProven) this.#acceptedAfterMs = 0;
    if (isSame) this.refusedInARow = before.refusedInARow;
  }
}

/** Rounded down, so that rounding never makes a credential live longer. */
function wholeMs(ms: number): number {
  return ms === Infinity ? FOR_EVER_MS : Math.floor(ms);
}
