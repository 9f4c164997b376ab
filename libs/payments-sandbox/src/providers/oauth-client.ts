/** The identity that an OAuth client claims, and the part of the request that has it. */
export interface ClaimedClient {
  readonly id: string;
  readonly secret: string;
  readonly by: 'basic' | 'body';
}

/** Reads client authentication from the `Authorization` header or the form (RFC 6749, section 2.3.1). */
export function clientOf(
  authorization: string | undefined,
  form: URLSearchParams,
): ClaimedClient | undefined {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1];
  if (basic !== undefined) return fromBasic(Buffer.from(basic, 'base64').toString('utf8'));
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  return id === null || secret === null ? undefined : { id, secret, by: 'body' };
}

function fromBasic(pair: string): ClaimedClient | undefined {
  const colon = pair.indexOf(':');
  if (colon === -1) return undefined;
  try {
    return { id: formDecoded(pair.slice(0, colon)), secret: formDecoded(pair.slice(colon + 1)), by: 'basic' };
  } catch {
    return undefined;
  }
}

/** Both parts are form-encoded before they are joined. */
function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
