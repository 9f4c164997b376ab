import type { AxiosError, AxiosResponse } from 'axios';
import type { CallFailure, CallFailureKind } from '../credentials/call-answer.js';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { wordsOf } from '../providers/call-words.js';
import { told } from '../scrubbing.js';
import { clockDifferenceOf } from '../strategies/clock-difference.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import type { Destination } from './destination.js';
import type { Verdict } from './refusal.js';

/** The facts of an attempt that has ended. */
export interface EndedAttempt {
  readonly destination: Destination;
  readonly response: AxiosResponse | undefined;
  readonly error: unknown;
  readonly verdict: Verdict;
  /** The part of the answer that was read, if any. */
  readonly answer: ApiAnswer | undefined;
  /** The attempt's own secrets, which no output may hold. */
  readonly secrets: () => readonly string[];
  readonly sentAtMs: number;
  readonly durationMs: number;
}

/** The code of an error where the caller has ended the call. Such an end is not a failure. */
const ENDED_BY_CALLER = 'ERR_CANCELED';

/**
 * The reason why an attempt failed, if it is one for operators: a refusal, a limit, an outage, no answer at all. It
 * is `undefined` for a success, and for answers to the request itself (404, 409, 422).
 */
export function callFailure(ended: EndedAttempt): CallFailure | undefined {
  const { response, error, verdict, destination } = ended;
  const host = new URL(destination.origin).host;
  if (response === undefined) {
    const { code } = (error ?? {}) as Partial<AxiosError>;
    if (code === ENDED_BY_CALLER) return undefined;
    const isLate = isTimeout(code);
    return {
      kind: isLate ? 'timeout' : 'network',
      code: undefined,
      host,
      status: undefined,
      isOwn: undefined,
      clockDifferenceMs: undefined,
      reason: isLate ? 'timeout' : (code ?? 'network'),
    };
  }
  const { status } = response;
  if (verdict.kind === 'accepted' && !isWorthKnowing(status)) return undefined;
  const words = wordsOf(ended.answer?.body);
  const clockDifferenceMs = clockDifferenceOf(
    ended.answer?.headers['date'],
    ended.sentAtMs,
    ended.durationMs,
  );
  return {
    kind: kindOf(status, verdict),
    code: undefined,
    host,
    status,
    reason: words === undefined ? `HTTP ${status}` : told(words, ended.secrets()),
    isOwn: verdict.kind === 'refused' ? verdict.own : undefined,
    clockDifferenceMs,
  };
}

/** Why a call, or the request of another client, was not sent; `undefined` where its caller has ended it. */
export function unsentFailure(error: unknown, destination?: Destination): CallFailure | undefined {
  const place = destination === undefined ? undefined : new URL(destination.origin).host;
  const none = { status: undefined, isOwn: undefined, clockDifferenceMs: undefined };
  if (isPaymentsAuthError(error)) {
    const { code, host = place, reason = code } = error;
    return { ...none, kind: code === 'SIGNING_FAILED' ? 'not-signed' : 'not-sent', code, host, reason };
  }
  const { code, name = 'an error' } = (error ?? {}) as { code?: string; name?: string };
  if (code === ENDED_BY_CALLER) return undefined;
  // A call that has its credential waits for nothing but its signature before it is sent.
  if (isTimeout(code)) {
    const reason = 'sign did not answer before the time of the call was up';
    return { ...none, kind: 'not-signed', code: 'SIGNING_FAILED', host: place, reason };
  }
  return { ...none, kind: 'not-sent', code: code ?? name, host: place, reason: code ?? name };
}

function isTimeout(code: string | undefined): boolean {
  return code === 'ECONNABORTED' || code === 'ETIMEDOUT';
}

function kindOf(status: number, { kind }: Verdict): CallFailureKind {
  if (kind !== 'accepted') return 'refused';
  if (status === 429) return 'limited';
  return status >= 500 ? 'server-error' : 'refused';
}

/** Statuses about the credential, the quota or the provider, for any request. */
function isWorthKnowing(status: number): boolean {
  return status === 401 || status === 403 || status === 407 || status === 429 || status >= 500;
}
