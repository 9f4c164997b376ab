import { createHmac, randomBytes } from 'node:crypto';
import { scopeSet } from '../../strategies/scope-set.js';
import type { Credentials } from '../../strategies/strategy.js';

/**
 * Without the key, nobody can find two secrets with the same fingerprint. Half of a digest saves memory, for each
 * account.
 */
const FINGERPRINT_BYTES = 16;

/**
 * Makes names for secrets that do not reveal them: an HMAC-SHA256 with a key that is random for each application, or
 * that a fleet shares through its store (R1).
 *
 * A hash without a key is not allowed: WakaPay's webhook signature *is* the SHA-256 of its key pair. With such a hash
 * in a log, anybody could forge webhooks.
 */
export class KeyedHash {
  readonly #key: Buffer;

  constructor(key: Buffer = randomBytes(32)) {
    this.#key = key;
  }

  /**
   * The hash of a list of fields, in hex. Each field is hashed with its length, so `['ab', 'c']` and `['a', 'bc']`
   * differ.
   */
  of(fields: readonly (string | undefined)[]): string {
    return this.#digest(fields).toString('hex');
  }

  /** The first 8 hex digits. They are enough to tell credentials apart in a log. */
  short(fields: readonly (string | undefined)[]): string {
    return this.of(fields).slice(0, 8);
  }

  /** The fingerprint of static credentials: every field with its name, sorted. */
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

/** Everything that shapes a token request. Requests that differ in one of these must never share a token (R1). */
export interface CredentialKeyParts {
  /** The name the provider is registered under. */
  readonly provider: string;
  /** The base URL of the token endpoint. */
  readonly baseUrl: string;
  /** `undefined` for the provider's own account. An account with a name is always another account. */
  readonly account: string | undefined;
  /** The scopes, in any order. */
  readonly scopes: readonly string[];
  /** The keyed hash of the static credentials. */
  readonly fingerprint: string;
  /** The audience of the token, where the application names one. */
  readonly audience?: string | undefined;
}

/** The key under which a credential is kept: a keyed hash, in hex. It reveals nothing about the credential. */
export function credentialKey(hash: KeyedHash, parts: CredentialKeyParts): string {
  const scopes = scopeSet(parts.scopes);
  const { provider, baseUrl, account, fingerprint, audience } = parts;
  return hash.of([provider, baseUrl, account, fingerprint, audience, ...scopes]);
}
