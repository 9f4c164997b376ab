// The public API, with every name written out. Everything else is internal.

// The module
export { PaymentsAuthModule } from './payments-auth.module.js';
export type {
  AccountSource,
  AnyProviderDefinition,
  AnyProviders,
  CredentialsFor,
  CredentialsInput,
  DefinitionFor,
  OwnAccountSource,
  OwnDefinitions,
  PaymentsAuthModuleAsyncOptions,
  PaymentsAuthModuleExtras,
  PaymentsAuthModuleOptions,
  PaymentsAuthOptionsFactory,
  ProviderChoice,
  ProviderOptions,
  ProviderSettings,
  RefreshTokenPair,
  TokenRequestSettings,
} from './payments-auth.options.js';
export { type FileSource, fromFile } from './options/file-source.js';
export { fromFiles } from './options/from-files.js';
export type { HttpSettings, KeepWarm, ReplayPolicy } from './providers/configured-provider.js';

// What is injected
export {
  getCredentialsToken,
  getPaymentsHttpToken,
  InjectCredentials,
  InjectPaymentsHttp,
  type KnownProviderName,
  type OwnProviders,
  PAYMENTS_AUTH_CLOCK,
  type ProviderName,
} from './payments-auth.tokens.js';
export { PaymentsAuthService } from './payments-auth.service.js';
export type {
  AuthenticatedRequest,
  CredentialExplanation,
  CredentialService,
  CredentialState,
  CredentialStatus,
  HeadersLike,
  RequestToAuthenticate,
} from './credentials/credential.service.js';
export { OWN_ACCOUNT } from './credentials/credential.service.js';
export { Credential, type CredentialParts } from './credentials/credential.js';
export type { AcquireReason, PaymentsAuthEvent } from './credentials/payments-auth-event.js';
export type { Clock, TimerHandle } from './payments-auth.clock.js';

// On requests, and on what comes back
export type { PaymentsAuthOutcome, PaymentsAuthRequest } from './http/payments-auth-request.js';
export {
  isPaymentsAuthError,
  PaymentsAuthError,
  type PaymentsAuthErrorCode,
  type PaymentsAuthErrorDetails,
} from './payments-auth.errors.js';

// Providers
export {
  BUILT_IN_PROVIDERS,
  type BuiltInCredentials,
  type BuiltInDefinitions,
  type BuiltInProviderName,
  type CredentialsOf,
  type EnvironmentsOf,
  type AdyenCredentials,
  type AirtelMoneyCredentials,
  type AirwallexCredentials,
  type AzampayCredentials,
  type CashfinCredentials,
  type CashfreeCredentials,
  type ChapaCredentials,
  type CheckoutCredentials,
  type CheckoutOauthCredentials,
  type ClickpesaCredentials,
  type CoinbaseCdpCredentials,
  type CryptofuseCredentials,
  type DarajaCredentials,
  type DlocalCredentials,
  type FedapayCredentials,
  type FlutterwaveCredentials,
  type FlutterwaveV4Credentials,
  type GocardlessCredentials,
  type InterswitchCredentials,
  type IyzicoCredentials,
  type KashierCredentials,
  type KlarnaCredentials,
  type KopokopoCredentials,
  type MercadopagoCredentials,
  type MercadopagoOauthCredentials,
  type MollieCredentials,
  type MollieOauthCredentials,
  type MomoCredentials,
  type MonnifyCredentials,
  type NombaCredentials,
  type OrangeMoneyCredentials,
  type PawapayCredentials,
  type PaymobCredentials,
  type PaypalCredentials,
  type PaystackCredentials,
  type PeachPaymentsCredentials,
  type PesapalCredentials,
  type PhonepeCredentials,
  type RapydCredentials,
  type RazorpayCredentials,
  type RevolutBusinessCredentials,
  type SelcomCredentials,
  type SquadCredentials,
  type SquareCredentials,
  type SquareOauthCredentials,
  type StripeCredentials,
  type TruelayerCredentials,
  type VippsMobilepayCredentials,
  type WakapayCredentials,
  type WaveCredentials,
  type WiseCredentials,
  type WiseOauthCredentials,
  type WorldlineCredentials,
  type XenditCredentials,
} from './providers/index.js';
export { darajaPassword, type DarajaPasswordParts } from './providers/daraja-password.js';
export { type CredentialFields, defineProvider } from './providers/define-provider.js';
export type {
  CredentialField,
  CredentialFieldBase,
  HeaderParts,
  ProbeDefinition,
  ProviderAdvice,
  Attempt,
  ProviderDefinition,
  ProviderRegion,
  SignedAttempt,
  RefusalDefinition,
} from './providers/provider-definition.js';
export { login, type LoginSpec } from './strategies/login.strategy.js';
export { clientCredentials, type ClientCredentialsSpec } from './strategies/client-credentials.strategy.js';
export { refreshToken, type RefreshTokenSpec } from './strategies/refresh-token.strategy.js';
export type { ClientAuthentication, ClientSpec } from './strategies/client-authentication.js';
export {
  type ClientAssertion,
  clientSecretJwt,
  type ClientSecretJwtSpec,
  privateKeyJwt,
  type PrivateKeyJwtSpec,
} from './strategies/client-assertion.js';
export type {
  ApiAnswer,
  Credentials,
  Given,
  HeaderValues,
  Lifetime,
  LoginGiven,
  RequestBody,
  SecretWay,
  TokenAnswer,
  TokenRequestLimit,
  TokenSource,
  TokenSpec,
} from './strategies/strategy.js';

