import type { Credentials } from '../strategies/strategy.js';

/**
 * The static credentials that the accounts of one provider authenticate with now: those that were configured, or
 * those that the application has rotated to since. Calls and signed messages both take them from here.
 *
 * An account is named by its id; `undefined` is the provider's own.
 */
export interface CredentialsInForce {
  /** Whether a second call can give other credentials. */
  isDynamic(account: string | undefined): boolean;
  /** How long the credentials may be used, where they can change, in milliseconds. */
  ttlMs(account: string | undefined): number;
  /**
   * Newest first, never empty.
   *
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN; any other error when the credentials are not available now
   */
  resolve(account: string | undefined): Promise<readonly { readonly credentials: Credentials }[]>;
  /** Calls `listener` whenever earlier credentials are no longer valid. */
  onRotated(listener: (account: string | undefined) => void): void;
}
