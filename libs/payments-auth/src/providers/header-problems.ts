import { isJsonObject } from '../building-blocks/json-value.js';
import { ownCopy } from '../own-properties.js';
import {
  headerNameProblem,
  isHeaderText,
  isUnfilled,
  kindOf,
  repeatedNames,
} from '../strategies/header-text.js';
import { type Fields, functionProblems, type Problems, strangerProblems } from './definition-checks.js';
import { carriedProblems } from './carried-problems.js';
import { sayError } from '../strategies/made-up-answers.js';
import { namedValuesProblem } from '../strategies/header-values.js';
import { MadeUpValues, madeUpValue, noting, partedValue } from './made-up-values.js';

/** The key by which a provider knows a payment that it has made already. */
const OF_ONE_CALL = /idempoten|^paypal-request-id$/i;

/** The values that each of the two functions gets. */
const GIVEN = {
  headers: ['credentials', 'environment', 'token'],
  defaultHeaders: ['credentials', 'environment'],
} as const;

/**
 * The problems with the parts of a call: headers, defaults, signature, certificate.
 *
 * @param mayCall whether the fields of the credentials are sound, so that functions can be tried with made-up ones
 */
export function headerProblems(definition: Fields, { mayCall }: { mayCall: boolean }): Problems {
  const { headers, defaultHeaders, sign, tls } = definition;
  if (headers === undefined && sign === undefined && tls === undefined)
    return ['headers: expected a function from { credentials, token } to header values, or sign, or tls'];
  return [
    ...functionProblems('sign', sign, 'expected a function from an attempt to { headers, query, body }'),
    ...functionProblems('tls', tls, 'expected a function from { credentials } to { cert, key } or { pfx }'),
    ...functionProblems(
      'headers',
      headers,
      'expected a function from { credentials, token } to header values',
    ),
    ...functionProblems(
      'defaultHeaders',
      defaultHeaders,
      'expected a function from { credentials } to header values',
    ),
    ...(mayCall
      ? [...madeHeaderProblems(definition), ...sharedNames(definition), ...certificateProblems(definition)]
      : []),
  ];
}

/** The content of headers is only checked when the headers themselves are valid. */
function madeHeaderProblems(definition: Fields): Problems {
  const { headers, defaultHeaders } = definition;
  const problems = [
    ...called('headers', headers, definition),
    ...called('defaultHeaders', defaultHeaders, definition),
  ];
  return problems.length > 0 ? problems : carriedProblems(definition);
}

/** Calls a function that makes headers with made-up values, as the first call of an application would. */
function called(path: keyof typeof GIVEN, make: unknown, definition: Fields): Problems {
  if (typeof make !== 'function') return [];
  const values = new MadeUpValues(definition);
  const read = new Set<PropertyKey>();
  const given = (credentials: Fields, token = 'invented-token') =>
    noting(
      {
        credentials,
        environment: firstEnvironment(definition),
        ...(path === 'headers' && { token }),
      },
      read,
    );
  const misread = () => values.misread(path, read, GIVEN[path], 'it is');
  let made: unknown[];
  try {
    made = [values.all, values.all, values.required].map(
      (credentials) => make.call(definition, given(credentials)) as unknown,
    );
  } catch (error) {
    const unknown = misread();
    if (unknown.length > 0) return unknown;
    return [
      `${path}: throws with made-up credentials, or without the optional ones (${sayError(error)}); it must return headers for any text`,
    ];
  }
  for (const each of made) {
    if (!(each instanceof Promise)) continue;
    each.catch(() => undefined);
    return [
      `${path}: returns a promise, and must return its headers directly; make a value that takes time in sign`,
    ];
  }
  if (!made.every(isJsonObject)) return [`${path}: must return an object of header values`];
  const collection = made.map(namedValuesProblem).find((problem) => problem !== undefined);
  if (collection !== undefined) return [`${path}: returned ${collection}`];
  const unknown = misread();
  if (unknown.length > 0) return unknown;
  const [first = {}, second, withoutOptional = {}] = made;
  const parted = madeOf(() =>
    make.call(definition, given(new MadeUpValues(definition, partedValue).all, partedValue('token'))),
  );
  const unfilled = Object.keys(withoutOptional).find((name) => {
    const value: unknown = withoutOptional[name];
    return typeof value === 'string' && isUnfilled(value) && !isUnfilled(String(first[name]));
  });
  return [
    ...(read.has('token') && definition['token'] === undefined
      ? [`${path}: reads token, but the definition has none; add token, or use the credentials`]
      : []),
    ...(JSON.stringify(first) === JSON.stringify(second)
      ? []
      : [
          `${path}: returns other values each time, and is called only once per credential; make the values that change in sign`,
        ]),
    ...(unfilled === undefined
      ? []
      : [
          `${path}.${unfilled}: ends in "undefined" or the like when the optional credentials are missing; leave the header out in that case`,
        ]),
    ...repeatedHeaderProblems(path, Object.keys(first)),
    ...Object.entries(first).flatMap(([name, value]) =>
      valueProblems(`${path}.${name}`, name, [value, parted[name]], definition),
    ),
    ...(path === 'headers' &&
    [first, parted].flatMap(Object.values<unknown>).every((value) => value === undefined || value === '')
      ? [`${path}: makes no header; leave it out where sign or tls is enough`]
      : []),
  ];
}

/** The headers that are made; none where they cannot be made. */
function madeOf(make: () => unknown): Fields {
  try {
    const made = make();
    return isJsonObject(made) ? made : {};
  } catch {
    return {};
  }
}

function firstEnvironment({ environments }: Fields): string | undefined {
  return isJsonObject(environments) ? Object.keys(environments)[0] : undefined;
}

