import type { Credential } from './credential.js';

/** One attempt of a call that the provider has refused. Both instants are on the monotonic clock, in milliseconds. */
export interface RefusedAttempt {
  readonly credential: Credential;
  readonly status: number;
  readonly sentAtMs: number;
  readonly refusedAtMs: number;
}

/** How the provider said no. */
export interface Refusal {
  readonly status: number;
  /** In its own words; otherwise it is a bare 401 or 403 of something in between. */
  readonly own: boolean;
  /** Whether the call may be sent again. */
  readonly replayable: boolean;
  /** Every attempt of this call so far, the one that was just refused included. */
  readonly attempts: readonly RefusedAttempt[];
}

/** Why calls fail, in few words: what metrics count them by. */
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
  /** It waited for a credential, and none came. */
  'no-credential',
  /** It could not be signed. */
  'not-signed',
  /** It was not sent for another reason: a wrong place, a slip in the call, a fault of the definition. */
  'not-sent',
] as const;

export type CallFailureKind = (typeof CALL_FAILURES)[number];

/** Why a call failed, as far as it is no answer to what was asked. No secret in it. */
export interface CallFailure {
  readonly kind: CallFailureKind;
  /** Of the error that it has ended in, where it was not sent. */
  readonly code?: string | undefined;
  /** Absent where it is not known where it would have gone. */
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  readonly reason: string;
  /** The provider itself says that the credential is no good. */
  readonly isOwn?: boolean | undefined;
  readonly clockDifferenceMs?: number | undefined;
}

/** What is written down of calls besides their attempts. Never throws. */
export interface CallJournal {
  /** What is wrong with the provider's definition, where a refusal has shown it. */
  readonly definitionFault?: string | undefined;
  /** A call has ended, after all of its attempts. @param failed why it failed in the end; `undefined` where it has not */
  ended(failed: CallFailureKind | undefined): void;
  /** The request of another client was made: what kept it from that is over. */
  left(): void;
  /** A call was not sent, or the request of another client could not be made. @param credential what it would have carried */
  unsent(failure: CallFailure, credential?: Credential): void;
}

/**
 * What an attempt came to. Whoever makes one writes every field, be it `undefined`: what is left out is read from
 * `Object.prototype`, where somebody may have put it.
 */
export interface CallAnswer {
  /** `undefined` when no answer came. */
  readonly status?: number | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** Given when the credential was refused. `own`: in the provider's own words. */
  readonly refused?: { readonly own: boolean } | undefined;
  /** What a function of the definition threw, without a secret in it. */
  readonly definitionFault?: string | undefined;
  /** When it was sent, on the monotonic clock, in milliseconds; `undefined` when it never left. */
  readonly sentAtMs?: number | undefined;
  /** It could not be sent: its destination, its signature or its certificate is not right. */
  readonly isUnsent?: boolean;
  /** Given when something is wrong that operators want to know of. */
  readonly failure?: CallFailure | undefined;
  /** The attempts of the same call that were refused before. Empty or absent for the first one. */
  readonly before?: readonly RefusedAttempt[];
}

/** Whether an answer shows that the provider takes the credential. A 404, 409, 422, 429, 5xx or none shows nothing. */
export function isAcceptance({ status, refused }: CallAnswer): boolean {
  return status !== undefined && status < 400 && refused === undefined;
}
