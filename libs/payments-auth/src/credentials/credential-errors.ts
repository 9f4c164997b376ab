import { define, fieldOf, ownCopy } from '../own-properties.js';
import { sayDuration } from '../duration.js';
import { DefinitionFault } from '../strategies/definition-fault.js';
import {
  PaymentsAuthError,
  type PaymentsAuthErrorCode,
  type PaymentsAuthErrorDetails,
  isPaymentsAuthError,
} from '../payments-auth.errors.js';
import { told } from '../scrubbing.js';
import type { Rejected } from '../strategies/strategy.js';
import { type AccountName, OWN_ACCOUNT } from './credential.service.js';

/** The owner of the credentials that an error is about. */
export interface Owner {
  readonly provider: string;
  readonly account: string | undefined;
}

/** Further facts in an error about credentials, with which a log line leads to the cause. */
export interface Circumstances {
  /** The id of the credential that was used or needed: 8 hex digits of a keyed hash. */
  readonly credential?: string | undefined;
  /** The host that was asked, or that would have been. */
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Static credentials that cannot be used. The message names the field and never its value. Internal: callers get
 * `CREDENTIALS_UNAVAILABLE`, which names the owner.
 */
export class UnusableCredentialsError extends Error {
  override readonly name = 'UnusableCredentialsError';

  // Without a cause of its own, the error has none: a `cause` that other code has set on `Object.prototype` does not
  // count.
  static {
    define(this.prototype, 'cause', { value: undefined, writable: true });
  }

  /** @param cause the application's own error */
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
  }
}

/** No caller waits for the login any more. This is not a failure, and nothing is remembered. Internal. */
export class LoginCancelled extends Error {
  override readonly name = 'LoginCancelled';
}

/** The renewal is put off, and the current token stays in use. This is not a failure. Internal. */
export class LoginPostponed extends Error {
  override readonly name = 'LoginPostponed';

  constructor(readonly forMs: number) {
    super();
  }
}

/** No request was sent to the provider. This is neither an outage nor a failure of the account. Internal. */
export class LoginUnsent extends Error {
  override readonly name = 'LoginUnsent';

  constructor(
    readonly reason: string,
    /** After this time another attempt may succeed, in milliseconds, as far as is known. */
    readonly retryAfterMs: number,
    /** After this time callers may ask again, in milliseconds, where that is sooner. */
    readonly askAgainAfterMs?: number,
    readonly circumstances?: Circumstances,
  ) {
    super(reason);
  }
}

export function accountUnknown(provider: string, account: AccountName): PaymentsAuthError {
  const details = { provider, ...(typeof account === 'string' ? { account } : {}) };
  return new PaymentsAuthError('ACCOUNT_UNKNOWN', whyUnknown(provider, account), details);
}

function whyUnknown(provider: string, account: AccountName): string {
  if (account === OWN_ACCOUNT)
    return `Provider "${provider}" has no account of its own. Give it credentials, or name another account.`;
  if (account === undefined)
    return `Provider "${provider}" has accounts, and the call names none. Name one: { paymentsAuth: { account } }; the provider's own is OWN_ACCOUNT. paymentsAuth.http(name, account) is bound to one.`;
  if (account === null || account === '')
    return `The call names an account of provider "${provider}", but the name is missing or empty. Check where it comes from.`;
  return `Provider "${provider}" has no account "${told(account)}". Add it to its accounts, or check the name.`;
}

export function unavailable(
  owner: Owner,
  reason: string,
  waitMs?: number,
  circumstances: Circumstances = {},
): PaymentsAuthError {
  const next =
    waitMs === undefined ? 'Try again later.' : `The next attempt is possible in ${sayDuration(waitMs)}.`;
  return new PaymentsAuthError(
    'CREDENTIALS_UNAVAILABLE',
    `${nameOf(owner)} are not available: ${reason}. ${next}`,
    detailsOf(owner, reason, waitMs, circumstances),
  );
}

/**
 * The error for a token that this process has forgotten, but could not revoke at the provider.
 *
 * @param reason what went wrong, without a secret in it
 */
