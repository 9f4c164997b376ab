import type { Credentials } from '../strategies/strategy.js';

/**
 * The static credentials that the accounts of one provider authenticate with now: those that were configured, or those
 * that the application has rotated to since. The one place that both calls and signed messages take them from.
 *
 * An account is named by its id; `undefined` is the provider's own.
 */
export interface CredentialsInForce {
  /** Whether asking again can give another answer. */
  isDynamic(account: string | undefined): boolean;
  /** How long an answer may be used where it can change, in milliseconds. */
  ttlMs(account: string | undefined): number;
  /**
   * Newest first, never empty.
   *
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN; anything else when they cannot be had now
   */
  resolve(account: string | undefined): Promise<readonly { readonly credentials: Credentials }[]>;
  /** Calls `listener` whenever an answer from before counts no more. */
  onRotated(listener: (account: string | undefined) => void): void;
}
