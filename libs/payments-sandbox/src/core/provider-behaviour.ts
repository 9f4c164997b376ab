import type { Account, Credentials, KeyVersion } from './account.js';
import type { Exchange } from './exchange.js';
import type { ProviderContext, TokenRules } from './provider-context.js';
import type { ProviderSettings } from './provider-settings.js';
import type { RateLimit } from './rate-limits.js';
import type { ReceivedRequest } from './received-request.js';
import type { Reply } from './reply.js';
import type { WebhookShape } from '../signing/webhook-shape.js';

/** An endpoint that issues tokens or revokes them. */
interface CredentialEndpoint<C extends Credentials> {
  /** Every host by default. */
  readonly host?: string;
  /** @default POST */
  readonly method?: string;
  readonly path: string;
  /** Sets `exchange.outcome`, and `exchange.account` once it is known. */
  answer(exchange: Exchange, context: ProviderContext<C>): Reply;
}

/** The account that the credential of a call belongs to. */
export interface Bearer<C extends Credentials> {
  readonly account: Account<C>;
  /** The scopes of its token. Empty where the provider has no scopes. */
  readonly scopes: readonly string[];
  /** When the token was issued; absent where the call carries the account's own key. */
  readonly issuedAtMs?: number;
  /** Which of the account's keys the call carries; absent where the call carries a token. */
  readonly key?: KeyVersion<C>;
}

/** A call whose credential was accepted. */
export interface AcceptedCall<C extends Credentials> extends Bearer<C> {
  readonly request: ReceivedRequest;
  /** The JSON object in the body, if there is one. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** What the groups in the regular expression of the resource's path matched. */
  readonly groups: Readonly<Record<string, string>>;
  readonly context: ProviderContext<C>;
}

/** One operation of the provider's API. A call with an unsafe method that is answered below 400 counts as executed. */
export interface Resource<C extends Credentials> {
  readonly method: string;
  /** Every host by default. */
  readonly host?: string;
  /** The path after the base URL. */
  readonly path: string | RegExp;
  /** An example of a path that it answers. `:field` stands for a field of the credentials. */
  readonly example?: string;
  /** Whether it needs no credential, for example a page of public keys. */
  readonly isPublic?: true;
  answer(call: AcceptedCall<C>): Reply;
}

/** All parts in which one provider differs from the others. */
export interface ProviderBehaviour<C extends Credentials, N extends string = string> extends TokenRules<C> {
  readonly name: N;
  /** Named hosts, the default one first. */
  readonly hosts: readonly [string, ...string[]];
  /** The path at the end of the base URL, as the provider's own base URL has it. The empty string where it has none. */
  readonly basePath: string;
  readonly limits: readonly RateLimit[];
  /** Body fields that identify a payment: two requests with the same value mean the same payment. */
  readonly paymentKeys: readonly string[];
  /** A header that identifies a payment, besides `Idempotency-Key`. In lower case. */
  readonly idempotencyHeader?: string;
  /** Whether a new key ends the tokens that were issued for the old key. @default they stay valid */
  readonly rotationEndsTokens?: true;
  /** Its webhooks by scheme, the usual scheme first. Absent where it sends none. */
  readonly webhooks?: Readonly<Record<string, WebhookShape<C>>>;
  readonly tokenEndpoint?: CredentialEndpoint<C>;
  readonly revocationEndpoint?: CredentialEndpoint<C>;
  readonly resources: readonly Resource<C>[];

  /** The fields of the credentials that a merchant with these settings has. @default all of them */
  handedOut?(credentials: C, settings: ProviderSettings): C;
  /**
   * The environment variables of these fields. Providers that read the same variable get the same value. For a key of the
   * provider's own, an application reads the public half from this variable.
   */
  readonly variables?: { readonly [K in keyof C]?: string };
  /** The environment variables that an application reads these credentials and base URLs from. */
  environment(credentials: C, baseUrls: Readonly<Record<string, string>>): Record<string, string>;
  /** The account that the call's credential belongs to. `undefined` when the credential is not accepted. */
  bearerOf(request: ReceivedRequest, context: ProviderContext<C>): Bearer<C> | undefined;
  /** The provider's answer to a call with a bad credential. */
  refusal(status: number, request: ReceivedRequest): Reply;
  /** The identity in the credentials of a login, before they are checked. Absent for a static key. */
  claims?(request: ReceivedRequest): string | undefined;
  /** The answer to a call that is not allowed with a good credential. @default the provider's envelope, with 403 */
  forbidden?(): Reply;
  /** Checks whether a good credential allows the call: returns the answer when it does not, else `undefined`. */
  forbids?(request: ReceivedRequest, bearer: Bearer<C>): Reply | undefined;
  /** The provider's envelope for any other error. */
  error(status: number, message: string): Reply;
  /** The provider's 429. @param retryAfter the value of the header */
  rateLimited(retryAfter: string): Reply;
  /** The answer to an unknown path. @default the envelope, with 404 */
  noSuchPath?(): Reply;
  /** The answer to a path outside the base path. */
  missedBase?(): Reply;
}
