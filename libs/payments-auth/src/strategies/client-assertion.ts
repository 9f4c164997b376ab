import { randomUUID } from 'node:crypto';
import { type JwsAlgorithm, type KeyPairAlgorithm, signedJws, UnsignedJws } from '../building-blocks/jws.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { fieldOf, ownCopy } from '../own-properties.js';
import { kindOf } from './header-text.js';
import { called, DefinitionFault, readBy, returnedText } from './definition-fault.js';
import { signedBy, SignerFault } from './signer-fault.js';
import type { AssertionKey, Given, LoginGiven, RequestMeans, TokenStrategy } from './strategy.js';
import { type AssertionShape, checkAssertionSpec } from './client-assertion-problems.js';

/** Client authentication with a JWT: made with `privateKeyJwt({ … })` or `clientSecretJwt()`. */
export interface ClientAssertion {
  readonly way: 'private_key_jwt' | 'client_secret_jwt';
}

/** The client's own key pair signs (RFC 7523). */
export interface PrivateKeyJwtSpec<C> {
  readonly algorithm: KeyPairAlgorithm;
  /** The private key from the credentials, as a PEM or JWK. @default the provider option `signer` signs */
  key?(given: Given<C>): string;
  /** The `kid` of the header. @default none */
  readonly keyId?: (given: Given<C>) => string;
  /** The `aud` of the assertion. @default the URL of the token endpoint */
  readonly audience?: string;
  /** The `iss` of the assertion. @default the client's id */
  readonly issuer?: (given: Given<C>) => string;
  /** How long an assertion is valid, in milliseconds. @default 60_000 */
  readonly lifetimeMs?: number;
  /** Further claims. @default none */
  claims?(given: LoginGiven<C>): Readonly<Record<string, unknown>>;
}

/** The client's secret signs (OpenID Connect Core 1.0, section 9). */
export interface ClientSecretJwtSpec {
  /** @default 'HS256' */
  readonly algorithm?: 'HS256' | 'HS512';
  /** The `aud` of the assertion. @default the URL of the token endpoint */
  readonly audience?: string;
  /** How long an assertion is valid, in milliseconds. @default 60_000 */
  readonly lifetimeMs?: number;
}

/** The client that asks for a token. */
export type Client = { readonly id: string; readonly secret?: string };
type MakeAssertion<C> = (
  given: LoginGiven<C>,
  client: Client,
  means: RequestMeans,
) => string | Promise<string>;

/** A {@link ClientAssertion} with its internal parts. */
interface AssertingClient<C> extends ClientAssertion {
  readonly needsSigner: boolean;
  readonly assertionKey?: AssertionKey<C>;
  readonly make: MakeAssertion<C>;
}

const LIFETIME_MS = 60_000;

const KEY_PAIR: AssertionShape = {
  factory: 'privateKeyJwt',
  algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
  isAlgorithmRequired: true,
  functions: ['key', 'keyId', 'issuer', 'claims'],
};
const SECRET: AssertionShape = {
  factory: 'clientSecretJwt',
  algorithms: ['HS256', 'HS512'],
  isAlgorithmRequired: false,
  functions: [],
};

/**
 * Client authentication with a signed JWT instead of a secret, `private_key_jwt`. A new one is made for every request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 * @throws PaymentsAuthError INVALID_OPTIONS when the description is wrong
 *
 * @example
 * ```ts
 * authentication: privateKeyJwt({ algorithm: 'PS256', key: ({ credentials }) => credentials.privateKey }),
 * ```
 */
