import type { CredentialExplanation, CredentialState, CredentialStatus } from '../index.js';
import type { Life, Mark, Rates, Span } from './timeline.js';
import type { Trouble } from './trouble.js';

/** Which credentials to show. */
export interface StatusPageFilter {
  /** Exactly this provider, or this account. */
  provider?: string;
  account?: string;
  /** A part of the name of the provider or of the account. */
  search?: string;
  /** Only credentials that an operator has to look at. */
  troubled?: boolean;
}

/** The counts of all credentials in this process since its start. */
export interface StatusPageTotals {
  calls: number;
  /** Calls that failed in the end, also after they were sent again. */
  failed: number;
  /** Calls that were sent a second time after a refusal. */
  sentAgain: number;
  /** Requests to token endpoints. */
  logins: number;
  failedLogins: number;
}

/** One credential. Plain data, no secret in it. */
export interface StatusPageRow {
  /** A stable key, unique on the page. */
  key: string;
  status: CredentialStatus;
  /** What an operator should look at; `undefined` where nothing is wrong. */
  trouble: Trouble | undefined;
  /** `undefined` where the credential was not used yet. */
  explanation: CredentialExplanation | undefined;
  lives: readonly Life[];
  /** The periods without a usable token, or with failed renewals. */
  troubles: readonly Span[];
  /** The oldest first. */
  marks: readonly Mark[];
  rates: Rates | undefined;
}

/** How many credentials have one kind of trouble, and the providers and accounts that they belong to. */
export interface StatusPageTrouble {
  kind: Trouble;
  count: number;
  /** The first few of them. */
  first: readonly { readonly provider: string; readonly account?: string }[];
  /** The cause, if it is the same for all that were asked: the first 60 credentials. */
  cause?: string;
  /** When the first of their tokens ends, and when their last failure was. */
  endsAtMs?: number;
  lastFailureAtMs?: number;
}

/** Since when the store that a fleet shares does not answer to this process, and why. */
export interface StoreLost {
  sinceMs: number;
  reason: string;
}

/** Why webhooks of a provider could not be verified, or their keys not fetched again, in the last two minutes. */
export interface WebhookTrouble {
  provider: string;
  /** `unavailable`: messages are answered 503. `outdated`: the keys of the last fetch are used. */
  kind: 'unavailable' | 'outdated';
  /** When the trouble was last noticed. */
  atMs: number;
  reason: string;
}

/** The troubles that no credential has, and that stop payments nevertheless. Each is absent where there is none. */
export interface StatusPageTroublesBeside {
  /** Each process logs in for itself meanwhile. */
  storeLost?: StoreLost;
  webhookTroubles?: readonly WebhookTrouble[];
}

/** The data of the page, as in `status.json`. It contains no secret. */
export interface StatusPageSnapshot extends StatusPageTroublesBeside {
  /** Wall clock of the application, in milliseconds since the epoch, as all instants here. */
  nowMs: number;
  startedAtMs: number;
  /** How much of the past the timelines hold. */
  windowMs: number;
  totals: StatusPageTotals;
  /** Over the last ten seconds, rounded to tenths. */
  callsPerSecond: number;
  /** The kinds of trouble, the worst first. They cover every credential, and do not depend on the filter. */
  troubles: readonly StatusPageTrouble[];
  /** The last failure of any credential, where there was one. */
  lastFailure?: { readonly provider: string; readonly account?: string; readonly atMs: number };
  /** How many credentials there are in each state. */
  states: Partial<Record<CredentialState, number>>;
  /** The ones in the worst state come first. */
  rows: readonly StatusPageRow[];
  /** How many more there are that fit the filter. */
  leftOut: number;
}
