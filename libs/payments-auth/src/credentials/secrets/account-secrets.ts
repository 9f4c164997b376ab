import { type Secret, type SecretSource, shortOf } from './secret-source.js';
import { pause } from '../../within.js';
import type { Rejected } from '../../strategies/strategy.js';
import { REJECTION, waitAfter } from '../issuing/back-off.js';
import type { Clock } from '../../payments-auth.clock.js';

/** Why a secret is not tried for a while. */
type RejectionCause = Omit<Rejected, 'outcome'>;

/** A rejection of earlier. Both times are in milliseconds. */
interface RememberedRejection extends RejectionCause {
  /** How long ago the provider has rejected the secret. */
  readonly agoMs: number;
  /** How long until a secret is tried again. */
  readonly retryAfterMs: number;
}

/** After a resolver has failed, or has returned the same credentials, it is not asked again for this time. */
const ASK_AGAIN_AFTER_MS = 1_000;

/**
 * For this time after the first refusal of a key, a refused call waits until the resolver may be asked again: the new
 * key is often stored a moment after the old one has ended. Later, a refused call does not wait, because a key that
 * stays wrong must not slow down every call.
 */
const WAIT_FOR_NEW_KEY_MS = 3_000;

/**
 * The static credentials of one account. They are asked for when needed and kept for a while, together with the
 * rejections of the provider. A static key that is refused on a call counts as rejected too. All scope sets of an
 * account share this object, because a wrong secret is wrong for each of them.
 */
export class AccountSecrets {
  readonly #source: SecretSource;
  readonly #account: string | undefined;
  /**
   * A single secret is stored without a list, to save memory: there may be a hundred thousand accounts, and most have
   * one secret.
   */
  #known: Secret | readonly Secret[] | undefined = undefined;
  #resolving: Promise<readonly Secret[]> | undefined = undefined;
  /** On the monotonic clock, rounded down. Whole seconds are stored as small integers, which take no heap memory. */
  #askedAtSeconds = 0;
  #mayAskAgainAtMs: number | undefined = undefined;
  #rejections: Rejections | undefined = undefined;

  constructor(source: SecretSource, account: string | undefined) {
    this.#source = source;
    this.#account = account;
  }

