import { types } from 'node:util';
import { define } from './own-properties.js';

/** This many consecutive characters of a secret count as the secret. */
const PIECE = 12;
/** Every piece of that length holds a gram of this length that begins at a multiple of {@link STRIDE}. */
const GRAM = 6;
const STRIDE = PIECE - GRAM + 1;
/** A shorter text is not hidden, because hiding it would make other texts unreadable. */
const SHORTEST_SECRET = 4;
const HIDDEN = '[hidden]';
/** A text can be escaped twice: JSON in a query, HTML in JSON. */
const MOST_ESCAPES = 4;

const MOST_TOLD = 200;
const MOST_IN_A_CAUSE = 2_000;
const DEEPEST_CAUSE = 5;

/** The scheme of a header is no secret. */
const SCHEME = /^(?:Bearer|Basic|Token) /i;
/** The public prefix that names the kind of a key is no secret either: `sk_live_`, `FLWSECK_TEST-`. */
const PUBLIC_PREFIX = /^(?:[A-Za-z]{2,12}[_-]){0,3}/;
const PEM_BLOCK = /-----BEGIN [^-]+-----([\s\S]*?)-----END [^-]+-----/g;

/**
 * The parts of foreign texts that are always secret: the password of a URL, the value of `Authorization`, a JWT.
 * After "Basic" only these words are left, as part of a sentence ("Basic authentication is required"): any other word
 * of plain letters can be a key (`dXNlcjpwYXNz` is base64 of `user:pass`).
 */
