import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Variables } from '../options/variables.js';
import { UsageError } from './usage.error.js';

/** What an .env file holds, and what other readers of it would make of it. */
export interface EnvFile {
  readonly variables: Variables;
  /** Variables whose value has a `$` and does not stand in single quotes, so that shells cut it. */
  readonly expandable: readonly string[];
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
