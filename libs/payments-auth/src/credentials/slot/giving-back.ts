import { allOf } from '../../within.js';
import type { Secret } from '../secrets/secret-source.js';
import { notGivenBack, toCallersError } from '../credential-errors.js';
import type { KeptCredential } from './kept-credential.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { plainCause, told } from '../../scrubbing.js';
import { DefinitionFault } from '../../strategies/definition-fault.js';
import { saySigner, SignerFault } from '../../strategies/signer-fault.js';
import { secretValues } from '../issuing/login-secrets.js';
import type { SlotView } from './slot-context.js';
import type { IssuedToken, ReturnRequest } from '../issuing/token-issuer.js';
import type { Credential } from '../credential.js';

/**
 * Revokes a token at the provider, where the provider offers that, and removes it from the store.
 *
 * @param kept the token held here. Where there is none, the token of the fleet is meant
 * @throws PaymentsAuthError CREDENTIALS_UNAVAILABLE
 */
export async function giveBack(slot: SlotView, kept: KeptCredential | undefined): Promise<void> {
  const { issuer } = slot.owner.context;
  if (issuer === undefined || (kept === undefined && !issuer.isShared)) return;
  const secrets = kept === undefined ? await secretsOf(slot) : [kept.secret];
  const requests = secrets.map((secret) => requestFor(slot, secret));
  try {
    await allOf(requests.map((request) => issuer.revoke(request, kept?.credential.token)));
  } catch (error) {
    throw why(slot, error, secretsIn(slot, secrets));
  }
  const whose = kept === undefined ? {} : { credential: kept.credential.id };
  slot.journal.emit({ type: 'credential-revoked', ...whose });
}

function why({ owner, journal }: SlotView, error: unknown, secrets: readonly string[]): PaymentsAuthError {
  const { name } = owner.context.provider;
  const said =
    error instanceof SignerFault ? saySigner(name, error) : error instanceof Error ? error.message : '';
  const reason = told(said, secrets) || 'unknown';
  const cause = plainCause((error as { cause?: unknown } | null)?.cause, secrets);
  if (!(error instanceof DefinitionFault))
    return notGivenBack(owner, 'CREDENTIALS_UNAVAILABLE', reason, { cause });
  journal.tellFault(reason);
  return notGivenBack(owner, 'DEFINITION_FAULT', reason, { cause });
}

/** Removes a token from the store, because its secret was rotated. */
export async function takeBack(slot: SlotView, kept: KeptCredential): Promise<void> {
  await slot.owner.context.issuer?.forget(requestFor(slot, kept.secret));
}

/** The issuer no longer reports what happens to the token. */
export function unwatch(slot: SlotView, kept: KeptCredential): void {
  slot.owner.context.issuer?.unwatch(requestFor(slot, kept.secret));
}

/** A token of the fleet that is newer than `kept`, if there is one. The provider is not asked. */
export async function newerThan(
  slot: SlotView,
  kept: KeptCredential,
  refused: Credential,
  onWithdrawn: (token: string) => void,
): Promise<IssuedToken | undefined> {
  const { clock, issuer } = slot.owner.context;
  const held = kept.held(clock);
  return issuer?.newer?.({ ...requestFor(slot, kept.secret), held, refused: refused.token, onWithdrawn });
}

/** The values of a slot and of one of its secrets that the issuer needs. */
export function requestFor({ owner, asked }: SlotView, secret: Secret): ReturnRequest {
  const { scopes, audience } = asked;
  return { account: owner.account, scopes, audience, ...secret, signal: owner.context.closing };
}

async function secretsOf({ owner }: SlotView): Promise<readonly Secret[]> {
  try {
    return await owner.secrets.get(false);
  } catch (error) {
    throw toCallersError(owner, error);
  }
}

function secretsIn({ owner }: SlotView, secrets: readonly Secret[]): string[] {
  const { definition } = owner.context.provider;
  return secrets.flatMap(({ credentials }) => secretValues(definition, credentials));
}
