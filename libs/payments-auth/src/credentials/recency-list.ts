/** One thing in a {@link RecencyList}. Both fields belong to the list, and nobody else writes them. */
export interface Recent<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * Things in the order of their last use. Moving one to the front costs two or three assignments, on every call and
 * however many there are. (Deleting a key of a `Map` and setting it again gives the same order, but leaves holes that
 * every look-up has to pass: with many keys it is ten thousand times slower.)
 */
export class RecencyList<T extends Recent<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** It has been used just now. */
  touch(item: T): void {
    if (item === this.#newest) return;
    this.remove(item);
    item.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  remove(item: T): void {
    if (item.older !== undefined) item.older.newer = item.newer;
    else if (this.#oldest === item) this.#oldest = item.newer;
    if (item.newer !== undefined) item.newer.older = item.older;
    else if (this.#newest === item) this.#newest = item.older;
    item.older = undefined;
    item.newer = undefined;
  }

  /** The one that was used last. */
  get newest(): T | undefined {
    return this.#newest;
  }

  /** From the one that has not been used for longest. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#oldest; item !== undefined;) {
      // The caller may remove the entry that it is given.
      const { newer } = item;
      yield item;
      item = newer;
    }
  }
}
