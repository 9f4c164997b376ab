import { Bucket, FUTILITY, waitAfter } from '../issuing/back-off.js';
import type { RefusedAttempt } from '../call-answer.js';
import type { Credential } from '../credential.js';
import type { ForcedRenewals } from '../issuing/token-issuer.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotView } from './slot-context.js';

/** Two instants that are closer together than this, in milliseconds, count as one. */
export const AT_ONCE_MS = 20;
/** During a pause, this many refused calls in a row are enough to force a renewal, unless such rows have misled before. */
const MOST_IN_A_ROW = 16;
/**
 * The token of the first forced renewal may have ended together with the token that it replaces. When it is refused
 * after this time, that is more likely than a provider that does not know the token yet. So the pause before the next
 * renewal is only this long.
 */
const FIRST_OF_OTHERS_MS = 500;
/**
 * Each forced renewal takes a permit from a bucket of this size, which gains one every ten seconds. The renewals of a
 * whole fleet count together.
 */
const AT_MOST = { size: 20, gainsEveryMs: 10_000 };

const NONE: ForcedRenewals = Object.freeze({ ofProven: 0, ofOthers: 0, startedAtMs: -Infinity });

/**
 * Decides whether refused calls may force a renewal, from the results of the earlier forced renewals (R11). Why each
 * line is there: docs/decisions/refusals.md.
 *
 * After each forced renewal, there is a pause (2 s, doubling to 5 min). It ends early when the renewal is seen to have
 * helped, or when enough calls in a row are refused with a token that had served.
 */
export class RenewalPause {
  readonly #slot: SlotView;
  /**
   * The forced renewals that did not help, of this process or of another one that shares the token. Instants are on the
   * monotonic clock.
   */
  #vain: ForcedRenewals = NONE;
  /** The token of another process, which has come with the forced renewals of that process. */
  #heardOf: KeptCredential | undefined = undefined;
  /**
   * The token that the last forced renewal has replaced, and the one that it has brought. The latter is kept until its
   * first refusal.
   */
  #replaced: KeptCredential | undefined = undefined;
  #brought: KeptCredential | undefined = undefined;
  /** Whether the pause after the last forced renewal was reported. */
  #isTold = true;
  /** The new token was refused after its pause. So the next pause is reported as soon as it begins. */
  #isVainAgain = false;
  /** How often the count has begun again since the last renewal that helped, or since the longest pause has passed. */
  #timesBegunAgain = 0;
  /**
   * The renewals that a row of refused calls has forced during a pause, since a renewal was seen to help. Where one path
   * is always refused, long rows of refusals say nothing about the token.
   */
  #rows = 0;
  readonly #bucket = new Bucket(AT_MOST);

  constructor(slot: SlotView) {
    this.#slot = slot;
  }

