import { ownCopy } from '../own-properties.js';
import { called } from './definition-fault.js';
import type {
  HeaderValues,
  LoginGiven,
  RequestBody,
  TokenAnswer,
  TokenSource,
  TokenSpec,
  TokenStrategy,
} from './strategy.js';
import { readTokenAnswer } from './token-answer.js';
import { tokenRequest } from './token-request.js';
import { checkedTokenSpec, type SpecShape } from './token-spec-problems.js';

/** A login in the provider's own way: the request carries a secret, and the answer holds a token. */
export type LoginSpec<C> = TokenSpec<C> & {
  /** @default 'POST' */
  readonly method?: 'GET' | 'POST';
  /** @default an empty body */
  body?(given: LoginGiven<C>): RequestBody;
  /** The paths of the token and its expiry in the answer. */
  readonly answer: {
    /** A path of field names (`data.token`), or a function for tokens outside of the JSON. */
    readonly token: string | ((answer: TokenAnswer) => string | undefined);
    /** The seconds until the token ends, as a number or a numeric string. */
    readonly expiresIn?: string;
    /** The time at which it ends: an ISO date, or an epoch in seconds or milliseconds. */
    readonly expiresAt?: string;
  };
  /** Whether the answer says that the secret is wrong: at any status, 2xx included. */
  rejected(answer: TokenAnswer): boolean;
  /** Whether a 2xx with a token is a success. @default every 2xx with a token is a success */
  issued?(answer: TokenAnswer): boolean;
  /** The request that revokes a token. @default none */
  readonly revoke?: {
    /** @default 'POST' */
    readonly method?: 'GET' | 'POST';
    readonly path: string;
    /** @default none */
    headers?(given: LoginGiven<C> & { readonly token: string }): HeaderValues;
    /** @default an empty body */
    body?(given: LoginGiven<C> & { readonly token: string }): RequestBody;
  };
};

const SHAPE: SpecShape = {
  factory: 'login',
  also: ['method', 'body', 'issued'],
  functions: ['rejected'],
};

/**
 * Gets tokens by a login in the provider's own way.
 *
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong field
 */
export function login<C>(asWritten: LoginSpec<C>): TokenSource<C> {
  return uncheckedLogin(checkedTokenSpec(SHAPE, asWritten));
}

/** The same, for a description that is already checked and copied. */
export function uncheckedLogin<C>(spec: LoginSpec<C>): TokenStrategy<C> {
  const { host, method, path, revoke } = spec;
  const answer = ownCopy({
    fields: spec.answer,
    documentedLifetimeMs: spec.documentedLifetimeMs,
    usableAfterMs: spec.usableAfterMs ?? 0,
    rejected: (received: TokenAnswer) => spec.rejected(received),
    issued: (received: TokenAnswer) => (spec.issued === undefined ? true : spec.issued(received)),
    reason: (received: TokenAnswer) => spec.reason?.(received),
  });
  return {
    kind: 'login',
    ...(host === undefined ? {} : { host }),
    path,
    documentedLifetimeMs: spec.documentedLifetimeMs,
    usableAfterMs: spec.usableAfterMs ?? 0,
    endsEarlierToken: spec.endsEarlierToken ?? false,
    limits: spec.limits ?? [],
    loginsEatQuota: spec.loginsEatQuota ?? false,
    request: (given) =>
      tokenRequest({
        method,
        path,
        headers: called('token.headers', () => spec.headers?.(given), given),
        body: called('token.body', () => spec.body?.(given), given),
      }),
    read: (received, requestedAtMs) => readTokenAnswer(answer, received, requestedAtMs),
    ...(revoke === undefined
      ? {}
      : {
          revokePath: revoke.path,
          revoke: (given) =>
            tokenRequest(
              {
                method: revoke.method,
                path: revoke.path,
                headers: called('token.revoke.headers', () => revoke.headers?.(given), given),
                body: called('token.revoke.body', () => revoke.body?.(given), given),
              },
              'token.revoke',
            ),
        }),
  };
}
