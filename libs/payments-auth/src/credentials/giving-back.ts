import { notGivenBack } from './credential-errors.js';
import type { KeptCredential } from './kept-credential.js';
import { scrub } from './scrub.js';
import type { SlotJournal } from './slot-journal.js';
import type { SlotOwner } from './slot-owner.js';
import type { ReturnRequest } from './token-issuer.js';

/** Whose token it was. */
interface Holder {
  readonly owner: SlotOwner;
  readonly scopes: readonly string[];
  readonly journal: SlotJournal;
}

/** Gives a token back to the provider, where it takes one back. @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE */
export async function giveBack(holder: Holder, kept: KeptCredential): Promise<void> {
  const { issuer } = holder.owner.context;
  if (issuer === undefined) return;
  try {
    await issuer.revoke(requestFor(holder, kept), kept.credential.token);
  } catch (error) {
    const why = error instanceof Error ? scrub(error.message, kept.candidate.credentials) : 'unknown';
    throw notGivenBack(holder.owner, why);
  }
  holder.journal.emit({ type: 'credential-revoked', credential: kept.credential.id });
}

/** Takes a token away from those it is shared with, because its secret was rotated. */
export async function takeBack(holder: Holder, kept: KeptCredential): Promise<void> {
  await holder.owner.context.issuer?.forget(requestFor(holder, kept));
}

function requestFor({ owner, scopes }: Holder, { candidate }: KeptCredential): ReturnRequest {
  return { account: owner.account, scopes, ...candidate, signal: owner.context.closing };
}
