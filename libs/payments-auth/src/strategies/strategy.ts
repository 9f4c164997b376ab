/**
 * The types of this folder. A strategy knows how to get a token from a provider: how the token request is made, and
 * what its answer means. A strategy does no I/O, keeps no state and does not use Nest.
 */

/** A provider's static credentials, by field: `{ consumerKey, consumerSecret }`. */
export type Credentials = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Values by header or form field. A value that is `undefined` is not sent. */
export type HeaderValues = Readonly<Record<string, string | undefined>>;

/** An answer of a provider, to a login or to a call. */
export interface ApiAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON; `undefined` when the body is empty or not JSON. */
  readonly body: unknown;
  /** The body as text, at most its first 64 KiB; `''` for an empty or a binary one. */
  readonly text: string;
}

/** An answer of a token endpoint. */
export type TokenAnswer = ApiAnswer;

/** The values that a definition's functions get. */
export interface Given<C> {
  readonly credentials: C;
  /** Absent when only a base URL was configured. */
  readonly environment?: string;
}

/** The values for a login. */
export interface LoginGiven<C> extends Given<C> {
  /** Sorted, without duplicates; empty where the provider has no scopes. */
  readonly scopes: readonly string[];
  /** The audience of the token, where the application names one. */
  readonly audience?: string;
  /** The wall clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** The URL of the token endpoint. */
  readonly endpoint: string;
}

/** A body of a login. JSON and forms are serialised here; text is sent as it is. */
export type RequestBody =
  | { readonly json: unknown }
  | { readonly form: HeaderValues }
  | { readonly text: string; readonly contentType: string };

/** How many token requests a provider allows. */
export interface TokenRequestLimit {
  readonly limit: number;
  readonly perMs: number;
  /** Whether the limit counts per address of the caller, or per credential. */
  readonly per: 'ip' | 'credential';
}

/** The way to get a provider's tokens: made with `login({ … })`, `clientCredentials({ … })` or `refreshToken({ … })`. */
export interface TokenSource<C> {
  readonly kind: 'login' | 'client-credentials' | 'refresh-token';
  /** This property never exists. It carries the type of the credentials with which the token is obtained. */
  '~credentials'?(credentials: C): void;
}

/** The options of every way to get a token. */
export interface TokenSpec<C> {
  /** The named host of the token endpoint. @default the provider's first host */
  readonly host?: string;
  /** The token endpoint below the base URL. It begins with a slash. */
  readonly path: string;
  /** Further headers of token requests. @default none */
  headers?(given: LoginGiven<C>): HeaderValues;
  /** The lifetime that the provider documents, in milliseconds. */
  readonly documentedLifetimeMs: number;
  /**
   * The age from which on the provider accepts its tokens, in milliseconds; at most ten minutes. Calls carry the token
   * before it until then. A call for which there is no other token waits, as long as its own `timeout` allows. A lifetime
   * of less than twice this age leaves a gap at each renewal.
   *
   * @default 0
   */
  readonly usableAfterMs?: number;
  /** Whether the answer says that the secret is wrong: at any status, 2xx included. */
  rejected?(answer: TokenAnswer): boolean;
  /** Returns the provider's own word for the failure, and never a whole body. */
  reason?(answer: TokenAnswer): string | undefined;
  /** How many token requests the provider allows. @default none known */
  readonly limits?: readonly TokenRequestLimit[];
  /** Whether logins count against the quota that payments need. @default false */
  readonly loginsEatQuota?: boolean;
  /**
   * Whether a login ends the token before it. Then the library makes no login that no call needs: none at boot unless
   * `keepWarm` is `always`, and none for a token that no call has used for half its life. A call that carries the ended
   * token is sent once more.
   */
  readonly endsEarlierToken?: true;
}

/** How a client sends its secret to an OAuth 2.0 token endpoint (RFC 6749, section 2.3.1). */
export type SecretWay = 'client_secret_basic' | 'client_secret_post';

/** One request to a token (or revocation) endpoint. Only the base URL is missing. */
export interface TokenRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Appended to the base URL as it is, trailing slash included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The serialised body; absent for an empty one. */
  readonly body?: string;
  /** The agent of the connection, where the client shows a certificate. */
  readonly agent?: unknown;
}

/** How long a token lives, according to the answer or the provider's documents. */
export interface Lifetime {
  /** From the moment the request was sent, in milliseconds. */
  readonly lifetimeMs: number;
  /** The source of the lifetime. */
  readonly from: 'relative' | 'jwt' | 'absolute' | 'documented';
}

