import { define } from '../../own-properties.js';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { withoutFields } from '../../building-blocks/json-object.js';
import { isJsonObject, valueAt } from '../../building-blocks/json-value.js';
import { canonicalJson, numberText, WrittenNumber } from './exact-json.js';
import { type ReadBody, Refused, type ReceivedMessage } from './received-message.js';
import type { WebhookProof } from './webhook-proof.js';

/** The parts that a signature covers. */
export type Signed =
  | string
  | {
      /** The whole JSON body, its keys sorted, written compactly. */
      readonly canonicalJson: true;
      /** Top-level fields that are left out. */
      readonly without?: readonly string[];
    }
  | {
      /** Paths into the body, or into the query where no body came. One with braces is a template. */
      readonly fields: readonly string[];
      /** The text between them. @default '' */
      readonly separator?: string;
      /** The text for a field that is missing or null. @default '' */
      readonly empty?: string;
    }
  | {
      /** The field, inside `of`, in which the message lists its signed fields. */
      readonly listedIn: string;
      /** The object that holds the signed fields. */
      readonly of: string;
      /** The fields that the list has to contain. */
      readonly required: readonly string[];
    };

/** The parts of a signed text. */
export interface SignedSource {
  readonly message: ReceivedMessage;
  /** The body, or one item of a batch; `undefined` where none came. */
  readonly body: ReadBody | undefined;
  readonly timestamp: string | undefined;
  /** Takes the place of the path that was requested. */
  readonly path: string | undefined;
  /** The headers that a JWS names as signed, one a line. */
  readonly signedHeaders: string | undefined;
}

/** The signed parts of a message as it arrived. */
export function sourceOf(message: ReceivedMessage, body?: ReadBody): SignedSource {
  return { message, body, timestamp: undefined, path: undefined, signedHeaders: undefined };
}

/** One text that may have been signed. */
interface CoveredText {
  readonly bytes: Buffer;
  /** The text without a timestamp. It is the same in every delivery of the message. */
  readonly lasting: Buffer;
  /** Whether its numbers are written as in the message, and not as JavaScript writes them. */
  readonly exact: boolean;
}

/** The part of a message that its signature covers. */
interface CoveredPart {
  /** There is more than one text where the sender may write a number in two ways. */
  readonly texts: readonly CoveredText[];
  readonly payload: unknown;
}

/** The needs of a signed text, and the function that makes it. */
export interface SignedText {
  readonly proves: WebhookProof;
  /** The names in its braces. */
  readonly placeholders: readonly string[];
  readonly problems: readonly string[];
  /** @throws Refused when the message cannot come from this provider */
  cover(source: SignedSource, credentials: Readonly<Record<string, string>>): CoveredPart;
}

const PLACEHOLDER = /\{([^{}]+)\}/;
const KNOWN =
  /^(?:body(?::sha256|:sha256-base64|:crc32)?|timestamp|url|path|method|signedHeaders|(?:header|query|field|credential):.+)$/;
/**
 * The placeholders that cover every byte of the body. A CRC-32 does not, because anybody can make another body with
 * the same CRC-32 in a millisecond.
 */
const WHOLE_BODY = ['body', 'body:sha256', 'body:sha256-base64'];

export function signedText(signed: Signed = '{body}'): SignedText {
  if (typeof signed === 'string') return templateText(signed);
  if ('canonicalJson' in signed) return canonicalText(signed.without ?? []);
  if ('fields' in signed) return fieldsText(signed);
  return listedText(signed);
}

/** The names in the braces of a template. */
export function placeholdersOf(template: string): string[] {
  return template.split(PLACEHOLDER).filter((_, at) => at % 2 === 1);
}

/**
 * A template without the parts that only a signature may hold; `undefined` where something in it is missing.
 *
 * @param exact whether numbers stand in it as they are written in the message
 */
export function filled(template: string, source: SignedSource, exact = true): string | undefined {
  try {
    return fill(template, source, {}, exact).toString('utf8');
  } catch {
    return undefined;
  }
}

export function templateProblems(template: string): string[] {
  return placeholdersOf(template)
    .filter((name) => !KNOWN.test(name))
    .map((name) => `there is no {${name}}`);
}

function templateText(template: string): SignedText {
  const placeholders = placeholdersOf(template);
  const coversBody = placeholders.some((name) => WHOLE_BODY.includes(name));
  const values = placeholders.filter((name) => /^(?:field|query):/.test(name));
  const readsBody = placeholders.some((name) => /^(?:body|field:)/.test(name));
  const lasting = template.replaceAll('{timestamp}', '');
  return {
    proves: coversBody ? 'payload' : values.length > 0 ? 'values' : 'sender',
    placeholders,
    problems: [
      ...templateProblems(template),
      ...(placeholders.length === 0 ? ['expected a placeholder in it, as in "{timestamp}.{body}"'] : []),
    ],
    cover(source, credentials) {
      if (readsBody && source.body === undefined) throw new Refused('no-body');
      return {
        texts: bothWays(source, (exact) => ({
          bytes: fill(template, source, credentials, exact),
          // The body alone identifies a message, because the next delivery may have another header.
          lasting:
            coversBody || values.length === 0 ? bodyOf(source) : fill(lasting, source, credentials, exact),
        })),
        payload:
          coversBody || values.length === 0
            ? source.body?.value
            : picked(values.map(pathOf), parametersOf(source)),
      };
    },
  };
}

