/**
 * The types of this folder. A strategy knows how a token is obtained from a provider: what the token request looks
 * like, and what the answer to it means. It does no I/O, keeps nothing and knows no Nest.
 */

/** A provider's static credentials, by field: `{ consumerKey, consumerSecret }`. */
export type Credentials = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Values by header or form field; one that is `undefined` is not sent. */
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
  /** Never there: it says whose credentials the token is obtained with. */
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
   * `keepWarm` says so, and none for a token that no call has used for half its life. A call that carries the ended
   * token is sent once more.
   */
  readonly endsEarlierToken?: true;
}

/** How a client sends its secret to an OAuth 2.0 token endpoint (RFC 6749, section 2.3.1). */
export type SecretWay = 'client_secret_basic' | 'client_secret_post';

/** One request to a token (or revocation) endpoint, ready for the wire but for its base URL. */
export interface TokenRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Appended to the base URL as it is, trailing slash included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The serialised body; absent for an empty one. */
  readonly body?: string;
  /** What the connection is made with, where the client shows a certificate. */
  readonly agent?: unknown;
}

/** How long a token lives, as far as the answer and the provider's documents tell. */
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
   * What was rejected. Absent: the secret, in the words that the definition names.
   *
   * - `GRANT_REJECTED`: this account's refresh token; the client is none the worse for it.
   * - `DEFINITION_FAULT`: nothing; a function of the definition threw, or the answer is none that the definition knows.
   */
  readonly code?: 'GRANT_REJECTED' | 'DEFINITION_FAULT';
  /** What a function of the definition threw. It may hold whatever the function put into it. */
  readonly cause?: unknown;
}

/** The meaning of a token endpoint's answer. */
export type TokenOutcome =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      readonly lifetime: Lifetime;
      /** What was granted, where the answer says so (RFC 6749, section 5.1). */
      readonly scopes?: readonly string[];
      /** What takes the place of the refresh token that was spent, where the answer holds one. */
      readonly refreshToken?: string;
    }
  /** Waiting does not help, so the same secret is left alone for a while. */
  | Rejected
  /** Anything else: an outage, a rate limit, a firewall's HTML, a malformed answer. */
  | { readonly outcome: 'unavailable'; readonly reason: string };

/** How the application has its token requests made, besides what the definition says. */
export interface RequestMeans {
  /** Which of the ways of sending the secret, where the endpoint takes several. */
  readonly clientAuthentication: SecretWay;
  /** Signs where the key is not among the credentials: a KMS or HSM. */
  signer?(bytes: Uint8Array, given: { readonly credentials: unknown }): Uint8Array | Promise<Uint8Array>;
}

/** The private key of a client, which stands among its credentials. */
export interface AssertionKey<C = Credentials> {
  /** @throws DefinitionFault */
  of(given: Given<C>): string;
  /** What keeps it from signing; `undefined` when nothing does. */
  problem(key: string): string | undefined;
}

/** A {@link TokenSource} from the inside: what this package does with one. */
export interface TokenStrategy<C = Credentials> extends TokenSource<C> {
  /** The named host whose base URL the token endpoint stands on; the provider's first one by default. */
  readonly host?: string;
  /** The token endpoint, appended to the base URL. */
  readonly path: string;
  /** The lifetime the provider documents, in milliseconds: the fallback, and the yardstick for absurd figures. */
  readonly documentedLifetimeMs: number;
  /** The age from which on tokens are accepted, in milliseconds. */
  readonly usableAfterMs: number;
  /** A login ends the token before it. */
  readonly endsEarlierToken: boolean;
  readonly limits: readonly TokenRequestLimit[];
  /** Token requests count against the quota that payments need: never log in without a call that wants it. */
  readonly loginsEatQuota: boolean;
  /** The ways of sending the secret that the endpoint takes, its default first; absent where there is no choice. */
  readonly authentication?: readonly SecretWay[];
  /** Whether the application has to give the option `signer`. */
  readonly needsSigner?: boolean;
  /** Whether the client shows a certificate to the token endpoint, so that the definition needs `tls`. */
  readonly needsCertificate?: boolean;
  /** The request that gets a token. @throws DefinitionFault, or what `signer` throws */
  request(given: LoginGiven<C>, means: RequestMeans): TokenRequest | Promise<TokenRequest>;
  /** Never throws. `requestedAtMs` is the wall clock when the request was sent. */
  read(answer: TokenAnswer, requestedAtMs: number): TokenOutcome;
  /** The key among the credentials that signs for the client, where there is one. */
  readonly assertionKey?: AssertionKey<C>;
  /** The endpoint that takes a token back, appended to the base URL. */
  readonly revokePath?: string;
  /** The request that gives a token back; absent where a provider has none. */
  revoke?(
    given: LoginGiven<C> & { readonly token: string },
    means: RequestMeans,
  ): TokenRequest | Promise<TokenRequest>;
}

/** What stands behind a definition's `token`; `undefined` for a static key. */
export function strategyOf<C>({ token }: { readonly token?: TokenSource<C> }): TokenStrategy<C> | undefined {
  // The factories make no other object, and `defineProvider` accepts no other.
  return token as TokenStrategy<C> | undefined;
}
