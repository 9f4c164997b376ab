import type { Account, Credentials, KeyVersion } from './account.js';
import type { Exchange } from './exchange.js';
import type { ProviderContext, TokenRules } from './provider-context.js';
import type { ProviderSettings } from './provider-settings.js';
import type { RateLimit } from './rate-limits.js';
import type { ReceivedRequest } from './received-request.js';
import type { Reply } from './reply.js';
import type { WebhookShape } from '../signing/webhook-shape.js';

/** An endpoint that hands out tokens, or takes them back. */
interface CredentialEndpoint<C extends Credentials> {
  /** Every host by default. */
  readonly host?: string;
  /** @default POST */
  readonly method?: string;
  readonly path: string;
  /** Sets `exchange.outcome`, and `exchange.account` once it is known. */
  answer(exchange: Exchange, context: ProviderContext<C>): Reply;
}

/** Whose credential a call carries. */
export interface Bearer<C extends Credentials> {
  readonly account: Account<C>;
  /** What its token may do; empty where the provider has no scopes. */
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
  /** What the groups of the resource's path matched. */
  readonly groups: Readonly<Record<string, string>>;
  readonly context: ProviderContext<C>;
}

/** One thing that the provider's API can do. An unsafe method answered below 400 counts as executed. */
export interface Resource<C extends Credentials> {
  readonly method: string;
  /** Every host by default. */
  readonly host?: string;
  /** Below the base URL. */
  readonly path: string | RegExp;
  /** A path that it answers, `:field` standing for a field of the credentials. */
  readonly example?: string;
  /** Answered without a credential, as a page of public keys is. */
  readonly isPublic?: true;
  answer(call: AcceptedCall<C>): Reply;
}

/** Everything that is true of one provider and of no other. */
export interface ProviderBehaviour<C extends Credentials, N extends string = string> extends TokenRules<C> {
  readonly name: N;
  /** Named hosts, the default one first. */
  readonly hosts: readonly [string, ...string[]];
  /** What the base URL ends in, as the provider's own does; the empty string for nothing. */
  readonly basePath: string;
  readonly limits: readonly RateLimit[];
  /** Body fields that say which payment it is: sent twice, they mean the same payment. */
  readonly paymentKeys: readonly string[];
  /** The header that says the same, in lower case, besides `Idempotency-Key`. */
  readonly idempotencyHeader?: string;
  /** A new key ends the tokens that the old one got. @default they live on */
  readonly rotationEndsTokens?: true;
  /** What it sends on its own accord, by scheme, the usual one first; absent where it sends nothing. */
  readonly webhooks?: Readonly<Record<string, WebhookShape<C>>>;
  readonly tokenEndpoint?: CredentialEndpoint<C>;
  readonly revocationEndpoint?: CredentialEndpoint<C>;
  readonly resources: readonly Resource<C>[];

  /** The part of the credentials that a merchant with these settings has. @default all of it */
  handedOut?(credentials: C, settings: ProviderSettings): C;
  /** The environment variables that an application reads these credentials and base URLs from. */
  environment(credentials: C, baseUrls: Readonly<Record<string, string>>): Record<string, string>;
  /** Whose credential the call carries; `undefined` when it is not accepted. */
  bearerOf(request: ReceivedRequest, context: ProviderContext<C>): Bearer<C> | undefined;
  /** The provider's answer to a call with a bad credential. */
  refusal(status: number, request: ReceivedRequest): Reply;
  /** Whose credentials a login claims to carry: their identity, as `credentials` knows it. Absent for a static key. */
  claims?(request: ReceivedRequest): string | undefined;
  /** What a good credential is told that may not do this. @default the provider's envelope, with 403 */
  forbidden?(): Reply;
  /** A good credential that may not do this: the answer, or `undefined` when it may. */
  forbids?(request: ReceivedRequest, bearer: Bearer<C>): Reply | undefined;
  /** The provider's envelope for any other error. */
  error(status: number, message: string): Reply;
  /** The provider's 429. @param retryAfter as in the header */
  rateLimited(retryAfter: string): Reply;
  /** The answer to a path that nothing is at. @default the envelope, with 404 */
  noSuchPath?(): Reply;
  /** What a path outside the base path answers with. */
  missedBase?(): Reply;
}
