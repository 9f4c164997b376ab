import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProviderDefinition } from '../providers/provider-definition.js';
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
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--definitions ${path} cannot be loaded: ${why}`, { cause: error });
  }
  const found = [...new Set(Object.values(exported).flatMap(definitionsIn))];
  if (found.length === 0)
    throw new UsageError(`--definitions ${path} exports nothing that defineProvider() has made.`);
  return found;
}

/** A CommonJS module stands in the default export, its exports as fields of it. */
function definitionsIn(value: unknown): ProviderDefinition[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isDefinition(value)) return [value];
  return Object.values(value).filter(isDefinition);
}

function isDefinition(value: unknown): value is ProviderDefinition {
  const { name, environments, credentials } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof environments === 'object' && typeof credentials === 'object';
}
