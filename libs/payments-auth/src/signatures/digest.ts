import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureEncoding } from '../providers/signature-definition.js';

/** The keyed digest of a message. */
export function hmac(
  algorithm: 'hmac-sha256' | 'hmac-sha512',
  key: string,
  message: string | Buffer,
  encoding: SignatureEncoding = 'hex',
): string {
  return createHmac(algorithm === 'hmac-sha256' ? 'sha256' : 'sha512', key)
    .update(message)
    .digest(encoding);
}

/** The bare digest of a message. Never of a secret that is to be logged: WakaPay's signature is one (R1). */
export function sha256(message: string | Buffer, encoding: SignatureEncoding = 'hex'): string {
  return createHash('sha256').update(message).digest(encoding);
}

/**
 * Whether two encoded digests are the same, to the letter, in a time that says nothing about how much of them agrees.
 * Comparing what is written, and not what it decodes to, refuses another case, length or alphabet by itself.
 */
export function sameDigest(expected: string, presented: string): boolean {
  const ours = Buffer.from(expected);
  const theirs = Buffer.from(presented);
  const comparable = theirs.length === ours.length;
  return timingSafeEqual(ours, comparable ? theirs : ours) && comparable;
}
