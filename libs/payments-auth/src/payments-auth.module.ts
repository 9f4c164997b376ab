import { type DynamicModule, Inject, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { kindOf } from './strategies/header-text.js';
import { PaymentsAuthError } from './payments-auth.errors.js';
import { PaymentsAuthEvents } from './payments-auth.events.js';
import { ConfigurableModuleClass } from './payments-auth.module-definition.js';
import type {
  OwnDefinitions,
  PaymentsAuthModuleAsyncOptions,
  PaymentsAuthModuleExtras,
  PaymentsAuthModuleOptions,
  ProviderChoice,
  KnownOptionsOf,
} from './payments-auth.options.js';

/**
 * Keeps an application authenticated to its payment providers. Import it once, in the root module; it is global.
 *
 * @example
 * ```ts
 * @Module({ imports: [ConfigModule.forRoot({ isGlobal: true }), PaymentsAuthModule.forRoot()] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class PaymentsAuthModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  readonly #events: PaymentsAuthEvents;

  /** @internal */
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Optional() @Inject(PaymentsAuthEvents) events: PaymentsAuthEvents | undefined,
  ) {
    super();
    const imported = [...modules.values()].filter(({ metatype }) => metatype === PaymentsAuthModule).length;
    if (imported > 1 || events === undefined) throw notOnce(imported);
    this.#events = events;
  }

  /**
   * Without `providers` and `fromEnvironment`, each of Cashfin, Kashier, PesaPal, ClickPesa, WakaPay and Cryptofuse
   * is configured if its variables are set: in the application's `ConfigService` when there is a global one, or else
   * in `process.env`. With either option, only the named providers are configured. A provider in `providers` without
   * `credentials` takes them from its variables.
   *
   * When an option is wrong, the boot stops with `INVALID_OPTIONS`, and the error names every wrong option.
   */
  static override forRoot<
    const P extends { readonly [N in keyof P]: ProviderChoice },
    const Own extends OwnDefinitions = readonly [],
  >(options?: PaymentsAuthModuleOptions<P, Own> & PaymentsAuthModuleExtras<Own>): DynamicModule {
    return super.forRoot((options ?? {}) as never);
  }

  /**
   * The same with options that come from a factory, a class or an existing provider. The module is built before the
   * options are known. So names other than those of `definitions` and of the six are injectable only if
   * `providerNames` lists them.
   */
  static override forRootAsync<
    const P extends { readonly [N in keyof P]: ProviderChoice },
    const Own extends OwnDefinitions = readonly [],
    Factory = unknown,
  >(
    options: PaymentsAuthModuleAsyncOptions<P, Own> & {
      readonly useFactory?: Factory;
    } & KnownOptionsOf<Factory>,
  ): DynamicModule {
    const ways = ([options.useFactory, options.useClass, options.useExisting] as unknown[]).filter(Boolean);
    if (ways.length !== 1)
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `PaymentsAuthModule.forRootAsync needs exactly one of useFactory, useClass and useExisting, and was given ${ways.length}.`,
      );
    const { useFactory } = options as { useFactory?: unknown };
    if (useFactory !== undefined && typeof useFactory !== 'function')
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `PaymentsAuthModule.forRootAsync: useFactory must be a function that returns the options, and is ${kindOf(useFactory)}. Write useFactory: () => ({ … }), or forRoot({ … }).`,
      );
    return super.forRootAsync(options as never);
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.#events.complete();
  }
}

function notOnce(imported: number): PaymentsAuthError {
  const remedy =
    'Import PaymentsAuthModule.forRoot() or .forRootAsync() once, in the root module: it is global, and every other module has its injectables without importing it.';
  return new PaymentsAuthError(
    'INVALID_OPTIONS',
    imported > 1
      ? `PaymentsAuthModule is imported ${imported} times in one application. ${remedy}`
      : `PaymentsAuthModule is imported as a bare class. ${remedy}`,
  );
}
