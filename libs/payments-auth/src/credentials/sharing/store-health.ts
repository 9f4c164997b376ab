import { fieldOf } from '../../own-properties.js';
import type { Clock } from '../../payments-auth.clock.js';
import { within } from '../../within.js';
import type { IssuedToken } from '../issuing/token-issuer.js';
import type { EventSink } from '../payments-auth-event.js';
import type { TokenStore, Withdrawal } from './token-store.js';

/** A lost store is asked again no sooner than this, so that what it adds to a call is paid once in a while. */
const ASK_AGAIN_AFTER_MS = 1_000;

/** What a store promises that says nothing else. */
const TIMEOUT_MS = 250;

/** For how long one answer is waited for. */
export interface Patience<T> {
  readonly withinMs: number;
  /** Given the answer that came too late. */
  readonly onLate?: (answer: T) => void;
}

/**
 * Whether the store that a fleet shares can be used right now. One for all the providers of an application, so that an
 * outage is noticed once and reported once.
 */
export class StoreHealth {
  readonly #store: TokenStore;
  readonly #clock: Clock;
  readonly #emit: EventSink;
  #lostAtMs: number | undefined;

  constructor(store: TokenStore, environment: { clock: Clock; emit: EventSink }) {
    this.#store = store;
    this.#clock = environment.clock;
    this.#emit = environment.emit;
  }

  /** Hears of tokens that other processes withdraw. @returns ends it */
  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void {
    return this.#store.onWithdrawn(listener);
  }

  /** How long all that one call asks of the store may take together, in milliseconds. */
  get timeoutMs(): number {
    return (fieldOf(this.#store, 'timeoutMs') as TokenStore['timeoutMs']) ?? TIMEOUT_MS;
  }

  /**
   * Asks the store, unless it has been lost a moment ago. Never rejects.
   *
   * @param provider on whose behalf, for the events
   * @param patience by default as long as the store itself takes to give up
   * @returns `undefined` when the store cannot say: go on alone
   */
  async ask<T>(
    provider: string,
    question: (store: TokenStore) => Promise<T>,
    patience?: Patience<T>,
  ): Promise<T | undefined> {
    const asked = this.#ask(provider, question);
    if (patience === undefined) return asked;
    return within(this.#clock, patience.withinMs, asked, () => {
      // Slow is not lost: what it says in the end is for the next call.
      void asked.then((answer) => answer !== undefined && patience.onLate?.(answer));
      return undefined;
    });
  }

  async #ask<T>(provider: string, question: (store: TokenStore) => Promise<T>): Promise<T | undefined> {
    const nowMs = this.#clock.monotonic();
    if (this.#lostAtMs !== undefined) {
      if (nowMs - this.#lostAtMs < ASK_AGAIN_AFTER_MS) return undefined;
      // One tries; the others do not wait behind it.
      this.#lostAtMs = nowMs;
    }
    try {
      const answer = await question(this.#store);
      this.#found(provider);
      return answer;
    } catch (error) {
      this.#failed(provider, error instanceof Error ? error.message : 'unknown');
      return undefined;
    }
  }

  #found(provider: string): void {
    if (this.#lostAtMs === undefined) return;
    this.#lostAtMs = undefined;
    this.#emit({ type: 'store-back', provider, atMs: this.#clock.now() });
  }

  #failed(provider: string, reason: string): void {
    const wasLost = this.#lostAtMs !== undefined;
    this.#lostAtMs = this.#clock.monotonic();
    if (!wasLost) this.#emit({ type: 'store-lost', provider, atMs: this.#clock.now(), reason });
  }
}

/**
 * What the questions of one call to the store may take together: a store that is slow costs a call no more than one
 * that hangs. The first question is bounded by the store itself.
 */
export class StoreBudget {
  readonly #clock: Clock;
  readonly #totalMs: number;
  #leftMs: number | undefined = undefined;

  constructor(clock: Clock, totalMs: number) {
    this.#clock = clock;
    this.#totalMs = totalMs;
  }

  /** How long the next answer is waited for, in milliseconds; `undefined` for the first. */
  get leftMs(): number | undefined {
    return this.#leftMs;
  }

  async spend<T>(asking: Promise<T>): Promise<T> {
    const startedAtMs = this.#clock.monotonic();
    try {
      return await asking;
    } finally {
      this.#leftMs = Math.max(0, (this.#leftMs ?? this.#totalMs) - (this.#clock.monotonic() - startedAtMs));
    }
  }

  /** The call has waited for something else than the store, so the store gets its full time again. */
  renew(): void {
    this.#leftMs = undefined;
  }
}

interface Entry {
  readonly version: number;
  readonly endsAtMs: number;
  readonly tell: () => void;
}

/** Who is to be told when a token is withdrawn, for as long as the token lives. */
export class WithdrawalListeners {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #sweepAtSize = 1_024;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `tell` replaces the earlier listener for the credential with this hash. */
  add(hash: string, issued: IssuedToken, tell: ((token: string) => void) | undefined): void {
    if (tell === undefined) return;
    this.#entries.set(hash, {
      version: issued.version ?? 0,
      endsAtMs: issued.askedAtMonotonicMs + issued.lifetime.lifetimeMs,
      tell: () => tell(issued.token),
    });
    this.#sweep();
  }

  /** From now on nobody is told of the credential with this hash. */
  remove(hash: string): void {
    this.#entries.delete(hash);
  }

  withdrawn({ hash, version }: Withdrawal): void {
    const entry = this.#entries.get(hash);
    // A token that was obtained after the withdrawal stays.
    if (entry === undefined || entry.version > version) return;
    this.#entries.delete(hash);
    entry.tell();
  }

  /** Forgets tokens that are dead; amortised over as many new ones. */
  #sweep(): void {
    if (this.#entries.size < this.#sweepAtSize) return;
    const nowMs = this.#clock.monotonic();
    for (const [hash, { endsAtMs }] of this.#entries) {
      if (endsAtMs <= nowMs) this.#entries.delete(hash);
    }
    this.#sweepAtSize = Math.max(1_024, 2 * this.#entries.size);
  }
}
