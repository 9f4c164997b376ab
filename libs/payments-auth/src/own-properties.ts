/** An empty object that cannot change. */
const NOTHING: object = Object.freeze(Object.create(null) as object);

/**
 * An empty object that inherits nothing, like an {@link ownCopy}, for places that keep a hundred thousand of them. Its
 * prototype is an empty object, because the engine keeps an object without any prototype as a hash table, which takes
 * four times the memory.
 */
export function ownObject(): object {
  return Object.create(NOTHING) as object;
}

/**
 * A copy without a prototype, so that values on a polluted `Object.prototype` cannot be read from it. A dependency
 * that merges JSON carelessly (`{"__proto__":{"proxy":…}}`) pollutes it, and then an option would be read that the
 * application did not give.
 */
export function ownCopy<T extends object>(value: T): T {
  return Object.assign(Object.create(null) as T, value);
}

/**
 * `Object.defineProperty` with a descriptor that inherits nothing: the engine would read a polluted `get` or `value`
 * from it, and throw.
 *
 * @returns `holder`
 */
export function define<T extends object>(holder: T, name: PropertyKey, descriptor: PropertyDescriptor): T {
  return Object.defineProperty(holder, name, ownCopy(descriptor));
}

/**
 * Like {@link ownCopy}, at every depth of plain objects and lists. Functions and instances of classes stay as they are.
 */
export function deepOwnCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map((each: unknown) => deepOwnCopy(each)) as T;
  if (typeof value !== 'object' || value === null || !isPlainObject(value)) return value;
  const copy = ownObject() as Record<PropertyKey, unknown>;
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    const isValue = Object.hasOwn(property, 'value');
    if (isValue) property.value = deepOwnCopy(property.value as unknown);
    // The copy inherits nothing, so that an assignment makes a field of its own. A descriptor would take longer.
    if (isValue && property.enumerable === true) copy[key] = property.value;
    else define(copy, key, property);
  }
  return Object.freeze(copy) as T;
}

/** A field of an object, or of its class, but not one that somebody has put on `Object.prototype`. */
export function fieldOf(value: unknown, name: string): unknown {
  for (
    let holder = value;
    isHolder(holder) && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  )
    if (Object.hasOwn(holder, name)) return Reflect.get(holder, name, value);
  return undefined;
}

/**
 * Whether somebody has put certificates on `Object.prototype`. Node reads the option `ca` of every TLS connection from
 * there, and would trust a server that shows one of them.
 */
export function trustsStrangers(): boolean {
  return Object.hasOwn(Object.prototype, 'ca');
}

/** The members that the language itself gives every object, without members that somebody has added. */
const LANGUAGE_ONLY = languageOnly(null, Object.prototype, [
  'hasOwnProperty',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
]);
const LISTS_ONLY = languageOnly(LANGUAGE_ONLY, Array.prototype, Reflect.ownKeys(Array.prototype));

function languageOnly(parent: object | null, from: object, names: readonly PropertyKey[]): object {
  const own = Object.create(parent) as object;
  for (const name of names)
    define(own, name, Object.getOwnPropertyDescriptor(from, name) as PropertyDescriptor);
  return Object.freeze(own);
}

/**
 * Parses JSON so that only what stands in the text can be read from the result, whatever somebody has put on
 * `Object.prototype`. Code that looks for fields that may be missing needs this, as definitions do.
 *
 * @throws SyntaxError what `JSON.parse` throws
 */
export function parsedJson(text: string): unknown {
  return disinherited(JSON.parse(text));
}

/** The same for JSON that has just been parsed, and that no other code has yet. It is changed in place. */
export function disinherited(parsed: unknown): unknown {
  const holders = isHolder(parsed) ? [parsed] : [];
  for (const holder of holders) {
    for (const value of Object.values(holder) as unknown[]) if (isHolder(value)) holders.push(value);
    Object.setPrototypeOf(holder, Array.isArray(holder) ? LISTS_ONLY : LANGUAGE_ONLY);
  }
  return parsed;
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether an object was written as `{ … }`, was parsed from JSON, or has no prototype; in any realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value));
}