function canonicalText(without: readonly string[]): SignedText {
  return {
    proves: 'payload',
    placeholders: ['body'],
    problems: [],
    cover(source) {
      const payload = withoutFields(objectIn(source.body?.value), without);
      const texts = bothWays(source, (exact) =>
        lastingAsItIs(
          canonicalJson(
            exact ? withoutFields(objectIn(source.body?.exact ?? source.body?.value), without) : payload,
          ),
        ),
      );
      return { texts, payload };
    },
  };
}

function fieldsText({
  fields,
  separator = '',
  empty = '',
}: Extract<Signed, { fields: readonly string[] }>): SignedText {
  const templates = fields.filter((field) => PLACEHOLDER.test(field));
  const paths = fields.filter((field) => !PLACEHOLDER.test(field));
  const joined = (source: SignedSource, parts: readonly string[], exact: boolean, nothing: string) =>
    Buffer.from(
      parts
        .map((field) =>
          PLACEHOLDER.test(field)
            ? fill(field, source, {}, exact).toString('utf8')
            : (scalarText(valueOf(parametersOf(source, exact), field), exact, nothing) ?? empty),
        )
        .join(separator),
    );
  return {
    // Two values are next to each other, with no boundary between them. So the signature does not say which value a
    // character belongs to.
    proves: 'values',
    placeholders: ['field', ...templates.flatMap(placeholdersOf)],
    problems: [
      ...templates.flatMap(templateProblems),
      ...(paths.length === 0 ? ['expected the path of a field among them'] : []),
    ],
    cover(source, _credentials) {
      const parameters = parametersOf(source);
      // A field that is missing, null or empty is signed as the same text, so the payload does not have it.
      const said = paths.filter((path) => {
        const value = scalarText(valueOf(parameters, path), false, 'null');
        return value !== undefined && value !== empty;
      });
      const payload = picked(said, parameters);
      if (Object.keys(payload).length === 0) throw new Refused('malformed');
      const nothings = paths.some((path) => valueOf(parameters, path) === 'null') ? ['', 'null'] : [''];
      return {
        // Some senders sign null as the text "null".
        texts: nothings.flatMap((nothing) =>
          bothWays(source, (exact) => ({
            bytes: joined(source, fields, exact, nothing),
            lasting: joined(source, paths, exact, ''),
          })),
        ),
        payload,
      };
    },
  };
}

/**
 * The fields that a message itself lists as signed (Kashier's `signatureKeys`), as a query string in the order of
 * their names, with RFC 3986 encoding. The list is not signed, so it decides only which text is hashed. A field that
 * it leaves out is not in the payload, and a list without the required fields is refused.
 */
function listedText({ listedIn, of, required }: Extract<Signed, { listedIn: string }>): SignedText {
  return {
    proves: 'payload',
    placeholders: ['field'],
    problems:
      required.length === 0 ? ['expected in `required` the fields that every message has to sign'] : [],
    cover(source) {
      const data = valueOf(objectIn(source.body?.value), of);
      const names = isJsonObject(data) ? data[listedIn] : undefined;
      if (!isJsonObject(data) || !isListOfNames(names)) throw new Refused('malformed');
      const signedNames = [...new Set(names)].toSorted().filter((name) => Object.hasOwn(data, name));
      const payload = Object.fromEntries(signedNames.map((name) => [name, data[name]]));
      const says = (name: string) =>
        ['string', 'number'].includes(typeof payload[name]) && payload[name] !== '';
      if (!required.every((name) => Object.hasOwn(payload, name) && says(name)))
        throw new Refused('malformed');
      const texts = bothWays(source, (exact) => {
        const values = exact ? valueOf(source.body?.exact ?? source.body?.value, of) : data;
        return lastingAsItIs(
          signedNames.map((name) => pair(name, scalarText(valueOf(values, name), exact, ''))).join('&'),
        );
      });
      return { texts, payload };
    },
  };
}

function pair(name: string, value: string | undefined): string {
  return value === undefined ? encoded(name) : `${encoded(name)}=${encoded(value)}`;
}

