/** Where it went wrong: asking for a token, on a call, or with what the application loads and saves. */
export type FailedOn = 'login' | 'call' | 'load' | 'save';

/** Something that went wrong with a credential. No secret in it. */
export interface Failure {
  readonly on: FailedOn;
  /** Wall clock, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly host?: string | undefined;
  readonly status?: number | undefined;
  /** The provider's own words, the system's, or `HTTP 503`. */
  readonly reason: string;
  /** Of the error of this library that callers got, where that says more than `on`. */
  readonly code?: string | undefined;
  /** The provider itself says that the credential is no good. */
  readonly isOwn?: boolean | undefined;
  /** How far the provider's clock is ahead of this machine's, in milliseconds, where the answer says it. */
  readonly clockDifferenceMs?: number | undefined;
}

/** A failure, and whether it goes on. */
interface Noted {
  readonly last: Failure;
  /** When the first failure in this row happened. */
  readonly sinceMs: number;
  /** Nothing of this kind has succeeded since. */
  readonly isOpen: boolean;
}

function isOfLogin({ on }: Failure): boolean {
  return on === 'login' || on === 'load';
}

const KINDS: readonly FailedOn[] = ['login', 'load', 'call', 'save'];

/**
 * What is remembered to explain later why a credential is in its state: the last failure of each kind, whether it
 * goes on, and how many there were. Made when something goes wrong for the first time: most of a hundred thousand accounts have none.
 */
export class SlotHistory {
  /** What is known of calls and logins that succeeded with a credential that is no longer kept. Wall clock. */
  lastSuccessAtMs: number | undefined = undefined;
  /** When calls were accepted again with a key that was refused before. Wall clock. */
  acceptedAgainAtMs: number | undefined = undefined;
  /** The credential of which it was told that calls wait until it is accepted. */
  toldOfAgeOf: string | undefined = undefined;
  /** A key in use that is only tried, as it was refused before; and the one before, of which it was told that it is in use. */
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

  succeeded(on: FailedOn, nowMs: number): void {
    const noted = this.#noted[on];
    if (noted?.isOpen !== true) return;
    this.#noted[on] = { ...noted, isOpen: false };
    if (on === 'call' && noted.last.isOwn === true) this.acceptedAgainAtMs = nowMs;
  }

  /** A call has left: what kept calls from that, or a fault of the definition, is over as far as is known. */
  left(nowMs: number): void {
    if (this.#noted.call?.last.code !== undefined) this.succeeded('call', nowMs);
  }

  /**
   * The newest failure that goes on; where none does, the newest of all. While logins fail, a refused call is no news: a
   * login would cure it.
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
