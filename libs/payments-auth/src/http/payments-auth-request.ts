import type { OWN_ACCOUNT } from '../credentials/credential.service.js';
import type { ReplayPolicy } from '../providers/configured-provider.js';

/** The options of one call for its authentication. */
export interface PaymentsAuthRequest {
  /**
   * The merchant account whose credentials the call carries; {@link OWN_ACCOUNT} for the provider's own. Where the
   * provider has `accounts`, a call that names none, or whose name is missing (`undefined`, `null`, empty), is
   * `ACCOUNT_UNKNOWN`: a forgotten account must not charge the wrong merchant.
   *
   * @default the provider's own, where it has no `accounts`
   */
  account?: string | typeof OWN_ACCOUNT;
  /** Scopes other than the configured ones, where the provider has scopes. */
  scopes?: readonly string[];
  /**
   * The audience of the token, where the login names one. Each audience has a token of its own.
   *
   * @default the configured one
   */
  audience?: string;
  /** The named host the call goes to, where the provider has several. @default the provider's first */
  host?: string;
  /** Whether the call may be sent a second time after a refusal. @default the provider's `replay` option */
  replay?: ReplayPolicy;
}

/** How one call was sent: on its response, on the response of its error, or on an error without a response. */
export interface PaymentsAuthOutcome {
  /** How often the call was sent: three times at most. */
  attempts: number;
  /**
   * Whether the call was sent more than once. Then the answer is the last one's: a 409 can mean that an earlier
   * attempt had succeeded.
   */
  replayed: boolean;
  /** The status of the first answer, when the call was replayed. */
  firstStatus?: number;
  /** The provider refused the call because of a missing scope. A new token with the same scopes does not help. */
  reason?: 'scope';
  /** The scopes the call needs, as the provider says. */
  required?: readonly string[];
  /** The scopes the token has, as the provider says. */
  held?: readonly string[];
}

declare module 'axios' {
  // The type parameters must be spelled as axios spells them for the declarations to merge.
  // AxiosError is left out: in axios's CommonJS types it is an alias, which nothing can be merged with.
  interface AxiosRequestConfig<D, P> {
    paymentsAuth?: PaymentsAuthRequest;
  }
  interface AxiosResponse<T, D, H, P> {
    paymentsAuth?: PaymentsAuthOutcome;
  }
}
