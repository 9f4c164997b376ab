export { PaymentsAuthHealthIndicator } from './payments-auth.health-indicator.js';
export type { CredentialHealth, PaymentsAuthHealthOptions } from './payments-auth.health-indicator.js';
export { PaymentsAuthHealthModule } from './payments-auth-health.module.js';
