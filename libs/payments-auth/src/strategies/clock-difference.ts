import type { TimedTokenAnswer } from './token-transport.js';

/** `Date` has no fractions: the instant lies anywhere in its second. */
const HALF_A_SECOND_MS = 500;

/**
 * How far the provider's clock is ahead of this machine's, in milliseconds, by the `Date` of an answer; negative when
 * it is behind, 0 when the difference is less than can be told, `undefined` when the answer says nothing.
 *
 * @param durationMs from the request to the whole answer, on this machine
 */
export function clockDifferenceMs(
  { headers, requestedAtMs }: TimedTokenAnswer,
  durationMs: number,
): number | undefined {
  return clockDifferenceOf(headers['date'], requestedAtMs, durationMs);
}

/** @param date what the answer's `Date` says, if it says anything */
export function clockDifferenceOf(
  date: string | undefined,
  requestedAtMs: number,
  durationMs: number,
): number | undefined {
  const saidMs = Date.parse(date ?? '');
  if (Number.isNaN(saidMs)) return undefined;
  const differenceMs = saidMs + HALF_A_SECOND_MS - (requestedAtMs + durationMs / 2);
  const uncertainMs = HALF_A_SECOND_MS + durationMs / 2;
  return Math.abs(differenceMs) <= uncertainMs ? 0 : Math.round(differenceMs / 1_000) * 1_000;
}
