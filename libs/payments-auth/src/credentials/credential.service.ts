import type { Agent } from 'node:https';
import type { Credentials } from '../strategies/strategy.js';
import type { Credential } from './credential.js';

/**
 * The provider's own account, where it has `accounts` too. There, a call without an account throws an error, so that a
 * forgotten account never charges the wrong merchant.
 *
 * @example
 * ```ts
 * http.get('/balance', { paymentsAuth: { account: OWN_ACCOUNT } });
 * ```
 */
export const OWN_ACCOUNT: unique symbol = Symbol.for('nestjs-payments-auth.own-account');

/**
 * The account that a call names. `undefined`: the call names none. `null`: the call names one, but the name is missing
 * (`{ account: merchant.id }` of a merchant without an id). Such a call must never use the provider's own account.
 */
export type AccountName = string | typeof OWN_ACCOUNT | null | undefined;

/** The state of one credential. */
export type CredentialState =
  /** No call has needed it yet, or it was dropped because no call has needed it for long. */
  | 'idle'
  /** The first login is under way. */
  | 'acquiring'
  /** Usable. */
  | 'fresh'
  /** Usable, and being renewed before its end. */
  | 'due'
  /** Usable, but the last renewal failed: calls go on with the old token. */
  | 'degraded'
  /**
   * No usable credential, and the last attempt failed. Also where the token lives, but its last answer was a refusal.
   */
  | 'unavailable'
  /**
   * The provider says that the secret is wrong, and no call succeeds. While a token still serves, the state is
   * `degraded`.
   */
  | 'rejected';

/** The status of a credential. Plain data without a secret, safe to log and to send. */
export interface CredentialStatus {
  /** The name the provider is registered under. */
  provider: string;
  /** Absent where only a base URL was given. */
  environment?: string;
  /** Where calls go. Absent for a fake in a test, whose calls are not sent. */
  host?: string;
  account?: string;
  scopes?: string[];
  /** The audience of the token, where the application names one. */
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
  /** The provider's own word for the last failure, where it gave one. */
  lastErrorReason?: string;
  /** The steps that fail: the last one of each of these kinds has failed. `explain()` tells why, and what to do. */
  failing?: ('login' | 'call' | 'load' | 'save')[];
  /** The last failure, even if it is over. Wall clock, in milliseconds since the epoch. */
  lastFailure?: { on: 'login' | 'call' | 'load' | 'save'; atMs: number };
  /**
   * Since when an earlier secret is in use, because the file of the secret cannot be used. Wall clock, in milliseconds
   * since the epoch. Known since the file was last read.
   */
  outdatedSinceMs?: number;
  /** Wall clock of the next attempt, while a back-off lasts. */
  nextAttemptAtMs?: number;
  /** The limits that the provider has last stated, unchanged. */
  rateLimit?: {
    limit?: number;
    remaining?: number;
    resetAtMs?: number;
    retryAfterMs?: number;
    seenAtMs: number;
  };
  counters: {
    /** Calls of the provider's `HttpService`. A call counts once, even if it was sent several times. */
    calls: number;
    /**
     * Calls that failed in the end: refused, limited, not served, without an answer or without a credential. An API's
     * answer to the request itself (404, 409, 422) is not a failure.
     */
    failedCalls: number;
    /** Requests sent to the token endpoint. */
    tokenRequests: number;
    /** Requests that gave no token. */
    tokenFailures: number;
    /** Tokens that were obtained while the earlier token still served. */
    earlyRenewals: number;
    /** Calls that the provider refused. */
    refusals: number;
    /** Calls sent a second time. */
    replays: number;
    /** Calls that had to wait for a credential. A call that gets its error at once, during a pause, does not count. */
    waits: number;
  };
}

/** Why a credential is in its state, for people on call. Plain data without a secret, safe to log and to send. */
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
  /** The last failure, even if it is over. Then there is no `cause`. */
  lastFailure?: {
    on: 'login' | 'call' | 'load' | 'save';
    atMs: number;
    host?: string;
    status?: number;
    /** The provider's own words, those of the system, or `HTTP 503`. */
    reason: string;
  };
  /**
   * Until then, calls do not ask for a token. A new secret ends this pause earlier. Many refused calls in a row do so
   * too, where refusals have caused the pause.
   */
  pausedUntilMs?: number;
  /** When the client certificate ends, where there is one. */
  certificateEndsAtMs?: number;
  /** The cause of a failure that goes on, or of a login that takes long. Absent where there is neither. */
  cause?: string;
  /** What to do about the cause. */
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

/** The same request with everything that it has to carry. Send it unchanged, because it may be signed. */
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
  /** The headers that a request must carry, from memory where possible. The object belongs to the caller. */
  headers(): Promise<Record<string, string>>;
  /**
   * Everything that one request has to carry, its signature included, for clients other than the provider's
   * `HttpService`. Ask again for each request, and for each time one is sent.
   *
   * @throws INSECURE_DESTINATION for a URL that is not the provider's
   * @throws SIGNING_FAILED when the definition's `sign` fails
   */
  authenticate(request: RequestToAuthenticate): Promise<AuthenticatedRequest>;
  /**
   * The agent for connections of other clients, where the provider needs a client certificate; `undefined` where it
   * needs none.
   */
  agent(): Promise<Agent | undefined>;
  /** The current credential. For any number of callers at the same time, at most one token request is in flight. */
  get(): Promise<Credential>;
  /**
   * A new credential. If `refused` is given and was already replaced, the current one is returned. The login is tried
   * at once, even when the provider has rejected the secret before.
   */
  refresh(refused?: Credential): Promise<Credential>;
  /** Revokes the token at the provider, where the provider offers that. This process forgets the token in any case. */
  revoke(): Promise<void>;
  /**
   * Changes the static credentials without a restart: to `credentials` (a list: newest first), or to those that the
   * configured source gives when it is asked again. Calls on their way end with what they carry. Tokens that were
   * obtained with the old secret are dropped, in a shared store too. `credentials` stay in use until the next
   * `rotate()`. Without an argument, the configured source is used again. Messages are signed and verified with the new
   * credentials from then on. So give the fields that webhooks and checksums need as well: no value of the earlier
   * credentials is kept. As long as the old credentials are in the list, webhooks that were signed with them are
   * accepted.
   *
   * Where the credential was in use, the promise resolves when the provider has accepted the new credentials.
   *
   * @throws INVALID_OPTIONS when `credentials` cannot be used. Then the earlier ones stay in use
   * @throws CREDENTIALS_REJECTED when the provider rejects the login with the new ones
   */
  rotate(credentials?: Credentials | readonly Credentials[]): Promise<void>;
  /** The status of the credential. It sends no request. */
  status(): CredentialStatus;
  /**
   * The same provider for another merchant, or for its own account ({@link OWN_ACCOUNT}).
   *
   * @throws ACCOUNT_UNKNOWN when used, if there is no such account
   */
  account(id: string | typeof OWN_ACCOUNT): CredentialService;
}
