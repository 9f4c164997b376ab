import type { PaymentsAuthError } from '../payments-auth.errors.js';
import type { Owner } from './credential-errors.js';
import type { CredentialStatus } from './credential.service.js';
import type { AcquireReason, PaymentsAuthEvent } from './payments-auth-event.js';
import { retryAfterMs } from './retry-after.js';
import type { SlotContext } from './slot-context.js';
import type { TokenRequestReport } from './token-issuer.js';

/** An event before it is known whose it is and when. */
type OwnEvent = PaymentsAuthEvent extends infer E
  ? E extends PaymentsAuthEvent
    ? Omit<E, 'provider' | 'account' | 'scopes' | 'atMs'>
    : never
  : never;

/** What the request itself does not know. */
interface TokenRequestCircumstances {
  readonly credential: string;
  readonly reason: AcquireReason;
  readonly awaited: boolean;
  readonly host: string;
  /** The provider's words, already scrubbed. */
  readonly error: string | undefined;
}

type Counters = CredentialStatus['counters'];

/** What has happened to one credential: counted, and told to whoever listens. */
export class SlotJournal {
  lastError: PaymentsAuthError | undefined = undefined;
  rateLimit: CredentialStatus['rateLimit'] = undefined;
  readonly #context: SlotContext;
  readonly #owner: Owner;
  readonly #scopes: readonly string[];
  // Each a field of its own: as an object they would take half as much again.
  #tokenRequests = 0;
  #tokenFailures = 0;
  #earlyRenewals = 0;
  #refusals = 0;
  #replays = 0;
  #waits = 0;

  constructor(context: SlotContext, owner: Owner, scopes: readonly string[]) {
    this.#context = context;
    this.#owner = owner;
    this.#scopes = scopes;
  }

  get counters(): Counters {
    return {
      tokenRequests: this.#tokenRequests,
      tokenFailures: this.#tokenFailures,
      earlyRenewals: this.#earlyRenewals,
      refusals: this.#refusals,
      replays: this.#replays,
      waits: this.#waits,
    };
  }

  renewedEarly(): void {
    this.#earlyRenewals += 1;
  }

  refused(): void {
    this.#refusals += 1;
  }

  replayed(): void {
    this.#replays += 1;
  }

  waited(): void {
    this.#waits += 1;
  }

  emit(event: OwnEvent): void {
    // Spread over a union, the type of each member is lost to the compiler.
    const whole: unknown = {
      provider: this.#owner.provider,
      ...(this.#owner.account === undefined ? {} : { account: this.#owner.account }),
      ...(this.#scopes.length === 0 ? {} : { scopes: this.#scopes }),
      atMs: this.#context.clock.now(),
      ...event,
    };
    this.#context.emit(whole as PaymentsAuthEvent);
  }

  /** One request to the token endpoint has ended. */
  tokenRequest(report: TokenRequestReport, about: TokenRequestCircumstances): void {
    const { error, ...circumstances } = about;
    this.#tokenRequests += 1;
    if (report.outcome !== 'issued') this.#tokenFailures += 1;
    if (report.limitHeaders !== undefined) this.observe(report.limitHeaders);
    this.emit({
      type: 'token-request',
      ...circumstances,
      outcome: report.outcome,
      durationMs: report.durationMs,
      ...(report.status === undefined ? {} : { status: report.status }),
      ...(error === undefined ? {} : { error }),
    });
  }

  /** Keeps what an answer says about the provider's limits. */
  observe(headers: Readonly<Record<string, unknown>>): void {
    const limit = numeric(headers['x-ratelimit-limit']);
    const remaining = numeric(headers['x-ratelimit-remaining']);
    const reset = numeric(headers['x-ratelimit-reset']);
    const waits = headers['retry-after'] !== undefined;
    if (limit === undefined && remaining === undefined && !waits) return;
    const nowMs = this.#context.clock.now();
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

export function noCounts(): Counters {
  return { tokenRequests: 0, tokenFailures: 0, earlyRenewals: 0, refusals: 0, replays: 0, waits: 0 };
}

function numeric(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
