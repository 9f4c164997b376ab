import type { Clock } from '../payments-auth.clock.js';
import type { Credentials } from '../strategies/strategy.js';
import { REJECTION, waitAfter } from './back-off.js';

/** One set of static credentials that an account may authenticate with. */
export interface Candidate {
  readonly credentials: Credentials;
  /** Its keyed hash. */
  readonly fingerprint: string;
}

/** What is remembered of a secret that the provider called wrong (R4). */
interface Rejection {
  readonly reason: string;
  readonly times: number;
  readonly untilMs: number;
}

/** A resolver that can give another answer is not asked more often than this. */
const ASK_AGAIN_AFTER_MS = 1_000;

/** Where candidates come from. */
export interface CandidateSource {
  /** Newest first, never empty. Single-flight and bounded in time by whoever implements it. */
  resolve(): Promise<readonly Candidate[]>;
  /** Whether asking again can give another answer. */
  readonly dynamic: boolean;
  /** For how long an answer is kept, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * The static credentials of one account: asked for when needed, kept for a while, and with a memory of those that
 * the provider has called wrong, so that a flood of callers does not become a flood of logins and a ban.
 */
export class Candidates {
  readonly #source: CandidateSource;
  readonly #clock: Clock;
  #list: readonly Candidate[] | undefined;
  #resolvedAtMs = 0;
  #rejections: Map<string, Rejection> | undefined;

  constructor(source: CandidateSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * The candidates, newest first.
   *
   * @param again whether there is reason to believe that they have changed: then a resolver is asked again, but at
   *   most once a second
   */
  async get(again: boolean): Promise<readonly Candidate[]> {
    if (this.#list !== undefined) {
      if (!this.#source.dynamic) return this.#list;
      const keptForMs = again ? Math.min(ASK_AGAIN_AFTER_MS, this.#source.ttlMs) : this.#source.ttlMs;
      if (this.#clock.monotonic() - this.#resolvedAtMs < keptForMs) return this.#list;
    }
    const list = await this.#source.resolve();
    this.#list = list;
    this.#resolvedAtMs = this.#clock.monotonic();
    this.#forgetOthers(list);
    return list;
  }

  /** How much longer the last answer of a resolver may be used, in milliseconds; `undefined`: for ever. */
  get keptForMs(): number | undefined {
    if (!this.#source.dynamic) return undefined;
    return this.#resolvedAtMs + this.#source.ttlMs - this.#clock.monotonic();
  }

  /** The newest of `list` that is not remembered as wrong. */
  firstUsable(list: readonly Candidate[]): Candidate | undefined {
    return list.find((candidate) => this.#remaining(candidate) === 0);
  }

  /** The provider has called this one wrong. Returns for how long that is remembered, in milliseconds. */
  reject(candidate: Candidate, reason: string): number {
    this.#rejections ??= new Map();
    const times = (this.#rejections.get(candidate.fingerprint)?.times ?? 0) + 1;
    const forMs = waitAfter(times, REJECTION);
    this.#rejections.set(candidate.fingerprint, { reason, times, untilMs: this.#clock.monotonic() + forMs });
    return forMs;
  }

  /** The provider has accepted this one. */
  accept(candidate: Candidate): void {
    this.#rejections?.delete(candidate.fingerprint);
  }

  /** The last word on the newest of those remembered as wrong, and how long until one is tried again. */
  rejection(list: readonly Candidate[]): { reason: string; retryAfterMs: number } | undefined {
    const remembered = list.filter((candidate) => this.#remaining(candidate) > 0);
    const newest = remembered[0];
    if (newest === undefined) return undefined;
    return {
      reason: this.#rejections?.get(newest.fingerprint)?.reason ?? 'rejected',
      retryAfterMs: Math.ceil(Math.min(...remembered.map((candidate) => this.#remaining(candidate)))),
    };
  }

  /** How long until a candidate newer than `current` is worth another try, in milliseconds. */
  newerUsableInMs(current: Candidate): number | undefined {
    const at = this.#list?.findIndex((each) => each.fingerprint === current.fingerprint) ?? -1;
    if (at <= 0) return undefined;
    return Math.min(...(this.#list ?? []).slice(0, at).map((candidate) => this.#remaining(candidate)));
  }

  /** Whether the provider has called every one of them wrong, as far as is known without asking anybody. */
  get allRejected(): boolean {
    return this.#list !== undefined && this.firstUsable(this.#list) === undefined;
  }

  /** Asked again on the next use; what was called wrong is tried again at once. */
  forget(): void {
    this.#list = undefined;
    this.#rejections = undefined;
  }

  /** What was called wrong is tried again at once. */
  forgive(): void {
    this.#rejections = undefined;
  }

  #remaining(candidate: Candidate): number {
    const rejection = this.#rejections?.get(candidate.fingerprint);
    return rejection === undefined ? 0 : Math.max(0, rejection.untilMs - this.#clock.monotonic());
  }

  /** A secret that is no longer configured needs no memory. */
  #forgetOthers(list: readonly Candidate[]): void {
    if (this.#rejections === undefined) return;
    for (const fingerprint of this.#rejections.keys()) {
      if (!list.some((candidate) => candidate.fingerprint === fingerprint))
        this.#rejections.delete(fingerprint);
    }
  }
}
