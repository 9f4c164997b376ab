import { timingSafeEqual } from 'node:crypto';

/**
 * Whether two texts are the same, to the letter, in a time that says nothing about how much of them agrees. Compare
 * signatures and shared tokens with it, and never with `===`. Only the length may be guessed.
 */
export function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  const comparable = one.length === other.length;
  return timingSafeEqual(one, comparable ? other : one) && comparable;
}
