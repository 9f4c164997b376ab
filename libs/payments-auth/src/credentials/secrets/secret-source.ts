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

/** One set of static credentials of an account. */
export interface Secret {
  readonly credentials: Credentials;
  /** The keyed hash of the credentials. A refresh token is left out, because each use may replace it. */
  readonly fingerprint: string;
  /** The keyed hash of all fields, where it differs. Rejections are remembered under this hash. */
  readonly whole: string | undefined;
}

/** The name of a secret in logs and events: 8 hex digits. */
export function shortOf({ fingerprint }: Secret): string {
  return fingerprint.slice(0, 8);
}

/** When the function does not know an account, it is not asked for that account again for this time. */
const UNKNOWN_FOR_MS = 1_000;
const MOST_UNKNOWN = 1_000;

/**
 * For how many credentials it is remembered that their keys fit. Checking a key and its certificate takes a
 * millisecond.
 */
const MOST_TRIED = 10_000;

/** The time limit of a resolver. */
const RESOLVE_WITHIN_MS = 10_000;

/**
 * The source of the static credentials of a provider's accounts. They come from the application's resolvers, which have
 * a time limit and whose answers are checked. After a `rotate()` with credentials, those are used.
 */
export class SecretSource implements CredentialsInForce {
  readonly #provider: ConfiguredProvider;
  readonly clock: Clock;
  readonly #hash: KeyedHash;
  readonly #refreshing: RefreshTokenStrategy | undefined;
  readonly #rotated = new Map<string | undefined, readonly Secret[]>();
  readonly #most: number;
  /** Accounts that do not exist, and until when this is remembered. */
  readonly #unknown = new Map<string, number>();
  readonly #listeners: ((account: string | undefined) => void)[] = [];
  readonly #fitting = new Map<string, true>();

  /** @param most how many rotations are remembered, and how many accounts that do not exist */
  constructor(provider: ConfiguredProvider, clock: Clock, hash: KeyedHash, most = Infinity) {
    this.#most = most;
    this.#provider = provider;
    this.clock = clock;
    this.#hash = hash;
    this.#refreshing = refreshTokenStrategy(strategyOf(provider.definition));
  }

  /** Whether the source can give other credentials when it is asked again. */
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
   * @throws {UnusableCredentialsError} when the resolver fails, does not answer in time, or returns values that cannot
   *   be credentials
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

  /** Reads the answer of an option. A wrong value is not a fault of the definition, so the message names the option. */
  #readOfOption(answer: unknown, option: 'credentials' | 'accounts'): readonly Secret[] {
    try {
      return this.read(answer);
    } catch (error) {
      if (!(error instanceof UnusableCredentialsError)) throw error;
      const { name } = this.#provider;
      throw new UnusableCredentialsError(
        `${error.message}; correct the value that the option providers.${name}.${option} returns`,
      );
    }
  }

  /** From now on `account` uses these secrets. With `undefined`, it uses the configured ones. */
  rotate(account: string | undefined, secrets: readonly Secret[] | undefined): void {
    if (account !== undefined) this.#unknown.delete(account);
    if (secrets === undefined) this.#rotated.delete(account);
    else keepFew(this.#rotated, account, secrets, this.#most + 1);
    for (const listener of this.#listeners) listener(account);
  }

  onRotated(listener: (account: string | undefined) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws {UnusableCredentialsError} that names the wrong field */
  read(answer: unknown): readonly Secret[] {
    const list: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
    if (list.length === 0) throw new UnusableCredentialsError('the list of credentials is empty');
    return list.map((each, index) => this.#secret(each, list.length > 1 ? `[${index}]` : ''));
  }

  /**
   * Removes secrets from the error of a resolver. The error may quote credentials that the resolver returned before:
   * `known`.
   */
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
    // A copy of the provider's fields is used, because the object that a function returned may change later.
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
        `credentials${at}.${missing}: missing, and the URL of the provider contains it`,
      );
    const fingerprint = this.#hash.ofCredentials(this.#identityOf(credentials));
    this.#tryKeys(credentials, fingerprint, at);
    const whole = this.#refreshing === undefined ? undefined : this.#hash.ofCredentials(credentials);
    return { credentials, fingerprint, whole };
  }

  /**
   * A function of the application may return a key that does not fit. Then the definition is right, and the value is
   * wrong.
   */
  #tryKeys(credentials: Credentials, fingerprint: string, at: string): void {
    if (!triesKeys(this.#provider) || this.#fitting.has(fingerprint)) return;
    const [unfit] = unfitKeys(this.#provider, credentials);
    if (unfit === undefined) return keepFew(this.#fitting, fingerprint, true, MOST_TRIED);
    const field = unfit.field === undefined ? '' : `.${unfit.field}`;
    throw new UnusableCredentialsError(`credentials${at}${field}: ${unfit.what}`);
  }

  /**
   * The fields by which credentials differ from other credentials. For a static key, these are the fields that calls
   * carry. Two keys that differ only in the secret of webhooks, for example, are the same key for a call.
   */
  #identityOf(credentials: Credentials): Credentials {
    const { definition } = this.#provider;
    if (this.#refreshing !== undefined) return this.#withoutRefreshToken(credentials, this.#refreshing);
    const parts = ['token', 'sign', 'tls'] as const;
    if (parts.some((part) => definition[part] !== undefined) || hasAccountHosts(definition))
      return credentials;
    return headersOf(definition, credentials, '', this.#provider.environment).headers;
  }

  /**
   * The credentials without the refresh token, for the fingerprint. Otherwise each use of the refresh token would make
   * another credential.
   */
  #withoutRefreshToken(credentials: Credentials, strategy: RefreshTokenStrategy): Credentials {
    const { environment } = this.#provider;
    try {
      const token = strategy.refreshToken(
        ownCopy({ credentials, ...(environment === undefined ? {} : { environment }) }),
      );
      return Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== token));
    } catch {
      // The login that uses the refresh token reports this error.
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

/** Adds an entry, and keeps only the newest `most`. */
function keepFew<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most) map.delete(oldest as K);
}
