import type { Account } from './account.js';

/** A token that the sandbox has issued. */
export interface IssuedToken {
  readonly value: string;
  readonly account: string;
  readonly scopes: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'alive' | 'expired' | 'revoked';
}

interface Entry {
  readonly value: string;
  readonly account: Account;
  readonly scopes: readonly string[];
  readonly issuedAtMs: number;
  expiresAtMs: number;
  revoked: boolean;
}

/** The number of ended tokens that are kept, so that a test can still ask about them. */
const KEPT_DEAD = 10_000;

/** The tokens of one provider: which of them are valid, to whom they belong, and why the others have ended. */
export class IssuedTokens {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly now: () => number) {}

  issue(value: string, account: Account, scopes: readonly string[], lifetimeMs: number): void {
    const issuedAtMs = this.now();
    this.#entries.set(value, {
      value,
      account,
      scopes,
      issuedAtMs,
      expiresAtMs: issuedAtMs + lifetimeMs,
      revoked: false,
    });
    this.#prune();
  }

  /** The account of a token and its scopes, if the token is alive. */
  alive(value: string): Pick<Entry, 'account' | 'scopes' | 'issuedAtMs'> | undefined {
    const entry = this.#entries.get(value);
    if (entry === undefined || !this.#isAlive(entry)) return undefined;
    const { account, scopes, issuedAtMs } = entry;
    return { account, scopes, issuedAtMs };
  }

  /** The account of a token, also after the token has ended. */
  ownerOf(value: string): Account | undefined {
    return this.#entries.get(value)?.account;
  }

  /** The newest living token of an account and a set of scopes. */
  current(account: Account, scopes: readonly string[]): IssuedToken | undefined {
    const wanted = scopes.join(' ');
    let youngest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.account === account && entry.scopes.join(' ') === wanted && this.#isAlive(entry))
        youngest = entry;
    }
    return youngest === undefined ? undefined : this.#view(youngest);
  }

  all(): readonly IssuedToken[] {
    return [...this.#entries.values()].map((entry) => this.#view(entry));
  }

  /** Lets the tokens expire now. Returns how many were alive. */
  expire(accountId?: string): number {
    return this.#end((entry) => (entry.expiresAtMs = this.now()), accountId);
  }

  /** Revokes the tokens now. Returns how many were alive. */
  revoke(accountId?: string): number {
    return this.#end((entry) => (entry.revoked = true), accountId);
  }

  endOne(value: string, how: 'expire' | 'revoke'): void {
    const entry = this.#entries.get(value);
    if (entry === undefined || !this.#isAlive(entry)) return;
    if (how === 'revoke') entry.revoked = true;
    else entry.expiresAtMs = this.now();
  }

  clear(): void {
    this.#entries.clear();
  }

  #end(end: (entry: Entry) => void, accountId: string | undefined): number {
    let ended = 0;
    for (const entry of this.#entries.values()) {
      if ((accountId !== undefined && entry.account.id !== accountId) || !this.#isAlive(entry)) continue;
      end(entry);
      ended += 1;
    }
    return ended;
  }

  #isAlive(entry: Entry): boolean {
    return !entry.revoked && this.now() < entry.expiresAtMs;
  }

  #view(entry: Entry): IssuedToken {
    const { value, account, scopes, issuedAtMs, expiresAtMs } = entry;
    const state = entry.revoked ? 'revoked' : this.#isAlive(entry) ? 'alive' : 'expired';
    return { value, account: account.id, scopes, issuedAtMs, expiresAtMs, state };
  }

  #prune(): void {
    if (this.#entries.size % KEPT_DEAD !== 0) return;
    for (const entry of this.#entries.values()) if (!this.#isAlive(entry)) this.#entries.delete(entry.value);
  }
}
