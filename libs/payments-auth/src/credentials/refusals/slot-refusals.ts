import type { Acquired } from '../slot/login.js';
import { type Secret, shortOf } from '../secrets/secret-source.js';
import type { Credential } from '../credential.js';
import { keyCredential } from '../slot/keeping.js';
import { KeyTrials } from '../secrets/key-trials.js';
import type { KeptCredential } from '../slot/kept-credential.js';
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
  const { context, secrets, account } = owner;
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

  const rejectKey = (secret: Secret): void => {
    if (secrets.rejection([secret]) !== undefined) return;
    const reason = 'refused on a call';
    const retryAfterMs = secrets.reject(secret, { reason });
    journal.emit({ type: 'credentials-rejected', credential: shortOf(secret), reason, retryAfterMs });
  };
  const acceptKey = (secret: Secret): void => {
    secrets.accept(secret);
    if (slot.kept?.secret.fingerprint !== secret.fingerprint)
      slot.keep({ secret }, { reason: 'rotated', startedAtMs: context.clock.monotonic() });
  };
  const cure = new OtherKey(Object.assign(host, { rejectKey, acceptKey }));
  const trials = new KeyTrials({
    newerKey: () => slot.kept && secrets.newerToTry(slot.kept.secret),
    credentialOf: (secret) => keyCredential(context, { account, scopes }, secret),
    rejectKey,
    acceptKey,
  });
  return new Refusals(host, cure, trials);
}
