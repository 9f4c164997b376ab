import type { HttpService } from '@nestjs/axios';
import type { Observable } from 'rxjs';
import { ownCopy } from './own-properties.js';
import type { CredentialRegistry } from './credentials/credential.registry.js';
import {
  type CredentialExplanation,
  type CredentialService,
  type CredentialStatus,
  OWN_ACCOUNT,
} from './credentials/credential.service.js';
import type { PaymentsAuthEvent } from './credentials/payments-auth-event.js';
import type { ProviderTotals, Totals } from './credentials/slot/slot-journal.js';
import type { PaymentsAuthEvents } from './payments-auth.events.js';
import type { ProviderName } from './payments-auth.tokens.js';
import type { ProviderServices } from './provider-services.js';

/** Every provider by its name at run time, with the state of all of them. */
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
   * The `HttpService` of a provider: the same one that `@InjectPaymentsHttp(name)` injects. With an account, the
   * service is bound to it: every call through it is a call of that account, so that no call can forget it. Make one
   * where you need it. You do not have to keep it.
   *
   * @param account whose calls they are; {@link OWN_ACCOUNT} for the provider's own. `undefined` means that the name
   * is missing, and no call is sent
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED
   */
  http(name: ProviderName, ...account: [account?: string | typeof OWN_ACCOUNT]): HttpService {
    this.#services.requireConfigured(name);
    return account.length === 0
      ? this.#services.http(name)
      : this.#services.boundHttp(name, account[0] ?? null);
  }

  /**
   * The credential of a provider, or of one of its merchants.
   *
   * @param account of whom; {@link OWN_ACCOUNT} for the provider's own. Where the provider has accounts, one has to be
   *   named, here or with `account()`
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED; an account that does not exist fails when it is used
   */
  credentials(name: ProviderName, ...account: [account?: string | typeof OWN_ACCOUNT]): CredentialService {
    this.#services.requireConfigured(name);
    return this.#services.credentials(name, account.length === 0 ? undefined : (account[0] ?? null));
  }

  /**
   * The state of every credential that is kept now. It holds no secret.
   *
   * @param filter the values that a credential has to match. The credential of an own account matches no `account`
   */
  status(filter: { provider?: string; account?: string; state?: string } = {}): CredentialStatus[] {
    const { provider, account, state } = ownCopy(filter);
    return this.#registry
      .status()
      .filter(
        (each) =>
          (provider === undefined || each.provider === provider) &&
          (account === undefined || each.account === account) &&
          (state === undefined || each.state === state),
      );
  }

  /** @internal Wall clock of the credentials, in milliseconds since the epoch. */
  get nowMs(): number {
    return this.#registry.nowMs;
  }

  /** @internal Every provider, whether it logs in, and what was counted of it: for the metrics. */
  get providers(): readonly {
    readonly name: string;
    readonly logsIn: boolean;
    readonly totals: ProviderTotals;
  }[] {
    return this.#registry.providers;
  }

  /**
   * @internal What was counted of all credentials since the start, also of those that are no longer kept: for the
   * status page.
   */
  totals(): Totals {
    return this.#registry.totals();
  }

  /**
   * Why the credential of a provider, or of one of its merchants, is as it is: its state and since when, the last
   * success, and the last failure. For a failure that goes on, it says what is behind it and what to do. No provider is
   * asked. For a merchant that is not in use, the application's own function is asked whether it exists. The result
   * holds no secret.
   *
   * @param account of whom; left out for the provider's own
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED, ACCOUNT_UNKNOWN
   */
  async explain(name: ProviderName, account?: string | typeof OWN_ACCOUNT): Promise<CredentialExplanation> {
    this.#services.requireConfigured(name);
    return this.#registry.explain(name, account ?? OWN_ACCOUNT);
  }

  /** All events of credentials. They hold no secret. A listener that fails cannot harm a request. */
  get events$(): Observable<PaymentsAuthEvent> {
    return this.#events.events$;
  }
}
