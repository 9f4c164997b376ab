import { sayDuration } from '../duration.js';
import type { PaymentsAuthEvent } from '../index.js';

/** The kind of an event, which decides how it is drawn. */
export type MarkKind =
  /** A new credential has come. */
  | 'renewed'
  /** The provider refused a call. */
  | 'refused'
  /** A call was sent again. */
  | 'replayed'
  /** A login, a renewal or the store failed. */
  | 'failed'
  /** A failure for which waiting does not help, so a person has to act. */
  | 'rejected'
  /** Another event that operators should know. */
  | 'noted';

export interface MarkWords {
  readonly kind: MarkKind;
  readonly words: string;
}

/** An event as the page shows it; `undefined` for events that add nothing to others. */
export function markOf(event: PaymentsAuthEvent): MarkWords | undefined {
  switch (event.type) {
    case 'credential-obtained':
      if (event.reason === 'early') return undefined;
      return { kind: 'renewed', words: `new credential: ${WHY[event.reason]}${fromStore(event.from)}` };
    case 'credential-renewed-early':
      return { kind: 'renewed', words: `renewed ${sayDuration(Math.max(0, event.aheadMs))} before its end` };
    case 'token-request':
      if (event.outcome === 'issued') return undefined;
      return { kind: 'failed', words: `login failed at ${event.host}: ${event.error ?? event.outcome}` };
    case 'renewal-failed':
      return { kind: 'failed', words: `the renewal failed: ${event.reason}` };
    case 'credential-unavailable':
      return { kind: 'failed', words: `no credential: ${event.reason}` };
    case 'call-refused':
      return { kind: 'refused', words: `a call was refused: HTTP ${event.status}` };
    case 'call-replayed':
      return { kind: 'replayed', words: replayed(event) };
    case 'credentials-rejected':
      return { kind: 'rejected', words: `the provider says that the secret is wrong: ${event.reason}` };
    case 'grant-rejected':
      return { kind: 'rejected', words: `the merchant has to connect again: ${event.reason}` };
    case 'definition-fault':
      return { kind: 'rejected', words: `the definition of the provider fails: ${event.reason}` };
    case 'signing-failed':
      return { kind: 'rejected', words: `a call could not be signed: ${event.reason}` };
    case 'call-unsent':
      return { kind: 'failed', words: `a call was not sent: ${event.reason}` };
    case 'refresh-token-unsaved':
      return { kind: 'rejected', words: 'the new refresh token could not be saved' };
    case 'refresh-token-in-doubt':
      return { kind: 'noted', words: 'a refresh token may have been used already, and is used once more' };
    case 'credentials-rotated':
      return { kind: 'noted', words: 'the secret was rotated' };
    case 'credential-revoked':
      return { kind: 'noted', words: 'the token was revoked' };
    case 'renewals-paused':
      return {
        kind: 'noted',
        words: `a new token does not help: none is asked for during ${sayDuration(event.durationMs)}`,
      };
    case 'credential-contested':
      return {
        kind: 'noted',
        words: 'another login, or the provider, has ended this token early',
      };
    case 'certificate-ends':
      return { kind: 'rejected', words: event.reason };
    case 'webhook-keys-unavailable':
      return { kind: 'failed', words: `webhooks cannot be verified: ${event.reason}` };
    case 'webhook-keys-outdated':
      return { kind: 'failed', words: `the keys of webhooks cannot be fetched again: ${event.reason}` };
    case 'calls-waiting':
      return { kind: 'noted', words: `calls wait: ${event.reason}` };
    case 'rate-limited':
      return { kind: 'noted', words: `logins have to wait for ${sayDuration(event.retryAfterMs)}` };
    case 'store-lost':
      return { kind: 'failed', words: `the shared store is lost: ${event.reason}` };
    case 'store-back':
      return { kind: 'noted', words: 'the shared store is back' };
    default:
      return undefined;
  }
}

const WHY = {
  first: 'the first one',
  expired: 'the one before had ended',
  early: 'ahead of the end',
  refused: 'the one before was refused',
  requested: 'the application asked for it',
  rotated: 'the secret was rotated',
} as const;

function fromStore(from: 'provider' | 'store'): string {
  return from === 'store' ? ', from the shared store' : '';
}

function replayed({ status, refusedAgain }: PaymentsAuthEvent & { type: 'call-replayed' }): string {
  if (status === undefined) return 'the call was sent again, and no answer came';
  return refusedAgain
    ? `the call was sent again, and refused again: HTTP ${status}`
    : 'the call was sent again, and accepted';
}
