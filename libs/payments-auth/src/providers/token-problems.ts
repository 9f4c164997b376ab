import { ownCopy } from '../own-properties.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { DefinitionFault, isWrongAnswer } from '../strategies/definition-fault.js';
import { type Fields, hostProblems, type Problems } from './definition-checks.js';
import { placeholderProblems } from './environment-problems.js';
import { MadeUpValues, noting, partedValue } from './made-up-values.js';

const KINDS = ['login', 'client-credentials', 'refresh-token'];

/**
 * The problems with the tokens of a definition, except those that the factories find.
 *
 * @param mayCall whether the fields of the credentials are sound, so that functions can be tried with made-up ones
 */
export function tokenProblems(
  definition: Fields,
  hosts: readonly string[],
  { mayCall }: { mayCall: boolean },
): Problems {
  const { token } = definition;
  if (token === undefined) return [];
  if (
    !isJsonObject(token) ||
    !KINDS.includes(token['kind'] as string) ||
    typeof token['request'] !== 'function'
  )
    return [
      'token: expected login({ … }), clientCredentials({ … }) or refreshToken({ … }), or nothing for a static key',
    ];
  return [
    ...hostProblems('token.host', token['host'], hosts),
    ...placeholderProblems('token.path', token['path'], definition['credentials']),
    ...placeholderProblems('token.revoke.path', token['revokePath'], definition['credentials']),
    ...(token['needsCertificate'] === true && definition['tls'] === undefined
      ? ["token.authentication: 'tls_client_auth' needs tls, which makes the certificate of the credentials"]
      : []),
    ...(mayCall ? requestProblems(token, definition) : []),
  ];
}

/** Makes the requests of a login and of a revocation with invented values. The requests are not sent. */
function requestProblems(token: Fields, definition: Fields): Problems {
  const values = new MadeUpValues(definition);
  const read = new Set<PropertyKey>();
  const all = madeWith(values.all, token, definition, read);
  const parted = madeWith(new MadeUpValues(definition, partedValue).all, token, definition, new Set());
  const required = madeWith(values.required, token, definition, new Set());
  const wrong = all.flatMap(({ error }, index) =>
    // The error may be about the invented values only: a function that signs may throw for an invented key, and one that
    // splits a value may miss a part.
    isWrongAnswer(error) && parted[index]?.error !== undefined
      ? [`${error.path}: ${error.what}`]
      : throwsAlways(error)
        ? [
            `${error.path}: ${error.what}. It throws before it reads a credential, so it throws for all credentials`,
          ]
        : [],
  );
  const needsOptional = required.flatMap(({ error }, index) =>
    error instanceof DefinitionFault && isMistake(error) && all[index]?.error === undefined
      ? [`${error.path}: without the optional credentials, it ${error.what}`]
      : [],
  );
  const misread = values.misread('token', read, GIVEN, 'its functions are');
  return [
    // A missing value is the cause of the other problems, so only the missing value is named.
    ...(misread.length > 0 ? misread : wrong.length > 0 ? wrong : needsOptional),
    // A login that could not be made here may still read them.
    ...(token['kind'] === 'login' &&
    definition['scopes'] !== undefined &&
    !read.has('scopes') &&
    all.every(({ error }) => error === undefined)
      ? ['scopes: the login does not send them; use scopes in its body or headers, or leave this out']
      : []),
  ];
}

/**
 * Whether a login may send the audience of the application. The login is made with invented credentials. Where that
 * fails, the login may send it.
 */
export function mayUseAudience(definition: { readonly token?: unknown }): boolean {
  const { token } = definition;
  if (!isJsonObject(token)) return false;
  const values = new MadeUpValues(definition);
  const read = new Set<PropertyKey>();
  const audience = { audience: 'invented-audience' };
  const [login] = [values.all, values.required].map(
    (credentials) => madeWith(credentials, token, definition, read, audience)[0],
  );
  return read.has('audience') || login?.error !== undefined;
}

/**
 * A client may have a secret or a key, and each of them may be optional. A function that throws, or sends
 * `undefined`, has a mistake.
 */
function isMistake({ path, cause }: DefinitionFault): boolean {
  return cause !== undefined || /\.(?:headers|body|parameters)$/.test(path);
}

/**
 * Functions that only return values of the credentials. They compute nothing, so an error of one of them is a mistake
 * in the definition.
 */
const PICKING = ['token.client', 'token.refreshToken'];

function throwsAlways(error: unknown): error is DefinitionFault {
  return error instanceof DefinitionFault && !error.hasRead && PICKING.includes(error.path);
}

/** The names of the values that functions of a token can get. */
const GIVEN = ['credentials', 'environment', 'scopes', 'audience', 'nowMs', 'endpoint', 'token'];

/** The result of each request, made from some made-up credentials. @param read collects the names that were read */
function madeWith(
  credentials: Fields,
  token: Fields,
  definition: Fields,
  read: Set<PropertyKey>,
  more: Fields = {},
): { error?: unknown }[] {
  const { environments } = definition;
  const given = noting(
    {
      credentials,
      environment: isJsonObject(environments) ? Object.keys(environments)[0] : undefined,
      scopes: ['invented-scope'],
      nowMs: 0,
      endpoint: 'https://invented.test/token',
      token: 'invented-token',
      ...more,
    },
    read,
  );
  const means = ownCopy({
    clientAuthentication: firstOf(token['authentication']),
    signer: async () => new Uint8Array(),
  });
  return ['request', 'revoke'].map((name) => {
    const make = token[name];
    if (typeof make !== 'function') return ownCopy({});
    try {
      const request = make.call(token, given, means) as unknown;
      // An assertion is signed asynchronously, and an invented key cannot sign.
      if (request instanceof Promise) request.catch(() => undefined);
      return ownCopy({});
    } catch (error) {
      return ownCopy({ error });
    }
  });
}

function firstOf(ways: unknown): unknown {
  return Array.isArray(ways) ? ways[0] : undefined;
}
