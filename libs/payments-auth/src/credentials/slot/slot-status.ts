import { sayDuration } from '../../duration.js';
import { ownCopy } from '../../own-properties.js';
import type { PaymentsAuthError } from '../../payments-auth.errors.js';
import { adviceFor } from '../../providers/advice.js';
import type { ConfiguredProvider, SourceTrouble } from '../../providers/configured-provider.js';
import { filled } from '../../strategies/placeholders.js';
import type { Credentials } from '../../strategies/strategy.js';
import { rejected } from '../credential-errors.js';
import { LONG_MS } from '../issuing/login-wait.js';
import type { CredentialExplanation, CredentialState, CredentialStatus } from '../credential.service.js';
import type { KeptCredential } from './kept-credential.js';
import type { SlotContext, SlotView } from './slot-context.js';
import type { Failure, SlotHistory } from './slot-history.js';

const CORRECT_IT = 'correct the definition; no other credential helps';

/** The advice of a definition names the variables of the provider's own account, which no merchant uses. */
const VARIABLE = /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/;
const OF_A_MERCHANT = 'a merchant has its own values, which the option accounts returns';

/** With a larger clock difference, providers take signed requests and assertions for too old or not yet valid. */
const CLOCK_OFF_MS = 60_000;

/** The status of a credential, for operators. It contains no secret. */
export function statusOf(slot: SlotView): CredentialStatus {
  const { kept, owner } = slot;
  const { backOffMs } = slot.times;
  const { scopes, audience } = slot.asked;
  const { clock } = owner.context;
  const { rateLimit, counters } = slot.journal;
  const problem = problemOf(slot);
  const certificateEndsAtMs = kept && owner.context.provider.certificates?.endsAtMs(kept.secret.credentials);
  const current = kept?.isAlive(clock) === true ? kept.credential : undefined;
  const { history } = slot.journal;
  const last = history?.lastFailure;
  const fileTrouble = fileTroubleOf(slot);
  return {
    provider: owner.provider,
    ...placeOf(owner.context.provider, kept?.secret.credentials),
    ...(owner.account === undefined ? {} : { account: owner.account }),
    ...(scopes.length === 0 ? {} : { scopes: [...scopes] }),
    ...(audience === undefined ? {} : { audience }),
    state: stateOf(slot, problem),
    ...(current === undefined ? {} : { credential: current.id, obtainedAtMs: current.obtainedAtMs }),
    ...(current?.expiresAtMs === undefined ? {} : { expiresAtMs: current.expiresAtMs }),
    ...(certificateEndsAtMs === undefined ? {} : { certificateEndsAtMs }),
    ...(problem === undefined ? {} : { lastErrorCode: problem.code }),
    ...(problem?.reason === undefined ? {} : { lastErrorReason: problem.reason }),
    ...(history?.isOpen === true ? { failing: history.open } : {}),
    ...(last === undefined
      ? {}
      : { lastFailure: { on: last.failure.on, atMs: Math.floor(last.failure.atMs) } }),
    ...(fileTrouble === undefined ? {} : { outdatedSinceMs: fileTrouble.sinceMs }),
    ...(backOffMs > 0 ? { nextAttemptAtMs: Math.ceil(clock.now() + backOffMs) } : {}),
    ...(rateLimit === undefined ? {} : { rateLimit: { ...rateLimit } }),
    counters,
  };
}

/** The problem of a credential, if one is known. */
function problemOf({ owner, kept, journal }: SlotView): PaymentsAuthError | undefined {
  const rejection = kept && isKey(owner.context) ? owner.secrets.rejection([kept.secret]) : undefined;
  return rejection === undefined ? journal.lastError : rejected(owner, rejection);
}

function stateOf({ owner, kept, isBusy }: SlotView, problem: PaymentsAuthError | undefined): CredentialState {
  const { context } = owner;
  const isRejected = problem !== undefined && problem.code !== 'CREDENTIALS_UNAVAILABLE';
  if (kept?.isAlive(context.clock) === true) {
    // Calls carry a key even after the provider has refused it, but no call succeeds with it.
    if (isRejected && isKey(context)) return 'rejected';
    if (problem !== undefined) return isServing(kept) ? 'degraded' : isRejected ? 'rejected' : 'unavailable';
    return kept.zone(context.clock) === 'due' ? 'due' : 'fresh';
  }
  if (isRejected) return 'rejected';
  if (isBusy) return 'acquiring';
  return problem === undefined ? 'idle' : 'unavailable';
}

/** A token whose last answer was a refusal lives, but no call succeeds with it. */
function isServing(kept: KeptCredential): boolean {
  return kept.refusedInARow === 0;
}

