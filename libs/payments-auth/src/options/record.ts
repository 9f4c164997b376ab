import { ownCopy } from '../own-properties.js';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was given, and nothing that it inherits; `undefined` for what is no record. */
export function ownRecord(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) ? ownCopy(value) : undefined;
}
