import type { ModuleMetadata, Type } from '@nestjs/common';
import type { FactoryProvider } from '@nestjs/common';
import type { TokenStore } from './credentials/sharing/token-store.js';
import type { FileSource } from './options/file-source.js';
import type { HttpSettings, KeepWarm, ReplayPolicy } from './providers/configured-provider.js';
import type { BuiltInCredentials, BuiltInProviderName, CredentialsOf } from './providers/index.js';
import type { ProviderDefinition } from './providers/provider-definition.js';
import type { SecretWay } from './strategies/strategy.js';

/** What {@link defineProvider} returns, whatever the provider's credentials are. */
// A definition reads the credentials it is given, so none but `any` stands for "those of some provider".
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyProviderDefinition = ProviderDefinition<any>;

/** What a name may be configured as: an own definition, or a built-in provider under another name. */
export type ProviderChoice = AnyProviderDefinition | BuiltInProviderName | undefined;

/** Whatever is configured, where it is not known at compile time. */
export interface AnyProviders extends Partial<Record<BuiltInProviderName, ProviderChoice>> {
  readonly [name: string]: ProviderChoice;
}

/** The static credentials of what is registered as `N` with the option `provider: D`. */
export type CredentialsFor<N, D> = [D] extends [AnyProviderDefinition]
  ? CredentialsOf<D>
  : [D] extends [BuiltInProviderName]
    ? BuiltInCredentials[D]
    : N extends BuiltInProviderName
      ? BuiltInCredentials[N]
      : Readonly<Record<string, string | undefined>>;

/** One account's static credentials, each of which may stand in a file. */
export type CredentialsInput<C> = { readonly [K in keyof C]: C[K] | FileSource } | FileSource;

type OneOrMany<T> = T | readonly T[];

/** How one provider is used. */
export interface ProviderSettings<C> {
  /**
   * The provider's own account: an object, a list of them (newest first), {@link fromFile}, or a function that
   * returns an object or a list, sync or async, for secret managers.
   *
   * @default the provider's environment variables, unless `accounts` is given
   */
  readonly credentials?: OneOrMany<CredentialsInput<C>> | (() => OneOrMany<C> | Promise<OneOrMany<C>>);
  /**
   * The credentials of many merchants, by account: a record, or a function that resolves them. `undefined` means that
   * there is no such account. With `accounts` and no `credentials`, a request that names no account is refused.
   */
  readonly accounts?:
    | Readonly<Record<string, OneOrMany<CredentialsInput<C>>>>
    | ((account: string) => OneOrMany<C> | null | undefined | Promise<OneOrMany<C> | null | undefined>);
  /**
   * As the provider calls it: `sandbox`, `test`, `live`. Required where there are several and no `baseUrl` is given:
   * there is no default, because a wrong one costs money.
   */
  readonly environment?: string;
  /** A URL, which then stands for every host of the provider, or one per named host. @default that of the environment */
  readonly baseUrl?: string | Readonly<Record<string, string>>;
  /** The scopes asked for where a request names none. @default the provider's */
  readonly scopes?: readonly string[];
  /** How long before its end a token is renewed, in milliseconds; never more than half its life. @default 60_000 */
  readonly refreshBeforeMs?: number;
  /**
   * Whether a token is fetched at boot and renewed without traffic.
   *
   * @default 'always' for `credentials`; 'when-used' for `accounts`, and where logins eat a quota
   */
  readonly keepWarm?: KeepWarm;
  /** For which methods a refused request may be sent again. @default 'always' */
  readonly replay?: ReplayPolicy;
  /** How long an answer of a function, or of a file, is kept, in milliseconds. @default 300_000; 5_000 for files */
  readonly credentialsTtlMs?: number;
  /** How the client authenticates at the token endpoint, where the provider takes either. @default the provider's */
  readonly clientAuthentication?: SecretWay;
  /** Whether tokens of this provider go into the module's `store`. @default true */
  readonly share?: boolean;
  /** axios settings. Agents, proxy and CA also apply to token requests. @default { timeout: 30_000 } */
  readonly http?: HttpSettings;
  /**
   * Host names to which plain http is allowed besides loopback, for a sandbox in a compose file. Warned about at
   * boot, and refused together with the environment `live`.
   *
   * @default none
   */
  readonly insecureHosts?: readonly string[];
}

/** The options of what is registered as `N`. Its credentials follow from `provider`, or from the name. */
export type ProviderOptions<N = string, D = ProviderChoice> = ProviderSettings<CredentialsFor<N, D>> & {
  /** A definition, or the name of a built-in provider. @default the built-in provider of that name */
  readonly provider?: D;
} & (N extends BuiltInProviderName ? unknown : string extends N ? unknown : { readonly provider: unknown });

/** The options of {@link PaymentsAuthModule.forRoot}. */
export interface PaymentsAuthModuleOptions<
  P extends { readonly [N in keyof P]: ProviderChoice } = AnyProviders,
> {
  /**
   * The providers by the name they are injected under.
   *
   * @default every built-in provider whose required credentials are all in the environment
   */
  readonly providers?: { readonly [N in keyof P]: ProviderOptions<N, P[N]> };
  /** What a fleet shares its tokens through. @default each process keeps its own, in memory */
  readonly store?: TokenStore;
  /** Writes one JSON line per event through Nest's logger, context `PaymentsAuthAudit`. @default false */
  readonly auditLog?: boolean;
  /**
   * How many merchants of a provider are kept in memory at most; beyond that the least recently used one goes, and is
   * asked for again when it is next named.
   *
   * @default 100_000
   */
  readonly maxAccounts?: number;
  /** How many token requests one endpoint sees at once, at most; a quarter of them may be renewals. @default 32 */
  readonly maxTokenRequests?: number;
}

/** What is said beside the options, because the module is built before they are known. */
export interface PaymentsAuthModuleExtras {
  /** Whether the injectables are there in every module. @default true */
  readonly isGlobal?: boolean;
  /** Names beyond the built-in ones that get injectables, for options that are only known when the factory has run. */
  readonly providerNames?: readonly string[];
}

type Eventually<T> = T | Promise<T>;

/** Provides the options; for `useClass` and `useExisting`. */
export interface PaymentsAuthOptionsFactory {
  /** Returns the options; `undefined` and `{}` mean what `forRoot()` means. */
  createPaymentsAuthOptions(): Eventually<PaymentsAuthModuleOptions | undefined>;
}

/** The options of {@link PaymentsAuthModule.forRootAsync}: exactly one of the three `use…`. */
export interface PaymentsAuthModuleAsyncOptions<
  P extends { readonly [N in keyof P]: ProviderChoice } = AnyProviders,
>
  extends Pick<ModuleMetadata, 'imports'>, PaymentsAuthModuleExtras {
  /** What {@link useFactory} is called with. */
  readonly inject?: FactoryProvider['inject'];
  /** Returns the options; `undefined` and `{}` mean what `forRoot()` means. */
  // oxlint-disable-next-line typescript/no-explicit-any -- its parameters are whatever `inject` names
  readonly useFactory?: (...args: any[]) => Eventually<PaymentsAuthModuleOptions<P> | undefined>;
  /** A class that provides the options, made for this module. */
  readonly useClass?: Type<PaymentsAuthOptionsFactory>;
  /** A provider of the application that provides the options. */
  readonly useExisting?: Type<PaymentsAuthOptionsFactory>;
}
