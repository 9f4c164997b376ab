import { Bucket, FUTILITY, waitAfter } from '../issuing/back-off.js';
import type { RefusedAttempt } from '../call-answer.js';
import type { Credential } from '../credential.js';
import type { ForcedRenewals } from '../issuing/token-issuer.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotView } from './slot-context.js';

/** Two instants that are closer together than this, in milliseconds, count as one. */
export const AT_ONCE_MS = 20;
/** At most this many calls in a row have to be refused before a renewal is forced during a pause. */
const MOST_IN_A_ROW = 16;
/**
 * What the first of them brings in place of a token that had served may have died on its way, with that one. After so long
 * that is likelier than a provider that does not know it yet: so the pause after it is not longer for it.
 */
const FIRST_OF_OTHERS_MS = 500;
/** Forced renewals come out of a bucket of this many, which gains one every ten seconds. Those of a fleet do together. */
const AT_MOST = { size: 20, gainsEveryMs: 10_000 };

const NONE: ForcedRenewals = Object.freeze({ ofProven: 0, ofOthers: 0, startedAtMs: -Infinity });

/**
 * What the renewals were worth that refused calls have forced, and so whether the next one may be forced (R11). Why each
 * line is there: docs/decisions/refusals.md.
 *
 * Forced renewals have to earn the next one: after each, a pause runs (2 s, doubling to 5 min) that ends early when the
 * renewal is seen to have cured, or when enough calls in a row are refused with a token that had served.
 */
export class RenewalPause {
  readonly #slot: SlotView;
  /** Renewals that were forced in vain, here or by another process that shares the token. Instants are on the monotonic clock. */
  #vain: ForcedRenewals = NONE;
  /** What another process has brought, which has told what was forced for it. */
  #heardOf: KeptCredential | undefined = undefined;
  /** What the last one has replaced, and what it has brought; the latter until it is refused for the first time. */
  #replaced: KeptCredential | undefined = undefined;
  #brought: KeptCredential | undefined = undefined;
  /** The pause after it has been told of. */
  #isTold = true;
  /** What was brought was refused after its pause: the pause after the next one is told of as soon as it begins. */
  #isVainAgain = false;
  readonly #bucket = new Bucket(AT_MOST);

  constructor(slot: SlotView) {
    this.#slot = slot;
  }

