export { FakeCredentialService, type FakeCredentialSettings } from './fake-credential.service.js';
export type { FixedCredentials } from './fixed-provider.js';
export { ManualClock } from './manual-clock.js';
export type { Answer } from './no-network.js';
export { type AttemptToSign, signAttempt, type SignedCall } from './sign-attempt.js';
export {
  PaymentsAuthTestingModule,
  type FixedCredentialsOptions,
  type WithSandboxOptions,
} from './payments-auth-testing.module.js';
export { signedDelivery, type DeliveryToSign } from './signed-delivery.js';
