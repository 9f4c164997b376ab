/** Returns the words for a mistake in a value, or `undefined` when there is none. */
export type Check = (value: unknown) => string | undefined;

/** The input of a caller is wrong. The message names every wrong field. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

export const isNumber =
  (least: number, most = Infinity): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most
      ? undefined
      : most === Infinity
        ? `must be a number of at least ${least}`
        : `must be a number from ${least} to ${most}`;

export const isWholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) ? isNumber(least, most)(value) : 'must be a whole number';

export const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

export const isText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a text that is not empty';

export const isAnything: Check = () => undefined;

export const isNull: Check = (value) => (value === null ? undefined : 'must be null');

export const isOneOf =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;

export const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item) === undefined)
      ? undefined
      : `must be a list, and each item ${check(undefined)}`;

export const either =
  (...checks: readonly Check[]): Check =>
  (value) => {
    const problems = checks.map((check) => check(value));
    return problems.includes(undefined) ? undefined : problems.join(', or ');
  };

/** A field that may be left out. */
export interface Optional {
  readonly optional: Check;
}

export const optional = (check: Check): Optional => ({ optional: check });

/**
 * Checks all fields of an object at once. An unknown field is wrong too, because a misspelt field would have no effect.
 *
 * @throws {InvalidInputError}
 */
export function checkFields(
  value: unknown,
  fields: Readonly<Record<string, Check | Optional>>,
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidInputError(['must be an object']);
  const given = value as Record<string, unknown>;
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => `"${name}" is not known here (known: ${Object.keys(fields).join(', ')})`);
  for (const [name, rule] of Object.entries(fields)) {
    const isOptional = typeof rule !== 'function';
    if (isOptional && given[name] === undefined) continue;
    const problem = (isOptional ? rule.optional : rule)(given[name]);
    if (problem !== undefined) problems.push(`"${name}" ${problem}`);
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
}
