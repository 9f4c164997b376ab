import type { Credentials, LoginGiven, TokenStrategy } from '../strategies/strategy.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { filled } from '../strategies/placeholders.js';
import { ownCopy } from '../own-properties.js';
import type { ConfiguredProvider } from './configured-provider.js';

/** The values of one login or revocation that the definition does not contain. */
export interface LoginParts {
  readonly credentials: Credentials;
  readonly scopes: readonly string[];
  readonly audience?: string | undefined;
  readonly nowMs: number;
}

/** The base URL of a provider's token endpoint. */
export function tokenBaseUrl(
  { hosts, defaultHost }: ConfiguredProvider,
  strategy: Pick<TokenStrategy, 'host'>,
): string {
  return hosts[strategy.host ?? defaultHost] as string;
}

/** The values that the functions of a definition's `token` get. */
export function loginGiven(
  provider: ConfiguredProvider,
  strategy: Pick<TokenStrategy, 'host' | 'path'>,
  parts: LoginParts,
): LoginGiven<Credentials> {
  const { environment } = provider;
  const { audience, credentials, scopes, ...others } = parts;
  return ownCopy({
    ...others,
    // The view cannot be written to. Otherwise a value that a definition writes would change every later call.
    credentials: watchedCredentials(provider.definition, credentials).view,
    scopes: Object.freeze([...scopes]),
    ...(environment === undefined ? {} : { environment }),
    ...(audience === undefined ? {} : { audience }),
    endpoint: filled(tokenBaseUrl(provider, strategy) + strategy.path, parts.credentials),
  });
}