const SECRET_ANYWHERE =
  /(?<=:\/\/)[^\s/@]+(?=@)|(?<=\b(?:Bearer|Basic) +)(?!(?:authenti(?:cation|cate)|authori[sz]ation|credentials?|challenges?|required|expected|rejected|supported)(?![\w~+/=-]))[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/gi;

/** Control characters, line ends, and characters that turn the direction of a text around or cannot be seen. */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not reach a log line
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/** A way in which a secret can be written. */
interface Form {
  readonly text: string;
  /** How many characters at its beginning are no secret. */
  readonly publicUpTo: number;
}

/** A text read through its escapes, and where each character came from. */
interface Reading {
  readonly text: string;
  /** Where each character, and the end, is in the original text; `undefined` where the two texts are the same. */
  readonly origin: Int32Array | undefined;
}

/**
 * Returns `text` without `secrets`. Neither a whole secret nor any 12 consecutive characters of one are left, in
 * whatever form: plain, URL-encoded, escaped for JSON or HTML, or base64 of it and of text around it (`id:secret`). The
 * secret of a PEM is its base64 lines. The secret of a key with a public prefix is what follows the prefix.
 */
export function scrubbed(text: string, secrets: readonly (string | undefined)[]): string {
  const forms = secrets.flatMap((secret) => (secret === undefined ? [] : formsOf(secret)));
  if (forms.length === 0 || text.length < SHORTEST_SECRET) return text;
  const formsLength = forms.reduce((length, { text: form }) => length + form.length, 0);
  const hidden = new Uint8Array(text.length);
  let any = false;
  for (const { text: reading, origin } of readingsOf(text)) {
    const hide = (from: number, to: number) => {
      any = true;
      hidden.fill(1, origin?.[from] ?? from, origin?.[to] ?? to);
    };
    const index = new GramIndex(reading, formsLength);
    for (const form of forms) {
      if (form.text.length < PIECE) eachOf(reading, form.text, hide);
      else index.eachPieceOf(form, hide);
    }
  }
  return any ? withoutHidden(text, hidden) : text;
}

/**
 * A foreign text for a log line or an error: scrubbed, in one line, without unprintable characters, at most 200
 * characters.
 */
export function told(words: string, secrets: readonly (string | undefined)[] = []): string {
  const clean = scrubbed(words, secrets).replace(SECRET_ANYWHERE, HIDDEN).replace(UNPRINTABLE, ' ').trim();
  return shortened(clean, MOST_TOLD);
}

/**
 * The parts of an error that may be kept as the cause of another one: name, message, code, stack and the system's
 * facts about a connection. Everything else can hold a request, a socket, the raw bytes of an answer or the
 * parameters of a query.
 */
export function plainCause(
  cause: unknown,
  secrets: readonly (string | undefined)[] = [],
  depth = 0,
): Error | undefined {
  if (cause === undefined || cause === null || depth > DEEPEST_CAUSE) return undefined;
  const clean = (text: string, most = MOST_IN_A_CAUSE) =>
    shortened(scrubbed(text, secrets).replace(SECRET_ANYWHERE, HIDDEN), most);
  if (!isError(cause)) {
    const message = typeof cause === 'string' ? cause : read(cause, 'message');
    return new Error(
      typeof message === 'string' ? clean(message) : 'a value that is not an Error was thrown',
    );
  }
  const errors = read(cause, 'errors');
  const { message = '', name = 'Error', stack = `${name}: ${message}` } = textsOf(cause);
  const plain = Array.isArray(errors)
    ? new AggregateError(
        errors.map((each: unknown) => plainCause(each, secrets, depth + 1)),
        clean(message),
      )
    : new Error(clean(message));
  setHidden(plain, 'name', clean(name, MOST_TOLD));
  setHidden(plain, 'stack', clean(stack, 2 * MOST_IN_A_CAUSE));
  for (const field of CAUSE_FIELDS) {
    const value = read(cause, field);
    if (typeof value === 'number') Object.assign(plain, { [field]: value });
    if (typeof value === 'string') Object.assign(plain, { [field]: clean(value, MOST_TOLD) });
  }
  const next = plainCause(read(cause, 'cause'), secrets, depth + 1);
  if (next !== undefined) setHidden(plain, 'cause', next);
  return plain;
}

/** Sets a field as the language itself does it: it can be read, and is in no list of properties. */
export function setHidden(error: Error, field: 'name' | 'stack' | 'cause' | 'message', value: unknown): void {
  define(error, field, { value, writable: true, enumerable: false, configurable: true });
}

const CAUSE_FIELDS = ['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'host', 'reason'] as const;

/** Whether a value is an error, also one of another realm. Under Jest, Node's own errors are of another realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function textsOf(error: Error): { message?: string; name?: string; stack?: string } {
  const fields = ['message', 'name', 'stack'].map((field) => [field, read(error, field)] as const);
  return Object.fromEntries(fields.filter(([, value]) => typeof value === 'string'));
}

/** A getter of another program's object may throw. */
function read(holder: unknown, field: string): unknown {
  try {
    return (holder as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

function formsOf(given: string): Form[] {
  const secret = given.replace(SCHEME, '');
  if (secret.length < SHORTEST_SECRET) return [];
  const bodies = Array.from(secret.matchAll(PEM_BLOCK), ([, body = '']) => body.replace(/\s|\\n/g, ''));
  if (bodies.length > 0)
    return [...bodies.map((text) => ({ text, publicUpTo: 0 })), ...base64FormsOf(secret)];
  const publicUpTo = PUBLIC_PREFIX.exec(secret)?.[0].length ?? 0;
  // A secret that looks escaped itself reads differently once its escapes are undone with those of the text.
  const forms = readingsOf(secret).map(({ text }) => ({
    text,
    publicUpTo: publicUpTo < text.length ? publicUpTo : 0,
  }));
  if (secret.includes(' ')) forms.push({ text: secret.replaceAll(' ', '+'), publicUpTo });
  return [...forms, ...base64FormsOf(secret)];
}

/**
 * The characters of base64 that depend on the secret alone. Four of them stand for three bytes, and the secret can
 * begin at each of the three.
 */
function base64FormsOf(secret: string): Form[] {
  const bytes = Buffer.from(secret);
  const forms: Form[] = [];
  for (let before = 0; before < 3; before += 1) {
    const all = Buffer.concat([bytes.subarray(0, before), bytes]).toString('base64');
    const text = all.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (text.length < GRAM) continue;
    forms.push({ text, publicUpTo: 0 });
    if (/[+/]/.test(text))
      forms.push({ text: text.replaceAll('+', '-').replaceAll('/', '_'), publicUpTo: 0 });
  }
  return forms;
}

/**
 * The text as it stands, and as it reads when it is unescaped once, twice and so on, while there is an escape in it.
 */
function readingsOf(text: string): Reading[] {
  let last: Reading = { text, origin: undefined };
  const readings = [last];
  for (let pass = 0; pass < MOST_ESCAPES; pass += 1) {
    const next = unescaped(last);
    if (next === undefined) break;
    readings.push(next);
    last = next;
  }
  return readings;
}

/** The names of HTML 5 for the characters that secrets are made of, and for those that JSON and HTML need. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  plus: '+',
  sol: '/',
  equals: '=',
  lowbar: '_',
  UnderBar: '_',
  period: '.',
  comma: ',',
  colon: ':',
  semi: ';',
  excl: '!',
  num: '#',
  dollar: '$',
  percnt: '%',
  lpar: '(',
  rpar: ')',
  ast: '*',
  midast: '*',
  quest: '?',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  Hat: '^',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  rcub: '}',
  rbrace: '}',
  Tab: '\t',
  NewLine: '\n',
};
const ESCAPE = /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\(.)|&(?:#0*(\d{1,7})|#x0*([0-9a-f]{1,6})|([a-z]{2,8}));/gi;
/** The characters by their names in lower case, because `&AMP;` is `&` too. */
const CHARACTERS = new Map(
  Object.entries(ENTITIES).map(([name, character]) => [name.toLowerCase(), character]),
);

function unescaped({ text, origin }: Reading): Reading | undefined {
  if (!/[%\\&]/.test(text)) return undefined;
  const pieces: string[] = [];
  const at = new Int32Array(text.length + 1);
  let from = 0;
  let size = 0;
  const take = (upTo: number) => {
    pieces.push(text.slice(from, upTo));
    for (; from < upTo; from += 1) at[size++] = origin?.[from] ?? from;
  };
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, percent, unicode, escaped, decimal, hex, entity] = match;
    const named = entity === undefined ? undefined : CHARACTERS.get(entity.toLowerCase());
    if (entity !== undefined && named === undefined) continue;
    take(match.index);
    const code = percent ?? unicode ?? hex;
    let character = escaped ?? named ?? '';
    if (code !== undefined) character = String.fromCharCode(Number.parseInt(code, 16));
    else if (decimal !== undefined) character = String.fromCharCode(Number(decimal));
    pieces.push(character);
    at[size++] = origin?.[match.index] ?? match.index;
    from = match.index + whole.length;
  }
  if (from === 0) return undefined;
  take(text.length);
  at[size] = origin?.[text.length] ?? text.length;
  return { text: pieces.join(''), origin: at };
}

function eachOf(text: string, piece: string, found: (from: number, to: number) => void): void {
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length))
    found(at, at + piece.length);
}

/**
 * Finds every piece of 12 characters or more that two texts have in common. One of the texts is indexed by its grams.
 * The shorter text is read at each position, and the longer one at every {@link STRIDE}th. So no piece is missed, and a
 * text that holds no secret costs almost nothing.
 */
class GramIndex {
  readonly #text: string;
  readonly #textStride: number;
  readonly #formStride: number;
  readonly #mask: number;
  /** For each hash, the number of the last gram that has it, plus one. */
  readonly #last: Int32Array;
  /** For each gram, the number of the gram before it that has the same hash, plus one. */
  readonly #before: Int32Array;
  /** Which characters have been found to belong to a piece. */
  readonly #found: Uint8Array;

  constructor(text: string, formsLength: number) {
    this.#text = text;
    [this.#textStride, this.#formStride] = text.length < formsLength ? [1, STRIDE] : [STRIDE, 1];
    const grams = Math.max(0, Math.floor((text.length - GRAM) / this.#textStride) + 1);
    let size = 64;
    while (size < 2 * grams) size *= 2;
    this.#mask = size - 1;
    this.#last = new Int32Array(size);
    this.#before = new Int32Array(grams);
    this.#found = new Uint8Array(text.length);
    for (let gram = 0; gram < grams; gram += 1) {
      const slot = gramHash(text, gram * this.#textStride) & this.#mask;
      this.#before[gram] = this.#last[slot] as number;
      this.#last[slot] = gram + 1;
    }
  }

  eachPieceOf({ text: form, publicUpTo }: Form, found: (from: number, to: number) => void): void {
    const text = this.#text;
    const last = this.#last;
    for (let inForm = 0; inForm + GRAM <= form.length; inForm += this.#formStride) {
      let gram = last[gramHash(form, inForm) & this.#mask] as number;
      for (; gram > 0; gram = this.#before[gram - 1] as number) {
        const inText = (gram - 1) * this.#textStride;
        if (this.#isFound(inText) || !sameGram(text, inText, form, inForm)) continue;
        let back = 0;
        while (back < Math.min(inText, inForm) && text[inText - back - 1] === form[inForm - back - 1])
          back += 1;
        let end = GRAM;
        while (inForm + end < form.length && text[inText + end] === form[inForm + end]) end += 1;
        if (back + end < PIECE || inForm + end <= publicUpTo) continue;
        this.#found.fill(1, inText - back, inText + end);
        found(inText - back, inText + end);
      }
    }
  }

  #isFound(at: number): boolean {
    return this.#found[at] === 1 && this.#found[at + GRAM - 1] === 1;
  }
}

function gramHash(text: string, at: number): number {
  const one = (text.charCodeAt(at) << 14) ^ (text.charCodeAt(at + 1) << 7) ^ text.charCodeAt(at + 2);
  const two = (text.charCodeAt(at + 3) << 14) ^ (text.charCodeAt(at + 4) << 7) ^ text.charCodeAt(at + 5);
  const mixed = Math.imul(one, 0x9e3779b1) ^ Math.imul(two, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function sameGram(text: string, at: number, other: string, otherAt: number): boolean {
  for (let each = 0; each < GRAM; each += 1)
    if (text.charCodeAt(at + each) !== other.charCodeAt(otherAt + each)) return false;
  return true;
}

function withoutHidden(text: string, hidden: Uint8Array): string {
  let clean = '';
  for (let at = 0; at < text.length;) {
    const isHidden = hidden[at] === 1;
    let end = at;
    while (end < text.length && (hidden[end] === 1) === isHidden) end += 1;
    clean += isHidden ? HIDDEN : text.slice(at, end);
    at = end;
  }
  return clean;
}
