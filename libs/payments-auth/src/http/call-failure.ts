import type { AxiosError, AxiosResponse } from 'axios';
import type { CallFailure } from '../credentials/call-answer.js';
import { wordsOf } from '../providers/call-words.js';
import { told } from '../scrubbing.js';
import { clockDifferenceOf } from '../strategies/clock-difference.js';
import type { ApiAnswer } from '../strategies/strategy.js';
import type { Destination } from './destination.js';
import type { Verdict } from './refusal.js';

/** What is known of an attempt that has ended. */
export interface EndedAttempt {
  readonly destination: Destination;
  readonly response: AxiosResponse | undefined;
  readonly error: unknown;
  readonly verdict: Verdict;
  /** What was read of the answer, where it was looked at. */
  readonly answer: ApiAnswer | undefined;
  /** The attempt's own secrets: what is told is free of them. */
  readonly secrets: () => readonly string[];
  readonly sentAtMs: number;
  readonly durationMs: number;
}

/** The caller has ended the call: nothing is wrong with it. */
const ENDED_BY_CALLER = 'ERR_CANCELED';

/**
 * Why an attempt failed, if operators want to know of it: a refusal, a limit, an outage, no answer at all. What an API
 * answers to what it was asked (404, 409, 422) is not theirs; `undefined` for that, and for a success.
 */
export function callFailure(ended: EndedAttempt): CallFailure | undefined {
  const { response, error, verdict, destination } = ended;
  const host = new URL(destination.origin).host;
  if (response === undefined) {
    const { code } = (error ?? {}) as Partial<AxiosError>;
    if (code === ENDED_BY_CALLER) return undefined;
    return {
      host,
      status: undefined,
      isOwn: undefined,
      clockDifferenceMs: undefined,
      reason: code === 'ECONNABORTED' || code === 'ETIMEDOUT' ? 'timeout' : (code ?? 'network'),
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
    host,
    status,
    reason: words === undefined ? `HTTP ${status}` : told(words, ended.secrets()),
    isOwn: verdict.kind === 'refused' ? verdict.own : undefined,
    clockDifferenceMs,
  };
}

/** Statuses that say something of the credential, the quota or the provider, whatever was asked. */
function isWorthKnowing(status: number): boolean {
  return status === 401 || status === 403 || status === 407 || status === 429 || status >= 500;
}
