import type { Credentials } from '../core/account.js';
import type { ProviderBehaviour } from '../core/provider-behaviour.js';
import { CATALOGUE } from '../catalogue/index.js';
import { cashfin } from './cashfin.js';
import { clickpesa } from './clickpesa.js';
import { cryptofuse } from './cryptofuse.js';
import { kashier } from './kashier.js';
import { pesapal } from './pesapal.js';
import { wakapay } from './wakapay.js';

const SIX = { cashfin, kashier, pesapal, clickpesa, wakapay, cryptofuse } as const;
const ALL = { ...SIX, ...CATALOGUE } as const;

/** The six providers that start when none are named. */
export type ProviderName = keyof typeof SIX;

/** The name of a provider of the catalogue, which starts only when it is named. */
export type CatalogueName = keyof typeof CATALOGUE;

export type AnyProviderName = ProviderName | CatalogueName;

/** The credentials of each provider, by the name of their fields. */
export type CredentialsByProvider = {
  readonly [N in AnyProviderName]: (typeof ALL)[N] extends ProviderBehaviour<infer C> ? C : never;
};

export const PROVIDER_NAMES = Object.keys(SIX) as readonly ProviderName[];

export const CATALOGUE_NAMES = Object.keys(CATALOGUE) as readonly CatalogueName[];

/** The behaviour of a provider, without the type of its credentials. */
export function behaviourOf(name: AnyProviderName): ProviderBehaviour<Credentials> {
  const behaviour: unknown = ALL[name];
  return behaviour as ProviderBehaviour<Credentials>;
}

export function isProviderName(name: string): name is AnyProviderName {
  return Object.hasOwn(ALL, name);
}
