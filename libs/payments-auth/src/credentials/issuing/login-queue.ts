import type { Clock, TimerHandle } from '../../payments-auth.clock.js';
import { type Recent, RecencyList } from '../recency-list.js';
import type { LoginWait } from './login-wait.js';

export interface LoginQueueLimits {
  /** How many logins are under way at once, at most. */
  readonly places: number;
  /** How many of these are background renewals, at most. */
  readonly renewals: number;
}

/** Doubtful accounts, whose last login failed or still goes on without a place, get a quarter of the places: 8 of 32. */
const DOUBTFUL_PART = 1 / 4;
/** For each place, this many slow logins may go on after they have given up their place: 96 for 32 places. */
const RUNNING_ON_PER_PLACE = 3;
/** A login is slow when it takes this many times as long as others, and never before {@link SLOW_AFTER_MS}. */
const SLOW_FACTOR = 3;
const SLOW_AFTER_MS = 2_000;
/**
 * Before the first success, and while 8 logins go on without a place, this part of the places is kept back: 8 of 32.
 */
const KEPT_BACK_PART = 1 / 4;
/**
 * The next of these places is given when the login in the last one has ended, or after this many milliseconds. The time
 * is halved after two logins in a row that ended before they were slow, and halved again after three, and so on.
 */
const KEPT_BACK_MS = 500;

/** Half of all logins take longer than the median. So a caller is told to wait a little longer than the median. */
const LATE_FACTOR = 1.1;

/** No caller is told to come back earlier than this, in milliseconds. */
const SOONEST_MS = 100;

/** The owner of a login. */
export interface LoginApplicant {
  /** The fingerprint of the secret. */
  readonly account: string;
  /** Whether the last login of this account failed. */
  readonly hasFailed: boolean;
  readonly wait: LoginWait;
}

/** What an applicant gets: a place, or the time after which another attempt makes sense. */
export type Admission = { readonly leave: () => void } | { readonly retryAfterMs: number };

interface Placed {
  readonly account: string;
  readonly isRenewal: boolean;
  readonly isDoubtful: boolean;
  /** Whether its place was kept back. */
  readonly isKept: boolean;
  readonly startedAtMs: number;
}

interface Waiting extends Recent<Waiting> {
  readonly applicant: LoginApplicant;
  readonly isRenewal: boolean;
  readonly isDoubtful: boolean;
  /** The position in the order of arrival. */
  readonly number: number;
  readonly admit: (admission: Admission) => void;
  /** Called when it is no longer in a lane. */
  left?: () => void;
}

/** The waiting logins of one kind, in the order of arrival. */
class Lane {
  readonly #order = new RecencyList<Waiting>();
  size = 0;

  add(waiting: Waiting): void {
    this.#order.touch(waiting);
    this.size += 1;
  }

  remove(waiting: Waiting): void {
    this.#order.remove(waiting);
    this.size -= 1;
    waiting.left?.();
  }

  get last(): Waiting | undefined {
    return this.#order.newest;
  }

  get first(): Waiting | undefined {
    for (const waiting of this.#order) return waiting;
    return undefined;
  }
}

/** How long logins take at an endpoint. */
interface Durations {
  /** The median of successful logins, in milliseconds. `undefined` before the first success. */
  readonly medianMs: number | undefined;
}

/**
 * The logins that run at one token endpoint, and those that wait for a place (R4). A login gets a place in time, or is
 * turned away: at once where it is known that no place comes in time, and otherwise as soon as that is known. A login that would take longer than its caller waits is not begun. A login that was
 * begun is never stopped.
 *
 * Renewals come first, but only few at once: after a renewal, no call has to wait. Then come callers, in the order of
 * arrival. A login that hangs loses its place after a time. Accounts whose last login failed get only few places. So
 * neither delays the other logins.
 *
 * Two cases need more: before the first success, it is not known how long a slow login takes; and while many logins
 * hang, the next ones in the queue may hang too. In both cases some places are kept back, and are given one by one to
 * the newest caller. So the first callers cannot take all places.
 */
export class LoginQueue {
  readonly #clock: Clock;
  readonly #durations: Durations;
  readonly #limits: LoginQueueLimits & {
    readonly doubtful: number;
    readonly runningOn: number;
    readonly keptBack: number;
  };
  readonly #renewals = [new Lane(), new Lane()] as const;
  readonly #callers = [new Lane(), new Lane()] as const;
  /** In the order in which they began. */
  readonly #placed = new Set<Placed>();
  readonly #runningOn = new Set<Placed>();
  #arrivals = 0;
  /** The login that got the last place that was kept back. */
  #lastKept: Placed | undefined;
  /** How many logins in such places have ended since one was slow. */
  #keptInTime = 0;
  #nextLook: TimerHandle | undefined;

