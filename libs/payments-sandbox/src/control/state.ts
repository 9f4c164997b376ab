import type { ProviderName } from '../providers/index.js';
import type { Sandbox, SandboxProviders } from '../sandbox.js';

/** What the control API says of one provider. */
export function providerState(provider: SandboxProviders[ProviderName]): Record<string, unknown> {
  const { name, baseUrls, accounts, settings, faults, counts, tokens } = provider;
  const tokensAlive = tokens.filter(({ state }) => state === 'alive').length;
  return { name, baseUrls, accounts, settings, faults, counts, tokensAlive };
}

export function sandboxState(sandbox: Sandbox): Record<string, unknown> {
  const providers = sandbox.names.map((name) => [name, providerState(sandbox.provider(name))] as const);
  const { url, requests } = sandbox.elsewhere;
  return { seed: sandbox.seed, providers: Object.fromEntries(providers), elsewhere: { url, requests } };
}
