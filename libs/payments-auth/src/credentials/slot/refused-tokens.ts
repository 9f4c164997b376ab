import { FUTILITY, waitAfter } from '../issuing/back-off.js';
import type { CallAnswer, Refusal, RefusedAttempt } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import type { Secret } from '../secrets/secret-source.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotView } from './slot-context.js';

/** What may cure a refusal. */
export type Cure =
  /** The call is sent again with this one. */
  | { readonly by: 'replay'; readonly with: KeptCredential }
  /** The call is sent again with what is current once the token is proven, or so many milliseconds later. */
  | { readonly by: 'waiting'; readonly forMs: number; readonly until: AbortSignal }
  /** One forced renewal for all. `isBehind`: the call itself gets its refusal at once. */
  | { readonly by: 'renewal'; readonly isBehind?: boolean; readonly refusedKey?: Secret }
  /** A newer token, if another process of the fleet has one. */
  | { readonly by: 'store' }
  | { readonly by: 'nothing' };

const NOTHING: Cure = Object.freeze({ by: 'nothing' });

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

/** How many renewals were forced in vain: of tokens that had served, and since the last of these, of any others. */
interface Vain {
  readonly ofProven: number;
  readonly ofUnproven: number;
  /** When the last of them was started, on the monotonic clock. */
  readonly startedAtMs: number;
}

