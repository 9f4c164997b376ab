import { createHmac, randomBytes } from 'node:crypto';
import { sameText } from '../index.js';

/** Longer than any token request may take, so that no process loses its lock while it asks. */
const COUNTS_FOR_MS = 2 * 60_000;

/**
 * Names the owner of a lock in Redis so that nobody without the keys can: `nonce.end.mac`, where the end is on the clock of
 * Redis. A lock of another name is none, and one that was put back counts until its end. Else a stranger who writes one
 * value every 3 s could keep the whole fleet from logging in.
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
    // The clock of a process that has not heard from Redis yet can be ahead.
    if (!(leftMs > 0 && leftMs <= 2 * COUNTS_FOR_MS)) return false;
    return sameText(mac, this.#mac(`${nonce}.${end}`, redisKey));
  }

  #mac(said: string, redisKey: string): string {
    return createHmac('sha256', this.#key).update(`lock\n${redisKey}\n${said}`).digest('base64url');
  }
}
