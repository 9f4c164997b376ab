import type { ClientSpec } from './client-authentication.js';
import { clientStrategy } from './client.strategy.js';
import type { TokenSource, TokenSpec, TokenStrategy } from './strategy.js';
import { checkedTokenSpec, type SpecShape } from './token-spec-problems.js';

/** The OAuth 2.0 client credentials grant, and the points in which a provider differs from the RFC. */
export type ClientCredentialsSpec<C> = TokenSpec<C> & ClientSpec<C>;

const SHAPE: SpecShape = {
  factory: 'clientCredentials',
  also: ['client', 'authentication', 'basicEncoding', 'encoding', 'tokenType', 'parameters'],
  functions: ['client'],
};

/**
 * Gets tokens by the OAuth 2.0 client credentials grant.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong field
 */
export function clientCredentials<C>(asWritten: ClientCredentialsSpec<C>): TokenSource<C> {
  return uncheckedClientCredentials(checkedTokenSpec(SHAPE, asWritten));
}

/** The same, for a description that is already checked and copied. */
export function uncheckedClientCredentials<C>(spec: ClientCredentialsSpec<C>): TokenStrategy<C> {
  return clientStrategy(spec, {
    kind: 'client-credentials',
    fields: () => ({ grant_type: 'client_credentials' }),
  });
}
