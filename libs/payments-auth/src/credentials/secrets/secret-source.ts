import { sayDuration } from '../../duration.js';
import { ownCopy, ownObject } from '../../own-properties.js';
import type { Clock } from '../../payments-auth.clock.js';
import { within } from '../../within.js';
import { isPaymentsAuthError } from '../../payments-auth.errors.js';
import { fieldsInUrls, hasAccountHosts } from '../../providers/account-hosts.js';
import type { ConfiguredProvider, CredentialsSource } from '../../providers/configured-provider.js';
import type { CredentialsInForce } from '../../providers/credentials-in-force.js';
import { credentialValue } from '../../providers/credential-value.js';
import { triesKeys, unfitKeys } from '../../providers/unfit-keys.js';
import { plainCause, setHidden } from '../../scrubbing.js';
import { type RefreshTokenStrategy, refreshTokenStrategy } from '../../strategies/refresh-token.strategy.js';
import { type Credentials, strategyOf } from '../../strategies/strategy.js';
import { headersOf } from '../call-headers.js';
import { accountUnknown, UnusableCredentialsError } from '../credential-errors.js';
import { secretValues } from '../issuing/login-secrets.js';
import type { KeyedHash } from './keyed-hash.js';

/** One set of static credentials that an account may authenticate with. */
export interface Secret {
  readonly credentials: Credentials;
  /** Its keyed hash; without the refresh token, where there is one: each use replaces that. */
  readonly fingerprint: string;
  /** The keyed hash of all of it, where that is another. What the provider calls wrong is this. */
  readonly whole: string | undefined;
}

/** How logs and events name it: by 8 hex digits, as they name everything. */
export function shortOf({ fingerprint }: Secret): string {
  return fingerprint.slice(0, 8);
}

/** An account that the function does not know is not asked for again sooner. */
const UNKNOWN_FOR_MS = 1_000;
const MOST_UNKNOWN = 1_000;

/** For how many credentials it is remembered that key and certificate fit: trying a pair takes a millisecond. */
const MOST_TRIED = 10_000;

/** A resolver that has not answered by then is not waited for. */
const RESOLVE_WITHIN_MS = 10_000;

/**
 * Where the static credentials of a provider's accounts come from: the application's own resolvers, which have a time
 * limit and whose answers are checked; or what the application has rotated to since.
 */
export class SecretSource implements CredentialsInForce {
  readonly #provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly #hash: KeyedHash;
  readonly #refreshing: RefreshTokenStrategy | undefined;
  readonly #rotated = new Map<string | undefined, readonly Secret[]>();
  readonly #most: number;
  /** Accounts that do not exist, and until when that is believed. */
  readonly #unknown = new Map<string, number>();
  readonly #listeners: ((account: string | undefined) => void)[] = [];
  readonly #fitting = new Map<string, true>();

  /** @param most for so many merchants a rotation is remembered, and for so many that they do not exist */
  constructor(provider: ConfiguredProvider, clock: Clock, hash: KeyedHash, most = Infinity) {
    this.#most = most;
    this.#provider = provider;
    this.clock = clock;
    this.#hash = hash;
    this.#refreshing = refreshTokenStrategy(strategyOf(provider.definition));
  }

  /** Whether asking again can give another answer. */
  isDynamic(account: string | undefined): boolean {
    return !this.#rotated.has(account) && this.#configured(account)?.isDynamic === true;
  }

  ttlMs(account: string | undefined): number {
    return this.#configured(account)?.ttlMs ?? 0;
  }

