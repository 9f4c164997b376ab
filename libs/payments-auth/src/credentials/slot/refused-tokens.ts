import type { Clock } from '../../payments-auth.clock.js';
import { abortsMany } from '../../within.js';
import { type CallAnswer, isAcceptance, type Refusal, type RefusedAttempt } from '../call-answer.js';
import type { Credential } from '../credential.js';
import type { KeptCredential } from './kept-credential.js';
import { AT_ONCE_MS, RenewalPause } from './renewal-pause.js';
import type { Cure, SlotView } from './slot-context.js';

/** As long as no call with it was accepted, a token counts as young for this time: its provider may not know it yet. */
const YOUNG_FOR_MS = 2_000;
/** A call that was refused with a younger token is sent again at this age of it. Most providers know it by then. */
const TRIED_AGAIN_AT_MS = 500;
/** While calls carry the predecessor, one call in this many milliseconds tries the new token. */
const TRY_EVERY_MS = 500;

/**
 * The memory of refused and accepted tokens. It decides what a refused call does next (R11, docs/decisions/refusals.md).
 *
 * A token is *proven* once a call with it was accepted. A token that is not proven may be *young*: the provider may not
 * know it yet. {@link RenewalPause} decides whether a renewal may be forced.
 */
export class RefusedTokens {
  readonly pause: RenewalPause;
  readonly #slot: SlotView;
  readonly #clock: Clock;
  /** The latest token that was refused after it had served, and when the latest refused call with it was sent. */
  #served: { readonly token?: Credential; readonly sentAtMs: number } = { sentAtMs: -Infinity };
  /** While calls carry the predecessor: when the next call may try the new token. */
  #nextTryAtMs = -Infinity;
  /** The latest predecessor. Its refusals arrive also after its end. */
  #predecessor: KeptCredential | undefined = undefined;
  /** Ends the waits for a young token. */
  #proof: AbortController | undefined = undefined;

  constructor(slot: SlotView) {
    this.#slot = slot;
    this.#clock = slot.owner.context.clock;
    this.pause = new RenewalPause(slot);
  }

