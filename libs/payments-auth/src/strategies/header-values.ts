import { isJsonObject } from '../building-blocks/json-value.js';
import { DefinitionFault } from './definition-fault.js';
import { notGiven, watchOf } from './watched-credentials.js';
import { headerNameProblem, headerValueProblem, kindOf, repeatedNames } from './header-text.js';

/**
 * The headers that a function of a definition has made, without those that are `undefined`. A header that an HTTP
 * client would cut, or that a server would read differently, is not sent.
 *
 * @param at the function: `token.headers`
 * @param given the argument of the function. Where its credentials are watched, a fault names those that are missing
 * @throws DefinitionFault that names the header, and never its value
 */
export function sendableHeaders(
  made: unknown,
  at: string,
  given?: { readonly credentials: unknown },
): Record<string, string> {
  if (made === undefined) return {};
  const present = Object.entries(namedValues(made, at)).filter(([, value]) => value !== undefined);
  const [repeated] = repeatedNames(present.map(([name]) => name));
  if (repeated !== undefined)
    throw new DefinitionFault(
      at,
      `returned the header "${repeated}" twice, in different upper and lower case; leave one of the two out`,
    );
  for (const [name, value] of present) {
    const inName = headerNameProblem(name);
    if (inName !== undefined) throw new DefinitionFault(at, `returned "${name}": ${inName}`);
    const inValue = value === '' ? undefined : headerValueProblem(value);
    if (inValue !== undefined)
      throw new DefinitionFault(
        at,
        `returned a value for the header "${name}" that ${inValue}${notGiven(watchOf(given?.credentials))}`,
      );
  }
  return Object.fromEntries(present) as Record<string, string>;
}

/**
 * The object of values by name that a function of a definition has returned.
 *
 * @throws DefinitionFault for any other value. A `Headers` or a `Map` would look like an empty object
 */
export function namedValues(made: unknown, at: string): Readonly<Record<string, unknown>> {
  const problem = namedValuesProblem(made);
  if (problem !== undefined) throw new DefinitionFault(at, `returned ${problem}`);
  return made as Readonly<Record<string, unknown>>;
}

/** The reason why a value is not an object of values by name; `undefined` when it is one. */
export function namedValuesProblem(made: unknown): string | undefined {
  if (!isJsonObject(made)) return `${kindOf(made)}; expected an object of texts, as in { 'X-Key': '…' }`;
  return Symbol.iterator in made && Object.keys(made).length === 0
    ? `a collection (${made.constructor?.name ?? 'unknown'}); expected a plain object, as in Object.fromEntries(…)`
    : undefined;
}
