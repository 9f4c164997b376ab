import type { Secret } from './secret-source.js';
import type { Credential } from '../credential.js';

/** What a trial needs of the slot it happens to. */
export interface TrialHost {
  /** A key that is newer than the one in use, was refused, and has been left alone for long enough. */
  newerKey(): Secret | undefined;
  credentialOf(secret: Secret): Credential;
  rejectKey(secret: Secret): void;
  acceptKey(secret: Secret): void;
}

/**
 * Tries a key again that was refused, while an older one works: Cashfin takes up to an hour to know a new key.
 *
 * Each try may cost a refused attempt. So one call at a time makes it, and only one that can be repeated whatever comes
 * of it: a payment, and a call that is never replayed, carry the key that works.
 */
export class KeyTrials {
  readonly #host: TrialHost;
  #trial: { readonly secret: Secret; readonly credential: Credential } | undefined = undefined;

  constructor(host: TrialHost) {
    this.#host = host;
  }

  get isWanted(): boolean {
    return this.#trial === undefined && this.#host.newerKey() !== undefined;
  }

  /** What one call carries. {@link end} has to follow. */
  start(): Credential | undefined {
    const secret = this.#trial === undefined ? this.#host.newerKey() : undefined;
    if (secret === undefined) return undefined;
    const credential = this.#host.credentialOf(secret);
    this.#trial = { secret, credential };
    return credential;
  }

  /** @param accepted `undefined` when the answer, or its absence, says nothing about the key: another call tries it */
  end(credential: Credential, accepted: boolean | undefined): void {
    const trial = this.#trial;
    // The keys were changed meanwhile.
    if (trial?.credential !== credential) return;
    this.#trial = undefined;
    if (accepted === true) this.#host.acceptKey(trial.secret);
    else if (accepted === false) this.#host.rejectKey(trial.secret);
  }

  /** The keys are others: what is being tried is void. */
  forget(): void {
    this.#trial = undefined;
  }
}
