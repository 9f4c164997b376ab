import type { ClientSpec } from './client-authentication.js';
import { clientStrategy, errorCode, isRejectedClient } from './client.strategy.js';
import { called, DefinitionFault, returnedText } from './definition-fault.js';
import type { Credentials, Given, TokenAnswer, TokenSource, TokenSpec, TokenStrategy } from './strategy.js';
import { checkedTokenSpec, type SpecShape } from './token-spec-problems.js';

/** The OAuth 2.0 refresh token grant, for platforms that act for merchants. */
export type RefreshTokenSpec<C> = TokenSpec<C> &
  ClientSpec<C> & {
    /** Returns the refresh token of the credentials. Where each use replaces it, return one field unchanged. */
    refreshToken(given: Given<C>): string;
    /** Whether each use replaces the refresh token. */
    readonly rotates: boolean;
    /**
     * Whether a rejection says that the client is wrong, which concerns every merchant. Called for answers for which
     * `rejected` returns `true`.
     *
     * @default the codes `invalid_client` and `unauthorized_client`
     */
    wrongClient?(answer: TokenAnswer): boolean;
  };

/** A strategy whose secret is a refresh token. */
export interface RefreshTokenStrategy<C = Credentials> extends TokenStrategy<C> {
  readonly kind: 'refresh-token';
  readonly rotates: boolean;
  /** @throws DefinitionFault */
  refreshToken(given: Given<C>): string;
}

const SHAPE: SpecShape = {
  factory: 'refreshToken',
  also: [
    'client',
    'authentication',
    'basicEncoding',
    'encoding',
    'tokenType',
    'parameters',
    'refreshToken',
    'rotates',
    'wrongClient',
  ],
  functions: ['client', 'refreshToken'],
};

/**
 * Gets tokens with a refresh token from the account's credentials.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong field
 */
export function refreshToken<C>(asWritten: RefreshTokenSpec<C>): TokenSource<C> {
  return uncheckedRefreshToken(checkedTokenSpec(SHAPE, asWritten));
}

/** The same, for a description that is already checked and copied. */
export function uncheckedRefreshToken<C>(spec: RefreshTokenSpec<C>): RefreshTokenStrategy<C> {
  const refreshTokenOf = (given: Given<C>): string => {
    const at = 'token.refreshToken';
    const token = returnedText(
      at,
      called(at, () => spec.refreshToken(given), given),
      given,
    );
    if (spec.rotates && !isValueIn(given.credentials as object, token))
      throw new DefinitionFault(
        at,
        'returned a text that is not the value of a credential; each use replaces that value, so return one field unchanged',
      );
    return token;
  };
  return {
    ...clientStrategy(spec, {
      kind: 'refresh-token',
      fields: (given) => ({ grant_type: 'refresh_token', refresh_token: refreshTokenOf(given) }),
      rejection: {
        rejected: (answer) =>
          spec.rejected === undefined
            ? isRejectedClient(answer) || isRejectedGrant(answer)
            : spec.rejected(answer),
        rejects: (answer) =>
          called('token.wrongClient', () => spec.wrongClient?.(answer) ?? isRejectedClient(answer))
            ? undefined
            : 'GRANT_REJECTED',
      },
    }),
    kind: 'refresh-token',
    rotates: spec.rotates,
    refreshToken: refreshTokenOf,
  };
}

/** The strategy, where its secret is a refresh token. */
export function refreshTokenStrategy<C>(
  strategy: TokenStrategy<C> | undefined,
): RefreshTokenStrategy<C> | undefined {
  return strategy?.kind === 'refresh-token' ? (strategy as RefreshTokenStrategy<C>) : undefined;
}

/**
 * Whether the token is the value of a field. The library finds the field of the refresh token by its value: the field
 * is left out of the identity of the credentials, and gets the next refresh token. Reading a property descriptor does
 * not count as reading the field.
 */
function isValueIn(credentials: object, token: string): boolean {
  const described = Object.values<PropertyDescriptor>(Object.getOwnPropertyDescriptors(credentials));
  return described.some(({ value }) => value === token);
}

/** The refresh token is invalid, expired, revoked, or another client's (RFC 6749, section 5.2). */
function isRejectedGrant(answer: TokenAnswer): boolean {
  return [400, 401, 403].includes(answer.status) && errorCode(answer) === 'invalid_grant';
}
