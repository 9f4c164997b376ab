import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { strategyOf } from '../../strategies/strategy.js';

/** What is assumed of a login until a slower one has been seen, in milliseconds. */
const ASSUMED_LOGIN_MS = 500;

/** The largest part of the renewal window that is given away at random, so that a fleet does not renew in step. */
const JITTER = 0.1;

/** After this many lifetimes without a call, a token is no longer renewed. Sooner where a login ends another token. */
const LIFETIMES_WITHOUT_USE = 2;
const LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN = 0.5;

/** A key whose resolver is asked again all the time is in use for so long after a call, in milliseconds. */
const KEY_WITHOUT_USE_MS = 10_000;

/**
 * A token is used for so long whatever its issuer says: a lifetime of a millisecond would be a login for each call. Where the
 * issuer means it, a refusal asks for the next one.
 */
const SHORTEST_USE_MS = 1_000;

/** Where in its life a credential is (R7). */
export type Zone =
  /** Use it. */
  | 'fresh'
  /** Use it, and renew it behind the caller's back. */
  | 'due'
  /** Do not use it: it ends before a request that carries it arrives, or has ended. */
  | 'dead';

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

/** As much of a slot as the rules have to see. */
interface Renewed {
  readonly owner: {
    readonly account: string | undefined;
    readonly context: { readonly provider: ConfiguredProvider; readonly clock: Clock };
    /** For how long what is known of its secrets is worth keeping. */
    readonly secrets: { readonly worthKnowingForMs: number };
  };
  /** What is kept, dead or alive. */
  readonly kept: { readonly lifetimeMs: number; remainingMs(clock: Clock): number } | undefined;
  readonly isBusy: boolean;
  readonly times: { readonly unusedForMs: number };
}

/** What is to be done about a credential whose time has come; a number: look again in so many milliseconds. */
type NextStep = 'renew' | 'let go' | number;

/** A slot without a token that nobody has asked for is let go of after this time. */
const LET_GO_AFTER_MS = 30_000;

/** What becomes of a slot whose time has come: it is renewed while it is in use, and let go of when it has gone quiet. */
export function whenDue(slot: Renewed): NextStep {
  const { owner, kept, isBusy } = slot;
  const { unusedForMs } = slot.times;
  const { clock, provider } = owner.context;
  if (kept === undefined && !isKeptWarm(owner) && owner.account !== undefined) {
    const forMs = Math.max(LET_GO_AFTER_MS, owner.secrets.worthKnowingForMs);
    return isBusy || unusedForMs < forMs ? LET_GO_AFTER_MS : 'let go';
  }
  if (unusedForMs <= quietAfterMs(provider, kept?.lifetimeMs)) return 'renew';
  const remainingMs = kept?.remainingMs(clock) ?? 0;
  return remainingMs > 0 ? remainingMs : 'let go';
}

/**
 * After how many milliseconds a slot is looked at again whose login has failed; `undefined`: at its ordinary time. A
 * merchant whose logins fail and whom no call asks for is let go of in the end: {@link whenDue}.
 *
 * @param backOffMs how long the next attempt waits that nobody waits for; `undefined` where waiting does not help
 */
export function afterFailureMs({ owner, kept }: Renewed, backOffMs: number | undefined): number | undefined {
  const isWanted = kept !== undefined || isKeptWarm(owner);
  if (isWanted && backOffMs !== undefined) return backOffMs * (1 + Math.random() / 10);
  return kept !== undefined || owner.account === undefined ? undefined : LET_GO_AFTER_MS;
}

/** Whether the credential of an account is fetched and renewed without anybody asking for it (R17). */
export function isKeptWarm({ account, context }: Pick<Renewed['owner'], 'account' | 'context'>): boolean {
  const { definition, keepWarm } = context.provider;
  const { loginsEatQuota = false, endsEarlierToken = false } = strategyOf(definition) ?? {};
  const isFree = !loginsEatQuota && !endsEarlierToken;
  const byDefault = account === undefined && isFree ? 'always' : 'when-used';
  return (keepWarm ?? byDefault) === 'always';
}

/**
 * How long a credential may be unused before it is no longer renewed, in milliseconds; `Infinity` where the application has
 * set `keepWarm` to `always` (R17).
 *
 * @param lifetimeMs of the one that is kept, if there is one
 */
function quietAfterMs({ definition, keepWarm }: ConfiguredProvider, lifetimeMs: number | undefined): number {
  if (keepWarm === 'always') return Infinity;
  const strategy = strategyOf(definition);
  const { documentedLifetimeMs = Infinity, endsEarlierToken = false } = strategy ?? {};
  const times = endsEarlierToken ? LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN : LIFETIMES_WITHOUT_USE;
  const unusedMs = times * (lifetimeMs ?? documentedLifetimeMs);
  return strategy === undefined ? Math.max(KEY_WITHOUT_USE_MS, unusedMs) : unusedMs;
}
