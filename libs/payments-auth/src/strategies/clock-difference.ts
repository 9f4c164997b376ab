import type { TimedTokenAnswer } from './token-transport.js';

/** `Date` has no fractions of a second, so the instant can be anywhere in its second. */
const HALF_A_SECOND_MS = 500;

/**
 * How far the provider's clock is ahead of this machine's, in milliseconds, by the `Date` of an answer. Negative when
 * it is behind. 0 when the difference is too small to measure. `undefined` when the answer has no usable `Date`.
 *
 * @param durationMs from the request to the whole answer, on this machine
 */
export function clockDifferenceMs(
  { headers, requestedAtMs }: TimedTokenAnswer,
  durationMs: number,
): number | undefined {
  return clockDifferenceOf(headers['date'], requestedAtMs, durationMs);
}

/** @param date the `Date` of the answer, if there is one */
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
