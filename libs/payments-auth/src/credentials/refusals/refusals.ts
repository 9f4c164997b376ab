import type { ReplayOutcome } from '../credential-spender.js';
import type { Credential } from '../credential.js';
import type { Clock } from '../../payments-auth.clock.js';
import type { KeptCredential } from '../slot/kept-credential.js';
import type { KeyTrials } from '../secrets/key-trials.js';
import type { SlotJournal } from '../slot/slot-journal.js';

/** How the provider said no. */
export interface Refusal {
  readonly status: number;
  /** In its own words; otherwise it is a bare 401 or 403 of something in between. */
  readonly own: boolean;
  /** Whether the call may be sent again, and so show what a renewal was worth. @default true */
  readonly replayable?: boolean;
}

/** What handling a refusal needs of the slot it happens to. */
export interface RefusalHost {
  readonly clock: Clock;
  readonly journal: SlotJournal;
  /** What is kept, dead or alive. */
  readonly kept: KeptCredential | undefined;
  readonly isAcquiring: boolean;
  /** Another credential than `rejected`, if one can be had. */
  acquireAnother(rejected: Credential, refusal: Refusal): Promise<Credential>;
}

/** What may cure a refusal: another token, or another key. */
export interface Cure {
  /** It is known that what it brought last is refused as well, in the same way. */
  isFutile(refusal: Refusal): boolean;
  /** May reject: then there is none to be had. */
  another(rejected: Credential, refusal: Refusal): Promise<Credential | undefined>;
  /** The replay was accepted. */
  hasHelped(credential: Credential): void;
  /** The replay was refused as well, with the credential that is still kept. */
  hasFailed(credential: Credential, refusal: Pick<Refusal, 'own'>): void;
  /** The static credentials are others: what was learned with those before is void. */
  forget(): void;
}

/**
 * What becomes of calls that the provider refused (R11, R12): those whose credential has been replaced already get the
 * one that replaced it; the others get what the cure brings.
 */
export class Refusals {
  /** Only where the credential is a static key. */
  readonly trials: KeyTrials | undefined;
  readonly #host: RefusalHost;
  readonly #cure: Cure;

  constructor(host: RefusalHost, cure: Cure, trials?: KeyTrials) {
    this.#host = host;
    this.#cure = cure;
    this.trials = trials;
  }

  /** A credential worth one replay, or `undefined`. Never rejects. */
  async replace(rejected: Credential, refusal: Refusal): Promise<Credential | undefined> {
    const { journal, kept, clock } = this.#host;
    journal.refused();
    const { status, own } = refusal;
    journal.emit({ type: 'call-refused', credential: rejected.id, status, own });
    if (kept?.isAlive(clock) === true && !kept.credential.isSameAs(rejected))
      return this.#cure.isFutile(refusal) ? undefined : kept.credential;
    try {
      return await this.#cure.another(rejected, refusal);
    } catch {
      // Why there is none is in the status and the events; the caller gets the provider's refusal.
      return undefined;
    }
  }

  replayed(credential: Credential, { own = true, ...outcome }: ReplayOutcome): void {
    const { journal, kept } = this.#host;
    journal.replayed();
    journal.emit({ type: 'call-replayed', credential: credential.id, ...outcome });
    if (outcome.refusedAgain) {
      if (kept?.credential.isSameAs(credential) === true) this.#cure.hasFailed(credential, { own });
    } else if (!provesNothing(outcome)) this.#cure.hasHelped(credential);
  }

  forget(): void {
    this.#cure.forget();
    this.trials?.forget();
  }
}

/** No answer, or one of a provider that is in trouble or has too much to do: nobody has looked at the credential. */
function provesNothing({ status }: ReplayOutcome): boolean {
  return status === undefined || status === 429 || status >= 500;
}
