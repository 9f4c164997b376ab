import type { AxiosRequestConfig } from 'axios';
import type { Credentials, SecretWay } from '../strategies/strategy.js';
import type { CertificateAgents } from './certificate-agents.js';
import type { ProviderDefinition } from './provider-definition.js';

/** For which methods a refused request may be sent again. @see README, "What happens to a request" */
export type ReplayPolicy = 'always' | 'safe-methods' | 'never';

/** Whether a credential is renewed without anybody asking for it. */
export type KeepWarm = 'always' | 'when-used';

/** The axios settings of one provider. */
export interface HttpSettings extends Omit<
  AxiosRequestConfig,
  | 'url'
  | 'baseURL'
  | 'method'
  | 'data'
  | 'params'
  | 'auth'
  | 'socketPath'
  | 'adapter'
  | 'maxRedirects'
  | 'signal'
  | 'cancelToken'
  | 'paymentsAuth'
> {
  /** The only certificate authorities that are trusted, where they are given; as `tls.connect` takes them. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/** Where static credentials come from: the provider's own, or those of its merchants. */
export interface CredentialsSource<C extends Credentials = Credentials> {
  /**
   * Newest first, never an empty list; `undefined` for an account that does not exist.
   *
   * @param account whose; left out for the provider's own
   */
  resolve(account?: string): readonly C[] | undefined | Promise<readonly C[] | undefined>;
  /** Whether asking again can give another answer (a function or a file, and not a fixed object). */
  readonly isDynamic: boolean;
  /** How long an answer is kept, in milliseconds. */
  readonly ttlMs: number;
  /** Whether a call that names no account is the provider's own all the same: in tests. */
  readonly takesUnnamed?: boolean;
  /**
   * Replaces a refresh token where it still is `previous`. Absent: the application keeps none.
   *
   * @param account whose; `undefined` for the provider's own
   * @returns `false` where somebody else was faster
   */
  save?(
    account: string | undefined,
    next: { readonly refreshToken: string },
    previous: { readonly refreshToken: string },
  ): Promise<boolean>;
}

/**
 * A provider as one application uses it: its definition and every option resolved, checked and defaulted.
 * Secrets stand behind the two sources, in closures, so that nothing that inspects this object finds one (R14).
 */
export interface ConfiguredProvider<C extends Credentials = Credentials> {
  /** The name it is registered and injected under. */
  readonly name: string;
  readonly definition: ProviderDefinition<C>;
  /** Absent when only a base URL was given. */
  readonly environment?: string;
  /** Base URL by host name, without trailing slash; the first one is the default. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly defaultHost: string;
  /** The provider's own account; absent where only `accounts` were given. */
  readonly own?: CredentialsSource<C>;
  /** Its merchants. Absent without `accounts`. */
  readonly accounts?: CredentialsSource<C>;
  /** Default scopes, sorted; empty where the provider has none. */
  readonly scopes: readonly string[];
  readonly clientAuthentication: SecretWay;
  readonly refreshBeforeMs: number;
  /** As the application said it; absent when it said nothing, and then R17 decides. */
  readonly keepWarm?: KeepWarm;
  readonly replay: ReplayPolicy;
  readonly share: boolean;
  /** Whom tokens are asked for. */
  readonly audience?: string;
  /** Signs with a key that the application does not hold. */
  signer?(bytes: Uint8Array, given: { readonly credentials: unknown }): Promise<Uint8Array>;
  readonly tokenRequest?: {
    readonly timeoutMs?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** No other process uses the refresh tokens of this one. */
  readonly singleProcess?: boolean;
  readonly insecureHosts: readonly string[];
  /** What connections are made with, where the definition has `tls`. */
  readonly certificates?: CertificateAgents;
  /** Agents and CA stand behind this function, so that inspecting a configuration never walks into a socket. */
  readonly http: () => HttpSettings;
}
