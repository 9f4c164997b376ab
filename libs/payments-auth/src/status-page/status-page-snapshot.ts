import type { CredentialExplanation, CredentialState, CredentialStatus } from '../index.js';
import type { Life, Mark, Rates, Span } from './timeline.js';

/** Which credentials to show. */
export interface StatusPageFilter {
  /** Exactly this provider, or this account. */
  provider?: string;
  account?: string;
  /** A part of the name of the provider or of the account. */
  search?: string;
}

/** Of every credential in this process since it was started. */
export interface StatusPageTotals {
  calls: number;
  /** In the end, after whatever was sent again. */
  failed: number;
  /** Calls that were sent a second time after a refusal. */
  sentAgain: number;
  /** Requests to token endpoints. */
  logins: number;
  failedLogins: number;
}

/** One credential. Plain data, no secret in it. */
export interface StatusPageRow {
  /** Stable, and unique on the page. */
  key: string;
  status: CredentialStatus;
  explanation: CredentialExplanation | undefined;
  lives: readonly Life[];
  /** While no token could be had, or a renewal failed. */
  troubles: readonly Span[];
  /** The oldest first. */
  marks: readonly Mark[];
  rates: Rates | undefined;
}

/** What the page shows: what `status.json` holds. No secret in it. */
export interface StatusPageSnapshot {
  /** Wall clock of the application, in milliseconds since the epoch, as all instants here. */
  nowMs: number;
  startedAtMs: number;
  /** How much of the past the timelines hold. */
  windowMs: number;
  totals: StatusPageTotals;
  /** How many credentials there are in each state. */
  states: Partial<Record<CredentialState, number>>;
  /** Those that are worst off first. */
  rows: readonly StatusPageRow[];
  /** How many more there are that fit the filter. */
  leftOut: number;
}
