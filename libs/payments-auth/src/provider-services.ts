import type { HttpService } from '@nestjs/axios';
import type { CredentialRegistry } from './credentials/credential.registry.js';
import type { AccountName, CredentialService } from './credentials/credential.service.js';
import { boundHttpService } from './http/bound-http.service.js';
import { unsentFailure } from './http/call-failure.js';
import { RequestAuthenticator } from './http/request-authenticator.js';
import { createPaymentsHttpService } from './http/payments-http.service.js';
import type { Clock } from './payments-auth.clock.js';
import type { PaymentsAuthError } from './payments-auth.errors.js';
import type { ConfiguredProvider } from './providers/configured-provider.js';
import { type HowToAdd, notConfigured } from './providers/not-configured.js';
import { unconfiguredCredentialService, unconfiguredHttpService } from './unconfigured-provider.js';

/** The services of each provider, by name: one `HttpService` each, the same for every injection. */
export class ProviderServices {
  readonly #providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly #registry: CredentialRegistry;
  readonly #clock: Clock;
  readonly #howToAdd: HowToAdd | undefined;
  readonly #http = new Map<string, HttpService>();
  readonly #authenticators = new Map<string, RequestAuthenticator>();

  constructor(
    providers: readonly ConfiguredProvider[],
    registry: CredentialRegistry,
    clock: Clock,
    howToAdd?: HowToAdd,
  ) {
    this.#providers = new Map(providers.map((provider) => [provider.name, provider]));
    this.#registry = registry;
    this.#clock = clock;
    this.#howToAdd = howToAdd;
  }

  /** The `HttpService` of a provider. For a name that is not configured, each of its requests fails and says so. */
  http(name: string): HttpService {
    const existing = this.#http.get(name);
    if (existing !== undefined) return existing;
    const provider = this.#providers.get(name);
    const service =
      provider === undefined
        ? unconfiguredHttpService(() => this.#notConfigured(name))
        : this.#createHttp(provider);
    this.#http.set(name, service);
    return service;
  }

  /** An `HttpService` whose calls are all calls of `account`. */
  boundHttp(name: string, account: AccountName): HttpService {
    return boundHttpService(this.http(name), name, account, (error) => {
      const failure = unsentFailure(error);
      if (failure !== undefined) this.#registry.spenders(name).unsent(account, failure);
    });
  }

  /**
   * The `CredentialService` of a provider. For a name that is not configured, each of its methods fails and says so.
   */
  credentials(name: string, account?: AccountName): CredentialService {
    const provider = this.#providers.get(name);
    return provider === undefined
      ? unconfiguredCredentialService(() => this.#notConfigured(name))
      : this.#registry.service(name, account, (whose, request) =>
          this.#authenticator(provider).authenticate(whose, request),
        );
  }

  /** @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED */
  requireConfigured(name: string): void {
    if (!this.#providers.has(name)) throw this.#notConfigured(name);
  }

  #authenticator(provider: ConfiguredProvider): RequestAuthenticator {
    let authenticator = this.#authenticators.get(provider.name);
    if (authenticator === undefined) {
      const spenders = this.#registry.spenders(provider.name);
      authenticator = new RequestAuthenticator(provider, spenders, this.#clock);
      this.#authenticators.set(provider.name, authenticator);
    }
    return authenticator;
  }

  #createHttp(provider: ConfiguredProvider): HttpService {
    return createPaymentsHttpService(provider, this.#registry.spenders(provider.name), {
      clock: this.#clock,
    });
  }

  #notConfigured(name: string): PaymentsAuthError {
    return notConfigured(name, this.#providers.keys(), this.#howToAdd);
  }
}
