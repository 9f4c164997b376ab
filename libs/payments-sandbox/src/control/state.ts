import type { SandboxProvider } from '../sandbox-provider.js';

/** The part of a running sandbox that the control API shows and changes. */
export interface ControlledSandbox {
  readonly seed: string;
  readonly running: readonly SandboxProvider[];
  readonly environment: Record<string, string>;
  readonly elsewhere: { readonly url: string; readonly requests: readonly unknown[] };
  reset(): void;
}

/** What the control API reports about one provider. */
export function providerState(provider: SandboxProvider): Record<string, unknown> {
  const { name, baseUrls, accounts, settings, faults, counts, tokens } = provider;
  const tokensAlive = tokens.filter(({ state }) => state === 'alive').length;
  return { name, baseUrls, accounts, settings, faults, counts, tokensAlive };
}

export function sandboxState(sandbox: ControlledSandbox): Record<string, unknown> {
  const providers = sandbox.running.map((provider) => [provider.name, providerState(provider)] as const);
  const { url, requests } = sandbox.elsewhere;
  return { seed: sandbox.seed, providers: Object.fromEntries(providers), elsewhere: { url, requests } };
}
