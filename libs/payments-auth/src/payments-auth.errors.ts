import { define } from './own-properties.js';
import { plainCause } from './scrubbing.js';

/**
 * The kind of the error, by which code can decide. The codes stay the same across releases.
 *
 * - `INVALID_OPTIONS`: refused at boot; `problems` names every wrong path or variable.
 * - `PROVIDER_NOT_CONFIGURED`: a provider was used that the application has not configured.
 * - `ACCOUNT_UNKNOWN`: no such account, or none named where the provider has accounts.
 * - `CREDENTIALS_REJECTED`: the provider says that the secret is wrong. Do not retry.
 * - `GRANT_REJECTED`: the provider says that this account's refresh token is wrong. The merchant has to connect
 *   again.
 * - `DEFINITION_FAULT`: the provider's definition fails, or does not know the answer. Correct it; do not retry.
 * - `CREDENTIALS_UNAVAILABLE`: there is no credential right now. Retry later; see `retryAfterMs`.
 * - `INVALID_REQUEST`: the options of the call in `paymentsAuth` have a mistake. Nothing was sent.
 * - `INSECURE_DESTINATION`: the request would have sent a credential to a host that is not the provider's.
 * - `SIGNING_FAILED`: the call could not be signed. Nothing was sent; see `cause`.
 */
export type PaymentsAuthErrorCode =
  | 'INVALID_OPTIONS'
  | 'PROVIDER_NOT_CONFIGURED'
  | 'ACCOUNT_UNKNOWN'
  | 'CREDENTIALS_REJECTED'
  | 'GRANT_REJECTED'
  | 'DEFINITION_FAULT'
  | 'CREDENTIALS_UNAVAILABLE'
  | 'INSECURE_DESTINATION'
  | 'INVALID_REQUEST'
  | 'SIGNING_FAILED';

/** The fields of a {@link PaymentsAuthError} besides its code and message. None of them ever holds a secret. */
export interface PaymentsAuthErrorDetails {
  /** The name the provider is registered under. */
  provider?: string;
  /** The merchant account, as the application named it. */
  account?: string;
  /** The credential that it was about: 8 hex digits of a keyed hash, as in events and logs. */
  credential?: string;
  /** The host that was asked, where one was. */
  host?: string;
  /** The status that the host answered with, where it answered. */
  status?: number;
  /** The provider's own word for the refusal (`invalid_client`), where it gave one. */
  reason?: string;
  /** How long to wait before another attempt can succeed, in milliseconds, where that is known. */
  retryAfterMs?: number;
  /** Every problem found at boot, each naming its path or variable (`INVALID_OPTIONS` only). */
  problems?: readonly string[];
  /**
   * The cause. Only its name, message, code, stack and the facts of a connection are kept, because the rest can hold a
   * request, or a query with its parameters.
   */
  cause?: unknown;
}

const SAID = [
  'provider',
  'account',
  'credential',
  'host',
  'status',
  'reason',
  'retryAfterMs',
  'problems',
  'cause',
] satisfies (keyof PaymentsAuthErrorDetails)[];

const BRAND = Symbol.for('nestjs-payments-auth.error');

/**
 * The one error class of this library. Decide on {@link PaymentsAuthError.code}, never on the message.
 *
 * Not every failed call ends in this error. An answer of the provider's API, also a second refusal, reaches the caller
 * as an `AxiosError`.
 */
export class PaymentsAuthError extends Error {
  override readonly name = 'PaymentsAuthError';
  /** The kind of the error. Decide by it. */
  readonly code: PaymentsAuthErrorCode;
  /** The name the provider is registered under. */
  declare readonly provider?: string;
  /** The merchant account, as the application named it. */
  declare readonly account?: string;
  /** The credential that it was about: 8 hex digits of a keyed hash, as in events and logs. */
  declare readonly credential?: string;
  /** The host that was asked, where one was. */
  declare readonly host?: string;
  /** The status that the host answered with, where it answered. */
  declare readonly status?: number;
  /** The provider's own word for the refusal (`invalid_client`), where it gave one. */
  declare readonly reason?: string;
  /** How long to wait before another attempt can succeed, in milliseconds, where that is known. */
  declare readonly retryAfterMs?: number;
  /** Every problem found at boot, each naming its path or variable (`INVALID_OPTIONS` only). */
  declare readonly problems?: readonly string[];

  // A field that an error does not have is not read from `Object.prototype`, where somebody may have put one.
  static {
    for (const name of SAID) define(this.prototype, name, { value: undefined, writable: true });
  }

  constructor(code: PaymentsAuthErrorCode, message: string, details: PaymentsAuthErrorDetails = {}) {
    const cause = Object.hasOwn(details, 'cause') ? details.cause : undefined;
    super(message, cause === undefined ? undefined : { cause: plainCause(cause) });
    this.code = code;
    for (const [name, value] of Object.entries(details))
      if (value !== undefined && name !== 'cause') Object.assign(this, { [name]: value });
    define(this, BRAND, { value: true });
  }
}

/**
 * The error that stops the boot. It has no stack, because Nest would print the stack below the message, and none of its
 * lines would be of the application.
 */
export function bootError(message: string, problems: readonly string[]): PaymentsAuthError {
  const error = new PaymentsAuthError('INVALID_OPTIONS', message, { problems });
  error.stack = `${error.name}: ${message}`;
  return error;
}

/**
 * Whether `error` is a {@link PaymentsAuthError}, also when it comes from another copy of this package, where
 * `instanceof` would say no.
 */
export function isPaymentsAuthError(error: unknown): error is PaymentsAuthError {
  return typeof error === 'object' && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
}
