import type { Lifetime, TokenRequestLimit } from '../../strategies/strategy.js';

/** Whose token it is, in names that may be read by anybody. */
export interface TokenKey {
  /** The name the provider is registered under. */
  readonly provider: string;
  readonly account: string | undefined;
  /** A keyed hash, in hex, of everything that shapes the token request, the secret included. */
  readonly hash: string;
}

/** A token endpoint whose limits a fleet keeps together, in names that may be read by anybody. */
export interface EndpointKey {
  /** The provider's own name: it may be registered under several, which share the endpoint. */
  readonly provider: string;
  /** A keyed hash, in hex, of its base URL. */
  readonly hash: string;
}

/** A token as processes hand it to each other. */
export interface SharedToken {
  readonly token: string;
  /** The whole life it was issued with, of which {@link StoredToken.remainingMs} is left. */
  readonly lifetime: Lifetime;
  readonly scopes?: readonly string[];
  /** Absent where no renewal was forced in vain. A store that loses it costs logins, and nothing else. */
  readonly forced?: SharedForcedRenewals;
}

/** Renewals that calls have forced in vain, because what they brought was refused as well. */
export interface SharedForcedRenewals {
  /** Of tokens that had served. */
  readonly ofProven: number;
  /** Since the last of these, of any others. */
  readonly ofOthers: number;
  /** What is left of the token's life now, and the time since the last of them began; in milliseconds. */
  readonly leftAtStartMs: number;
}

/** A token that another process has put there. */
export interface StoredToken extends SharedToken {
  /** Grows with every token that is put there. */
  readonly version: number;
  /** What is left of its life by the store's own count; never another machine's clock. */
  readonly remainingMs: number;
}

/** The right to ask the provider, held by one process of the fleet at a time. */
export interface Grant {
  /** Known to its holder alone. */
  readonly owner: string;
  /** The fencing number: what is published under it has to be newer than what is there. */
  readonly version: number;
}

/** What a {@link TokenStore.claim} came to. */
export type Claim =
  /** There is a token that is newer than what was asked for. */
  | { readonly outcome: 'found'; readonly token: StoredToken }
  /** There is none, and this process may ask the provider for one. */
  | { readonly outcome: 'acquired'; readonly grant: Grant }
  /** There is none, and another process is asking the provider for one. */
  | { readonly outcome: 'held' }
  /** The provider has told a process of the fleet that the secret is wrong, and that is remembered. */
  | { readonly outcome: 'rejected'; readonly reason: string; readonly retryAfterMs: number };

/** A token that nobody is to use any more. */
export interface Withdrawal {
  /** The hash of its {@link TokenKey}. */
  readonly hash: string;
  /** It and everything before it is meant. */
  readonly version: number;
}

/** What a process wants of a {@link TokenStore.claim}. */
export interface ClaimRequest {
  /** A token is wanted whose version is above this; 0 for any. */
  readonly newerThan: number;
  /** Whether what is there and not newer is taken away, because the provider has refused it. */
  readonly drop: boolean;
  /** Whether a remembered rejection does not count, because the application insists on another attempt. */
  readonly insist: boolean;
}

/**
 * What a fleet shares, so that all of its processes together ask the provider once per token lifetime.
 *
 * Without one, every process keeps its own tokens in memory. `nestjs-payments-auth/redis` has the one for
 * Redis; another implementation has to promise the same:
 *
 * - Every method settles within a fraction of a second, whatever the network does, and rejects when the store cannot
 *   say, with an error whose message can be logged. The caller then goes on alone.
 * - {@link claim}, {@link publish}, {@link release}, {@link withdraw} and {@link reserve} are atomic, and a claim whose
 *   answer did not come in time is given back.
 * - What cannot be read (damaged, moved to another key, written by another version) is reported and counts as absent.
 * - Every entry ends by itself.
 */
export interface TokenStore {
  /**
   * The key of the keyed hash that names credentials: 32 bytes, the same in every process of the fleet, and another
   * than any key that encrypts.
   */
  readonly hashKey: Buffer;

  /** How long all that one call asks of the store may take together, in milliseconds. @default 250 */
  readonly timeoutMs?: number;

  /** Takes over a newer token, or else acquires the right to ask for one. */
  claim(key: TokenKey, request: ClaimRequest): Promise<Claim>;

  /** Keeps the right to ask while the request is in flight. Resolves to whether it was still held. */
  extend(key: TokenKey, grant: Grant): Promise<boolean>;

  /**
   * Puts a token there for the others, gives the right to ask back, and forgets a remembered rejection.
   *
   * @param remainingMs what is left of its life
   * @returns whether it was put there; not when a newer one is, or when it was withdrawn meanwhile
   */
  publish(key: TokenKey, grant: Grant, token: SharedToken, remainingMs: number): Promise<boolean>;

  /** Gives the right to ask back without a token. */
  release(key: TokenKey, grant: Grant): Promise<void>;

  /** Remembers that the provider called the secret wrong, for longer each time, and gives the right to ask back. */
  reject(key: TokenKey, grant: Grant, reason: string): Promise<void>;

  /**
   * Takes whatever token is there away, also one that is still on its way.
   *
   * @param tell whether the others are to let go of theirs
   * @returns the token that stood there, so that it can be given back to the provider
   */
  withdraw(key: TokenKey, tell: boolean): Promise<SharedToken | undefined>;

  /**
   * Calls `listener` whenever the others are told of a withdrawal, in whatever process.
   *
   * @returns ends it
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
   * The endpoint has told `credential` to wait: nobody in the fleet asks for it for the next `forMs` milliseconds. Where
   * another credential was told the same and still waits, nobody asks this endpoint for anything, for a minute at most.
   */
  pause(endpoint: EndpointKey, credential: string, forMs: number): Promise<void>;

  /**
   * What was noted of a credential: of refresh tokens that are good for one use. For a note that cannot be read, any text
   * that {@link setNote} was never given. Without this and {@link setNote}, a
   * provider whose refresh tokens rotate needs `singleProcess: true`.
   */
  note?(key: TokenKey): Promise<string | undefined>;

  /** Notes something, sealed like a token and for months, or takes the note away. */
  setNote?(key: TokenKey, text: string | undefined): Promise<void>;
}
