import type { AxiosResponse } from 'axios';
import { applicationAxios } from '../application-axios.js';
import { define, ownCopy } from '../own-properties.js';

/**
 * The most objects that are put into a `Set`. An answer with more objects that another transform than axios's has
 * made is hidden as a whole.
 */
const MOST_OBJECTS = 2 ** 23;

/**
 * Hides the fields of an answer that repeat a secret (R14): readable by name as before, but no longer listed, printed
 * or serialised.
 *
 * axios parses a body after the adapter, and then assigns it to `data`. That assignment is caught, once, so that the
 * fields are hidden before any interceptor sees them. A body that stays text is hidden whole if it names such a field.
 *
 * @param most how many objects of an answer are looked through, where another transform than axios's has made it
 */
export function hideSecretFields(
  response: AxiosResponse,
  fields: ReadonlySet<string>,
  most = MOST_OBJECTS,
): void {
  const raw: unknown = response.data;
  if (typeof raw === 'string' && !mentions(raw, fields)) return;
  define(response, 'data', {
    configurable: true,
    enumerable: false,
    get: () => raw,
    set: (data: unknown) => {
      const shown =
        typeof raw === 'string' && isParsedByAxios(response, data)
          ? withoutSecrets(data, fields, raw.length)
          : { data, isClean: hideIn(data, typeof raw === 'string', fields, most) };
      if (!shown.isClean) hide(response, 'data', data);
      else define(response, 'data', shownField(shown.data));
    },
  });
}

/** Whether a text may name one of the fields. A text with escapes (`\u0061piKey`) may name any of them. */
export function mentions(text: string, fields: ReadonlySet<string>): boolean {
  for (const field of fields) if (text.includes(field)) return true;
  return text.includes('\\u');
}

const TRANSFORMS: readonly unknown[] = [applicationAxios.defaults.transformResponse].flat();

/** Whether an object is what `JSON.parse` made of the text: a tree that no other code holds. */
function isParsedByAxios({ config }: AxiosResponse, data: unknown): data is object {
  const { transformResponse, parseReviver } = (config ?? {}) as {
    transformResponse?: unknown;
    parseReviver?: unknown;
  };
  const transforms = [transformResponse].flat();
  return (
    typeof data === 'object' &&
    data !== null &&
    parseReviver === undefined &&
    transforms.length === 1 &&
    TRANSFORMS.includes(transforms[0])
  );
}

/**
 * Returns the tree with a copy in place of each object that has such a field. To hide a property of an existing object
 * takes many times as long as to make a new object.
 *
 * @param most the most objects that a text of this length can have; a value with more is no tree
 */
function withoutSecrets(
  tree: object,
  fields: ReadonlySet<string>,
  most: number,
): { readonly data: unknown; readonly isClean: boolean } {
  const names = [...fields];
  const left: object[] = [];
  let seen = 0;
  const cleaned = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const clean =
      !Array.isArray(value) && names.some((name) => Object.hasOwn(value, name))
        ? copyOf(value, fields)
        : value;
    left.push(clean);
    return clean;
  };
  const data = cleaned(tree);
  for (let holder = left.pop(); holder !== undefined; holder = left.pop()) {
    seen += 1;
    if (seen > most) return { data, isClean: false };
    if (Array.isArray(holder)) {
      for (let at = 0; at < holder.length; at += 1) {
        const value: unknown = holder[at];
        if (typeof value === 'object') holder[at] = cleaned(value);
      }
    } else {
      for (const key in holder) {
        const value = (holder as Fields)[key];
        if (typeof value !== 'object' || value === null || !Object.hasOwn(holder, key)) continue;
        const clean = cleaned(value);
        if (clean !== value) (holder as Record<string, unknown>)[key] = clean;
      }
    }
  }
  return { data, isClean: true };
}

function copyOf(holder: object, fields: ReadonlySet<string>): object {
  const copy: Record<string, unknown> = {};
  for (const key in holder) {
    if (!Object.hasOwn(holder, key)) continue;
    const value = (holder as Fields)[key];
    if (fields.has(key)) hide(copy, key, value);
    else if (key === '__proto__') define(copy, key, shownField(value));
    else copy[key] = value;
  }
  return copy;
}

/**
 * Hides the fields wherever they are in `data`. There is no recursion, so neither depth nor cycles matter. No list of
 * all values is made. Returns whether the rest can be shown.
 *
 * @param fromText whether `data` was made from a text, and is no stream or buffer of axios's
 */
function hideIn(data: unknown, fromText: boolean, fields: ReadonlySet<string>, most: number): boolean {
  if (typeof data === 'string') return !mentions(data, fields);
  if (typeof data !== 'object' || data === null || !(fromText || isPlain(data))) return true;
  const found = new Set<object>([data]);
  const look = (value: unknown) => {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) found.add(value);
  };
  for (const holder of found) {
    if (found.size > most) return false;
    for (const field of fields)
      if (Object.hasOwn(holder, field) && !hide(holder, field, (holder as Fields)[field])) return false;
    if (Array.isArray(holder)) for (const value of holder) look(value);
    else
      for (const key in holder)
        if (typeof (holder as Fields)[key] === 'object' && Object.hasOwn(holder, key))
          look((holder as Fields)[key]);
  }
  return true;
}

function shownField(value: unknown): PropertyDescriptor {
  return { configurable: true, enumerable: true, writable: true, value };
}

type Fields = Readonly<Record<string, unknown>>;

function isPlain(data: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(data);
  return Array.isArray(data) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Makes the field an accessor. A log that prints hidden properties too shows `[Getter/Setter]` for it. */
function hide(holder: object, key: string, value: unknown): boolean {
  const field = hiddenField(key);
  if (!Reflect.defineProperty(holder, key, field.descriptor)) return false;
  field.keep(holder, value);
  return true;
}

interface HiddenField {
  readonly descriptor: PropertyDescriptor;
  keep(holder: object, value: unknown): void;
}

const hiddenFields = new Map<string, HiddenField>();

/**
 * One accessor for all objects that have this field. With an accessor for each object, each object would have a shape
 * of its own, and hiding the fields of a long answer would take many times as long as parsing it.
 */
function hiddenField(key: string): HiddenField {
  let field = hiddenFields.get(key);
  if (field === undefined) hiddenFields.set(key, (field = newHiddenField()));
  return field;
}

/** The constructor returns the object that it was given. So a subclass can put private members into any object. */
const Given = function (this: object, holder: object) {
  return holder;
} as unknown as new (holder: object) => object;

function newHiddenField(): HiddenField {
  class Kept extends Given {
    #value: unknown;

    constructor(holder: object, value: unknown) {
      super(holder);
      this.#value = value;
    }

    static in(holder: object): holder is Kept {
      return #value in holder;
    }

    static get(holder: object): unknown {
      return Kept.in(holder) ? holder.#value : undefined;
    }

    static set(holder: object, value: unknown): void {
      if (Kept.in(holder)) holder.#value = value;
    }
  }
  return {
    descriptor: ownCopy<PropertyDescriptor>({
      configurable: true,
      enumerable: false,
      get(this: object) {
        return Kept.get(this);
      },
      set(this: object, value: unknown) {
        Kept.set(this, value);
      },
    }),
    keep(holder, value) {
      if (Kept.in(holder)) Kept.set(holder, value);
      else void new Kept(holder, value);
    },
  };
}
