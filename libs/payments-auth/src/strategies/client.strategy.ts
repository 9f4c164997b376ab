import { ownCopy } from '../own-properties.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { needsSigner, assertionKeyOf } from './client-assertion.js';
import { clientOf, clientRequest, type ClientSpec, secretWays } from './client-authentication.js';
import { called, DefinitionFault } from './definition-fault.js';
import { namedValues } from './header-values.js';
import type { HeaderValues, LoginGiven, TokenAnswer, TokenSpec, TokenStrategy } from './strategy.js';
import { texts } from './token-request.js';
import { readTokenAnswer, type TokenAnswerSpec } from './token-answer.js';

/** A grant by which an OAuth 2.0 client asks for a token. */
export interface Grant<C> {
  readonly kind: 'client-credentials' | 'refresh-token';
  /** The fields of the request that name the grant. */
  fields(given: LoginGiven<C>): HeaderValues;
  /**
   * Recognises a rejected login, where it can be about more than the client. @default by the codes for a wrong client
   */
  readonly rejection?: Pick<TokenAnswerSpec, 'rejected' | 'rejects'>;
}

/** The codes of a wrong client (RFC 6749, section 5.2). */
const WRONG_CLIENT = ['invalid_client', 'unauthorized_client'];

/** The strategy of an OAuth 2.0 client with one grant. The definition may differ from the RFC. */
export function clientStrategy<C>(spec: TokenSpec<C> & ClientSpec<C>, grant: Grant<C>): TokenStrategy<C> {
  const { authentication, host, path, revoke } = spec;
  const ways = secretWays(spec);
  const answer = answerSpec(spec, grant);
  return {
    kind: grant.kind,
    ...(host === undefined ? {} : { host }),
    path,
    documentedLifetimeMs: spec.documentedLifetimeMs,
    usableAfterMs: spec.usableAfterMs ?? 0,
    endsEarlierToken: spec.endsEarlierToken ?? false,
    limits: spec.limits ?? [],
    loginsEatQuota: spec.loginsEatQuota ?? false,
    ...(ways === undefined ? {} : { authentication: ways }),
    needsSigner: needsSigner(authentication),
    ...assertionKeyOf<C>(authentication),
    needsCertificate: authentication === 'tls_client_auth',
    request: (given, means) => {
      const granted = grant.fields(given);
      const parameters = parametersOf(spec, given);
      const fields = {
        ...granted,
        scope: given.scopes.length === 0 ? undefined : given.scopes.join(' '),
        // The audience is read only where it is sent. So the check of a definition sees whether the application's
        // audience is used.
        ...(Object.hasOwn(parameters, 'audience') ? {} : { audience: given.audience }),
        ...parameters,
      };
      return clientRequest(spec, path, fields, given, means);
    },
    read: (received, requestedAtMs) => readTokenAnswer(answer, received, requestedAtMs),
    ...(revoke === undefined
      ? {}
      : {
          revokePath: revoke.path,
          revoke: (given, means) => {
            const fields = { token: given.token, token_type_hint: 'access_token' };
            return clientRequest(spec, revoke.path, fields, given, means, revoke.method);
          },
        }),
  };
}

/**
 * Fields that other parts of a definition make. Each text says which part makes the field, and what to write instead of
 * a parameter.
 */
const RESERVED: Readonly<Record<string, string>> = {
  grant_type: 'the factory sets it; for another grant, write login({ … }) with a form',
  client_id: 'client returns it; leave it out here',
  client_secret:
    "client returns it, and authentication says how it is sent, as in ['client_secret_post']; leave it out here",
  client_assertion: 'authentication makes it, as in privateKeyJwt({ … }); leave it out here',
  client_assertion_type: 'authentication makes it, as in privateKeyJwt({ … }); leave it out here',
  scope:
    'it is made of the scopes that are asked for; list them in scopes of the definition, and leave it out here',
  refresh_token: 'refreshToken({ … }) sends what its function refreshToken returns; leave it out here',
};

