import type { Lifetime, TokenRequestLimit } from '../../strategies/strategy.js';

/** The key of a token. It contains no secret. */
export interface TokenKey {
  /** The name the provider is registered under. */
  readonly provider: string;
  readonly account: string | undefined;
  /** A keyed hash, in hex, of everything that shapes the token request, the secret included. */
  readonly hash: string;
}

/** The key of a token endpoint whose limits a fleet shares. It contains no secret. */
export interface EndpointKey {
  /** The provider's own name. A provider may be registered under several names, which share the endpoint. */
  readonly provider: string;
  /** A keyed hash, in hex, of its base URL. */
  readonly hash: string;
}

/** A token that processes share. */
export interface SharedToken {
  readonly token: string;
  /** The whole lifetime of the token. {@link StoredToken.remainingMs} is left of it. */
  readonly lifetime: Lifetime;
  readonly scopes?: readonly string[];
  /** Absent where no forced renewal was in vain. If a store loses it, this costs only logins. */
  readonly forced?: SharedForcedRenewals;
}

/** The forced renewals that did not help, because the new token was refused as well. */
export interface SharedForcedRenewals {
  /** Renewals of tokens that had served. */
  readonly ofProven: number;
  /** Renewals of other tokens, since the last renewal of a token that had served. */
  readonly ofOthers: number;
  /**
   * The rest of the token's life at the start of the last forced renewal: what is left now, plus the time since then,
   * in milliseconds.
   */
  readonly leftAtStartMs: number;
}

/** A token from the store. */
export interface StoredToken extends SharedToken {
  /** Grows with every token that is stored. */
  readonly version: number;
  /** What is left of its life, by the store's own count. The clock of another machine is never used. */
  readonly remainingMs: number;
}

/** The right to ask the provider, held by one process of the fleet at a time. */
export interface Grant {
  /** A random name that only the holder knows. */
  readonly owner: string;
  /** The fencing number: a token that is published with it has to be newer than the stored one. */
  readonly version: number;
}

/** The result of a {@link TokenStore.claim}. */
export type Claim =
  /** There is a token that is newer than the one in the request. */
  | { readonly outcome: 'found'; readonly token: StoredToken }
  /** There is no newer token, and this process may ask the provider for one. */
  | { readonly outcome: 'acquired'; readonly grant: Grant }
  /** There is no newer token, and another process is asking the provider for one. */
  | { readonly outcome: 'held' }
  /** The provider has told a process of the fleet that the secret is wrong, and that is remembered. */
  | { readonly outcome: 'rejected'; readonly reason: string; readonly retryAfterMs: number };

/** A token that no process may use any more. */
export interface Withdrawal {
  /** The hash of its {@link TokenKey}. */
  readonly hash: string;
  /** The withdrawal applies to this version and all earlier ones. */
  readonly version: number;
}

/** The request of a {@link TokenStore.claim}. */
export interface ClaimRequest {
  /** A token is wanted whose version is above this; 0 for any. */
  readonly newerThan: number;
  /** Whether a stored token that is not newer is removed, because the provider has refused it. */
  readonly drop: boolean;
  /** Whether a remembered rejection does not count, because the application insists on another attempt. */
  readonly insist: boolean;
}

/**
 * The store in which a fleet shares its tokens. With it, all processes together ask the provider once per token
 * lifetime.
 *
 * Without a store, every process keeps its own tokens in memory. `nestjs-payments-auth/redis` contains the store for
 * Redis. Another implementation has to promise the same:
 *
 * - Every method settles within a fraction of a second, whatever the network does. It rejects when the store cannot
 *   answer, with an error whose message can be logged. The caller then goes on without the store.
 * - {@link claim}, {@link publish}, {@link release}, {@link withdraw} and {@link reserve} are atomic, and a claim whose
 *   answer does not come in time is released.
 * - An entry that cannot be read (damaged, moved to another key, written by another version) is reported and counts as
 *   absent.
 * - Every entry ends by itself.
 */
export interface TokenStore {
  /**
   * The key of the keyed hash that names credentials: 32 bytes, the same in every process of the fleet. It must differ
   * from every key that encrypts.
   */
  readonly hashKey: Buffer;

  /** How long all requests of one call to the store may take together, in milliseconds. @default 250 */
  readonly timeoutMs?: number;

  /** Returns a newer token, or gives the right to ask the provider for one. */
  claim(key: TokenKey, request: ClaimRequest): Promise<Claim>;

  /** Extends the right to ask while the request is in flight. Resolves to whether the right was still held. */
  extend(key: TokenKey, grant: Grant): Promise<boolean>;

  /**
   * Stores a token for the other processes, releases the right to ask, and forgets a remembered rejection.
   *
   * @param remainingMs what is left of its life
   * @returns whether it was stored. `false` when a newer one is stored, or when it was withdrawn meanwhile
   */
  publish(key: TokenKey, grant: Grant, token: SharedToken, remainingMs: number): Promise<boolean>;

  /** Releases the right to ask without a token. */
  release(key: TokenKey, grant: Grant): Promise<void>;

  /** Remembers that the provider has rejected the secret, for longer each time, and releases the right to ask. */
  reject(key: TokenKey, grant: Grant, reason: string): Promise<void>;

  /**
   * Removes the stored token, and also one that is still on its way.
   *
   * @param tell whether the other processes have to drop their copies
   * @returns the stored token, so that it can be revoked at the provider
   */
  withdraw(key: TokenKey, tell: boolean): Promise<SharedToken | undefined>;

  /**
   * Calls `listener` for each withdrawal that is told to the other processes, from any process.
   *
   * @returns a function that ends this
   */
  onWithdrawn(listener: (withdrawal: Withdrawal) => void): () => void;

  /**
   * Counts a request to a token endpoint against its limits, over the whole fleet.
   *
   * @param credential a keyed hash of the secret that it is made with
   * @returns how long the request has to wait, in milliseconds. 0: it may be sent now, and has been counted
   */
  reserve(endpoint: EndpointKey, limits: readonly TokenRequestLimit[], credential: string): Promise<number>;

  /**
   * The endpoint has told `credential` to wait: no process of the fleet makes a token request for it for `forMs`
   * milliseconds. Where a second credential was told to wait and still waits, no process sends any token request to
   * this endpoint, for a minute at most.
   */
  pause(endpoint: EndpointKey, credential: string, forMs: number): Promise<void>;

  /**
   * The note about a credential, for refresh tokens that can be used once. For a note that cannot be read, returns a
   * text that {@link setNote} was never given. Without this and {@link setNote}, a provider whose refresh tokens rotate
   * needs `singleProcess: true`.
   */
  note?(key: TokenKey): Promise<string | undefined>;

  /** Stores a note, sealed like a token and for months. `undefined` removes the note. */
  setNote?(key: TokenKey, text: string | undefined): Promise<void>;
}
