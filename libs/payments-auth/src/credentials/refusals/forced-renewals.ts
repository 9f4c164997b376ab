import type { Clock } from '../../payments-auth.clock.js';
import { FUTILITY, waitAfter } from '../issuing/back-off.js';

/**
 * Whether calls that were refused may still force renewals (R11).
 *
 * Each forced renewal has to earn the next one: from the moment it starts, no other is forced for a while (2 s,
 * doubling to 5 min), and only a replay that succeeds ends that pause early. So a merchant who is suspended at noon
 * costs a handful of logins and not one a call, also where refused calls are of a kind that is never replayed.
 *
 * What the first renewal was worth stays unknown when it was forced by a call of that kind: a stream that was refused
 * says nothing about the token that came after it. So the first call that can be replayed may force another one, and
 * the outcome of its replay decides.
 */
export class ForcedRenewals {
  readonly #clock: Clock;
  #times = 0;
  #startedAtMs = 0;
  #pausedUntilMs = 0;
  #provenFutile = false;
  #replayable = true;
  #youngAgeMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** No renewal may be forced now. */
  get paused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntilMs;
  }

  /** No renewal may be forced now by such a call. */
  pausedFor({ replayable = true }: { replayable?: boolean }): boolean {
    return this.paused && !(replayable && this.#isUnproven);
  }

  /** It is known that what the latest renewal brought is refused as well. */
  get isFutile(): boolean {
    return this.#provenFutile && this.paused;
  }

  /**
   * A renewal is being forced now.
   *
   * @param call `replayable`: whether the refused call can show what the renewal is worth; `youngAgeMs`: the age of the
   *   refused token, where it should have lived on for long
   */
  started({
    replayable = true,
    youngAgeMs,
  }: { replayable?: boolean; youngAgeMs?: number | undefined } = {}): void {
    const nowMs = this.#clock.monotonic();
    // Long after the last pause has ended, this is another story and starts from the beginning.
    if (nowMs - this.#pausedUntilMs > FUTILITY.mostMs) this.#times = 0;
    this.#times += 1;
    this.#provenFutile = false;
    this.#replayable = replayable;
    this.#youngAgeMs = youngAgeMs;
    this.#startedAtMs = nowMs;
    this.#pausedUntilMs = nowMs + waitAfter(this.#times, FUTILITY);
  }

  /**
   * The new credential was refused as well, or is the one just refused. Returns how long renewals stay paused, in
   * milliseconds, the first time that is learned of the latest renewal.
   *
   * @param sinceMs when the life of that credential began, on the monotonic clock
   */
  futile(sinceMs: number): number | undefined {
    if (this.#provenFutile) return undefined;
    // The fleet had it before: whatever killed the one before has killed both, and nobody has tried a login yet. Once,
    // so that a fleet whose every token is refused does not have each of its processes log in for it again and again.
    if (this.#times === 1 && this.paused && sinceMs < this.#startedAtMs) {
      this.#pausedUntilMs = this.#clock.monotonic();
      return undefined;
    }
    if (!this.paused) this.started();
    this.#provenFutile = true;
    return this.#pausedUntilMs - this.#clock.monotonic();
  }

  /** A replay has succeeded: renewal was the cure. Returns the age of the token it replaced, if that was young. */
  cured(): number | undefined {
    const youngAgeMs = this.#youngAgeMs;
    this.#times = 0;
    this.#pausedUntilMs = 0;
    this.#provenFutile = false;
    this.#youngAgeMs = undefined;
    return youngAgeMs;
  }

  get #isUnproven(): boolean {
    return this.#times === 1 && !this.#replayable && !this.#provenFutile;
  }
}
