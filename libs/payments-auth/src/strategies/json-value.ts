/** Whether a parsed JSON value is an object, and neither `null` nor an array. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value at a path of field names separated by dots (`data.token`), or `undefined`. Only fields that the JSON
 * really has are looked at, so that `constructor` is nothing special.
 */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const field of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, field)) return undefined;
    value = value[field];
  }
  return value;
}

/** The text at a path; `undefined` when what stands there is no text, or an empty one. */
export function textAt(body: unknown, path: string): string | undefined {
  const value = valueAt(body, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
