import type { InternalAxiosRequestConfig } from 'axios';
import { applicationAxios } from '../application-axios.js';
import type { Credential } from '../credentials/credential.js';
import { ownCopy } from '../own-properties.js';
import { hostsOf } from '../providers/account-hosts.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { valuesIn } from '../strategies/placeholders.js';
import type { Credentials } from '../strategies/strategy.js';
import { Destinations, type Routing } from './destination.js';

/** Joins base URL and URL as the application's own axios does. */
const urls = new applicationAxios.Axios({});

/** A value for the placeholders of a host while the account is not known. */
const SOME_ACCOUNT = 'account';

/** Where the calls of each account may go: the same for all, or each to the hosts that its credentials name. */
export class AccountDestinations {
  readonly #provider: ConfiguredProvider;
  readonly #transport: Routing;
  /** The destinations of all accounts; `undefined` where a host depends on the account. */
  readonly #shared: Destinations | undefined;
  readonly #ofCredential = new WeakMap<Credential, Destinations>();

  constructor(provider: ConfiguredProvider, transport: Routing = ownCopy({})) {
    this.#provider = provider;
    this.#transport = transport;
    const isShared = Object.values(provider.hosts).every((url) => !url.includes('{'));
    this.#shared = isShared ? new Destinations(provider, transport) : undefined;
  }

  of(credential: Credential): Destinations {
    if (this.#shared !== undefined) return this.#shared;
    let destinations = this.#ofCredential.get(credential);
    if (destinations === undefined) {
      destinations = this.#filledFrom(credential.signing ?? {});
      this.#ofCredential.set(credential, destinations);
    }
    return destinations;
  }

  /**
   * Refuses a call that goes to none of the provider's hosts. While the account of the call is not known, every host
   * that some account can have is allowed.
   *
   * @throws PaymentsAuthError INSECURE_DESTINATION
   */
  check(config: InternalAxiosRequestConfig, host: string | undefined): void {
    (this.#shared ?? this.#filledFrom(this.#namedIn(config))).check(config, host);
  }

  #filledFrom(values: Credentials): Destinations {
    const { hosts } = this.#provider;
    return new Destinations({ ...this.#provider, hosts: hostsOf(hosts, values) }, this.#transport, hosts);
  }

  /** The values that an absolute URL has where the provider's hosts have placeholders. */
  #namedIn({ baseURL, url, allowAbsoluteUrls }: InternalAxiosRequestConfig): Record<string, string> {
    const { hosts, definition } = this.#provider;
    const unknown = Object.fromEntries(
      Object.keys(definition.credentials).map((field) => [field, SOME_ACCOUNT]),
    );
    const whole = urls.getUri({ baseURL, url, allowAbsoluteUrls });
    const isBelowBase = Object.values(hosts).some((template) => whole.startsWith(template));
    if (isBelowBase || !URL.canParse(whole)) return unknown;
    const { origin, pathname } = new URL(whole);
    const named = Object.values(hosts).map((template) => valuesIn(template, origin + pathname));
    return Object.assign(unknown, ...named) as Record<string, string>;
  }
}
