import { createHmac, randomBytes } from 'node:crypto';
import { scopeSet } from '../../strategies/scope-set.js';
import type { Credentials } from '../../strategies/strategy.js';

/** Nobody can find two secrets that share it without the key; half a digest is half the memory, once per account. */
const FINGERPRINT_BYTES = 16;

/**
 * Names secrets without knowing them: an HMAC-SHA256 under a key that is random per application, or shared by the
 * fleet through its store (R1).
 *
 * Never a bare hash: WakaPay's webhook signature *is* the SHA-256 of its key pair, so a bare fingerprint in a log
 * would forge webhooks.
 */
export class KeyedHash {
  readonly #key: Buffer;

  constructor(key: Buffer = randomBytes(32)) {
    this.#key = key;
  }

  /** The hash of a list of fields, in hex. Length-prefixed: `['ab', 'c']` and `['a', 'bc']` differ. */
  of(fields: readonly (string | undefined)[]): string {
    return this.#digest(fields).toString('hex');
  }

  /** The first 8 hex digits: enough to tell credentials apart in a log, and nothing else. */
  short(fields: readonly (string | undefined)[]): string {
    return this.of(fields).slice(0, 8);
  }

  /** The fingerprint of static credentials: every field by name, in an order of its own. */
  ofCredentials(credentials: Credentials): string {
    const fields: (string | undefined)[] = [];
    for (const name of Object.keys(credentials).toSorted()) {
      const value = credentials[name];
      if (value !== undefined) fields.push(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
    return this.#digest(fields).toString('hex', 0, FINGERPRINT_BYTES);
  }

  #digest(fields: readonly (string | undefined)[]): Buffer {
    const hmac = createHmac('sha256', this.#key);
    for (const field of fields) {
      if (field === undefined) {
        hmac.update('-;');
      } else {
        hmac
          .update(`${Buffer.byteLength(field)}:`)
          .update(field)
          .update(';');
      }
    }
    return hmac.digest();
  }
}

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
  /** Whom the token is for, where the application says so. */
  readonly audience?: string | undefined;
}

/** The key of a credential, wherever it is kept: a keyed hash, in hex, that tells nothing to who reads it. */
export function credentialKey(hash: KeyedHash, parts: CredentialKeyParts): string {
  const scopes = scopeSet(parts.scopes);
  const { provider, baseUrl, account, fingerprint, audience } = parts;
  return hash.of([provider, baseUrl, account, fingerprint, audience, ...scopes]);
}