/** RFC 3986: characters that `encodeURIComponent` does not encode are encoded too, except for the unreserved ones. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function fill(
  template: string,
  source: SignedSource,
  credentials: Readonly<Record<string, string>>,
  exact: boolean,
): Buffer {
  const parts = template.split(PLACEHOLDER);
  return Buffer.concat(
    parts.map((part, at) => {
      if (at % 2 === 0) return Buffer.from(part);
      const value = part === 'body' ? bodyOf(source) : placeholder(part, source, credentials, exact);
      if (value === undefined) throw new Refused(part === 'timestamp' ? 'unsigned' : 'malformed');
      return Buffer.from(value);
    }),
  );
}

function placeholder(
  name: string,
  source: SignedSource,
  credentials: Readonly<Record<string, string>>,
  exact: boolean,
): string | undefined {
  const { message, timestamp } = source;
  const of = pathOf(name);
  switch (name.split(':', 1)[0]) {
    case 'body':
      return bodyDigest(of, bodyOf(source));
    case 'timestamp':
      return timestamp;
    case 'url':
      return message.url;
    case 'path':
      return source.path ?? message.path;
    case 'method':
      return message.method;
    case 'header':
      return message.header(of);
    case 'query':
      return message.query(of);
    case 'credential':
      return credentials[of];
    case 'signedHeaders':
      return source.signedHeaders;
    default:
      return scalarText(valueOf(parametersOf(source, exact), of), exact, '');
  }
}

function bodyDigest(how: string, bytes: Buffer): string {
  if (how === 'crc32') return String(crc32(bytes));
  return createHash('sha256')
    .update(bytes)
    .digest(how === 'sha256' ? 'hex' : 'base64');
}

function pathOf(placeholderName: string): string {
  return placeholderName.slice(placeholderName.indexOf(':') + 1);
}

function bodyOf({ body }: SignedSource): Buffer {
  return body?.bytes ?? Buffer.alloc(0);
}

/** The fields of the body, or of the query where there is no body. */
function parametersOf({ body, message }: SignedSource, exact = false): unknown {
  if (body === undefined) return message.allQuery;
  return exact ? (body.exact ?? body.value) : body.value;
}

/** Numbers as they are written, and as JavaScript writes them. Some senders sign the first text, others the second. */
function bothWays(
  source: SignedSource,
  make: (exact: boolean) => Omit<CoveredText, 'exact'>,
): readonly CoveredText[] {
  const exact = { ...make(true), exact: true };
  if (source.body?.exact === undefined) return [exact];
  const plain = { ...make(false), exact: false };
  return exact.bytes.equals(plain.bytes) ? [exact] : [exact, plain];
}

/** A text that is the same at every delivery. */
function lastingAsItIs(text: string): Omit<CoveredText, 'exact'> {
  const bytes = Buffer.from(text);
  return { bytes, lasting: bytes };
}

/** `undefined` for what is missing, null, or `nothing`. */
function scalarText(value: unknown, exact: boolean, nothing: string): string | undefined {
  if (value instanceof WrittenNumber) return exact ? value.text : numberText(Number(value.text));
  if (value === undefined || value === null || (nothing !== '' && value === nothing)) return undefined;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  // The signed text does not contain the fields inside of an object, so somebody could change them.
  throw new Refused('malformed');
}

/** The value at a path, into arrays too. A field whose own name has dots in it comes first, as forms have them. */
export function valueOf(body: unknown, path: string): unknown {
  return isJsonObject(body) && Object.hasOwn(body, path) ? body[path] : valueAt(body, path);
}

/** The payloads of a batch. An array on the way is gone through: `notificationItems.NotificationRequestItem`. */
export function itemsAt(body: unknown, path: string): readonly unknown[] {
  let found: readonly unknown[] = [body];
  for (const field of path
    .replaceAll('[]', '')
    .split('.')
    .filter((each) => each !== '*' && each !== '')) {
    found = found.flat().map((each) => (Array.isArray(each) ? undefined : valueOf(each, field)));
  }
  return found.flat();
}

/** A copy without the field at a path; the value itself without one. */
export function withoutPath(value: unknown, path: readonly string[] | undefined): unknown {
  if (path === undefined || !isJsonObject(value)) return value;
  const [field = '', ...rest] = path;
  if (rest.length === 0) return withoutFields(value, [field]);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === field ? withoutPath(each, rest) : each]),
  );
}

/** The values at some paths, each at its own path. */
export function picked(paths: readonly string[], from: unknown): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = {};
  for (const path of paths) {
    const value = valueOf(from, path);
    if (value === undefined) continue;
    const isOneName = typeof from === 'object' && from !== null && Object.hasOwn(from, path);
    put(result, isOneName ? [path] : path.split('.'), value);
  }
  return result;
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field = '', ...rest] = path;
  if (!Object.hasOwn(target, field))
    define(target, field, {
      value: rest.length === 0 ? value : {},
      enumerable: true,
      configurable: true,
      writable: true,
    });
  const next = target[field];
  if (rest.length > 0 && isJsonObject(next)) put(next, rest, value);
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (isJsonObject(value)) return value;
  throw new Refused(value === undefined ? 'no-body' : 'malformed');
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
