import type { AccountSecrets } from '../secrets/account-secrets.js';
import type { Owner } from '../credential-errors.js';
import type { CredentialSlot } from './credential-slot.js';
import type { SlotContext } from './slot-context.js';

/** The account that a slot belongs to. */
export interface SlotOwner extends Owner {
  readonly context: SlotContext;
  readonly secrets: AccountSecrets;
  /** What stands in the place of a slot that was dropped while a call carried its credential; else the slot itself. */
  currentOf(slot: CredentialSlot): CredentialSlot;
  /** The slot holds nothing worth keeping. */
  abandon(slot: CredentialSlot): void;
}
