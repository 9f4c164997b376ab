import { isJsonObject } from '../building-blocks/json-value.js';
import { scrubbed, told } from '../scrubbing.js';
import type { TokenRequest } from '../strategies/strategy.js';
import type { TimedTokenAnswer } from '../strategies/token-transport.js';

/** The form of a real answer, without any of its values. It can be pasted into an issue. */
export interface Transcript {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly status: number;
  /** In lower case, sorted. */
  readonly headerNames: readonly string[];
  /** The JSON with the kind of each value in the place of the value. `text` or `nothing` where the body is not JSON. */
  readonly shape: unknown;
}

const MOST_DEPTH = 6;
const MOST_FIELDS = 60;
/** A key that looks like a name. Other keys may be values: an id, an address. */
const NAME = /^[A-Za-z_@][\w.@-]{0,39}$/;

/** @param secrets the secrets that were sent: a provider may use one as the name of a header or a key */
export function transcriptOf(
  { method, path }: Pick<TokenRequest, 'method' | 'path'>,
  { status, headers, body, text }: Pick<TimedTokenAnswer, 'status' | 'headers' | 'body' | 'text'>,
  secrets: readonly string[],
): Transcript {
  // Header names are in lower case, so secrets are searched in lower case too.
  const all = [...secrets, ...secrets.map((secret) => secret.toLowerCase())];
  return {
    method: method ?? 'POST',
    path: told(path.split('?', 1)[0] as string, all),
    status,
    headerNames: Object.keys(headers)
      .map((name) => told(name.toLowerCase(), all))
      .toSorted(),
    shape: body === undefined ? (text === '' ? 'nothing' : 'text') : shapeOf(body, 0, all),
  };
}

function shapeOf(value: unknown, depth: number, secrets: readonly string[]): unknown {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value === 'string' ? textKind(value) : typeof value;
  if (depth >= MOST_DEPTH) return '…';
  // The items of a list usually look the same, so only the first one is shown.
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0], depth + 1, secrets)];
  if (!isJsonObject(value)) return '…';
  const entries = Object.entries(value).slice(0, MOST_FIELDS);
  return Object.fromEntries(
    entries.map(([key, each], at) => [
      NAME.test(key) && scrubbed(key, secrets) === key ? key : `(key ${at + 1})`,
      shapeOf(each, depth + 1, secrets),
    ]),
  );
}

/** The kind of a text. It tells a number of seconds from a date, and nothing more. */
function textKind(value: string): string {
  if (value === '') return 'text, empty';
  if (/^\d{1,19}(\.\d+)?$/.test(value)) return 'text, a number';
  return Number.isNaN(Date.parse(value)) || !/^\d{4}-/.test(value) ? 'text' : 'text, a date';
}
