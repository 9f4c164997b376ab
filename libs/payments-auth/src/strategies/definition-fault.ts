import { define } from '../own-properties.js';
import { isError } from '../scrubbing.js';
import { kindOf } from './header-text.js';
import { afterReading, UnknownField, watchOf } from './watched-credentials.js';

/** A function of a provider's definition threw, or returned what it must not. Waiting does not help. */
export class DefinitionFault extends Error {
  override readonly name = 'DefinitionFault';

  // Without a cause of its own it has none, whatever somebody has put on `Object.prototype`.
  static {
    define(this.prototype, 'cause', { value: undefined, writable: true });
  }

  constructor(
    /** Where the function stands in the definition: `token.body`. */
    readonly path: string,
    /** What is wrong, in words that may hold what the function put into them. */
    readonly what: string,
    cause?: unknown,
    /** Whether the function had read some credential before: with another one, it may do its work. */
    readonly hasRead = true,
  ) {
    // Sentences follow it.
    super(`${path} ${what}`.replace(/\.$/, ''), cause === undefined ? undefined : { cause });
  }
}

/** Whether the function has answered, and with what it must not: it does that with any credentials. */
export function isWrongAnswer(error: unknown): error is DefinitionFault {
  return error instanceof DefinitionFault && error.cause === undefined;
}

/**
 * Calls a function of a definition.
 *
 * @param given what the function is given: where its credentials are watched, a fault says which of them the function has read
 * @throws DefinitionFault when it throws, or returns a promise
 */
export function called<T>(path: string, call: () => T, given?: { readonly credentials: unknown }): T {
  const watched = watchOf(given?.credentials);
  if (watched !== undefined) watched.last = undefined;
  let result: T;
  try {
    result = call();
  } catch (error) {
    if (error instanceof DefinitionFault) throw error;
    const hasRead = watched?.last !== undefined;
    throw new DefinitionFault(path, thrown(error, afterReading(watched)), error, hasRead);
  }
  if (!isThenable(result)) return result;
  // Nobody waits for it.
  Promise.resolve(result).catch(() => undefined);
  throw new DefinitionFault(path, 'returned a promise, and has to answer at once');
}

/**
 * A text that a function of a definition has to return.
 *
 * @param given what the function was given
 * @throws DefinitionFault
 */
export function returnedText(
  path: string,
  value: unknown,
  given?: { readonly credentials: unknown },
): string {
  if (typeof value === 'string' && value !== '') return value;
  const kind = value === '' ? 'an empty text' : kindOf(value);
  throw new DefinitionFault(path, `returned ${kind}${readBy(given)}; expected a text`);
}

/** What the last function has read of the credentials that it was given, to follow what it did. */
export function readBy(given: { readonly credentials: unknown } | undefined): string {
  return afterReading(watchOf(given?.credentials));
}

/**
 * What a function did that threw `error`, in words: `threw RangeError after it read credentials.password: …`. The words of a
 * stranger come last, because long ones are cut.
 *
 * @param read what it had read, as `readBy` says it
 */
export function thrown(error: unknown, read = ''): string {
  if (error instanceof UnknownField) return error.message.replace(/\.$/, '');
  const [kind, words] = wordsOf(error);
  return `threw ${kind}${read}${words === '' ? '' : `: ${words.replace(/\.$/, '')}`}`;
}

function wordsOf(error: unknown): [kind: string, words: string] {
  try {
    if (isError(error)) return [error.name, error.message];
    return [kindOf(error), typeof error === 'string' ? error : ''];
  } catch {
    return ['an error that cannot be read', ''];
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
  );
}
