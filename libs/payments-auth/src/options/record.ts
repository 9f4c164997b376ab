import { ownCopy } from '../own-properties.js';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own fields of a value, without inherited ones; `undefined` for a value that is no record. */
export function ownRecord(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) ? ownCopy(value) : undefined;
}
