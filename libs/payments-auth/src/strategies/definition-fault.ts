import { define } from '../own-properties.js';
import { isError } from '../scrubbing.js';
import { kindOf } from './header-text.js';
import { afterReading, UnknownField, watchOf } from './watched-credentials.js';

/** A function of a provider's definition threw, or returned a value that is not allowed. Waiting does not help. */
export class DefinitionFault extends Error {
  override readonly name = 'DefinitionFault';

  // Without a cause of its own, the error has none: a `cause` that other code has set on `Object.prototype` does not
  // count.
  static {
    define(this.prototype, 'cause', { value: undefined, writable: true });
  }

  constructor(
    /** The path of the function in the definition: `token.body`. */
    readonly path: string,
    /** What is wrong. The text may contain what the function put into its error. */
    readonly what: string,
    cause?: unknown,
    /** Whether the function had read a credential before. With another credential, it may succeed. */
    readonly hasRead = true,
  ) {
    // Other sentences follow the message, so it has no full stop.
    super(`${path} ${what}`.replace(/\.$/, ''), cause === undefined ? undefined : { cause });
  }
}

/** Whether the function has returned a value that is not allowed. It does so with all credentials. */
export function isWrongAnswer(error: unknown): error is DefinitionFault {
  return error instanceof DefinitionFault && error.cause === undefined;
}

/**
 * Calls a function of a definition.
 *
 * @param given the argument of the function. Where its credentials are watched, a fault names those that the function
 *   has read
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
  // Nothing waits for this promise, so its error is caught here.
  Promise.resolve(result).catch(() => undefined);
  throw new DefinitionFault(path, 'returned a promise; it must return its result directly');
}

/**
 * A text that a function of a definition has to return.
 *
 * @param given the argument of the function
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

/** The credentials that the last function has read, as the end of a sentence about it. */
export function readBy(given: { readonly credentials: unknown } | undefined): string {
  return afterReading(watchOf(given?.credentials));
}

/**
 * A text about a function that threw `error`: `threw RangeError after it read credentials.password: …`. The message of
 * the error comes last, because a long text is cut at its end.
 *
 * @param read the result of `readBy`
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
