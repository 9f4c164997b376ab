/** A refresh token that a merchant's platform holds, or held before. */
export interface RefreshToken {
  readonly value: string;
  readonly account: string;
  /** How often it was used with a valid client. More than 1 means that a token was used twice. */
  readonly spends: number;
  readonly state: 'alive' | 'spent' | 'revoked';
}

/** The refresh tokens of one provider, and how often each one was used. */
export class RefreshTokens {
  readonly #byValue = new Map<string, { -readonly [K in keyof RefreshToken]: RefreshToken[K] }>();
  readonly #newest = new Map<string, string>();

  /** The account's newest refresh token. `undefined` as long as none was used. */
  newestOf(account: string): string | undefined {
    return this.#newest.get(account);
  }

  all(): readonly RefreshToken[] {
    return [...this.#byValue.values()].map((token) => ({ ...token }));
  }

  /** From now on this account's refresh tokens are rejected. */
  revoke(account: string, value: string): void {
    this.#known(account, value).state = 'revoked';
  }

  /**
   * Uses a refresh token, and returns the one to use next. Returns `undefined` when the used one is no longer valid.
   *
   * @param next makes the refresh token that replaces it. Absent where one refresh token can be used many times
   */
  spend(account: string, value: string, next?: () => string): string | undefined {
    const token = this.#known(account, value);
    token.spends += 1;
    if (token.state !== 'alive') return undefined;
    if (next === undefined) return value;
    token.state = 'spent';
    const replaced = next();
    this.#known(account, replaced);
    return replaced;
  }

  #known(account: string, value: string) {
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    const token = { value, account, spends: 0, state: 'alive' as const };
    this.#byValue.set(value, token);
    this.#newest.set(account, value);
    return this.#byValue.get(value) ?? token;
  }
}
