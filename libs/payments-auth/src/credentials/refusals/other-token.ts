import type { Credential } from '../credential.js';
import { ForcedRenewals } from './forced-renewals.js';
import type { Cure, Refusal, RefusalHost } from './refusals.js';

/**
 * Another token: calls that were refused force one renewal together, as long as renewal is a cure (R11).
 *
 * What something in between refuses (a firewall, on one path) is counted apart: however often it shows that renewal
 * does not cure that, a token that the provider itself has refused is replaced.
 */
export class OtherToken implements Cure {
  readonly #host: RefusalHost;
  readonly #forcedByProvider: ForcedRenewals;
  readonly #forcedInBetween: ForcedRenewals;

  constructor(host: RefusalHost) {
    this.#host = host;
    this.#forcedByProvider = new ForcedRenewals(host.clock);
    this.#forcedInBetween = new ForcedRenewals(host.clock);
  }

  isFutile({ own }: Refusal): boolean {
    return this.#forcedBy(own).isFutile;
  }

  async another(rejected: Credential, refusal: Refusal): Promise<Credential | undefined> {
    if (!this.#host.isAcquiring) {
      const forced = this.#forcedBy(refusal.own);
      // What the provider has brought about a moment ago is not replaced for what stands in between.
      if (forced.pausedFor(refusal) || (!refusal.own && this.#forcedByProvider.paused)) return undefined;
      forced.started({ ...refusal, youngAgeMs: this.#youngAgeMs(rejected) });
    }
    const credential = await this.#host.acquireAnother(rejected, refusal);
    if (!credential.isSameAs(rejected)) return credential;
    this.hasFailed(rejected, refusal);
    return undefined;
  }

  hasHelped({ id }: Credential): void {
    const ageMs = this.#cured();
    if (ageMs !== undefined) this.#host.journal.emit({ type: 'credential-contested', credential: id, ageMs });
  }

  hasFailed({ id }: Credential, { own }: Pick<Refusal, 'own'>): void {
    const { kept, isAcquiring } = this.#host;
    // Another one is on its way already: that one is the proof, or the cure.
    if (kept === undefined || isAcquiring) return;
    const durationMs = this.#forcedBy(own).futile(kept.sinceMs);
    if (durationMs !== undefined)
      this.#host.journal.emit({ type: 'renewals-paused', credential: id, durationMs });
  }

  forget(): void {
    this.#cured();
  }

  #forcedBy(own: boolean): ForcedRenewals {
    return own ? this.#forcedByProvider : this.#forcedInBetween;
  }

  #cured(): number | undefined {
    const ages = [this.#forcedByProvider.cured(), this.#forcedInBetween.cured()];
    return ages.find((ageMs) => ageMs !== undefined);
  }

  /** How old a token was refused that should have lived at least as long again; `undefined` for an older one. */
  #youngAgeMs(rejected: Credential): number | undefined {
    const ageMs = this.#host.clock.now() - rejected.obtainedAtMs;
    const lifetimeMs = (rejected.expiresAtMs ?? 0) - rejected.obtainedAtMs;
    return ageMs < lifetimeMs / 2 ? ageMs : undefined;
  }
}
