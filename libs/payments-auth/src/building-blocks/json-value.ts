/** Whether a parsed JSON value is an object, and neither `null` nor an array. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value at a path of field names and list positions separated by dots (`data.token`, `errors.0.code`), or
 * `undefined`. Only the fields of the JSON itself are read, so that `constructor` and `length` have no special
 * meaning.
 */
export function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    if (Array.isArray(found) && step === 'length') return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}

/** The text at such a path; `undefined` when the value there is no text, or an empty one. */
export function textAt(value: unknown, path: string): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
