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

/** Whose credentials an error is about. */
export interface Owner {
  readonly provider: string;
  readonly account: string | undefined;
}

/** What an error about credentials tells besides whose they are, so that a log line leads to its cause. */
export interface Circumstances {
  /** What was asked with, or for: 8 hex digits of a keyed hash. */
  readonly credential?: string | undefined;
  /** The host that was asked, or that would have been. */
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Static credentials that cannot be used, and what is wrong with them: a field by its name, never its value. Internal:
 * callers get it as `CREDENTIALS_UNAVAILABLE`, with whose credentials they are.
 */
export class UnusableCredentialsError extends Error {
  override readonly name = 'UnusableCredentialsError';

  // Without a cause of its own it has none, whatever somebody has put on `Object.prototype`.
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

/** The one that lives is to be kept, and asked for again later: no failure either. Internal. */
export class LoginPostponed extends Error {
  override readonly name = 'LoginPostponed';

  constructor(readonly forMs: number) {
    super();
  }
}

/** Nothing was asked of the provider: that is no outage of it, and the account has not failed. Internal. */
export class LoginUnsent extends Error {
  override readonly name = 'LoginUnsent';

  constructor(
    readonly reason: string,
    /** When another attempt makes sense, as far as is known. */
    readonly retryAfterMs: number,
    /** When to ask again, where that is sooner than an answer can be expected. */
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
 * A token that is forgotten here, and could not be given back.
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
    `The token of ${whose(owner)} is forgotten here, and could not be given back: ${reason}.${remedy} The token counts at the provider until it ends; where that is too late, end it in the provider's dashboard.`,
    detailsOf(owner, reason, undefined, circumstances),
  );
}

/** What helps where a definition fails. */
const CORRECT_IT = 'Correct the definition, or the value or option where one is named';

/** A failure that waiting does not solve, as the error that callers get. */
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

/** The event that tells of it. */
export function rejectionEvent({ code }: Pick<Rejected, 'code'>) {
  if (code === 'GRANT_REJECTED') return 'grant-rejected';
  return code === 'DEFINITION_FAULT' ? 'definition-fault' : 'credentials-rejected';
}

/**
 * Whatever ended a login, as the error that callers get.
 *
 * @param known what the login was made with, and where
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
