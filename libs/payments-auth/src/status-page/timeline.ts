import type { CredentialStatus, PaymentsAuthEvent } from '../index.js';
import { markOf, type MarkKind, type MarkWords } from './event-marks.js';

export type { MarkKind } from './event-marks.js';

/** A period on the wall clock, in milliseconds since the epoch. Without `toMs` it goes on. */
export interface Span {
  fromMs: number;
  toMs?: number | undefined;
}

/** How long one credential was in use, or will be. */
export interface Life extends Span {
  /** 8 hex digits of a keyed hash. */
  credential: string;
}

/** An event, and how often it happened within its second. */
export interface Mark {
  atMs: number;
  kind: MarkKind;
  words: string;
  times: number;
}

/** The calls and failed calls that ended in each piece of time, the oldest first. */
export interface Rates {
  /** Where the first piece begins. */
  fromMs: number;
  /** The length of each piece. */
  everyMs: number;
  calls: number[];
  failed: number[];
}

/** How much of the past the page shows. */
export const WINDOW_MS = 120_000;
/** Calls are counted over pieces of this length. */
export const PIECE_MS = 2_000;

const PIECES = WINDOW_MS / PIECE_MS;
/**
 * How long calls count as failing after a failed call. Without this, the row of the credential would often change its
 * place.
 */
const FAILS_FOR_PIECES = 5;
const SECOND_MS = 1_000;
/** How many events are kept. The page shows no more. */
const MOST_MARKS = 120;
const MOST_LIVES = 60;

/** The events of one credential in the last two minutes. Its memory is bounded, for any number of events. */
export class Timeline {
  #lives: Life[] = [];
  #troubles: Span[] = [];
  #marks: Mark[] = [];
  readonly #pieces = new Map<number, { calls: number; failed: number }>();
  #seen = { calls: 0, failedCalls: 0 };
  #isSeen: boolean;
  /** Whether calls wait for a login that has not ended yet. */
  isWaitedFor = false;
  /** When the last event of the credential came. */
  touchedAtMs: number;

  /** @param isWhole whether no call was counted before. Otherwise the earlier calls count as older than two minutes */
  constructor(nowMs: number, isWhole: boolean) {
    this.touchedAtMs = nowMs;
    this.#isSeen = isWhole;
  }

