import { allOf } from '../issuing/all-of.js';
import type { Secret } from '../secrets/secret-source.js';
import { notGivenBack, toCallersError } from '../credential-errors.js';
import type { KeptCredential } from './kept-credential.js';
import { told } from '../../scrubbing.js';
import { secretValues } from '../issuing/login-secrets.js';
import type { SlotJournal } from './slot-journal.js';
import type { SlotOwner } from './slot-owner.js';
import type { ReturnRequest } from '../issuing/token-issuer.js';

/** Whose token it was. */
interface Holder {
  readonly owner: SlotOwner;
  readonly scopes: readonly string[];
  readonly journal: SlotJournal;
}

/**
 * Gives a token back to the provider, where it takes one back, and takes it away from those it is shared with.
 *
 * @param kept the one held here; where there is none, whatever the fleet holds
 * @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE
 */
export async function giveBack(holder: Holder, kept: KeptCredential | undefined): Promise<void> {
  const { issuer } = holder.owner.context;
  if (issuer === undefined || (kept === undefined && !issuer.isShared)) return;
  const secrets = kept === undefined ? await secretsOf(holder) : [kept.secret];
  const requests = secrets.map((secret) => requestFor(holder, secret));
  try {
    await allOf(requests.map((request) => issuer.revoke(request, kept?.credential.token)));
  } catch (error) {
    const why = error instanceof Error ? told(error.message, secretsIn(holder, secrets)) : 'unknown';
    throw notGivenBack(holder.owner, why);
  }
  const whose = kept === undefined ? {} : { credential: kept.credential.id };
  holder.journal.emit({ type: 'credential-revoked', ...whose });
}

/** Takes a token away from those it is shared with, because its secret was rotated. */
export async function takeBack(holder: Holder, kept: KeptCredential): Promise<void> {
  await holder.owner.context.issuer?.forget(requestFor(holder, kept.secret));
}

function requestFor({ owner, scopes }: Holder, secret: Secret): ReturnRequest {
  return { account: owner.account, scopes, ...secret, signal: owner.context.closing };
}

async function secretsOf({ owner }: Holder): Promise<readonly Secret[]> {
  try {
    return await owner.secrets.get(false);
  } catch (error) {
    throw toCallersError(owner, error);
  }
}

function secretsIn({ owner }: Holder, secrets: readonly Secret[]): string[] {
  const { definition } = owner.context.provider;
  return secrets.flatMap(({ credentials }) => secretValues(definition, credentials));
}
