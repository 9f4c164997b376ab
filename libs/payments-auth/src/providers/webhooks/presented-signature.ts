import {
  filled,
  placeholdersOf,
  type Signed,
  type SignedSource,
  templateProblems,
  valueOf,
} from './signed-text.js';

/** The time at which a message was signed. The signature has to cover this time. */
export interface SignatureTimestamp {
  /** A template: `{header:x-timestamp}`. Absent where the timestamp is in the list of the signature. */
  readonly at?: string;
  /** `iso` takes RFC 3339 and the dates of HTTP. @default seconds, or milliseconds where the number is that large */
  readonly unit?: 'seconds' | 'milliseconds' | 'iso';
  /** The largest difference from now, before or after, in milliseconds. @default 300_000 */
  readonly toleranceMs?: number;
}

/** The form in which a header lists its signatures. */
export interface SignatureList {
  /** The name of the signature in the list. */
  readonly signature: string;
  /** The name of the timestamp, where the list holds it. */
  readonly timestamp?: string;
  /** The text between two entries. @default ',' */
  readonly separator?: string;
  /** The text between a name and its value. @default '=' */
  readonly assign?: string;
  /** The text between the id of a key and the signature: `v1=<id>:<signature>`. */
  readonly keyIdBefore?: string;
}

/** The place of the signature in a message, and the text that the signature covers. */
export interface SignatureSpec {
  /** The header that holds the signature. One of `header`, `field` and `query` has to be there. */
  readonly header?: string;
  /** The path of the field that holds it: in the body, or in each item of a batch. */
  readonly field?: string;
  /** The parameter of the query that holds it. */
  readonly query?: string;
  /** The text in front of the signature. It is removed where it is present. */
  readonly prefix?: string;
  /** A list in the header: `t=…,v1=…`. The list may hold several signatures. */
  readonly list?: SignatureList;
  /** Hex may be in either case. @default 'hex' */
  readonly encoding?: 'hex' | 'base64' | 'base64url';
  readonly timestamp?: SignatureTimestamp;
  /**
   * The signed text: a template of `{body}` `{timestamp}` `{url}` `{path}` `{method}` `{header:x}` `{query:x}`
   * `{field:a.b.0}` `{credential:x}` `{body:sha256}` `{body:sha256-base64}` `{body:crc32}`; or canonical JSON; or
   * fields in a set order; or fields that the message lists. `{path}` has the query with it. A `{body:crc32}` alone
   * never proves the payload. @default '{body}'
   */
  readonly signed?: Signed;
}

/** One signature of a message. */
export interface PresentedSignature {
  readonly text: string;
  readonly keyId?: string;
}

/** The signature of a message, and the values that the message gives with it. */
export interface Presented {
  /**
   * One of these signatures has to be right. The list is empty when the message carries no signature, or an ambiguous
   * one.
   */
  readonly signatures: readonly PresentedSignature[];
  readonly timestamp: string | undefined;
  /** `undefined` where the timestamp is missing or unclear. */
  readonly signedAtMs: number | undefined;
}

/** The largest number of signatures in one header. A rotation of keys needs fewer. */
const MOST_SIGNATURES = 8;
const DEFAULT_TOLERANCE_MS = 300_000;
/**
 * A timestamp above this number is in milliseconds. As seconds, this number is in the year 5138; as milliseconds, in
 * 1973.
 */
const MILLISECONDS_FROM = 1e11;

/** Reads the signature of a message from where its provider puts it. */
export function presentedSignature(spec: SignatureSpec, source: SignedSource): Presented {
  const whole = wholeValue(spec, source);
  const listed = spec.list === undefined ? undefined : listedIn(whole, spec);
  const values = listed === undefined ? (whole === undefined ? [] : [whole]) : listed.values;
  const at = spec.timestamp?.at;
  const timestamp = at === undefined ? listed?.timestamp : filled(at, source);
  return {
    signatures: values.map((value) => presented(value, spec)),
    timestamp,
    signedAtMs: timestamp === undefined ? undefined : instantOf(timestamp, spec.timestamp?.unit),
  };
}

/** The kind of hash of a signature, which gives its length. */
const DIGEST_BYTES: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha3-512': 64,
};

/** Whether a signature can be a hash of this kind, written in this encoding. */
export function isDigest({ text }: PresentedSignature, hash: string, encoding: BufferEncoding): boolean {
  return decoded(text, encoding)?.byteLength === DIGEST_BYTES[hash];
}

/** The bytes of a signature; `undefined` where it is not written exactly as its encoding says. */
export function decoded(text: string, encoding: BufferEncoding): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}

/** Whether this description has a time of signing that can be checked. */
export function isDated({ timestamp, list }: SignatureSpec): boolean {
  return timestamp !== undefined || list?.timestamp !== undefined;
}

export function isFresh(spec: SignatureSpec, { signedAtMs }: Presented, nowMs: number): boolean {
  const toleranceMs = toleranceOf(spec);
  if (toleranceMs === undefined) return true;
  return signedAtMs !== undefined && Math.abs(nowMs - signedAtMs) <= toleranceMs;
}

