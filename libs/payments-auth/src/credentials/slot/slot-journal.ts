import type { Clock } from '../../payments-auth.clock.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { LoginUnsent, type Owner } from '../credential-errors.js';
import {
  CALL_FAILURES,
  type CallAnswer,
  type CallFailure,
  type CallFailureKind,
  type CallJournal,
  isAcceptance,
  type Refusal,
} from '../call-answer.js';
import type { AwaitedLogin } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import type { CredentialStatus } from '../credential.service.js';
import type { AcquireReason, EventSink, PaymentsAuthEvent } from '../payments-auth-event.js';
import { retryAfterMs } from '../issuing/retry-after.js';
import { type Failure, SlotHistory } from './slot-history.js';
import type { TimeBoundHeaders } from '../call-headers.js';
import type { IssuedToken, TokenRequestReport } from '../issuing/token-issuer.js';
import type { AccountSecrets } from '../secrets/account-secrets.js';
import type { KeptCredential } from './kept-credential.js';

/** The credential that the journal belongs to. */
interface JournalSubject {
  readonly owner: Owner & {
    readonly secrets: Pick<AccountSecrets, 'rejection'>;
    readonly context: {
      readonly clock: Clock;
      readonly emit: EventSink;
      readonly provider: ConfiguredProvider;
      readonly timeBound: TimeBoundHeaders;
      readonly totals: ProviderTotals;
    };
  };
  readonly asked: { readonly scopes: readonly string[] };
}

/** How a credential was obtained. */
interface Obtained {
  readonly reason: AcquireReason;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAtMs: number;
  /** Absent for a static key. */
  readonly issued: IssuedToken | undefined;
}

/** An event without its provider, account and time, which the journal adds. */
type OwnEvent = PaymentsAuthEvent extends infer E
  ? E extends PaymentsAuthEvent
    ? Omit<E, 'provider' | 'account' | 'scopes' | 'atMs'>
    : never
  : never;

/** The facts about a token request that the request itself does not contain. */
interface TokenRequestCircumstances {
  readonly credential: string;
  readonly reason: AcquireReason;
  readonly awaited: boolean;
  readonly host: string;
}

type Counters = CredentialStatus['counters'];

/** What has happened to one credential: counted, and sent to the listener for events. */
export class SlotJournal implements CallJournal {
  lastError: PaymentsAuthError | undefined = undefined;
  rateLimit: CredentialStatus['rateLimit'] = undefined;
  /** Created for the first failure. */
  history: SlotHistory | undefined = undefined;
  readonly #subject: JournalSubject;
  // Each count is a field of its own. One object for all counts would take half as much memory in addition.
  #calls = 0;
  #tokenRequests = 0;
  #earlyRenewals = 0;
  #waits = 0;

  constructor(subject: JournalSubject) {
    this.#subject = subject;
  }

  get counters(): Counters {
    const { tokenFailures = 0, refusals = 0, replays = 0, failedCalls = 0 } = this.history ?? {};
    return {
      calls: this.#calls,
      failedCalls,
      tokenRequests: this.#tokenRequests,
      tokenFailures,
      earlyRenewals: this.#earlyRenewals,
      refusals,
      replays,
      waits: this.#waits,
    };
  }

