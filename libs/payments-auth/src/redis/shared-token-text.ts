import type { SharedToken } from '../index.js';

const SOURCES = ['relative', 'jwt', 'absolute', 'documented'] as const;

/** A token as text, to be sealed. */
export function textOf({ token, lifetime, scopes }: SharedToken): string {
  return JSON.stringify({ token, lifetimeMs: lifetime.lifetimeMs, from: lifetime.from, scopes });
}

/** Reads what {@link textOf} wrote: `undefined` for anything else. Whether the token can be sent is not looked at. */
export function tokenOf(text: string | undefined): SharedToken | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { token, lifetimeMs, from, scopes } = value as Record<string, unknown>;
  const source = SOURCES.find((each) => each === from);
  if (
    typeof token !== 'string' ||
    typeof lifetimeMs !== 'number' ||
    !(lifetimeMs > 0) ||
    !Number.isFinite(lifetimeMs)
  )
    return undefined;
  if (source === undefined || !(scopes === undefined || isStrings(scopes))) return undefined;
  return { token, lifetime: { lifetimeMs, from: source }, ...(scopes === undefined ? {} : { scopes }) };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
