import type { ApiAnswer, Credentials, Given, HeaderValues, TokenSource } from '../strategies/strategy.js';
import type { Attempt, SignedAttempt } from './signed-attempt.js';
import type { WebhookScheme } from './webhooks/webhook-scheme.js';

export type { ApiAnswer, HeaderValues } from '../strategies/strategy.js';
export type { Attempt, SignedAttempt } from './signed-attempt.js';

/**
 * One field of a provider's static credentials.
 *
 * @typeParam V the type of its value: where that may be `undefined`, `optional: true` is required, and nowhere else
 */
export type CredentialField<V = unknown> = CredentialFieldBase &
  (unknown extends V
    ? { readonly optional?: boolean }
    : undefined extends V
      ? { readonly optional: true }
      : { readonly optional?: false });

/** The description of a field of any type. */
export interface CredentialFieldBase {
  /** The environment variable it is read from when the application gives no `credentials`. */
  readonly variable?: string;
  /** Whether the value must never be seen. @default true */
  readonly secret?: boolean;
  /**
   * `'pem'`: a key or a certificate. Line breaks are allowed, also written as `\n`; the value is parsed at boot, and
   * cannot be a part of a header. @default 'text'
   */
  readonly format?: 'text' | 'pem';
  /**
   * The value may be a part of a URL, as `{fieldName}` in `environments` or in the path of the token endpoint. It has
   * letters, digits and inner hyphens, and matches this expression. Where the URL of the chosen environment names the
   * field, a value is required.
   */
  readonly inUrl?: RegExp;
  /** The value where the application gives none. @default none */
  readonly default?: string;
  /**
   * Environments that a value visibly belongs to: `{ test: /^pk_test_/ }`. The library warns at boot about a value
   * that matches another environment than the configured one.
   */
  readonly belongsTo?: Readonly<Record<string, RegExp>>;
  /** Returns what looks wrong about a value, without the value. The library warns at boot, and starts nevertheless. */
  suspect?(value: string): string | undefined;
}

/** The refusals of a provider. */
export interface RefusalDefinition {
  /**
   * Whether the provider itself says that the credential is not valid, recognised by the envelope or the code. A new
   * credential may help, and such a call is sent once more, also a payment.
   */
  refused(answer: ApiAnswer): boolean;
  /** Whether no new credential can help: a missing scope, an IP allow-list, a subscription. @default none */
  incurable?(answer: ApiAnswer): boolean;
  /**
   * Whether a new signature helps and a new login does not. The call is signed again, once. Needs `sign`.
   *
   * @default none
   */
  challenged?(answer: ApiAnswer): boolean;
  /** The scopes that a refusal names, where the provider names them. */
  scope?(answer: ApiAnswer): { required: readonly string[]; held: readonly string[] } | undefined;
  /** Set where the provider refuses with a 2xx too, so that successful bodies are looked at. @default false */
  readonly alsoOnSuccess?: boolean;
  /**
   * Set where the provider documents that a refused credential is a 401 without words of its own. Without this,
   * `refused` must not match a bare 401: a gateway may send one after the payment was made, and the payment would be
   * sent twice. It must never match a bare 403.
   */
  readonly bare401?: true;
}

/** The values for the headers of a call. */
export interface HeaderParts<C extends object = Credentials> extends Given<C> {
  /** The current token; the empty string for a static key. */
  readonly token: string;
}

/** A call that reads, moves nothing, and shows that a credential is accepted. */
export interface ProbeDefinition {
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST';
  /** The named host. @default the first */
  readonly host?: string;
  /** Below the base URL, query included. It may hold `{fieldName}` of a credential field that has `inUrl`. */
  readonly path: string;
  /** Optional fields without which `check` does not make the call. Those of the path count by themselves. @default none */
  readonly needs?: readonly string[];
  /** Headers that an application otherwise sends by itself: an idempotency key. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a POST. @default none */
  readonly json?: unknown;
  /** Whether the answer shows that the credential is accepted. @default a 2xx that `refusal.refused` does not match */
  accepted?(answer: ApiAnswer): boolean;
}

/**
 * The cause of one kind of refusal, and what to do. For people: the command `nestjs-payments-auth check`
 * prints it.
 */
