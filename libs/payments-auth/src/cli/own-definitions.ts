import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { told } from '../scrubbing.js';
import { UsageError } from './usage.error.js';

/**
 * The definitions that a module exports: one by one, in a list, or as its default.
 *
 * @throws {UsageError} when the module cannot be loaded, or exports none
 */
export async function loadDefinitions(path: string): Promise<readonly ProviderDefinition[]> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    const why = told(error instanceof Error ? error.message : String(error), secretVariables());
    throw new UsageError(`--definitions ${path} cannot be loaded: ${why}`, { cause: error });
  }
  const found = [...new Set(Object.values(exported).flatMap(definitionsIn))];
  if (found.length === 0)
    throw new UsageError(`--definitions ${path} exports nothing that defineProvider() has made.`);
  const builtIns = BUILT_IN_PROVIDERS as readonly ProviderDefinition[];
  for (const [index, definition] of found.entries()) {
    const { name } = definition;
    // The application refuses such a name too. Without this check, the command would use the built-in definition
    // without a warning.
    if (builtIns.some((each) => each.name === name && each !== definition))
      throw new UsageError(
        `--definitions ${path}: "${name}" is built in. Give your definition another name.`,
      );
    if (found.findIndex((each) => each.name === name) !== index)
      throw new UsageError(`--definitions ${path} exports two definitions named "${name}". Rename one.`);
  }
  return found;
}

/**
 * An error of the module may quote a variable that the module has read. Before the module is loaded, it is not known
 * which variables its definitions name.
 */
const NAMES_A_SECRET = /SECRET|KEY|TOKEN|PASS|PIN|AUTH|CREDENTIAL|SALT|SIGN|HASH/i;

function secretVariables(): (string | undefined)[] {
  const builtIn = new Set(
    (BUILT_IN_PROVIDERS as readonly ProviderDefinition[]).flatMap(({ credentials }) =>
      Object.values(credentials).flatMap(({ variable, secret }) => (secret === false ? [] : variable)),
    ),
  );
  return Object.entries(process.env)
    .filter(([name]) => builtIn.has(name) || NAMES_A_SECRET.test(name))
    .map(([, value]) => value);
}

/** A CommonJS module is in the default export, with its exports as fields. */
function definitionsIn(value: unknown): ProviderDefinition[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isDefinition(value)) return [value];
  return Object.values(value).filter(isDefinition);
}

function isDefinition(value: unknown): value is ProviderDefinition {
  const { name, environments, credentials } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof environments === 'object' && typeof credentials === 'object';
}