  heard(event: PaymentsAuthEvent): void {
    const { atMs } = event;
    this.touchedAtMs = atMs;
    if (event.type === 'calls-waiting') this.isWaitedFor = true;
    if (event.type === 'credential-obtained' || event.type === 'credential-unavailable')
      this.isWaitedFor = false;
    if (event.type === 'credential-obtained') {
      this.#replaced(atMs);
      this.#lives.push({
        credential: event.credential ?? '',
        fromMs: atMs,
        toMs: event.expiresAtMs,
      });
      this.#endTrouble(atMs);
    }
    if (event.type === 'credential-revoked' || event.type === 'credentials-rotated') this.#replaced(atMs);
    if (
      event.type === 'credential-unavailable' ||
      event.type === 'renewal-failed' ||
      (event.type === 'token-request' && event.outcome !== 'issued')
    )
      this.#beginTrouble(atMs);
    const words = markOf(event);
    if (words !== undefined) this.#mark(atMs, words);
    this.#forget(atMs);
  }

  /** Adds the current state, for facts without an event: the calls, and a token that is gone. */
  look(status: CredentialStatus, nowMs: number): void {
    const { calls, failedCalls } = status.counters;
    if (!this.#isSeen) this.#seen = { calls, failedCalls };
    this.#isSeen = true;
    const more = {
      // After the credential was dropped, its count begins again at 0.
      calls: calls >= this.#seen.calls ? calls - this.#seen.calls : calls,
      failed: Math.max(0, failedCalls - (calls >= this.#seen.calls ? this.#seen.failedCalls : 0)),
    };
    this.#seen = { calls, failedCalls };
    if (more.calls > 0 || more.failed > 0) {
      this.touchedAtMs = nowMs;
      const piece = Math.floor(nowMs / PIECE_MS);
      const counted = this.#pieces.get(piece) ?? { calls: 0, failed: 0 };
      this.#pieces.set(piece, {
        calls: counted.calls + more.calls,
        failed: counted.failed + more.failed,
      });
    }
    const { credential, obtainedAtMs: fromMs, expiresAtMs: toMs } = status;
    const last = this.#lives.at(-1);
    if (credential === undefined || fromMs === undefined) this.#replaced(nowMs);
    // The life of a key goes on after its resolver was asked again.
    else if (last?.credential === credential) last.toMs = toMs;
    else {
      this.#replaced(fromMs);
      this.#lives.push({ credential, fromMs, toMs });
    }
    // No event tells that the resolver of a key answers again.
    if (status.state === 'fresh' && toMs === undefined) this.#endTrouble(nowMs);
    this.#forget(nowMs);
  }

  get lives(): readonly Life[] {
    return this.#lives;
  }

  /** The periods without a usable token, or with failed renewals. */
  get troubles(): readonly Span[] {
    return this.#troubles;
  }

  /** The oldest first. */
  get marks(): readonly Mark[] {
    return this.#marks;
  }

  /** Whether a call has failed in the last ten seconds. */
  failsAt(nowMs: number): boolean {
    const last = Math.floor(nowMs / PIECE_MS);
    for (let piece = last - FAILS_FOR_PIECES + 1; piece <= last; piece += 1)
      if ((this.#pieces.get(piece)?.failed ?? 0) > 0) return true;
    return false;
  }

  rates(nowMs: number): Rates {
    const last = Math.floor(nowMs / PIECE_MS);
    const pieces = Array.from({ length: PIECES }, (_, at) => this.#pieces.get(last - PIECES + 1 + at));
    return {
      fromMs: (last - PIECES + 1) * PIECE_MS,
      everyMs: PIECE_MS,
      calls: pieces.map((each) => each?.calls ?? 0),
      failed: pieces.map((each) => each?.failed ?? 0),
    };
  }

  #mark(atMs: number, { kind, words }: MarkWords): void {
    const second = Math.floor(atMs / SECOND_MS);
    const same = this.#marks.findLast(
      (mark) => mark.kind === kind && mark.words === words && Math.floor(mark.atMs / SECOND_MS) === second,
    );
    if (same === undefined) this.#marks.push({ atMs, kind, words, times: 1 });
    else same.times += 1;
  }

  /** Ends the lives of all earlier credentials. */
  #replaced(atMs: number): void {
    const last = this.#lives.at(-1);
    if (last !== undefined && (last.toMs === undefined || last.toMs > atMs)) last.toMs = atMs;
  }

  #beginTrouble(atMs: number): void {
    const last = this.#troubles.at(-1);
    if (last === undefined || last.toMs !== undefined) this.#troubles.push({ fromMs: atMs, toMs: undefined });
  }

  #endTrouble(atMs: number): void {
    const last = this.#troubles.at(-1);
    if (last !== undefined) last.toMs ??= atMs;
  }

  #forget(nowMs: number): void {
    const fromMs = nowMs - WINDOW_MS;
    const lasts = ({ toMs }: Span) => toMs === undefined || toMs >= fromMs;
    this.#lives = this.#lives.filter(lasts).slice(-MOST_LIVES);
    this.#troubles = this.#troubles.filter(lasts).slice(-MOST_LIVES);
    this.#marks = this.#marks.filter(({ atMs }) => atMs >= fromMs).slice(-MOST_MARKS);
    const oldest = Math.floor(nowMs / PIECE_MS) - PIECES;
    for (const piece of this.#pieces.keys()) if (piece < oldest) this.#pieces.delete(piece);
  }
}
