import type { Credential } from '../credentials/credential.js';
import { hostsOf } from '../providers/account-hosts.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { Destinations } from './destination.js';

/** Where the calls of each account may go: the same for all, or each to the hosts that its credentials name. */
export class AccountDestinations {
  readonly #provider: ConfiguredProvider;
  /** Where no host depends on the account. */
  readonly #shared: Destinations | undefined;
  readonly #ofCredential = new WeakMap<Credential, Destinations>();

  constructor(provider: ConfiguredProvider) {
    this.#provider = provider;
    const isShared = Object.values(provider.hosts).every((url) => !url.includes('{'));
    this.#shared = isShared ? new Destinations(provider) : undefined;
  }

  /** @param credential `undefined` as long as there is none: then nothing is known where hosts depend on it */
  of(credential: Credential): Destinations;
  of(credential: undefined): Destinations | undefined;
  of(credential: Credential | undefined): Destinations | undefined {
    if (this.#shared !== undefined || credential === undefined) return this.#shared;
    let destinations = this.#ofCredential.get(credential);
    if (destinations === undefined) {
      const { hosts } = this.#provider;
      const own = hostsOf(hosts, credential.signing ?? {});
      destinations = new Destinations({ ...this.#provider, hosts: own }, hosts);
      this.#ofCredential.set(credential, destinations);
    }
    return destinations;
  }
}
