import type { SharedToken } from '../index.js';

const SOURCES = ['relative', 'jwt', 'absolute', 'documented'] as const;

/**
 * The values that are sealed together with a token. So only a holder of the key can give the token another number or
 * a longer lifetime.
 */
export interface Sealed {
  /** Its number in the store. */
  readonly version: number;
  /** When its life ends, on the clock of Redis. */
  readonly endsAtMs: number;
}

/** A token as text, to be sealed. */
export function textOf(shared: SharedToken, { version, endsAtMs }: Sealed): string {
  const { token, lifetime, scopes, forced } = { __proto__: null, ...shared } as SharedToken;
  const { lifetimeMs, from } = lifetime;
  return JSON.stringify({ token, lifetimeMs, from, scopes, forced, version, endsAtMs });
}

/** Reads what {@link textOf} wrote; `undefined` for anything else. Does not check whether the token can be sent. */
export function tokenOf(text: string | undefined): (SharedToken & Sealed) | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const own = { __proto__: null, ...value } as Record<string, unknown>;
  const { token, lifetimeMs, from, scopes, forced, version, endsAtMs } = own;
  const source = SOURCES.find((each) => each === from);
  if (
    typeof token !== 'string' ||
    typeof lifetimeMs !== 'number' ||
    !(lifetimeMs > 0) ||
    !Number.isFinite(lifetimeMs)
  )
    return undefined;
  if (source === undefined || !(scopes === undefined || isStrings(scopes))) return undefined;
  if (typeof version !== 'number' || typeof endsAtMs !== 'number') return undefined;
  return {
    token,
    lifetime: { lifetimeMs, from: source },
    ...(scopes === undefined ? {} : { scopes }),
    ...(isForced(forced) ? { forced } : {}),
    version,
    endsAtMs,
  };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Any other value counts as absent: the token can still be used. */
function isForced(value: unknown): value is SharedToken['forced'] & object {
  if (typeof value !== 'object' || value === null) return false;
  const { ofProven, ofOthers, leftAtStartMs } = { __proto__: null, ...value } as Record<string, unknown>;
  return [ofProven, ofOthers, leftAtStartMs].every(
    (each) => typeof each === 'number' && Number.isFinite(each) && each >= 0,
  );
}
