import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { rejected } from '../credential-errors.js';
import type { CredentialState, CredentialStatus } from '../credential.service.js';
import type { SlotContext, SlotView } from './slot-context.js';

/** What operators are told of a credential. No secret in it. */
export function statusOf(slot: SlotView): CredentialStatus {
  const { kept, owner, backOffMs } = slot;
  const { scopes, audience } = slot.asked;
  const { clock } = owner.context;
  const { rateLimit, counters } = slot.journal;
  const problem = problemOf(slot);
  const certificateEndsAtMs = kept && owner.context.provider.certificates?.endsAtMs(kept.secret.credentials);
  const current = kept?.isAlive(clock) === true ? kept.credential : undefined;
  return {
    provider: owner.provider,
    ...(owner.account === undefined ? {} : { account: owner.account }),
    ...(scopes.length === 0 ? {} : { scopes: [...scopes] }),
    ...(audience === undefined ? {} : { audience }),
    state: stateOf(slot, problem),
    ...(current === undefined ? {} : { credential: current.id, obtainedAtMs: current.obtainedAtMs }),
    ...(current?.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs }),
    ...(certificateEndsAtMs === undefined ? {} : { certificateEndsAtMs }),
    ...(problem === undefined ? {} : { lastErrorCode: problem.code }),
    ...(problem?.reason === undefined ? {} : { lastErrorReason: problem.reason }),
    ...(backOffMs > 0 ? { nextAttemptAtMs: Math.ceil(clock.now() + backOffMs) } : {}),
    ...(rateLimit === undefined ? {} : { rateLimit: { ...rateLimit } }),
    counters,
  };
}

/** What is wrong with it, as far as is known. */
function problemOf({ owner, kept, journal }: SlotView): PaymentsAuthError | undefined {
  const rejection = kept && isKey(owner.context) ? owner.secrets.rejection([kept.secret]) : undefined;
  return rejection === undefined ? journal.lastError : rejected(owner, rejection);
}

function stateOf({ owner, kept, isBusy }: SlotView, problem: PaymentsAuthError | undefined): CredentialState {
  const { context } = owner;
  const isRejected = problem !== undefined && problem.code !== 'CREDENTIALS_UNAVAILABLE';
  if (kept?.isAlive(context.clock) === true) {
    // A key that the provider calls wrong is sent all the same, but no call succeeds with it.
    if (isRejected && isKey(context)) return 'rejected';
    if (problem !== undefined) return 'degraded';
    return kept.zone(context.clock) === 'due' ? 'due' : 'fresh';
  }
  if (isRejected) return 'rejected';
  if (isBusy) return 'acquiring';
  return problem === undefined ? 'idle' : 'unavailable';
}

function isKey({ issuer }: SlotContext): boolean {
  return issuer === undefined;
}
