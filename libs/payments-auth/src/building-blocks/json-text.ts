import type { JsonObject } from './json-object.js';
import { isJsonObject } from './json-value.js';

/** The two ways to write a JSON object for a signature. */
export type JsonTextFormat = 'canonical' | 'legacy';

/**
 * A JSON object as the text that is signed.
 *
 * - `canonical`: compact JSON, the keys of every object sorted, arrays in their order. As in every JavaScript object,
 *   and so in ClickPesa's own code, keys that are whole numbers come first.
 * - `legacy`: the values of the sorted top-level keys, one after the other; what is not text as JSON.
 *
 * Two values never have the same canonical text. `JSON.stringify` writes `null` for the `Infinity` that `1e999` is read
 * as, and `0` for `-0`: a message that was signed with the one would be proven with the other.
 */
export function jsonText(body: JsonObject, format: JsonTextFormat): string {
  if (format === 'canonical') return written(sorted(body));
  return Object.values(sortedShallow(body))
    .map((value) => (typeof value === 'string' ? value : written(value)))
    .join('');
}

/** Values that JSON does not have get a text of their own. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (isJsonObject(value)) {
    const fields = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${written(each)}`);
    return `{${fields.join(',')}}`;
  }
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return JSON.stringify(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(sortedShallow(value)).map(([key, each]) => [key, sorted(each)]));
}

function sortedShallow(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.keys(object)
      .toSorted()
      .map((key) => [key, object[key]]),
  );
}
