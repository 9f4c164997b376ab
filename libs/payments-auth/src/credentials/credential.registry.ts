import { type Clock, systemClock } from '../payments-auth.clock.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { refreshTokenStrategy } from '../strategies/refresh-token.strategy.js';
import { filled } from '../strategies/placeholders.js';
import { type Credentials, strategyOf } from '../strategies/strategy.js';
import { RefreshTokenIssuer } from './sharing/refresh-token-issuer.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import { notConfigured } from '../providers/not-configured.js';
import type { TokenTransport } from '../strategies/token-transport.js';
import { abortsMany } from '../within.js';
import { Accounts } from './accounts.js';
import {
  type AccountName,
  type CredentialExplanation,
  type CredentialService,
  type CredentialStatus,
  OWN_ACCOUNT,
} from './credential.service.js';
import { type Authenticate, ProviderCredentialService } from './provider-credential.service.js';
import type { CredentialSpenders } from './credential-spender.js';
import { KeyedHash } from './secrets/keyed-hash.js';
import type { EventSink } from './payments-auth-event.js';
import { ProviderTokenIssuer } from './issuing/provider-token-issuer.js';
import { RenewalGate } from './renewing/renewal-gate.js';
import { RenewalQueue } from './renewing/renewal-queue.js';
import { statusOf } from './slot/slot-status.js';
import { TimeBoundHeaders } from './call-headers.js';
import { noProviderTotals, type ProviderTotals, sumOf, type Totals } from './slot/slot-journal.js';
import type { SlotContext } from './slot/slot-context.js';
import { SharedTokenIssuer } from './sharing/shared-token-issuer.js';
import { StoreHealth } from './sharing/store-health.js';
import { TokenEndpoints } from './issuing/token-endpoints.js';
import type { TokenIssuer } from './issuing/token-issuer.js';
import type { TokenStore } from './sharing/token-store.js';

export interface CredentialRegistryOptions {
  /** @default the system's */
  readonly clock?: Clock;
  readonly transport: (provider: ConfiguredProvider) => TokenTransport;
  /** Gets all events. An error that it throws has no effect. */
  readonly emit?: EventSink;
  /** The store in which a fleet shares its tokens. @default none: every process keeps its own tokens */
  readonly store?: TokenStore;
  /**
   * Makes names for secrets that do not reveal them. @default a hash with the key of the store, otherwise with a random
   * key
   */
  readonly hash?: KeyedHash;
  /**
   * How many merchants of a provider are kept at most. Beyond that, the least recently used one is dropped. @default
   * 100_000
   */
  readonly maxAccounts?: number;
  /** How many token requests one endpoint sees at once, at most. @default 32 */
  readonly maxTokenRequests?: number;
  /** How many of these are background renewals, at most. @default 8 */
  readonly maxRenewals?: number;
}

/** When a resolver of the application takes longer, the next key is asked for meanwhile. */
const SLOW_RESOLVER_MS = 2_000;

/**
 * All credentials of one application: the accounts of each configured provider, kept, shared and renewed. All state is
 * in this object, so that two applications in one process do not share it (R20).
 */
export class CredentialRegistry {
  /** The renewals and the times at which they are due. The scheduler reads it and has the timer. */
  readonly renewals: RenewalQueue;
  readonly #providers = new Map<string, Accounts>();
  readonly #contexts: readonly SlotContext[];
  readonly #closing = abortsMany();
  readonly #startedAtMs: number;
  readonly #clock: Clock;

