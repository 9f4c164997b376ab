import type { Clock } from '../../payments-auth.clock.js';
import { REJECTION, waitAfter } from '../issuing/back-off.js';
import type { Rejected } from '../../strategies/strategy.js';
import type { Secret } from './secret-source.js';

/** Why a secret is left alone for a while. */
export type RejectionCause = Omit<Rejected, 'outcome'>;

/** What is remembered of a secret that the provider called wrong. */
interface Rejection extends RejectionCause {
  readonly times: number;
  readonly atMs: number;
  readonly untilMs: number;
}

/**
 * The memory of secrets that the provider has called wrong, so that a flood of callers does not become a flood of logins
 * and a ban (R4). Each is left alone for 30 s, doubling to 15 min.
 */
export class Rejections {
  readonly #clock: Clock;
  readonly #byFingerprint = new Map<string, Rejection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns for how long it is left alone, in milliseconds. */
  add(secret: Secret, rejection: RejectionCause, forMs?: number): number {
    // Calls that were refused together say it once.
    const stillMs = this.wrongForMs(secret);
    if (stillMs > 0) return stillMs;
    const times = (this.#byFingerprint.get(nameOf(secret))?.times ?? 0) + 1;
    const rememberedMs = forMs ?? waitAfter(times, REJECTION);
    const atMs = this.#clock.monotonic();
    this.#byFingerprint.set(nameOf(secret), { ...rejection, times, atMs, untilMs: atMs + rememberedMs });
    return rememberedMs;
  }

  remove(secret: Secret): void {
    this.#byFingerprint.delete(nameOf(secret));
  }

  /** A secret that is no longer configured needs no memory. */
  keepOnly(list: readonly Secret[]): void {
    for (const known of this.#byFingerprint.keys()) {
      if (!list.some((secret) => nameOf(secret) === known)) this.#byFingerprint.delete(known);
    }
  }

  /** Each is tried again at once, and remembered for longer should it be wrong again. */
  forgive(): void {
    const untilMs = this.#clock.monotonic();
    for (const [fingerprint, rejection] of this.#byFingerprint)
      this.#byFingerprint.set(fingerprint, { ...rejection, untilMs });
  }

  /** Whether it has been called wrong, and has not been accepted since. */
  has(secret: Secret): boolean {
    return this.#byFingerprint.has(nameOf(secret));
  }

  /** For how much longer it is left alone, in milliseconds. */
  wrongForMs(secret: Secret): number {
    const rejection = this.#byFingerprint.get(nameOf(secret));
    return rejection === undefined ? 0 : Math.max(0, rejection.untilMs - this.#clock.monotonic());
  }

  /** Whether it was called wrong for the first time, and that less than `ms` ago. */
  isNews(secret: Secret, ms: number): boolean {
    const rejection = this.#byFingerprint.get(nameOf(secret));
    return rejection?.times === 1 && this.#clock.monotonic() - rejection.atMs < ms;
  }

  /** What the provider said of the newest of `list` that is left alone, and how long until one is tried again. */
  of(list: readonly Secret[]): (RejectionCause & { retryAfterMs: number }) | undefined {
    const wrong = list.filter((secret) => this.wrongForMs(secret) > 0);
    const rejection = wrong[0] && this.#byFingerprint.get(nameOf(wrong[0]));
    if (rejection === undefined) return undefined;
    return { ...rejection, retryAfterMs: Math.ceil(Math.min(...wrong.map((each) => this.wrongForMs(each)))) };
  }
}

function nameOf({ fingerprint, whole }: Secret): string {
  return whole ?? fingerprint;
}