  /** Warns when the client certificate of `credential` ends soon: getting a new one can take days. */
  #certificateOf({ id, signing }: Credential): void {
    const { provider, clock } = this.#subject.owner.context;
    const endsAtMs =
      signing === undefined ? undefined : provider.certificates?.endingSoon(signing, clock.now());
    if (endsAtMs === undefined) return;
    const day = new Date(endsAtMs).toISOString().slice(0, 10);
    const when = endsAtMs > clock.now() ? 'ends' : 'has ended';
    const reason = `the client certificate ${when} on ${day}; put a new one in its place`;
    this.emit({ type: 'certificate-ends', credential: id, endsAtMs, reason });
  }

  get #totals(): ProviderTotals {
    return this.#subject.owner.context.totals;
  }

  #made(): SlotHistory {
    return (this.history ??= new SlotHistory());
  }

  ended(failed: CallFailureKind | undefined): void {
    this.#calls += 1;
    this.#totals.calls += 1;
    if (failed === undefined) return;
    this.#made().failedCalls += 1;
    this.#totals.failedCalls += 1;
    this.#totals.failures[failed] += 1;
  }

  unsent(failure: CallFailure, credential?: Credential): void {
    this.note({ on: 'call', ...failure });
    const { code = failure.kind, reason } = failure;
    const whose = credential === undefined ? {} : { credential: credential.id };
    if (code === 'DEFINITION_FAULT') this.tellFault(reason, credential);
    else if (code === 'SIGNING_FAILED') this.emit({ type: 'signing-failed', ...whose, reason });
    else this.emit({ type: 'call-unsent', ...whose, code, reason });
  }

  left(): void {
    this.history?.left(this.#subject.owner.context.clock.now());
  }

  get definitionFault(): string | undefined {
    return this.#subject.owner.context.timeBound.fault;
  }

  /** A call that carried `credential` was refused. */
  refused(credential: Credential, { status, own }: Refusal, kept: KeptCredential | undefined): void {
    this.#made().refusals += 1;
    this.emit({ type: 'call-refused', credential: credential.id, status, own });
    const { timeBound, provider } = this.#subject.owner.context;
    const fault = timeBound.examine(provider, kept, credential);
    if (fault !== undefined) this.tellFault(fault, credential);
  }

  /** The result of an attempt with `credential`. */
  answered(credential: Credential, answer: CallAnswer): void {
    const { status, headers, refused, sentAtMs, isUnsent, failure, before } = answer;
    // A custom adapter may answer without headers.
    if (typeof headers === 'object' && headers !== null) this.observe(headers);
    if (sentAtMs !== undefined) this.left();
    if (isUnsent === true) this.ended(failure?.kind);
    if (failure !== undefined && isUnsent === true) this.unsent(failure, credential);
    else if (failure !== undefined) this.note({ on: 'call', ...failure });
    if (credential.signing !== undefined) this.#certificateOf(credential);
    if (answer.definitionFault !== undefined) {
      const { definitionFault: reason } = answer;
      this.note({ on: 'call', host: failure?.host, status, reason, code: 'DEFINITION_FAULT' });
      this.tellFault(reason, credential);
    }
    if (this.history !== undefined && isAcceptance(answer)) {
      this.history.succeeded('call', this.#subject.owner.context.clock.now());
      this.#tellUntold(credential);
    }
    const first = before?.[0];
    // A replay that was never sent does not count.
    if (first === undefined || sentAtMs === undefined) return;
    this.#made().replays += 1;
    this.#totals.replays += 1;
    const { status: firstStatus } = first;
    const answered = status === undefined ? {} : { status };
    const refusedAgain = refused !== undefined;
    this.emit({ type: 'call-replayed', credential: credential.id, firstStatus, ...answered, refusedAgain });
  }

  /** A key that was only tried is in use now. If calls carried another key before, the change is reported. */
  #tellUntold({ id }: Credential): void {
    const untold = this.history?.untold;
    if (untold?.id !== id) return;
    if (untold.told !== id) untold.tell();
    this.#made().untold = undefined;
  }

  /** Keeps a failure, so that it can be explained later. */
  note(failure: Omit<Failure, 'atMs'>, agoMs = 0): void {
    this.#made().failed({ ...failure, atMs: this.#subject.owner.context.clock.now() - agoMs });
  }

  /** The credential is no longer kept. The time of its last success is remembered. */
  servedUntil(lastSuccessAtMs: number | undefined): void {
    if (lastSuccessAtMs === undefined) return;
    this.#made().lastSuccessAtMs = lastSuccessAtMs;
  }

  /**
   * A call needs a credential that is not there. Returns a function to call when the credential has come, or when none
   * comes. During a pause, a call gets its error at once, and has not waited.
   */
  needs(): (credential: Credential | undefined, hasWaited: boolean) => void {
    const { clock } = this.#subject.owner.context;
    const startedAtMs = clock.monotonic();
    return (credential, hasWaited) => {
      if (!hasWaited) return;
      this.#waits += 1;
      const whose = credential === undefined ? {} : { credential: credential.id };
      this.emit({ type: 'call-waited', ...whose, durationMs: clock.monotonic() - startedAtMs });
    };
  }

  /** Reports that calls have waited for long, before the first of them gives up. */
  callsWait(credential: string | undefined, { host, words }: AwaitedLogin): void {
    const whose = credential === undefined ? {} : { credential };
    this.emit({ type: 'calls-waiting', ...whose, ...(host === undefined ? {} : { host }), reason: words });
  }

  /** As {@link callsWait}, but reported once for each credential. */
  callsWaitForAge({ id }: Credential, awaited: AwaitedLogin | undefined): void {
    const history = this.#made();
    if (awaited === undefined || history.toldOfAgeOf === id) return;
    history.toldOfAgeOf = id;
    this.callsWait(id, awaited);
  }

  emit(event: OwnEvent): void {
    const { owner, asked } = this.#subject;
    const { scopes } = asked;
    // TypeScript loses the type of each member when a union is spread.
    const whole: unknown = {
      provider: owner.provider,
      ...(owner.account === undefined ? {} : { account: owner.account }),
      ...(scopes.length === 0 ? {} : { scopes }),
      atMs: owner.context.clock.now(),
      ...event,
    };
    owner.context.emit(whole as PaymentsAuthEvent);
  }

  /** A usable credential was obtained, perhaps the same one again. Earlier failures are over. */
  obtained({ credential, secret }: KeptCredential, before: KeptCredential | undefined, how: Obtained): void {
    const { context, secrets } = this.#subject.owner;
    const { clock } = context;
    this.lastError = undefined;
    this.history?.succeeded('login', clock.now());
    this.history?.succeeded('load', clock.now());
    if (credential === before?.credential) return;
    // The last success of an earlier key is remembered. A new token counts as a success itself.
    if (how.issued === undefined) this.servedUntil(before?.lastAcceptedAtMs);
    this.#certificateOf(credential);
    const { id, expiresAtMs } = credential;
    const { reason, startedAtMs, issued } = how;
    const durationMs = clock.monotonic() - startedAtMs;
    const from = issued?.from ?? 'provider';
    const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
    const tell = () =>
      this.emit({ type: 'credential-obtained', credential: id, reason, durationMs, from, ...expiry });
    const isTried = issued === undefined && secrets.rejection([secret]) !== undefined;
    if (isTried && before !== undefined)
      this.#made().untold = { id, told: this.history?.untold?.told ?? before.credential.id, tell };
    else {
      if (this.history !== undefined) this.history.untold = undefined;
      tell();
    }
    // How long the earlier token would still have served.
    const aheadMs = before?.remainingMs(clock) ?? 0;
    if (reason !== 'early' || aheadMs <= 0 || issued === undefined) return;
    this.#earlyRenewals += 1;
    this.emit({ type: 'credential-renewed-early', credential: id, durationMs, aheadMs });
  }

  /** @param serving the credential that stays in use, if there is one */
  failed(error: PaymentsAuthError, serving: Credential | undefined, isNews = true): void {
    this.lastError = error;
    if (!isNews) return;
    const { reason = 'unavailable' } = error;
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
    if (serving === undefined) {
      this.emit({ type: 'credential-unavailable', reason, ...wait });
    } else {
      const { id, expiresAtMs } = serving;
      const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
      this.emit({ type: 'renewal-failed', credential: id, reason, ...wait, ...expiry });
    }
  }

  /** @param credential the credential that was sent, if one was sent */
  tellFault(reason: string, credential?: Credential): void {
    const whose = credential === undefined ? {} : { credential: credential.id };
    this.emit({ type: 'definition-fault', ...whose, reason });
  }

  /** There is no credential, and no token request was made whose event would have told the reason. */
  couldNot(error: PaymentsAuthError, on: 'login' | 'load', cause: unknown): void {
    const isUnsent = cause instanceof LoginUnsent;
    if (isUnsent && this.#saysMore(cause)) return;
    this.note({ ...failureOf(error, on), ...(isUnsent ? { isUnsent } : {}) });
  }

  /**
   * Whether the last answer to a login, as long as logins fail, explains more than that no other one was sent: callers
   * are turned away because of it.
   */
  #saysMore({ askAgainAfterMs }: LoginUnsent): boolean {
    const before = this.history?.ongoing('login');
    if (before === undefined || before.isUnsent === true) return false;
    // A limit of its own is another reason to wait than an outage is.
    return askAgainAfterMs !== undefined || before.status === 429;
  }

  /**
   * No login was made, because an earlier one has shown that the secret is wrong: perhaps one for other scopes. That
   * earlier one is the last failure, and not the call that is turned away now.
   */
  knewRejection(error: PaymentsAuthError, agoMs: number): void {
    const before = this.history?.ongoing('login');
    const failure = failureOf(error, 'login');
    const isOlder = before === undefined || before.atMs < this.#subject.owner.context.clock.now() - agoMs;
    if (isOlder) this.note(before?.reason === failure.reason ? before : failure, agoMs);
  }

  /** One request to the token endpoint has ended. */
  tokenRequest(report: TokenRequestReport, about: TokenRequestCircumstances): void {
    this.#tokenRequests += 1;
    this.#totals.tokenRequests += 1;
    const { outcome, status, reason = 'unavailable', clockDifferenceMs } = report;
    if (outcome !== 'issued') {
      this.#made().tokenFailures += 1;
      this.#totals.tokenFailures += 1;
      const isOwn = outcome === 'rejected';
      this.note({ on: 'login', host: about.host, status, reason, isOwn, clockDifferenceMs });
    }
    if (report.limitHeaders !== undefined) this.observe(report.limitHeaders);
    this.emit({
      type: 'token-request',
      ...about,
      outcome: report.outcome,
      durationMs: report.durationMs,
      ...(report.status === undefined ? {} : { status: report.status }),
      ...(report.reason === undefined ? {} : { error: report.reason }),
    });
  }

  /** Keeps what an answer says about the provider's limits. */
  observe(headers: Readonly<Record<string, unknown>>): void {
    const limit = numeric(headers['x-ratelimit-limit']);
    const remaining = numeric(headers['x-ratelimit-remaining']);
    const reset = numeric(headers['x-ratelimit-reset']);
    const waits = headers['retry-after'] !== undefined;
    if (limit === undefined && remaining === undefined && !waits) return;
    const nowMs = this.#subject.owner.context.clock.now();
    const waitMs = waits ? retryAfterMs(headers, nowMs) : undefined;
    this.rateLimit = {
      ...(limit === undefined ? {} : { limit }),
      ...(remaining === undefined ? {} : { remaining }),
      ...(reset === undefined ? {} : { resetAtMs: reset * 1_000 }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      seenAtMs: nowMs,
    };
  }
}

function failureOf(
  { reason = 'unavailable', host, status, code }: PaymentsAuthError,
  on: 'login' | 'load',
): Omit<Failure, 'atMs'> {
  const isOwn = code === 'CREDENTIALS_REJECTED' || code === 'GRANT_REJECTED';
  return { on, reason, ...(on === 'load' ? {} : { host, status }), isOwn, code };
}

export function noCounts(): Counters {
  return {
    calls: 0,
    failedCalls: 0,
    tokenRequests: 0,
    tokenFailures: 0,
    earlyRenewals: 0,
    refusals: 0,
    replays: 0,
    waits: 0,
  };
}

function numeric(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The counts since the start of the application. A count never falls, even when credentials are dropped. */
export interface Totals {
  /** Calls that have ended. */
  calls: number;
  /** Calls that failed in the end. */
  failedCalls: number;
  /** Calls that were sent a second time. */
  replays: number;
  /** Requests to token endpoints. */
  tokenRequests: number;
  /** Requests that gave no token. */
  tokenFailures: number;
}

/** The counts of one provider, and the reasons for which its calls failed. */
export interface ProviderTotals extends Totals {
  readonly failures: Record<CallFailureKind, number>;
}

function noTotals(): Totals {
  return { calls: 0, failedCalls: 0, replays: 0, tokenRequests: 0, tokenFailures: 0 };
}

export function noProviderTotals(): ProviderTotals {
  const failures = Object.fromEntries(CALL_FAILURES.map((kind) => [kind, 0]));
  return { ...noTotals(), failures: failures as Record<CallFailureKind, number> };
}

export function sumOf(all: readonly Totals[]): Totals {
  const sum = noTotals();
  for (const each of all) for (const name of NAMES) sum[name] += each[name];
  return sum;
}

const NAMES = Object.keys(noTotals()) as (keyof Totals)[];
