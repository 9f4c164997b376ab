import { hmac } from './digests.js';
import { type JsonObject, withoutFields } from './json-object.js';
import { type JsonTextFormat, jsonText } from './json-text.js';
import { isJsonObject } from './json-value.js';

/**
 * A serialised JSON object with a checksum of itself in one of its fields, as ClickPesa wants it: HMAC-SHA256 in
 * lower-case hex, over the object without that field. The text stays unchanged and the field is added at its end,
 * because writing the JSON again could change a number. An existing field of that name is replaced. A text that is not
 * a JSON object is returned unchanged.
 *
 * @param options.format `canonical`: compact JSON with sorted keys; `legacy`: the values in the order of their keys
 * @param options.without further top-level fields that the checksum does not cover @default none
 * @throws TypeError when the key is empty
 * @see https://docs.clickpesa.com/home/checksum
 */
export function checksumField(
  body: string,
  options: {
    readonly key: string;
    readonly field: string;
    readonly format: JsonTextFormat;
    readonly without?: readonly string[];
  },
): string {
  const { key, field, format, without = [] } = { __proto__: null, ...options } as typeof options;
  const json = parsedObject(body);
  if (json === undefined) return body;
  const checksum = hmac('sha256', key, jsonText(withoutFields(json, [field, ...without]), format));
  const rest = withoutFields(json, [field]);
  const text = Object.hasOwn(json, field) ? JSON.stringify(rest) : body.trimEnd();
  const separator = Object.keys(rest).length === 0 ? '' : ',';
  return `${text.slice(0, -1)}${separator}${JSON.stringify(field)}:"${checksum}"}`;
}

function parsedObject(body: string): JsonObject | undefined {
  if (!body.trimStart().startsWith('{')) return undefined;
  try {
    const json: unknown = JSON.parse(body);
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
