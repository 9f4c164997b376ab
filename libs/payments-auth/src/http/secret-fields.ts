import type { AxiosResponse } from 'axios';

/**
 * Hides the fields of an answer that repeat a secret (R14): readable by name as before, but no longer listed, printed
 * or serialised.
 *
 * axios parses a body after the adapter, and then assigns it to `data`. That assignment is caught, once, so that the
 * fields are hidden before any interceptor sees them. A body that stays text is hidden whole if it names such a field.
 */
export function hideSecretFields(response: AxiosResponse, fields: ReadonlySet<string>): void {
  const raw: unknown = response.data;
  if (typeof raw === 'string' && !mentions(raw, fields)) return;
  Object.defineProperty(response, 'data', {
    configurable: true,
    enumerable: false,
    get: () => raw,
    set: (data: unknown) => {
      if (!hideIn(data, typeof raw === 'string', fields)) hide(response, 'data', data);
      else
        Object.defineProperty(response, 'data', {
          configurable: true,
          enumerable: true,
          writable: true,
          value: data,
        });
    },
  });
}

/** Whether a text may name one of the fields; one written with escapes (`\u0061piKey`) may name any. */
function mentions(text: string, fields: ReadonlySet<string>): boolean {
  for (const field of fields) if (text.includes(field)) return true;
  return text.includes('\\u');
}

/**
 * Hides the fields wherever they are in `data`; without recursion, so that neither depth nor cycles matter, and without a
 * list of all that is in it: it takes about as long as parsing took. Returns whether what is left can be shown.
 *
 * @param fromText whether `data` was made from a text, and is no stream or buffer of axios's
 */
function hideIn(data: unknown, fromText: boolean, fields: ReadonlySet<string>): boolean {
  if (typeof data === 'string') return !mentions(data, fields);
  if (typeof data !== 'object' || data === null || !(fromText || isPlain(data))) return true;
  const found = new Set<object>([data]);
  const look = (value: unknown) => {
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) found.add(value);
  };
  for (const holder of found) {
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

type Fields = Readonly<Record<string, unknown>>;

function isPlain(data: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(data);
  return Array.isArray(data) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** As an accessor: whoever prints hidden properties too sees `[Getter/Setter]`. */
function hide(holder: object, key: string, value: unknown): boolean {
  let current = value;
  return Reflect.defineProperty(holder, key, {
    configurable: true,
    enumerable: false,
    get: () => current,
    set: (next: unknown) => {
      current = next;
    },
  });
}
