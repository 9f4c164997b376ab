import { sayDuration } from '../../duration.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import {
  type Circumstances,
  rejectionEvent,
  unavailable,
  UnusableCredentialsError,
} from '../credential-errors.js';
import type { AwaitedLogin } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import type { IssueOutcome, IssueRequest } from '../issuing/token-issuer.js';
import type { AcquireReason } from '../payments-auth-event.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import type { SlotView } from './slot-context.js';

/**
 * After about this time, callers that were turned away may ask again. Their next attempts are spread, and by then the
 * endpoint may have places.
 */
export const ASK_AGAIN_AFTER_MS = 500;

/** Why a login began. */
interface Beginning {
  readonly reason: AcquireReason;
  readonly awaited?: boolean;
}

/** The outcomes of an attempt that are failures. */
type Failed = Exclude<IssueOutcome, { outcome: 'issued' }>;

/** Reports one login: to the journal while it goes on, to the callers that wait, and at its end. */
export class LoginStory {
  readonly #slot: SlotView;
  readonly #beginning: Beginning;
  /** The credential, the host and the result of the last attempt. */
  #last: Circumstances = {};
  #lastReason: string | undefined;
  #failedOn: 'login' | 'load' = 'login';
  /** Whether the journal was told of the last failure. */
  #isTold = false;
  /** How long ago the provider has rejected the secret, where an earlier login has shown that. In milliseconds. */
  #rejectedAgoMs: number | undefined;
  #isRejected = false;
  #hasWaited = false;
  /** Whether a token request was made, or the application was asked for its secret. */
  #isAnnounced = false;
  /** The time of the next attempt, on the monotonic clock, in milliseconds. Set while the login waits for it. */
  #nextAtMs: number | undefined;

  constructor(slot: SlotView, beginning: Beginning) {
    this.#slot = slot;
    this.#beginning = beginning;
  }

  /** What the waiting callers wait for. */
  get awaits(): AwaitedLogin {
    const { credential, host = '' } = this.#last;
    const { lastError } = this.#slot.journal;
    const failure = this.#lastReason ?? lastError?.reason;
    const nextInMs = this.#nextAtMs && Math.max(0, Math.ceil(this.#nextAtMs - this.#nowMs));
    const cause = this.#lastReason === undefined ? lastError : this.unavailable(this.#lastReason, nextInMs);
    return {
      ...(host === '' ? {} : { host }),
      ...(credential === undefined ? {} : { credential }),
      words: [
        host === '' ? 'waiting for its credentials' : `waiting for a login at ${host}`,
        ...(failure === undefined ? [] : [`last failure: ${failure}`]),
        ...(nextInMs === undefined ? [] : [`next attempt in ${sayDuration(nextInMs)}`]),
      ].join('; '),
      ...(cause === undefined ? {} : { cause }),
    };
  }

  /** Whether its callers had to wait. A caller that gets an error at once, during a pause, did not wait. */
  get hasWaited(): boolean {
    return this.#hasWaited;
  }

  /** The login waits for something: its time, the application, the provider. */
  waits(): void {
    this.#hasWaited = true;
  }

  /** The facts of the last attempt, for its error. */
  get circumstances(): Circumstances {
    return this.#last;
  }

  /** The next attempt is made with this secret, if the provider has not rejected it. */
  takes(secret: Secret | undefined): void {
    if (secret === undefined) return;
    const host = this.#slot.owner.context.issuerHost(secret.credentials);
    this.#last = { credential: shortOf(secret), host };
  }

