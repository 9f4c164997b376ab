export { type Sandbox, type SandboxOptions, type SandboxProviders, startSandbox } from './sandbox.js';
export { OWN_ACCOUNT, type SandboxProvider } from './sandbox-provider.js';
export { type CredentialsByProvider, PROVIDER_NAMES, type ProviderName } from './providers/index.js';
export type { ProviderSettings } from './core/provider-settings.js';
export type { SandboxClock } from './core/sandbox-clock.js';
export type { IssuedToken } from './core/issued-tokens.js';
export type { Rotation } from './core/account.js';
export type { Counts, RequestRecord } from './core/traffic.js';
export type { ExchangeKind, Outcome } from './core/exchange.js';
export type { StrayRequest } from './core/elsewhere.js';
export type {
  Envelope,
  Fault,
  FaultName,
  FaultTrigger,
  MalformedToken,
  Misbehaviour,
} from './faults/fault.js';
export { FAULT_NAMES, type PlannedFault } from './faults/fault-plan.js';
