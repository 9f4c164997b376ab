import { type ClientIdentity, basicAuthorization } from './client-authentication.js';
import { textAt, valueAt } from './json-value.js';
import type {
  ClientAuthentication,
  TokenAnswer,
  TokenRequest,
  TokenRequestContext,
  TokenRequestLimit,
  TokenStrategy,
} from './strategy.js';
import { type TokenAnswerFields, readTokenAnswer } from './token-answer.js';
import { type Fields, tokenRequest } from './token-request.js';

/** The OAuth 2.0 client credentials grant, and where a provider departs from it. */
export interface ClientCredentialsSpec<C> {
  /** The named host of the token endpoint. @default the provider's first host */
  readonly host?: string;
  /** The token endpoint, appended to the base URL as it is. */
  readonly path: string;
  /** Which of the credentials are the client's id and secret. */
  readonly client: (credentials: C) => ClientIdentity;
  /** The ways of client authentication that the endpoint takes, its default first. @default ['basic', 'body'] */
  readonly clientAuthentication?: readonly ClientAuthentication[];
  /** Further headers of token requests. */
  readonly headers?: (credentials: C) => Fields;
  /** Further form fields (`audience`). */
  readonly parameters?: (credentials: C) => Fields;
  /** @default `access_token`, `expires_in` and `scope` at the top (RFC 6749, section 5.1) */
  readonly answer?: TokenAnswerFields;
  /** The lifetime that the provider documents, in milliseconds. */
  readonly documentedLifetimeMs: number;
  /** Whether the answer says that the secret is wrong. @default 400, 401 or 403 with `invalid_client` or `unauthorized_client` */
  readonly rejected?: (answer: TokenAnswer) => boolean;
  /** The provider's own word for what went wrong. @default `error` (RFC 6749, section 5.2) */
  readonly reason?: (answer: TokenAnswer) => string | undefined;
  /** The revocation endpoint (RFC 7009). @default none */
  readonly revoke?: { readonly path: string };
  /** @default none known */
  readonly limits?: readonly TokenRequestLimit[];
  /** Logins count against the quota that payments need. @default false */
  readonly loginsEatQuota?: boolean;
}

const WRONG_CLIENT = ['invalid_client', 'unauthorized_client'];

/**
 * A token is had by the OAuth 2.0 client credentials grant.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function clientCredentials<C extends object>(spec: ClientCredentialsSpec<C>): TokenStrategy<C> {
  const ways = spec.clientAuthentication ?? ['basic', 'body'];
  const answer = {
    fields: spec.answer ?? { token: 'access_token', expiresIn: 'expires_in', scope: 'scope' },
    documentedLifetimeMs: spec.documentedLifetimeMs,
    rejected: spec.rejected ?? isRejectedClient,
    issued: isBearer,
    reason: spec.reason ?? errorCode,
  };

  /** An authenticated form (RFC 6749, section 2.3.1). */
  const form = (credentials: C, path: string, fields: Fields, context: TokenRequestContext): TokenRequest => {
    const client = spec.client(credentials);
    const way = ways.includes(context.clientAuthentication) ? context.clientAuthentication : ways[0];
    return tokenRequest({
      path,
      headers: {
        ...(way === 'basic' ? { Authorization: basicAuthorization(client) } : {}),
        ...spec.headers?.(credentials),
      },
      body: {
        form: {
          ...fields,
          ...(way === 'body' ? { client_id: client.id, client_secret: client.secret } : {}),
        },
      },
    });
  };

  const { host, revoke } = spec;
  return {
    kind: 'client-credentials',
    ...(host === undefined ? {} : { host }),
    documentedLifetimeMs: spec.documentedLifetimeMs,
    limits: spec.limits ?? [],
    loginsEatQuota: spec.loginsEatQuota ?? false,
    clientAuthentication: ways,
    request: (credentials, context) =>
      form(
        credentials,
        spec.path,
        {
          grant_type: 'client_credentials',
          scope: context.scopes.length === 0 ? undefined : context.scopes.join(' '),
          ...spec.parameters?.(credentials),
        },
        context,
      ),
    read: (received, requestedAtMs) => readTokenAnswer(answer, received, requestedAtMs),
    ...(revoke === undefined
      ? {}
      : {
          revoke: (credentials: C, token: string, context: TokenRequestContext) =>
            form(credentials, revoke.path, { token, token_type_hint: 'access_token' }, context),
        }),
  };
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
