import { isJsonObject } from '../building-blocks/json-value.js';
import { suggestion } from '../nearest.js';
import { pathProblem } from '../strategies/endpoint-path.js';

/** The problems with one value of a definition, each with its path. An empty list when there is none. */
export type Problems = string[];

export type Fields = Readonly<Record<string, unknown>>;

export function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

export function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value);
}

/** The names of a provider's hosts; none where each environment has a single base URL. */
export function hostNames(environments: unknown): string[] {
  const first = isJsonObject(environments) ? Object.values(environments)[0] : undefined;
  return isJsonObject(first) ? Object.keys(first) : [];
}

/** Problems when a host is not one of the named hosts. */
export function hostProblems(path: string, host: unknown, hosts: readonly string[]): Problems {
  if (host === undefined || hosts.includes(host as string)) return [];
  return hosts.length === 0
    ? [`${path}: the provider has one host without a name; leave this out`]
    : [`${path}: there is no such host; expected ${hosts.map((name) => `"${name}"`).join(' or ')}`];
}

/** A path is appended to a base URL as it is. */
export function pathProblems(path: string, value: unknown): Problems {
  const problem = value === undefined ? undefined : pathProblem(value);
  return problem === undefined ? [] : [`${path}: ${problem}`];
}

/** Parts that the library does not know. Most likely their names are misspelt. */
export function strangerProblems(
  path: string,
  given: Fields,
  known: readonly string[],
  of: string,
): Problems {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${path}.${name}: not a part of ${of}. ${suggestion(name, known)}`);
}

/** A pattern with the flag `g` or `y` keeps a position, and would match only every second time. */
export function patternProblems(path: string, pattern: unknown): Problems {
  if (!(pattern instanceof RegExp)) return [`${path}: expected a regular expression`];
  return pattern.global || pattern.sticky ? [`${path}: expected no "g" and no "y" flag`] : [];
}

export function listProblems(path: string, list: unknown, pattern: RegExp, expected: string): Problems {
  if (list === undefined) return [];
  return Array.isArray(list) && list.length > 0 && list.every((each) => matches(each, pattern))
    ? []
    : [`${path}: expected a list of ${expected}`];
}

/** A part that is a function, or is left out. */
export function functionProblems(path: string, value: unknown, expected = 'expected a function'): Problems {
  return value === undefined || typeof value === 'function' ? [] : [`${path}: ${expected}`];
}

export function flagProblems(path: string, value: unknown): Problems {
  return value === undefined || value === true ? [] : [`${path}: expected true, or leave it out`];
}
