import { ownCopy } from '../own-properties.js';
import { suggestion } from '../nearest.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { watchOf, watchOver } from '../strategies/watched-credentials.js';
import type { Fields, Problems } from './definition-checks.js';

/**
 * Invented credentials, with which the functions of a definition are tried. They record which fields a function reads
 * that the definition does not have.
 */
export class MadeUpValues {
  readonly all: Fields;
  /** Without the fields that are optional. */
  readonly required: Fields;
  readonly names: readonly string[];
  readonly #unknown = new Set<string>();

  /** @param other other invented values of some fields, with which a check compares */
  constructor(definition: Fields, other: (field: string) => string | undefined = () => undefined) {
    const { credentials } = definition;
    const fields = isJsonObject(credentials) ? Object.entries(credentials) : [];
    const valueOf = (field: readonly [string, unknown]) => madeUp(field, other(field[0]));
    this.names = fields.map(([name]) => name);
    this.all = this.#watched(Object.fromEntries(fields.map(valueOf)));
    this.required = this.#watched(
      Object.fromEntries(fields.filter((field) => !isOptional(field)).map(valueOf)),
    );
  }

  /** Fields that a function has read and that do not exist. Most likely they are misspelt. */
  unknownFields(path: string): Problems {
    return [...this.#unknown].map(
      (name) => `${path}: reads credentials.${name}, which is not a field. ${suggestion(name, this.names)}`,
    );
  }

  /**
   * The problems of {@link unknownFields}, and names that a function has read of its argument and that are not there.
   * Most likely such a name is a credential.
   *
   * @param read the names that were read
   * @param known the names that are there
   * @param isGiven the beginning of a clause about the function: `it is`, or `its functions are`
   */
  misread(path: string, read: Iterable<PropertyKey>, known: readonly string[], isGiven: string): Problems {
    const strangers = [...read].filter(
      (name): name is string =>
        typeof name === 'string' && !known.includes(name) && !(name in Object.prototype) && name !== 'then',
    );
    return [
      ...this.unknownFields(path),
      ...strangers.map((name) =>
        this.names.includes(name)
          ? `${path}: reads ${name} instead of credentials.${name}; ${isGiven} given { credentials, … }`
          : `${path}: reads ${name}, which ${isGiven} not given. ${suggestion(name, known)}`,
      ),
    ];
  }

  /** Whether a function has read any of these credentials. */
  hasRead(credentials: Fields): boolean {
    return watchOf(credentials)?.last !== undefined;
  }

  #watched(values: Record<string, string>): Fields {
    const view = new Proxy(values, {
      get: (target, name) => {
        if (typeof name !== 'string') return Reflect.get(target, name) as unknown;
        const isAsked = !(name in Object.prototype) && name !== 'toJSON' && name !== 'then';
        if (isAsked && !this.names.includes(name)) this.#unknown.add(name);
        if (isAsked) {
          watched.last = name;
          if (!watched.all.includes(name)) watched.all.push(name);
        }
        return target[name];
      },
    });
    const watched = watchOver(view);
    return view;
  }
}

/** The invented value of a field. Problems recognise the field by it. */
export function madeUpValue(field: string): string {
  return `invented-${field}`;
}

/** An invented value that has a part of its own for every way in which a function may split a value. */
export function partedValue(field: string): string {
  return `o.t|h:e-r_${field}/v,a;l=u&e x`;
}

function madeUp([field, spec]: readonly [string, unknown], other: string | undefined): [string, string] {
  const { default: usual, format } = isJsonObject(spec) ? spec : {};
  const value = other ?? usual;
  if (typeof value === 'string') return [field, value];
  // In lines, as a real one: a function may join them, so that a header can carry the result.
  const pem = `-----BEGIN INVENTED-----\n${madeUpValue(field)}\n-----END INVENTED-----\n`;
  return [field, format === 'pem' ? pem : madeUpValue(field)];
}

function isOptional([, spec]: readonly [string, unknown]): boolean {
  return isJsonObject(spec) && spec['optional'] === true && spec['default'] === undefined;
}

/** The same values. Each name that is read of them is added to `read`. */
export function noting(given: Fields, read: Set<PropertyKey>): Fields {
  return new Proxy(ownCopy(given), {
    get: (target, name) => (read.add(name), Reflect.get(target, name) as unknown),
  });
}
