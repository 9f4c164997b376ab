import { createHash, createHmac } from 'node:crypto';

/** The encodings of a digest. */
export type DigestEncoding = 'hex' | 'base64' | 'base64url';

/**
 * The keyed digest of `data` (RFC 2104). Text is taken as UTF-8.
 *
 * @param encoding @default 'hex', in lower case
 * @throws TypeError when the key is empty
 *
 * @example
 * ```ts
 * sign: ({ body, credentials }) => ({ headers: { 'X-Signature': hmac('sha256', credentials.secretKey, body ?? '') } }),
 * ```
 */
export function hmac(
  hash: 'sha1' | 'sha256' | 'sha512' | 'sha3-512',
  key: string | Uint8Array,
  data: string | Uint8Array,
  encoding: DigestEncoding = 'hex',
): string {
  if (key.length === 0) throw new TypeError('hmac: the key is empty. Give the shared secret.');
  return createHmac(hash, key).update(data).digest(encoding);
}

/**
 * The bare digest of `data`. Text is taken as UTF-8. A short secret can be found from its digest, so use {@link hmac}
 * where there is a key.
 *
 * @param encoding @default 'hex', in lower case
 */
export function digest(
  hash: 'sha256' | 'sha384' | 'sha512',
  data: string | Uint8Array,
  encoding: DigestEncoding = 'hex',
): string {
  return createHash(hash).update(data).digest(encoding);
}
