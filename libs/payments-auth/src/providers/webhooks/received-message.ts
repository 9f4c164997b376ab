import { ownCopy } from '../../own-properties.js';
import { isUtf8 } from 'node:buffer';
import { isJsonObject } from '../../building-blocks/json-value.js';
import { exactJson } from './exact-json.js';

/** The reason why a message is refused. It is for the operator's log. The sender does not get it. */
export type WebhookRefusal =
  | 'no-body'
  | 'malformed'
  | 'unsigned'
  | 'contradictory-headers'
  | 'unknown-key'
  | 'no-secret'
  | 'wrong-signature'
  | 'stale';

/** A message that is refused. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(readonly reason: WebhookRefusal) {
    super(reason);
  }
}

/** A message as `customWebhook` and tests see it. */
export interface WebhookMessage {
  readonly method: string;
  /** The `url` of the route, where it has one; else the path and the query of the request. */
  readonly url: string;
  /** Names in lower case. A header that came more than once is left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** A parameter that came more than once is left out. */
  readonly query: Readonly<Record<string, string>>;
  /** The bytes of the body as they arrived. */
  readonly rawBody: Uint8Array;
  /**
   * The content of the bytes: JSON, the fields of a form or text, as the scheme's `body` says. `undefined` when the
   * bytes are none of it.
   */
  readonly body: unknown;
}

/** A message as it arrived, before it is verified. */
export interface ReceivedParts {
  /** @default 'POST' */
  readonly method?: string;
  /** Path and query as they were requested. */
  readonly target?: string;
  /** The URL that the provider was given. The application configures it. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values in turn, as Node gives them. Empty in a request that did not come over a socket. */
  readonly rawHeaders?: readonly string[];
  /** @default the query of `target` */
  readonly query?: Readonly<Record<string, unknown>>;
  /** The bytes of the body, as they arrived. */
  readonly rawBody?: Uint8Array;
  /** The body as the application has parsed it. It is read only where nothing is signed. */
  readonly parameters?: unknown;
}

/** A body that has been read. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly value: unknown;
  /** The body with its numbers as they are written; `undefined` where JavaScript writes them in the same way. */
  readonly exact: unknown;
}

/** Reads a message. A header or a parameter that came twice counts as missing. */
export class ReceivedMessage {
  readonly method: string;
  readonly #parts: ReceivedParts;
  readonly #query: Readonly<Record<string, unknown>>;
  readonly #told?: URL;
  #wireHeaders?: ReadonlyMap<string, string[]>;

  constructor(parts: ReceivedParts) {
    const own = ownCopy(parts);
    this.#parts = own;
    this.#query = own.query ?? formOf(/\?(.*)/s.exec(own.target ?? '')?.[1] ?? '');
    this.method = own.method ?? 'POST';
    if (own.url !== undefined) this.#told = new URL(own.url);
  }

  /** Whether the request did not come over a socket. */
  get #isSynthetic(): boolean {
    return (this.#parts.rawHeaders ?? []).length === 0;
  }

