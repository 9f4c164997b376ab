/** The client of an OAuth 2.0 token endpoint. */
export interface ClientIdentity {
  readonly id: string;
  readonly secret: string;
}

/**
 * `Authorization: Basic` as OAuth 2.0 means it: id and secret are form-encoded before they are joined, so that a
 * colon or an umlaut in either survives.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export function basicAuthorization({ id, secret }: ClientIdentity): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`;
}

/** `application/x-www-form-urlencoded`, one value. */
function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}
