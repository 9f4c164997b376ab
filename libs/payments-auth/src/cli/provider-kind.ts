import type { ProviderDefinition } from '../providers/provider-definition.js';

const KINDS = {
  login: 'token login',
  'client-credentials': 'OAuth 2.0 client credentials',
  'refresh-token': 'OAuth 2.0 refresh token',
} as const;

export function kindOfProvider({ token }: ProviderDefinition): string {
  return token === undefined ? 'static key' : KINDS[token.kind];
}
