import type { AxiosRequestConfig } from 'axios';
import type { Credentials, SecretWay } from '../strategies/strategy.js';
import type { CertificateAgents } from './certificate-agents.js';
import type { ProviderDefinition } from './provider-definition.js';

/** For which methods a refused request may be sent again. @see README, "What happens to a request" */
export type ReplayPolicy = 'always' | 'safe-methods' | 'never';

/** Whether a credential is renewed without a call that needs it. */
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

/** Why an earlier answer is used in the place of what was asked for last. No secret in it. */
export interface SourceTrouble {
  readonly reason: string;
  /** Wall clock, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** The source of static credentials: the provider's own, or those of its merchants. */
export interface CredentialsSource<C extends Credentials = Credentials> {
  /**
   * Newest first, never an empty list; `undefined` for an account that does not exist.
   *
   * @param account whose; left out for the provider's own
   */
  resolve(account?: string): readonly C[] | undefined | Promise<readonly C[] | undefined>;
  /** Whether a second call can give other credentials (a function or a file, and not a fixed object). */
  readonly isDynamic: boolean;
  /** `undefined` where what was asked for last is used. @param account whose; left out for the provider's own */
  trouble?(account?: string): SourceTrouble | undefined;
  /** How long an answer is kept, in milliseconds. */
  readonly ttlMs: number;
  /** Whether a call that names no account means the provider's own one. True in tests. */
  readonly takesUnnamed?: boolean;
  /**
   * Replaces a refresh token if the stored one is still `previous`. Absent where the application stores none.
   *
   * @param account whose; `undefined` for the provider's own
   * @returns `false` where another process has replaced it already
   */
  save?(
    account: string | undefined,
    next: { readonly refreshToken: string },
    previous: { readonly refreshToken: string },
  ): Promise<boolean>;
}

/**
 * A provider as one application uses it: its definition and every option resolved, checked and defaulted. Secrets are
 * behind the two sources, in closures, so that code which inspects this object finds none (R14).
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
  /** The option of the application. Without it, R17 decides. */
  readonly keepWarm?: KeepWarm;
  readonly replay: ReplayPolicy;
  readonly share: boolean;
  /** The audience of the tokens. */
  readonly audience?: string;
  /** Signs with a key that is outside of the application. */
  signer?(bytes: Uint8Array, given: { readonly credentials: unknown }): Promise<Uint8Array>;
  readonly tokenRequest?: {
    readonly timeoutMs?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** No other process uses the refresh tokens of this one. */
  readonly singleProcess?: boolean;
  readonly insecureHosts: readonly string[];
  /** The agents of connections, where the definition has `tls`. */
  readonly certificates?: CertificateAgents;
  /** Agents and CA are behind this function, so that code which inspects a configuration never reaches a socket. */
  readonly http: () => HttpSettings;
}