  constructor(providers: readonly ConfiguredProvider[], options: CredentialRegistryOptions) {
    const { clock = systemClock, store, maxAccounts = 100_000 } = options;
    const { maxTokenRequests = 32, maxRenewals = 8 } = options;
    const hash = options.hash ?? new KeyedHash(store?.hashKey);
    this.#startedAtMs = clock.now();
    this.#clock = clock;
    this.renewals = new RenewalQueue(clock);
    const emit = harmless(options.emit);
    const limits = { places: maxTokenRequests, renewals: maxRenewals, credentials: maxAccounts };
    const endpoints = new TokenEndpoints(clock, limits);
    const health = store && new StoreHealth(store, { clock, emit });
    const closing = this.#closing.signal;
    const shared = { clock, hash, emit, closing, renewals: this.renewals };

    this.#contexts = providers.map((provider) => {
      const strategy = strategyOf(provider.definition);
      const totals = noProviderTotals();
      const known = {
        ...shared,
        provider,
        timeBound: new TimeBoundHeaders(),
        knowsTokensLate: false,
        totals,
      };
      if (strategy === undefined) {
        const gate = new RenewalGate(clock, maxRenewals, () => SLOW_RESOLVER_MS);
        const none = { issuer: undefined, issuerHost: () => '', slowestLoginMs: () => 0, usableAfterMs: 0 };
        return { ...known, gate, ...none };
      }
      const transport = options.transport(provider);
      const own = new ProviderTokenIssuer(provider, strategy, { clock, transport, endpoints });
      const gate = new RenewalGate(clock, maxRenewals, () => own.slowAfterMs);
      const slowestLoginMs = () => own.durations.slowestMs;
      const refreshing = refreshTokenStrategy(strategy);
      const asking =
        refreshing !== undefined
          ? new RefreshTokenIssuer(provider, refreshing, own, {
              clock,
              hash,
              emit,
              closing,
              health,
              load: (account) => this.#accounts(provider.name).source.resolve(account),
            })
          : own;
      let issuer: TokenIssuer = asking;
      if (health !== undefined && provider.share) {
        const fleet = new SharedTokenIssuer(provider, strategy, asking, { health, clock, hash });
        closing.addEventListener('abort', fleet.listen(), { once: true });
        issuer = fleet;
      }
      const issuerHost = (credentials: Credentials) => filled(own.host, credentials);
      const { usableAfterMs } = strategy;
      return { ...known, gate, issuer, issuerHost, slowestLoginMs, usableAfterMs };
    });
    for (const context of this.#contexts)
      this.#providers.set(context.provider.name, new Accounts(context, maxAccounts));
  }

  /** Finds the credential for a call. @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED */
  spenders(name: string): CredentialSpenders {
    return this.#accounts(name);
  }

  /** @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED */
  service(name: string, account?: AccountName, authenticate?: Authenticate): CredentialService {
    return new ProviderCredentialService(name, this.#accounts(name), account, authenticate);
  }

  /**
   * The credentials that the accounts of a provider use now, for signing and verifying messages. @throws
   * PaymentsAuthError PROVIDER_NOT_CONFIGURED
   */
  credentialsInForce(name: string): CredentialsInForce {
    return this.#accounts(name).source;
  }

  /** The state of every credential. */
  status(): CredentialStatus[] {
    return [...this.#providers].flatMap(([name, accounts]) => {
      const known = Array.from(accounts.slots(), statusOf);
      const own = accounts.known(OWN_ACCOUNT);
      return own === undefined || own.defaultSlot !== undefined
        ? known
        : [this.service(name).status(), ...known];
    });
  }

  /** Wall clock. */
  get nowMs(): number {
    return this.#clock.now();
  }

  /** Every provider, with its counts, and whether it makes logins. */
  get providers(): { readonly name: string; readonly logsIn: boolean; readonly totals: ProviderTotals }[] {
    return this.#contexts.map(({ provider: { name }, issuer, totals }) => ({
      name,
      logsIn: issuer !== undefined,
      totals,
    }));
  }

  /** The counts of all credentials, including those that were dropped. */
  totals(): Totals {
    return sumOf(this.#contexts.map(({ totals }) => totals));
  }

  /**
   * Explains the state of an account's credential. @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED, ACCOUNT_UNKNOWN
   */
  async explain(name: string, account: AccountName): Promise<CredentialExplanation> {
    return this.#accounts(name).explain(account, this.#startedAtMs);
  }

  /**
   * Gets in the background the credentials that have to be kept warm, so that the first payment does not have to wait
   * (R17).
   */
  warm(): void {
    for (const { provider } of this.#contexts) {
      if (provider.own === undefined) continue;
      this.#accounts(provider.name).account(OWN_ACCOUNT).slot().warm();
    }
  }

  /**
   * Ends everything that is pending. A call that waits for a credential gets `CREDENTIALS_UNAVAILABLE`. Nothing is
   * revoked (R19).
   */
  close(): void {
    this.#closing.abort();
    for (const accounts of this.#providers.values()) {
      for (const slot of accounts.slots()) slot.close();
    }
  }

  #accounts(name: string): Accounts {
    const accounts = this.#providers.get(name);
    if (accounts !== undefined) return accounts;
    throw notConfigured(name, this.#providers.keys());
  }
}

/** The listener for events, without its errors: when the listener throws, only the event is lost. */
function harmless(sink: EventSink | undefined): EventSink {
  return (event) => {
    try {
      sink?.(event);
    } catch {
      // A payment must not fail because a listener for events throws.
    }
  };
}
