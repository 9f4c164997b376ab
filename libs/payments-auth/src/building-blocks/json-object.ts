/** A parsed JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A copy without some of the top-level fields. `__proto__` stays the ordinary key that it is in JSON. */
export function withoutFields(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
}
