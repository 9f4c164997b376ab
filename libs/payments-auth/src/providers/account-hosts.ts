import { ownCopy } from '../own-properties.js';
import { filled, placeholdersIn } from '../strategies/placeholders.js';
import type { Credentials } from '../strategies/strategy.js';
import type { ConfiguredProvider } from './configured-provider.js';
import type { ProviderDefinition } from './provider-definition.js';

type Hosts = ConfiguredProvider['hosts'];

/** Whether some base URL of a definition is made of the account's credentials. */
export function hasAccountHosts({ environments }: ProviderDefinition): boolean {
  return Object.values(environments).some((hosts) =>
    (typeof hosts === 'string' ? [hosts] : Object.values(hosts)).some((url) => url.includes('{')),
  );
}

/** The fields that an account's credentials need, because the URLs of requests contain them. */
export function fieldsInUrls({
  hosts,
  definition,
}: Pick<ConfiguredProvider, 'hosts' | 'definition'>): string[] {
  const { path, revokePath } = ownCopy((definition.token ?? {}) as { path?: string; revokePath?: string });
  const texts = [...Object.values(hosts), path ?? '', revokePath ?? ''];
  return [...new Set(texts.flatMap(placeholdersIn))];
}

/** The base URLs of one account. @throws {TypeError} where a value is missing */
export function hostsOf(hosts: Hosts, credentials: Credentials): Hosts {
  return Object.fromEntries(Object.entries(hosts).map(([name, url]) => [name, filled(url, credentials)]));
}
