import type { Account } from './account.js';
import type { ExchangeKind } from './exchange-kind.js';
import type { RateLimitState } from './rate-limits.js';
import type { ReceivedRequest } from './received-request.js';

/** How a request ended. */
export type Outcome =
  /** The provider carried out the request. */
  | 'accepted'
  /** The provider did not accept the credential of a call, or did not issue a token for a login. */
  | 'refused'
  /** The credential is valid, but it does not allow the call, or the provider does not understand the call. */
  | 'declined'
  /** The request goes beyond a rate limit. */
  | 'limited'
  /** A fault answered instead of the provider. */
  | 'failed';

/** One request on its way through the sandbox, and what is known of it so far. */
export interface Exchange {
  readonly kind: ExchangeKind;
  readonly request: ReceivedRequest;
  account?: Account;
  outcome: Outcome;
  /** Whether the provider carried out the request. It is also true when the answer then says that it did not. */
  executed: boolean;
  /** The limit that the answer reports, where the provider reports one. */
  rateLimit?: RateLimitState;
  /** The expiry that a fault puts into the token answer, in place of the real one. */
  statedExpiry?: { readonly value: unknown };
}
