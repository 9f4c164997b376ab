import type { Account } from './account.js';
import type { ExchangeKind } from './exchange-kind.js';
import type { RateLimitState } from './rate-limits.js';
import type { ReceivedRequest } from './received-request.js';

/** How a request ended. */
export type Outcome =
  /** The provider did what was asked. */
  | 'accepted'
  /** The provider did not accept the credential of a call, or did not issue a token for a login. */
  | 'refused'
  /** The credential is good, but the call is not allowed with it, or is not understood. */
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
  /** A fault replaces the real expiry in the token answer by this. */
  statedExpiry?: { readonly value: unknown };
}
