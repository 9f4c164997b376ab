import type { Credential } from './credential.js';
import type { KeyTrials } from './secrets/key-trials.js';
import type { Refusal } from './refusals/refusals.js';

/**
 * What the HTTP room needs of a kept credential: one provider, account and scope set.
 *
 * `peek` is the hot path: no promise, no I/O. The other three are for when a token is missing or was refused.
 */
export interface CredentialSpender {
  /** A credential to use now; starts a renewal behind the caller's back when it is due. `undefined`: {@link obtain} it. */
  peek(): Credential | undefined;
  /** Waits for one. The wait belongs to the caller; the request behind it to nobody (R3). */
  obtain(): Promise<Credential>;
  /**
   * The provider refused `rejected`. Resolves to a credential that differs from it and is worth one replay, or to
   * `undefined` when there is none to be had: renewals are paused, the issuer hands out the same one, the secret is
   * wrong, the provider is down. Never rejects (R11).
   *
   * @param refusal `own`: the provider's own envelope; otherwise a bare 401 or 403 of something in between.
   *   `replayable`: whether the credential that comes of it will be tried at once
   */
  replace(rejected: Credential, refusal: Refusal): Promise<Credential | undefined>;
  /** A newer key that waits for a call which can be repeated whatever comes of it. `undefined` for tokens, and mostly. */
  readonly trials: KeyTrials | undefined;
  /** What a replay came to: a second refusal proves that renewal is no cure, a success ends the pause (R11). */
  replayed(credential: Credential, outcome: ReplayOutcome): void;
  /** The rate-limit headers of an answer, kept as last seen. Names in lower case. */
  observe(headers: Readonly<Record<string, unknown>>): void;
  /** The headers of {@link Credential} that only this call wants (`api-key` on Kashier's sessions). */
  callHeaders(credential: Credential, call: CallTarget): Readonly<Record<string, string>> | undefined;
}

/** What came of sending a refused call once more. */
export interface ReplayOutcome {
  readonly firstStatus: number;
  /** Absent when no answer came: the replay may have been executed, or not. */
  readonly status?: number;
  readonly refusedAgain: boolean;
  /** Whether the second refusal was the provider's own, as in {@link Refusal}. @default true */
  readonly own?: boolean;
}

/** Which call it is. */
export interface CallTarget {
  /** Upper case. */
  readonly method: string;
  /** By the name the definition gives it (`fep`); the default host's name where a call names none. */
  readonly host: string;
  /** Below the base URL, without query. */
  readonly path: string;
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
  spender(account: AccountName, scopes: readonly string[] | undefined): CredentialSpender;
}
