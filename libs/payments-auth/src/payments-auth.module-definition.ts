import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
  type ValueProvider,
} from '@nestjs/common';
import { type SealedOptions, moduleParts } from './payments-auth.providers.js';
import type { PaymentsAuthModuleExtras, PaymentsAuthModuleOptions } from './payments-auth.options.js';
import { PAYMENTS_AUTH_OPTIONS } from './payments-auth.tokens.js';

const EXTRAS: Required<PaymentsAuthModuleExtras> = { isGlobal: true, definitions: [], providerNames: [] };

/**
 * `forRoot` and `forRootAsync`, whose parameters `PaymentsAuthModule` types. Always transient, because two calls with
 * equal options could otherwise collapse into one module, and the second would go unnoticed instead of being refused.
 */
export const ConfigurableModuleClass = new ConfigurableModuleBuilder<PaymentsAuthModuleOptions>({
  optionsInjectionToken: PAYMENTS_AUTH_OPTIONS,
  alwaysTransient: true,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createPaymentsAuthOptions')
  .setExtras<PaymentsAuthModuleExtras>(EXTRAS, assemble)
  .build().ConfigurableModuleClass as (new () => object) & {
  forRoot(options: never): DynamicModule;
  forRootAsync(options: never): DynamicModule;
};

function assemble(definition: DynamicModule, extras: PaymentsAuthModuleExtras): DynamicModule {
  const given = definition.providers ?? [];
  const { definitions = [], providerNames = [] } = extras;
  const { providers, exports } = moduleParts({
    named: namesIn(given.find(isOptions)),
    definitions,
    providerNames,
  });
  return {
    ...definition,
    global: extras.isGlobal ?? true,
    providers: [...given.map((each) => (isOptions(each) ? sealed(each) : each)), ...providers],
    exports: [...(definition.exports ?? []), ...exports],
  };
}

function isOptions(provider: Provider): provider is ValueProvider | FactoryProvider {
  return 'provide' in provider && provider.provide === PAYMENTS_AUTH_OPTIONS;
}

function sealed(provider: ValueProvider | FactoryProvider): FactoryProvider<SealedOptions> {
  if ('useValue' in provider) {
    const options = provider.useValue as PaymentsAuthModuleOptions;
    return { provide: PAYMENTS_AUTH_OPTIONS, useFactory: () => () => options };
  }
  const { useFactory, inject } = provider;
  return {
    provide: PAYMENTS_AUTH_OPTIONS,
    useFactory: async (...injected: unknown[]) => {
      const options = (await useFactory(...injected)) as PaymentsAuthModuleOptions | undefined;
      return () => options;
    },
    ...(inject === undefined ? {} : { inject }),
  };
}

/** The names in the options of `forRoot`. The options of a factory are not known while the module is being built. */
function namesIn(options: ValueProvider | FactoryProvider | undefined): string[] {
  if (options === undefined || !('useValue' in options)) return [];
  const { providers, fromEnvironment } = options.useValue as PaymentsAuthModuleOptions;
  return [
    ...(typeof providers === 'object' && providers !== null ? Object.keys(providers) : []),
    ...(Array.isArray(fromEnvironment) ? fromEnvironment.filter((name) => typeof name === 'string') : []),
  ];
}