  /**
   * The secrets, newest first. When many callers ask at the same time, the resolver is asked once.
   *
   * @param again whether the secrets may have changed. Then a resolver is asked again, but at most once a second
   * @param patience given by a caller that waits for that second; its abort ends the wait
   */
  async get(again: boolean, patience?: AbortSignal): Promise<readonly Secret[]> {
    const list = this.#list;
    if (list === undefined || this.keptForMs <= 0) return this.#ask();
    if (this.isAtHand(again, patience)) return list;
    const waitMs = this.#askAgainInMs;
    if (waitMs > 0 && patience !== undefined) {
      await pause(this.#source.clock, waitMs, patience, true);
      // Another caller that waited may have asked meanwhile.
      if (this.#resolving === undefined && this.#askAgainInMs > 0) return this.#list ?? list;
    }
    this.#mayAskAgainAtMs = this.#source.clock.monotonic() + ASK_AGAIN_AFTER_MS;
    // When the resolver fails, its earlier answer still counts.
    return this.#ask().catch(() => list);
  }

  /** Whether {@link get} answers at once, so that the application is not asked and nothing is waited for. */
  isAtHand(again: boolean, patience?: AbortSignal): boolean {
    const list = this.#list;
    if (list === undefined || this.keptForMs <= 0) return false;
    if (!again || !this.#isDynamic) return true;
    return this.#askAgainInMs > 0 && (patience === undefined || !this.#newKeyIsLikely(list));
  }

  /**
   * How much longer the last answer of a resolver may be used, in milliseconds; `Infinity` where there is no resolver.
   */
  get keptForMs(): number {
    if (!this.#isDynamic) return Infinity;
    return this.#askedAtSeconds * 1_000 + this.#source.ttlMs(this.#account) - this.#source.clock.monotonic();
  }

  /** The secret for the next login: the newest of `list` that is not remembered as rejected. */
  firstUsable(list: readonly Secret[]): Secret | undefined {
    return list.find((secret) => this.#wrongForMs(secret) === 0);
  }

  /**
   * The key that calls carry: the newest that was never refused. As long as such a key exists, a refused key is only
   * tried again by a call that can be repeated ({@link newerToTry}).
   *
   * @param refused the id of the key that was refused just now. Every other key is better, even if it was refused
   *   before (R12)
   */
  firstKey(list: readonly Secret[], refused?: string): Secret {
    const others = list.filter((secret) => shortOf(secret) !== refused);
    const neverRefused = others.find((secret) => this.#rejections?.has(secret) !== true);
    return neverRefused ?? this.firstUsable(others) ?? others[0] ?? (list[0] as Secret);
  }

  /** The key with this id, if the last answer of the resolver has it. */
  named(id: string): Secret | undefined {
    return this.#list?.find((secret) => shortOf(secret) === id);
  }

  /** Another key than the one with this id, if the last answer of the resolver has one. */
  otherThan(id: string): Secret | undefined {
    const list = this.#list ?? [];
    return list.length > 1 ? this.firstKey(list, id) : undefined;
  }

  /** A key that is newer than `current`, was refused, and was not tried for long enough. */
  newerToTry(current: Secret): Secret | undefined {
    if (this.#rejections === undefined) return undefined;
    const list = this.#list ?? [];
    const at = list.findIndex(({ fingerprint }) => fingerprint === current.fingerprint);
    return this.firstUsable(list.slice(0, Math.max(0, at)));
  }

  /**
   * Whether another attempt can have another result: there is a secret that was not rejected, or the secrets are not
   * known.
   */
  get worthAnAttempt(): boolean {
    const list = this.#list;
    if (list === undefined || this.firstUsable(list) !== undefined) return true;
    return this.#isDynamic && this.#askAgainInMs <= 0;
  }

  /** For how long the rejections have to be remembered. If they were forgotten, the provider would be asked again. */
  get worthKnowingForMs(): number {
    return this.worthAnAttempt ? 0 : REJECTION.mostMs;
  }

  /** For how long no login is made because all secrets were rejected, in milliseconds. */
  get pausedForMs(): number {
    const list = this.#list;
    if (list === undefined || this.#rejections === undefined) return 0;
    return Math.min(...list.map((secret) => this.#wrongForMs(secret)));
  }

  /** The provider has rejected this secret. Returns for how long that is remembered, in milliseconds. */
  reject(secret: Secret, rejection: RejectionCause, forMs?: number): number {
    this.#rejections ??= new Rejections(this.#source.clock);
    return this.#rejections.add(secret, rejection, forMs);
  }

  /**
   * A further attempt with a rejected secret had no clear result. The secret is not tried again for as long as the last
   * time.
   */
  putOff(secret: Secret): void {
    this.#rejections?.putOff(secret);
  }

  /** The provider has accepted this secret. */
  accept(secret: Secret): void {
    this.#rejections?.remove(secret);
  }

  /** The provider's words about the newest rejected secret of `list`, and how long until one is tried again. */
  rejection(list: readonly Secret[]): RememberedRejection | undefined {
    return this.#rejections?.of(list);
  }

  /** The resolver is asked again on the next use. Rejected secrets are tried again at once. */
  forget(): void {
    this.#known = undefined;
    this.#resolving = undefined;
    this.#rejections = undefined;
  }

  /** Rejected secrets are tried again at once. A secret that is rejected again is remembered for longer. */
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

  /** Whether all known keys were refused, and one of them for the first time a moment ago. */
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
        // The secrets were rotated meanwhile, so this answer is out of date.
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

/** The memory of one rejected secret. */
interface Rejection extends RejectionCause {
  readonly times: number;
  readonly atMs: number;
  readonly untilMs: number;
}

/**
 * Remembers the secrets that the provider has rejected. Otherwise many callers would cause many logins, and the
 * provider might block the application (R4). A rejected secret is not tried for 30 s, and then for twice as long each
 * time, up to 15 min.
 */
class Rejections {
  readonly #clock: Clock;
  readonly #byFingerprint = new Map<string, Rejection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns for how long the secret is not tried, in milliseconds. */
  add(secret: Secret, rejection: RejectionCause, forMs?: number): number {
    // Calls that were refused at the same time count as one rejection.
    const stillMs = this.wrongForMs(secret);
    if (stillMs > 0) return stillMs;
    const times = (this.#byFingerprint.get(nameOf(secret))?.times ?? 0) + 1;
    const rememberedMs = forMs ?? waitAfter(times, REJECTION);
    const atMs = this.#clock.monotonic();
    this.#byFingerprint.set(nameOf(secret), { ...rejection, times, atMs, untilMs: atMs + rememberedMs });
    return rememberedMs;
  }

  /** The pause of this secret begins again, with the same length. */
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

  /** All secrets are tried again at once. A secret that is rejected again is remembered for longer. */
  forgive(): void {
    const untilMs = this.#clock.monotonic();
    for (const [fingerprint, rejection] of this.#byFingerprint)
      this.#byFingerprint.set(fingerprint, { ...rejection, untilMs });
  }

  /** Whether the secret was rejected, and was not accepted since. */
  has(secret: Secret): boolean {
    return this.#byFingerprint.has(nameOf(secret));
  }

  /** For how much longer the secret is not tried, in milliseconds. */
  wrongForMs(secret: Secret): number {
    const rejection = this.#byFingerprint.get(nameOf(secret));
    return rejection === undefined ? 0 : Math.max(0, rejection.untilMs - this.#clock.monotonic());
  }

  /** Whether the secret was rejected for the first time, less than `ms` ago. */
  isNews(secret: Secret, ms: number): boolean {
    const rejection = this.#byFingerprint.get(nameOf(secret));
    return rejection?.times === 1 && this.#clock.monotonic() - rejection.atMs < ms;
  }

  /**
   * The provider's words about the newest secret of `list` that is not tried now, and how long until one is tried
   * again.
   */
  of(list: readonly Secret[]): RememberedRejection | undefined {
    const wrong = list.filter((secret) => this.wrongForMs(secret) > 0);
    const rejection = wrong[0] && this.#byFingerprint.get(nameOf(wrong[0]));
    if (rejection === undefined) return undefined;
    const retryAfterMs = Math.ceil(Math.min(...wrong.map((each) => this.wrongForMs(each))));
    return { ...rejection, agoMs: this.#clock.monotonic() - rejection.atMs, retryAfterMs };
  }
}

function nameOf({ fingerprint, whole }: Secret): string {
  return whole ?? fingerprint;
}
