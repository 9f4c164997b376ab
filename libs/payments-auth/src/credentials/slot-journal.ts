import type { Clock } from '../payments-auth.clock.js';
import type { PaymentsAuthError } from '../payments-auth.errors.js';
import type { Owner } from './credential-errors.js';
import type { CredentialStatus } from './credential.service.js';
import type { AcquireReason, EventSink, PaymentsAuthEvent } from './payments-auth-event.js';
import { retryAfterMs } from './retry-after.js';
import type { TokenRequestReport } from './token-issuer.js';

/** An event before it is known whose it is and when. */
type OwnEvent = PaymentsAuthEvent extends infer E
  ? E extends PaymentsAuthEvent
    ? Omit<E, 'provider' | 'account' | 'scopes' | 'atMs'>
    : never
  : never;

type Counters = CredentialStatus['counters'];

/** What has happened to one credential: counted, and told to whoever listens. */
export class SlotJournal {
  lastError: PaymentsAuthError | undefined = undefined;
  rateLimit: CredentialStatus['rateLimit'] = undefined;
  readonly #owner: Owner;
  readonly #scopes: readonly string[];
  readonly #clock: Clock;
  readonly #sink: EventSink;
  #counters: Counters | undefined = undefined;

  constructor(owner: Owner, scopes: readonly string[], clock: Clock, sink: EventSink) {
    this.#owner = owner;
    this.#scopes = scopes;
    this.#clock = clock;
    this.#sink = sink;
  }

  get counters(): Counters {
    return this.#counters === undefined ? noCounts() : { ...this.#counters };
  }

  count(name: keyof Counters): void {
    this.#counters ??= noCounts();
    this.#counters[name] += 1;
  }

  emit(event: OwnEvent): void {
    // Spread over a union, the type of each member is lost to the compiler.
    const whole: unknown = {
      provider: this.#owner.provider,
      ...(this.#owner.account === undefined ? {} : { account: this.#owner.account }),
      ...(this.#scopes.length === 0 ? {} : { scopes: this.#scopes }),
      atMs: this.#clock.now(),
      ...event,
    };
    this.#sink(whole as PaymentsAuthEvent);
  }

  /** One request to the token endpoint has ended. `error`: the provider's words, already scrubbed. */
  tokenRequest(
    report: TokenRequestReport,
    { reason, host, error }: { reason: AcquireReason; host: string; error: string | undefined },
  ): void {
    this.count('tokenRequests');
    if (report.outcome !== 'issued') this.count('tokenFailures');
    this.emit({
      type: 'token-request',
      reason,
      outcome: report.outcome,
      durationMs: report.durationMs,
      host,
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
    const nowMs = this.#clock.now();
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