/** A failure that waiting does not end: a wrong secret, or a mistake of the definition. */
export interface Rejected {
  readonly outcome: 'rejected';
  readonly reason: string;
  /**
   * The kind of rejection. Absent when the provider rejected the secret, as the definition recognises it.
   *
   * - `GRANT_REJECTED`: the provider rejected this account's refresh token. The client is still valid.
   * - `DEFINITION_FAULT`: the provider rejected nothing. A function of the definition threw, or the definition does not
   *   know this answer.
   */
  readonly code?: 'GRANT_REJECTED' | 'DEFINITION_FAULT';
  /** The error that a function of the definition threw. It may contain anything that the function put into it. */
  readonly cause?: unknown;
}

/** The meaning of a token endpoint's answer. */
export type TokenOutcome =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      readonly lifetime: Lifetime;
      /** The granted scopes, where the answer names them (RFC 6749, section 5.1). */
      readonly scopes?: readonly string[];
      /** The refresh token that replaces the one in the request, where the answer contains one. */
      readonly refreshToken?: string;
    }
  /** Waiting does not help, so the same secret is not tried again for a while. */
  | Rejected
  /** Anything else: an outage, a rate limit, a firewall's HTML, a malformed answer. */
  | { readonly outcome: 'unavailable'; readonly reason: string };

/** The application's choices for its token requests, besides the definition. */
export interface RequestMeans {
  /** The way of sending the secret, where the endpoint accepts several. */
  readonly clientAuthentication: SecretWay;
  /** Signs where the key is not one of the credentials: a KMS or HSM. */
  signer?(bytes: Uint8Array, given: { readonly credentials: unknown }): Uint8Array | Promise<Uint8Array>;
}

/** The private key of a client, which is one of its credentials. */
export interface AssertionKey<C = Credentials> {
  /** @throws DefinitionFault */
  of(given: Given<C>): string;
  /** The reason why the key cannot sign; `undefined` when it can. */
  problem(key: string): string | undefined;
}

/** A {@link TokenSource} with its internal functions. */
export interface TokenStrategy<C = Credentials> extends TokenSource<C> {
  /** The named host of the token endpoint. @default the provider's first host */
  readonly host?: string;
  /** The token endpoint, appended to the base URL. */
  readonly path: string;
  /**
   * The lifetime that the provider documents, in milliseconds. It is used where the answer states none, and limits
   * lifetimes that cannot be right.
   */
  readonly documentedLifetimeMs: number;
  /** The age from which on tokens are accepted, in milliseconds. */
  readonly usableAfterMs: number;
  /** Whether a login ends the token before it. */
  readonly endsEarlierToken: boolean;
  readonly limits: readonly TokenRequestLimit[];
  /** Whether token requests count against the quota that payments need. Then no login is made that no call needs. */
  readonly loginsEatQuota: boolean;
  /** The ways of sending the secret that the endpoint accepts, its default first. Absent where there is no choice. */
  readonly authentication?: readonly SecretWay[];
  /** Whether the application has to give the option `signer`. */
  readonly needsSigner?: boolean;
  /** Whether the client shows a certificate to the token endpoint, so that the definition needs `tls`. */
  readonly needsCertificate?: boolean;
  /** The request that gets a token. @throws DefinitionFault, or what `signer` throws */
  request(given: LoginGiven<C>, means: RequestMeans): TokenRequest | Promise<TokenRequest>;
  /** The meaning of an answer. Never throws. `requestedAtMs` is the wall clock when the request was sent. */
  read(answer: TokenAnswer, requestedAtMs: number): TokenOutcome;
  /** The credential that signs for the client, where there is one. */
  readonly assertionKey?: AssertionKey<C>;
  /** The endpoint that revokes a token, appended to the base URL. */
  readonly revokePath?: string;
  /** The request that revokes a token. Absent where the provider has none. */
  revoke?(
    given: LoginGiven<C> & { readonly token: string },
    means: RequestMeans,
  ): TokenRequest | Promise<TokenRequest>;
}

/** The strategy of a definition's `token`; `undefined` for a static key. */
export function strategyOf<C>({ token }: { readonly token?: TokenSource<C> }): TokenStrategy<C> | undefined {
  // The factories make no other object, and `defineProvider` accepts no other.
  return token as TokenStrategy<C> | undefined;
}
