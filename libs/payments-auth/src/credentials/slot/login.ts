import type { TimerHandle } from '../../payments-auth.clock.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import {
  type Circumstances,
  LoginCancelled,
  LoginPostponed,
  LoginUnsent,
  rejected,
  rejectionEvent,
  unavailable,
  UnusableCredentialsError,
} from '../credential-errors.js';
import { RETRY, waitAfter, waitForLoginMs } from '../issuing/back-off.js';
import { LoginWait } from '../issuing/login-wait.js';
import { pause } from '../../within.js';
import type {
  ForcedRenewals,
  HeldToken,
  IssuedToken,
  IssueOutcome,
  TokenIssuer,
} from '../issuing/token-issuer.js';
import type { AwaitedLogin } from '../credential-spender.js';
import type { AcquireReason } from '../payments-auth-event.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import type { SlotContext, SlotView } from './slot-context.js';

/** What is wanted, and why. */
export interface Wanted {
  readonly reason: AcquireReason;
  /** Whether somebody waits for it from the start. @default true */
  readonly awaited?: boolean;
  /** Whether the application insists: what is remembered of the secret being wrong does not count. @default false */
  readonly insist?: boolean;
  /** The token that the provider has refused on a call. */
  readonly refused?: string | undefined;
  /** The id of the key that the provider has refused on a call: any other one is wanted (R12). */
  readonly refusedKey?: string | undefined;
}

/** What the slot knows that a login has to heed. */
interface Caution {
  /** The first attempt waits this long: the provider has asked for it, or has nothing else before. */
  readonly startInMs: number;
  /** Whether a failed attempt is followed by others, as far as somebody waits. */
  readonly retries: boolean;
  /** Whether the last login of this slot failed. */
  readonly hasFailed: boolean;
  /** What was forced by now, this one included. */
  readonly forced: ForcedRenewals | undefined;
  /** Told when another process of the fleet has withdrawn the token that came of it. */
  readonly onWithdrawn: (token: string) => void;
}

/** What came of it. `issued` is absent for a static key. */
export interface Acquired {
  readonly secret: Secret;
  readonly issued?: IssuedToken;
}

/** Calls that wait for longer are told of. */
const TELL_AFTER_MS = 3_000;

/** Those who are turned away together do not ask again together, and the endpoint may have places by then. */
const ASK_AGAIN_AFTER_MS = 500;

/**
 * One way to one credential, shared by everybody who wants it meanwhile (R1): the newest secret that is not known to
 * be wrong, exchanged for a token. A secret that the provider calls wrong is followed by the next one; any other
 * failure by another attempt, while somebody waits and the time for waiting lasts (R4).
 *
 * Belongs to no caller: none can end it. Those who wait do so for 15 s together. A token request that was sent goes on
 * after that, to its own deadline, and what it brings is kept (R3).
 */
export class Login {
  /** Who waits for it. Where nobody does, its failure is nobody's. */
  readonly wait: LoginWait;
  readonly #slot: SlotView;
  readonly #wanted: Wanted;
  readonly #caution: Caution;
  readonly #held: HeldToken | undefined;
  /** What the last attempt was made with, and what it came to. */
  #last: Circumstances = {};
  #lastReason: string | undefined;
  #failedOn: 'login' | 'load' = 'login';
  #isTold = false;
  #isOutdated = false;
  #isAnnounced = false;
  /** On the monotonic clock, in milliseconds, while the next attempt is waited for. */
  #nextAtMs: number | undefined;
  #telling: TimerHandle | undefined;

  constructor(slot: SlotView, wanted: Wanted, caution: Caution) {
    this.#slot = slot;
    this.#wanted = wanted;
    this.#caution = caution;
    const { clock, closing, issuer, provider } = this.#context;
    this.#held = issuer && slot.kept?.held(clock);
    this.wait = new LoginWait(clock, waitForLoginMs(provider), wanted.awaited !== false);
    if (closing.aborted) this.wait.end();
  }

  /** What the last attempt was made with, and what it came to. */
  get circumstances(): Circumstances {
    return this.#last;
  }