/**
 * Whether a parameter replaces a field that another part makes. The client's own id is allowed beside Basic, and the
 * scopes may be written in another way.
 *
 * @param readsScopes whether the function for the parameters reads the scopes of the login
 */
function isReserved<C>(
  name: string,
  value: unknown,
  spec: ClientSpec<C>,
  given: LoginGiven<C>,
  readsScopes: boolean,
): boolean {
  if (!Object.hasOwn(RESERVED, name)) return false;
  if (name === 'client_id') return value !== clientOf(spec, given).id;
  return name !== 'scope' || !readsScopes;
}

/** @throws DefinitionFault */
function parametersOf<C>(spec: ClientSpec<C>, given: LoginGiven<C>): HeaderValues {
  const at = 'token.parameters';
  let readsScopes = false;
  const noticing = new Proxy(given, {
    get: (target, name) => {
      readsScopes ||= name === 'scopes';
      return Reflect.get(target, name) as unknown;
    },
  });
  const made: unknown = called(at, () => spec.parameters?.(noticing), given);
  if (made === undefined) return {};
  const parameters = namedValues(made, at);
  const reserved = Object.keys(parameters).find((name) =>
    isReserved(name, parameters[name], spec, given, readsScopes),
  );
  if (reserved !== undefined)
    throw new DefinitionFault(at, `returned "${reserved}", and must not: ${RESERVED[reserved]}`);
  // A parameter that is `undefined` removes a field.
  return { ...parameters, ...texts(parameters, at) } as HeaderValues;
}

function answerSpec<C>(spec: TokenSpec<C> & ClientSpec<C>, grant: Grant<C>): TokenAnswerSpec {
  const { kind, rejection } = ownCopy(grant);
  const { refreshToken = 'refresh_token', ...named } = ownCopy(spec.answer ?? {});
  const fields = ownCopy({
    token: 'access_token',
    scope: 'scope',
    // Where the definition names the field of an instant, `expires_in` is not assumed.
    ...(ownCopy(named).expiresAt === undefined ? { expiresIn: 'expires_in' } : {}),
    ...named,
    // Other grants may answer with a refresh token too. It is not used.
    ...(kind === 'refresh-token' ? { refreshToken } : {}),
  });
  return ownCopy({
    fields,
    documentedLifetimeMs: spec.documentedLifetimeMs,
    usableAfterMs: spec.usableAfterMs ?? 0,
    rejected: (answer) => (spec.rejected === undefined ? isRejectedClient(answer) : spec.rejected(answer)),
    ...rejection,
    fault: (answer) => wrongType(answer, spec.tokenType),
    reason: (answer) => (spec.reason === undefined ? errorCode(answer) : spec.reason(answer)),
  });
}

/** The code of an OAuth 2.0 error answer (RFC 6749, section 5.2). */
export function errorCode({ body }: TokenAnswer): string | undefined {
  return textAt(body, 'error');
}

/** Whether the answer says that the client is wrong, and not only its request. */
export function isRejectedClient(answer: TokenAnswer): boolean {
  return [400, 401, 403].includes(answer.status) && WRONG_CLIENT.includes(errorCode(answer) ?? '');
}

/**
 * The problem with a token's type. A token of an unknown type must not be used (RFC 6749, section 7.1). Many providers
 * leave the type out.
 */
function wrongType({ body }: TokenAnswer, tokenType: string | undefined): string | undefined {
  const type = valueAt(body, 'token_type');
  if (type === undefined || type === null) return undefined;
  if (typeof type === 'string') {
    const given = type.toLowerCase();
    if (['bearer', 'bearertoken', tokenType?.toLowerCase()].includes(given)) return undefined;
  }
  return `token.tokenType: the answer holds a token of the type ${JSON.stringify(type)}, and the definition allows for Bearer${tokenType === undefined ? '' : ` and ${tokenType}`}`;
}
