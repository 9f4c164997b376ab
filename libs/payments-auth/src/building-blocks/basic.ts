/**
 * The value of `Authorization` for HTTP Basic authentication: `Basic` and the base64 of `user:password`, in UTF-8. User
 * and password are not encoded before that. OAuth 2.0 token endpoints need them form-encoded: `clientCredentials` does
 * that.
 *
 * @param password @default an empty one
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */
export function basic(user: string, password = ''): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
