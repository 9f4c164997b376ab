import { ownCopy } from '../own-properties.js';
import type { Credentials } from '../strategies/strategy.js';

/** The parts of a {@link Credential}. */
export interface CredentialParts {
  readonly provider: string;
  readonly account?: string;
  readonly scopes: readonly string[];
  /** 8 hex digits of a keyed hash: how logs and events name it. */
  readonly id: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  /** @internal The static credentials behind it, where an attempt is made of more than its headers. */
  readonly signing?: Credentials;
  readonly obtainedAtMs: number;
  readonly expiresAtMs?: number;
}

/**
 * The credential of a request: a token or a static key, with the headers that are made from it. Immutable.
 *
 * A log of a credential shows whose it is and when it ends. Its token and headers can only be read by their names. They
 * are never printed.
 */
export class Credential {
  readonly provider: string;
  readonly account?: string;
  readonly scopes: readonly string[];
  /** 8 hex digits of a keyed hash, as logs and events name this credential. */
  readonly id: string;
  /** Wall clock, in milliseconds since the epoch. */
  readonly obtainedAtMs: number;
  /** Wall clock, in milliseconds since the epoch; absent for a static key. */
  readonly expiresAtMs?: number;
  readonly #token: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signing: CredentialParts['signing'];

  constructor(given: CredentialParts) {
    const parts = ownCopy(given);
    this.provider = parts.provider;
    if (parts.account !== undefined) this.account = parts.account;
    this.scopes = parts.scopes;
    this.id = parts.id;
    this.obtainedAtMs = parts.obtainedAtMs;
    if (parts.expiresAtMs !== undefined) this.expiresAtMs = parts.expiresAtMs;
    this.#token = parts.token;
    this.#headers = parts.headers;
    this.#signing = parts.signing;
  }

  /** The token as the provider issued it; the empty string for a static key. */
  get token(): string {
    return this.#token;
  }

  /** The headers that every call carries. Frozen. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** @internal The static credentials behind it, where an attempt is made of more than its headers. */
  get signing(): CredentialParts['signing'] {
    return this.#signing;
  }

  /** @internal Whether every call that carries either of them carries the same secret. */
  isSameAs(other: Credential): boolean {
    if (this === other) return true;
    return (
      this.id === other.id &&
      this.#token === other.token &&
      Object.entries(this.#headers).every(([name, value]) => other.headers[name] === value)
    );
  }
}
