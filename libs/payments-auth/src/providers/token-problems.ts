import { ownCopy } from '../own-properties.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { isWrongAnswer } from '../strategies/definition-fault.js';
import { type Fields, hostProblems, type Problems } from './definition-checks.js';
import { placeholderProblems } from './environment-problems.js';
import { MadeUpValues } from './made-up-values.js';

const KINDS = ['login', 'client-credentials', 'refresh-token'];

/**
 * What is wrong with how a definition obtains its tokens, beyond what the factories find by themselves.
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

/** Makes the requests of a login and of its end with made-up values. They are sent nowhere. */
function requestProblems(token: Fields, definition: Fields): Problems {
  const values = new MadeUpValues(definition);
  const { environments } = definition;
  const read = new Set<PropertyKey>();
  const given = new Proxy<Fields>(
    ownCopy({
      credentials: values.all,
      environment: isJsonObject(environments) ? Object.keys(environments)[0] : undefined,
      scopes: ['invented-scope'],
      nowMs: 0,
      endpoint: 'https://invented.test/token',
      token: 'invented-token',
    }),
    { get: (target, name) => (read.add(name), Reflect.get(target, name) as unknown) },
  );
  const means = ownCopy({
    clientAuthentication: firstOf(token['authentication']),
    signer: async () => new Uint8Array(),
  });
  const wrong = ['request', 'revoke'].flatMap((name): Problems => {
    const make = token[name];
    if (typeof make !== 'function') return [];
    try {
      const request = make.call(token, given, means) as unknown;
      // Signing an assertion takes a while, and a made-up key does not sign.
      if (request instanceof Promise) request.catch(() => undefined);
    } catch (error) {
      // The error may be about the made-up values only: a function that signs may refuse a made-up key.
      if (isWrongAnswer(error)) return [`${error.path}: ${error.what}`];
    }
    return [];
  });
  const misread = [
    ...values.unknownFields('token'),
    ...values.names
      .filter((name) => name !== 'token' && read.has(name))
      .map(
        (name) =>
          `token: reads ${name} where credentials.${name} stands; its functions are given { credentials, … }`,
      ),
  ];
  return [
    // A missing value is the cause of the other problems, so only the missing value is named.
    ...(misread.length > 0 ? misread : wrong),
    ...(token['kind'] === 'login' && definition['scopes'] !== undefined && !read.has('scopes')
      ? ['scopes: the login sends none; read scopes in its body or headers, or leave this out']
      : []),
  ];
}

function firstOf(ways: unknown): unknown {
  return Array.isArray(ways) ? ways[0] : undefined;
}
