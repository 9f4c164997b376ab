import { cashfin } from './cashfin.provider.js';
import { clickpesa } from './clickpesa.provider.js';
import { cryptofuse } from './cryptofuse.provider.js';
import { kashier } from './kashier.provider.js';
import { pesapal } from './pesapal.provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { wakapay } from './wakapay.provider.js';

export { cashfin, type CashfinCredentials } from './cashfin.provider.js';
export { clickpesa, type ClickpesaCredentials } from './clickpesa.provider.js';
export { cryptofuse, type CryptofuseCredentials } from './cryptofuse.provider.js';
export { kashier, type KashierCredentials } from './kashier.provider.js';
export { pesapal, type PesapalCredentials } from './pesapal.provider.js';
export { wakapay, type WakapayCredentials } from './wakapay.provider.js';

/**
 * Those that are found by their variables alone, where an application names no provider at all. A longer list would have
 * an application log in beside another SDK that happens to use the same variables.
 */
export const FOUND_BY_VARIABLES = [cashfin, kashier, pesapal, clickpesa, wakapay, cryptofuse] as const;

/**
 * Every provider that is built in. From this one list follow the option types, the injectables, the environment
 * variables, the contract test and the table in the README: to add a provider, write its file and name it here.
 */
export const BUILT_IN_PROVIDERS = [...FOUND_BY_VARIABLES] as const;

type BuiltInProvider = (typeof BUILT_IN_PROVIDERS)[number];

/** `'cashfin' | 'kashier' | …` */
export type BuiltInProviderName = BuiltInProvider['name'];

/** The static credentials of a provider, by its definition. */
export type CredentialsOf<D> = D extends ProviderDefinition<infer C> ? C : never;

/** The names of a provider's environments, by its definition. */
export type EnvironmentsOf<D> = D extends { readonly environments: infer E } ? keyof E & string : string;

/** The definition of each built-in provider, by name. */
export type BuiltInDefinitions = { readonly [D in BuiltInProvider as D['name']]: D };

/** The static credentials of each built-in provider, by name. */
export type BuiltInCredentials = {
  readonly [D in BuiltInProvider as D['name']]: CredentialsOf<D>;
};