  /**
   * Newest first, never empty.
   *
   * @throws PaymentsAuthError ACCOUNT_UNKNOWN
   * @throws {UnusableCredentialsError} when the resolver fails, hangs, or answers with what cannot be credentials
   */
  async resolve(account: string | undefined): Promise<readonly Secret[]> {
    const rotated = this.#rotated.get(account);
    if (rotated !== undefined) return rotated;
    if (account === undefined && this.#provider.own === undefined)
      throw accountUnknown(this.#provider.name, account);
    if (account !== undefined && (this.#unknown.get(account) ?? -Infinity) > this.clock.monotonic())
      throw accountUnknown(this.#provider.name, account);
    const answer = await this.#withinBound(account);
    if (account !== undefined && (answer === undefined || answer === null)) {
      if (this.isDynamic(account))
        keepFew(
          this.#unknown,
          account,
          this.clock.monotonic() + UNKNOWN_FOR_MS,
          Math.min(this.#most, MOST_UNKNOWN),
        );
      throw accountUnknown(this.#provider.name, account);
    }
    if (account !== undefined) this.#unknown.delete(account);
    return this.#readOfOption(answer, account === undefined ? 'credentials' : 'accounts');
  }

  /** The value is wrong, and the definition is right: the words say which option of the application gives it. */
  #readOfOption(answer: unknown, option: 'credentials' | 'accounts'): readonly Secret[] {
    try {
      return this.read(answer);
    } catch (error) {
      if (!(error instanceof UnusableCredentialsError)) throw error;
      const { name } = this.#provider;
      throw new UnusableCredentialsError(
        `${error.message}; correct what the option providers.${name}.${option} gives`,
      );
    }
  }

  /** From now on `account` authenticates with these; with `undefined`, with what was configured. */
  rotate(account: string | undefined, secrets: readonly Secret[] | undefined): void {
    if (account !== undefined) this.#unknown.delete(account);
    if (secrets === undefined) this.#rotated.delete(account);
    else keepFew(this.#rotated, account, secrets, this.#most + 1);
    for (const listener of this.#listeners) listener(account);
  }

  onRotated(listener: (account: string | undefined) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws {UnusableCredentialsError} naming the field that is wrong */
  read(answer: unknown): readonly Secret[] {
    const list: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
    if (list.length === 0) throw new UnusableCredentialsError('the list of credentials is empty');
    return list.map((each, index) => this.#secret(each, list.length > 1 ? `[${index}]` : ''));
  }

  /** What a resolver has thrown may quote what it handed over before: `known`. */
  withoutSecrets(error: unknown, known: readonly Secret[] = []): unknown {
    if (!(error instanceof UnusableCredentialsError) || error.cause === undefined) return error;
    const { definition } = this.#provider;
    const secrets = known.flatMap(({ credentials }) => secretValues(definition, credentials));
    setHidden(error, 'cause', plainCause(error.cause, secrets));
    return error;
  }

  #secret(value: unknown, at: string): Secret {
    if (typeof value !== 'object' || value === null)
      throw new UnusableCredentialsError(`credentials${at} is not an object of credential fields`);
    // A copy of the fields that the provider has: and not the object that a function returned, which may change later.
    const credentials = ownObject() as Record<string, string | readonly string[]>;
    const own: Readonly<Record<string, unknown>> = ownCopy(value as Record<string, unknown>);
    for (const name of Object.keys(this.#provider.definition.credentials)) {
      const read = credentialValue(this.#provider.definition, name, own[name]);
      if (read.problem !== undefined)
        throw new UnusableCredentialsError(`credentials${at}.${name}: ${read.problem}`);
      if (read.value !== undefined) credentials[name] = read.value;
    }
    // Every function of a definition gets the same object. A function that writes into it must not change it for the others.
    Object.freeze(credentials);
    const missing = fieldsInUrls(this.#provider).find((name) => credentials[name] === undefined);
    if (missing !== undefined)
      throw new UnusableCredentialsError(
        `credentials${at}.${missing}: missing, and the URL of the provider is made of it`,
      );
    const fingerprint = this.#hash.ofCredentials(this.#identityOf(credentials));
    this.#tryKeys(credentials, fingerprint, at);
    const whole = this.#refreshing === undefined ? undefined : this.#hash.ofCredentials(credentials);
    return { credentials, fingerprint, whole };
  }

  /** A function may hand over a key that does not fit. The definition is right then, and the value is wrong. */
  #tryKeys(credentials: Credentials, fingerprint: string, at: string): void {
    if (!triesKeys(this.#provider) || this.#fitting.has(fingerprint)) return;
    const [unfit] = unfitKeys(this.#provider, credentials);
    if (unfit === undefined) return keepFew(this.#fitting, fingerprint, true, MOST_TRIED);
    const field = unfit.field === undefined ? '' : `.${unfit.field}`;
    throw new UnusableCredentialsError(`credentials${at}${field}: ${unfit.what}`);
  }

  /**
   * What makes them others than those before. For a key it is what calls carry: two that differ in how webhooks are
   * signed, for example, are the same key to the provider of a call.
   */
  #identityOf(credentials: Credentials): Credentials {
    const { definition } = this.#provider;
    if (this.#refreshing !== undefined) return this.#withoutRefreshToken(credentials, this.#refreshing);
    const parts = ['token', 'sign', 'tls'] as const;
    if (parts.some((part) => definition[part] !== undefined) || hasAccountHosts(definition))
      return credentials;
    return headersOf(definition, credentials, '', this.#provider.environment).headers;
  }

  /** The fingerprint leaves the refresh token out. Otherwise each use of it would make another credential. */
  #withoutRefreshToken(credentials: Credentials, strategy: RefreshTokenStrategy): Credentials {
    const { environment } = this.#provider;
    try {
      const token = strategy.refreshToken(
        ownCopy({ credentials, ...(environment === undefined ? {} : { environment }) }),
      );
      return Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== token));
    } catch {
      // Told when it is spent.
      return credentials;
    }
  }

  #configured(account: string | undefined): CredentialsSource | undefined {
    return account === undefined ? this.#provider.own : this.#provider.accounts;
  }

  async #withinBound(account: string | undefined): Promise<unknown> {
    const source = this.#configured(account);
    const asked = (async () => source?.resolve(account))();
    try {
      return await within(this.clock, RESOLVE_WITHIN_MS, asked, () => {
        throw new UnusableCredentialsError(
          `their resolver did not answer within ${sayDuration(RESOLVE_WITHIN_MS)}`,
        );
      });
    } catch (error) {
      if (error instanceof UnusableCredentialsError) throw error;
      if (isPaymentsAuthError(error) && error.code === 'ACCOUNT_UNKNOWN') throw error;
      throw new UnusableCredentialsError('their resolver failed', error);
    }
  }
}

/** Keeps the newest `most`. */
function keepFew<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most) map.delete(oldest as K);
}
