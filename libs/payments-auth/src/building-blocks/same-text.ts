import { timingSafeEqual } from 'node:crypto';

/**
 * Whether two texts are exactly the same. The comparison takes the same time, wherever the texts differ. Compare
 * signatures and shared tokens with it, and never with `===`. Only the length can be found from the time.
 */
export function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  const comparable = one.length === other.length;
  return timingSafeEqual(one, comparable ? other : one) && comparable;
}
