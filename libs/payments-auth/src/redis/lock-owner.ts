import { createHmac, randomBytes } from 'node:crypto';
import { sameText } from '../index.js';

/** How long a name counts. No token request takes as long, so no process loses its lock while it asks. */
const COUNTS_FOR_MS = 2 * 60_000;

/**
 * Makes the name of a lock's owner in Redis, which nobody without the keys can make: `nonce.end.mac`. The end is a
 * time on the clock of Redis. A lock with any other name does not count, and a lock that somebody has put back counts
 * until its end. Otherwise a stranger who writes one value every 3 s could keep the whole fleet from logging in.
 */
export class LockOwners {
  readonly #key: Buffer;

  /** @param key the same in every process, also while the keys for tokens are being rotated */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** A name of this process for the lock at `redisKey`. */
  nameFor(redisKey: string, redisNowMs: number): string {
    const said = `${randomBytes(16).toString('hex')}.${Math.round(redisNowMs) + COUNTS_FOR_MS}`;
    return `${said}.${this.#mac(said, redisKey)}`;
  }

  counts(owner: string, redisKey: string, redisNowMs: number): boolean {
    const [nonce = '', end = '', mac = ''] = owner.split('.');
    const leftMs = Number(end) - redisNowMs;
    // A process that has had no answer from Redis uses its own clock, which can be ahead. So twice the time is allowed.
    if (!(leftMs > 0 && leftMs <= 2 * COUNTS_FOR_MS)) return false;
    return sameText(mac, this.#mac(`${nonce}.${end}`, redisKey));
  }

  #mac(said: string, redisKey: string): string {
    return createHmac('sha256', this.#key).update(`lock\n${redisKey}\n${said}`).digest('base64url');
  }
}
