import { REJECTION, waitAfter } from './back-off.js';
import type { Candidate, CandidateSource } from './candidate-source.js';

/** What is remembered of a secret that the provider called wrong (R4). */
interface Rejection {
  readonly reason: string;
  readonly times: number;
  readonly untilMs: number;
}

/** A resolver that can give another answer is not asked more often than this. */
const ASK_AGAIN_AFTER_MS = 1_000;

/**
 * The static credentials of one account: asked for when needed, kept for a while, and with a memory of those that the
 * provider has called wrong, so that a flood of callers does not become a flood of logins and a ban. One for all the
 * scope sets of an account: a wrong secret is wrong for each of them.
 */
export class Candidates {
  readonly #source: CandidateSource;
  readonly #account: string | undefined;
  #list: readonly Candidate[] | undefined = undefined;
  #resolving: Promise<readonly Candidate[]> | undefined = undefined;
  #askedAtMs = -Infinity;
  #failedAtMs: number | undefined = undefined;
  #rejections: Map<string, Rejection> | undefined = undefined;

  constructor(source: CandidateSource, account: string | undefined) {
    this.#source = source;
    this.#account = account;
  }

  /**
   * The candidates, newest first. However many ask at once, the resolver is asked once.
   *
   * @param again whether there is reason to believe that they have changed: then a resolver is asked again, but at
   *   most once a second
   */
  async get(again: boolean): Promise<readonly Candidate[]> {
    const list = this.#list;
    if (list === undefined) return this.#ask();
    if (!this.#source.isDynamic(this.#account)) return list;
    if (this.keptForMs <= 0) return this.#ask();
    // One that fails now is no reason to distrust what it has said before.
    return again && this.#mayAskAgain ? this.#ask().catch(() => list) : list;
  }

  /** How much longer the last answer of a resolver may be used, in milliseconds; `Infinity` where none is asked. */
  get keptForMs(): number {
    if (!this.#source.isDynamic(this.#account)) return Infinity;
    return this.#askedAtMs + this.#source.ttlMs - this.#source.clock.monotonic();
  }

  /** The newest of `list` that is not remembered as wrong. */
  firstUsable(list: readonly Candidate[]): Candidate | undefined {
    return list.find((candidate) => this.#wrongForMs(candidate) === 0);
  }

  /** Whether another attempt could end otherwise: with a secret not known to be wrong, or one not known at all. */
  get worthAnAttempt(): boolean {
    if (this.#list === undefined || this.firstUsable(this.#list) !== undefined) return true;
    return this.#source.isDynamic(this.#account) && this.#mayAskAgain;
  }

  /** The provider has called this one wrong. Returns for how long that is remembered, in milliseconds. */
  reject(candidate: Candidate, reason: string, forMs?: number): number {
    // Calls that were refused together say it once.
    const stillMs = this.#wrongForMs(candidate);
    if (stillMs > 0) return stillMs;
    this.#rejections ??= new Map();
    const times = (this.#rejections.get(candidate.fingerprint)?.times ?? 0) + 1;
    const rememberedMs = forMs ?? waitAfter(times, REJECTION);
    const untilMs = this.#source.clock.monotonic() + rememberedMs;
    this.#rejections.set(candidate.fingerprint, { reason, times, untilMs });
    return rememberedMs;
  }

  /** The provider has accepted this one. */
  accept(candidate: Candidate): void {
    this.#rejections?.delete(candidate.fingerprint);
  }

  /** What the provider said of the newest of `list` that is remembered as wrong, and how long until one is tried again. */
  rejection(list: readonly Candidate[]): { reason: string; retryAfterMs: number } | undefined {
    const wrong = list.filter((candidate) => this.#wrongForMs(candidate) > 0);
    const reason = wrong[0] && this.#rejections?.get(wrong[0].fingerprint)?.reason;
    if (reason === undefined) return undefined;
    return { reason, retryAfterMs: Math.ceil(Math.min(...wrong.map((each) => this.#wrongForMs(each)))) };
  }

  /** How long until a candidate newer than `current` is worth another try, in milliseconds; `Infinity` for never. */
  newerUsableInMs(current: Candidate): number {
    const newer: number[] = [];
    for (const each of this.#list ?? []) {
      if (each.fingerprint === current.fingerprint) return Math.min(Infinity, ...newer);
      newer.push(this.#wrongForMs(each));
    }
    return Infinity;
  }

  /** Asked again on the next use; what was called wrong is tried again at once. */
  forget(): void {
    this.#list = undefined;
    this.#resolving = undefined;
    this.#rejections = undefined;
  }

  /** What was called wrong is tried again at once, and remembered for longer should it be wrong again. */
  forgive(): void {
    const nowMs = this.#source.clock.monotonic();
    for (const [fingerprint, rejection] of this.#rejections ?? [])
      this.#rejections?.set(fingerprint, { ...rejection, untilMs: nowMs });
  }

  get #mayAskAgain(): boolean {
    return this.#source.clock.monotonic() - (this.#failedAtMs ?? this.#askedAtMs) >= ASK_AGAIN_AFTER_MS;
  }

  #wrongForMs(candidate: Candidate): number {
    const rejection = this.#rejections?.get(candidate.fingerprint);
    return rejection === undefined ? 0 : Math.max(0, rejection.untilMs - this.#source.clock.monotonic());
  }

  #ask(): Promise<readonly Candidate[]> {
    if (this.#resolving !== undefined) return this.#resolving;
    const askedAtMs = this.#source.clock.monotonic();
    const resolving: Promise<readonly Candidate[]> = this.#source.resolve(this.#account).then(
      (list) => {
        // Rotated meanwhile: this answer is older than what is wanted now.
        if (this.#resolving !== resolving) return list;
        this.#resolving = undefined;
        this.#askedAtMs = askedAtMs;
        this.#failedAtMs = undefined;
        this.#keep(list);
        return list;
      },
      (error: unknown) => {
        if (this.#resolving === resolving) {
          this.#resolving = undefined;
          this.#failedAtMs = askedAtMs;
        }
        throw error;
      },
    );
    this.#resolving = resolving;
    return resolving;
  }

  #keep(list: readonly Candidate[]): void {
    this.#list = list;
    // A secret that is no longer configured needs no memory.
    for (const fingerprint of this.#rejections?.keys() ?? []) {
      if (!list.some((candidate) => candidate.fingerprint === fingerprint))
        this.#rejections?.delete(fingerprint);
    }
  }
}