function isKey({ issuer }: SlotContext): boolean {
  return issuer === undefined;
}

/** Explains the state of a credential. The explanation contains no secret. */
export function explanationOf(slot: SlotView): CredentialExplanation {
  const { owner, kept } = slot;
  const { clock, provider } = owner.context;
  const nowMs = clock.now();
  const { state, certificateEndsAtMs } = ownCopy(statusOf(slot));
  const lastSuccessAtMs = lastSuccessOf(slot);
  const pausedMs = pauseOfMs(slot);
  return {
    state,
    sinceMs: Math.min(nowMs, Math.floor(sinceOf(slot, state, nowMs))),
    ...placeOf(provider, kept?.secret.credentials),
    ...(lastSuccessAtMs === undefined ? {} : { lastSuccessAtMs: Math.floor(lastSuccessAtMs) }),
    ...slownessOf(slot, state),
    ...(oldSecretOf(slot) ?? {
      ...whyOf(provider, owner.account, slot.journal.history, slot.journal.definitionFault),
      ...untriedOf(slot),
    }),
    ...(certificateEndsAtMs === undefined ? {} : { certificateEndsAtMs }),
    ...(pausedMs > 0 ? { pausedUntilMs: Math.ceil(nowMs + pausedMs) } : {}),
  };
}

/** The advice where the last call was refused with an earlier token, and no call has tried the present one yet. */
function untriedOf({ owner, kept, journal }: SlotView): Pick<CredentialExplanation, 'cause' | 'fix'> {
  const last = journal.history?.lastFailure;
  if (last?.isOpen !== true || kept === undefined || isKey(owner.context)) return {};
  const { on, isOwn, atMs } = last.failure;
  if (on !== 'call' || isOwn === undefined || kept.credential.obtainedAtMs <= atMs) return {};
  if (kept.isProven || kept.refusedInARow > 0) return {};
  return {
    cause: 'the call was refused with an earlier token, and no call has tried the present one yet',
    fix: 'let one call try it: what that call brings is shown here',
  };
}

/** The trouble with the file of the current secret, while an earlier secret is in use because of it. */
function fileTroubleOf({ owner }: SlotView): SourceTrouble | undefined {
  const { own, accounts } = owner.context.provider;
  const source = owner.account === undefined ? own : accounts;
  return source?.trouble?.(owner.account);
}

/** The cause where an earlier secret is in use. A failure that comes from this has its own explanation. */
function oldSecretOf(slot: SlotView) {
  const { journal } = slot;
  const trouble = fileTroubleOf(slot);
  if (trouble === undefined || journal.history?.isOpen === true) return undefined;
  return {
    lastFailure: { on: 'load' as const, atMs: trouble.sinceMs, reason: trouble.reason },
    cause: 'the file of the secret cannot be used, so the value that was read before is still in use',
    fix: 'correct the file before this process ends, and before the secret is rotated',
  };
}

/** The cause where calls wait and nothing has failed yet. */
function slownessOf({ times: { busyForMs } }: SlotView, state: CredentialState) {
  if (state !== 'acquiring' || busyForMs < LONG_MS) return undefined;
  return {
    cause: `the login has not ended for ${sayDuration(busyForMs)}: the provider answers slowly, or many logins wait before it`,
    fix: "see the provider's status page, and the durations of logins in the metrics",
  };
}

/** The explanation of an account that is not in use. */
export function idleExplanation(
  provider: ConfiguredProvider,
  account: string | undefined,
  sinceMs: number,
  history: SlotHistory | undefined,
): CredentialExplanation {
  const lastSuccessAtMs = history?.lastSuccessAtMs;
  const failedAtMs = history?.lastFailure?.failure.atMs ?? sinceMs;
  return {
    state: 'idle',
    // A merchant that was dropped has been in use: it is idle since its last failure, or since later.
    sinceMs: Math.floor(Math.max(sinceMs, failedAtMs)),
    ...placeOf(provider),
    ...(lastSuccessAtMs === undefined ? {} : { lastSuccessAtMs: Math.floor(lastSuccessAtMs) }),
    ...whyOf(provider, account, history),
  };
}

/**
 * For how long no token is asked for, for any reason. A static key has no such pause, because calls always carry it.
 */
function pauseOfMs({ owner, journal, times: { backOffMs, refusalPauseMs } }: SlotView): number {
  if (isKey(owner.context)) return backOffMs;
  const isRefused = journal.history?.openSinceMs(['call']) !== undefined;
  return Math.max(backOffMs, owner.secrets.pausedForMs, isRefused ? refusalPauseMs : 0);
}

