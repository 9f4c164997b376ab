import type { Account } from './account.js';
import type { ExchangeKind } from './exchange-kind.js';
import type { RateLimitState } from './rate-limits.js';
import type { ReceivedRequest } from './received-request.js';

/** What became of a request. */
export type Outcome =
  /** The provider did what was asked. */
  | 'accepted'
  /** The provider did not accept the credential, or did not issue a token. */
  | 'refused'
  /** The credential is good; the call is not allowed with it, or not understood. */
  | 'declined'
  /** Over a rate limit. */
  | 'limited'
  /** A fault answered instead of the provider. */
  | 'failed';

/** One request on its way through the sandbox, and what is known of it so far. */
export interface Exchange {
  readonly kind: ExchangeKind;
  readonly request: ReceivedRequest;
  account?: Account;
  outcome: Outcome;
  /** Whether the provider carried out what was asked: true also when the answer then says no. */
  executed: boolean;
  /** The limit that the answer reports, where the provider reports one. */
  rateLimit?: RateLimitState;
  /** What the token answer states instead of the real expiry, by order of a fault. */
  statedExpiry?: { readonly value: unknown };
}
