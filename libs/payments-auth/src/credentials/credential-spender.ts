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
   * A credential to use now; starts a renewal behind the caller's back when it is due. `undefined`: {@link obtain} it.
   *
   * @param mayRepeat whether the call can be repeated whatever comes of it: such a call may carry a credential that is
   *   still to be proven
   */
  peek(mayRepeat?: () => boolean): Credential | undefined;
  /** Waits for one. The wait belongs to the caller; the request behind it to nobody (R3). */
  obtain(): Promise<Credential>;
  /** What those who wait are waiting for; `undefined` when nothing is under way. */
  readonly awaits?: AwaitedLogin | undefined;
  /**
   * The provider refused `refused`. Resolves to what the call is sent again with, or to `undefined` when nothing better
   * can be had: the refusal is then the answer. Never rejects (R11, R12).
   */
  replace(refused: Credential, refusal: Refusal): Promise<Credential | undefined>;
  /** What became of one attempt; told once for each, also of those that were not sent. Never throws. */
  answered(credential: Credential, answer: CallAnswer): void;
  readonly journal: CallJournal;
}

/** What a call without a credential waits for. */
export interface AwaitedLogin {
  /** The host that is asked for it, where that is known. */
  readonly host?: string;
  /** Of what it logs in with, where that is known: 8 hex digits. */
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
