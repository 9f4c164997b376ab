import type { CredentialStatus } from '../index.js';
import { type Timeline, WINDOW_MS } from './timeline.js';

/** The kinds of trouble that an operator should look at, the worst first. */
export type Trouble =
  /** The provider says that the secret is wrong, and no call succeeds. */
  | 'rejected'
  /** No usable token, and logins fail. */
  | 'unavailable'
  /** No token, and calls wait for a login that has failed before. */
  | 'waiting'
  /** No token, and calls wait for a login that takes long. Nothing has failed yet. */
  | 'slow'
  /** Calls fail, now or a moment ago. */
  | 'failing'
  /** The last call failed, and no call was made since. */
  | 'failed'
  /** Logins fail, and calls go on with the old token. */
  | 'degraded'
  /** The application cannot save a refresh token. */
  | 'unsaved'
  /** The file of a secret cannot be used, so the value that was read before is still in use. */
  | 'outdated';

export const WORST_FIRST: readonly Trouble[] = [
  'rejected',
  'unavailable',
  'waiting',
  'failing',
  'slow',
  'failed',
  'degraded',
  'unsaved',
  'outdated',
];

/** What is wrong with a credential; `undefined` if an operator does not have to look at it. */
export function troubleOf(
  { state, failing = [], lastFailure, outdatedSinceMs }: CredentialStatus,
  timeline: Timeline | undefined,
  nowMs: number,
): Trouble | undefined {
  if (state === 'rejected' || state === 'unavailable') return state;
  const failsToLogIn = failing.includes('login') || failing.includes('load');
  if (state === 'acquiring' && failsToLogIn) return 'waiting';
  if (timeline?.failsAt(nowMs) === true) return 'failing';
  if (failing.includes('call')) {
    const isOld = lastFailure?.on === 'call' && nowMs - lastFailure.atMs > WINDOW_MS;
    return isOld ? 'failed' : 'failing';
  }
  if (state === 'acquiring' && timeline?.isWaitedFor === true) return 'slow';
  if (state === 'degraded') return 'degraded';
  if (failing.includes('save')) return 'unsaved';
  return outdatedSinceMs === undefined ? undefined : 'outdated';
}
