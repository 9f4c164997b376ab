import type { KeyedHash } from './keyed-hash.js';

/** Everything that shapes a token request. Two that differ in any of it must never share a token (R1). */
export interface CredentialKeyParts {
  /** The name the provider is registered under. */
  readonly provider: string;
  /** Where the token endpoint stands. */
  readonly baseUrl: string;
  /** Absent for the provider's own account; an account of any name is another. */
  readonly account: string | undefined;
  /** In any order; a set, as scopes are. */
  readonly scopes: readonly string[];
  /** The keyed hash of the static credentials. */
  readonly fingerprint: string;
}

/** The key of a credential, wherever it is kept: a keyed hash, in hex, that tells nothing to who reads it. */
export function credentialKey(hash: KeyedHash, parts: CredentialKeyParts): string {
  const scopes = scopeSet(parts.scopes);
  return hash.of([parts.provider, parts.baseUrl, parts.account, parts.fingerprint, ...scopes]);
}

/** Scopes as a set: sorted, without duplicates. */
export function scopeSet(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].toSorted();
}
