import type { BodyFormat } from '../providers/signature-definition.js';
import { isJsonObject } from '../strategies/json-value.js';
import type { JsonObject } from './json-object.js';

/**
 * What of a JSON body is signed.
 *
 * - `canonical`: compact JSON, the keys of every object sorted, arrays in their order. As in every JavaScript object,
 *   and so in ClickPesa's own code, keys that are whole numbers come first.
 * - `legacy`: the values of the sorted top-level keys, one after the other; what is not text as JSON.
 */
export function bodyText(body: JsonObject, format: BodyFormat): string {
  if (format === 'canonical') return JSON.stringify(sorted(body));
  return Object.values(sortedShallow(body))
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join('');
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
