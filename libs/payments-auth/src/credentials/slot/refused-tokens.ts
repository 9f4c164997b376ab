import { setMaxListeners } from 'node:events';
import { FUTILITY, waitAfter } from '../issuing/back-off.js';
import { type CallAnswer, isAcceptance, type Refusal, type RefusedAttempt } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import type { ForcedRenewals } from '../issuing/token-issuer.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotView } from './slot-context.js';

/** What may cure a refusal. `undefined`: nothing. */
export type Cure =
  /** The call is sent again with this one. */
  | { readonly by: 'replay'; readonly with: KeptCredential }
  /** The call is sent again with what is current once the token is proven, or so many milliseconds later. */
  | { readonly by: 'waiting'; readonly forMs: number; readonly until: AbortSignal }
  /** One forced renewal for all. `isBehind`: the call itself gets its refusal at once. */
  | { readonly by: 'renewal'; readonly of: Credential; readonly isBehind?: boolean; readonly key?: string }
  /** A newer token, if another process of the fleet has one. */
  | { readonly by: 'store' }
  | undefined;

/** A token that nobody was served with is young for so long: its provider may not know it yet. */
const YOUNG_FOR_MS = 2_000;
/** Calls that a young token was refused to are sent again when it is so old, at the latest. */
const TRIED_AGAIN_AT_MS = [500, YOUNG_FOR_MS];
/** While the predecessor serves, one call in so many milliseconds shows whether the new token is known by now. */
const TRY_EVERY_MS = 500;
/** Closer together than this, two instants are one. */
const AT_ONCE_MS = 20;
/** So many calls in a row, and never more, have to be refused before a renewal is forced during a pause. */
const MOST_IN_A_ROW = 16;
/** Whatever happens, forced renewals come out of a bucket of so many, which gains one every ten seconds. */
const BUCKET = 20;
const BUCKET_GAINS_EVERY_MS = 10_000;

const NONE: ForcedRenewals = Object.freeze({ ofProven: 0, ofOthers: 0, startedAtMs: -Infinity });

/**
 * What refusals and acceptances have shown of tokens, and what follows for a call that was refused (R11). Why each
 * line is there: docs/decisions/refusals.md.
 *
 * A token is *proven* once a call was accepted with it. One that is not may be *young*: the provider does not know it
 * yet. Forced renewals have to earn the next one: after each, a pause runs (2 s, doubling to 5 min) that ends early
 * when the renewal is seen to have cured, or when enough calls in a row are refused with a token that had served.
 */
export class RefusedTokens {
  readonly #slot: SlotView;
  /** Renewals that were forced in vain, here or by whoever shares the token. Instants are on the monotonic clock. */
  #vain: ForcedRenewals = NONE;
  /** What another process has brought, which has told what was forced for it. */
  #heardOf: KeptCredential | undefined = undefined;
  /** What it has replaced, and what it has brought; the latter until it is refused for the first time. */
  #replaced: KeptCredential | undefined = undefined;
  #brought: KeptCredential | undefined = undefined;
  /** The pause after it has been told of. */
  #isPauseTold = true;
  #bucketFullAtMs = -Infinity;
  /** A token that had served was refused then. */
  #servedAndRefusedAtMs = -Infinity;
  /** While calls carry the predecessor: when the next of them tries the new one. */
  #nextTryAtMs = -Infinity;
  /** Ends the waits for a young token. */
  #proof: AbortController | undefined = undefined;
  #looking: Promise<Credential | undefined> | undefined = undefined;

  constructor(slot: SlotView) {
    this.#slot = slot;
  }

