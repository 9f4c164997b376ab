/** The longest wait that is accepted. One request an hour does no harm. */
const MOST_MS = 60 * 60_000;

/**
 * How long an answer asks its caller to wait, in milliseconds, from `Retry-After` as seconds or as a date (RFC 9110,
 * section 10.2.3), else from `X-RateLimit-Reset` in unix seconds when nothing remains. Dates are read against the
 * answer's own `Date`, so that a skewed clock on either side does not matter.
 *
 * @returns at most an hour; `undefined` when the answer has no usable value
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  const serverNowMs = Date.parse(text(headers['date']) ?? '') || nowMs;
  const retryAfter = text(headers['retry-after']);
  if (retryAfter !== undefined) {
    const waitMs = /^\d+(\.\d+)?$/.test(retryAfter)
      ? Number(retryAfter) * 1_000
      : Date.parse(retryAfter) - serverNowMs;
    if (Number.isFinite(waitMs)) return bounded(waitMs);
  }
  if (text(headers['x-ratelimit-remaining']) === '0') {
    const resetMs = Number(text(headers['x-ratelimit-reset'])) * 1_000;
    if (Number.isFinite(resetMs) && resetMs > 0) return bounded(resetMs - serverNowMs);
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : undefined;
}

function bounded(waitMs: number): number {
  return Math.min(MOST_MS, Math.max(0, Math.ceil(waitMs)));
}
