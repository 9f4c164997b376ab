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

/** What is said of a field, whatever its type. */
export interface CredentialFieldBase {
  /** The environment variable it is read from when the application gives no `credentials`. */
  readonly variable?: string;
  /** Whether the value must never be seen. @default true */
  readonly secret?: boolean;
  /**
   * `'pem'`: a key or a certificate. Line breaks are allowed, also written as `\n`; the value is parsed at boot, and
   * may stand in no header. @default 'text'
   */
  readonly format?: 'text' | 'pem';
  /**
   * The value may stand in a URL, as `{fieldName}` in `environments` or in the path of the token endpoint: letters,
   * digits and inner hyphens, and whatever else this expression asks for. Where the URL of the chosen environment names
   * the field, a value is required.
   */
  readonly inUrl?: RegExp;
  /** The value where the application gives none. @default none */
  readonly default?: string;
  /**
   * Environments that a value visibly belongs to: `{ test: /^pk_test_/ }`. A value that matches another
   * environment than the configured one is warned about at boot.
   */
  readonly belongsTo?: Readonly<Record<string, RegExp>>;
  /** Says what looks wrong about a value, without the value; warned about at boot, never refused. */
  suspect?(value: string): string | undefined;
}

/** How a provider says no to a call. */
export interface RefusalDefinition {
  /**
   * The provider's own words for "your credential is no good", recognised by the envelope or the code: a new credential
   * may cure it, and a call that was refused so is sent once more, a payment included.
   */
  refused(answer: ApiAnswer): boolean;
  /** A refusal that no new credential cures: a missing scope, an IP allow-list, a subscription. @default none */
  incurable?(answer: ApiAnswer): boolean;
  /** A refusal that a new signature cures and a new login does not: the call is signed anew, once. Needs `sign`. @default none */
  challenged?(answer: ApiAnswer): boolean;
  /** What a refusal for missing scope says, where the provider says it. */
  scope?(answer: ApiAnswer): { required: readonly string[]; held: readonly string[] } | undefined;
  /** Set where the provider refuses with a 2xx too, so that successful bodies are looked at. @default false */
  readonly alsoOnSuccess?: boolean;
  /**
   * The provider documents that a refused credential is a 401 without a word of its own. Without this, `refused` must
   * say no to a bare 401: one can come from a gateway after the payment was made, and would have it sent twice.
   */
  readonly bare401?: true;
}

/** What the headers of a call are made of. */
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
  /** Optional fields without which it is not made; those of the path are among them. @default none */
  readonly needs?: readonly string[];
  /** Headers that an application sends by itself: an idempotency key. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a POST. @default none */
  readonly json?: unknown;
  /** What shows that the credential is accepted. @default a 2xx that `refusal.refused` says no to */
  accepted?(answer: ApiAnswer): boolean;
}

/**
 * The cause of one kind of refusal, and what to do. For people: the command `nestjs-payments-auth check`
 * prints it.
 */
export interface ProviderAdvice {
  /** Where it is said: of the settings before anything is sent, by the token endpoint, or to a call. */
  readonly on: 'settings' | 'login' | 'call';
  /** The status that it comes with. @default any */
  readonly status?: number | readonly number[];
  /** A part of the words for it, in lower case. @default whatever is said */
  readonly says?: string;
  readonly cause: string;
  readonly fix: string;
}

/** What a client proves with who it is when it connects: PEM (a certificate and its key), or PKCS#12. */
export type ClientCertificate =
  | {
      readonly cert: string;
      readonly key: string;
      readonly passphrase?: string;
      /** The only authorities that are trusted, in PEM. @default `http.ca`, else Node's own list */
      readonly ca?: string | readonly string[];
    }
  | { readonly pfx: Uint8Array; readonly passphrase?: string; readonly ca?: string | readonly string[] };

/** Where a provider is used. */
export type ProviderRegion = 'Africa' | 'Americas' | 'Asia' | 'Europe' | 'Worldwide';

/**
 * Everything that is true of one payment provider and of no other. Written with `defineProvider`.
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
  /** Lower case, as applications write it: `pesapal`. */
  readonly name: N;
  /** As the provider writes it: `PesaPal`. */
  readonly title: string;
  /** The page of the provider's documentation that this definition follows. */
  readonly docs: string;
  /** Where the provider is used, for lists. */
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
  /** The variable that picks the environment, where there is more than one. */
  readonly environmentVariable?: string;
  /** The variable(s) that override the base URL: one name, or one per named host. */
  readonly baseUrlVariable?: string | Readonly<Record<string, string>>;
  readonly credentials: {
    readonly [K in keyof C]-?: CredentialField<string extends keyof C ? unknown : C[K]>;
  };
  /** How a token is obtained. Absent: the configured secret itself goes with every call. */
  readonly token?: TokenSource<C>;
  /**
   * Headers that every call carries. Made once per credential; no request may override them. May be absent beside `sign`
   * or `tls`.
   */
  headers?(parts: HeaderParts<C>): HeaderValues;
  /** Headers that a request may override: a country, a version of the API. Made once per credential. @default none */
  defaultHeaders?(given: Given<C>): HeaderValues;
  /** Whatever only one attempt carries: a signature, a nonce, another body. Asked once per attempt, replays included. */
  sign?(attempt: Attempt<C>): SignedAttempt | Promise<SignedAttempt>;
  /**
   * The client certificate, for logins and calls: one connection pool for each. It works with axios's own http adapter,
   * through proxies too. `undefined`: these credentials have none, because its fields are optional.
   */
  tls?(given: Given<C>): ClientCertificate | undefined;
  /** How it says no to a call. @default a 401 renews the credential, and only calls that read are sent again */
  readonly refusal?: RefusalDefinition;
  /** The scopes asked for by default; absent where the provider has none. */
  readonly scopes?: readonly string[];
  /** The variable that holds other default scopes, separated by spaces. */
  readonly scopesVariable?: string;
  /** Fields of JSON answers, at any depth, that repeat a secret: readable by name, never printed (R14). */
  readonly secretResponseFields?: readonly string[];
  /** The documented harmless reading call, where there is one. */
  readonly probe?: ProbeDefinition;
  /** What helps when the provider says no; the first that fits. */
  readonly advice?: readonly ProviderAdvice[];
  /**
   * How the provider proves that a message to the application is its own, where it sends any: schemes by name, for the
   * route, the log and `delivery.scheme`. Any one that proves the message is enough.
   */
  readonly webhooks?: Readonly<Record<string, WebhookScheme<keyof C & string>>>;
}
