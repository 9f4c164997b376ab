import { isJsonObject } from '../building-blocks/json-value.js';
import type { Fields, Problems } from './definition-checks.js';
import { MadeUpValues, partedValue } from './made-up-values.js';

const TOKEN = 'invented-token';
/** Another invented token. It differs from the first one in every part into which a function may split a token. */
const OTHER_TOKEN = partedValue('token');

/**
 * The problems with the headers of calls: a token that no call carries, a refresh token that calls carry, and a secret
 * that is written into the definition. They are found by making the headers with other invented values, and comparing.
 */
export function carriedProblems(definition: Fields): Problems {
  return [...tokenProblems(definition), ...refreshTokenProblems(definition), ...literalProblems(definition)];
}

/**
 * Whether calls carry the token. `sign` is not called for this: it may sign only some calls, and only with a real key.
 */
function tokenProblems(definition: Fields): Problems {
  const { token, sign, headers } = definition;
  if (!isJsonObject(token) || typeof token['request'] !== 'function' || sign !== undefined) return [];
  const remedy =
    'put it into a header, as in headers: ({ token }) => ({ Authorization: `Bearer ${token}` }), or leave token out';
  if (headers === undefined)
    return [`token: no call carries it, because there are no headers and no sign; ${remedy}`];
  const { all, required } = new MadeUpValues(definition);
  // An optional credential may stand in for the token.
  return [all, required].every(
    (values) => changed(definition, [values, TOKEN], [values, OTHER_TOKEN])?.length === 0,
  )
    ? [`token: no call carries it, because headers makes the same of any token; ${remedy}`]
    : [];
}

/**
 * The problem with a refresh token in headers. Only the token endpoint may get it: a refresh token lets anybody act for
 * the merchant, without an end.
 */
function refreshTokenProblems(definition: Fields): Problems {
  const { token } = definition;
  if (!isJsonObject(token) || typeof token['refreshToken'] !== 'function') return [];
  const { all, names } = new MadeUpValues(definition);
  let spent: unknown;
  try {
    spent = token['refreshToken']({ credentials: all }) as unknown;
  } catch {
    return [];
  }
  return names
    .filter((field) => all[field] === spent)
    .flatMap((field) => {
      const other = new MadeUpValues(definition, (name) => (name === field ? `other-${field}` : undefined));
      return (['headers', 'defaultHeaders'] as const).flatMap((path) =>
        (changed(definition, [all, TOKEN], [other.all, TOKEN], path) ?? []).map(
          (name) =>
            `${path}.${name}: carries credentials.${field}, a refresh token, which is for the token endpoint alone; ${path === 'headers' ? 'put token there' : 'leave it out here, and put token in headers'}`,
        ),
      );
    });
}

/** Texts that can only be a secret: a key like Stripe's, or a JWT. */
const SECRET = /(?:^|\s)(?:[sr]k_(?:live|test)_\w|eyJ[\w-]+\.[\w-]+\.[\w-]*$)/;

/**
 * The problem with a secret that is written into `headers`. A header that is the same for every credential may also be
 * a version or a public name, so only texts that can only be a secret are reported. With `sign`, nothing is reported,
 * because `sign` may complete a header.
 */
function literalProblems(definition: Fields): Problems {
  if (definition['sign'] !== undefined) return [];
  const { all } = new MadeUpValues(definition);
  const other = new MadeUpValues(definition, partedValue);
  const made = headersOf(definition, all, TOKEN);
  const changing = changed(definition, [all, TOKEN], [other.all, OTHER_TOKEN]);
  if (made === undefined || changing === undefined) return [];
  return Object.entries(made)
    .filter(
      ([name, value]) =>
        typeof value === 'string' &&
        value !== '' &&
        !changing.includes(name) &&
        (name.toLowerCase() === 'authorization' || SECRET.test(value)),
    )
    .map(
      ([name]) =>
        `headers.${name}: is the same for every credential, so the definition contains a secret; make it a field of credentials, with a default where everybody has the same`,
    );
}

type Values = readonly [credentials: Fields, token: string];

/** The names of the headers that change with other invented values; `undefined` where the headers cannot be made. */
function changed(
  definition: Fields,
  before: Values,
  after: Values,
  path: 'headers' | 'defaultHeaders' = 'headers',
): string[] | undefined {
  const [first, second] = [before, after].map((values) => headersOf(definition, ...values, path));
  if (first === undefined || second === undefined) return undefined;
  return Object.keys({ ...first, ...second }).filter((name) => first[name] !== second[name]);
}

function headersOf(
  definition: Fields,
  credentials: Fields,
  token: string,
  path: 'headers' | 'defaultHeaders' = 'headers',
): Fields | undefined {
  const { environments, [path]: make } = definition;
  if (typeof make !== 'function') return undefined;
  const [environment] = isJsonObject(environments) ? Object.keys(environments) : [];
  try {
    const made = make.call(definition, { credentials, environment, token }) as unknown;
    return isJsonObject(made) ? made : undefined;
  } catch {
    return undefined;
  }
}
