import type { Credentials, Lifetime, Rejected } from '../../strategies/strategy.js';
import type { LoginWait } from './login-wait.js';

/** The scopes and the audience of a token. Each combination has a token of its own. */
export interface AskedFor {
  readonly scopes: readonly string[];
  readonly audience?: string | undefined;
}

/**
 * The forced renewals that did not help, of all processes that share a token, and when the last of them began (R11).
 */
export interface ForcedRenewals {
  /** Renewals of tokens that had served. */
  readonly ofProven: number;
  /** Renewals of other tokens, since the last renewal of a token that had served. */
  readonly ofOthers: number;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAtMs: number;
}

/** Asks for one token, for one set of static credentials. */
export interface IssueRequest extends AskedFor {
  readonly account: string | undefined;
  readonly credentials: Credentials;
  /** The keyed hash of `credentials`. */
  readonly fingerprint: string;
  /** The token that is held now, where there is one. A newer one is wanted, from the provider or from the store. */
  readonly held: HeldToken | undefined;
  /** The token that the provider has refused. It must not be returned again. */
  readonly refused: string | undefined;
  /** The forced renewals so far, including this one. Other processes that get the new token have to know them. */
  readonly forced?: ForcedRenewals | undefined;
  /** The application insists (`refresh()`). A remembered rejection of this secret does not count. */
  readonly insist: boolean;
  /** Whether the last login of this account failed. */
  readonly hasFailed: boolean;
  /** The wait of the callers. When it ends, no new request is begun. A request that was sent goes on (R3). */
  readonly wait: LoginWait;
  /** Ends the request: the application shuts down. */
  readonly signal: AbortSignal;
  /** Called once for every request that was sent to the token endpoint, when the request has ended. */
  readonly onTokenRequest: (request: TokenRequestReport) => void;
  /** Called when another process of the fleet withdraws the token that this request returned. */
  readonly onWithdrawn?: (token: string) => void;
  /**
   * Called with `false` each time the application could not save the new refresh token, and with `true` once it has.
   */
  readonly onSave?: (isSaved: boolean) => void;
}

/** A token that a slot has got from its issuer before. */
export interface HeldToken {
  readonly token: string;
  /** The value of {@link IssuedToken.version}. */
  readonly version?: number;
  /** The whole lifetime of the token, in milliseconds. */
  readonly lifetimeMs: number;
  /** On the monotonic clock, in milliseconds. */
  readonly deadAtMs: number;
}

/** The values that are needed to revoke a token, or to withdraw it from the store. */
export type ReturnRequest = Pick<
  IssueRequest,
  'account' | 'scopes' | 'audience' | 'credentials' | 'fingerprint' | 'signal'
>;

/** The values that are needed to look for a token newer than the one held. */
export type NewerRequest = ReturnRequest & Pick<IssueRequest, 'held' | 'refused' | 'onWithdrawn'>;

/** The result of a request to the token endpoint. */
export interface TokenRequestReport {
  readonly outcome: 'issued' | 'rejected' | 'unavailable';
  readonly durationMs: number;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  /** How far the provider's clock is ahead of this machine's, in milliseconds, where the answer says it. */
  readonly clockDifferenceMs?: number | undefined;
  /** The headers in which a token endpoint states its limits. */
  readonly limitHeaders?: Readonly<Record<string, string>> | undefined;
}

/** A token that can be used, from the provider or from the store. */
export interface IssuedToken {
  readonly outcome: 'issued';
  readonly token: string;
  /** Measured from `askedAtMs`. */
  readonly lifetime: Lifetime;
  /** When the token's life began, on the wall clock. */
  readonly askedAtMs: number;
  /** The same instant on the monotonic clock. */
  readonly askedAtMonotonicMs: number;
  readonly scopes?: readonly string[];
  readonly from: 'provider' | 'store';
  /** The number of the token in the store of a fleet. Absent for a token that was never in a store. */
  readonly version?: number;
  /** The forced renewals up to the request for this token, where another process made the request. */
  readonly forced?: ForcedRenewals;
  /** The refresh token that replaces the one in the request. */
  readonly refreshToken?: string;
}

/**
 * Why nothing was sent. `limit`: a limit or a pause. `queue`: too many logins wait for the same endpoint. `machine`:
 * this machine could not send.
 */
export type Unsent = 'limit' | 'queue' | 'machine';

export type IssueOutcome =
  | IssuedToken
  | (Rejected & {
      /** For how long the store remembers the rejection, in milliseconds, where the outcome comes from the store. */
      readonly retryAfterMs?: number;
      /** As below. */
      readonly notActedUpon?: boolean;
      readonly status?: number;
    })
  | {
      readonly outcome: 'unavailable';
      readonly reason: string;
      readonly status?: number;
      /** The application could not give the credentials for the login. */
      readonly isLoad?: boolean;
      /** For how long another attempt cannot succeed, in milliseconds, where that is known. */
      readonly retryAfterMs?: number;
      /** Why nothing was sent, where nothing was sent. Such a failure is not an outage of the provider. */
      readonly unsent?: Unsent;
      /** Whether the provider certainly has not carried out the request: nothing reached it, or it has refused. */
      readonly notActedUpon?: boolean;
      /**
       * The renewal is only put off, because the current token still lives. The store of the fleet is lost, and the
       * processes spread their renewals over the last part of the token's life. Keep the token, and ask again after
       * `retryAfterMs`.
       */
      readonly postponed?: boolean;
    };

/**
 * Gets the tokens of a slot: from the provider itself, or from a store that a fleet shares. Each call of a function is
 * one attempt. The slot decides whether to try again.
 */
export interface TokenIssuer {
  /** Whether there can be a token in a store while this process holds none. */
  readonly isShared: boolean;
  /** Never rejects. */
  issue(request: IssueRequest): Promise<IssueOutcome>;
  /**
   * A token of the fleet that is newer than the one held. The provider is not asked. Absent where nothing is shared.
   * Never rejects.
   */
  newer?(request: NewerRequest): Promise<IssuedToken | undefined>;
  /**
   * Revokes a token at the provider, and the shared token too. The promise rejects when one of them could not be
   * revoked.
   *
   * @param token the one held here, if there is one
   */
  revoke(request: ReturnRequest, token: string | undefined): Promise<void>;
  /**
   * Removes the token that was obtained with these credentials from the store, because the secret was rotated. Nothing
   * is revoked at the provider. Never rejects.
   */
  forget(request: ReturnRequest): Promise<void>;
  /** The slot of these credentials is dropped. From now on, the issuer no longer reports what happens to its token. */
  unwatch(request: ReturnRequest): void;
}
