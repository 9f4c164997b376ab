import type { Credentials, Lifetime, Rejected } from '../../strategies/strategy.js';
import type { LoginWait } from './login-wait.js';

/** What a token is for. Each combination has a token of its own. */
export interface AskedFor {
  readonly scopes: readonly string[];
  readonly audience?: string | undefined;
}

/** Renewals that were forced in vain by everybody who shares a token, and when the last of them began (R11). */
export interface ForcedRenewals {
  /** Of tokens that had served. */
  readonly ofProven: number;
  /** Since the last of these, of any others. */
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
  /** The token held now, where there is one: a newer one is wanted, wherever it comes from. */
  readonly held: HeldToken | undefined;
  /** The token that must not be the answer, because the provider has refused it. */
  readonly refused: string | undefined;
  /** What was forced by now, this renewal included: others who get the token that comes of it have to know. */
  readonly forced?: ForcedRenewals | undefined;
  /** The application insists (`refresh()`): what others remember of this secret being wrong does not count. */
  readonly insist: boolean;
  /** Whether the last login of this account failed. */
  readonly hasFailed: boolean;
  /** Who waits for it, and until when. When the wait ends, no new request is begun; a request that was sent goes on (R3). */
  readonly wait: LoginWait;
  /** Ends the request: the application shuts down. */
  readonly signal: AbortSignal;
  /** Called once for every request that is really sent to the token endpoint, when it has ended. */
  readonly onTokenRequest: (request: TokenRequestReport) => void;
  /** Called when another process of the fleet has withdrawn the token that this request came to. */
  readonly onWithdrawn?: (token: string) => void;
  /** Called whenever the application has not kept the refresh token that came of it, and with `true` when it has at last. */
  readonly onSave?: (isSaved: boolean) => void;
}

/** A token that a slot has got from its issuer before. */
export interface HeldToken {
  readonly token: string;
  /** As {@link IssuedToken.version} said. */
  readonly version?: number;
  /** Its whole life, in milliseconds. */
  readonly lifetimeMs: number;
  /** On the monotonic clock, in milliseconds. */
  readonly deadAtMs: number;
}

/** What is needed to give a token back, or to take it away from those it is shared with. */
export type ReturnRequest = Pick<
  IssueRequest,
  'account' | 'scopes' | 'audience' | 'credentials' | 'fingerprint' | 'signal'
>;

/** What is needed to look for a token that is newer than the one held. */
export type NewerRequest = ReturnRequest & Pick<IssueRequest, 'held' | 'refused' | 'onWithdrawn'>;

/** What a request to the token endpoint came to. */
export interface TokenRequestReport {
  readonly outcome: 'issued' | 'rejected' | 'unavailable';
  readonly durationMs: number;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  /** How far the provider's clock is ahead of this machine's, in milliseconds, where the answer says it. */
  readonly clockDifferenceMs?: number | undefined;
  /** What a token endpoint that limits logins says about its limits. */
  readonly limitHeaders?: Readonly<Record<string, string>> | undefined;
}

/** A token that can be used, wherever it came from. */
export interface IssuedToken {
  readonly outcome: 'issued';
  readonly token: string;
  /** Measured from `askedAtMs`. */
  readonly lifetime: Lifetime;
  /** When the life began, on the wall clock. */
  readonly askedAtMs: number;
  /** The same instant on the monotonic clock. */
  readonly askedAtMonotonicMs: number;
  readonly scopes?: readonly string[];
  readonly from: 'provider' | 'store';
  /** Its number in the store of a fleet; absent for a token that was never there. */
  readonly version?: number;
  /** What had been forced by the time that it was asked for, where another process asked for it. */
  readonly forced?: ForcedRenewals;
  /** What takes the place of the refresh token that was spent for it. */
  readonly refreshToken?: string;
}

/** A limit or a pause; others who wait at the same endpoint; or this machine, which could not send. */
export type Unsent = 'limit' | 'queue' | 'machine';

export type IssueOutcome =
  | IssuedToken
  | (Rejected & {
      /** For how long others remember it, in milliseconds, where it is they who say so. */
      readonly retryAfterMs?: number;
      /** As below. */
      readonly notActedUpon?: boolean;
      readonly status?: number;
    })
  | {
      readonly outcome: 'unavailable';
      readonly reason: string;
      readonly status?: number;
      /** It was the application that could not say what to log in with. */
      readonly isLoad?: boolean;
      /** How long another attempt is pointless, in milliseconds, where that is known. */
      readonly retryAfterMs?: number;
      /** Why nothing was sent, where nothing was: that says nothing about the provider, and is no outage. */
      readonly unsent?: Unsent;
      /** Surely the provider has not done what it was asked: nothing reached it, or it has said no. */
      readonly notActedUpon?: boolean;
      /**
       * Only in answer to a renewal of a token that lives: no failure, but not yet. The store of the fleet is lost, and
       * its processes spread their renewals over the end of the life. Keep the token and ask again after `retryAfterMs`.
       */
      readonly postponed?: boolean;
    };

/**
 * Where a slot gets its tokens from: the provider itself, or a store that a fleet shares and that asks the provider
 * in its turn. One attempt a call; retrying, remembering and giving up are the slot's.
 */
export interface TokenIssuer {
  /** Whether there may be a token of ours where this process holds none. */
  readonly isShared: boolean;
  /** Never rejects. */
  issue(request: IssueRequest): Promise<IssueOutcome>;
  /**
   * A newer token than the one held that the fleet has already; nobody is asked for one. Absent where nothing is shared.
   * Never rejects.
   */
  newer?(request: NewerRequest): Promise<IssuedToken | undefined>;
  /**
   * Gives a token back to the provider, and the shared one too. Rejects when one could not be delivered.
   *
   * @param token the one held here, if there is one
   */
  revoke(request: ReturnRequest, token: string | undefined): Promise<void>;
  /**
   * Takes whatever token was obtained with these credentials away from those it is shared with, because the secret
   * was rotated. Nothing is given back to the provider. Never rejects.
   */
  forget(request: ReturnRequest): Promise<void>;
  /** The slot of these is gone. From now on, the issuer no longer reports what happens to its token. */
  unwatch(request: ReturnRequest): void;
}
