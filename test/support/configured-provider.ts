import type { ConfiguredProvider } from '../../libs/payments-auth/src/providers/configured-provider.js';

/** A configured provider. Parts that a test does not give have default values. */
export function configuredProvider(
  parts: Partial<ConfiguredProvider> & Pick<ConfiguredProvider, 'definition'>,
): ConfiguredProvider {
  return {
    name: parts.definition.name,
    hosts: { api: 'http://127.0.0.1:9' },
    defaultHost: 'api',
    scopes: [],
    clientAuthentication: 'client_secret_basic',
    refreshBeforeMs: 60_000,
    replay: 'always',
    share: true,
    insecureHosts: [],
    http: () => ({}),
    ...parts,
  };
}
