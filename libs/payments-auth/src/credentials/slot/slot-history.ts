/** The step that failed: a login, a call, or a `load` or `save` of the application. */
export type FailedOn = 'login' | 'call' | 'load' | 'save';

/** A failure of a credential. It contains no secret. */
export interface Failure {
  readonly on: FailedOn;
  /** Wall clock, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  /** The provider's own words, those of the system, or `HTTP 503`. */
  readonly reason: string;
  /** The code of the error that callers got, where it says more than `on`. */
  readonly code?: string | undefined;
  /** Whether the provider itself says that the credential is not valid. */
  readonly isOwn?: boolean | undefined;
  /** Whether no request was sent, because of a limit or a queue on this side. */
  readonly isUnsent?: boolean | undefined;
  /** How far the provider's clock is ahead of this machine's, in milliseconds, where the answer says it. */
  readonly clockDifferenceMs?: number | undefined;
}

/** A failure, and whether it goes on. */
interface Noted {
  readonly last: Failure;
  /** When the first failure in this row happened. */
  readonly sinceMs: number;
  /** Whether no step of this kind has succeeded since. */
  readonly isOpen: boolean;
}

function isOfLogin({ on }: Failure): boolean {
  return on === 'login' || on === 'load';
}

const KINDS: readonly FailedOn[] = ['login', 'load', 'call', 'save'];

/**
 * The memory that later explains the state of a credential: the last failure of each kind, whether it goes on, and how
 * many there were. Created for the first failure, because most of a hundred thousand accounts have none.
 */
export class SlotHistory {
  /** The last success of a call or login with a credential that is no longer kept. Wall clock. */
  lastSuccessAtMs: number | undefined = undefined;
  /** When calls were accepted again with a key that was refused before. Wall clock. */
  acceptedAgainAtMs: number | undefined = undefined;
  /** The credential for which it was reported that calls wait until the provider accepts it. */
  toldOfAgeOf: string | undefined = undefined;
  /** A key that is only tried, because it was refused before; and the earlier key, whose use was reported. */
  untold: { readonly id: string; readonly told: string; readonly tell: () => void } | undefined = undefined;
  // Counted here and not in the journal, so that a credential without failures needs no memory for them.
  tokenFailures = 0;
  refusals = 0;
  replays = 0;
  failedCalls = 0;
  readonly #noted: Record<FailedOn, Noted | undefined> = {
    login: undefined,
    load: undefined,
    call: undefined,
    save: undefined,
  };

  failed(failure: Failure): void {
    const before = this.#noted[failure.on];
    const sinceMs = before?.isOpen === true ? before.sinceMs : failure.atMs;
    this.#noted[failure.on] = { last: failure, sinceMs, isOpen: true };
  }

  /** The last failure of this kind, while it goes on. */
  ongoing(on: FailedOn): Failure | undefined {
    const noted = this.#noted[on];
    return noted?.isOpen === true ? noted.last : undefined;
  }

  succeeded(on: FailedOn, nowMs: number): void {
    const noted = this.#noted[on];
    if (noted?.isOpen !== true) return;
    this.#noted[on] = { ...noted, isOpen: false };
    if (on === 'call' && noted.last.isOwn === true) this.acceptedAgainAtMs = nowMs;
  }

  /** A call was sent. So a reason for which calls could not be sent, or a fault of the definition, seems to be over. */
  left(nowMs: number): void {
    if (this.#noted.call?.last.code !== undefined) this.succeeded('call', nowMs);
  }

  /**
   * The newest failure that goes on, or the newest of all where none goes on. While logins fail, a refused call is left
   * out, because a login would help.
   */
  get lastFailure(): { readonly failure: Failure; readonly isOpen: boolean } | undefined {
    const newest = this.#all.toSorted(
      (a, b) =>
        Number(b.isOpen) - Number(a.isOpen) ||
        (a.isOpen ? Number(isOfLogin(b.last)) - Number(isOfLogin(a.last)) : 0) ||
        b.last.atMs - a.last.atMs,
    )[0];
    return newest && { failure: newest.last, isOpen: newest.isOpen };
  }

  /** Since when failures of these kinds go on; `undefined` where none does. */
  openSinceMs(kinds: readonly FailedOn[]): number | undefined {
    const open = kinds.map((on) => this.#noted[on]).filter((noted) => noted?.isOpen === true);
    return open.length === 0 ? undefined : Math.min(...open.map((noted) => noted?.sinceMs ?? 0));
  }

  /** The kinds of failures that go on. */
  get open(): FailedOn[] {
    return KINDS.filter((on) => this.#noted[on]?.isOpen === true);
  }

  get isOpen(): boolean {
    return this.#all.some(({ isOpen }) => isOpen);
  }

  get #all(): Noted[] {
    return KINDS.map((on) => this.#noted[on]).filter((noted) => noted !== undefined);
  }
}
