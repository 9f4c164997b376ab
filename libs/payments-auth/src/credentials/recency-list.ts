/** An entry of a {@link RecencyList}. Only the list writes the two fields. */
export interface Recent<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * Entries in the order of their last use. Moving an entry to the front costs two or three assignments, for any number
 * of entries. This happens on every call. (Deleting a key of a `Map` and setting it again gives the same order, but
 * leaves holes that every look-up has to pass: with many keys it is ten thousand times slower.)
 */
export class RecencyList<T extends Recent<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** Moves an entry to the front, because it was used just now. */
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

  /** The entry that was used last. */
  get newest(): T | undefined {
    return this.#newest;
  }

  /** Begins with the entry that was not used for the longest time. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#oldest; item !== undefined;) {
      // The caller may remove the entry that it is given.
      const { newer } = item;
      yield item;
      item = newer;
    }
  }
}
