import { types } from 'node:util';
import { isJsonObject } from '../building-blocks/json-value.js';
import { DefinitionFault } from '../strategies/definition-fault.js';
import { headerValueProblem, kindOf, repeatedNames } from '../strategies/header-text.js';
import { namedValuesProblem } from '../strategies/header-values.js';
import type { ApiAnswer, Given, HeaderValues } from '../strategies/strategy.js';

/** One sending of a call, as `sign` of a definition sees it. */
export interface Attempt<C> extends Given<C> {
  /** Upper case. */
  readonly method: string;
  /** As requested, `params` included. */
  readonly url: URL;
  /** Below the base URL, without query. */
  readonly path: string;
  /** The name of the host in `environments`; the host itself is `url.host`. */
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

/** The parts that only one attempt carries. */
export interface SignedAttempt {
  readonly headers?: HeaderValues;
  /** Added to the query as it is, form-encoded. */
  readonly query?: HeaderValues;
  /** Replaces the body. */
  readonly body?: string | Uint8Array;
}

/** The result of `sign`, checked and ready to be sent. */
export interface Signature {
  readonly headers: Readonly<Record<string, string>>;
  /** `name=value&…`; empty where `sign` adds none. */
  readonly query: string;
  readonly body: string | Uint8Array | undefined;
}

/** Headers that the HTTP client makes, or that decide where a request goes and how long it is. */
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

/**
 * Calls `sign`, and waits only where it is asynchronous. An error of `sign` is thrown as it is.
 *
 * @throws DefinitionFault when it returns something that is not allowed
 */
export function signatureOf<C>(
  sign: (attempt: Attempt<C>) => SignedAttempt | Promise<SignedAttempt>,
  attempt: Attempt<C>,
): Signature | Promise<Signature> {
  const signed: unknown = sign(attempt);
  return isThenable(signed) ? Promise.resolve(signed).then(lookThrough) : lookThrough(signed);
}

/** Adds the query of `sign` as text. Parsing the query and writing it again would change the signed text. */
export function withQuery(url: string, query: string): string {
  if (query === '') return url;
  return url.includes('?') ? `${url}${url.endsWith('?') ? '' : '&'}${query}` : `${url}?${query}`;
}

/** The path of the function in problems and errors. */
const SIGN = 'sign';
const PARTS = ['headers', 'query', 'body'];
const EXPECTED = 'expected { headers, query, body }, each of which may be absent';

function lookThrough(signed: unknown): Signature {
  if (!isJsonObject(signed)) throw new DefinitionFault(SIGN, `returned ${kindOf(signed)}; ${EXPECTED}`);
  const stranger = Object.keys(signed).find((part) => !PARTS.includes(part));
  if (stranger !== undefined) throw new DefinitionFault(SIGN, `returned "${stranger}"; ${EXPECTED}`);
  const body = Object.hasOwn(signed, 'body') ? signed.body : undefined;
  if (body !== undefined && typeof body !== 'string' && !types.isUint8Array(body))
    throw new DefinitionFault(SIGN, `returned a body that is ${kindOf(body)}; expected a text or bytes`);
  return { headers: headersIn(signed), query: queryIn(signed), body };
}

function headersIn(signed: object): Record<string, string> {
  const headers = textsIn('headers', signed);
  const [repeated] = repeatedNames(Object.keys(headers));
  if (repeated !== undefined)
    throw new DefinitionFault(
      SIGN,
      `returned the header "${repeated}" twice, in different upper and lower case`,
    );
  for (const name of Object.keys(headers)) {
    if (!HEADER_NAME.test(name))
      throw new DefinitionFault(SIGN, `returned "${name}", which is not the name of a header`);
    if (NOT_SIGNABLE.includes(name.toLowerCase()))
      throw new DefinitionFault(SIGN, `returned the header "${name}", which only the HTTP client makes`);
    const problem = headerValueProblem(headers[name]);
    if (problem !== undefined)
      throw new DefinitionFault(SIGN, `returned a value for the header "${name}" that ${problem}`);
  }
  return headers;
}

function queryIn(signed: object): string {
  return Object.entries(textsIn('query', signed))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** The texts of an object that must hold only texts. */
function textsIn(part: 'headers' | 'query', signed: object): Record<string, string> {
  const texts: Record<string, string> = {};
  const given: unknown = Object.hasOwn(signed, part) ? (signed as Record<string, unknown>)[part] : undefined;
  if (given === undefined) return texts;
  const problem = namedValuesProblem(given);
  if (problem !== undefined) throw new DefinitionFault(SIGN, `returned ${part} that are ${problem}`);
  for (const [name, value] of Object.entries(given as object)) {
    if (value === undefined) continue;
    if (typeof value !== 'string')
      throw new DefinitionFault(
        SIGN,
        `returned ${kindOf(value)} for "${name}" of its ${part}; expected a text`,
      );
    texts[name] = value;
  }
  return texts;
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
