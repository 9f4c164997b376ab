import type {
  ConfiguredProvider,
  HttpSettings,
} from '../../libs/payments-auth/src/providers/configured-provider.js';
import type { ProviderDefinition } from '../../libs/payments-auth/src/providers/provider-definition.js';
import { configuredProvider } from './configured-provider.js';

/** An invented provider that refuses with 401 `{"code":"bad_token"}`. */
export const acmeDefinition = {
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { key: {} },
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: ({ body }) => (body as { code?: unknown } | undefined)?.code === 'bad_token' },
} satisfies ProviderDefinition;

/** That provider, configured with the base URL `url`. */
export function fakeProvider(
  url: string,
  parts: Partial<Omit<ConfiguredProvider, 'http'>> & { http?: HttpSettings } = {},
): ConfiguredProvider {
  const { http = {}, ...rest } = parts;
  return configuredProvider({ definition: acmeDefinition, hosts: { api: url }, http: () => http, ...rest });
}
