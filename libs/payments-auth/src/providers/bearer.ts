/**
 * The `Authorization` of a bearer token (RFC 6750). A token that some issuer hands out with the scheme in front is
 * not given a second one.
 */
export function bearer(token: string): string {
  return /^bearer /i.test(token) ? token : `Bearer ${token}`;
}
