/** The value of the semantic conventions for an unknown error. */
const OTHER = '_OTHER';

const KNOWN = new Set(['timeout', 'network', 'too-large', 'cancelled']);

/**
 * `error.type` of a failed token request: its status, the system's code, or a word of this library. Never the
 * provider's own text, which has no bound and belongs in a log.
 */
export function errorType(failure: { status?: number; error?: string }): string {
  if (failure.status !== undefined && failure.status >= 300) return String(failure.status);
  const word = failure.error ?? '';
  return KNOWN.has(word) || /^E[A-Z_]{2,30}$/.test(word) ? word : OTHER;
}
