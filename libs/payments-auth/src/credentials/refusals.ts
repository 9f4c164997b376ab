import type { Clock } from '../payments-auth.clock.js';
import type { ReplayOutcome } from './credential-spender.js';
import type { Credential } from './credential.js';
import { ForcedRenewals } from './forced-renewals.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotJournal } from './slot-journal.js';

/** What handling a refusal needs of the slot it happens to. */
export interface RefusalHost {
  readonly clock: Clock;
  readonly journal: SlotJournal;
  /** Whether the credential is a static key. */
  readonly isKey: boolean;
  /** What is kept, dead or alive. */
  readonly kept: KeptCredential | undefined;
  readonly isAcquiring: boolean;
  /** The provider has called the key that is kept wrong. */
  rejectKey(): void;
  /** Another credential than `rejected`, if one can be had. */
  acquireAnother(rejected: Credential): Promise<Credential>;
}

/**
 * What becomes of calls that the provider refused (R11, R12): those whose credential has been replaced already get the
 * one that replaced it; the others force one renewal together, as long as renewal is a cure.
 */
export class Refusals {
  readonly #host: RefusalHost;
  readonly #forced: ForcedRenewals;

  constructor(host: RefusalHost) {
    this.#host = host;
    this.#forced = new ForcedRenewals(host.clock);
  }

  /** A credential worth one replay, or `undefined`. Never rejects. */
  async replace(
    rejected: Credential,
    refusal: { status: number; own: boolean },
  ): Promise<Credential | undefined> {
    const { journal, kept, clock, isKey } = this.#host;
    journal.refused();
    journal.emit({ type: 'call-refused', credential: rejected.id, ...refusal });
    if (kept !== undefined && !kept.credential.isSameAs(rejected) && kept.zone(clock) !== 'dead')
      return this.#forced.isFutile ? undefined : kept.credential;
    try {
      return isKey ? await this.#otherKey(rejected, refusal.own) : await this.#otherToken(rejected);
    } catch {
      // Why there is none is in the status and the events; the caller gets the provider's refusal.
      return undefined;
    }
  }

  replayed(credential: Credential, outcome: ReplayOutcome): void {
    const { journal, kept, isKey } = this.#host;
    journal.replayed();
    journal.emit({ type: 'call-replayed', credential: credential.id, ...outcome });
    if (provesNothing(outcome)) return;
    if (!outcome.refusedAgain) {
      const contestedAgeMs = this.#forced.cured();
      if (contestedAgeMs !== undefined)
        journal.emit({ type: 'credential-contested', credential: credential.id, ageMs: contestedAgeMs });
    } else if (kept?.credential.isSameAs(credential) === true) {
      if (isKey) this.#host.rejectKey();
      else this.#renewalIsNoCure(credential);
    }
  }

  /** The secret is another: what was learned about the old one's tokens is void. */
  forget(): void {
    this.#forced.cured();
  }

  /** A refused key is replaced only if a different one can be had. Only the provider's own word proves it wrong. */
  async #otherKey(rejected: Credential, own: boolean): Promise<Credential | undefined> {
    if (own && this.#host.kept?.credential.isSameAs(rejected) === true) this.#host.rejectKey();
    const credential = await this.#host.acquireAnother(rejected);
    return credential.isSameAs(rejected) ? undefined : credential;
  }

  async #otherToken(rejected: Credential): Promise<Credential | undefined> {
    if (!this.#host.isAcquiring) {
      if (this.#forced.paused) return undefined;
      this.#forced.started(this.#youngAgeMs(rejected));
    }
    const credential = await this.#host.acquireAnother(rejected);
    if (!credential.isSameAs(rejected)) return credential;
    this.#renewalIsNoCure(rejected);
    return undefined;
  }

  #renewalIsNoCure(credential: Credential): void {
    const durationMs = this.#forced.futile();
    if (durationMs === undefined) return;
    this.#host.journal.emit({ type: 'renewals-paused', credential: credential.id, durationMs });
  }

  /** How old a token was refused that should have lived at least as long again; `undefined` for an older one. */
  #youngAgeMs(rejected: Credential): number | undefined {
    const ageMs = this.#host.clock.now() - rejected.obtainedAtMs;
    const lifetimeMs = (rejected.expiresAtMs ?? 0) - rejected.obtainedAtMs;
    return ageMs < lifetimeMs / 2 ? ageMs : undefined;
  }
}

/** No answer, or one of a provider that is in trouble or has too much to do: nobody has looked at the credential. */
function provesNothing({ status, refusedAgain }: ReplayOutcome): boolean {
  return !refusedAgain && (status === undefined || status === 429 || status >= 500);
}