/** The time of the last call or login that succeeded, on the wall clock. Loading a key does not count as a success. */
function lastSuccessOf({ owner, kept, journal }: SlotView): number | undefined {
  const holdsKey = isKey(owner.context);
  const known = [
    journal.history?.lastSuccessAtMs,
    kept?.lastAcceptedAtMs,
    holdsKey ? undefined : kept?.credential.obtainedAtMs,
    kept?.predecessor?.lastAcceptedAtMs,
  ].filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function sinceOf(slot: SlotView, state: CredentialExplanation['state'], nowMs: number): number {
  const { kept, journal, owner } = slot;
  const { busyForMs, unusedForMs } = slot.times;
  const { clock } = owner.context;
  const holdsKey = isKey(owner.context);
  const { history } = journal;
  const obtainedAtMs = kept?.credential.obtainedAtMs ?? nowMs;
  const failingSinceMs =
    history?.openSinceMs(holdsKey ? ['load', 'call'] : ['login', 'load']) ?? obtainedAtMs;
  switch (state) {
    case 'fresh':
      return Math.max(obtainedAtMs, (holdsKey ? history?.acceptedAgainAtMs : undefined) ?? 0);
    case 'due':
      return Math.max(obtainedAtMs, kept === undefined ? 0 : nowMs + kept.dueAtMs - clock.monotonic());
    case 'degraded':
      return failingSinceMs;
    case 'acquiring':
      return nowMs - busyForMs;
    case 'idle':
      return nowMs - unusedForMs;
    default:
      return holdsKey ? failingSinceMs : Math.max(failingSinceMs, servedUntilMs(slot, nowMs));
  }
}

/**
 * Until when a token serves: until its end, or until calls with it are refused. Earlier failures do not count. On the
 * wall clock.
 */
function servedUntilMs({ kept, journal, owner }: SlotView, nowMs: number): number {
  const leftMs = kept?.remainingMs(owner.context.clock);
  if (leftMs === undefined) return 0;
  return leftMs > 0 ? (journal.history?.openSinceMs(['call']) ?? 0) : nowMs + leftMs;
}

/** Where calls go. As long as no credentials are known, the host can contain a placeholder. */
export function placeOf(
  { environment, hosts, defaultHost }: ConfiguredProvider,
  credentials?: Credentials,
): Pick<CredentialExplanation, 'environment' | 'host'> {
  const base = hosts[defaultHost] ?? '';
  return {
    ...(environment === undefined ? {} : { environment }),
    host: hostIn(credentials === undefined ? base : filled(base, credentials)),
  };
}

function hostIn(baseUrl: string): string {
  return /^[a-z]+:\/\/([^/]+)/i.exec(baseUrl)?.[1] ?? '';
}

function whyOf(
  { definition }: ConfiguredProvider,
  account: string | undefined,
  history: SlotHistory | undefined,
  fault?: string,
): Pick<CredentialExplanation, 'lastFailure' | 'cause' | 'fix'> {
  const last = history?.lastFailure;
  if (last === undefined) return {};
  const { isOpen } = last;
  const failure = ownCopy(last.failure);
  const { on, atMs, host, status, reason } = failure;
  const lastFailure = {
    on,
    atMs: Math.floor(atMs),
    ...(host === undefined || host === '' ? {} : { host }),
    ...(status === undefined ? {} : { status }),
    reason,
  };
  // A failure that is over needs no advice.
  if (!isOpen) return { lastFailure };
  // A refusal has shown that `headers` returns other values each time.
  if (on === 'call' && failure.isOwn !== undefined && fault !== undefined)
    return { lastFailure, cause: `the definition: ${fault}`, fix: CORRECT_IT };
  const { cause, fix } = causeOf(failure, definition);
  return {
    lastFailure,
    cause,
    fix: account !== undefined && VARIABLE.test(fix) ? `${fix}; ${OF_A_MERCHANT}` : fix,
  };
}

function causeOf(
  { on, reason, status, isOwn, code, clockDifferenceMs = 0 }: Failure,
  definition: ConfiguredProvider['definition'],
): { cause: string; fix: string } {
  if (Math.abs(clockDifferenceMs) > CLOCK_OFF_MS) {
    const where = clockDifferenceMs > 0 ? 'behind' : 'ahead of';
    const difference = sayDuration(Math.abs(clockDifferenceMs));
    return {
      cause: `the clock of this machine is ${difference} ${where} the provider's, so the provider refuses values that contain the time`,
      fix: 'let this machine set its clock by NTP',
    };
  }
  return adviceFor(definition, {
    on,
    what: reason,
    ...(status === undefined ? {} : { status }),
    ...(isOwn === undefined ? {} : { isOwn }),
    ...(code === undefined ? {} : { code }),
  });
}