const NONE: Vain = Object.freeze({ ofProven: 0, ofUnproven: 0, startedAtMs: -Infinity });

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
  #vain: Vain = NONE;
  #beforeLast: Vain = NONE;
  #bucketFullAtMs = -Infinity;
  /** A token that had served was refused then. */
  #servedAndRefusedAtMs = -Infinity;
  /** The token that the last forced renewal has replaced. */
  #replaced: KeptCredential | undefined = undefined;

  #looking: Promise<Credential | undefined> | undefined = undefined;

  /** The token that the following is about. */
  #token: KeptCredential | undefined = undefined;
  /** Calls that were refused with it since the last one that was accepted. */
  #inARow = 0;
  /** Calls that were ever refused with it. */
  #refusals = 0;
  /** It was brought by a forced renewal; whether that has been seen to be no cure. */
  #isForced = false;
  #isNoCure = false;
  /** Calls carry its predecessor until it is proven; when the next of them tries it. */
  #predecessorServes = false;
  #nextTryAtMs = 0;
  #proof: AbortController | undefined = undefined;

  constructor(slot: SlotView) {
    this.#slot = slot;
  }

  /** What a call carries in place of `kept`: its predecessor, until it is proven. */
  instead(kept: KeptCredential, mayRepeat: (() => boolean) | undefined): Credential | undefined {
    if (!this.#predecessorServes || this.#token !== kept || kept.isProven) return undefined;
    const predecessor = this.#living(kept.predecessor);
    if (predecessor === undefined) return undefined;
    if (this.#nowMs >= this.#nextTryAtMs && mayRepeat?.() === true) {
      this.#nextTryAtMs = this.#nowMs + TRY_EVERY_MS;
      return undefined;
    }
    return predecessor.credential;
  }

  /** Whether the last answer to a call that carried `kept` was a refusal. */
  isRefusing(kept: KeptCredential): boolean {
    return this.#token === kept && this.#inARow > 0;
  }

  // --- Told -----------------------------------------------------------------------------------------------------

  /** What an attempt has come to. Only acceptances are evidence here: refusals come with {@link cure}. */
  answered(credential: Credential, { status, refused, before = [] }: CallAnswer): undefined {
    if (status === undefined || status >= 400 || refused !== undefined) return;
    const { kept } = this.#slot;
    if (kept?.credential.isSameAs(credential) === true) {
      this.#lookAt(kept);
      this.#inARow = 0;
      this.#predecessorServes = false;
      this.#proof?.abort();
      this.#proof = undefined;
      const { ofUnproven } = this.#vain;
      if (ofUnproven > 0 && this.#pauseIsOver(ofUnproven)) this.#vain = { ...this.#vain, ofUnproven: 0 };
    }
    const [first] = before;
    if (first !== undefined && !first.credential.isSameAs(credential)) this.#replayed(first, credential);
  }

  /** A replay was accepted with another token than the first attempt was refused with. */
  #replayed(first: RefusedAttempt, { id }: Credential): void {
    const replaced =
      this.#replaced?.credential.isSameAs(first.credential) === true ? this.#replaced : undefined;
    // The old one served others after it was refused here: it was this call that was not liked.
    if (replaced?.wasAcceptedAfter(first.sentAtMs) === true) return this.#noCure(id);
    this.#vain = { ...this.#vain, ofProven: 0 };
    const { clock } = this.#slot.owner.context;
    const ageMs = replaced === undefined ? Infinity : clock.now() - replaced.credential.obtainedAtMs;
    if (replaced !== undefined && ageMs < replaced.lifetimeMs / 2)
      this.#slot.journal.emit({ type: 'credential-contested', credential: id, ageMs });
    this.#replaced = undefined;
  }

  /** A renewal is being forced now. */
  forces(): void {
    const { kept } = this.#slot;
    const { ofProven, ofUnproven } = this.#vain;
    this.#beforeLast = this.#vain;
    this.#bucketFullAtMs = Math.max(this.#bucketFullAtMs, this.#nowMs) + BUCKET_GAINS_EVERY_MS;
    this.#replaced = kept;
    this.#vain =
      kept?.isProven === false
        ? { ofProven, ofUnproven: ofUnproven + 1, startedAtMs: this.#nowMs }
        : { ofProven: ofProven + 1, ofUnproven: 1, startedAtMs: this.#nowMs };
  }

  /** The forced renewal has brought what is current now. */
  forced(kept: KeptCredential): void {
    this.#lookAt(kept);
    this.#isForced = kept.sinceMs >= this.#vain.startedAtMs;
    // It was asked for before the refusal: what killed the one before may have killed both, and no login was tried yet.
    if (!this.#isForced && this.#beforeLast.ofUnproven === 0) this.#vain = this.#beforeLast;
  }

  /** The forced renewal has brought the same token again. */
  broughtTheSame(kept: KeptCredential): void {
    this.#lookAt(kept);
    this.#inARow = 0;
    this.#isForced = true;
    this.#noCure(kept.credential.id);
  }

  /** Calls that are refused while one looks for a newer token look together with it. */
  lookTogether(look: () => Promise<Credential | undefined>): Promise<Credential | undefined> {
    this.#looking ??= look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** The secrets are others: what was learned with those before is void. */
  forget(): void {
    this.#vain = NONE;
    this.#beforeLast = NONE;
  }

  // --- Asked ----------------------------------------------------------------------------------------------------

  /** For how long no renewal is forced because of the last ones, in milliseconds. */
  get pausedForMs(): number {
    return Math.max(0, this.#vain.startedAtMs + pauseAfter(this.#vainTimes) - this.#nowMs);
  }

  /** What a call does next that was refused with `refused`. */
  cure(refused: Credential, refusal: Refusal): Cure {
    const { kept, isBusy } = this.#slot;
    const attempts = refusal.attempts ?? [this.#only(refused, refusal)];
    const [first] = attempts as [RefusedAttempt];
    const hasTried = (each: KeptCredential) =>
      attempts.some(({ credential }) => credential.isSameAs(each.credential));
    const isCurrent = kept?.credential.isSameAs(refused) === true;
    const current = this.#living(kept);
    const predecessor = this.#living(kept?.predecessor);
    if (kept !== undefined) this.#lookAt(kept);
    if (isCurrent) {
      this.#refusals += 1;
      if (attempts.findIndex(({ credential }) => credential.isSameAs(refused)) === attempts.length - 1)
        this.#inARow += 1;
    }
    const token = [kept, predecessor].find((each) => each?.credential.isSameAs(refused));
    if (token?.isProven === true) this.#servedAndRefusedAtMs = this.#nowMs;
    const isYoung = isCurrent && this.#isYoung(kept);
    if (isCurrent && !isYoung && this.#hadItsChance(kept, first)) this.#noCure(refused.id);
    const mayForce = isBusy || (!isYoung && this.#mayForce(kept));

    if (refusal.replayable === false)
      return mayForce && (isCurrent || current === undefined) ? { by: 'renewal', isBehind: true } : NOTHING;
    // Once more, and a third time only where the second could not show what a renewal is worth.
    const wasKnownBefore = token === undefined || token.sinceMs < first.refusedAtMs;
    if (attempts.length > 2 || (attempts.length === 2 && !wasKnownBefore && !isYoung))
      return isCurrent && mayForce ? { by: 'renewal', isBehind: true } : NOTHING;

    if (current !== undefined) {
      if (!hasTried(current)) return { by: 'replay', with: current };
      const isNew = !current.isProven || this.#ageMs(current) < YOUNG_FOR_MS;
      if (isNew && predecessor !== undefined && !hasTried(predecessor)) {
        this.#predecessorServes = true;
        this.#nextTryAtMs = this.#nowMs + TRY_EVERY_MS;
        return { by: 'replay', with: predecessor };
      }
      if (this.#isYoung(current)) return this.#waitFor(current);
      const isInDoubt = this.#vain.ofProven > 0 || current.wasAcceptedAfter(first.sentAtMs);
      const isWorthATry = current.isProven && isInDoubt && attempts.length === 1;
      if (isWorthATry && !isBusy && !(mayForce && this.#inARow > 1)) return { by: 'replay', with: current };
    }
    return mayForce ? { by: 'renewal' } : { by: 'store' };
  }

  /** Whether a renewal may be forced because `kept` was refused. */
  #mayForce(kept: KeptCredential | undefined): boolean {
    if (this.#bucketFullAtMs - this.#nowMs > (BUCKET - 1) * BUCKET_GAINS_EVERY_MS) return false;
    if (kept?.isProven === false) return this.#pauseIsOver(this.#vain.ofUnproven);
    const { ofProven } = this.#vain;
    // What the last one brought has served for a whole pause without a refusal: what follows begins anew.
    if (kept !== undefined && this.#isForced && !this.#isNoCure && this.#refusals === 1)
      if (ofProven > 1 && this.#ageMs(kept) > pauseAfter(ofProven))
        this.#vain = { ...this.#vain, ofProven: 1 };
    const { ofProven: times } = this.#vain;
    if (times === 0 || this.#inARow >= Math.min(MOST_IN_A_ROW, 2 ** times)) return true;
    return this.#inARow >= 2 && this.#pauseIsOver(times);
  }

  /** Whether its refusal shows that the forced renewal which brought it was no cure. */
  #hadItsChance(kept: KeptCredential, first: RefusedAttempt): boolean {
    if (!this.#isForced) return false;
    return kept.credential.isSameAs(first.credential) ? !kept.isProven : kept.sinceMs >= first.refusedAtMs;
  }

  #isYoung(kept: KeptCredential): boolean {
    if (kept.isProven || this.#ageMs(kept) >= YOUNG_FOR_MS - AT_ONCE_MS) return false;
    // A token that had served has died meanwhile: then this one may have died as well.
    return this.#servedAndRefusedAtMs <= kept.sinceMs;
  }

  #waitFor(kept: KeptCredential): Cure {
    const ageMs = this.#ageMs(kept);
    const atMs = TRIED_AGAIN_AT_MS.find((each) => each > ageMs + AT_ONCE_MS) ?? YOUNG_FOR_MS;
    this.#proof ??= new AbortController();
    return { by: 'waiting', forMs: atMs - ageMs, until: this.#proof.signal };
  }

  #noCure(credential: string): void {
    if (!this.#isForced || this.#isNoCure) return;
    this.#isNoCure = true;
    const durationMs = this.pausedForMs;
    this.#slot.journal.emit({ type: 'renewals-paused', credential, durationMs });
  }

  get #vainTimes(): number {
    return Math.max(1, this.#vain.ofProven, this.#vain.ofUnproven);
  }

  /** From the start of the last forced renewal. */
  #pauseIsOver(times: number): boolean {
    return times === 0 || this.#nowMs >= this.#vain.startedAtMs + pauseAfter(times);
  }

  /** What was learned of another token says nothing of this one. */
  #lookAt(kept: KeptCredential): void {
    if (this.#token?.credential.isSameAs(kept.credential) === true) {
      this.#token = kept;
      return;
    }
    this.#token = kept;
    this.#inARow = 0;
    this.#refusals = 0;
    this.#isForced = false;
    this.#isNoCure = false;
    this.#predecessorServes = false;
    // Whoever waits for the one before gets this one.
    this.#proof?.abort();
    this.#proof = undefined;
  }

  #only(credential: Credential, { status }: Refusal): RefusedAttempt {
    return { credential, status, sentAtMs: this.#nowMs, refusedAtMs: this.#nowMs };
  }

  #living(kept: KeptCredential | undefined): KeptCredential | undefined {
    return kept?.isAlive(this.#slot.owner.context.clock) === true ? kept : undefined;
  }

  #ageMs(kept: KeptCredential): number {
    return this.#nowMs - kept.obtainedAtMs;
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }
}

function pauseAfter(times: number): number {
  return waitAfter(times, FUTILITY);
}
