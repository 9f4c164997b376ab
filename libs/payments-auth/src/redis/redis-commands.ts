import type { RedisConnection } from './redis-client.js';
import { sayDuration } from '../duration.js';
import { within } from '../within.js';
import { RedisFailure } from './redis-failure.js';
import { wakingTime } from './waking-time.js';

/**
 * Runs scripts, each bounded in time.
 *
 * Scripts are sent as a whole, and not by their digest. A script has a kilobyte, and runs a few times in the lifetime
 * of a token. So it needs one round trip, also on a Redis that has just been started.
 */
export class RedisCommands {
  readonly #connection: RedisConnection;
  readonly #timeoutMs: number;
  #firstConnection: Promise<void> | undefined = undefined;

  constructor(connection: RedisConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param onLate called when a command whose time was up has ended at last, and when a command fails that may have run
   * @throws {RedisFailure}
   */
  async run(script: string, keys: string[], args: string[], onLate?: () => void): Promise<unknown> {
    const connection = this.#connection;
    // The time for the first connection begins with the first command, also where that command makes the client connect.
    this.#firstConnection ??= within(wakingTime, this.#timeoutMs, connection.firstAttempt, () => undefined);
    const reply = connection.ready ? this.#send(script, keys, args) : this.#whenConnected(script, keys, args);
    try {
      return await within(wakingTime, this.#timeoutMs, reply, () => {
        if (onLate !== undefined) reply.then(onLate, onLate);
        throw new RedisFailure(`Redis: no answer within ${sayDuration(this.#timeoutMs)}`, true);
      });
    } catch (error) {
      if (error instanceof RedisFailure) throw error;
      const failure = RedisFailure.of(error);
      if (failure.mayHaveRun) onLate?.();
      throw failure;
    }
  }

  /** Runs a script whose outcome nobody waits for, in the order in which the client sends. */
  runBehind(script: string, keys: string[], args: string[]): void {
    this.#send(script, keys, args).catch(() => {
      // A lock that is not released expires by itself, and a withdrawal that is not told does no lasting harm.
    });
  }

  /**
   * A client whose first connection is being made gets the time of one answer for it, once. Otherwise each process that
   * has just been started would go on without Redis.
   */
  async #whenConnected(script: string, keys: string[], args: string[]): Promise<unknown> {
    await this.#firstConnection;
    // A command that waits for a connection would be sent when its caller no longer needs it.
    if (!this.#connection.ready) throw new RedisFailure('Redis: not connected', false);
    return this.#send(script, keys, args);
  }

  async #send(script: string, keys: string[], args: string[]): Promise<unknown> {
    return this.#connection.run(script, keys, args);
  }
}
