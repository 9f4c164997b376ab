import { Inject, Injectable } from '@nestjs/common';
import {
  type CredentialExplanation,
  type CredentialState,
  type CredentialStatus,
  OWN_ACCOUNT,
  PaymentsAuthService,
} from '../index.js';
import { PAGE } from './page-document.js';
import type { StatusPageFilter, StatusPageRow, StatusPageSnapshot } from './status-page-snapshot.js';
import { keyOf, StatusRecorder } from './status-recorder.service.js';
import { type Timeline, WINDOW_MS } from './timeline.js';

/** A page that is longer is not read: there is a search. */
const MOST_ROWS = 60;

const WORST_FIRST: readonly CredentialState[] = [
  'rejected',
  'unavailable',
  'degraded',
  'acquiring',
  'due',
  'fresh',
  'idle',
];

/** The page and its data, for whoever serves them in another way than {@link PaymentsAuthStatusPageModule} does. */
@Injectable()
export class PaymentsAuthStatusPage {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #recorder: StatusRecorder;

  /** @internal Made by the module; inject it. */
  constructor(
    @Inject(PaymentsAuthService) paymentsAuth: PaymentsAuthService,
    @Inject(StatusRecorder) recorder: StatusRecorder,
  ) {
    this.#paymentsAuth = paymentsAuth;
    this.#recorder = recorder;
  }

  /** The page: one document that loads nothing but its data, from `status.json` below its own address. */
  get html(): string {
    return PAGE.html;
  }

  /** What the page has to be served with: a content security policy among others. */
  get headers(): Readonly<Record<string, string>> {
    return PAGE.headers;
  }

  /** What the page shows now. No secret in it. */
  async snapshot(filter: StatusPageFilter = {}): Promise<StatusPageSnapshot> {
    const looked = this.#recorder.look();
    const nowMs = Date.now();
    const states: Partial<Record<CredentialState, number>> = {};
    for (const { status } of looked) states[status.state] = (states[status.state] ?? 0) + 1;
    const providers = [...new Set(looked.map(({ status }) => status.provider))];
    const fitting = looked
      .filter(({ status }) => fits(status, filter))
      .toSorted(
        (a, b) =>
          urgency(a) - urgency(b) ||
          providers.indexOf(a.status.provider) - providers.indexOf(b.status.provider) ||
          keyOf(a.status).localeCompare(keyOf(b.status)),
      );
    const rows = await Promise.all(
      fitting.slice(0, MOST_ROWS).map((each) => this.#row(each.status, each.timeline, nowMs)),
    );
    return {
      nowMs,
      startedAtMs: this.#recorder.startedAtMs,
      windowMs: WINDOW_MS,
      totals: this.#recorder.totals,
      states,
      rows,
      leftOut: Math.max(0, fitting.length - MOST_ROWS),
    };
  }

  /** @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED, ACCOUNT_UNKNOWN */
  async explain(provider: string, account?: string): Promise<CredentialExplanation> {
    return this.#paymentsAuth.explain(provider, account);
  }

  async #row(
    status: CredentialStatus,
    timeline: Timeline | undefined,
    nowMs: number,
  ): Promise<StatusPageRow> {
    return {
      key: keyOf(status),
      status,
      explanation: await this.#explanationOf(status),
      lives: timeline?.lives ?? [],
      troubles: timeline?.troubles ?? [],
      marks: timeline?.marks ?? [],
      rates: timeline?.rates(nowMs),
    };
  }

  /** One that nobody has used is not explained: the application itself would be asked for it each second. */
  async #explanationOf({ provider, account, counters }: CredentialStatus) {
    if (counters.calls === 0 && counters.tokenRequests === 0 && counters.waits === 0) return undefined;
    // It may have been let go of in this very moment.
    return this.#paymentsAuth.explain(provider, account ?? OWN_ACCOUNT).catch(() => undefined);
  }
}

function fits({ provider, account = '' }: CredentialStatus, filter: StatusPageFilter): boolean {
  const { search = '' } = filter;
  return (
    (filter.provider === undefined || filter.provider === provider) &&
    (filter.account === undefined || filter.account === account) &&
    `${provider}/${account}`.toLowerCase().includes(search.trim().toLowerCase())
  );
}

/** Worst first; of those that are alike, those with failed calls. States that come and go are one, so that nothing jumps. */
function urgency({ status: { state, counters, lastErrorCode } }: { status: CredentialStatus }): number {
  const isTroubled = counters.failedCalls > 0 || lastErrorCode !== undefined;
  return WORST_FIRST.indexOf(calm(state)) * 2 + (isTroubled ? 0 : 1);
}

/** States that a credential passes through all the time. */
function calm(state: CredentialState): CredentialState {
  return state === 'due' || state === 'acquiring' || state === 'idle' ? 'fresh' : state;
}
