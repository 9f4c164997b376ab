import type { Secret } from '../secrets/secret-source.js';
import type { Credential } from '../credential.js';
import type { Cure, Refusal, RefusalHost } from './refusals.js';

/** What is learned about static keys on calls: nothing else tells that one is wrong. */
export interface KeyHost extends RefusalHost {
  /** The provider has refused it, in its own words. */
  rejectKey(secret: Secret): void;
  /** The provider has accepted it: calls carry it from now on. */
  acceptKey(secret: Secret): void;
}

/** Another key, where a different one can be had: the next of the list, or a new one from its source (R12). */
export class OtherKey implements Cure {
  readonly #host: KeyHost;

  constructor(host: KeyHost) {
    this.#host = host;
  }

  isFutile(): boolean {
    return false;
  }

  async another(rejected: Credential, refusal: Refusal): Promise<Credential | undefined> {
    const { kept } = this.#host;
    // Something in between does not know the key, and proves nothing about it.
    if (refusal.own && kept?.credential.isSameAs(rejected) === true) this.#host.rejectKey(kept.secret);
    const credential = await this.#host.acquireAnother(rejected, refusal);
    return credential.isSameAs(rejected) ? undefined : credential;
  }

  hasHelped(credential: Credential): void {
    const { kept } = this.#host;
    if (kept?.credential.isSameAs(credential) === true) this.#host.acceptKey(kept.secret);
  }

  hasFailed(): void {
    const { kept } = this.#host;
    if (kept !== undefined) this.#host.rejectKey(kept.secret);
  }

  forget(): void {
    // The keys themselves are remembered with the account.
  }
}
