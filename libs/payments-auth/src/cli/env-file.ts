import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type Variables, variablesOf } from '../options/variables.js';
import { UsageError } from './usage.error.js';

/** The variables of an .env file, and those that other readers would change. */
export interface EnvFile {
  readonly variables: Variables;
  /** Variables whose value has a `$` and does not stand in single quotes, so that shells cut it. */
  readonly expandable: readonly string[];
}

/** What Nest's `ConfigModule.forRoot()` reads where nothing else is said. */
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

/** Also as an empty text, which counts as unset and hides what a file says. */
function isSaid(name: string): boolean {
  return name in process.env;
}