  /** The headers as they came. */
  get #wire(): ReadonlyMap<string, string[]> {
    this.#wireHeaders ??= byName(pairsOf(this.#parts.rawHeaders ?? []));
    return this.#wireHeaders;
  }

  /** The URL that the application configures. A URL in the message is never used. */
  get url(): string | undefined {
    return this.#parts.url;
  }

  /**
   * Path and query. The path comes from the URL that the provider was given, because a proxy may have cut the path of
   * the request.
   */
  get path(): string {
    const { target = '/' } = this.#parts;
    if (this.#told === undefined) return target;
    const at = target.indexOf('?');
    return this.#told.pathname + (at < 0 ? this.#told.search : target.slice(at));
  }

  get bytes(): Buffer | undefined {
    const { rawBody } = this.#parts;
    return rawBody && Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength);
  }

  /**
   * The one value of a header; `undefined` when it is missing or came more than once.
   *
   * @throws Refused when the two lists of headers that Node gives contradict each other
   */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    if (wanted === 'host' && this.#told !== undefined) return this.#told.host;
    const joined = this.#parts.headers?.[wanted];
    if (this.#isSynthetic) return typeof joined === 'string' ? joined : sole(joined);
    const values = this.#wire.get(wanted) ?? [];
    if (!agree(values, joined)) throw new Refused('contradictory-headers');
    return sole(values);
  }

  /** The one value of a query parameter. */
  query(name: string): string | undefined {
    const query = this.#query;
    const value = Object.hasOwn(query, name) ? query[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  }

  /** Where an unsigned message can have its fields: the parsed body, and the query. */
  get parameters(): readonly Readonly<Record<string, unknown>>[] {
    return [this.#parts.parameters, this.#query].filter(isJsonObject);
  }

  get allQuery(): Readonly<Record<string, string>> {
    return texts(this.#query, (name) => this.query(name));
  }

  /** The headers, without those that came more than once. */
  get allHeaders(): Readonly<Record<string, string>> {
    const names = this.#isSynthetic ? Object.keys(this.#parts.headers ?? {}) : [...this.#wire.keys()];
    const lower = Object.fromEntries(names.map((name) => [name.toLowerCase(), true]));
    return texts(lower, (name) => {
      try {
        return this.header(name);
      } catch {
        return undefined;
      }
    });
  }

  /**
   * The content of the body. A byte order mark in front is not a part of it.
   *
   * @throws Refused when there are no bytes, or when they are not of the expected kind
   */
  read(kind: 'json' | 'form' | 'text'): ReadBody {
    const { bytes } = this;
    if (bytes === undefined || bytes.byteLength === 0) throw new Refused('no-body');
    // Text that is not UTF-8 would change on reading, and then differ from the signed text.
    if (!isUtf8(bytes)) throw new Refused('malformed');
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    if (kind === 'text') return { bytes, value: text, exact: undefined };
    if (kind === 'form') return { bytes, value: formOf(text), exact: undefined };
    try {
      return { bytes, value: JSON.parse(text), exact: exactJson(text) };
    } catch {
      // The body is not JSON, or it is nested more deeply than any provider's body.
      throw new Refused('malformed');
    }
  }

  /** The message as `customWebhook` sees it. */
  plain(kind: 'json' | 'form' | 'text'): WebhookMessage {
    let body: unknown;
    try {
      body = this.read(kind).value;
    } catch {
      body = undefined;
    }
    return {
      method: this.method,
      url: this.url ?? this.path,
      headers: this.allHeaders,
      query: this.allQuery,
      rawBody: this.bytes ?? new Uint8Array(),
      body,
    };
  }
}

/** A parameter that came more than once is a list. */
function formOf(text: string): Record<string, string | string[]> {
  return Object.fromEntries(
    Array.from(byName(new URLSearchParams(text)), ([name, values]) => [
      name,
      values.length === 1 ? (values[0] as string) : values,
    ]),
  );
}

/** Makes the object in one step, because the sender decides how many names there are. */
function byName(pairs: Iterable<readonly [name: string, value: string]>): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const values = found.get(name);
    if (values === undefined) found.set(name, [value]);
    else values.push(value);
  }
  return found;
}

function* pairsOf(rawHeaders: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    yield [(rawHeaders[at] as string).toLowerCase(), rawHeaders[at + 1] as string];
}

/** Node joins repeated headers with a comma, or keeps the first one. */
function agree(values: readonly string[], joined: string | readonly string[] | undefined): boolean {
  const said = typeof joined === 'string' ? [joined] : (joined ?? []);
  if (values.length === 0 || said.length === 0) return values.length === said.length;
  const [only, ...more] = said;
  return more.length > 0
    ? values.join('\n') === said.join('\n')
    : only === values.join(', ') || only === values.join('; ') || only === values[0];
}

function sole(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined;
}

function texts(
  names: object,
  valueOf: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(names).flatMap((name) => {
      const value = valueOf(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