/** @param values the header's value, and the one that is made of values which have parts: a function may take one apart */
function valueProblems(
  path: string,
  name: string,
  [value, parted]: readonly [unknown, unknown],
  definition: Fields,
): Problems {
  const problem = headerNameProblem(name);
  if (problem !== undefined) return [`${path}: ${problem}`];
  if (value === undefined) return [];
  if (typeof value !== 'string') return [`${path}: expected a text`];
  if (/^(bearer|basic)\s+\1\s/i.test(value)) return [`${path}: has its scheme twice; write it once`];
  if (/^basic\s+\S*:/i.test(value))
    return [`${path}: is Basic that is not encoded; write basic(user, password)`];
  if (OF_ONE_CALL.test(name))
    return [
      `${path}: is the same for every call, and the provider would take each payment for the first one; leave it to the calls`,
    ];
  if (isUnfilled(value) && (typeof parted !== 'string' || isUnfilled(parted)))
    return [
      `${path}: ends in "undefined" or the like, as if a value were missing; check its name, or leave the header out where it is missing`,
    ];
  const { credentials } = definition;
  const fields = Object.entries(isJsonObject(credentials) ? credentials : {});
  const pem = fields.find(
    ([field, spec]) =>
      isJsonObject(spec) &&
      spec['format'] === 'pem' &&
      value.includes(madeUpValue(field)) &&
      /[\r\n]/.test(value),
  );
  if (pem !== undefined)
    return [
      `${path}: contains the PEM "${pem[0]}", and a header cannot carry a PEM; sign with it, or use tls`,
    ];
  return value === '' || isHeaderText(value)
    ? []
    : [
        `${path}: cannot be sent: it has a line break, a space at its beginning or end, or a character outside ASCII; remove it, or encode the value`,
      ];
}

/**
 * Problems with names that differ only in upper and lower case. Some receivers use the first value, others the last.
 */
export function repeatedHeaderProblems(path: string, names: readonly string[]): Problems {
  return repeatedNames(names).map(
    (name) => `${path}.${name}: is there twice, in different upper and lower case; leave one of the two out`,
  );
}

/** Calls `tls` with made-up credentials. Names the unknown fields that it reads, and the problems with its result. */
function certificateProblems({ tls, ...definition }: Fields): Problems {
  if (typeof tls !== 'function') return [];
  const values = new MadeUpValues(definition);
  const read = new Set<PropertyKey>();
  const given = noting({ credentials: values.all, environment: firstEnvironment(definition) }, read);
  const misread = () => values.misread('tls', read, ['credentials', 'environment'], 'it is');
  let made: unknown;
  try {
    made = tls.call(definition, given);
  } catch (error) {
    const unknown = misread();
    // The definition may throw for an invented key, and accept a real one.
    return unknown.length > 0 || values.hasRead(values.all)
      ? unknown
      : [`tls: throws before it reads a credential (${sayError(error)}), so it throws for all credentials`];
  }
  if (made instanceof Promise) {
    made.catch(() => undefined);
    return ['tls: returns a promise; it must return { cert, key } or { pfx } directly'];
  }
  const unknown = misread();
  if (unknown.length > 0 || made === undefined) return unknown;
  if (!isJsonObject(made)) return ['tls: must return { cert, key } or { pfx }'];
  const own = ownCopy(made);
  if (typeof own['pfx'] === 'string')
    return [
      "tls: returns a pfx that is a text; expected bytes, as in Buffer.from(credentials.bundle, 'base64')",
    ];
  const isPfx = 'pfx' in own;
  const both = isPfx && ('cert' in own || 'key' in own);
  const missing = (isPfx ? ['pfx'] : ['cert', 'key']).filter((name) => own[name] === undefined);
  return [
    ...strangerProblems('tls', own, ['cert', 'key', 'pfx', 'passphrase', 'ca'], 'a certificate'),
    ...(both ? ['tls: returns { cert, key } and { pfx } at once; expected one of the two'] : []),
    ...['cert', 'key', 'passphrase']
      .filter((name) => own[name] !== undefined && typeof own[name] !== 'string')
      .map((name) => `tls.${name}: expected a text, and it is ${kindOf(own[name])}`),
    ...textsTakenForPem(own, values.all, definition['credentials']),
    ...(missing.length > 0
      ? [`tls: returns no ${missing.join(' and no ')}; expected { cert, key } or { pfx }`]
      : []),
  ];
}

/**
 * A value that goes unchanged into the certificate must be a PEM. A text is not parsed at boot, and cannot have line
 * breaks.
 */
function textsTakenForPem(made: Fields, values: Fields, credentials: unknown): Problems {
  return Object.entries(isJsonObject(credentials) ? credentials : {}).flatMap(([field, spec]) => {
    const part = ['cert', 'key', 'ca'].find((name) => [made[name]].flat().includes(values[field]));
    return part === undefined || (isJsonObject(spec) && spec['format'] === 'pem')
      ? []
      : [`credentials.${field}: tls returns this value as the PEM ${part}; add format: 'pem'`];
  });
}

/** Problems with names in both. A request may override a default header, but not a header of the credential. */
function sharedNames(definition: Fields): Problems {
  const { all } = new MadeUpValues(definition);
  const namesOf = (make: unknown): string[] => {
    if (typeof make !== 'function') return [];
    try {
      const made = make.call(definition, { credentials: all, token: '' }) as unknown;
      return isJsonObject(made) ? Object.keys(made).map((name) => name.toLowerCase()) : [];
    } catch {
      return [];
    }
  };
  const own = namesOf(definition['headers']);
  return namesOf(definition['defaultHeaders'])
    .filter((name) => own.includes(name))
    .map(
      (name) =>
        `defaultHeaders.${name}: is in headers too, and no request may override those; leave it in only one of the two`,
    );
}
