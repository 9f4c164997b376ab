import type { ProviderDefinition } from '../providers/provider-definition.js';

const KINDS = {
  'static-key': 'static key',
  'token-login': 'token login',
  'client-credentials': 'OAuth 2.0 client credentials',
} as const;

export function kindOfProvider({ strategy }: ProviderDefinition): string {
  return KINDS[strategy.kind];
}