export interface ProviderAdvice {
  /** The step of the failure: the settings before anything is sent, the login, or a call. */
  readonly on: 'settings' | 'login' | 'call';
  /** The status of the answer. @default any */
  readonly status?: number | readonly number[];
  /** A part of the words in the answer, in lower case. @default any words */
  readonly says?: string;
  readonly cause: string;
  readonly fix: string;
}

/** The certificate that a client shows when it connects: PEM (a certificate and its key), or PKCS#12. */
export type ClientCertificate =
  | {
      readonly cert: string;
      readonly key: string;
      readonly passphrase?: string;
      /** The only authorities that are trusted, in PEM. @default `http.ca`, else Node's own list */
      readonly ca?: string | readonly string[];
    }
  | { readonly pfx: Uint8Array; readonly passphrase?: string; readonly ca?: string | readonly string[] };

/** The region in which a provider is used. */
export type ProviderRegion = 'Africa' | 'Americas' | 'Asia' | 'Europe' | 'Worldwide';

/**
 * All facts of one payment provider. Written with `defineProvider`.
 *
 * @typeParam C the provider's static credentials
 * @typeParam N the provider's name
 * @typeParam E the names of its environments
 */
export interface ProviderDefinition<
  C extends object = Credentials,
  N extends string = string,
  E extends string = string,
> {
  /** The name in lower case, as applications write it: `pesapal`. */
  readonly name: N;
  /** The name as the provider writes it: `PesaPal`. */
  readonly title: string;
  /** The page of the provider's documentation that this definition follows. */
  readonly docs: string;
  /** The region in which the provider is used, for lists. */
  readonly region?: ProviderRegion;
  /** The date of the documents that the definition follows: `2026-11-02`. */
  readonly basedOn?: string;
  /** Where the provider shows its credentials: `dashboard, Settings > API`. */
  readonly credentialsPage?: string;
  /**
   * Base URL per environment, or named base URLs (the first is the default). One without environments has a single
   * entry, `live`. A URL may hold `{fieldName}` of a credential field that has `inUrl`.
   */
  readonly environments: Readonly<Record<E, string | Readonly<Record<string, string>>>>;
  /** The variable that names the environment, where there is more than one. */
  readonly environmentVariable?: string;
  /** The variable(s) that override the base URL: one name, or one per named host. */
  readonly baseUrlVariable?: string | Readonly<Record<string, string>>;
  readonly credentials: {
    readonly [K in keyof C]-?: CredentialField<string extends keyof C ? unknown : C[K]>;
  };
  /** The way to get a token. Without it, the configured secret itself goes with every call. */
  readonly token?: TokenSource<C>;
  /**
   * Headers that every call carries. They are made once per credential, and no request may override them. They may be
   * absent beside `sign` or `tls`.
   */
  headers?(parts: HeaderParts<C>): HeaderValues;
  /**
   * Headers that a request may override: a country, a version of the API. They are made once per credential.
   *
   * @default none
   */
  defaultHeaders?(given: Given<C>): HeaderValues;
  /**
   * The parts that only one attempt carries: a signature, a nonce, another body. The function is called once per
   * attempt, also for replays.
   */
  sign?(attempt: Attempt<C>): SignedAttempt | Promise<SignedAttempt>;
  /**
   * The client certificate, for logins and calls: one connection pool for each. It works with axios's own http
   * adapter, through proxies too. The function returns `undefined` for credentials without a certificate, whose fields are
   * optional.
   */
  tls?(given: Given<C>): ClientCertificate | undefined;
  /** The refusals of the provider. @default a 401 renews the credential, and only calls that read are sent again */
  readonly refusal?: RefusalDefinition;
  /** The default scopes. Absent where the provider has none. */
  readonly scopes?: readonly string[];
  /** The variable that holds other default scopes, separated by spaces. */
  readonly scopesVariable?: string;
  /** Fields of JSON answers, at any depth, that repeat a secret: readable by name, never printed (R14). */
  readonly secretResponseFields?: readonly string[];
  /** The documented harmless reading call, where there is one. */
  readonly probe?: ProbeDefinition;
  /** Causes and fixes for failures. The first one that fits is used. */
  readonly advice?: readonly ProviderAdvice[];
  /**
   * The schemes by which the provider proves its webhooks, by name, for the route, the log and `delivery.scheme`. A
   * message has to fit one of them.
   */
  readonly webhooks?: Readonly<Record<string, WebhookScheme<keyof C & string>>>;
}
