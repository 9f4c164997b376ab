/** Every server and proxy reads this in the same way in a header: printable ASCII without a space at either end. */
const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** RFC 9110, section 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The HTTP client itself makes these headers from the request. Any other value breaks the request. */
const OF_THE_CLIENT = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];

/** The reason why a definition cannot set a header of this name; `undefined` when it can. */
export function headerNameProblem(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return 'not the name of a header';
  return OF_THE_CLIENT.includes(name.toLowerCase()) ? 'this header is made by the HTTP client' : undefined;
}

/**
 * Names that are there twice, in different upper and lower case. A receiver ignores the case, and may use either value.
 */
export function repeatedNames(names: readonly string[]): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return names.filter((name, index) => lower.indexOf(name.toLowerCase()) < index);
}

/** Whether a value can be a header's value as it is. */
export function isHeaderText(value: unknown): value is string {
  return typeof value === 'string' && HEADER_TEXT.test(value);
}

/** The end of a text that a template made from a missing field: `Bearer undefined`. */
const UNFILLED = /(?:^|[\s:,=])(?:undefined|null|NaN|\[object \w+\])$/;

/** Whether a value ends in a text such as `undefined`. For most values, the last letter shows that it does not. */
export function isUnfilled(value: string): boolean {
  return 'dlN]'.includes(value.at(-1) ?? ' ') && UNFILLED.test(value);
}

const SCHEME_TWICE = /^(bearer|basic)\s+\1\s/i;

/** The reason why a header cannot have this value from a function of a definition; `undefined` when it can. */
export function headerValueProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `is ${kindOf(value)}; expected a text`;
  if (value === '') return 'is empty';
  if (isUnfilled(value)) return 'ends in "undefined" or the like, as if a value were missing';
  if (SCHEME_TWICE.test(value))
    return 'has its scheme twice, as if the credential began with it; give the credential without the scheme';
  return HEADER_TEXT.test(value)
    ? undefined
    : 'cannot be sent: it has a line break, a space at its beginning or end, or a character outside ASCII';
}

/**
 * The reason why a value cannot be a credential; `undefined` when it can. This is the one rule for options, files,
 * functions and variables (R16): most credentials are sent in a header, and the others are printable ASCII too. The
 * text never contains the value.
 */
export function headerTextProblem(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'missing';
  if (typeof value !== 'string') return `must be a string, and is ${kindOf(value)}`;
  if (value === '') return 'empty';
  if (/[\r\n]/.test(value)) return 'has a line break in it; a secret read from a file often ends in one';
  if (value.trim() !== value) return 'has a space at its beginning or end';
  if (isQuoted(value)) return IN_QUOTES;
  if (NOTHING.test(value))
    return 'is a word for nothing, as if it were made of a variable that is not set; look where it comes from';
  if (!isHeaderText(value))
    return 'has a character in it that a header cannot contain; copy the value from the provider again';
  return undefined;
}

/** The text that `String(process.env.NAME)` gives for a variable that is not set. */
const NOTHING = /^(?:undefined|null|NaN|\[object \w+\])$/;

/** Whether the whole value is in quotes: some readers of `.env` files keep them. */
export function isQuoted(value: string): boolean {
  return value.length > 1 && /^(["'`])[^]*\1$/.test(value);
}

export const IN_QUOTES = 'is in quotes, and the quotes are a part of the value; remove them';

/** The kind of a value, for messages that must not show the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}
