import {
  type AuthenticatedRequest,
  Credential,
  type CredentialService,
  type CredentialStatus,
  type AnyProviderDefinition,
  type Credentials,
  OWN_ACCOUNT,
  PaymentsAuthError,
  type RequestToAuthenticate,
  type PaymentsAuthErrorCode,
  type PaymentsAuthErrorDetails,
} from '../index.js';

import { fixedCredentials } from './fixed-provider.js';
import { signAttempt } from './sign-attempt.js';

/** The options of a {@link FakeCredentialService}. */
export interface FakeCredentialSettings {
  /** @default 'fake' */
  readonly provider?: string;
  /** The first token; `refresh()` and `rotate()` give `<token>-2`, `<token>-3`, … @default 'test-token' */
  readonly token?: string;
  /** The headers for a token. @default `Authorization: Bearer <token>` */
  readonly headers?: (token: string) => Readonly<Record<string, string>>;
  /** Wall clock, in milliseconds since the epoch. @default none: it does not expire */
  readonly expiresAtMs?: number;
  /**
   * The definition whose headers, defaults and `sign` make the result of `authenticate()`. Nonces are zeros.
   *
   * @default only `headers`
   */
  readonly definition?: AnyProviderDefinition;
  /** The credentials that the definition signs with. @default `test-<provider>-<field>` for required fields */
  readonly credentials?: Credentials;
  /** The time of signing, in milliseconds since the epoch. @default now */
  readonly nowMs?: number;
}

/**
 * A `CredentialService` for unit tests: no provider, no network, no clock. It replaces the service that
 * `@InjectCredentials(name)` injects. The service of `@InjectPaymentsHttp(name)` does not use it.
 *
 * @example
 * ```ts
 * const credentials = new FakeCredentialService({ token: 'test-token' });
 * Test.createTestingModule({
 *   providers: [Reports, { provide: getCredentialsToken('pesapal'), useValue: credentials }],
 * });
 * credentials.fail('CREDENTIALS_UNAVAILABLE', { retryAfterMs: 2_000 });
 * ```
 */
export class FakeCredentialService implements CredentialService {
  readonly #settings: Required<Pick<FakeCredentialSettings, 'provider' | 'token' | 'headers'>> &
    FakeCredentialSettings;
  readonly #account: string | undefined;
  readonly #accounts = new Map<string, FakeCredentialService>();
  #generation = 1;
  #failure: PaymentsAuthError | undefined;

  /** How often each method was called, with any result. */
  readonly calls = { headers: 0, get: 0, refresh: 0, revoke: 0, rotate: 0 };

  constructor(settings: FakeCredentialSettings = {}, account?: string) {
    this.#settings = {
      provider: 'fake',
      token: 'test-token',
      headers: (token) => ({ Authorization: `Bearer ${token}` }),
      ...settings,
    };
    this.#account = account;
  }

  /** From now on every request for a credential ends in this error, until {@link recover}. */
  fail(code: PaymentsAuthErrorCode, details: PaymentsAuthErrorDetails = {}): void {
    const { provider } = this.#settings;
    const account = this.#account === undefined ? {} : { account: this.#account };
    this.#failure = new PaymentsAuthError(code, `The fake credentials of "${provider}" fail: ${code}.`, {
      provider,
      ...account,
      ...details,
    });
  }

  /** Ends the failure of {@link fail}. */
  recover(): void {
    this.#failure = undefined;
  }

  async headers(): Promise<Record<string, string>> {
    this.calls.headers += 1;
    return { ...this.#current().headers };
  }

  /**
   * The same request with the fake headers. With a `definition`, the request is signed by it, and a relative URL is
   * below the base URL of its first environment. Without one a relative URL stays relative, because there is no
   * provider.
   */
  async authenticate(request: RequestToAuthenticate): Promise<AuthenticatedRequest> {
    this.calls.headers += 1;
    const credential = this.#current();
    const { url, headers, body } = request;
    const given = Object.entries(headers instanceof Headers ? Object.fromEntries(headers) : (headers ?? {}));
    const texts = given
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]);
    const { definition, nowMs = Date.now() } = this.#settings;
    if (definition !== undefined) {
      const credentials = this.#settings.credentials ?? fixedCredentials(definition, {}, this.#account);
      const signed = await signAttempt(definition, {
        method: request.method,
        url: below(definition, String(url), request.host),
        nowMs,
        credentials,
        headers: Object.fromEntries(texts) as Record<string, string>,
        ...(body === undefined ? {} : { body }),
        token: definition.token === undefined ? '' : credential.token,
      });
      return { ...signed, credential };
    }
    return {
      url: String(url),
      headers: { ...Object.fromEntries(texts), ...credential.headers },
      ...(body === undefined ? {} : { body }),
      credential,
    };
  }

  /** There is no certificate. */
  async agent(): Promise<undefined> {
    this.#current();
  }

  async get(): Promise<Credential> {
    this.calls.get += 1;
    return this.#current();
  }

  async refresh(refused?: Credential): Promise<Credential> {
    this.calls.refresh += 1;
    const current = this.#current();
    if (refused !== undefined && refused.token !== current.token) return current;
    this.#generation += 1;
    return this.#current();
  }

  async revoke(): Promise<void> {
    this.calls.revoke += 1;
    this.#generation += 1;
  }

  async rotate(): Promise<void> {
    this.calls.rotate += 1;
    this.#current();
    this.#generation += 1;
  }

  status(): CredentialStatus {
    const { provider, expiresAtMs } = this.#settings;
    const rejected = this.#failure?.code === 'CREDENTIALS_REJECTED';
    const failing = rejected ? 'rejected' : 'unavailable';
    return {
      provider,
      ...(this.#account === undefined ? {} : { account: this.#account }),
      state: this.#failure === undefined ? 'fresh' : failing,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(this.#failure === undefined ? {} : { lastErrorCode: this.#failure.code }),
      counters: {
        calls: 0,
        failedCalls: 0,
        tokenRequests: 0,
        tokenFailures: 0,
        earlyRenewals: 0,
        refusals: 0,
        replays: 0,
        waits: 0,
      },
    };
  }

  /** Another fake, always the same one for the same account. Its token is `<token>-<account>`. */
  account(id: string | typeof OWN_ACCOUNT): FakeCredentialService {
    if (id === OWN_ACCOUNT) return this;
    const { token, ...others } = this.#settings;
    const existing = this.#accounts.get(id);
    if (existing !== undefined) return existing;
    const service = new FakeCredentialService({ ...others, token: `${token}-${id}` }, id);
    this.#accounts.set(id, service);
    return service;
  }

  #current(): Credential {
    if (this.#failure !== undefined) throw this.#failure;
    const { provider, headers, expiresAtMs } = this.#settings;
    const token =
      this.#generation === 1 ? this.#settings.token : `${this.#settings.token}-${this.#generation}`;
    return new Credential({
      provider,
      ...(this.#account === undefined ? {} : { account: this.#account }),
      scopes: [],
      id: 'fa4ec4ed',
      token,
      headers: Object.freeze({ ...headers(token) }),
      obtainedAtMs: 0,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    });
  }
}

/** An absolute URL stays as it is. */
function below({ environments }: AnyProviderDefinition, url: string, host: string | undefined): string {
  if (URL.canParse(url)) return url;
  const [bases = ''] = Object.values(environments);
  const hosts = typeof bases === 'string' ? { '': bases } : bases;
  const base = (host === undefined ? undefined : hosts[host]) ?? Object.values(hosts)[0] ?? '';
  return `${base}/${url.replace(/^\/+/, '')}`;
}