export function notGivenBack(
  owner: Owner,
  code: 'CREDENTIALS_UNAVAILABLE' | 'DEFINITION_FAULT',
  reason: string,
  circumstances: Circumstances = {},
): PaymentsAuthError {
  const remedy = code === 'DEFINITION_FAULT' ? ` ${CORRECT_IT}.` : '';
  return new PaymentsAuthError(
    code,
    `The token of ${whose(owner)} is no longer used here, but could not be revoked at the provider: ${reason}.${remedy} The token stays valid at the provider until it ends; if that is too late, end it in the provider's dashboard.`,
    detailsOf(owner, reason, undefined, circumstances),
  );
}

/** The advice for a definition that fails. */
const CORRECT_IT = 'Correct the definition, or the value or option where one is named';

/** The error that callers get for a failure that waiting does not end. */
export function rejected(
  owner: Owner,
  rejection: Omit<Rejected, 'outcome'> & Circumstances & { readonly retryAfterMs?: number },
): PaymentsAuthError {
  const { code = 'CREDENTIALS_REJECTED', reason, retryAfterMs: waitMs } = ownCopy(rejection);
  return new PaymentsAuthError(
    code,
    whyRejected(code, owner, reason, waitMs),
    detailsOf(owner, reason, waitMs, rejection),
  );
}

function whyRejected(
  code: PaymentsAuthErrorCode,
  owner: Owner,
  reason: string,
  waitMs: number | undefined,
): string {
  const { provider, account } = owner;
  if (code === 'GRANT_REJECTED')
    return `${nameOf(owner)} hold a refresh token that the provider rejects: ${reason}. The merchant has to connect the account again; the same refresh token is not tried again for a while, another one at once.`;
  if (code === 'DEFINITION_FAULT')
    return `The definition of provider "${provider}" fails${account === undefined ? '' : ` for account "${told(account)}"`}: ${reason}. ${CORRECT_IT}; waiting does not help${waitMs === undefined ? '' : ', and a login is not tried again for a while'}.`;
  return `${nameOf(owner)} are rejected by the provider: ${reason}. Check them in the provider's dashboard and in the configuration; the same ones are not tried again for a while, changed ones at once.`;
}

/** The event for such a failure. */
export function rejectionEvent({ code }: Pick<Rejected, 'code'>) {
  if (code === 'GRANT_REJECTED') return 'grant-rejected';
  return code === 'DEFINITION_FAULT' ? 'definition-fault' : 'credentials-rejected';
}

/**
 * The error that callers get for any failure of a login.
 *
 * @param known the credential and the host of the login
 */
export function toCallersError(owner: Owner, error: unknown, known: Circumstances = {}): PaymentsAuthError {
  if (isPaymentsAuthError(error)) return error;
  const { cause } = error as Error;
  if (error instanceof UnusableCredentialsError)
    return unavailable(owner, error.message, undefined, { ...known, cause });
  if (error instanceof LoginUnsent)
    return unavailable(owner, error.reason, error.retryAfterMs, error.circumstances);
  if (error instanceof DefinitionFault)
    return rejected(owner, { ...known, code: 'DEFINITION_FAULT', reason: error.message, cause });
  if (error instanceof LoginCancelled) return unavailable(owner, 'the login was given up', undefined, known);
  return unavailable(owner, 'an internal error', undefined, { ...known, cause: error });
}

/** Each waiting caller gets an error object of its own, because a caller may write into the one that it catches. */
export function rethrowAsOwn(error: unknown): never {
  if (!isPaymentsAuthError(error)) throw error;
  throw new PaymentsAuthError(error.code, error.message, error);
}

function detailsOf(
  owner: Owner,
  reason: string,
  waitMs: number | undefined,
  circumstances: Circumstances,
): PaymentsAuthErrorDetails {
  const { credential, host, status } = ownCopy(circumstances);
  const cause = fieldOf(circumstances, 'cause');
  return {
    provider: owner.provider,
    reason,
    ...(owner.account === undefined ? {} : { account: owner.account }),
    ...(credential === undefined ? {} : { credential }),
    ...(host === undefined || host === '' ? {} : { host }),
    ...(status === undefined ? {} : { status }),
    ...(waitMs === undefined ? {} : { retryAfterMs: Math.ceil(waitMs) }),
    ...(cause === undefined ? {} : { cause }),
  };
}

function nameOf(owner: Owner): string {
  return `The credentials of ${whose(owner)}`;
}

function whose({ provider, account }: Owner): string {
  return `provider "${provider}"${account === undefined ? '' : `, account "${told(account)}"`}`;
}
