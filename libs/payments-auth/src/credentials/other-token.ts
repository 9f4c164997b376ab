import type { Credential } from './credential.js';
import { ForcedRenewals } from './forced-renewals.js';
import type { Cure, Refusal, RefusalHost } from './refusals.js';

/** Another token: calls that were refused force one renewal together, as long as renewal is a cure (R11). */
export class OtherToken implements Cure {
  readonly #host: RefusalHost;
  readonly #forced: ForcedRenewals;

  constructor(host: RefusalHost) {
    this.#host = host;
    this.#forced = new ForcedRenewals(host.clock);
  }

  get isFutile(): boolean {
    return this.#forced.isFutile;
  }

  async another(rejected: Credential, refusal: Refusal): Promise<Credential | undefined> {
    if (!this.#host.isAcquiring) {
      if (this.#forced.paused) return undefined;
      this.#forced.started(this.#youngAgeMs(rejected));
    }
    const credential = await this.#host.acquireAnother(rejected, refusal);
    if (!credential.isSameAs(rejected)) return credential;
    this.hasFailed(rejected);
    return undefined;
  }

  hasHelped({ id }: Credential): void {
    const ageMs = this.#forced.cured();
    if (ageMs !== undefined) this.#host.journal.emit({ type: 'credential-contested', credential: id, ageMs });
  }

  hasFailed({ id }: Credential): void {
    const { kept, isAcquiring } = this.#host;
    // Another one is on its way already: that one is the proof, or the cure.
    if (kept === undefined || isAcquiring) return;
    const durationMs = this.#forced.futile(kept.sinceMs);
    if (durationMs !== undefined)
      this.#host.journal.emit({ type: 'renewals-paused', credential: id, durationMs });
  }

  forget(): void {
    this.#forced.cured();
  }

  /** How old a token was refused that should have lived at least as long again; `undefined` for an older one. */
  #youngAgeMs(rejected: Credential): number | undefined {
    const ageMs = this.#host.clock.now() - rejected.obtainedAtMs;
    const lifetimeMs = (rejected.expiresAtMs ?? 0) - rejected.obtainedAtMs;
    return ageMs < lifetimeMs / 2 ? ageMs : undefined;
  }
}
