import type { Clock } from '../../payments-auth.clock.js';
import type { ConfiguredProvider } from '../../providers/configured-provider.js';
import { strategyOf } from '../../strategies/strategy.js';

/** How long a login takes, in milliseconds, as long as no slower one was seen. */
const ASSUMED_LOGIN_MS = 500;

/**
 * The largest part of the renewal window that is random. Without it, the processes of a fleet would renew at the same
 * time.
 */
const JITTER = 0.1;

/**
 * After this many lifetimes without a call, a token is no longer renewed. It is fewer where a login ends another token.
 */
const LIFETIMES_WITHOUT_USE = 2;
const LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN = 0.5;

/**
 * A static key counts as used for at least this long after a call, in milliseconds. The answer of its resolver may be
 * valid for a shorter time.
 */
const KEY_WITHOUT_USE_MS = 10_000;

/**
 * A token is used for this long, also when its issuer states less: a lifetime of a millisecond would cause a login for
 * each call. If the token ends earlier, a refusal causes the next login.
 */
const SHORTEST_USE_MS = 1_000;

/** Where in its life a credential is (R7). */
export type Zone =
  /** Use it. */
  | 'fresh'
  /** Use it, and renew it in the background. */
  | 'due'
  /** Do not use it: it has ended, or it may end before a request with it arrives. */
  | 'dead';

/** When a credential is renewed, and until when it is used. Both are counted from the moment of its request. */
export interface Zones {
  /** From this age on the credential is due: it is still used, and renewed in the background. */
  readonly dueAfterMs: number;
  /** From this age on the credential is dead: it is not used any more. */
  readonly deadAfterMs: number;
}

/**
 * The three zones of a credential's life (R7): fresh, due, dead.
 *
 * The renewal window is as long as the options say, but at most half the lifetime: a window of 300 s for a token of 300
 * s would cause a login for each call. It is also at most a fifth of the lifetime, or twice the slowest login where
 * that is more, so that no call has to wait for a slow login. A credential is not used in the safety margin before its
 * end, because a request could arrive after the end.
 *
 * Where the provider accepts tokens only from a certain age on, the window is longer by that age: until then, calls use
 * the old token. A token is not renewed before it has reached that age itself.
 *
 * @param random 0 to 1: how much of the random part of the window this credential uses
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
  // The age of a token begins when its login ends, so the duration of a login is added.
  const unusableMs = usableAfterMs === 0 ? 0 : usableAfterMs + Math.max(slowestLoginMs, ASSUMED_LOGIN_MS);
  const inTimeMs = unusableMs === 0 ? dueAtMs : Math.min(dueAtMs, deadAtMs) - unusableMs;
  return {
    deadAfterMs: deadAtMs,
    dueAfterMs: Math.min(deadAtMs, Math.max(SHORTEST_USE_MS, unusableMs, inTimeMs)),
  };
}

/** The zones of a token whose issuer gives no other token before this one has ended. */
export function zonesToTheEnd(lifetimeMs: number): Zones {
  const endMs = Math.max(SHORTEST_USE_MS, lifetimeMs);
  return { dueAfterMs: endMs, deadAfterMs: endMs };
}

/** How long a credential is used, from the moment of its request. The safety margin before its end is left out. */
function deadAfterMs(lifetimeMs: number): number {
  return Math.max(SHORTEST_USE_MS, lifetimeMs - Math.min(1_000, 0.02 * lifetimeMs));
}

/** The parts of a slot that the rules read. */
interface Renewed {
  readonly owner: {
    readonly account: string | undefined;
    readonly context: { readonly provider: ConfiguredProvider; readonly clock: Clock };
    /** For how long the memory of rejected secrets has to be kept. */
    readonly secrets: { readonly worthKnowingForMs: number };
  };
  /** The credential that is kept, dead or alive. */
  readonly kept: { readonly lifetimeMs: number; remainingMs(clock: Clock): number } | undefined;
  readonly isBusy: boolean;
  readonly times: { readonly unusedForMs: number };
}

/** The next step for a credential that is due. A number: check again after so many milliseconds. */
type NextStep = 'renew' | 'let go' | number;

/** A slot without a token is dropped when no call has needed it for this time. */
const LET_GO_AFTER_MS = 30_000;

/**
 * The next step for a slot that is due: it is renewed while calls use it, and dropped when no call has used it for
 * long.
 */
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
 * After how many milliseconds a slot is checked again when its login has failed. `undefined`: at its usual time. A
 * merchant whose logins fail is dropped at last, when no call asks for it: {@link whenDue}.
 *
 * @param backOffMs how long the next background attempt is delayed; `undefined` where waiting does not help
 */
export function afterFailureMs({ owner, kept }: Renewed, backOffMs: number | undefined): number | undefined {
  const isWanted = kept !== undefined || isKeptWarm(owner);
  if (isWanted && backOffMs !== undefined) return backOffMs * (1 + Math.random() / 10);
  return kept !== undefined || owner.account === undefined ? undefined : LET_GO_AFTER_MS;
}

/** Whether the credential of an account is fetched and renewed even when no call asks for it (R17). */
export function isKeptWarm({ account, context }: Pick<Renewed['owner'], 'account' | 'context'>): boolean {
  const { definition, keepWarm } = context.provider;
  const { loginsEatQuota = false, endsEarlierToken = false } = strategyOf(definition) ?? {};
  const isFree = !loginsEatQuota && !endsEarlierToken;
  const byDefault = account === undefined && isFree ? 'always' : 'when-used';
  return (keepWarm ?? byDefault) === 'always';
}

/**
 * How long a credential may be unused before it is no longer renewed, in milliseconds; `Infinity` where the application
 * has set `keepWarm` to `always` (R17).
 *
 * @param lifetimeMs the lifetime of the credential that is kept, if there is one
 */
function quietAfterMs({ definition, keepWarm }: ConfiguredProvider, lifetimeMs: number | undefined): number {
  if (keepWarm === 'always') return Infinity;
  const strategy = strategyOf(definition);
  const documentedLifetimeMs = strategy?.documentedLifetimeMs ?? Infinity;
  const times =
    strategy?.endsEarlierToken === true ? LIFETIMES_WITHOUT_USE_OF_THE_ONLY_TOKEN : LIFETIMES_WITHOUT_USE;
  const unusedMs = times * (lifetimeMs ?? documentedLifetimeMs);
  return strategy === undefined ? Math.max(KEY_WITHOUT_USE_MS, unusedMs) : unusedMs;
}
