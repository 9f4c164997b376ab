import type { ConfiguredProvider } from '../../providers/configured-provider.js';

/** So many lifetimes without a call, and it goes quiet. */
const LIFETIMES_WITHOUT_USE = 2;

/** Whether the credential of an account is fetched and renewed without anybody asking for it (R17). */
export function isKeptWarm(
  { definition, keepWarm }: ConfiguredProvider,
  account: string | undefined,
): boolean {
  const { strategy } = definition;
  const eatsQuota = strategy.kind !== 'static-key' && strategy.loginsEatQuota;
  const byDefault = account === undefined && !eatsQuota ? 'always' : 'when-used';
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
  const { strategy } = definition;
  const documentedMs = strategy.kind === 'static-key' ? Infinity : strategy.documentedLifetimeMs;
  return LIFETIMES_WITHOUT_USE * (lifetimeMs ?? documentedMs);
}
