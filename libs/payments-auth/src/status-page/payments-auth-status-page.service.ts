import { Inject, Injectable } from '@nestjs/common';
import {
  type CredentialExplanation,
  type CredentialState,
  type CredentialStatus,
  OWN_ACCOUNT,
  PaymentsAuthService,
} from '../index.js';
import { ownCopy } from '../own-properties.js';
import { PAGE } from './page-document.js';
import type {
  StatusPageFilter,
  StatusPageRow,
  StatusPageSnapshot,
  StatusPageTrouble,
  StatusPageTroublesBeside,
} from './status-page-snapshot.js';
import { isUsed, type Look, type Seen, StatusRecorder } from './status-recorder.service.js';
import { WINDOW_MS } from './timeline.js';
import { WORST_FIRST } from './trouble.js';

/** The largest number of credentials on the page. A search finds the others. */
const MOST_ROWS = 60;
/** How many credentials one sentence names at most. */
const MOST_NAMED = 4;
/** For how many different queries the answers are kept until the next look. */
const MOST_KEPT = 32;

/** The page and its data, for an application that serves them in another way than {@link PaymentsAuthStatusPageModule} does. */
@Injectable()
export class PaymentsAuthStatusPage {
  readonly #paymentsAuth: PaymentsAuthService;
  readonly #recorder: StatusRecorder;
  /** The answers that were made from the last look. */
  #answered: Answered | undefined;
  /** The explanations of dropped merchants. They do not change, so the application is asked once for each. */
  readonly #explainedOnce = new WeakMap<CredentialStatus, Promise<CredentialExplanation | undefined>>();

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

  /** The headers of the page, for example a content security policy. */
  get headers(): Readonly<Record<string, string>> {
    return PAGE.headers;
  }