  /** For how long no renewal is forced, in milliseconds. Enough refusals in a row end this pause. */
  get leftMs(): number {
    const times = Math.max(this.#vain.ofProven, this.#vain.ofOthers);
    const { isProven = false, refusedInARow = 0 } = this.#slot.kept ?? {};
    const leftMs = isProven && this.#areEnough(refusedInARow, times) ? 0 : this.#leftAfterMs(times);
    return Math.max(this.#bucket.emptyForMs(this.#nowMs), leftMs);
  }

  /** Whether it is unknown if the last renewal of a token that had served has helped, or no renewal is left to force. */
  get isInDoubt(): boolean {
    return this.#vain.ofProven > 0 || this.#bucket.isEmpty(this.#nowMs);
  }

  /** Whether a renewal may be forced now. @param isRefused whether the kept token was refused just now */
  allows(kept: KeptCredential | undefined, isRefused: boolean): boolean {
    if (this.#bucket.isEmpty(this.#nowMs)) return false;
    const { isProven = true, refusedInARow = 0 } = kept ?? {};
    if (isRefused && kept?.credential === this.#brought?.credential) {
      if (isProven && this.#leftAfterMs(this.#vain.ofProven) < 0) this.#beginAgain();
      this.#brought = undefined;
    }
    const times = isProven ? this.#vain.ofProven : this.#timesOfOthers;
    if (times === 0 || (isProven && this.#areEnough(refusedInARow, times))) return true;
    const leftMs = isProven ? this.#leftAfterMs(times) : this.#leftOfOthersMs;
    if (isRefused && kept !== undefined) this.#tell(kept, leftMs);
    this.#isVainAgain = isRefused && !isProven && leftMs <= 0;
    return leftMs <= 0 && (!isProven || refusedInARow >= 2);
  }

  /** How long until a renewal may be forced to replace `kept`, in milliseconds; `undefined` where that is not soon. */
  soonMs(kept: KeptCredential): number | undefined {
    const isSoon = this.#isFirstOfOthers && !kept.isProven && !this.#bucket.isEmpty(this.#nowMs);
    return isSoon && this.#leftOfOthersMs > 0 ? this.#leftOfOthersMs : undefined;
  }

  /** A renewal that was forced to replace `before` has ended. `now` is the new token, if there is one. */
  forced(startedAtMs: number, before: KeptCredential | undefined, now: KeptCredential | undefined): void {
    if (before?.isProven === true && this.#leftAfterMs(this.#vain.ofProven) > 0) this.#rows += 1;
    this.#replaced = before;
    const wasAskedForBefore = now !== undefined && now.sinceMs < startedAtMs;
    // A token that already existed has cost no login. A renewal of another process was counted when its token arrived.
    const isCounted = now !== undefined && now === this.#heardOf;
    if (!wasAskedForBefore && !isCounted) this.#bucket.take(startedAtMs);
    this.#brought = wasAskedForBefore ? undefined : now;
    const vain = this.#withOneMore(before, startedAtMs);
    // The provider issued the refused token again. That does not help, even if it served calls before.
    if (before !== undefined && now?.credential.isSameAs(before.credential) === true) now.doubt();
    // The event that ended `before` may have ended this token too, and no login was tried yet. So this does not count
    // as a renewal in vain.
    if (isCounted || (wasAskedForBefore && this.#vain.ofOthers === 0)) return;
    this.#vain = vain;
    this.#isTold = false;
    if (this.#isVainAgain && now !== undefined)
      this.#tell(now, this.#leftAfterMs(Math.max(vain.ofProven, vain.ofOthers)));
    this.#isVainAgain = false;
  }

  /** The current token was obtained by another process, after all the renewals in `forced`. */
  heard(kept: KeptCredential, forced: ForcedRenewals): void {
    this.#heardOf = kept;
    if (forced.startedAtMs <= this.#vain.startedAtMs + AT_ONCE_MS) return;
    this.#bucket.take(forced.startedAtMs);
    this.#vain = forced;
    this.#isTold = false;
    // No replay of this process can show whether that renewal helped. So it counts only while its pause lasts.
    if (this.#leftAfterMs(forced.ofProven) <= 0) this.#forget('ofProven', 0);
  }

  /**
   * The forced renewals that other processes have to know with the token of a login that starts now. `isForced`: that
   * login is one of them.
   */
  toTell(isForced: boolean): ForcedRenewals | undefined {
    const forced = isForced ? this.#withOneMore(this.#slot.kept, this.#nowMs) : this.#vain;
    return forced.ofProven + forced.ofOthers === 0 ? undefined : forced;
  }

  /** A call with the kept token was accepted. */
  accepted(): void {
    if (this.#leftOfOthersMs <= 0) this.#forget('ofOthers', 0);
  }

  /** A call that was sent again with `kept` was refused. So `kept` has not served without a refusal. */
  replayRefused(kept: KeptCredential): void {
    if (kept === this.#brought) this.#brought = undefined;
  }

  /** A call with `credential` was accepted. This counts if its first attempt was refused with another credential. */
  replayed(first: RefusedAttempt | undefined, credential: Credential): void {
    if (first === undefined || first.credential.isSameAs(credential)) return;
    // The first attempt carried the current token, so `credential` is an older one. No renewal has brought it for this call.
    if (this.#slot.kept?.credential.isSameAs(first.credential) === true) return;
    const isReplaced = this.#replaced?.credential.isSameAs(first.credential) === true;
    const replaced = isReplaced ? this.#replaced : undefined;
    // The old token served other calls after this refusal. So the refusal concerned this call, not the token.
    if (replaced?.wasAcceptedAfter(first.sentAtMs) === true) return;
    this.#forget('ofProven', 0);
    this.#timesBegunAgain = 0;
    this.#rows = 0;
    this.#replaced = undefined;
    const ageMs = replaced === undefined ? Infinity : this.#nowMs - replaced.obtainedAtMs;
    if (replaced !== undefined && ageMs < replaced.lifetimeMs / 2)
      this.#slot.journal.emit({ type: 'credential-contested', credential: credential.id, ageMs });
  }

  /** Reports the pause, once for each forced renewal. */
  #tell({ credential: { id } }: KeptCredential, durationMs: number): void {
    if (this.#isTold || durationMs <= 0) return;
    this.#isTold = true;
    this.#slot.journal.emit({ type: 'renewals-paused', credential: id, durationMs });
  }

  #withOneMore(replaced: KeptCredential | undefined, startedAtMs: number): ForcedRenewals {
    const { ofProven, ofOthers } = this.#vain;
    return replaced?.isProven === false
      ? { ofProven, ofOthers: ofOthers + 1, startedAtMs }
      : { ofProven: ofProven + 1, ofOthers: 1, startedAtMs };
  }

  /**
   * The token of the last forced renewal has served for a whole pause without a refusal, so the count begins again. Where calls
   * are rarer than the pauses, a token seems to have served although hardly any call has used it. So if this happens again before
   * the longest pause has passed, a larger count is kept.
   */
  #beginAgain(): void {
    this.#rows = 0;
    if (this.#leftAfterMs(Infinity) < 0) this.#timesBegunAgain = 0;
    if (this.#vain.ofProven <= 1) return;
    this.#forget('ofProven', Math.max(1, this.#timesBegunAgain));
    this.#timesBegunAgain += 1;
  }

  #forget(which: 'ofProven' | 'ofOthers', allBut: number): void {
    if (this.#vain[which] > allBut) this.#vain = { ...this.#vain, [which]: allBut };
  }

  /** What is left of the pause after this many renewals that did not help, in milliseconds. */
  #leftAfterMs(times: number): number {
    return times === 0 ? 0 : this.#vain.startedAtMs + waitAfter(times, FUTILITY) - this.#nowMs;
  }

  /**
   * The renewals that count where the kept token was accepted for no call yet. One call may be refused with every token.
   * Where calls are rare, it may be the first call with the new token. So the renewals of tokens that had served count too, except
   * the last one.
   */
  get #timesOfOthers(): number {
    return Math.max(this.#vain.ofOthers, this.#vain.ofProven - 1);
  }

  /** Whether the kept token has replaced one that had served, and no renewal was forced to replace it yet. */
  get #isFirstOfOthers(): boolean {
    const { kept } = this.#slot;
    const isSame = kept !== undefined && this.#replaced?.credential.isSameAs(kept.credential) === true;
    return !isSame && this.#vain.ofProven > 0 && this.#timesOfOthers === 1;
  }

  get #leftOfOthersMs(): number {
    if (!this.#isFirstOfOthers) return this.#leftAfterMs(this.#timesOfOthers);
    return this.#vain.startedAtMs + FIRST_OF_OTHERS_MS - this.#nowMs;
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }

  /**
   * Whether this many refused calls in a row show that a token which had served is dead, after `times` renewals that did
   * not help.
   */
  #areEnough(refusedInARow: number, times: number): boolean {
    const most = MOST_IN_A_ROW * 4 ** Math.max(0, this.#rows - 1);
    return refusedInARow >= Math.min(most, 2 ** (times + 2 * this.#rows));
  }
}
