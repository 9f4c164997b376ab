import type { Agent } from 'node:https';
import type { Credentials } from '../strategies/strategy.js';
import type { Credential } from './credential.js';

/**
 * The provider's own account, where it has `accounts` too: there, a call that names none is refused, so that a forgotten
 * account charges nobody.
 *
 * @example
 * ```ts
 * http.get('/balance', { paymentsAuth: { account: OWN_ACCOUNT } });
 * ```
 */
export const OWN_ACCOUNT: unique symbol = Symbol.for('nestjs-payments-auth.own-account');

/**
 * The account that a call names: `undefined` for none, and `null` where it means to name one but the name is not there
 * (`{ account: merchant.id }` of a merchant without an id). The latter must never end up as the provider's own.
 */
export type AccountName = string | typeof OWN_ACCOUNT | null | undefined;

/** The state of one credential. */
export type CredentialState =
  /** Nobody has asked for it yet, or nobody has for so long that it was let go. */
  | 'idle'
  /** The first one is on its way. */
  | 'acquiring'
  /** Usable. */
  | 'fresh'
  /** Usable, and being renewed ahead of its end. */
  | 'due'
  /** Usable, but the last renewal failed: calls go on with the old token. */
  | 'degraded'
  /** None is usable, and the last attempt failed; also where a token lives, but its last answer was a refusal. */
  | 'unavailable'
  /** The provider says that the secret is wrong, and no call succeeds: a token that still serves is `degraded`. */
  | 'rejected';

/** What can be known of a credential without knowing it. Plain data, safe to log and to send. */
export interface CredentialStatus {
  /** The name the provider is registered under. */
  provider: string;
  /** Absent where only a base URL was given. */
  environment?: string;
  /** Where calls go. Absent of a fake of a test, whose calls go nowhere. */
  host?: string;
  account?: string;
  scopes?: string[];
  /** Whom the token is for, where the application says so. */
  audience?: string;
  state: CredentialState;
  /** 8 hex digits of a keyed hash, as logs and events name it. */
  credential?: string;
  /** Wall clock, in milliseconds since the epoch. */
  obtainedAtMs?: number;
  /** Wall clock, in milliseconds since the epoch; absent for a static key. */
  expiresAtMs?: number;
  /** Wall clock, in milliseconds since the epoch: when its client certificate ends, where it has one. */
  certificateEndsAtMs?: number;
  /** The code of the last failure, until something succeeds again. */
  lastErrorCode?: string;
  /** The provider's own word for it, where it gave one. */
  lastErrorReason?: string;
  /** What goes on failing: of each of these the last one failed. Why, and what to do, is in `explain()`. */
  failing?: ('login' | 'call' | 'load' | 'save')[];
  /** The last failure, also one that is over. Wall clock, in milliseconds since the epoch. */
  lastFailure?: { on: 'login' | 'call' | 'load' | 'save'; atMs: number };
  /**
   * Since when an earlier secret is in use, because the file of the secret cannot be used. Wall clock, in milliseconds
   * since the epoch. Known since the file was last read.
   */
  outdatedSinceMs?: number;
  /** Wall clock of the next attempt, while a back-off lasts. */
  nextAttemptAtMs?: number;
  /** What the provider last said about its limits, as it said it. */
  rateLimit?: {
    limit?: number;
    remaining?: number;
    resetAtMs?: number;
    retryAfterMs?: number;
    seenAtMs: number;
  };
  counters: {
    /** Calls of the provider's `HttpService`, each once however often it was sent. */
    calls: number;
    /**
     * Those that failed in the end: refused, limited, not served, without an answer or without a credential. What an API
     * answers to what it was asked (404, 409, 422) is no failure.
     */
    failedCalls: number;
    /** Requests sent to the token endpoint. */
    tokenRequests: number;
    /** Those that gave no token. */
    tokenFailures: number;
    /** Tokens obtained while the one before still served. */
    earlyRenewals: number;
    /** Calls that the provider refused. */
    refusals: number;
    /** Calls sent a second time. */
    replays: number;
    /** Calls that had to wait for a credential. */
    waits: number;
  };
}

