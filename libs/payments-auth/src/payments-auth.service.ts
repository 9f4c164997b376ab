import type { HttpService } from '@nestjs/axios';
import type { Observable } from 'rxjs';
import type { CredentialRegistry } from './credentials/credential.registry.js';
import type { CredentialService, CredentialStatus } from './credentials/credential.service.js';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';
import type { PaymentsAuthEvents } from './payments-auth.events.js';
import type { ProviderName } from './payments-auth.tokens.js';
import type { ProviderServices } from './provider-services.js';

/** Every provider by its name at run time, and everything that is known of all of them. */
export class PaymentsAuthService {
  readonly #services: ProviderServices;
  readonly #registry: CredentialRegistry;
  readonly #events: PaymentsAuthEvents;

  /** @internal Made by the module; inject it. */
  constructor(services: ProviderServices, registry: CredentialRegistry, events: PaymentsAuthEvents) {
    this.#services = services;
    this.#registry = registry;
    this.#events = events;
  }

  /**
   * The `HttpService` of a provider: the very one that `@InjectPaymentsHttp(name)` injects.
   *
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED
   */
  http(name: ProviderName): HttpService {
    this.#services.requireConfigured(name);
    return this.#services.http(name);
  }

  /**
   * The credential of a provider, or of one of its merchants.
   *
   * @param account of whom; the provider's own when it is left out. `undefined` in its place is not the same: where the
   *   provider has accounts, a name that is missing is an account that does not exist
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED; an account that does not exist fails when it is used
   */
  credentials(name: ProviderName, ...account: [account?: string]): CredentialService {
    this.#services.requireConfigured(name);
    return this.#services.credentials(name, account.length === 0 ? undefined : (account[0] ?? null));
  }

  /** The state of every credential that is kept right now. No secret in it. */
  status(): CredentialStatus[] {
    return this.#registry.status();
  }

  /** Everything that happens to credentials. No secret in it; a listener that fails harms no request. */
  get events$(): Observable<PaymentsAuthEvent> {
    return this.#events.events$;
  }
}
