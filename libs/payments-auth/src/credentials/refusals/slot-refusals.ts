import type { Acquired } from '../acquiring/acquisition.js';
import { type Candidate, shortOf } from '../secrets/candidate-source.js';
import type { Credential } from '../credential.js';
import { keyCredential } from '../keeping/keeping.js';
import { KeyTrials } from '../secrets/key-trials.js';
import type { KeptCredential } from '../keeping/kept-credential.js';
import { OtherKey } from './other-key.js';
import { OtherToken } from './other-token.js';
import type { AcquireReason } from '../payments-auth-event.js';
import { type Refusal, Refusals } from './refusals.js';
import type { SlotOwner } from '../slot/slot-owner.js';
import type { SlotJournal } from '../slot/slot-journal.js';

/** What refusals need of the slot they happen to. */
export interface RefusableSlot {
  readonly owner: SlotOwner;
  readonly scopes: readonly string[];
  readonly journal: SlotJournal;
  /** Dead or alive. */
  readonly kept: KeptCredential | undefined;
  readonly isBusy: boolean;
  acquireAnother(rejected: Credential, refusal: Refusal): Promise<Credential>;
  keep(acquired: Acquired, how: { reason: AcquireReason; startedAtMs: number }): Credential;
}

/** What becomes of the refused calls of one slot. A token is replaced by another token, a key by another key. */
export function refusalsOf(slot: RefusableSlot): Refusals {
  const { owner, scopes, journal } = slot;
  const { context, candidates, account } = owner;
  const host = {
    clock: context.clock,
    journal,
    get kept() {
      return slot.kept;
    },
    get isAcquiring() {
      return slot.isBusy;
    },
    acquireAnother: (rejected: Credential, refusal: Refusal) => slot.acquireAnother(rejected, refusal),
  };
  if (context.issuer !== undefined) return new Refusals(host, new OtherToken(host));

  const rejectKey = (candidate: Candidate): void => {
    if (candidates.rejection([candidate]) !== undefined) return;
    const reason = 'refused on a call';
    const retryAfterMs = candidates.reject(candidate, reason);
    journal.emit({ type: 'credentials-rejected', credential: shortOf(candidate), reason, retryAfterMs });
  };
  const acceptKey = (candidate: Candidate): void => {
    candidates.accept(candidate);
    if (slot.kept?.candidate.fingerprint !== candidate.fingerprint)
      slot.keep({ candidate }, { reason: 'rotated', startedAtMs: context.clock.monotonic() });
  };
  const cure = new OtherKey(Object.assign(host, { rejectKey, acceptKey }));
  const trials = new KeyTrials({
    newerKey: () => slot.kept && candidates.newerToTry(slot.kept.candidate),
    credentialOf: (candidate) => keyCredential(context, { account, scopes }, candidate),
    rejectKey,
    acceptKey,
  });
  return new Refusals(host, cure, trials);
}
