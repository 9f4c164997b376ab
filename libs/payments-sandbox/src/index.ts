export { type Sandbox, type SandboxOptions, type SandboxProviders, startSandbox } from './sandbox.js';
export { type ExampleCall, OWN_ACCOUNT, type SandboxProvider } from './sandbox-provider.js';
export {
  type AnyProviderName,
  CATALOGUE_NAMES,
  type CatalogueName,
  type CredentialsByProvider,
  PROVIDER_NAMES,
  type ProviderName,
} from './providers/index.js';
export type { ProviderSettings } from './core/provider-settings.js';
export type { SandboxClock } from './core/sandbox-clock.js';
export type { IssuedToken } from './core/issued-tokens.js';
export type { RefreshToken } from './core/refresh-tokens.js';
export type { Rotation } from './core/account.js';
export type { Counts, RequestRecord } from './core/traffic.js';
export type { Outcome } from './core/exchange.js';
export type { ExchangeKind } from './core/exchange-kind.js';
export type { StrayRequest } from './core/elsewhere.js';
export type { Fault, FaultName, FaultTrigger, MalformedToken, Misbehaviour } from './faults/fault.js';
export type { Envelope } from './core/refusal-envelope.js';
export { FAULT_NAMES } from './faults/check-misbehaviour.js';
export type { PlannedFault } from './faults/fault-plan.js';
export { InvalidInputError } from './core/checks.js';
export type { Forgery, WebhookOptions, WebhookReceipt } from './signing/webhook-sender.js';
export type { WebhookEvent, WebhookMessage } from './signing/webhook-shape.js';
export {
  type KashierOrder,
  kashierOrderHash,
  type KashierRedirect,
  kashierRedirectQuery,
  kashierRedirectSignature,
  kashierWebhookSignature,
} from './signing/kashier-signatures.js';
export { type ChecksumRule, clickpesaChecksum } from './signing/clickpesa-checksum.js';
export { cashfinWebhookSignature } from './signing/cashfin-webhook.js';
export { wakapayWebhookSignature } from './signing/wakapay-webhook.js';
