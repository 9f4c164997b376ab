import { type Secret, type SecretSource, shortOf } from './secret-source.js';
import { pause } from '../../within.js';
import type { Rejected } from '../../strategies/strategy.js';
import { REJECTION, waitAfter } from '../issuing/back-off.js';
import type { Clock } from '../../payments-auth.clock.js';

/** Why a secret is left alone for a while. */
type RejectionCause = Omit<Rejected, 'outcome'>;

/** A resolver that has been asked again for no change, or has failed, is not asked again sooner. */
const ASK_AGAIN_AFTER_MS = 1_000;

/**
 * For so long after a key was refused for the first time, a call waits until its resolver may be asked again: a new key
 * is often put there a moment after the old one has died. Later it hears at once: a key that stays wrong must not slow
 * every call down.
 */
const WAIT_FOR_NEW_KEY_MS = 3_000;

/**
 * The static credentials of one account: asked for when needed, kept for a while, and with a memory of those that the
 * provider has called wrong. One for all the scope sets of an account: a wrong secret is wrong for each of them.
 */
export class AccountSecrets {
  readonly #source: SecretSource;
  readonly #account: string | undefined;
  /** One alone stands without a list around it: so do most, and there may be a hundred thousand of them. */
  #known: Secret | readonly Secret[] | undefined = undefined;
  #resolving: Promise<readonly Secret[]> | undefined = undefined;
  /** On the monotonic clock, rounded down. Whole seconds take no memory of their own. */
  #askedAtSeconds = 0;
  #mayAskAgainAtMs: number | undefined = undefined;
  #rejections: Rejections | undefined = undefined;

  constructor(source: SecretSource, account: string | undefined) {
    this.#source = source;
    this.#account = account;
  }

