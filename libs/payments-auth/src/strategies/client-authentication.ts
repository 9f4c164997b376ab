import { isJsonObject } from '../building-blocks/json-value.js';
import { basic } from '../building-blocks/basic.js';
import { assertionOf, type Client, type ClientAssertion, withoutSecret } from './client-assertion.js';
import { ownCopy } from '../own-properties.js';
import { called, DefinitionFault, readBy } from './definition-fault.js';
import { kindOf } from './header-text.js';
import type {
  Given,
  HeaderValues,
  LoginGiven,
  RequestMeans,
  SecretWay,
  TokenRequest,
  TokenSpec,
} from './strategy.js';
import { tokenRequest } from './token-request.js';

/**
 * The ways of client authentication at a token endpoint, by their registered names.
 *
 * @see https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#token-endpoint-auth-method
 */
export type ClientAuthentication = readonly SecretWay[] | ClientAssertion | 'tls_client_auth' | 'none';

/** The client of an OAuth 2.0 token endpoint, and the points in which a provider differs from the RFC. */
export interface ClientSpec<C> {
  /** Returns the client's id and secret from the credentials. */
  client(given: Given<C>): { readonly id: string; readonly secret?: string };
  /**
   * One way of client authentication, or the ways of sending the secret that the endpoint accepts, its default first.
   *
   * @default ['client_secret_basic', 'client_secret_post']
   */
  readonly authentication?: ClientAuthentication;
  /**
   * The encoding of id and secret in `Authorization: Basic`: form-encoded (RFC 6749, section 2.3.1), or as they are
   * (RFC 7617).
   *
   * @default 'form'
   */
  readonly basicEncoding?: 'form' | 'plain';
  /** How the fields of a request are sent. @default 'form' */
  readonly encoding?: 'form' | 'json';
  /**
   * A further `token_type` that is accepted. No type, and any spelling of Bearer or BearerToken, are always accepted.
   * Any other type is a mistake in the definition.
   */
  readonly tokenType?: string;
  /** Further fields of the request. @default none */
  parameters?(given: LoginGiven<C>): HeaderValues;
  /**
   * The paths of the values in the answer.
   *
   * @default `access_token`, `expires_in`, `scope` and `refresh_token` at the top (RFC 6749, section 5.1)
   */
  readonly answer?: {
    readonly token?: string;
    readonly expiresIn?: string;
    readonly expiresAt?: string;
    readonly scope?: string;
    readonly refreshToken?: string;
  };
  /** The revocation endpoint (RFC 7009). @default none */
  readonly revoke?: { /** @default 'POST' */ readonly method?: 'POST' | 'DELETE'; readonly path: string };
}

export const SECRET_WAYS: readonly SecretWay[] = ['client_secret_basic', 'client_secret_post'];
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The parts of a request that authenticate the client. */
interface Proof {
  readonly headers: HeaderValues;
  readonly fields: HeaderValues;
}

/** The ways of sending the secret that the endpoint takes; `undefined` where the secret is not sent. */
export function secretWays({
  authentication = SECRET_WAYS,
}: ClientSpec<never>): readonly SecretWay[] | undefined {
  return isListOfWays(authentication) ? authentication : undefined;
}

/**
 * A request of the client to a token or revocation endpoint. It is a promise only where the client signs an assertion.
 *
 * @throws DefinitionFault
 */
export function clientRequest<C>(
  spec: TokenSpec<C> & ClientSpec<C>,
  path: string,
  fields: HeaderValues,
  given: LoginGiven<C>,
  means: RequestMeans,
  method: TokenRequest['method'] = 'POST',
): TokenRequest | Promise<TokenRequest> {
  const requestWith = (proof: Proof): TokenRequest => {
    const all = { ...fields, ...proof.fields };
    return tokenRequest({
      method,
      path,
      headers: withProof(
        proof.headers,
        called('token.headers', () => spec.headers?.(given), given),
      ),
      body: spec.encoding === 'json' ? { json: all } : { form: all },
    });
  };
  const proof = proofOf(spec, given, means);
  return proof instanceof Promise ? proof.then(requestWith) : requestWith(proof);
}

/** A header of the definition takes the place of a header of the same name that authenticates the client. */
function withProof(proof: HeaderValues, headers: HeaderValues | undefined): HeaderValues {
  if (!isJsonObject(headers)) return headers ?? proof;
  const named = Object.keys(headers).map((name) => name.toLowerCase());
  const kept = Object.entries(proof).filter(([name]) => !named.includes(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...headers };
}

function proofOf<C>(spec: ClientSpec<C>, given: LoginGiven<C>, means: RequestMeans): Proof | Promise<Proof> {
  const { authentication = SECRET_WAYS } = spec;
  const client = clientOf(spec, given);
  const { id } = client;
  if (authentication === 'none' || authentication === 'tls_client_auth')
    return { headers: {}, fields: { client_id: id } };
  if (!isListOfWays(authentication)) {
    const proofWith = (assertion: string): Proof => ({
      headers: {},
      fields: { client_id: id, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion },
    });
    const assertion = assertionOf<C>(authentication)(given, client, means);
    return typeof assertion === 'string' ? proofWith(assertion) : assertion.then(proofWith);
  }
  const { secret } = client;
  if (secret === undefined) throw withoutSecret(given);
  const { clientAuthentication } = means;
  const way = authentication.includes(clientAuthentication) ? clientAuthentication : authentication[0];
  if (way === 'client_secret_post') return { headers: {}, fields: { client_id: id, client_secret: secret } };
  const encoded = spec.basicEncoding === 'plain' ? (value: string) => value : formEncoded;
  return { headers: { Authorization: basic(encoded(id), encoded(secret)) }, fields: {} };
}

/** @throws DefinitionFault */
export function clientOf<C>(spec: ClientSpec<C>, given: LoginGiven<C>): Client {
  const at = 'token.client';
  const client: unknown = called(at, () => spec.client(given), given);
  if (!isJsonObject(client))
    throw new DefinitionFault(at, `returned ${kindOf(client)}; expected { id, secret }`);
  const { id, secret } = ownCopy(client);
  const wrong = (name: string, kind: string) =>
    new DefinitionFault(at, `returned ${kind} for ${name}${readBy(given)}; expected a text`);
  if (typeof id !== 'string' || id === '') throw wrong('id', id === '' ? 'an empty text' : kindOf(id));
  if (secret !== undefined && typeof secret !== 'string') throw wrong('secret', kindOf(secret));
  return ownCopy({ id, ...(secret === undefined ? {} : { secret }) });
}

function isListOfWays(authentication: ClientAuthentication): authentication is readonly SecretWay[] {
  return Array.isArray(authentication);
}

/** One value as `application/x-www-form-urlencoded`. The encoding protects a colon or an umlaut. */
function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}
