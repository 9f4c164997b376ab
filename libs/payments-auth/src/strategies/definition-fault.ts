/** A function of a provider's definition threw, or returned what it must not. Waiting does not help. */
export class DefinitionFault extends Error {
  override readonly name = 'DefinitionFault';

  // Without a cause of its own it has none, whatever somebody has put on `Object.prototype`.
  static {
    Object.defineProperty(this.prototype, 'cause', { value: undefined, writable: true });
  }

  constructor(
    /** Where the function stands in the definition: `token.body`. */
    readonly path: string,
    /** What is wrong, in words that may hold what the function put into them. */
    readonly what: string,
    cause?: unknown,
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
 * @throws DefinitionFault when it throws, or returns a promise
 */
export function called<T>(path: string, call: () => T): T {
  let result: T;
  try {
    result = call();
  } catch (error) {
    throw error instanceof DefinitionFault
      ? error
      : new DefinitionFault(path, `threw ${wordsOf(error)}`, error);
  }
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new DefinitionFault(path, 'returned a promise, and has to answer at once');
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
