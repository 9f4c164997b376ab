import { types } from 'node:util';
import type { ReplayPolicy } from '../providers/configured-provider.js';

/** Methods that only read (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a refused call may be sent again (R12). An unsafe method only when it is certain that nothing was done: on
 * the provider's own refusal, and with a body that can be sent a second time.
 */
export function mayReplay(
  call: { method?: string; data?: unknown },
  policy: ReplayPolicy,
  refusal: { own: boolean },
): boolean {
  if (policy === 'never' || !canBeSentAgain(call.data)) return false;
  return SAFE_METHODS.has((call.method ?? 'get').toUpperCase()) || (policy === 'always' && refusal.own);
}

/**
 * Whether a serialised body is still complete after it was sent. A stream is not, and npm's `form-data` is one. A
 * body of an unknown kind counts as a stream.
 */
function canBeSentAgain(data: unknown): boolean {
  return (
    data === undefined ||
    data === null ||
    typeof data === 'string' ||
    types.isAnyArrayBuffer(data) ||
    ArrayBuffer.isView(data) ||
    data instanceof Blob ||
    data instanceof FormData
  );
}
