import type { CallAnswer, CallFailure, CallJournal, Refusal } from './call-answer.js';
import type { Credential } from './credential.js';
import type { AccountName } from './credential.service.js';

/**
 * The functions of a kept credential that HTTP calls use: for one provider, account and scope set.
 *
 * `peek` is the hot path: no promise, no I/O. `answered` closes every attempt. The other two are for when a credential
 * is missing or was refused.
 */
export interface CredentialSpender {
  /**
   * A credential to use now. When it is due, a renewal starts in the background. `undefined`: call {@link obtain}.
   *
   * @param mayRepeat whether the call can be repeated after any answer. Such a call may carry an unproven one
   */
  peek(mayRepeat?: () => boolean): Credential | undefined;
  /** Waits for a credential. The wait belongs to the caller. The token request belongs to no caller (R3). */
  obtain(): Promise<Credential>;
  /** What the waiting callers wait for; `undefined` when no login is under way. */
  readonly awaits?: AwaitedLogin | undefined;
  /**
   * The provider has refused `refused`. Resolves to the credential with which the call is sent again, or to `undefined`
   * when there is no better one: then the caller gets the refusal. Never rejects (R11, R12).
   */
  replace(refused: Credential, refusal: Refusal): Promise<Credential | undefined>;
  /** The result of one attempt. Called once for each attempt, also if it was not sent. Never throws. */
  answered(credential: Credential, answer: CallAnswer): void;
  readonly journal: CallJournal;
}

/** The login that a call without a credential waits for. */
export interface AwaitedLogin {
  /** The host of the login, where it is known. */
  readonly host?: string;
  /** The id of the static credentials of the login, where it is known: 8 hex digits. */
  readonly credential?: string;
  readonly words: string;
  readonly cause?: Error;
}

/** Finds the spender of a call. One per provider name. */
export interface CredentialSpenders {
  /**
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN when no account is named and the provider has none of its own, or when the
   *   name is not there and the provider has accounts
   */
  spender(account: AccountName, scopes: readonly string[] | undefined, audience?: string): CredentialSpender;
  /** A call was not sent, and it is not known whose credential it would have carried. */
  unsent(account: AccountName, failure: CallFailure): void;
}
