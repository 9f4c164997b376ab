import type { FactoryProvider, InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import type { TokenStore } from './credentials/sharing/token-store.js';
import type { FileSource } from './options/file-source.js';
import type { HttpSettings, KeepWarm, ReplayPolicy } from './providers/configured-provider.js';
import type {
  BuiltInDefinitions,
  BuiltInProviderName,
  CredentialsOf,
  EnvironmentsOf,
} from './providers/index.js';
import type { ProviderDefinition } from './providers/provider-definition.js';
import type { SecretWay } from './strategies/strategy.js';

/** The result of {@link defineProvider}, with any type of credentials. */
// A definition reads the credentials that it is given, so only `any` can stand for "those of some provider".
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyProviderDefinition = ProviderDefinition<any>;

/** The values of the option `provider`: a definition, or the name of a built-in provider. */
export type ProviderChoice = AnyProviderDefinition | BuiltInProviderName | undefined;

/** Whatever is configured, where it is not known at compile time. */
export interface AnyProviders extends Partial<Record<BuiltInProviderName, ProviderChoice>> {
  readonly [name: string]: ProviderChoice;
}

/** The definition of what is registered as `N` with the option `provider: D`, beside the own definitions `Own`. */
export type DefinitionFor<N, D, Own extends OwnDefinitions = readonly []> = [D] extends [
  AnyProviderDefinition,
]
  ? D
  : [D] extends [BuiltInProviderName]
    ? BuiltInDefinitions[D]
    : N extends OwnName<Own>
      ? Extract<Own[number], { readonly name: N }>
      : N extends BuiltInProviderName
        ? BuiltInDefinitions[N]
        : unknown;

/** The type of the option `definitions`. */
export type OwnDefinitions = readonly AnyProviderDefinition[];

/** The names of own definitions, as far as they are known at compile time. */
type OwnName<Own extends OwnDefinitions> = HasUnknownNames<Own> extends true ? never : Own[number]['name'];

/**
 * Whether the name of an own definition is not known at compile time: `defineProvider<C>` without the name as a type.
 */
type HasUnknownNames<Own extends OwnDefinitions> = string extends Own[number]['name'] ? true : false;

/** The static credentials of what is registered as `N` with the option `provider: D`. */
export type CredentialsFor<N, D, Own extends OwnDefinitions = readonly []> =
  DefinitionFor<N, D, Own> extends infer Definition
    ? unknown extends Definition
      ? Readonly<Record<string, string | readonly string[] | undefined>>
      : CredentialsOf<Definition>
    : never;

/** One account's static credentials, each of which may be in a file. */
export type CredentialsInput<C> =
  { readonly [K in keyof C]: C[K] | FileSource | readonly (NonNullable<C[K]> | FileSource)[] } | FileSource;

type OneOrMany<T> = T | readonly T[];

/** A refresh token, as an {@link AccountSource} stores it. */
export interface RefreshTokenPair {
  readonly refreshToken: string;
}

/** Merchants whose credentials change while they are used: refresh tokens that are valid for one use. */
export interface AccountSource<C> {
  /**
   * The credentials of a merchant. Called again directly before a refresh token is used.
   *
   * @returns `undefined` or `null` for a merchant that does not exist
   */
  load(account: string): OneOrMany<C> | null | undefined | Promise<OneOrMany<C> | null | undefined>;
  /**
   * Compare and swap: replaces the refresh token only if the stored one is still `previous`. It is never called
   * without a new one.
   *
   * @returns `false` where another process has replaced it already; `load` is called again then
   */
  save?(account: string, next: RefreshTokenPair, previous: RefreshTokenPair): Promise<boolean>;
}

/** The same for the provider's own account. */
export interface OwnAccountSource<C> {
  load(): OneOrMany<C> | Promise<OneOrMany<C>>;
  save?(next: RefreshTokenPair, previous: RefreshTokenPair): Promise<boolean>;
}

/** The options of one provider. */
export interface ProviderSettings<C, E extends string = string> {
  /**
   * The provider's own account: an object, a list of them (newest first), {@link fromFile}, or a function that
   * returns an object or a list, sync or async, for secret managers.
   *
   * @default the provider's environment variables, unless `accounts` is given
   */
  readonly credentials?:
    OneOrMany<CredentialsInput<C>> | (() => OneOrMany<C> | Promise<OneOrMany<C>>) | OwnAccountSource<C>;
  /**
   * The credentials of many merchants, by account: a record, a function that resolves them, or an
   * {@link AccountSource}. `undefined` means that there is no such account. With `accounts`, a request that names no
   * account is refused; the provider's own is {@link OWN_ACCOUNT}.
   */
  readonly accounts?:
    | Readonly<Record<string, OneOrMany<CredentialsInput<C>>>>
    | ((account: string) => OneOrMany<C> | null | undefined | Promise<OneOrMany<C> | null | undefined>)
    | AccountSource<C>;
  /**
   * The environment, with the provider's name for it: `sandbox`, `test`, `live`. Required where there are several and
   * no `baseUrl` is given: there is no default, because a wrong one costs money.
   */
  readonly environment?: E;
  /** One URL for every host of the provider, or one URL per named host. @default that of the environment */
  readonly baseUrl?: string | Readonly<Record<string, string>>;
  /** The scopes of a request that names none. @default the provider's */
  readonly scopes?: readonly string[];
  /** The OAuth `audience` of tokens. Tokens of different audiences are kept apart. @default none */
  readonly audience?: string;
  /**
   * Signs with a key that never leaves a KMS or an HSM, where the definition signs: client assertions, and calls.
   *
   * @default the key is one of the credentials
   */
  signer?(bytes: Uint8Array, given: { readonly credentials: C }): Promise<Uint8Array>;
  /** Settings of logins and revocations. The connection settings of `http` apply to them as well. */
  readonly tokenRequest?: TokenRequestSettings;
  /**
   * Whether this process is the only one that uses these refresh tokens. Then no `store` is needed to keep two
   * processes from using the same one.
   *
   * @default false
   */
  readonly singleProcess?: true;
  /** How long before its end a token is renewed, in milliseconds; never more than half its life. @default 60_000 */
  readonly refreshBeforeMs?: number;
  /**
   * Whether a token is fetched at boot and renewed without traffic.
   *
   * @default 'always' for `credentials`; 'when-used' for `accounts`, and where logins use up a quota or end the earlier
   *   token
   */
  readonly keepWarm?: KeepWarm;
  /** For which methods a refused request may be sent again. @default 'always' */
  readonly replay?: ReplayPolicy;
  /**
   * How long the result of a function, or the content of a file, is kept, in milliseconds.
   *
   * @default 300_000; 5_000 for files
   */
  readonly credentialsTtlMs?: number;
  /** How the client authenticates at the token endpoint, where the provider takes either. @default the provider's */
  readonly clientAuthentication?: SecretWay;
  /** Whether tokens of this provider go into the module's `store`. @default true */
  readonly share?: boolean;
  /** axios settings. Agents, proxy and CA also apply to token requests. @default { timeout: 30_000 } */
  readonly http?: HttpSettings;
  /**
   * Host names to which plain http is allowed besides loopback, for a sandbox in a compose file. The library warns
   * about them at boot, and does not start with them in the environment `live`.
   *
   * @default none
   */
  readonly insecureHosts?: readonly string[];
}

/** The settings of token requests and revocations. */
export interface TokenRequestSettings {
  /** The time from the connection to the last byte of the answer, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** Headers besides those of the definition. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The options of the provider that is registered as `N`. Its credentials and environments follow from its definition.
 */
export type ProviderOptions<
  N = string,
  D = ProviderChoice,
  Own extends OwnDefinitions = readonly [],
> = ProviderSettings<CredentialsFor<N, D, Own>, EnvironmentsOf<DefinitionFor<N, D, Own>>> & {
  /** A definition, or the name of a built-in provider. @default the definition of that name */
  readonly provider?: D;
} & (N extends BuiltInProviderName | OwnName<Own>
    ? unknown
    : string extends N
      ? unknown
      : // Any name may be that of an own definition. At boot, a wrong name is refused.
        HasUnknownNames<Own> extends true
        ? unknown
        : { readonly provider: unknown });

/** The names that an editor offers. `P` follows from the names that are written, so it offers none. */
type OfferedNames = { readonly [N in BuiltInProviderName]?: unknown };

/** The options of {@link PaymentsAuthModule.forRoot}. */
export interface PaymentsAuthModuleOptions<
  P extends { readonly [N in keyof P]: ProviderChoice } = AnyProviders,
  Own extends OwnDefinitions = OwnDefinitions,
> {
  /**
   * Providers by name, each configured by its variables alone, all of its required ones. Combines with `providers`.
   *
   * @default where `providers` are absent too: those of Cashfin, Kashier, PesaPal, ClickPesa, WakaPay and Cryptofuse
   *   whose variables are set
   */
  readonly fromEnvironment?: readonly (BuiltInProviderName | Own[number]['name'])[];
  /** The providers, by the name under which they are injected. @default those of `fromEnvironment` */
  readonly providers?: { readonly [N in keyof P]: ProviderOptions<N, P[N], Own> } & OfferedNames;
  /** The store through which a fleet shares its tokens. @default each process keeps its own, in memory */
  readonly store?: TokenStore;
  /** Writes one JSON line per event through Nest's logger, context `PaymentsAuthAudit`. @default false */
  readonly auditLog?: boolean;
  /**
   * How many merchants of a provider are kept in memory at most. Beyond that the least recently used one is dropped,
   * and loaded again when a call names it.
   *
   * @default 100_000
   */
  readonly maxAccounts?: number;
  /** How many token requests one endpoint sees at once, at most; a quarter of them may be renewals. @default 32 */
  readonly maxTokenRequests?: number;
}

/** The options that are given beside the factory, because the module is built before the factory runs. */
export interface PaymentsAuthModuleExtras<Own extends OwnDefinitions = OwnDefinitions> {
  /** Whether every module has the injectables. @default true */
  readonly isGlobal?: boolean;
  /**
   * Providers of your own. Their names, options and injectables are then like those of built-in providers.
   *
   * @default none
   */
  readonly definitions?: Own;
  /** More names that get injectables: second registrations, for options that only the factory knows. */
  readonly providerNames?: readonly string[];
}

/**
 * A value or its promise. Where every option is optional, the compiler takes a promise for options; `then` prevents
 * that.
 */
type Eventually<T> = Promise<T | undefined> | (T & { readonly then?: never }) | undefined;

/** Refuses options that `T` does not have. The compiler itself does not look for them in what a function returns. */
type NoneBut<T, Given> = {
  readonly [Key in Exclude<keyof Given, keyof T> & string]?: Readonly<
    Record<`no option is called "${Key}"`, true>
  >;
};

/** Refuses unknown names of options in what a factory returns: those of the module, and those of each provider. */
type KnownOptions<Returned> = Returned extends object
  ? NoneBut<PaymentsAuthModuleOptions, Returned> &
      (Returned extends { readonly providers?: infer Providers }
        ? {
            readonly providers?: {
              readonly [N in keyof Providers]: NoneBut<ProviderOptions, NonNullable<Providers[N]>>;
            };
          }
        : unknown)
  : unknown;

/** Refuses a factory that returns options which do not exist. */
export type KnownOptionsOf<Factory> = Factory extends (...args: never[]) => infer Returned
  ? { readonly useFactory?: (...args: never[]) => Eventually<KnownOptions<Awaited<Returned>>> }
  : unknown;

/** Provides the options; for `useClass` and `useExisting`. */
export interface PaymentsAuthOptionsFactory {
  /** Returns the options; `undefined` and `{}` mean what `forRoot()` means. */
  createPaymentsAuthOptions(): Eventually<PaymentsAuthModuleOptions>;
}

/** The options of {@link PaymentsAuthModule.forRootAsync}: exactly one of the three `use…`. */
export type PaymentsAuthModuleAsyncOptions<
  P extends { readonly [N in keyof P]: ProviderChoice } = AnyProviders,
  Own extends OwnDefinitions = OwnDefinitions,
> = Pick<ModuleMetadata, 'imports'> &
  PaymentsAuthModuleExtras<Own> &
  (
    | {
        /** What {@link useFactory} is called with. */
        readonly inject?: FactoryProvider['inject'];
        /** Returns the options; `undefined` and `{}` mean what `forRoot()` means. */
        readonly useFactory: (
          // oxlint-disable-next-line typescript/no-explicit-any -- its parameters are whatever `inject` names
          ...args: any[]
        ) => Eventually<PaymentsAuthModuleOptions<P, Own>>;
        readonly useClass?: undefined;
        readonly useExisting?: undefined;
      }
    | {
        /** A class that provides the options, made for this module. */
        readonly useClass: Type<PaymentsAuthOptionsFactory>;
        readonly inject?: undefined;
        readonly useFactory?: undefined;
        readonly useExisting?: undefined;
      }
    | {
        /** A provider of the application that provides the options. */
        readonly useExisting: InjectionToken<PaymentsAuthOptionsFactory>;
        readonly inject?: undefined;
        readonly useFactory?: undefined;
        readonly useClass?: undefined;
      }
  );
