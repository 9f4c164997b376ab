import { type DynamicModule, Inject, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
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
   * Without `providers` and `fromEnvironment`, those of Cashfin, Kashier, PesaPal, ClickPesa, WakaPay and Cryptofuse are
   * configured whose variables are set: in the application's `ConfigService` when it has a global one, else in
   * `process.env`. Otherwise those that are named are, and no other; one of `providers` without `credentials` takes
   * them from its variables.
   *
   * The boot stops with `INVALID_OPTIONS` when anything is wrong, and names all of it.
   */
  static override forRoot<
    const P extends { readonly [N in keyof P]: ProviderChoice },
    const Own extends OwnDefinitions = readonly [],
  >(options?: PaymentsAuthModuleOptions<P, Own> & PaymentsAuthModuleExtras<Own>): DynamicModule {
    return super.forRoot((options ?? {}) as never);
  }

  /**
   * The same with options that come from a factory, a class or an existing provider. The module is built before they
   * are known: names besides those of `definitions` and of the six have to be said in `providerNames` to be injectable.
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
