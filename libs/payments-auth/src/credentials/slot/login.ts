import { ownCopy } from '../../own-properties.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import { pause } from '../../within.js';
import { LoginCancelled, LoginPostponed, LoginUnsent, rejected } from '../credential-errors.js';
import { RETRY, waitAfter, waitForLoginMs } from '../issuing/back-off.js';
import { LoginWait } from '../issuing/login-wait.js';
import type {
  HeldToken,
  IssuedToken,
  IssueOutcome,
  IssueRequest,
  TokenIssuer,
} from '../issuing/token-issuer.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { Secret } from '../secrets/secret-source.js';
import { requestFor } from './giving-back.js';
import { ASK_AGAIN_AFTER_MS, LoginStory } from './login-story.js';
import type { SlotView } from './slot-context.js';

/** The wanted credential, and the reason. */
export interface Wanted {
  readonly reason: AcquireReason;
  /** Whether a caller waits for it from the start. @default true */
  readonly awaited?: boolean;
  /** Whether the application insists: a remembered rejection of the secret does not count. @default false */
  readonly insist?: boolean;
  /** The token that the provider has refused on a call. */
  readonly refused?: string | undefined;
  /** The id of the key that the provider has refused on a call. Any other key is wanted (R12). */
  readonly refusedKey?: string | undefined;
}

/** The state of the slot that a login has to take into account. */
interface Caution extends Pick<IssueRequest, 'forced' | 'hasFailed' | 'onWithdrawn'> {
  /** The first attempt waits this long, because the provider has asked for it or has no other token before. */
  readonly startInMs: number;
  /** Whether a failed attempt is repeated while a caller waits. */
  readonly retries: boolean;
}

/** The result of a login. `issued` is absent for a static key. */
export interface Acquired {
  readonly secret: Secret;
  readonly issued?: IssuedToken | undefined;
}

/**
 * One login, shared by all callers that need the credential meanwhile (R1). It exchanges the newest secret that was not
 * rejected for a token. After a rejection, it tries the next secret. After any other failure, it tries again while a
 * caller waits and the time for waiting lasts (R4).
 *
 * A login belongs to no caller, and no caller can end it. All callers together wait for 15 s. A token request that was
 * sent goes on after that, until its own deadline, and its token is kept (R3).
 */
export class Login {
  /** The callers that wait for it. Without any, no caller gets an error when it fails. */
  readonly wait: LoginWait;
  readonly story: LoginStory;
  readonly #slot: SlotView;
  readonly #wanted: Wanted;
  readonly #caution: Caution;
  readonly #held: HeldToken | undefined;
  #isOutdated = false;

  constructor(slot: SlotView, wanted: Wanted, caution: Caution) {
    const { clock, closing, issuer, provider } = slot.owner.context;
    this.#slot = slot;
    this.#wanted = wanted;
    this.#caution = caution;
    this.#held = issuer && slot.kept?.held(clock);
    this.story = new LoginStory(slot, wanted);
    this.wait = new LoginWait(clock, waitForLoginMs(provider), wanted.awaited !== false);
    if (closing.aborted) this.wait.end();
  }

  /** The result of this login is out of date, and is not kept (R9). */
  outdate(): void {
    this.#isOutdated = true;
  }

  /**
   * @param keep called with the result, in the step in which the result is known to be still needed
   * @throws PaymentsAuthError, UnusableCredentialsError, LoginCancelled, LoginPostponed, LoginUnsent
   */
  async run<T>(keep: (acquired: Acquired) => T): Promise<T> {
    this.wait.tellWhenLong(() => this.story.lasts());
    try {
      const { startInMs } = this.#caution;
      if (startInMs > 0) await this.#pause(startInMs);
      return await this.#attempts(keep);
    } finally {
      this.wait.settle();
    }
  }

