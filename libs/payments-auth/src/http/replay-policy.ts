import { types } from 'node:util';
import type { Credential } from '../credentials/credential.js';
import type { ConfiguredProvider, ReplayPolicy } from '../providers/configured-provider.js';

/** Methods that only read (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a refused call may be sent again (R12). Its body must be one that can be sent a second time. A call with an
 * unsafe method may be sent again only after the provider's own refusal, because only then is it certain that nothing
 * was done.
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

/**
 * Whether a replay with `now` would carry the same as the attempt with `before`: two keys can differ in a part that no
 * call carries. The parts of a signature cannot be seen here.
 */
export function carriesTheSame(
  before: Credential,
  now: Credential,
  { definition }: Pick<ConfiguredProvider, 'definition'>,
): boolean {
  if (before.isSameAs(now) || definition.sign !== undefined) return false;
  return JSON.stringify(before.headers) === JSON.stringify(now.headers);
}
