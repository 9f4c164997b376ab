import { types } from 'node:util';
import { isJsonObject } from '../building-blocks/json-value.js';
import { ownCopy } from '../own-properties.js';
import { isHeaderText } from '../strategies/header-text.js';
import type { ApiAnswer, Given, HeaderValues } from '../strategies/strategy.js';

/** One sending of a call, as `sign` of a definition sees it. */
export interface Attempt<C> extends Given<C> {
  /** Upper case. */
  readonly method: string;
  /** As requested, `params` included. */
  readonly url: URL;
  /** Below the base URL, without query. */
  readonly path: string;
  /** The key of its base URL in `environments`; the host itself is `url.host`. */
  readonly namedHost: string;
  /**
   * As sent, names in lower case, without those that the HTTP client makes itself: Host, Connection, Accept-Encoding, a
   * default User-Agent. Content-Length is the length of the body in bytes.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The serialised body. Reading it throws for a stream or a form: a signer that does not read it signs those too. */
  readonly body: string | Uint8Array | undefined;
  /** `''` where the definition has no `token`. */
  readonly token: string;
  /** The wall clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** The answer that asked for this attempt: a refusal, or a challenge. */
  readonly previous?: ApiAnswer;
  /** Random bytes for nonces, which a test can fix. */
  readonly random: (bytes: number) => Uint8Array;
  /** Signs with the option `signer`, where the application gave one. `undefined`: sign with the field. */
  readonly signWith?: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** What only one attempt carries. */
export interface SignedAttempt {
  readonly headers?: HeaderValues;
  /** Added to the query as it is, form-encoded. */
  readonly query?: HeaderValues;
  /** In the place of the body. */
  readonly body?: string | Uint8Array;
}

/** What `sign` returned, looked through and ready for the wire. */
export interface Signature {
  readonly headers: Readonly<Record<string, string>>;
  /** `name=value&…`; empty where `sign` adds none. */
  readonly query: string;
  readonly body?: string | Uint8Array;
}

/** Made by the HTTP client, or what decides where a request goes and how much of it there is. */
const NOT_SIGNABLE = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'te',
  'upgrade',
];
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Asks `sign`, and waits only where it is asynchronous. What it throws is thrown. */
export function signatureOf<C>(
  sign: (attempt: Attempt<C>) => SignedAttempt | Promise<SignedAttempt>,
  attempt: Attempt<C>,
): Signature | Promise<Signature> {
  const signed: unknown = sign(attempt);
  return isThenable(signed) ? Promise.resolve(signed).then(lookThrough) : lookThrough(signed);
}

/** Adds what `sign` returned to the query as text: parsing and printing it anew would change what was signed. */
export function withQuery(url: string, query: string): string {
  if (query === '') return url;
  return url.includes('?') ? `${url}${url.endsWith('?') ? '' : '&'}${query}` : `${url}?${query}`;
}

function lookThrough(signed: unknown): Signature {
  if (!isJsonObject(signed)) throw new TypeError('sign must return { headers, query, body }');
  const { headers, query, body, ...others } = ownCopy(signed);
  const [stranger] = Object.keys(others);
  if (stranger !== undefined)
    throw new TypeError(`sign returned "${stranger}", and may return headers, query and body`);
  if (body !== undefined && typeof body !== 'string' && !types.isUint8Array(body))
    throw new TypeError('the body that sign returns must be a string or bytes');
  return ownCopy({
    headers: headersIn(headers),
    query: textsIn('query', query)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&'),
    ...(body === undefined ? {} : { body }),
  });
}

function headersIn(given: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of textsIn('headers', given)) {
    if (!HEADER_NAME.test(name))
      throw new TypeError(`sign returned "${name}", which is not the name of a header`);
    if (NOT_SIGNABLE.includes(name.toLowerCase()))
      throw new TypeError(`sign returned the header "${name}", which only the HTTP client makes`);
    if (!isHeaderText(value)) throw new TypeError(`the value of the signed header "${name}" cannot be sent`);
    headers[name] = value;
  }
  return headers;
}

function textsIn(part: string, given: unknown): [string, string][] {
  if (given === undefined) return [];
  if (!isJsonObject(given)) throw new TypeError(`the ${part} that sign returns must be an object of texts`);
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const wrong = present.find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined)
    throw new TypeError(`"${wrong[0]}" in the ${part} that sign returns is not a text`);
  return present as [string, string][];
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
