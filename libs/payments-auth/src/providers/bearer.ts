/**
 * The `Authorization` of a bearer token (RFC 6750). Some issuers give a token with the scheme in front. Such a token
 * does not get a second one.
 */
export function bearer(token: string): string {
  return /^bearer /i.test(token) ? token : `Bearer ${token}`;
}
