import type { Candidates } from './candidates.js';
import type { Owner } from './credential-errors.js';
import type { CredentialSlot } from './credential-slot.js';
import type { SlotContext } from './slot-context.js';

/** The account that a slot belongs to. */
export interface SlotOwner extends Owner {
  readonly context: SlotContext;
  readonly candidates: Candidates;
  /** The slot holds nothing worth keeping. */
  abandon(slot: CredentialSlot): void;
}