  /**
   * The secrets, newest first. However many ask at once, the resolver is asked once.
   *
   * @param again whether there is reason to believe that they have changed: then a resolver is asked again, but at
   *   most once a second
   * @param patience given by a caller that waits for that second; its abort ends the wait
   */
  async get(again: boolean, patience?: AbortSignal): Promise<readonly Secret[]> {
    const list = this.#list;
    if (list === undefined || this.keptForMs <= 0) return this.#ask();
    if (!again || !this.#isDynamic) return list;
    const waitMs = this.#askAgainInMs;
    if (waitMs > 0) {
      if (patience === undefined || !this.#newKeyIsLikely(list)) return list;
      await pause(this.#source.clock, waitMs, patience, true);
      // Another caller that waited may have asked meanwhile.
      if (this.#resolving === undefined && this.#askAgainInMs > 0) return this.#list ?? list;
    }
    this.#mayAskAgainAtMs = this.#source.clock.monotonic() + ASK_AGAIN_AFTER_MS;
    // When the resolver fails, its earlier answer still counts.
    return this.#ask().catch(() => list);
  }

  /** How much longer the last answer of a resolver may be used, in milliseconds; `Infinity` where none is asked. */
  get keptForMs(): number {
    if (!this.#isDynamic) return Infinity;
    return this.#askedAtSeconds * 1_000 + this.#source.ttlMs(this.#account) - this.#source.clock.monotonic();
  }

  /** The newest of `list` that is not remembered as wrong just now: what the next login is made with. */
  firstUsable(list: readonly Secret[]): Secret | undefined {
    return list.find((secret) => this.#wrongForMs(secret) === 0);
  }

  /**
   * The key that calls carry: the newest that has never been refused. One that has been is tried again by a call that
   * can be repeated ({@link newerToTry}) and by no other, as long as there is one that works.
   *
   * @param refused the id of the key that was refused just now: any other one is better, whatever is remembered of it (R12)
   */
  firstKey(list: readonly Secret[], refused?: string): Secret {
    const others = list.filter((secret) => shortOf(secret) !== refused);
    const neverRefused = others.find((secret) => this.#rejections?.has(secret) !== true);
    return neverRefused ?? this.firstUsable(others) ?? others[0] ?? (list[0] as Secret);
  }

  /** The key with this id, if it is one of those that were last heard of. */
  named(id: string): Secret | undefined {
    return this.#list?.find((secret) => shortOf(secret) === id);
  }

  /** Another key than the one with this id, if there is one among those that were last heard of. */
  otherThan(id: string): Secret | undefined {
    const list = this.#list ?? [];
    return list.length > 1 ? this.firstKey(list, id) : undefined;
  }

  /** One that is newer than `current`, was called wrong, and has been left alone for long enough. */
  newerToTry(current: Secret): Secret | undefined {
    if (this.#rejections === undefined) return undefined;
    const list = this.#list ?? [];
    const at = list.findIndex(({ fingerprint }) => fingerprint === current.fingerprint);
    return this.firstUsable(list.slice(0, Math.max(0, at)));
  }

  /** Whether another attempt could end otherwise: with a secret not known to be wrong, or one not known at all. */
  get worthAnAttempt(): boolean {
    const list = this.#list;
    if (list === undefined || this.firstUsable(list) !== undefined) return true;
    return this.#isDynamic && this.#askAgainInMs <= 0;
  }

  /** For how long it is worth knowing that they are wrong: without that the provider would be asked again. */
  get worthKnowingForMs(): number {
    return this.worthAnAttempt ? 0 : REJECTION.mostMs;
  }

  /** For how long no login is made, because every secret there is was called wrong, in milliseconds. */
  get pausedForMs(): number {
    const list = this.#list;
    if (list === undefined || this.#rejections === undefined) return 0;
    return Math.min(...list.map((secret) => this.#wrongForMs(secret)));
  }

  /** The provider has called this one wrong. Returns for how long that is remembered, in milliseconds. */
  reject(secret: Secret, rejection: RejectionCause, forMs?: number): number {
    this.#rejections ??= new Rejections(this.#source.clock);
    return this.#rejections.add(secret, rejection, forMs);
  }

  /** Trying one again that was called wrong has shown nothing: it is left alone for as long as the last time. */
  putOff(secret: Secret): void {
    this.#rejections?.putOff(secret);
  }

  /** The provider has accepted this one. */
  accept(secret: Secret): void {
    this.#rejections?.remove(secret);
  }

  /** What the provider said of the newest of `list` that is remembered as wrong, and how long until one is tried again. */
  rejection(list: readonly Secret[]): (RejectionCause & { retryAfterMs: number }) | undefined {
    return this.#rejections?.of(list);
  }

  /** Asked again on the next use; what was called wrong is tried again at once. */
  forget(): void {
    this.#known = undefined;
    this.#resolving = undefined;
    this.#rejections = undefined;
  }

  /** What was called wrong is tried again at once, and remembered for longer should it be wrong again. */
  forgive(): void {
    this.#rejections?.forgive();
  }

  get #list(): readonly Secret[] | undefined {
    const known = this.#known;
    return known === undefined || isList(known) ? known : [known];
  }

  get #isDynamic(): boolean {
    return this.#source.isDynamic(this.#account);
  }

  get #askAgainInMs(): number {
    return (this.#mayAskAgainAtMs ?? -Infinity) - this.#source.clock.monotonic();
  }

  #wrongForMs(secret: Secret): number {
    return this.#rejections?.wrongForMs(secret) ?? 0;
  }

  /** All that are known have been refused, and one of them only just now. */
  #newKeyIsLikely(list: readonly Secret[]): boolean {
    const rejections = this.#rejections;
    if (rejections === undefined || this.firstUsable(list) !== undefined) return false;
    return list.some((secret) => rejections.isNews(secret, WAIT_FOR_NEW_KEY_MS));
  }

  #ask(): Promise<readonly Secret[]> {
    if (this.#resolving !== undefined) return this.#resolving;
    const askedAtMs = this.#source.clock.monotonic();
    const known = this.#list;
    const resolving: Promise<readonly Secret[]> = this.#source.resolve(this.#account).then(
      (list) => {
        // Rotated meanwhile: this answer is older than what is wanted now.
        if (this.#resolving !== resolving) return list;
        this.#resolving = undefined;
        this.#askedAtSeconds = Math.floor(askedAtMs / 1_000);
        this.#known = list.length === 1 ? list[0] : list;
        this.#rejections?.keepOnly(list);
        return list;
      },
      (error: unknown) => {
        if (this.#resolving === resolving) {
          this.#resolving = undefined;
          this.#mayAskAgainAtMs = askedAtMs + ASK_AGAIN_AFTER_MS;
        }
        throw this.#source.withoutSecrets(error, known);
      },
    );
    this.#resolving = resolving;
    return resolving;
  }
}

function isList(known: Secret | readonly Secret[]): known is readonly Secret[] {
  return Array.isArray(known);
}

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
class Rejections {
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

  /** What is remembered of it stays as it is, and counts from now on. */
  putOff(secret: Secret): void {
    const rejection = this.#byFingerprint.get(nameOf(secret));
    if (rejection === undefined) return;
    const untilMs = this.#clock.monotonic() + waitAfter(rejection.times, REJECTION);
    this.#byFingerprint.set(nameOf(secret), { ...rejection, untilMs });
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