  /** What a call carries in place of `kept`: its predecessor, from its first refusal until it is proven. */
  instead(kept: KeptCredential, mayRepeat: (() => boolean) | undefined): Credential | undefined {
    if (kept.refusedInARow === 0 || kept.isProven) return undefined;
    const predecessor = this.#living(kept.predecessor);
    if (predecessor === undefined) return undefined;
    if (this.#nowMs < this.#nextTryAtMs || mayRepeat?.() !== true) return predecessor.credential;
    this.#nextTryAtMs = this.#nowMs + TRY_EVERY_MS;
    return undefined;
  }

  /** What an attempt has come to. Only acceptances are evidence here: refusals come with {@link cure}. */
  answered(credential: Credential, answer: CallAnswer): undefined {
    if (!isAcceptance(answer)) return;
    if (this.#slot.kept?.credential.isSameAs(credential) === true) {
      this.#proof?.abort();
      this.#proof = undefined;
      if (this.#pauseOfMs(this.#vain.ofOthers) <= 0) this.#forget('ofOthers', 0);
    }
    const first = answer.before?.[0];
    if (first !== undefined && !first.credential.isSameAs(credential)) this.#replayed(first, credential.id);
  }

  /** A replay was accepted with another token than the first attempt was refused with. */
  #replayed(first: RefusedAttempt, id: string): void {
    const isReplaced = this.#replaced?.credential.isSameAs(first.credential) === true;
    const replaced = isReplaced ? this.#replaced : undefined;
    // The old one served others after it was refused here: it was this call that was not liked.
    if (replaced?.wasAcceptedAfter(first.sentAtMs) === true) return;
    this.#forget('ofProven', 0);
    this.#replaced = undefined;
    const ageMs = replaced === undefined ? Infinity : this.#nowMs - replaced.obtainedAtMs;
    if (replaced !== undefined && ageMs < replaced.lifetimeMs / 2)
      this.#slot.journal.emit({ type: 'credential-contested', credential: id, ageMs });
  }

  /** A renewal that was forced to replace `before` has ended. `now` is what it has brought, if anything. */
  forced(startedAtMs: number, before: KeptCredential | undefined, now: KeptCredential | undefined): void {
    this.#bucketFullAtMs = Math.max(this.#bucketFullAtMs, startedAtMs) + BUCKET_GAINS_EVERY_MS;
    this.#replaced = before;
    const wasAskedForBefore = now !== undefined && now.sinceMs < startedAtMs;
    this.#brought = wasAskedForBefore ? undefined : now;
    const vain = this.#withOneMore(before, startedAtMs);
    // The same token again is no cure, whatever it has served for.
    if (before !== undefined && now?.credential.isSameAs(before.credential) === true) now.doubt();
    // What killed the one before may have killed that one as well, and no login was tried yet; or it is known how many were.
    if (wasAskedForBefore && (this.#vain.ofOthers === 0 || this.#heardOf === now)) return;
    this.#vain = vain;
    this.#isPauseTold = false;
  }

  /** What is current now was asked for by another process, after all of these were forced. */
  heard(kept: KeptCredential, forced: ForcedRenewals): void {
    this.#heardOf = kept;
    if (forced.startedAtMs <= this.#vain.startedAtMs + AT_ONCE_MS) return;
    this.#vain = forced;
    this.#isPauseTold = false;
    // No replay can show here that it was cured: only a pause that lasts is a reason to wait.
    if (this.#pauseOfMs(forced.ofProven) <= 0) this.#forget('ofProven', 0);
  }

  /** What others have to know who get the token of a login that starts now. `isForced`: that login is one more of them. */
  toTell(isForced: boolean): ForcedRenewals | undefined {
    const forced = isForced ? this.#withOneMore(this.#slot.kept, this.#nowMs) : this.#vain;
    return forced.ofProven + forced.ofOthers === 0 ? undefined : forced;
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

  /** Calls that are refused while one looks for a newer token look together with it. */
  lookTogether(look: () => Promise<Credential | undefined>): Promise<Credential | undefined> {
    this.#looking ??= look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** For how long no renewal is forced because of the last ones, in milliseconds. */
  get pausedForMs(): number {
    return Math.max(0, this.#pauseOfMs(Math.max(this.#vain.ofProven, this.#vain.ofOthers)));
  }

  /** What a call does next that was refused with `refused`. */
  cure(refused: Credential, { replayable, attempts }: Refusal): Cure {
    const { kept, isBusy } = this.#slot;
    const first = attempts[0] as RefusedAttempt;
    const hasTried = (each: KeptCredential) =>
      attempts.some(({ credential }) => credential.isSameAs(each.credential));
    const current = this.#living(kept);
    const predecessor = this.#living(kept?.predecessor);
    const token = [kept, predecessor].find((each) => each?.credential.isSameAs(refused));
    if (token?.isProven === true) this.#servedAndRefusedAtMs = this.#nowMs;
    const isCurrent = token !== undefined && token === kept;
    const isYoung = isCurrent && this.#isYoung(token);
    // Where none is left that lives, the next call would log in as well.
    const mayForce = isBusy || current === undefined || (!isYoung && this.#mayForce(kept, isCurrent));

    // Once more, and a third time only where the second could not show what a renewal is worth.
    const wasKnownBefore = token === undefined || token.sinceMs < first.refusedAtMs;
    const mayTryAgain = attempts.length < 2 || (attempts.length === 2 && (wasKnownBefore || isYoung));
    if (!replayable || !mayTryAgain) {
      const isWanted = isCurrent || current === undefined;
      return mayForce && isWanted ? { by: 'renewal', of: refused, isBehind: true } : undefined;
    }
    if (current !== undefined) {
      if (!hasTried(current)) return { by: 'replay', with: current };
      const isNew = !current.isProven || this.#ageMs(current) < YOUNG_FOR_MS;
      if (isNew && predecessor !== undefined && !hasTried(predecessor)) {
        this.#nextTryAtMs = this.#nowMs + TRY_EVERY_MS;
        return { by: 'replay', with: predecessor };
      }
      if (this.#isYoung(current)) return this.#waitFor(current);
      const isInDoubt = this.#vain.ofProven > 0 || current.wasAcceptedAfter(first.sentAtMs);
      const isWorthATry = current.isProven && isInDoubt && attempts.length === 1 && !isBusy;
      if (isWorthATry && !(mayForce && current.refusedInARow > 1)) return { by: 'replay', with: current };
    }
    return mayForce ? { by: 'renewal', of: current?.credential ?? refused } : { by: 'store' };
  }

  /** Whether a renewal may be forced now. */
  #mayForce(kept: KeptCredential | undefined, isRefused: boolean): boolean {
    if (this.#bucketFullAtMs - this.#nowMs > (BUCKET - 1) * BUCKET_GAINS_EVERY_MS) return false;
    const { isProven = true, refusedInARow = 0 } = kept ?? {};
    if (isRefused && kept?.credential === this.#brought?.credential) {
      // What the last one brought has served for a whole pause without a refusal: what follows begins anew.
      if (isProven && this.#pauseOfMs(this.#vain.ofProven) < 0) this.#forget('ofProven', 1);
      this.#brought = undefined;
    }
    const times = isProven ? this.#vain.ofProven : this.#vain.ofOthers;
    if (times === 0 || (isProven && refusedInARow >= Math.min(MOST_IN_A_ROW, 2 ** times))) return true;
    const pauseMs = this.#pauseOfMs(times);
    if (isRefused && kept !== undefined && (!isProven || pauseMs > 0))
      this.#tellOfPause(kept, Math.max(0, pauseMs));
    return pauseMs <= 0 && (!isProven || refusedInARow >= 2);
  }

  /** Once for each renewal that was forced. */
  #tellOfPause({ credential: { id } }: KeptCredential, durationMs: number): void {
    if (this.#isPauseTold) return;
    this.#isPauseTold = true;
    this.#slot.journal.emit({ type: 'renewals-paused', credential: id, durationMs });
  }

  #isYoung(kept: KeptCredential): boolean {
    if (kept.isProven || this.#ageMs(kept) >= YOUNG_FOR_MS - AT_ONCE_MS) return false;
    // A token that had served has died meanwhile: then this one may have died as well.
    return this.#servedAndRefusedAtMs <= kept.sinceMs;
  }

  #waitFor(kept: KeptCredential): Cure {
    const ageMs = this.#ageMs(kept);
    const atMs = TRIED_AGAIN_AT_MS.find((each) => each > ageMs + AT_ONCE_MS) ?? YOUNG_FOR_MS;
    if (this.#proof === undefined) {
      this.#proof = new AbortController();
      // However many calls wait, each listens.
      setMaxListeners(Infinity, this.#proof.signal);
    }
    return { by: 'waiting', forMs: atMs - ageMs, until: this.#proof.signal };
  }

  /** What is left of the pause after so many renewals in vain, in milliseconds. */
  #pauseOfMs(times: number): number {
    return times === 0 ? 0 : this.#vain.startedAtMs + waitAfter(times, FUTILITY) - this.#nowMs;
  }

  #living(kept: KeptCredential | undefined): KeptCredential | undefined {
    return kept?.isAlive(this.#slot.owner.context.clock) === true ? kept : undefined;
  }

  /** Since it came from its provider; where its provider accepts it from some age on, since then. */
  #ageMs(kept: KeptCredential): number {
    return this.#nowMs - kept.obtainedAtMs - this.#slot.owner.context.usableAfterMs;
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }
}