  /**
   * The data of the page. It holds no secret. Collecting it takes at most 1 % of the time, for any number of
   * requests.
   */
  async snapshot(asked: StatusPageFilter = {}): Promise<StatusPageSnapshot> {
    const filter = ownCopy(asked);
    const look = await this.#recorder.look();
    if (this.#answered?.look !== look) this.#answered = this.#begin(look);
    const { general, snapshots } = this.#answered;
    const { provider, account, search = '', troubled = false } = filter;
    const key = JSON.stringify([provider, account, search, troubled]);
    const known = snapshots.get(key);
    if (known !== undefined) return known;
    const snapshot = this.#snapshot(look, general, filter);
    if (snapshots.size < MOST_KEPT) snapshots.set(key, snapshot);
    return snapshot;
  }

  /** @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED, ACCOUNT_UNKNOWN */
  async explain(provider: string, account?: string): Promise<CredentialExplanation> {
    return this.#paymentsAuth.explain(provider, account);
  }

  /**
   * What {@link explain} does not tell, because no credential has it: the shared store does not answer, or webhooks of
   * this provider cannot be verified.
   */
  troublesBeside(provider: string): StatusPageTroublesBeside {
    return this.#recorder.troublesBeside(provider);
  }

  #begin(look: Look): Answered {
    return { look, general: this.#general(look), snapshots: new Map() };
  }

  /** The part of the snapshot that does not depend on the filter. */
  async #general({ atMs, seen, totals, callsPerSecond, beside }: Look): Promise<General> {
    const states = ownCopy<Partial<Record<CredentialState, number>>>({});
    let last: CredentialStatus | undefined;
    for (const { status } of seen) {
      states[status.state] = (states[status.state] ?? 0) + 1;
      if ((status.lastFailure?.atMs ?? 0) > (last?.lastFailure?.atMs ?? 0)) last = status;
    }
    const causes = new Map<Seen, string | undefined>();
    await Promise.all(
      seen
        .slice(0, MOST_ROWS)
        .filter(({ trouble }) => trouble !== undefined)
        .map(async (each) => causes.set(each, (await this.#explanationOf(each))?.cause)),
    );
    return {
      nowMs: atMs,
      startedAtMs: this.#recorder.startedAtMs,
      windowMs: WINDOW_MS,
      totals,
      callsPerSecond,
      troubles: troublesOf(seen, causes),
      ...beside,
      ...(last?.lastFailure && { lastFailure: { ...ownerOf(last), atMs: last.lastFailure.atMs } }),
      states,
    };
  }

  async #snapshot(
    look: Look,
    general: Promise<General>,
    filter: StatusPageFilter,
  ): Promise<StatusPageSnapshot> {
    const fitting = look.seen.filter((each) => fits(each, filter));
    const rows = await Promise.all(fitting.slice(0, MOST_ROWS).map((each) => this.#row(each, look.atMs)));
    return { ...(await general), rows, leftOut: Math.max(0, fitting.length - MOST_ROWS) };
  }

  async #row(each: Seen, nowMs: number): Promise<StatusPageRow> {
    const { key, status, trouble } = each;
    const timeline = this.#recorder.follow(each, nowMs);
    return {
      key,
      status,
      trouble,
      explanation: await this.#explanationOf(each),
      lives: timeline?.lives ?? [],
      troubles: timeline?.troubles ?? [],
      marks: timeline?.marks ?? [],
      rates: timeline?.rates(nowMs),
    };
  }

  /**
   * A credential without use and without trouble is not explained, because the application would be asked for it each
   * second.
   */
  async #explanationOf({ status, trouble, isLeft }: Seen) {
    const { provider, account } = status;
    if (!isUsed(status) && trouble === undefined) return undefined;
    // It may have been dropped at this very moment.
    const explain = () => this.#paymentsAuth.explain(provider, account ?? OWN_ACCOUNT).catch(() => undefined);
    if (!isLeft) return explain();
    const known = this.#explainedOnce.get(status) ?? explain();
    this.#explainedOnce.set(status, known);
    return known;
  }
}

type General = Omit<StatusPageSnapshot, 'rows' | 'leftOut'>;

interface Answered {
  readonly look: Look;
  readonly general: Promise<General>;
  readonly snapshots: Map<string, Promise<StatusPageSnapshot>>;
}

function troublesOf(
  seen: readonly Seen[],
  causes: ReadonlyMap<Seen, string | undefined>,
): StatusPageTrouble[] {
  return WORST_FIRST.flatMap((kind) => {
    const those = seen.filter(({ trouble }) => trouble === kind);
    if (those.length === 0) return [];
    const [cause, ...others] = new Set(
      those.filter((each) => causes.has(each)).map((each) => causes.get(each)),
    );
    let [endsAtMs, lastFailureAtMs] = [Infinity, -Infinity];
    for (const { status } of those) {
      endsAtMs = Math.min(endsAtMs, status.expiresAtMs ?? Infinity);
      lastFailureAtMs = Math.max(lastFailureAtMs, status.lastFailure?.atMs ?? -Infinity);
    }
    return [
      {
        kind,
        count: those.length,
        first: those.slice(0, MOST_NAMED).map(({ status }) => ownerOf(status)),
        ...(cause !== undefined && others.length === 0 && { cause }),
        ...(Number.isFinite(endsAtMs) && { endsAtMs }),
        ...(Number.isFinite(lastFailureAtMs) && { lastFailureAtMs }),
      },
    ];
  });
}

function ownerOf({ provider, account }: CredentialStatus): { provider: string; account?: string } {
  return { provider, ...(account === undefined ? {} : { account }) };
}

function fits({ status: { provider, account = '' }, trouble }: Seen, filter: StatusPageFilter): boolean {
  const { search = '', troubled = false } = filter;
  return (
    (!troubled || trouble !== undefined) &&
    (filter.provider === undefined || filter.provider === provider) &&
    (filter.account === undefined || filter.account === account) &&
    `${provider}/${account}`.toLowerCase().includes(search.trim().toLowerCase())
  );
}
