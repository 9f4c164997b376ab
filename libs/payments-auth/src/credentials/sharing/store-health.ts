import { fieldOf } from '../../own-properties.js';
import type { Clock } from '../../payments-auth.clock.js';
import { within } from '../../within.js';
import type { IssuedToken } from '../issuing/token-issuer.js';
import type { EventSink } from '../payments-auth-event.js';
import type { TokenStore, Withdrawal } from './token-store.js';

/** A lost store is not asked again for this time, so that only few calls have to wait for it. */
const ASK_AGAIN_AFTER_MS = 1_000;

/** The time limit of a store that states no other. */
const TIMEOUT_MS = 250;

/** How long to wait for one answer of the store. */
export interface Patience<T> {
  readonly withinMs: number;
  /** Called with an answer that came too late. */
  readonly onLate?: (answer: T) => void;
}

/**
 * Whether the store that a fleet shares can be used now. All providers of an application share this object, so that an
 * outage is noticed and reported once.
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

  /** Calls `listener` for tokens that other processes withdraw. @returns a function that ends this */
  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void {
    return this.#store.onWithdrawn(listener);
  }

  /** How long all requests of one call to the store may take together, in milliseconds. */
  get timeoutMs(): number {
    return (fieldOf(this.#store, 'timeoutMs') as TokenStore['timeoutMs']) ?? TIMEOUT_MS;
  }

  /**
   * Asks the store, unless it was lost a moment ago. Never rejects.
   *
   * @param provider the provider that needs the answer, for the events
   * @param patience how long to wait. By default the time limit of the store itself applies
   * @returns `undefined` when the store cannot answer. Then the caller goes on without it
   */
  async ask<T>(
    provider: string,
    question: (store: TokenStore) => Promise<T>,
    patience?: Patience<T>,
  ): Promise<T | undefined> {
    const asked = this.#ask(provider, question);
    if (patience === undefined) return asked;
    return within(this.#clock, patience.withinMs, asked, () => {
      // A slow store is not lost. Its late answer is used for the next call.
      void asked.then((answer) => answer !== undefined && patience.onLate?.(answer));
      return undefined;
    });
  }

  async #ask<T>(provider: string, question: (store: TokenStore) => Promise<T>): Promise<T | undefined> {
    const nowMs = this.#clock.monotonic();
    if (this.#lostAtMs !== undefined) {
      if (nowMs - this.#lostAtMs < ASK_AGAIN_AFTER_MS) return undefined;
      // Only one caller tries the lost store. The others do not wait for it.
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
 * How long the requests of one call to the store may take together. With this limit, a slow store delays a call no
 * longer than a store that hangs. The first request has the time limit of the store itself.
 */
export class StoreBudget {
  readonly #clock: Clock;
  readonly #totalMs: number;
  #leftMs: number | undefined = undefined;

  constructor(clock: Clock, totalMs: number) {
    this.#clock = clock;
    this.#totalMs = totalMs;
  }

  /** How long to wait for the next answer, in milliseconds; `undefined` for the first. */
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

  /** The call has waited for something other than the store, so the store gets its full time again. */
  renew(): void {
    this.#leftMs = undefined;
  }
}

interface Entry {
  readonly version: number;
  readonly endsAtMs: number;
  readonly tell: () => void;
}

/** The listeners for withdrawn tokens. Each is kept as long as its token lives. */
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

  /** Removes the listener for the credential with this hash. */
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

  /** Removes dead tokens. The work is spread over the new tokens that are added. */
  #sweep(): void {
    if (this.#entries.size < this.#sweepAtSize) return;
    const nowMs = this.#clock.monotonic();
    for (const [hash, { endsAtMs }] of this.#entries) {
      if (endsAtMs <= nowMs) this.#entries.delete(hash);
    }
    this.#sweepAtSize = Math.max(1_024, 2 * this.#entries.size);
  }
}
