import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type Variables, variablesOf } from '../options/variables.js';
import { UsageError } from './usage.error.js';

/** The variables of an .env file, and the names of those that other readers would change. */
export interface EnvFile {
  readonly variables: Variables;
  /** Variables whose value has a `$` and is not in single quotes, so that shells cut it. */
  readonly expandable: readonly string[];
}

/** The file that Nest's `ConfigModule.forRoot()` reads by default. */
const ENV_FILE = '.env';

/**
 * Reads variables as an application with a `ConfigModule` does: from the environment first, and variables that are
 * not set there from the `.env` in the current folder, if there is one.
 */
export function readEnvironment(): EnvFile & { readonly usesFile: boolean } {
  const ofProcess = variablesOf(undefined);
  if (statSync(ENV_FILE, { throwIfNoEntry: false })?.isFile() !== true)
    return { variables: ofProcess, expandable: [], usesFile: false };
  const { variables, expandable } = readEnvFile(ENV_FILE);
  return {
    variables: (name) => (isSaid(name) ? ofProcess(name) : variables(name)),
    expandable: expandable.filter((name) => !isSaid(name)),
    usesFile: true,
  };
}

/**
 * Reads an .env file as Node does: nothing is expanded, so a `$` in a value stays what it is.
 *
 * @throws {UsageError} when there is no such file
 */
export function readEnvFile(path: string): EnvFile {
  const text = contentOf(path).replace(/^\uFEFF/, '');
  const values = parseEnv(text) as Record<string, string | undefined>;
  const expandable = Object.keys(values).filter(
    (name) => values[name]?.includes('$') === true && !isSingleQuoted(text, name),
  );
  return { variables: (name) => values[name] || undefined, expandable };
}

function isSingleQuoted(text: string, name: string): boolean {
  return new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=\\s*'`, 'm').test(text);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--env-file ${path} cannot be read (${code ?? 'unknown'}).`, { cause: error });
  }
}

/**
 * Whether the environment has the variable, even as an empty text. An empty variable counts as unset, and hides the
 * value of the file.
 */
function isSaid(name: string): boolean {
  return name in process.env;
}
