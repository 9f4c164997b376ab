import type { Withdrawal } from '../index.js';

/** No number is more than an hour ahead of the clock of Redis. One minute more allows for the time in between. */
const MOST_AHEAD_MS = 61 * 60_000;
/** For how many credentials the last withdrawal is kept. */
const MOST_KEPT = 10_000;

/**
 * The withdrawals that this process knows of, one number for each credential. A token with this number or a lower one
 * is not taken from Redis again, whoever has put it back there.
 */
export class WithdrawnVersions {
  readonly #versions = new Map<string, number>();

  add({ hash, version }: Withdrawal): void {
    const highest = Math.max(version, this.of(hash));
    this.#versions.delete(hash);
    if (this.#versions.size >= MOST_KEPT) this.#versions.delete([...this.#versions.keys()][0] as string);
    this.#versions.set(hash, highest);
  }

  /**
   * The number of the last withdrawal of the credential with this hash; 0 where none is known. A usable token has a
   * higher number.
   */
  of(hash: string): number {
    return this.#versions.get(hash) ?? 0;
  }

  /**
   * Says that Redis has given out `version`. If it is lower than a withdrawal by more than an hour, another Redis has
   * taken the place of the first, and its clock is far behind. All its tokens would look withdrawn, so the withdrawal
   * is forgotten.
   */
  granted(hash: string, version: number): void {
    if (version + MOST_AHEAD_MS < this.of(hash)) this.#versions.delete(hash);
  }
}
