import type { Credential } from './credential.js';

/**
 * What the HTTP room needs of a kept credential: one provider, account and scope set.
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
  /** What is wrong with the provider's definition, where a refusal has shown it. */
  readonly definitionFault?: string | undefined;
  /** What became of one attempt; told once for each, also of those that were not sent. Never throws. */
  answered(credential: Credential, answer: CallAnswer): void;
  /** A call that was sent has its answer, after all of its attempts. */
  ended(isFailed: boolean): void;
}

/** What a call without a credential waits for. */
export interface AwaitedLogin {
  /** Which host, why not yet, and when next. */
  readonly words: string;
  /** The last failure, where there was one. */
  readonly cause?: Error;
}

/** One attempt of a call that the provider has refused. Both instants are on the monotonic clock, in milliseconds. */
export interface RefusedAttempt {
  readonly credential: Credential;
  readonly status: number;
  readonly sentAtMs: number;
  readonly refusedAtMs: number;
}

/** How the provider said no. */
export interface Refusal {
  readonly status: number;
  /** In its own words; otherwise it is a bare 401 or 403 of something in between. */
  readonly own: boolean;
  /** Whether the call may be sent again. */
  readonly replayable: boolean;
  /** Every attempt of this call so far, the one that was just refused included. */
  readonly attempts: readonly RefusedAttempt[];
}

/** Why a call failed, as far as it is no answer to what was asked. No secret in it. */
export interface CallFailure {
  readonly host: string;
  readonly status?: number;
  readonly reason: string;
  /** The provider itself says that the credential is no good. */
  readonly isOwn?: boolean;
  readonly clockDifferenceMs?: number;
}

/** What an attempt came to. */
export interface CallAnswer {
  /** Absent when no answer came. */
  readonly status?: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Present when the credential was refused. `own`: in the provider's own words. */
  readonly refused?: { readonly own: boolean };
  /** What a function of the definition threw, without a secret in it. */
  readonly definitionFault?: string | undefined;
  /** When it was sent, on the monotonic clock, in milliseconds; absent when it never left. */
  readonly sentAtMs?: number;
  /** It could not be sent: its destination, its signature or its certificate is not right. */
  readonly isUnsent?: boolean;
  /** Present when something is wrong that operators want to know of. */
  readonly failure?: CallFailure;
  /** The attempts of the same call that were refused before. Empty or absent for the first one. */
  readonly before?: readonly RefusedAttempt[];
}

/** Whether an answer shows that the provider takes the credential. A 404, 409, 422, 429, 5xx or none shows nothing. */
export function isAcceptance({ status, refused }: CallAnswer): boolean {
  return status !== undefined && status < 400 && refused === undefined;
}

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

/** Finds the spender of a call. One per provider name. */
export interface CredentialSpenders {
  /**
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN when no account is named and the provider has none of its own, or when the
   *   name is not there and the provider has accounts
   */
  spender(account: AccountName, scopes: readonly string[] | undefined, audience?: string): CredentialSpender;
}