  /** An attempt begins. Returns the listeners for its result. */
  asks(): Pick<IssueRequest, 'onSave' | 'onTokenRequest'> {
    const { journal, owner } = this.#slot;
    const { reason, awaited = true } = this.#beginning;
    const { credential = '', host = '' } = this.#last;
    if (!this.#isAnnounced) journal.emit({ type: 'credential-requested', credential, reason });
    this.#isAnnounced = true;
    this.waits();
    return {
      onSave: (isSaved) => {
        if (isSaved) journal.history?.succeeded('save', owner.context.clock.now());
        else journal.note({ on: 'save', reason: 'the new refresh token could not be saved' });
      },
      onTokenRequest: (report) => {
        this.#isTold = report.outcome !== 'issued';
        journal.tokenRequest(report, { credential, reason, awaited, host });
      },
    };
  }

  /** An attempt has failed. */
  failed(outcome: Failed): void {
    this.#last = { ...this.#last, status: outcome.status };
    this.#failedOn = outcome.outcome === 'unavailable' && outcome.isLoad === true ? 'load' : 'login';
    if (outcome.outcome !== 'unavailable' || outcome.postponed === true) return;
    this.#lastReason = outcome.reason;
    const { retryAfterMs, unsent } = outcome;
    const { credential = '' } = this.#last;
    if (retryAfterMs !== undefined && (unsent === undefined || unsent === 'limit'))
      this.#slot.journal.emit({ type: 'rate-limited', credential, retryAfterMs });
  }

  /** The provider has rejected the secret. The rejection is remembered for `retryAfterMs`. */
  rejected(outcome: Failed & { outcome: 'rejected' }, retryAfterMs: number): void {
    const { reason } = outcome;
    const { credential = '' } = this.#last;
    this.#isRejected = true;
    this.#slot.journal.emit({ type: rejectionEvent(outcome), credential, reason, retryAfterMs });
  }

  /** No login is made, because the secret is known to be rejected. Returns what is remembered of it. */
  recalls<R extends { readonly agoMs: number }>(rejection: R | undefined): R | undefined {
    if (!this.#isRejected) this.#rejectedAgoMs = rejection?.agoMs;
    return rejection;
  }

  /** The next attempt is made in this many milliseconds; `undefined`: now. */
  pausesFor(ms: number | undefined): void {
    this.#hasWaited = true;
    this.#nextAtMs = ms === undefined ? undefined : this.#nowMs + ms;
  }

  /**
   * Reports that calls wait for longer than usual. Without this, operators would hear of it only when the first call
   * gives up.
   */
  lasts(): void {
    this.#slot.journal.callsWait(this.#last.credential, this.awaits);
  }

  /** The login has failed. @param serving the credential that stays in use, if there is one */
  ended(error: PaymentsAuthError, cause: unknown, serving: Credential | undefined): void {
    const { journal } = this.#slot;
    const isUnknown = error.code === 'ACCOUNT_UNKNOWN';
    const { code } = error;
    if (isUnknown)
      journal.emit({ type: 'call-unsent', code, reason: 'the application knows no such account' });
    else if (this.#rejectedAgoMs !== undefined) journal.knewRejection(error, this.#rejectedAgoMs);
    // The provider has answered, and the fault of the definition was found only in that answer.
    else if (!this.#isTold || code === 'DEFINITION_FAULT')
      journal.couldNot(error, cause instanceof UnusableCredentialsError ? 'load' : this.#failedOn, cause);
    if (cause instanceof DefinitionFault) journal.tellFault(cause.message);
    // A secret whose rejection is already known is not reported again.
    const isNews = error.code === 'CREDENTIALS_UNAVAILABLE' || (!isUnknown && this.#isAnnounced);
    journal.failed(error, serving, isNews);
  }

  unavailable(reason: string, retryAfterMs?: number): PaymentsAuthError {
    return unavailable(this.#slot.owner, reason, retryAfterMs, this.#last);
  }

  /** The error for a caller whose time is over, or that still waits when the application shuts down. */
  noneCame(): PaymentsAuthError {
    if (this.#slot.owner.context.closing.aborted) return this.unavailable('the application is shutting down');
    const before = this.#lastReason === undefined ? '' : `, and before that: ${this.#lastReason}`;
    return this.unavailable(`none came before the time was up${before}`, ASK_AGAIN_AFTER_MS);
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }
}

/** What callers wait for while the provider does not accept the only token yet. */
export function awaitsAge({ owner, kept }: SlotView, forMs: number): AwaitedLogin {
  const host = kept === undefined ? '' : owner.context.issuerHost(kept.secret.credentials);
  const words = `waiting for a token of ${host} to be accepted, which takes another ${sayDuration(forMs)}`;
  return { host, words };
}
