/**
 * A number as it is written in a JSON text, where JavaScript would write it in another way: `100.50`, an id above
 * 2^53.
 */
export class WrittenNumber {
  constructor(readonly text: string) {}
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** This mark is in front of a number that is kept as text. No received text may hold it. */
const MARK = '\u0000';

/**
 * A JSON text with its numbers as they are written, or `undefined` where JavaScript writes all of them in the same way.
 * A sender signs `100.50` in one of the two ways.
 *
 * @param text valid JSON
 */
export function exactJson(text: string): unknown {
  if (/\\u0000/i.test(text)) return undefined;
  let differs = false;
  const marked = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || String(Number(token)) === token) return token;
    differs = true;
    return JSON.stringify(MARK + token);
  });
  if (!differs) return undefined;
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? new WrittenNumber(value.slice(1)) : value,
  );
}

/**
 * A number as JavaScript writes it, but for two. `JSON.stringify` writes `null` for the `Infinity` that `1e999` is read
 * as, and `0` for `-0`: a message that was signed with the one would be proven with the other.
 */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Compact JSON, the keys of every object sorted. As in every JavaScript object, keys that are whole numbers come first. */
export function canonicalJson(value: unknown): string {
  if (value instanceof WrittenNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(
    Object.fromEntries(
      Object.keys(value)
        .toSorted()
        .map((key) => [key, (value as Record<string, unknown>)[key]]),
    ),
  );
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}