  /** For how long no renewal is forced because of the last ones, in milliseconds. Enough refusals in a row end that. */
  get leftMs(): number {
    const times = Math.max(this.#vain.ofProven, this.#vain.ofOthers);
    const { isProven = false, refusedInARow = 0 } = this.#slot.kept ?? {};
    const leftMs = isProven && areEnough(refusedInARow, times) ? 0 : this.#leftAfterMs(times);
    return Math.max(this.#bucket.emptyForMs(this.#nowMs), leftMs);
  }

  /** The last renewal that replaced a token that had served is not known to have cured anything. */
  get isInDoubt(): boolean {
    return this.#vain.ofProven > 0;
  }

  /** Whether a renewal may be forced now. @param isRefused whether what is kept was refused just now */
  allows(kept: KeptCredential | undefined, isRefused: boolean): boolean {
    if (this.#bucket.isEmpty(this.#nowMs)) return false;
    const { isProven = true, refusedInARow = 0 } = kept ?? {};
    if (isRefused && kept?.credential === this.#brought?.credential) {
      // What the last one brought has served for a whole pause without a refusal: what follows begins anew.
      if (isProven && this.#leftAfterMs(this.#vain.ofProven) < 0) this.#forget('ofProven', 1);
      this.#brought = undefined;
    }
    const times = isProven ? this.#vain.ofProven : this.#vain.ofOthers;
    if (times === 0 || (isProven && areEnough(refusedInARow, times))) return true;
    const leftMs = isProven ? this.#leftAfterMs(times) : this.#leftOfOthersMs;
    if (isRefused && kept !== undefined) this.#tell(kept, leftMs);
    this.#isVainAgain = isRefused && !isProven && leftMs <= 0;
    return leftMs <= 0 && (!isProven || refusedInARow >= 2);
  }

  /** How long until another token may be forced in place of `kept`, in milliseconds; `undefined` where that is not soon. */
  soonMs(kept: KeptCredential): number | undefined {
    const isSoon = this.#isFirstOfOthers && !kept.isProven && !this.#bucket.isEmpty(this.#nowMs);
    return isSoon && this.#leftOfOthersMs > 0 ? this.#leftOfOthersMs : undefined;
  }

  /** A renewal that was forced to replace `before` has ended. `now` is what it has brought, if anything. */
  forced(startedAtMs: number, before: KeptCredential | undefined, now: KeptCredential | undefined): void {
    this.#replaced = before;
    const wasAskedForBefore = now !== undefined && now.sinceMs < startedAtMs;
    // A token that was there already has cost no login. One that another process has forced was counted when it was heard of.
    const isCounted = now !== undefined && now === this.#heardOf;
    if (!wasAskedForBefore && !isCounted) this.#bucket.take(startedAtMs);
    this.#brought = wasAskedForBefore ? undefined : now;
    const vain = this.#withOneMore(before, startedAtMs);
    // The provider issued the refused token again. That does not help, even if it served calls before.
    if (before !== undefined && now?.credential.isSameAs(before.credential) === true) now.doubt();
    // What killed the one before may have killed that one as well, and no login was tried yet.
    if (isCounted || (wasAskedForBefore && this.#vain.ofOthers === 0)) return;
    this.#vain = vain;
    this.#isTold = false;
    if (this.#isVainAgain && now !== undefined)
      this.#tell(now, this.#leftAfterMs(Math.max(vain.ofProven, vain.ofOthers)));
    this.#isVainAgain = false;
  }

  /** What is current now was asked for by another process, after all of these were forced. */
  heard(kept: KeptCredential, forced: ForcedRenewals): void {
    this.#heardOf = kept;
    if (forced.startedAtMs <= this.#vain.startedAtMs + AT_ONCE_MS) return;
    this.#bucket.take(forced.startedAtMs);
    this.#vain = forced;
    this.#isTold = false;
    // No replay can show here that it was cured: only a pause that lasts is a reason to wait.
    if (this.#leftAfterMs(forced.ofProven) <= 0) this.#forget('ofProven', 0);
  }

  /** What others have to know who get the token of a login that starts now. `isForced`: that login is one more of them. */
  toTell(isForced: boolean): ForcedRenewals | undefined {
    const forced = isForced ? this.#withOneMore(this.#slot.kept, this.#nowMs) : this.#vain;
    return forced.ofProven + forced.ofOthers === 0 ? undefined : forced;
  }

  /** A call was accepted with what is kept. */
  accepted(): void {
    if (this.#leftOfOthersMs <= 0) this.#forget('ofOthers', 0);
  }

  /** A call that was sent again with `kept` was refused. So `kept` has not served without a refusal. */
  replayRefused(kept: KeptCredential): void {
    if (kept === this.#brought) this.#brought = undefined;
  }

  /** A call was accepted with `credential`. It is news here if its first attempt was refused with another one. */
  replayed(first: RefusedAttempt | undefined, credential: Credential): void {
    if (first === undefined || first.credential.isSameAs(credential)) return;
    const isReplaced = this.#replaced?.credential.isSameAs(first.credential) === true;
    const replaced = isReplaced ? this.#replaced : undefined;
    // The old token served other calls after this refusal. So the refusal concerned this call, not the token.
    if (replaced?.wasAcceptedAfter(first.sentAtMs) === true) return;
    this.#forget('ofProven', 0);
    this.#replaced = undefined;
    const ageMs = replaced === undefined ? Infinity : this.#nowMs - replaced.obtainedAtMs;
    if (replaced !== undefined && ageMs < replaced.lifetimeMs / 2)
      this.#slot.journal.emit({ type: 'credential-contested', credential: credential.id, ageMs });
  }

  /** Once for each renewal that was forced, while the pause after it runs. */
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

  #forget(which: 'ofProven' | 'ofOthers', allBut: number): void {
    if (this.#vain[which] > allBut) this.#vain = { ...this.#vain, [which]: allBut };
  }

  /** What is left of the pause after so many renewals in vain, in milliseconds. */
  #leftAfterMs(times: number): number {
    return times === 0 ? 0 : this.#vain.startedAtMs + waitAfter(times, FUTILITY) - this.#nowMs;
  }

  /** Another token has come in place of one that had served, and none has been forced in place of that one. */
  get #isFirstOfOthers(): boolean {
    const { kept } = this.#slot;
    const isSame = kept !== undefined && this.#replaced?.credential.isSameAs(kept.credential) === true;
    return !isSame && this.#vain.ofProven > 0 && this.#vain.ofOthers === 1;
  }

  get #leftOfOthersMs(): number {
    if (!this.#isFirstOfOthers) return this.#leftAfterMs(this.#vain.ofOthers);
    return this.#vain.startedAtMs + FIRST_OF_OTHERS_MS - this.#nowMs;
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }
}

/** Whether so many calls refused in a row show that a token which had served is dead, after `times` renewals in vain. */
function areEnough(refusedInARow: number, times: number): boolean {
  return refusedInARow >= Math.min(MOST_IN_A_ROW, 2 ** times);
}
