import { basicAuthorization } from './client-authentication.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import type {
  Given,
  HeaderValues,
  LoginGiven,
  RequestMeans,
  SecretWay,
  TokenAnswer,
  TokenRequest,
  TokenSource,
  TokenSpec,
  TokenStrategy,
} from './strategy.js';
import { readTokenAnswer } from './token-answer.js';
import { tokenRequest } from './token-request.js';

/** The client of an OAuth 2.0 token endpoint, and where a provider departs from the RFC. */
export interface ClientSpec<C> {
  /** Which of the credentials are the client's id and secret. */
  client(given: Given<C>): { readonly id: string; readonly secret?: string };
  /**
   * The ways of client authentication that the endpoint takes, its default first.
   *
   * @default ['client_secret_basic', 'client_secret_post']
   */
  readonly authentication?: readonly SecretWay[];
  /** Further form fields (`audience`). @default none */
  parameters?(given: LoginGiven<C>): HeaderValues;
  /** @default `access_token`, `expires_in` and `scope` at the top (RFC 6749, section 5.1) */
  readonly answer?: {
    readonly token?: string;
    readonly expiresIn?: string;
    readonly expiresAt?: string;
    readonly scope?: string;
    readonly refreshToken?: string;
  };
  /** The revocation endpoint (RFC 7009). @default none */
  readonly revoke?: { readonly path: string };
}

/** The OAuth 2.0 client credentials grant, and where a provider departs from it. */
export type ClientCredentialsSpec<C> = TokenSpec<C> & ClientSpec<C>;

const WRONG_CLIENT = ['invalid_client', 'unauthorized_client'];

/**
 * A token is obtained by the OAuth 2.0 client credentials grant.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function clientCredentials<C>(spec: ClientCredentialsSpec<C>): TokenSource<C> {
  const ways = spec.authentication ?? ['client_secret_basic', 'client_secret_post'];
  const answer = {
    fields: {
      token: 'access_token',
      scope: 'scope',
      // Where the instant is named, `expires_in` would be a guess.
      ...(spec.answer?.expiresAt === undefined ? { expiresIn: 'expires_in' } : {}),
      ...spec.answer,
    },
    documentedLifetimeMs: spec.documentedLifetimeMs,
    rejected: (received: TokenAnswer) =>
      spec.rejected === undefined ? isRejectedClient(received) : spec.rejected(received),
    issued: isBearer,
    reason: (received: TokenAnswer) =>
      spec.reason === undefined ? errorCode(received) : spec.reason(received),
  };

  /** An authenticated form (RFC 6749, section 2.3.1). */
  const form = (
    path: string,
    fields: HeaderValues,
    given: LoginGiven<C>,
    { clientAuthentication }: RequestMeans,
  ): TokenRequest => {
    const { id, secret = '' } = spec.client(given);
    const way = ways.includes(clientAuthentication) ? clientAuthentication : ways[0];
    return tokenRequest({
      path,
      headers: {
        ...(way === 'client_secret_basic' ? { Authorization: basicAuthorization({ id, secret }) } : {}),
        ...spec.headers?.(given),
      },
      body: {
        form: {
          ...fields,
          ...(way === 'client_secret_post' ? { client_id: id, client_secret: secret } : {}),
        },
      },
    });
  };

  const { host, path, revoke } = spec;
  const strategy: TokenStrategy<C> = {
    kind: 'client-credentials',
    ...(host === undefined ? {} : { host }),
    path,
    documentedLifetimeMs: spec.documentedLifetimeMs,
    usableAfterMs: spec.usableAfterMs ?? 0,
    endsEarlierToken: spec.endsEarlierToken ?? false,
    limits: spec.limits ?? [],
    loginsEatQuota: spec.loginsEatQuota ?? false,
    authentication: ways,
    request: (given, means) =>
      form(
        path,
        {
          grant_type: 'client_credentials',
          scope: given.scopes.length === 0 ? undefined : given.scopes.join(' '),
          ...spec.parameters?.(given),
        },
        given,
        means,
      ),
    read: (received, requestedAtMs) => readTokenAnswer(answer, received, requestedAtMs),
    ...(revoke === undefined
      ? {}
      : {
          revoke: (given, means) =>
            form(revoke.path, { token: given.token, token_type_hint: 'access_token' }, given, means),
        }),
  };
  return strategy;
}

/** The code of an OAuth 2.0 error answer (RFC 6749, section 5.2). */
function errorCode({ body }: TokenAnswer): string | undefined {
  return textAt(body, 'error');
}

function isRejectedClient(answer: TokenAnswer): boolean {
  return [400, 401, 403].includes(answer.status) && WRONG_CLIENT.includes(errorCode(answer) ?? '');
}

/** A token of a type that is not understood must not be used (RFC 6749, section 7.1); many leave the type out. */
function isBearer({ body }: TokenAnswer): boolean {
  const type = valueAt(body, 'token_type');
  return type === undefined || type === null || (typeof type === 'string' && type.toLowerCase() === 'bearer');
}