/** Why a credential is in its state, for people on call. Plain data, safe to log and to send: no secret in it. */
export interface CredentialExplanation {
  state: CredentialState;
  /** Since when it is in that state. Wall clock, in milliseconds since the epoch, as all instants here. */
  sinceMs: number;
  /** Absent where only a base URL was given. */
  environment?: string;
  /** Where calls go. */
  host: string;
  /** The last call that was accepted, or the last token that was obtained. Absent where nothing has succeeded yet. */
  lastSuccessAtMs?: number;
  /** The last failure; also one that is over, and then there is no `cause`. */
  lastFailure?: {
    on: 'login' | 'call' | 'load' | 'save';
    atMs: number;
    host?: string;
    status?: number;
    /** The provider's own words, the system's, or `HTTP 503`. */
    reason: string;
  };
  /**
   * At the latest then, calls ask for a token again. A new secret ends the pause, and so do many refused calls in a row where
   * it is refusals that have caused it.
   */
  pausedUntilMs?: number;
  /** When the client certificate ends, where there is one. */
  certificateEndsAtMs?: number;
  /** What is behind the failure that goes on, or behind a login that takes long. Absent where neither is. */
  cause?: string;
  /** What to do about it. */
  fix?: string;
}

/** Header values as other clients hold them: a `Headers`, or an object. */
export type HeadersLike = Headers | Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A request of another client, before it carries anything. */
export interface RequestToAuthenticate {
  readonly method: string;
  /** Absolute, or below the base URL. */
  readonly url: string | URL;
  readonly headers?: HeadersLike;
  readonly body?: string | Uint8Array;
  /** @default the configured ones */
  readonly scopes?: readonly string[];
  /** @default the configured one */
  readonly audience?: string;
  /** The named host. @default the provider's first */
  readonly host?: string;
}

/** The same request with everything that it has to carry. Send it as it is: what is signed is this. */
export interface AuthenticatedRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly credential: Credential;
}

/**
 * The credential of one provider, and of one account where there are many. Injected with `@InjectCredentials(name)`.
 */
export interface CredentialService {
  /** The headers that a request must carry, from memory when it can. The object is the caller's own. */
  headers(): Promise<Record<string, string>>;
  /**
   * Everything that one request has to carry, its signature included, for clients other than the provider's
   * `HttpService`. Ask again for each request, and for each time one is sent.
   *
   * @throws INSECURE_DESTINATION for a URL that is not the provider's
   * @throws SIGNING_FAILED when the definition's `sign` fails
   */
  authenticate(request: RequestToAuthenticate): Promise<AuthenticatedRequest>;
  /** What other clients connect with, where the provider wants a client certificate; `undefined` where it wants none. */
  agent(): Promise<Agent | undefined>;
  /** The current credential. However many callers ask at once, at most one token request is in flight. */
  get(): Promise<Credential>;
  /**
   * A new credential, unless `refused` was given and has been replaced already: then the one that replaced it.
   * Tried at once, also when the provider has rejected the secret before.
   */
  refresh(refused?: Credential): Promise<Credential>;
  /** Gives the token back to the provider where it takes one back, and forgets it here in any case. */
  revoke(): Promise<void>;
  /**
   * Authenticates with other static credentials from now on, without a restart: with `credentials` (a list: newest
   * first), or with what the configured source says when it is asked again. Calls on their way finish with what they
   * carry; tokens obtained with the old secret are dropped, in a shared store too. With `credentials`, they stand
   * until the next `rotate()`; without, it is the configured source that counts again. Messages are signed and verified
   * with the new ones from then on, so give the fields that webhooks and checksums need as well: nothing is taken over
   * from those before. As long as the old ones stand in the list, webhooks that were signed with them are accepted.
   *
   * Resolves when the new ones have been accepted, where the credential was in use.
   *
   * @throws INVALID_OPTIONS when `credentials` cannot be used; the ones before stay in place
   * @throws CREDENTIALS_REJECTED when the provider does not accept the new ones
   */
  rotate(credentials?: Credentials | readonly Credentials[]): Promise<void>;
  /** What can be known of the credential without knowing it. Asks nobody. */
  status(): CredentialStatus;
  /**
   * The same provider for another merchant, or for its own account ({@link OWN_ACCOUNT}).
   *
   * @throws ACCOUNT_UNKNOWN when used, if there is no such account
   */
  account(id: string | typeof OWN_ACCOUNT): CredentialService;
}
