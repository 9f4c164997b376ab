import { parsedJson } from '../../own-properties.js';
import type { StoreHealth } from './store-health.js';
import type { TokenKey } from './token-store.js';

/** A note about the refresh token that the application holds. */
export interface SpentNote {
  /** The keyed hash of the refresh token. */
  readonly of: string;
  /** The keyed hash of the refresh token that was used to get `next`, where the application had not saved it yet. */
  readonly spent?: string;
  /** The refresh token that replaces it, and that could not be saved yet. */
  readonly next?: string;
  /** Whether a process is using it (or `next`), or has ended before it knew the result. */
  readonly isBeingSpent: boolean;
}

/**
 * Notes about the use of refresh tokens. From them, the next process learns that another one has ended while it used
 * one. The notes are in the store of the fleet, or in memory where this process is the only one.
 */
export interface SpentNotes {
  /** `'unknown'` when the store cannot say, `'unreadable'` when there is a note that cannot be read. */
  read(key: TokenKey): Promise<SpentNote | undefined | 'unknown' | 'unreadable'>;
  /** Resolves to whether the note was written. `undefined` removes a note. */
  write(key: TokenKey, note: SpentNote | undefined): Promise<boolean>;
}

export class SpentNotesInMemory implements SpentNotes {
  readonly #notes = new Map<string, SpentNote>();

  async read({ hash }: TokenKey): Promise<SpentNote | undefined> {
    return this.#notes.get(hash);
  }

  async write({ hash }: TokenKey, note: SpentNote | undefined): Promise<boolean> {
    if (note === undefined) this.#notes.delete(hash);
    else this.#notes.set(hash, note);
    return true;
  }
}

export class SpentNotesInStore implements SpentNotes {
  readonly #health: StoreHealth;

  constructor(health: StoreHealth) {
    this.#health = health;
  }

  async read(key: TokenKey): Promise<SpentNote | undefined | 'unknown' | 'unreadable'> {
    const text = await this.#health.ask(key.provider, async (store) => (await store.note?.(key)) ?? '');
    if (text === undefined) return 'unknown';
    return text === '' ? undefined : (noteIn(text) ?? 'unreadable');
  }

  async write(key: TokenKey, note: SpentNote | undefined): Promise<boolean> {
    const text = note === undefined ? undefined : JSON.stringify(note);
    const written = await this.#health.ask(key.provider, async (store) => {
      await store.setNote?.(key, text);
      return store.setNote !== undefined;
    });
    return written === true;
  }
}

function noteIn(text: string): SpentNote | undefined {
  try {
    const note = parsedJson(text);
    const { of, spent, next, isBeingSpent } = (note ?? {}) as Record<string, unknown>;
    if (typeof of !== 'string') return undefined;
    return {
      of,
      isBeingSpent: isBeingSpent === true,
      ...(typeof spent === 'string' ? { spent } : {}),
      ...(typeof next === 'string' ? { next } : {}),
    };
  } catch {
    return undefined;
  }
}
