import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { type Acquired, Login, type LoginSlot } from '../slot/login.js';
import type { Credential } from '../credential.js';
import {
  LoginCancelled,
  LoginPostponed,
  rethrowAsOwn,
  toCallersError,
  unavailable,
} from '../credential-errors.js';
import { Outage } from '../slot/outage.js';
import type { AcquireReason } from '../payments-auth-event.js';
import type { HeldToken } from '../issuing/token-issuer.js';

/** What is wanted, and why. */
export interface Wanted {
  readonly reason: AcquireReason;
  /** Whether somebody waits for it. @default true */
  readonly awaited?: boolean;
  /** Whether the application insists: what is remembered of the secret being wrong does not count. @default false */
  readonly insist?: boolean;
  /** The token that the provider has refused. */
  readonly refused?: string | undefined;
}

/** What acquiring needs of the slot it happens for. */
export interface AcquiringSlot extends LoginSlot {
  /** The token held now, dead or alive. */
  readonly held: HeldToken | undefined;
  keep(acquired: Acquired, how: { reason: AcquireReason; startedAtMs: number }): Credential;
  /** Keeps what there is for another `forMs` milliseconds: no failure, but not yet. */
  postpone(forMs: number): void;
  /** @param retryInMs when the next attempt may be; absent when time alone changes nothing */
  couldNot(error: PaymentsAuthError, isNews: boolean, retryInMs?: number): void;
  /** There is no such account. */
  letGo(): void;
  /** Another process of the fleet has withdrawn this token. */
  withdrawn(token: string): void;
}

interface Running {
  readonly login: Login;
  readonly credential: Promise<Credential>;
}

/**
 * How a slot comes by its credential: at most one login under way, and a memory of those that failed. Exists from
 * the first attempt until one succeeds: a hundred thousand idle accounts have none.
 */
export class Acquiring {
  readonly #slot: AcquiringSlot;
  #running: Running | undefined;
  #outage: Outage | undefined;

  constructor(slot: AcquiringSlot) {
    this.#slot = slot;
  }

  /** Whether somebody waits for an answer right now. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** How long until the next attempt that nobody waits for, in milliseconds. */
  get backOffMs(): number {
    return this.#outage?.waitMs(this.#nowMs) ?? 0;
  }

  /** Everybody who wants a credential while one is on its way shares it (R1). */
  async acquire(wanted: Wanted): Promise<Credential> {
    const { awaited = true } = wanted;
    if (this.#running === undefined) this.#start(wanted, awaited);
    else if (awaited) this.#running.login.join();
    return (this.#running as Running).credential.catch(rethrowAsOwn);
  }

  /** Whatever is on its way is older than what is wanted now. */
  outdate(): void {
    this.#running?.login.outdate();
  }

  /** The static credentials are others: what failed with those before says nothing. */
  startAnew(): void {
    this.#outage = undefined;
    this.outdate();
  }

  /** Ends what is pending. */
  end(): void {
    this.#running?.login.end();
  }

  #start({ reason, insist = false, refused }: Wanted, awaited: boolean): void {
    const slot = this.#slot;
    const waitMs = awaited ? (this.#outage?.turnsCallersAwayForMs(this.#nowMs) ?? 0) : 0;
    if (waitMs > 0) throw unavailable(slot.owner, this.#outage?.reason ?? 'backing off', waitMs);
    if (insist) slot.owner.secrets.forgive();
    const caution = this.#outage?.caution(this.#nowMs) ?? { startInMs: 0, retries: true };
    const order = { reason, awaited, insist, refused, held: slot.held, ...caution };
    const login = new Login(slot, order);
    this.#running = { login, credential: this.#finish(login, reason) };
  }

  async #finish(login: Login, reason: AcquireReason): Promise<Credential> {
    const startedAtMs = this.#nowMs;
    try {
      return await login.run((acquired) => this.#slot.keep(acquired, { reason, startedAtMs }));
    } catch (error) {
      throw this.#failed(error, login);
    } finally {
      this.#running = undefined;
    }
  }

  #failed(cause: unknown, login: Login): PaymentsAuthError {
    const slot = this.#slot;
    const error = toCallersError(slot.owner, cause);
    if (cause instanceof LoginPostponed) slot.postpone(cause.forMs);
    const isFailure = !(cause instanceof LoginPostponed || cause instanceof LoginCancelled);
    if (!isFailure || slot.owner.context.closing.aborted) return error;
    if (error.code === 'CREDENTIALS_UNAVAILABLE') return this.#unavailable(error, login.awaited);
    // A secret that is remembered as wrong is no news.
    slot.couldNot(error, error.code !== 'ACCOUNT_UNKNOWN' && login.wasAnnounced);
    if (error.code === 'ACCOUNT_UNKNOWN') slot.letGo();
    return error;
  }

  #unavailable(error: PaymentsAuthError, spent: boolean): PaymentsAuthError {
    const reason = error.reason ?? 'unavailable';
    this.#outage ??= new Outage(this.#nowMs);
    const waitMs = this.#outage.failed(this.#nowMs, reason, error.retryAfterMs, spent);
    const timed = unavailable(this.#slot.owner, reason, waitMs, error.cause);
    this.#slot.couldNot(timed, true, waitMs);
    return timed;
  }

  get #nowMs(): number {
    return this.#slot.owner.context.clock.monotonic();
  }
}