  async #attempts<T>(keep: (acquired: Acquired) => T): Promise<T> {
    const { story, wait } = this;
    const { owner } = this.#slot;
    const { secrets } = owner;
    const { issuer } = owner.context;
    let failures = 0;
    for (;;) {
      const { over, isAwaited } = wait;
      if (over.aborted) throw story.noneCame();
      const asked = [failures === 0, isAwaited ? over : undefined] as const;
      if (!secrets.isAtHand(...asked)) story.waits();
      const list = await wait.whileItLasts(secrets.get(...asked));
      if (list === undefined) throw story.noneCame();
      if (this.#startsAnew()) continue;
      // A key that was refused on a call may still be the best one: the provider decides on each call.
      if (issuer === undefined) return keep({ secret: secrets.firstKey(list, this.#wanted.refusedKey) });
      const secret = secrets.firstUsable(list);
      story.takes(secret ?? list[0]);
      if (secret === undefined) {
        const known = story.recalls(secrets.rejection(list));
        throw rejected(owner, { ...story.circumstances, reason: 'rejected', ...known });
      }
      let outcome = ownCopy(await this.#issue(issuer, secret, failures > 0));
      if (this.#startsAnew()) continue;
      if (outcome.outcome === 'issued')
        try {
          return keep({ secret, issued: outcome });
        } catch (error) {
          if (!(error instanceof DefinitionFault)) throw error;
          // The definition has a fault. Another login would return a token with the same problem.
          const { message: reason, cause } = error;
          outcome = { outcome: 'rejected', code: 'DEFINITION_FAULT', reason, cause };
        }
      story.failed(outcome);
      if (outcome.outcome === 'rejected') {
        story.rejected(outcome, secrets.reject(secret, outcome, outcome.retryAfterMs));
      } else if (outcome.postponed === true) {
        // A caller that joined meanwhile does not wait for the renewal's later time.
        if (!wait.isAwaited) throw new LoginPostponed(outcome.retryAfterMs ?? 0);
      } else {
        if (outcome.unsent === undefined) failures += 1;
        if (failures > 0) wait.fix();
        await this.#beforeNext(outcome, failures);
      }
    }
  }

  #issue(issuer: TokenIssuer, secret: Secret, failedBefore: boolean): Promise<IssueOutcome> {
    const { insist = false, refused } = this.#wanted;
    const { forced, hasFailed, onWithdrawn } = this.#caution;
    return issuer.issue({
      ...requestFor(this.#slot, secret),
      ...this.story.asks(),
      held: this.#held,
      refused,
      insist,
      forced,
      hasFailed: hasFailed || failedBefore,
      wait: this.wait,
      onWithdrawn,
    });
  }

  /** Waits for the time of the next attempt. @throws PaymentsAuthError, LoginUnsent when there is none */
  async #beforeNext(
    { retryAfterMs, reason, unsent }: IssueOutcome & { outcome: 'unavailable' },
    failures: number,
  ): Promise<void> {
    // A provider that answers "retry at once" again and again is not asked again at once.
    const waitMs = Math.max(retryAfterMs ?? 0, Math.random() * waitAfter(Math.max(1, failures), RETRY));
    // The queue knows already that the rest of the wait is too short.
    const isTurnedAway = unsent === 'queue' && (retryAfterMs ?? 0) > 0;
    const retries = (this.#caution.retries || unsent !== undefined) && !isTurnedAway;
    if (this.wait.isAwaited && retries && waitMs < this.wait.leftMs) return this.#pause(waitMs);
    if (unsent === undefined || failures > 0) throw this.story.unavailable(reason, retryAfterMs);
    const askAgainAfterMs = unsent === 'limit' ? undefined : ASK_AGAIN_AFTER_MS * (1 + Math.random());
    throw new LoginUnsent(reason, waitMs, askAgainAfterMs, this.story.circumstances);
  }

  /** Whether the result is out of date, so that the login starts again. @throws LoginCancelled when no caller waits */
  #startsAnew(): boolean {
    if (!this.#isOutdated) return false;
    if (!this.wait.isAwaited) throw new LoginCancelled();
    this.#isOutdated = false;
    return true;
  }

  async #pause(ms: number): Promise<void> {
    this.story.pausesFor(ms);
    await pause(this.#slot.owner.context.clock, ms, this.wait.over, this.wait.isAwaited);
    this.story.pausesFor(undefined);
  }
}
