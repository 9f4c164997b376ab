import type { Account, Credentials } from './account.js';
import { Accounts, type CredentialShape } from './accounts.js';
import type { Exchange } from './exchange.js';
import { IssuedTokens } from './issued-tokens.js';
import { signJwt } from './jwt.js';
import { checkSettings, defaultSettings, type ProviderSettings } from './provider-settings.js';
import { RefreshTokens } from './refresh-tokens.js';
import type { SandboxClock } from './sandbox-clock.js';
import type { SeededRandom } from './seeded-random.js';

/** A token that the provider is about to issue. */
export interface MintedToken {
  readonly value: string;
  /** How long the token still lives. */
  readonly lifetimeMs: number;
  /** When the token ends by the provider's own clock, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** The documented facts of a provider's credentials and tokens. */
export interface TokenRules<C extends Credentials> {
  /** The documented lifetime of a token; absent for a static key. */
  readonly lifetimeMs?: number;
  /** The status of the answer to a call with a bad credential, unless the settings say otherwise. */
  readonly refusalStatus: number;
  /** Paths of the fields in the token answer: `access_token`, `data.token`. */
  readonly tokenFields?: { readonly token: string; readonly expiry?: string };
  /** Settings of the provider that differ from the defaults. */
  readonly settings?: Partial<ProviderSettings>;
  /** What a token looks like. @default a JSON Web Token */
  tokenValue?(random: SeededRandom): string;
  credentials(random: SeededRandom): CredentialShape<C>;
}

/** What a running provider knows: its merchants, their tokens, its settings and its clock. */
export class ProviderContext<C extends Credentials = Credentials> {
  readonly settings: ProviderSettings;
  readonly accounts: Accounts<C>;
  readonly tokens: IssuedTokens;
  readonly refreshTokens = new RefreshTokens();
  /** Payment references that were used already. */
  readonly usedReferences = new Set<string>();
  readonly random: SeededRandom;
  readonly #jwtKey: string;

  constructor(
    private readonly rules: TokenRules<C>,
    private readonly clock: SandboxClock,
    random: SeededRandom,
    settings: Partial<ProviderSettings>,
  ) {
    this.random = random.fork('tokens');
    this.#jwtKey = random.fork('jwt').text(32);
    this.settings = { ...defaultSettings(rules), ...rules.settings, ...checkSettings(settings) };
    this.accounts = new Accounts(rules.credentials(random.fork('credentials')), () => clock.now());
    this.tokens = new IssuedTokens(() => clock.now());
  }

  /** The time by the provider's own clock, which may be wrong. */
  get providerNowMs(): number {
    return this.clock.now() + this.settings.skewMs;
  }

  get nowMs(): number {
    return this.clock.now();
  }

  /** Issues a token to an account, and marks the exchange as accepted. */
  mint(account: Account<C>, scopes: readonly string[], exchange: Exchange): MintedToken {
    exchange.account = account;
    exchange.outcome = 'accepted';
    exchange.executed = true;
    const { settings, tokens } = this;
    if (settings.sameTokenUntilDead) {
      const current = tokens.current(account, scopes);
      if (current !== undefined) {
        const lifetimeMs = current.expiresAtMs - this.nowMs;
        return { value: current.value, lifetimeMs, expiresAtMs: this.providerNowMs + lifetimeMs };
      }
    }
    if (settings.newLoginKillsEarlier) {
      for (let token = tokens.current(account, scopes); token; token = tokens.current(account, scopes))
        tokens.endOne(token.value, 'revoke');
    }
    const lifetimeMs = settings.tokenLifetimeMs;
    const value =
      this.rules.tokenValue?.(this.random) ??
      signJwt(this.#claims(account, lifetimeMs, exchange), this.#jwtKey);
    tokens.issue(value, account, scopes, lifetimeMs);
    return { value, lifetimeMs, expiresAtMs: this.providerNowMs + lifetimeMs };
  }

  #claims(account: Account<C>, lifetimeMs: number, exchange: Exchange): Record<string, unknown> {
    const issuedAt = Math.floor(this.providerNowMs / 1_000);
    const identity = { sub: account.id, jti: this.random.text(32), iat: issuedAt };
    if (exchange.statedExpiry === undefined) return { ...identity, exp: issuedAt + lifetimeMs / 1_000 };
    // The expiry that a fault states replaces the token's own too, so that no part of the answer holds the real one.
    return this.rules.tokenFields?.expiry === undefined
      ? { ...identity, exp: exchange.statedExpiry.value }
      : { ...identity, iat: undefined };
  }
}