export function privateKeyJwt<C>(asWritten: PrivateKeyJwtSpec<C>): ClientAssertion {
  checkAssertionSpec(KEY_PAIR, asWritten);
  const spec = ownCopy(asWritten);
  const keyIn = (given: Given<C>): string | undefined => {
    if (spec.key === undefined) return undefined;
    const at = 'token.authentication.key';
    return returnedText(
      at,
      called(at, () => spec.key?.(given), given),
      given,
    );
  };
  const make: MakeAssertion<C> = (given, client, means) => {
    const { algorithm } = spec;
    const textOf = (name: 'keyId' | 'issuer') => {
      if (spec[name] === undefined) return undefined;
      const at = `token.authentication.${name}`;
      const value: unknown = called(at, () => spec[name]?.(given), given);
      return value === undefined ? undefined : returnedText(at, value, given);
    };
    const [keyId, issuer] = [textOf('keyId'), textOf('issuer')];
    const at = 'token.authentication.claims';
    const claims: unknown = called(at, () => spec.claims?.(given), given);
    if (claims !== undefined && !isJsonObject(claims))
      throw new DefinitionFault(at, `returned ${kindOf(claims)}; expected an object`);
    const all = { ...claimsOf(given, client, ownCopy({ ...spec, issuer })), ...claims };
    const parts = {
      algorithm,
      header: headerWith(keyId),
      payload: called(at, () => JSON.stringify(all)),
    };
    const key = keyIn(given);
    if (key !== undefined) return called('token.authentication.key', () => signedJws(parts, key), given);
    if (means.signer === undefined)
      throw new DefinitionFault('token.authentication', 'has no key, and the provider has no option signer');
    return signedElsewhere(new UnsignedJws(parts), (bytes) =>
      means.signer?.(bytes, { credentials: given.credentials }),
    );
  };
  const assertionKey: AssertionKey<C> = {
    of: (given) => keyIn(given) as string,
    problem: (key) => {
      try {
        signedJws({ algorithm: spec.algorithm, header: {}, payload: '' }, key);
        return undefined;
      } catch (error) {
        return (error as Error).message.replace(/^jws: /, '').replace(/\.$/, '');
      }
    },
  };
  const asserting: AssertingClient<C> = {
    way: 'private_key_jwt',
    needsSigner: spec.key === undefined,
    ...(spec.key === undefined ? {} : { assertionKey }),
    make,
  };
  return asserting;
}

/**
 * Client authentication with a JWT that the client's secret signs, `client_secret_jwt`. The secret itself is not sent.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
 * @throws PaymentsAuthError INVALID_OPTIONS when the description is wrong
 */
export function clientSecretJwt(asWritten: ClientSecretJwtSpec = {}): ClientAssertion {
  checkAssertionSpec(SECRET, asWritten);
  const spec = ownCopy(asWritten);
  const algorithm: JwsAlgorithm = spec.algorithm ?? 'HS256';
  const make: MakeAssertion<unknown> = (given, client) => {
    const { secret } = client;
    if (secret === undefined || secret === '') throw withoutSecret(given);
    const payload = JSON.stringify(claimsOf(given, client, spec));
    return signedJws({ algorithm, header: headerWith(undefined), payload }, secret);
  };
  const asserting: AssertingClient<unknown> = { way: 'client_secret_jwt', needsSigner: false, make };
  return asserting;
}

/** The function that makes the assertions of such a client. */
export function assertionOf<C>(authentication: ClientAssertion): MakeAssertion<C> {
  return (authentication as AssertingClient<C>).make;
}

/** Whether the application has to give the option `signer`. */
export function needsSigner(authentication: unknown): boolean {
  return fieldOf(authentication, 'needsSigner') === true;
}

/** The key that signs, where it is one of the credentials. */
export function assertionKeyOf<C>(authentication: unknown): Pick<TokenStrategy<C>, 'assertionKey'> {
  const { assertionKey } = ownCopy(authentication ?? {}) as Partial<AssertingClient<C>>;
  return assertionKey === undefined ? {} : { assertionKey };
}

/** Whether one of the two factories made the value. An object that only looks the same is not accepted. */
export function isClientAssertion(value: unknown): value is ClientAssertion {
  return typeof (value as Partial<AssertingClient<never>> | undefined)?.make === 'function';
}

/** Signs with the application's signer: a KMS or an HSM. @throws SignerFault */
async function signedElsewhere(
  unsigned: UnsignedJws,
  signer: (bytes: Uint8Array) => unknown,
): Promise<string> {
  const signature = await signedBy(() => signer(unsigned.bytes));
  try {
    return unsigned.signed(signature);
  } catch (error) {
    throw new SignerFault(
      `returned no usable signature: ${(error as Error).message.replace(/^jws: /, '')}`,
      false,
    );
  }
}

/** The fault of a definition whose client has no secret, although its way of authentication needs one. */
export function withoutSecret(given: LoginGiven<unknown>): DefinitionFault {
  return new DefinitionFault('token.client', `returned no secret${readBy(given)}`);
}

function headerWith(keyId: string | undefined) {
  return { typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
}

/**
 * The claims of RFC 7523, section 3. The `jti` is new each time, because an issuer may refuse one that it has seen
 * before.
 */
function claimsOf(
  { endpoint, nowMs }: LoginGiven<unknown>,
  { id }: Client,
  spec: { readonly audience?: string; readonly issuer?: string | undefined; readonly lifetimeMs?: number },
) {
  const issuedAt = Math.floor(nowMs / 1_000);
  return {
    iss: spec.issuer ?? id,
    sub: id,
    aud: spec.audience ?? endpoint,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + Math.ceil((spec.lifetimeMs ?? LIFETIME_MS) / 1_000),
  };
}