  constructor(clock: Clock, durations: Durations, limits: LoginQueueLimits) {
    this.#clock = clock;
    this.#durations = durations;
    this.#limits = {
      ...limits,
      doubtful: Math.max(1, Math.floor(limits.places * DOUBTFUL_PART)),
      runningOn: limits.places * RUNNING_ON_PER_PLACE,
      keptBack: Math.floor(limits.places * KEPT_BACK_PART),
    };
  }

  /** Waits for a place. Call `leave` when the login has ended. */
  async enter(applicant: LoginApplicant): Promise<Admission> {
    return new Promise((admit) => this.#enter(applicant, admit));
  }

  #enter(applicant: LoginApplicant, admit: (admission: Admission) => void): void {
    const { wait, account, hasFailed } = applicant;
    const isRenewal = !wait.isAwaited;
    const isDoubtful = hasFailed || this.#isRunningOn(account);
    const waiting: Waiting = {
      applicant,
      isRenewal,
      isDoubtful,
      number: (this.#arrivals += 1),
      admit,
      older: undefined,
      newer: undefined,
    };
    this.#makeWay();
    const expectedMs = this.#expectedMs(waiting);
    if (wait.over.aborted || (!isRenewal && wait.leftMs < expectedMs)) {
      admit({ retryAfterMs: this.#retryAfterMs(waiting) });
    } else if (this.#hasPlaceFor(waiting)) {
      this.#place(waiting);
    } else {
      this.#queue(waiting);
    }
  }

  #queue(waiting: Waiting): void {
    const { wait } = waiting.applicant;
    const lane = this.#laneOf(waiting);
    const onOver = () => {
      lane.remove(waiting);
      waiting.admit({ retryAfterMs: this.#retryAfterMs(waiting) });
    };
    waiting.left = () => {
      wait.over.removeEventListener('abort', onOver);
      wait.onJoined(undefined);
    };
    lane.add(waiting);
    wait.over.addEventListener('abort', onOver, { once: true });
    if (waiting.isRenewal) {
      wait.onJoined(() => {
        lane.remove(waiting);
        this.#enter(waiting.applicant, waiting.admit);
      });
    }
    this.#giveKept();
    this.#lookAgain();
  }

  /** Gives free places to those who wait. */
  #serve(): void {
    this.#makeWay();
    this.#turnAway();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#admit(next);
    }
    this.#giveKept();
    this.#lookAgain();
  }

  /** Ends the wait of a login: it gets a place, unless too little of its caller's time is left. */
  #admit(waiting: Waiting, isKept = false): Placed | undefined {
    this.#laneOf(waiting).remove(waiting);
    const isTooLate = !waiting.isRenewal && waiting.applicant.wait.leftMs < (this.#durations.medianMs ?? 0);
    if (isTooLate) {
      waiting.admit({ retryAfterMs: this.#retryAfterMs(waiting) });
      return undefined;
    }
    return this.#place(waiting, isKept);
  }

  /**
   * Ends the wait of logins that cannot get a place in time. This becomes known when the first login has ended, or when
   * logins get slower.
   */
  #turnAway(): void {
    for (const lane of this.#callers) {
      for (let { last } = lane; last !== undefined; { last } = lane) {
        const ahead = lane.size - 1;
        if (this.#expectedMs(last, ahead) <= last.applicant.wait.forMs) break;
        lane.remove(last);
        last.admit({ retryAfterMs: this.#retryAfterMs(last, ahead) });
      }
    }
  }

  #next(): Waiting | undefined {
    for (const lanes of [this.#renewals, this.#callers]) {
      const [sound, doubtful] = lanes.map(({ first }) =>
        first !== undefined && this.#hasPlaceFor(first) ? first : undefined,
      );
      if (sound === undefined || (doubtful !== undefined && doubtful.number < sound.number)) {
        if (doubtful !== undefined) return doubtful;
      } else {
        return sound;
      }
    }
    return undefined;
  }

  #place({ applicant: { account }, isRenewal, isDoubtful, admit }: Waiting, isKept = false): Placed {
    const placed = { account, isRenewal, isDoubtful, isKept, startedAtMs: this.#clock.monotonic() };
    this.#placed.add(placed);
    const leave = () => {
      if (isKept && !this.#isSlow(placed)) this.#keptInTime += 1;
      if (this.#placed.delete(placed) || this.#runningOn.delete(placed)) this.#serve();
    };
    admit({ leave });
    return placed;
  }

  #hasPlaceFor({ isRenewal, isDoubtful }: Pick<Waiting, 'isRenewal' | 'isDoubtful'>): boolean {
    const { renewals, doubtful } = this.#limits;
    if (this.#placed.size >= this.#open) return false;
    if (isRenewal && this.#count((each) => each.isRenewal) >= renewals) return false;
    return !(isDoubtful && this.#count((each) => each.isDoubtful) >= doubtful);
  }

  /** How long it takes until a new login in the queue has ended, in milliseconds; 0 before the first success. */
  #expectedMs(waiting: Pick<Waiting, 'isRenewal' | 'isDoubtful'>, ahead = this.#ahead(waiting)): number {
    const { medianMs } = this.#durations;
    return medianMs === undefined ? 0 : this.#placeInMs(waiting, ahead, medianMs) + medianMs;
  }

  /**
   * How long until a new login in the queue gets a place. The logins under way end first, and those ahead of it get
   * their places.
   */
  #placeInMs({ isDoubtful }: Pick<Waiting, 'isDoubtful'>, ahead: number, medianMs: number): number {
    const doubtful = [...this.#placed].filter((each) => each.isDoubtful);
    // An account whose last login failed also waits for all others, while its own kind has a place left.
    const waitsForItsKind = isDoubtful && doubtful.length >= this.#limits.doubtful;
    const before = waitsForItsKind ? doubtful : [...this.#placed];
    const places = waitsForItsKind ? this.#limits.doubtful : this.#open;
    const nth = before.length - places + ahead;
    if (nth < 0) return 0;
    const startedAtMs = before[nth % places]?.startedAtMs ?? 0;
    const firstInMs = Math.max(0, startedAtMs + medianMs * LATE_FACTOR - this.#clock.monotonic());
    return Math.ceil(firstInMs + Math.floor(nth / places) * medianMs);
  }

  /** The `retryAfterMs` of a caller that gets no place: how long until a place is free for it, in milliseconds. */
  #retryAfterMs(waiting: Pick<Waiting, 'isRenewal' | 'isDoubtful'>, ahead = this.#ahead(waiting)): number {
    return Math.max(SOONEST_MS, this.#placeInMs(waiting, ahead, this.#durations.medianMs ?? 0));
  }

  #ahead(waiting: Pick<Waiting, 'isRenewal' | 'isDoubtful'>): number {
    if (this.#hasPlaceFor(waiting)) return 0;
    const kind = waiting.isDoubtful ? 1 : 0;
    return this.#renewals[kind].size + this.#callers[kind].size;
  }

  // --- Places that are kept back --------------------------------------------------------------------------------

  /** Whether places are kept back: before the first success, and while many logins hang. */
  get #isKeepingBack(): boolean {
    return (
      this.#durations.medianMs === undefined || this.#runningOn.size >= Math.max(1, this.#limits.keptBack)
    );
  }

  /** The places that are not kept back. */
  get #open(): number {
    const { places, keptBack } = this.#limits;
    return this.#isKeepingBack ? places - keptBack : places;
  }

  /** Gives the newest caller a place that was kept back, when the next of these places may be given. */
  #giveKept(): void {
    for (let atMs = this.#giveKeptAtMs; atMs !== undefined; atMs = this.#giveKeptAtMs) {
      const newest = this.#callers[0].last;
      if (newest === undefined || atMs > this.#clock.monotonic()) return;
      this.#lastKept = this.#admit(newest, true) ?? this.#lastKept;
    }
  }

  /** When the next of these places may be given; `undefined` while none may. */
  get #giveKeptAtMs(): number | undefined {
    const oldest = this.#oldest;
    if (!this.#isKeepingBack || this.#placed.size >= this.#limits.places) return undefined;
    if (oldest === undefined || this.#callers[0].size === 0) return undefined;
    const last = this.#lastKept !== undefined && this.#placed.has(this.#lastKept) ? this.#lastKept : oldest;
    return last.startedAtMs + KEPT_BACK_MS / 2 ** Math.max(0, this.#keptInTime - 1);
  }

  // --- Logins that take too long --------------------------------------------------------------------------------

  /** Slow logins lose their places, and go on. The logins of accounts whose last login failed keep their few places. */
  #makeWay(): void {
    if (this.slowAfterMs === undefined) return;
    for (const placed of this.#placed) {
      if (placed.isDoubtful) continue;
      if (!this.#isSlow(placed) || this.#runningOn.size >= this.#limits.runningOn) return;
      this.#placed.delete(placed);
      this.#runningOn.add(placed);
      if (placed.isKept) this.#keptInTime = 0;
    }
  }

  /** Whether a login is slow. Before the first success, every login counts as slow. */
  #isSlow({ startedAtMs }: Placed): boolean {
    return this.#clock.monotonic() - startedAtMs >= (this.slowAfterMs ?? 0);
  }

  /** A login that takes longer than this is slow, in milliseconds. `undefined` before the first success. */
  get slowAfterMs(): number | undefined {
    const { medianMs } = this.#durations;
    return medianMs === undefined ? undefined : Math.max(SLOW_AFTER_MS, SLOW_FACTOR * medianMs);
  }

  /**
   * Sets the next check, while a login waits: when the oldest login becomes slow, or when a place that is kept back may
   * be given.
   */
  #lookAgain(): void {
    if (this.#nextLook !== undefined) this.#clock.clearTimeout(this.#nextLook);
    this.#nextLook = undefined;
    const atMs = Math.min(this.#giveKeptAtMs ?? Infinity, this.#slowAtMs ?? Infinity);
    if (atMs === Infinity || this.#isEmpty) return;
    const inMs = atMs - this.#clock.monotonic();
    // No timer is needed for a login that cannot lose its place now: it can when one of the logins without a place has
    // ended.
    if (inMs > 0) this.#nextLook = this.#clock.setTimeout(() => this.#serve(), inMs);
  }

  get #slowAtMs(): number | undefined {
    const oldest = this.#oldest;
    const slowAfterMs = this.slowAfterMs;
    return oldest === undefined || slowAfterMs === undefined ? undefined : oldest.startedAtMs + slowAfterMs;
  }

  get #oldest(): Placed | undefined {
    for (const placed of this.#placed) if (!placed.isDoubtful) return placed;
    return undefined;
  }

  #isRunningOn(account: string): boolean {
    for (const each of this.#runningOn) if (each.account === account) return true;
    return false;
  }

  #count(isMeant: (placed: Placed) => boolean): number {
    let count = 0;
    for (const each of this.#placed) if (isMeant(each)) count += 1;
    return count;
  }

  #laneOf({ isRenewal, isDoubtful }: Waiting): Lane {
    return (isRenewal ? this.#renewals : this.#callers)[isDoubtful ? 1 : 0];
  }

  get #isEmpty(): boolean {
    return [...this.#renewals, ...this.#callers].every(({ size }) => size === 0);
  }
}
