import type { Credentials } from '../core/account.js';
import type { ProviderBehaviour } from '../core/provider-behaviour.js';
import { cashfin, type CashfinCredentials } from './cashfin.js';
import { clickpesa, type ClickpesaCredentials } from './clickpesa.js';
import { cryptofuse, type CryptofuseCredentials } from './cryptofuse.js';
import { kashier, type KashierCredentials } from './kashier.js';
import { pesapal, type PesapalCredentials } from './pesapal.js';
import { wakapay, type WakapayCredentials } from './wakapay.js';

/** The credentials of each provider, by the name of their fields. */
export interface CredentialsByProvider {
  cashfin: CashfinCredentials;
  kashier: KashierCredentials;
  pesapal: PesapalCredentials;
  clickpesa: ClickpesaCredentials;
  wakapay: WakapayCredentials;
  cryptofuse: CryptofuseCredentials;
}

export type ProviderName = keyof CredentialsByProvider;

const PROVIDERS = { cashfin, kashier, pesapal, clickpesa, wakapay, cryptofuse } as const;

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[];

/** How a provider behaves, seen without its own type of credentials. */
export function behaviourOf(name: ProviderName): ProviderBehaviour<Credentials> {
  const behaviour: unknown = PROVIDERS[name];
  return behaviour as ProviderBehaviour<Credentials>;
}

export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(PROVIDERS, name);
}