  /** The predecessor of `kept`, which calls carry instead, from the first refusal of `kept` until it is proven. */
  instead(kept: KeptCredential, mayRepeat: (() => boolean) | undefined): Credential | undefined {
    if (kept.refusedInARow === 0 || kept.isProven) return undefined;
    const predecessor = kept.livingPredecessor(this.#clock);
    if (predecessor === undefined) return undefined;
    if (this.#clock.monotonic() < this.#nextTryAtMs || mayRepeat?.() !== true) return predecessor.credential;
    this.#nextTryAtMs = this.#clock.monotonic() + TRY_EVERY_MS;
    return undefined;
  }

  /** Records an accepted attempt. Refused attempts come to {@link cure}. */
  answered(credential: Credential, answer: CallAnswer): undefined {
    if (!isAcceptance(answer)) return;
    const { kept, owner } = this.#slot;
    if (kept?.credential.isSameAs(credential) === true) {
      const wasYoung = (each: RefusedAttempt) => each.refusedAtMs < kept.obtainedAtMs + YOUNG_FOR_MS;
      if (answer.before?.some((each) => each.credential.isSameAs(credential) && wasYoung(each)) === true)
        owner.context.knowsTokensLate = true;
      this.#proof?.abort();
      this.#proof = undefined;
      this.pause.accepted();
    }
    this.pause.replayed(answer.before?.[0], credential);
  }

  /** What a call does next after it was refused with `refused`. */
  cure(refused: Credential, { replayable, attempts }: Refusal): Cure {
    const { kept, isBusy } = this.#slot;
    const first = attempts[0] as RefusedAttempt;
    const hasTried = (one: KeptCredential) => attempts.some((it) => it.credential.isSameAs(one.credential));
    const current = kept?.isAlive(this.#clock) === true ? kept : undefined;
    const predecessor = kept?.livingPredecessor(this.#clock);
    this.#predecessor = predecessor ?? this.#predecessor;
    const token = [kept, this.#predecessor].find((each) => each?.credential.isSameAs(refused));
    const { sentAtMs } = attempts.at(-1) as RefusedAttempt;
    // Refusals of calls with this token still arrive for some time after another token has replaced it.
    const hadServed = token?.isProven ?? this.#served.token?.isSameAs(refused) === true;
    if (hadServed) this.#served = { token: refused, sentAtMs: Math.max(this.#served.sentAtMs, sentAtMs) };
    const isCurrent = token !== undefined && token === kept;
    const isYoung = isCurrent && this.#isYoung(token);
    // A replay with what a renewal has brought is refused: for this call the renewal did not help, young or not.
    if (isYoung && attempts.length > 1) this.pause.replayRefused(token);
    // If no live token is left, the next call would log in as well.
    const mayForce = isBusy || current === undefined || (!isYoung && this.pause.allows(kept, isCurrent));

    // The call is sent once more. It is sent a third time only if the second could not show whether a renewal helps.
    const isPast = token === undefined || current === undefined || token.sinceMs < first.refusedAtMs;
    const isSuspect = isCurrent && !token.isProven && this.#served.sentAtMs > token.sinceMs;
    const mayTryAgain = attempts.length < 2 || (attempts.length === 2 && (isPast || isYoung || isSuspect));
    if (!replayable || !mayTryAgain) {
      const isWanted = isCurrent || current === undefined;
      return mayForce && isWanted ? { by: 'renewal-behind', of: refused } : undefined;
    }
    if (current !== undefined) {
      // This call was refused twice with one token. Its last attempt is not used for another young token.
      const isDoubted = attempts.length === 2 && first.credential.isSameAs(refused);
      if (!hasTried(current)) return this.#settled(current, isDoubted ? undefined : current);
      // Its first refusal came while this token was asked for. What ended the token before may have ended this one too.
      const isUnclear =
        attempts.length === 2 && first.sentAtMs <= current.sinceMs && first.refusedAtMs > current.sinceMs;
      const isNew = !current.isProven || this.#ageMs(current) < YOUNG_FOR_MS;
      if (isNew && predecessor !== undefined && !hasTried(predecessor)) {
        this.#nextTryAtMs = this.#clock.monotonic() + TRY_EVERY_MS;
        return { by: 'replay', with: predecessor.credential };
      }
      if (this.#isYoung(current)) return this.#cureOfYoung(current, isDoubted, isUnclear);
      const soonMs = mayForce ? undefined : this.pause.soonMs(current);
      if (soonMs !== undefined) return this.#waitFor(current, this.#ageMs(current) + soonMs);
      const isInDoubt = this.pause.isInDoubt || current.wasAcceptedAfter(first.sentAtMs);
      const isWorthATry = current.isProven && isInDoubt && attempts.length === 1 && !isBusy;
      if (isWorthATry && !(mayForce && current.refusedInARow > 1))
        return { by: 'replay', with: current.credential };
    }
    return mayForce ? { by: 'renewal', of: current?.credential ?? refused } : { by: 'store' };
  }

  #isYoung(kept: KeptCredential): boolean {
    const forMs = kept.isProven ? TRIED_AGAIN_AT_MS : YOUNG_FOR_MS;
    if (this.#ageMs(kept) >= forMs - AT_ONCE_MS) return false;
    // Some servers may not know a proven token yet. What ended an earlier token may have ended this one too.
    return kept.isProven ? this.#slot.owner.context.knowsTokensLate : this.#served.sentAtMs <= kept.sinceMs;
  }

  /** The provider may know the token a little later, or the token may have ended with others before its first call. */
  #cureOfYoung(kept: KeptCredential, isDoubted: boolean, isUnclear: boolean): Cure {
    // Waiting has not helped this call, or may not help it, and was never seen to help at this provider.
    const isStuck = isDoubted || (isUnclear && this.pause.allows(kept, false));
    const isKnownLate = this.#slot.owner.context.knowsTokensLate;
    const nextMs = this.#ageMs(kept) < TRIED_AGAIN_AT_MS - AT_ONCE_MS ? TRIED_AGAIN_AT_MS : YOUNG_FOR_MS;
    return (isStuck && !isKnownLate && this.#replaced(kept)) || this.#waitFor(kept, nextMs);
  }

  /** Forces a renewal to replace `kept`, if that is allowed. */
  #replaced(kept: KeptCredential): Cure {
    if (kept.isProven || !(this.#slot.isBusy || this.pause.allows(kept, true))) return undefined;
    return { by: 'new-token', of: kept.credential, key: undefined, settle: (now) => this.#settled(now) };
  }

  #waitFor(kept: KeptCredential, nextMs: number): Cure {
    // A proven token is known to some servers, but perhaps not to the others.
    const until = kept.isProven ? this.#slot.owner.context.closing : (this.#proof ??= abortsMany()).signal;
    // A call waits for a token at most for a quarter of the token's life.
    const forMs = Math.max(0, Math.min(nextMs, kept.lifetimeMs / 4) - this.#ageMs(kept));
    const isDead = (now: KeptCredential) => now === kept && this.#served.sentAtMs > now.sinceMs;
    const settle = (now: KeptCredential) => (isDead(now) && this.#replaced(now)) || this.#settled(now, kept);
    return { by: 'waiting', forMs, until, settle };
  }

  /** If another token has replaced the young one, the call waits until that one is proven, or no longer young. */
  #settled(now: KeptCredential, waitedFor?: KeptCredential): Cure {
    const isYoung = now !== waitedFor && !now.isProven && this.#isYoung(now);
    return isYoung ? this.#waitFor(now, YOUNG_FOR_MS) : { by: 'replay', with: now.credential };
  }

  /** The age of a token: since it came from its provider, or since its provider accepts it, where that is later. */
  #ageMs(kept: KeptCredential): number {
    return this.#clock.monotonic() - kept.obtainedAtMs - this.#slot.owner.context.usableAfterMs;
  }
}
