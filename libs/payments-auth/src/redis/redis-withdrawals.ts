import type { Withdrawal } from '../index.js';
import type { RedisConnection, RedisSubscription } from './redis-client.js';
import type { Sealing } from './sealing.js';

/** A subscription that was refused (an ACL, say) is not asked for again sooner than this. */
const TRY_AGAIN_AFTER_MS = 30_000;

/** The library never sends a longer message. */
const MOST_CHARACTERS = 1_024;

type Listener = (withdrawal: Withdrawal) => void;

/**
 * Receives messages about withdrawn tokens, over a connection of its own that is open as long as a listener is
 * registered.
 *
 * A message that is missed (Redis was not reachable) does no lasting harm: the token is gone from the store, and the
 * provider's refusal makes the process replace it. Messages are sealed as tokens are: nobody without the key can make
 * a fleet drop its tokens.
 */
export class RedisWithdrawals {
  readonly channel: string;
  readonly #connection: RedisConnection;
  readonly #sealing: Sealing;
  readonly #listeners = new Set<Listener>();
  #subscription: RedisSubscription | undefined;
  #stopWaiting: () => void = () => undefined;
  #notBeforeMs = 0;

  constructor(connection: RedisConnection, channel: string, sealing: Sealing) {
    this.#connection = connection;
    this.channel = channel;
    this.#sealing = sealing;
  }

  /** @returns a function that removes the listener */
  listen(listener: Listener): () => void {
    // A process that has logged in alone, before its Redis was there, learns of withdrawals as soon as Redis is there.
    if (this.#listeners.size === 0) this.#stopWaiting = this.#connection.onReady(() => this.ensure());
    this.#listeners.add(listener);
    this.ensure();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  /** The message that tells the other processes about a withdrawal. */
  messageOf({ hash, version }: Withdrawal): string {
    return this.#sealing.seal(`${hash}:${version}`, this.channel);
  }

  /** Subscribes, if there is a listener and no subscription. Called again whenever Redis has answered. */
  ensure(): void {
    if (this.#subscription !== undefined || this.#listeners.size === 0) return;
    if (!this.#connection.ready || performance.now() < this.#notBeforeMs) return;
    const subscription = this.#connection.subscribe(this.channel, (message) => this.#receive(message));
    this.#subscription = subscription;
    subscription.stands.catch(() => {
      if (this.#subscription !== subscription) return;
      this.#subscription = undefined;
      this.#notBeforeMs = performance.now() + TRY_AGAIN_AFTER_MS;
      subscription.end();
    });
  }

  /** The connection is ended also while it is still being made: waiting for it would keep the process alive. */
  #end(): void {
    this.#stopWaiting();
    this.#subscription?.end();
    this.#subscription = undefined;
  }

  #receive(message: string): void {
    if (message.length > MOST_CHARACTERS) return;
    const [hash, version] = this.#sealing.open(message, this.channel)?.split(':') ?? [];
    if (!hash || !Number.isSafeInteger(Number(version))) return;
    for (const listener of this.#listeners) listener({ hash, version: Number(version) });
  }
}