  /** What those who wait are waiting for. */
  get awaits(): AwaitedLogin {
    const { host = '' } = this.#last;
    const lastError = this.#slot.journal.lastError;
    const failure = this.#lastReason ?? lastError?.reason;
    const nextInMs =
      this.#nextAtMs && Math.max(0, Math.ceil(this.#nextAtMs - this.#context.clock.monotonic()));
    const cause =
      this.#lastReason === undefined
        ? lastError
        : unavailable(this.#owner, this.#lastReason, nextInMs, this.#last);
    return {
      words: [
        host === '' ? 'waiting for its credentials' : `waiting for a login at ${host}`,
        ...(failure === undefined ? [] : [`last failure: ${failure}`]),
        ...(nextInMs === undefined ? [] : [`next attempt in ${nextInMs} ms`]),
      ].join('; '),
      ...(cause === undefined ? {} : { cause }),
    };
  }

  /** Says so once, where calls wait for longer than that: nobody else would, until the first of them gives up. */
  #tellWhileItLasts(): void {
    const { clock } = this.#context;
    this.#telling = clock.setTimeout(() => {
      if (!this.wait.isAwaited) return this.#tellWhileItLasts();
      const { credential, host } = this.#last;
      this.#slot.journal.emit({
        type: 'calls-waiting',
        ...(credential === undefined ? {} : { credential }),
        ...(host === undefined || host === '' ? {} : { host }),
        reason: this.awaits.words,
      });
    }, TELL_AFTER_MS);
  }

  /** Whether anything was asked of anybody; not when the secret is remembered as wrong. */
  get wasAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Where it failed, if the journal has not heard of that yet. */
  untold(cause: unknown): 'login' | 'load' | undefined {
    if (this.#isTold) return undefined;
    return cause instanceof UnusableCredentialsError ? 'load' : this.#failedOn;
  }

  /** Whatever is still on its way is older than what is wanted now, and will not be kept (R9). */
  outdate(): void {
    this.#isOutdated = true;
  }

  /**
   * @param keep called with what was acquired, in the very step in which it is known to be wanted still: a moment later
   *   it might not be
   * @throws PaymentsAuthError, UnusableCredentialsError, LoginCancelled, LoginPostponed, LoginUnsent
   */
  async run<T>(keep: (acquired: Acquired) => T): Promise<T> {
    this.#tellWhileItLasts();
    try {
      const { startInMs } = this.#caution;
      if (startInMs > 0) await this.#pause(startInMs);
      return await this.#attempts(keep);
    } finally {
      this.wait.settle();
      if (this.#telling !== undefined) this.#context.clock.clearTimeout(this.#telling);
    }
  }

  async #attempts<T>(keep: (acquired: Acquired) => T): Promise<T> {
    const { secrets } = this.#owner;
    const { issuer } = this.#context;
    let failures = 0;
    for (;;) {
      const { over, isAwaited } = this.wait;
      if (over.aborted) throw this.noneCame();
      const list = await this.wait.whileItLasts(secrets.get(failures === 0, isAwaited ? over : undefined));
      if (list === undefined) throw this.noneCame();
      if (this.#startsAnew()) continue;
      // A key that was refused on a call may still be the best there is: the provider decides on each call.
      if (issuer === undefined) return keep({ secret: secrets.firstKey(list, this.#wanted.refusedKey) });
      const secret = secrets.firstUsable(list);
      const asked = secret ?? list[0];
      if (asked !== undefined)
        this.#last = { credential: shortOf(asked), host: this.#context.issuerHost(asked.credentials) };
      if (secret === undefined)
        throw rejected(this.#owner, {
          ...this.#last,
          ...(secrets.rejection(list) ?? { reason: 'rejected' }),
        });
      let outcome = await this.#issue(issuer, secret, failures > 0);
      if (this.#startsAnew()) continue;
      if (outcome.outcome === 'issued')
        try {
          return keep({ secret, issued: outcome });
        } catch (error) {
          if (!(error instanceof DefinitionFault)) throw error;
          // Another login would bring another token, and the same fault.
          const { message: reason, cause } = error;
          outcome = { outcome: 'rejected', code: 'DEFINITION_FAULT', reason, cause };
        }
      this.#last = { ...this.#last, status: outcome.status };
      this.#failedOn = outcome.outcome === 'unavailable' && outcome.isLoad === true ? 'load' : 'login';
      if (outcome.outcome === 'rejected') {
        this.#reject(secret, outcome);
      } else if (outcome.postponed === true) {
        // Whoever has come to wait meanwhile does not wait for a better time.
        if (!this.wait.isAwaited) throw new LoginPostponed(outcome.retryAfterMs ?? 0);
      } else {
        if (outcome.unsent === undefined) failures += 1;
        if (failures > 0) this.wait.fix();
        await this.#beforeNext(secret, outcome, failures);
      }
    }
  }

  #issue(issuer: TokenIssuer, secret: Secret, failedBefore: boolean): Promise<IssueOutcome> {
    const { asked, journal } = this.#slot;
    const { reason, awaited = true, insist = false, refused } = this.#wanted;
    const { hasFailed, forced, onWithdrawn } = this.#caution;
    const { closing, clock } = this.#context;
    const { credential = '', host = '' } = this.#last;
    if (!this.#isAnnounced) journal.emit({ type: 'credential-requested', credential, reason });
    this.#isAnnounced = true;
    return issuer.issue({
      account: this.#owner.account,
      scopes: asked.scopes,
      audience: asked.audience,
      ...secret,
      held: this.#held,
      refused,
      insist,
      forced,
      hasFailed: hasFailed || failedBefore,
      wait: this.wait,
      signal: closing,
      onWithdrawn,
      onSave: (isSaved) => {
        if (isSaved) journal.history?.succeeded('save', clock.now());
        else journal.note({ on: 'save', reason: 'the new refresh token could not be saved' });
      },
      onTokenRequest: (report) => {
        this.#isTold = report.outcome !== 'issued';
        journal.tokenRequest(report, { credential, reason, awaited, host });
      },
    });
  }

  /** The secret is remembered as wrong, and the resolver has reason to be asked again. */
  #reject(secret: Secret, outcome: IssueOutcome & { outcome: 'rejected' }): void {
    const { reason } = outcome;
    const retryAfterMs = this.#owner.secrets.reject(secret, outcome, outcome.retryAfterMs);
    const credential = shortOf(secret);
    this.#slot.journal.emit({ type: rejectionEvent(outcome), credential, reason, retryAfterMs });
  }

  /** Waits for the time of the next attempt. @throws PaymentsAuthError, LoginUnsent when there is none */
  async #beforeNext(
    secret: Secret,
    { retryAfterMs, reason, unsent }: IssueOutcome & { outcome: 'unavailable' },
    failures: number,
  ): Promise<void> {
    this.#lastReason = reason;
    if (retryAfterMs !== undefined && (unsent === undefined || unsent === 'limit'))
      this.#slot.journal.emit({ type: 'rate-limited', credential: shortOf(secret), retryAfterMs });
    // Whoever says "at once", again and again, is not asked again at once.
    const waitMs = Math.max(retryAfterMs ?? 0, Math.random() * waitAfter(Math.max(1, failures), RETRY));
    const retries = this.#caution.retries || unsent !== undefined;
    if (this.wait.isAwaited && retries && waitMs < this.wait.leftMs) return this.#pause(waitMs);
    if (unsent === undefined || failures > 0)
      throw unavailable(this.#owner, reason, retryAfterMs, this.#last);
    const askAgainAfterMs = unsent === 'limit' ? undefined : ASK_AGAIN_AFTER_MS * (1 + Math.random());
    throw new LoginUnsent(reason, waitMs, askAgainAfterMs, this.#last);
  }

  /** What just came is too old to be kept: it is asked for again. @throws LoginCancelled when nobody waits for it */
  #startsAnew(): boolean {
    if (!this.#isOutdated) return false;
    if (!this.wait.isAwaited) throw new LoginCancelled();
    this.#isOutdated = false;
    return true;
  }

  /** What a caller is told whose time is up, or who is told of the end of the application. */
  noneCame(): PaymentsAuthError {
    if (this.#context.closing.aborted)
      return unavailable(this.#owner, 'the application is shutting down', undefined, this.#last);
    const before = this.#lastReason === undefined ? '' : `, and before that: ${this.#lastReason}`;
    const reason = `none came in the time there was${before}`;
    return unavailable(this.#owner, reason, ASK_AGAIN_AFTER_MS, this.#last);
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#context;
    this.#nextAtMs = clock.monotonic() + ms;
    await pause(clock, ms, this.wait.over, this.wait.isAwaited);
    this.#nextAtMs = undefined;
  }

  get #owner() {
    return this.#slot.owner;
  }

  get #context(): SlotContext {
    return this.#owner.context;
  }
}
