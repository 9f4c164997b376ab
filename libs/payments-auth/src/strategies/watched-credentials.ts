import { suggestion } from '../nearest.js';
import { ownCopy } from '../own-properties.js';
import type { Credentials } from './strategy.js';

/** The fields that a definition describes. */
export interface DescribedFields {
  readonly credentials: object;
}

/** A name that a field can have. */
const FIELD_NAME = /^[A-Za-z]\w*$/;
/** JavaScript and test tools read these names of any object that they await, print or compare. */
const ASKED_OF_ANYTHING = new Set(
  (
    'then catch finally toJSON inspect size length nodeType nodeName tagName hasAttribute isEqualNode outerHTML ' +
    'asymmetricMatch getMockName'
  ).split(' '),
);

/** Credentials as the functions of a definition see them, with a record of the fields that they have read. */
export interface WatchedCredentials {
  readonly view: Credentials;
  /** The field that was read last. A caller resets it to `undefined`. */
  last: string | undefined;
  /** All fields that were ever read. */
  readonly all: string[];
}

const watching = new WeakMap<Credentials, WatchedCredentials>();
const kept = new WeakMap<Credentials, WatchedCredentials>();

/**
 * A function cannot write into the view, and cannot read a field that the definition does not have. The name of such a
 * field is most likely misspelt. A request without its value would fail at the provider, and the provider's answer
 * would not name the field. The view records which fields are read, so that an error can name the value on which a
 * function failed.
 */
export function watchedCredentials(
  { credentials: fields }: DescribedFields,
  credentials: Credentials,
): WatchedCredentials {
  const all: string[] = [];
  const view = new Proxy(Object.freeze(ownCopy(credentials)), {
    get: (target, name) => {
      const value = Reflect.get(target, name) as string | undefined;
      if (typeof name !== 'string') return value;
      if (value === undefined && !Object.hasOwn(fields, name)) {
        if (name in Object.prototype || ASKED_OF_ANYTHING.has(name) || !FIELD_NAME.test(name))
          return undefined;
        throw new UnknownField(name, Object.keys(fields));
      }
      if (watched.last !== name) {
        watched.last = name;
        if (!all.includes(name)) all.push(name);
      }
      return value;
    },
  });
  const watched = watchOver(view, all);
  return watched;
}

/** Lets errors name the fields that were read of a view. The view itself records them. */
export function watchOver(view: Credentials, all: string[] = []): WatchedCredentials {
  const watched: WatchedCredentials = { view, last: undefined, all };
  watching.set(view, watched);
  return watched;
}

/** The view is the same for every call with the same credentials, because `sign` is called for each call. */
export function keptWatch(definition: DescribedFields, credentials: Credentials): WatchedCredentials {
  let watched = kept.get(credentials);
  if (watched === undefined) {
    watched = watchedCredentials(definition, credentials);
    kept.set(credentials, watched);
  }
  watched.last = undefined;
  return watched;
}

/** The record that belongs to a view; `undefined` where there is none. */
export function watchOf(view: unknown): WatchedCredentials | undefined {
  return watching.get(view as Credentials);
}

/** A function of a definition has read a field that does not exist. */
export class UnknownField extends TypeError {
  override readonly name = 'TypeError';

  constructor(field: string, known: readonly string[]) {
    super(`reads credentials.${field}, which is not a field. ${suggestion(field, known)}`);
  }
}

/**
 * The fields that a function has read, as the end of a sentence: `after it read credentials.password`. Empty where it
 * has read nothing.
 *
 * @param mayMix whether other calls may have read meanwhile, as between the steps of an asynchronous function
 */
export function afterReading(watched: WatchedCredentials | undefined, mayMix = false): string {
  if (watched?.last === undefined) return '';
  const { view, all, last } = watched;
  const read = (mayMix ? all : [last]).filter((name) => view[name] !== undefined);
  watched.last = last;
  return `${read.length === 0 ? '' : ` after it read ${named(read)}`}${notGiven(watched)}`;
}

/** Which of the fields that a function has read are not given: ` (credentials.secret is not given)`. Empty where all are. */
export function notGiven(watched: WatchedCredentials | undefined): string {
  if (watched === undefined) return '';
  const { view, all, last } = watched;
  const missing = all.filter((name) => view[name] === undefined);
  watched.last = last;
  return missing.length === 0 ? '' : ` (${named(missing)} ${missing.length === 1 ? 'is' : 'are'} not given)`;
}

function named(fields: readonly string[]): string {
  return fields.map((name) => `credentials.${name}`).join(' and ');
}
