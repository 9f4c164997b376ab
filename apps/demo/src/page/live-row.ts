import type { CredentialStatus, PaymentsAuthEvent } from 'nestjs-payments-auth';

/** One credential, as the page shows it. Plain data, no secret in it. */
export interface LiveRow {
  /** Stable for as long as the page is open. */
  readonly key: string;
  readonly provider: string;
  readonly account?: string;
  readonly scheme: string;
  readonly state: CredentialStatus['state'];
  /** Life of the token in milliseconds, and what is left of it; absent for a static key. */
  readonly lifetimeMs?: number;
  readonly leftMs?: number;
  readonly callsPerSecond: number;
  readonly failed: number;
  readonly refusalsSurvived: number;
  readonly tokenRequests: number;
  readonly earlyRenewals: number;
  readonly lastEvent?: string;
  /** What the sandbox has been told to do wrong. */
  readonly fault?: string;
}

/** An event in words. Those that come with every call are left out: the figures tell them. */
export function wordsOf(event: PaymentsAuthEvent): string | undefined {
  switch (event.type) {
    case 'credential-obtained':
      return event.reason === 'early' ? undefined : `new credential (${event.reason})`;
    case 'credential-renewed-early':
      return `renewed ${(event.aheadMs / 1_000).toFixed(1)} s ahead of its end`;
    case 'renewal-failed':
      return `renewal failed, old token still serves: ${event.reason}`;
    case 'credential-unavailable':
      return `no credential: ${event.reason}`;
    case 'call-refused':
      return `a call was refused (${event.status})`;
    case 'call-replayed':
      if (event.status === undefined) return 'sent again, without an answer';
      return event.refusedAgain ? 'sent again, refused again' : 'sent again, accepted';
    case 'credentials-rejected':
      return `the provider says the secret is wrong: ${event.reason}`;
    case 'credentials-rotated':
      return 'the secret was rotated';
    case 'renewals-paused':
      return `renewal is no cure: paused for ${Math.round(event.durationMs / 1_000)} s`;
    case 'rate-limited':
      return `told to wait ${Math.round(event.retryAfterMs / 1_000)} s`;
    case 'credential-contested':
      return 'somebody else ended this token';
    default:
      return undefined;
  }
}
