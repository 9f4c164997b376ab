import type { Credential } from './credential.js';

/** One attempt of a call that the provider has refused. Both instants are on the monotonic clock, in milliseconds. */
export interface RefusedAttempt {
  readonly credential: Credential;
  readonly status: number;
  readonly sentAtMs: number;
  readonly refusedAtMs: number;
}

/** How a call was refused. */
export interface Refusal {
  readonly status: number;
  /** Whether the provider refused in its own words. Otherwise it was a bare 401 or 403, perhaps from a gateway. */
  readonly own: boolean;
  /** Whether the call may be sent again. */
  readonly replayable: boolean;
  /** Every attempt of this call so far, the one that was just refused included. */
  readonly attempts: readonly RefusedAttempt[];
}

/** The reasons for which calls fail. Metrics count failures by them. */
export const CALL_FAILURES = [
  /** The provider refused what the call carried, or the call: 401, 403, 407, or its own words for that. */
  'refused',
  /** 429. */
  'limited',
  /** 5xx. */
  'server-error',
  /** No whole answer came in time. */
  'timeout',
  /** The connection was cut, or there was none. */
  'network',
  /** The call needed a credential, and none came. */
  'no-credential',
  /** The call could not be signed. */
  'not-signed',
  /**
   * The call was not sent for another reason: an address that is not allowed, a mistake in the call, a fault of the
   * definition.
   */
  'not-sent',
] as const;

export type CallFailureKind = (typeof CALL_FAILURES)[number];

/** Why a call failed. An API's answer to the request itself is not a failure. It contains no secret. */
export interface CallFailure {
  readonly kind: CallFailureKind;
  /** The code of the error with which the call ended, where it was not sent. */
  readonly code?: string | undefined;
  /** Absent where the host of the call is not known. */
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  readonly reason: string;
  /** Whether the provider itself says that the credential is not valid. */
  readonly isOwn?: boolean | undefined;
  readonly clockDifferenceMs?: number | undefined;
}

/** Records calls, besides their attempts. Never throws. */
export interface CallJournal {
  /** The fault of the provider's definition, where a refusal has shown one. */
  readonly definitionFault?: string | undefined;
  /** A call has ended, after all of its attempts. @param failed why it failed in the end; `undefined` where it has not */
  ended(failed: CallFailureKind | undefined): void;
  /** A request of another client was authenticated. So a reason that prevented this before is over. */
  left(): void;
  /**
   * A call was not sent, or the request of another client could not be authenticated. @param credential the credential
   * that it would have carried
   */
  unsent(failure: CallFailure, credential?: Credential): void;
}

/**
 * The result of an attempt. The code that creates one must write every field, also as `undefined`. Otherwise the field
 * is read from `Object.prototype`, where other code may have set it.
 */
export interface CallAnswer {
  /** `undefined` when no answer came. */
  readonly status?: number | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** Set when the credential was refused. `own`: in the provider's own words. */
  readonly refused?: { readonly own: boolean } | undefined;
  /** The error of a function of the definition, without a secret in it. */
  readonly definitionFault?: string | undefined;
  /** When it was sent, on the monotonic clock, in milliseconds; `undefined` when it was not sent. */
  readonly sentAtMs?: number | undefined;
  /** It could not be sent: its destination, its signature or its certificate is not right. */
  readonly isUnsent?: boolean;
  /** Set for a failure that operators want to know. */
  readonly failure?: CallFailure | undefined;
  /** The attempts of the same call that were refused before. Empty or absent for the first one. */
  readonly before?: readonly RefusedAttempt[];
}

/**
 * Whether an answer shows that the provider accepts the credential. A 404, 409, 422, 429, a 5xx or no answer does not
 * show it.
 */
export function isAcceptance({ status, refused }: CallAnswer): boolean {
  return status !== undefined && status < 400 && refused === undefined;
}
