import type { ProviderDefinition } from '../providers/provider-definition.js';

const KINDS = {
  login: 'token login',
  'client-credentials': 'OAuth 2.0 client credentials',
  'refresh-token': 'OAuth 2.0 refresh token',
} as const;

/** Providers whose `sign` makes no signature: it adds a second key to some calls. */
const SIGN_NOTHING: readonly string[] = ['kashier'];

/** How calls to a provider prove who sends them: what `providers` lists, and what the documentation says. */
export function kindOfProvider(definition: ProviderDefinition): string {
  const { name, token } = definition;
  const isSigned = definition.sign !== undefined && !SIGN_NOTHING.includes(name);
  const credential = token === undefined ? 'static key' : KINDS[token.kind];
  if (!isSigned) return credential;
  if (token === undefined && definition.headers === undefined) return 'signed requests';
  return `${credential}, signed requests`;
}
