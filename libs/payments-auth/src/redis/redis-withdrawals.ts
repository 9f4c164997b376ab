import type { Withdrawal } from '../index.js';
import type { RedisConnection } from './redis-client.js';

/** A subscription that was refused (an ACL, say) is not asked for again sooner than this. */
const TRY_AGAIN_AFTER_MS = 30_000;

type Listener = (withdrawal: Withdrawal) => void;

/**
 * Hears of withdrawn tokens, over a connection of its own that is there as long as somebody listens.
 *
 * A message that is missed (Redis was away) is made up for elsewhere: the token is gone from the store, and the
 * provider's refusal replaces it.
 */
export class RedisWithdrawals {
  readonly channel: string;
  readonly #connection: RedisConnection;
  readonly #listeners = new Set<Listener>();
  #subscription: Promise<() => void> | undefined;
  #notBeforeMs = 0;

  constructor(connection: RedisConnection, channel: string) {
    this.#connection = connection;
    this.channel = channel;
  }

  /** @returns ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.ensure();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  /** Subscribes, if somebody listens and no subscription stands. Called again whenever Redis has answered. */
  ensure(): void {
    if (this.#subscription !== undefined || this.#listeners.size === 0) return;
    if (!this.#connection.ready || performance.now() < this.#notBeforeMs) return;
    const subscription = this.#connection.subscribe(this.channel, (message) => this.#receive(message));
    this.#subscription = subscription;
    subscription.catch(() => {
      if (this.#subscription !== subscription) return;
      this.#subscription = undefined;
      this.#notBeforeMs = performance.now() + TRY_AGAIN_AFTER_MS;
    });
  }

  #end(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    subscription?.then(
      (end) => end(),
      () => undefined,
    );
  }

  #receive(message: string): void {
    const [hash, version] = message.split(':');
    if (!hash || !Number.isFinite(Number(version))) return;
    for (const listener of this.#listeners) listener({ hash, version: Number(version) });
  }
}