/** The largest difference between now and the time of signing; `undefined` where a message has no time. */
export function toleranceOf(spec: SignatureSpec): number | undefined {
  return isDated(spec) ? (spec.timestamp?.toleranceMs ?? DEFAULT_TOLERANCE_MS) : undefined;
}

/** The problems with the place of a signature, or with its time. */
export function placeProblems(spec: SignatureSpec, placeholders: readonly string[]): string[] {
  const { header, field, query, list, timestamp, id } = spec as SignatureSpec & { id?: string };
  const places = [header, field, query].filter((place) => place !== undefined);
  const dated = isDated(spec);
  const signsTime =
    placeholders.includes('timestamp') ||
    (timestamp?.at !== undefined &&
      placeholdersOf(timestamp.at).every((name) => placeholders.includes(name)));
  const coversBody = placeholders.some((name) => name === 'body' || name.startsWith('body:'));
  return [
    ...(places.length === 1 ? [] : ['expected one of header, field and query: where the signature stands']),
    ...(field !== undefined && coversBody && isPlain(spec.signed)
      ? ['field: a signature inside the body cannot cover the whole body']
      : []),
    ...(field !== undefined && isCanonical(spec.signed) && !(spec.signed.without ?? []).includes(field)
      ? ["signed.without: expected the signature's own field among them"]
      : []),
    ...(list !== undefined && header === undefined ? ['list: expected a header that holds it'] : []),
    ...(timestamp !== undefined && timestamp.at === undefined && list?.timestamp === undefined
      ? ['timestamp.at: expected the place of the timestamp, or a list that names it']
      : []),
    ...(timestamp?.at === undefined
      ? []
      : templateProblems(timestamp.at).map((what) => `timestamp.at: ${what}`)),
    ...(dated && !signsTime
      ? [
          'timestamp: the signed text does not contain {timestamp}, so anybody could change the time; add {timestamp} to signed',
        ]
      : []),
    ...(!dated && placeholders.includes('timestamp')
      ? [
          'signed: contains {timestamp}, and nothing says where the message has its time; add timestamp.at, or name the timestamp in list',
        ]
      : []),
    ...(id === undefined ? [] : templateProblems(id).map((what) => `id: ${what}`)),
  ];
}

/** The text at the place of the signature. */
export function wholeValue(
  { header, field, query }: Pick<SignatureSpec, 'header' | 'field' | 'query'>,
  source: SignedSource,
): string | undefined {
  if (header !== undefined) return source.message.header(header);
  if (query !== undefined) return source.message.query(query);
  const value = valueOf(source.body?.value, field as string);
  return typeof value === 'string' ? value : undefined;
}

/** `t=1700000000,v1=…,v1=…`; `v1,… v1,…` with another `assign`. */
function listedIn(
  header: string | undefined,
  { list, prefix = '' }: SignatureSpec,
): { values: string[]; timestamp: string | undefined } {
  const { signature, timestamp, separator = ',', assign = '=' } = list as SignatureList;
  const values: string[] = [];
  const timestamps: string[] = [];
  const whole = header?.startsWith(prefix) === true ? header.slice(prefix.length) : header;
  for (const item of whole?.split(separator) ?? []) {
    const at = item.indexOf(assign);
    const name = item.slice(0, at).trim();
    const value = item.slice(at + 1).trim();
    if (at > 0 && name === signature) values.push(value);
    if (at > 0 && name === timestamp) timestamps.push(value);
  }
  const isClear = values.length <= MOST_SIGNATURES && timestamps.length === (timestamp === undefined ? 0 : 1);
  return isClear ? { values, timestamp: timestamps[0] } : { values: [], timestamp: undefined };
}

function presented(
  value: string,
  { list, prefix = '', encoding = 'hex' }: SignatureSpec,
): PresentedSignature {
  const keyIdBefore = list?.keyIdBefore;
  const bare = value.startsWith(prefix) ? value.slice(prefix.length) : value;
  const at = keyIdBefore === undefined ? -1 : bare.indexOf(keyIdBefore);
  const text = at < 0 ? bare : bare.slice(at + (keyIdBefore as string).length);
  return {
    text: encoding === 'hex' ? text.toLowerCase() : text,
    ...(at < 0 ? {} : { keyId: bare.slice(0, at) }),
  };
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/i;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

function instantOf(text: string, unit: SignatureTimestamp['unit']): number | undefined {
  if (/^\d{1,15}$/.test(text) && unit !== 'iso') {
    const value = Number(text);
    const isMilliseconds = unit === undefined ? value >= MILLISECONDS_FROM : unit === 'milliseconds';
    return isMilliseconds ? value : value * 1_000;
  }
  if (unit === 'seconds' || unit === 'milliseconds') return undefined;
  const date = RFC_3339.exec(text);
  if (date === null && !HTTP_DATE.test(text)) return undefined;
  // For a date without a zone, JavaScript would use the zone of this machine.
  const instant = Date.parse(date !== null && date[1] === undefined ? `${text}Z` : text);
  return Number.isNaN(instant) ? undefined : instant;
}

function isPlain(signed: Signed | undefined): boolean {
  return signed === undefined || typeof signed === 'string';
}

function isCanonical(signed: Signed | undefined): signed is Extract<Signed, { canonicalJson: true }> {
  return typeof signed === 'object' && 'canonicalJson' in signed;
}
