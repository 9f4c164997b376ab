import { isJsonObject } from '../building-blocks/json-value.js';
import { type Fields, functionProblems, type Problems, sayError } from './definition-checks.js';
import { MadeUpValues, madeUpValue } from './made-up-values.js';

const MAKES_HEADERS = 'expected a function from { credentials, token } to header values';
/** Made by the HTTP client, or by what is sent: somebody else's value breaks the request. */
const NOT_OURS = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];
/** RFC 9110, section 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a template leaves behind when it was filled from a field that is not there: `Bearer undefined`. */
const UNFILLED = /(?:^|[\s:,=])(?:undefined|null|NaN|\[object \w+\])$/;

/**
 * What is wrong with what calls are said to carry: headers, defaults, signature, certificate.
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
    ...functionProblems('headers', headers, MAKES_HEADERS),
    ...functionProblems('defaultHeaders', defaultHeaders, MAKES_HEADERS),
    ...(mayCall
      ? [
          ...called('headers', headers, definition),
          ...called('defaultHeaders', defaultHeaders, definition),
          ...sharedNames(definition),
        ]
      : []),
  ];
}

/** Calls a function that makes headers with made-up values, as the first call of an application would. */
function called(path: string, make: unknown, definition: Fields): Problems {
  if (typeof make !== 'function') return [];
  const values = new MadeUpValues(definition);
  let readsToken = false;
  const given = (credentials: Fields) => ({
    credentials,
    environment: firstEnvironment(definition),
    get token() {
      readsToken = true;
      return 'invented-token';
    },
  });
  let made: unknown[];
  try {
    made = [values.all, values.all, values.required].map(
      (credentials) => make.call(definition, given(credentials)) as unknown,
    );
  } catch (error) {
    const unknown = values.unknownFields(path);
    if (unknown.length > 0) return unknown;
    return [
      `${path}: throws with made-up credentials, or without the optional ones (${sayError(error)}); it must make headers of any text`,
    ];
  }
  for (const each of made) {
    if (!(each instanceof Promise)) continue;
    each.catch(() => undefined);
    return [`${path}: returns a promise; it is called once per credential; make in sign what takes time`];
  }
  if (!made.every(isJsonObject)) return [`${path}: must return an object of header values`];
  const unknown = values.unknownFields(path);
  if (unknown.length > 0) return unknown;
  const [first = {}, second] = made;
  return [
    ...(readsToken && definition['token'] === undefined
      ? [`${path}: reads token, but the definition has none; add token, or use the credentials`]
      : []),
    ...(JSON.stringify(first) === JSON.stringify(second)
      ? []
      : [
          `${path}: gives other values each time; it is called once per credential; make in sign what changes`,
        ]),
    ...Object.entries(first).flatMap(([name, value]) =>
      valueProblems(`${path}.${name}`, name, value, definition),
    ),
    ...(path === 'headers' && Object.values(first).every((value) => value === undefined || value === '')
      ? [`${path}: makes no header; leave it out where sign or tls is enough`]
      : []),
  ];
}

function firstEnvironment({ environments }: Fields): string | undefined {
  return isJsonObject(environments) ? Object.keys(environments)[0] : undefined;
}

function valueProblems(path: string, name: string, value: unknown, definition: Fields): Problems {
  if (!HEADER_NAME.test(name)) return [`${path}: not the name of a header`];
  if (NOT_OURS.includes(name.toLowerCase())) return [`${path}: this header is made by the HTTP client`];
  if (value === undefined) return [];
  if (typeof value !== 'string') return [`${path}: expected a text`];
  if (UNFILLED.test(value)) return [`${path}: ends in "undefined" or the like, as if a value were missing`];
  const { credentials } = definition;
  const pem = Object.entries(isJsonObject(credentials) ? credentials : {}).find(
    ([field, spec]) => isJsonObject(spec) && spec['format'] === 'pem' && value.includes(madeUpValue(field)),
  );
  return pem === undefined
    ? []
    : [`${path}: holds the PEM "${pem[0]}", and no header can carry one; sign with it, or use tls`];
}

/** A request may override a default, and never a header of the credential. */
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
    .map((name) => `defaultHeaders.${name}: is one of headers already, which no request may override`);
}
