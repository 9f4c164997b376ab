/**
 * The words of this room. A strategy knows how a credential is obtained from a provider: what the token request
 * looks like, and what the answer to it means. It does no I/O, keeps nothing and knows no Nest.
 */

/** A provider's static credentials, by field: `{ consumerKey, consumerSecret }`. */
export type Credentials = Readonly<Record<string, string | undefined>>;

/** One request to a token (or revocation) endpoint, ready for the wire but for its base URL. */
export interface TokenRequest {
  readonly method: 'GET' | 'POST';
  /** Appended to the base URL as it is, trailing slash included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The serialised body; absent for an empty one. */
  readonly body?: string;
}

/** What came back from a token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON; `undefined` when the body is empty or not JSON. */
  readonly body: unknown;
}

/** How long a token lives, as far as the answer and the provider's documents tell. */
export interface Lifetime {
  /** From the moment the request was sent, in milliseconds. */
  readonly lifetimeMs: number;
  /** Where the figure comes from. */
  readonly from: 'relative' | 'jwt' | 'absolute' | 'documented';
}

/** What the answer of a token endpoint means. */
export type TokenOutcome =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      readonly lifetime: Lifetime;
      /** What was granted, where the answer says so (RFC 6749, section 5.1). */
      readonly scopes?: readonly string[];
    }
  /** The provider says, in the words its definition names, that the secret is wrong. */
  | { readonly outcome: 'rejected'; readonly reason: string }
  /** Anything else: an outage, a rate limit, a firewall's HTML, a malformed answer. */
  | { readonly outcome: 'unavailable'; readonly reason: string };

/** How many token requests a provider allows. */
export interface TokenRequestLimit {
  readonly limit: number;
  readonly perMs: number;
  /** Counted per address of the caller, or per credential. */
  readonly scope: 'ip' | 'credential';
}

/** How the client authenticates at an OAuth 2.0 token endpoint (RFC 6749, section 2.3.1). */
export type ClientAuthentication = 'basic' | 'body';

/** What a token request is made of, besides the credentials. */
export interface TokenRequestContext {
  /** Sorted, without duplicates; empty where the provider has no scopes. */
  readonly scopes: readonly string[];
  readonly clientAuthentication: ClientAuthentication;
}

/** A provider whose requests carry the configured secret itself. There is nothing to fetch and nothing to renew. */
export interface StaticKeyStrategy {
  readonly kind: 'static-key';
}

/** A provider that exchanges the configured secret for a token with a lifetime. */
export interface TokenStrategy<C extends object = Credentials> {
  readonly kind: 'token-login' | 'client-credentials';
  /** The named host whose base URL the token endpoint stands on; the provider's first one by default. */
  readonly host?: string;
  /** The lifetime the provider documents, in milliseconds: the fallback, and the yardstick for absurd figures. */
  readonly documentedLifetimeMs: number;
  readonly limits: readonly TokenRequestLimit[];
  /** Token requests count against the quota that payments need: never log in without a call that wants it. */
  readonly loginsEatQuota: boolean;
  /** The ways of client authentication that the endpoint takes, its default first; absent where there is no choice. */
  readonly clientAuthentication?: readonly ClientAuthentication[];
  /** The request that gets a token. Pure. */
  request(credentials: C, context: TokenRequestContext): TokenRequest;
  /** Never throws. `requestedAtMs` is the wall clock when the request was sent. */
  read(answer: TokenAnswer, requestedAtMs: number): TokenOutcome;
  /** The request that gives a token back; absent where a provider has none. */
  revoke?(credentials: C, token: string, context: TokenRequestContext): TokenRequest;
}

/** How a credential is obtained: made with `staticKey()`, `tokenLogin({ … })` or `clientCredentials({ … })`. */
export type Strategy<C extends object = Credentials> = StaticKeyStrategy | TokenStrategy<C>;
