import type { TokenAnswer, TokenRequestLimit, TokenStrategy } from './strategy.js';
import { type TokenAnswerFields, readTokenAnswer } from './token-answer.js';
import { type Fields, type RequestBody, tokenRequest } from './token-request.js';

/** A login of the provider's own making: a secret goes in one way or another, and a token comes out. */
export interface TokenLoginSpec<C> {
  /** The named host of the token endpoint. @default the provider's first host */
  readonly host?: string;
  /** @default 'POST' */
  readonly method?: 'GET' | 'POST';
  /** Appended to the base URL as it is. */
  readonly path: string;
  /** Headers of the login, besides those of JSON. @default none */
  readonly headers?: (credentials: C) => Fields;
  /** `{ json }` or `{ form }`. @default an empty body */
  readonly body?: (credentials: C) => RequestBody;
  /** Where the token and its expiry stand in the answer. */
  readonly answer: Omit<TokenAnswerFields, 'scope'>;
  /** The lifetime that the provider documents, in milliseconds. */
  readonly documentedLifetimeMs: number;
  /** Whether the answer says that the secret is wrong: at any status, 2xx included. */
  readonly rejected: (answer: TokenAnswer) => boolean;
  /** What a 2xx with a token must show besides, before the token is taken. @default nothing */
  readonly issued?: (answer: TokenAnswer) => boolean;
  /** The provider's own word for what went wrong. Never a whole body. */
  readonly reason?: (answer: TokenAnswer) => string | undefined;
  /** How a token is given back. @default it cannot be */
  readonly revoke?: {
    /** @default 'POST' */
    readonly method?: 'GET' | 'POST';
    readonly path: string;
    /** @default none */
    readonly headers?: (credentials: C, token: string) => Fields;
    /** @default an empty body */
    readonly body?: (credentials: C, token: string) => RequestBody;
  };
  /** @default none known */
  readonly limits?: readonly TokenRequestLimit[];
  /** Logins count against the quota that payments need. @default false */
  readonly loginsEatQuota?: boolean;
}

/** A token is had by logging in, in the provider's own way. */
export function tokenLogin<C extends object>(spec: TokenLoginSpec<C>): TokenStrategy<C> {
  const { host, method, path, revoke } = spec;
  const answer = { ...spec, fields: spec.answer };
  return {
    kind: 'token-login',
    ...(host === undefined ? {} : { host }),
    documentedLifetimeMs: spec.documentedLifetimeMs,
    limits: spec.limits ?? [],
    loginsEatQuota: spec.loginsEatQuota ?? false,
    request: (credentials) =>
      tokenRequest({ method, path, headers: spec.headers?.(credentials), body: spec.body?.(credentials) }),
    read: (received, requestedAtMs) => readTokenAnswer(answer, received, requestedAtMs),
    ...(revoke === undefined
      ? {}
      : {
          revoke: (credentials: C, token: string) =>
            tokenRequest({
              method: revoke.method,
              path: revoke.path,
              headers: revoke.headers?.(credentials, token),
              body: revoke.body?.(credentials, token),
            }),
        }),
  };
}