// Building blocks for definitions
export { basic } from './building-blocks/basic.js';
export { checksumField } from './building-blocks/checksum-field.js';
export { digest, hmac } from './building-blocks/digests.js';
export { jws } from './building-blocks/jws.js';
export { sameText } from './building-blocks/same-text.js';
export { textAt, valueAt } from './building-blocks/json-value.js';

// Signed messages
export { clickPesaChecksum } from './signatures/clickpesa-checksum.js';
export {
  type KashierOrder,
  kashierOrderHash,
  type KashierRedirect,
  type RedirectQuery,
  verifyKashierRedirect,
} from './signatures/kashier.js';
export {
  type KashierSignerOptions,
  PaymentsSignaturesService,
  type SignerOptions,
} from './signatures/payments-signatures.service.js';
export { PaymentsWebhookGuard } from './signatures/payments-webhook.guard.js';
export { confirmPaypalWebhook } from './signatures/paypal.js';
export {
  VerifiedDeliveries,
  VerifiedDelivery,
  VerifiedWebhook,
} from './signatures/verified-webhook.decorator.js';
export type {
  KashierWebhookPayload,
  PesaPalNotification,
  WebhookDelivery,
} from './signatures/webhook-delivery.js';
export type { WebhookRouteOptions, WebhookRouteRequest } from './signatures/webhook-route.js';
export type { VerifyOptions } from './signatures/webhook-verifier.js';
export {
  customWebhook,
  type CustomWebhookDraft,
  type CustomWebhookEvidence,
  type CustomWebhookGiven,
} from './providers/webhooks/custom-webhook.js';
export type {
  SignatureList,
  SignatureSpec,
  SignatureTimestamp,
} from './providers/webhooks/presented-signature.js';
export type { PublicKeyAlgorithm } from './providers/webhooks/public-keys.js';
export type { ReceivedParts, WebhookMessage } from './providers/webhooks/received-message.js';
export { hashOfCredentials, sharedToken, unsignedWebhook } from './providers/webhooks/sender-webhooks.js';
export {
  hashWebhook,
  type HashSpec,
  hmacWebhook,
  type HmacSpec,
  publicKeyWebhook,
  type PublicKeySpec,
  standardWebhooks,
} from './providers/webhooks/signature-webhooks.js';
export type { Signed } from './providers/webhooks/signed-text.js';
export type { WebhookProof } from './providers/webhooks/webhook-proof.js';
export type {
  SchemeSpec,
  WebhookAcknowledgement,
  WebhookScheme,
} from './providers/webhooks/webhook-scheme.js';
export type { JsonTextFormat as BodyFormat } from './building-blocks/json-text.js';

// What a fleet shares
export type {
  Claim,
  ClaimRequest,
  EndpointKey,
  Grant,
  SharedForcedRenewals,
  SharedToken,
  StoredToken,
  TokenKey,
  TokenStore,
  Withdrawal,
} from './credentials/sharing/token-store.js';
