import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { strategyOf } from '../../strategies/strategy.js';

/** What is assumed of a login until a slower one has been seen, in milliseconds. */
const ASSUMED_LOGIN_MS = 500;

/** The largest part of the renewal window that is given away at random, so that a fleet does not renew in step. */
const JITTER = 0.1;

/** So many lifetimes without a call, and it goes quiet. Where a login ends another token, sooner: none is made for nothing. */
const LIFETIMES_WITHOUT_USE = 2;
const LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN = 0.5;

/** A key whose resolver is asked again all the time is in use for so long after a call, in milliseconds. */
const KEY_WITHOUT_USE_MS = 10_000;

/**
 * A token is used for so long whatever its issuer says: a lifetime of a millisecond would be a login for each call. Where the
 * issuer means it, a refusal asks for the next one.
 */
const SHORTEST_USE_MS = 1_000;

/** Until when a credential is used, and from when on it is renewed; both counted from when it was asked for. */
export interface Zones {
  /** Due: still used, and renewed behind the caller's back. */
  readonly dueAfterMs: number;
  /** Dead: not used any more. */
  readonly deadAfterMs: number;
}

/**
 * The three zones of a credential's life (R7): fresh, due, dead.
 *
 * The renewal window is as long as asked for, but never more than half the lifetime (a 300 s window on a 300 s token
 * would be a fetch per call), and no longer than a fifth of it unless logins are so slow that a caller would end up
 * waiting behind one. The safety margin before the end keeps a request from arriving after its token has died.
 *
 * Where tokens are not accepted before a certain age, the window is longer by that age: the one before has to serve
 * until then. A token is not renewed before it has reached that age itself.
 *
 * @param random 0 to 1, picks this credential's place in the jitter
 * @param usableAfterMs the age from which on the provider accepts its tokens
 */
export function zonesOf(
  lifetimeMs: number,
  refreshBeforeMs: number,
  slowestLoginMs: number,
  random: number,
  usableAfterMs = 0,
): Zones {
  const windowMs = Math.min(
    refreshBeforeMs,
    Math.max(0.2 * lifetimeMs, 2 * Math.max(slowestLoginMs, ASSUMED_LOGIN_MS)),
    0.5 * lifetimeMs,
  );
  const deadAtMs = deadAfterMs(lifetimeMs);
  const dueAtMs = lifetimeMs - windowMs * (1 - JITTER * random);
  // A login passes before a token has an age at all.
  const unusableMs = usableAfterMs === 0 ? 0 : usableAfterMs + Math.max(slowestLoginMs, ASSUMED_LOGIN_MS);
  const inTimeMs = unusableMs === 0 ? dueAtMs : Math.min(dueAtMs, deadAtMs) - unusableMs;
  return {
    deadAfterMs: deadAtMs,
    dueAfterMs: Math.min(deadAtMs, Math.max(SHORTEST_USE_MS, unusableMs, inTimeMs)),
  };
}

/** Of a token whose issuer has no other one before it has died. */
export function zonesToTheEnd(lifetimeMs: number): Zones {
  const endMs = Math.max(SHORTEST_USE_MS, lifetimeMs);
  return { dueAfterMs: endMs, deadAfterMs: endMs };
}

/** How long a credential is used, counted from when it was asked for: not in the safety margin before its end. */
function deadAfterMs(lifetimeMs: number): number {
  return Math.max(SHORTEST_USE_MS, lifetimeMs - Math.min(1_000, 0.02 * lifetimeMs));
}

/** Whether the credential of an account is fetched and renewed without anybody asking for it (R17). */
export function isKeptWarm(
  { definition, keepWarm }: ConfiguredProvider,
  account: string | undefined,
): boolean {
  const { loginsEatQuota = false, endsEarlierToken = false } = strategyOf(definition) ?? {};
  const isFree = !loginsEatQuota && !endsEarlierToken;
  const byDefault = account === undefined && isFree ? 'always' : 'when-used';
  return (keepWarm ?? byDefault) === 'always';
}

/**
 * For how long nobody may use it before it is renewed no more, in milliseconds; `Infinity` where the application has
 * said in so many words that it must be kept warm (R17).
 *
 * @param lifetimeMs of the one that is kept, if there is one
 */
export function quietAfterMs(
  { definition, keepWarm }: ConfiguredProvider,
  lifetimeMs: number | undefined,
): number {
  if (keepWarm === 'always') return Infinity;
  const strategy = strategyOf(definition);
  const { documentedLifetimeMs = Infinity, endsEarlierToken = false } = strategy ?? {};
  const times = endsEarlierToken ? LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN : LIFETIMES_WITHOUT_USE;
  const unusedMs = times * (lifetimeMs ?? documentedLifetimeMs);
  return strategy === undefined ? Math.max(KEY_WITHOUT_USE_MS, unusedMs) : unusedMs;
}
