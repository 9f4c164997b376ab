import { type CallAnswer, isAcceptance, type Refusal } from '../call-answer.js';
import type { Credential } from '../credential.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import { keyCredential } from './keeping.js';
import type { KeptCredential } from './kept-credential.js';
import type { Cure, SlotView } from './slot-context.js';

const REASON = 'refused on a call';
/** After this many refusals without an acceptance, no call is sent twice with the same key. */
const MOST_IN_VAIN = 8;

/**
 * The memory of refused static keys. Only a refusal shows that a key is wrong (R12).
 *
 * A key that was refused while an older one works is tried again later: Cashfin may need an hour to know a new key.
 * Each trial may cost a refused attempt. So only one call at a time makes a trial, and only a call that can always be
 * repeated. A payment, and a call that is never replayed, carry the key that works.
 */
export class RefusedKeys {
  /** There is no pause between forced renewals of a key, because the application is asked, and not the provider. */
  readonly pause = undefined;
  readonly #slot: SlotView;
  #trial: { readonly secret: Secret; readonly credential: Credential } | undefined = undefined;

  /**
   * Whether a call that was refused with two keys is sent with the second one again. Behind a balancer that takes turns,
   * the first one would meet the server that has refused it. This changes each time that a last attempt is refused.
   */
  #staysWithSecond = true;

  /** Refusals in the provider's own words, since a call was accepted with any of the keys. */
  #refusedInARow = 0;

  constructor(slot: SlotView) {
    this.#slot = slot;
  }

  /** The key on trial, which a call carries instead of `kept`. The caller has to call {@link answered} afterwards. */
  instead(kept: KeptCredential, mayRepeat: (() => boolean) | undefined): Credential | undefined {
    if (this.#trial !== undefined || mayRepeat === undefined) return undefined;
    const secret = this.#slot.owner.secrets.newerToTry(kept.secret);
    if (secret === undefined || !mayRepeat()) return undefined;
    const credential = keyCredential(this.#slot, secret);
    this.#trial = { secret, credential };
    return credential;
  }

  /** What may help a refused call: any other key than the one just refused. */
  cure(refused: Credential, { own, replayable, attempts }: Refusal): Cure {
    const { kept, owner } = this.#slot;
    const isCurrent = kept?.credential.isSameAs(refused) === true;
    const current = kept?.isAlive(owner.context.clock) === true ? kept.credential : undefined;
    const hasTried = (key: Credential) => attempts.some(({ credential }) => credential.isSameAs(key));
    if (current !== undefined && !hasTried(current)) return { by: 'replay', with: current };
    if (!own) {
      // A gateway may have answered, and not the provider. That proves nothing about the key. This one call tries
      // another key.
      const other = replayable && attempts.length === 1 ? owner.secrets.otherThan(refused.id) : undefined;
      if (other !== undefined) return { by: 'replay', with: keyCredential(this.#slot, other) };
      return { by: 'renewal', of: current ?? refused };
    }
    // The kept key may have been replaced while the call was on its way. The refused key still counts as wrong.
    const secret = isCurrent ? kept.secret : owner.secrets.named(refused.id);
    if (secret !== undefined) this.#reject(secret);
    this.#refusedInARow += 1;
    // The second key is the kept one only if the provider itself has refused the first. The first has to be configured
    // still: a key that has replaced it is wrong when it is refused.
    const other = isCurrent && attempts.length === 2 ? attempts[0]?.credential : undefined;
    const isSecond = other?.isSameAs(refused) === false && owner.secrets.named(other.id) !== undefined;
    if (isSecond && this.#staysWithSecond && replayable && this.#refusedInARow < MOST_IN_VAIN)
      return { by: 'replay', with: refused };
    const of = current ?? refused;
    const mayHelp = ({ credential }: KeptCredential) =>
      !credential.isSameAs(of) &&
      !credential.isSameAs(refused) &&
      (!hasTried(credential) || this.#refusedInARow < MOST_IN_VAIN);
    const settle = (now: KeptCredential): Cure =>
      mayHelp(now) ? { by: 'replay', with: now.credential } : undefined;
    return { by: 'new-token', of, key: refused.id, settle };
  }

  /**
   * Records the result of an attempt. @returns the key that the provider has accepted, which calls carry from now on
   */
  answered(credential: Credential, answer: CallAnswer): Secret | undefined {
    const { status, refused, before = [] } = answer;
    if (isAcceptance(answer)) this.#refusedInARow = 0;
    if (refused?.own === true && before.length === 2) this.#staysWithSecond = !this.#staysWithSecond;
    const { kept } = this.#slot;
    const trial = this.#trial?.credential === credential ? this.#trial : undefined;
    if (trial !== undefined) this.#trial = undefined;
    const isReplay = before.length > 0 && kept?.credential.isSameAs(credential) === true;
    const secret = trial?.secret ?? (isReplay ? kept.secret : undefined);
    if (secret === undefined) return undefined;
    if (refused?.own === true) this.#reject(secret);
    // A gateway may have answered, and not the provider. So the key keeps its state, and the next trial waits as long
    // as this one.
    else if (refused !== undefined) {
      if (trial !== undefined) this.#slot.owner.secrets.putOff(secret);
    } else if (status !== undefined && (status < 400 || (isReplay && status !== 429 && status < 500))) {
      this.#slot.owner.secrets.accept(secret);
      return secret;
    }
    return undefined;
  }

  #reject(secret: Secret): void {
    const { owner, journal } = this.#slot;
    if (owner.secrets.rejection([secret]) !== undefined) return;
    const retryAfterMs = owner.secrets.reject(secret, { reason: REASON });
    const credential = shortOf(secret);
    journal.emit({ type: 'credentials-rejected', credential, reason: REASON, retryAfterMs });
  }
}
