import { type FactoryProvider, type InjectionToken, Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ModulesContainer } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CredentialRegistry } from './credentials/credential.registry.js';
import { withoutTrailingSlash } from './options/base-url.js';
import { resolveOptions } from './options/options.resolver.js';
import { type VariableSource, variablesOf } from './options/variables.js';
import { InjectionCheck, isLoadedLazily, PaymentsAuthBootCheck } from './payments-auth.boot-check.js';
import { type Clock, systemClock } from './payments-auth.clock.js';
import { auditEvent, EventLog } from './payments-auth-event.log.js';
import { PaymentsAuthEvents } from './payments-auth.events.js';
import type { AnyProviderDefinition, PaymentsAuthModuleOptions } from './payments-auth.options.js';
import { ownCopy } from './own-properties.js';
import { PaymentsAuthService } from './payments-auth.service.js';
import {
  getCredentialsToken,
  getPaymentsHttpToken,
  PAYMENTS_AUTH_CLOCK,
  PAYMENTS_AUTH_OPTIONS,
  PAYMENTS_AUTH_PROVIDERS,
} from './payments-auth.tokens.js';
import { ProviderServices } from './provider-services.js';
import type { ConfiguredProvider } from './providers/configured-provider.js';
import { BUILT_IN_PROVIDERS, FOUND_BY_VARIABLES } from './providers/index.js';
import type { HowToAdd } from './providers/not-configured.js';
import { CredentialScheduler } from './scheduler/credential.scheduler.js';
import { SIGNATURE_EXPORTS, signatureProviders } from './signatures/signature.providers.js';
import { AxiosTokenTransport } from './strategies/axios-token-transport.js';

/**
 * The options behind a function. Nest keeps what it injects. A log of a module or of its container would otherwise
 * print the raw options with every secret in them (R14).
 */
export type SealedOptions = () => PaymentsAuthModuleOptions | undefined;

/** The token of the words that the testing kit says in place of "add it to PaymentsAuthModule". */
const HOW_TO_ADD = 'PAYMENTS_AUTH:HOW_TO_ADD';

/** How many warnings get a line of their own. One more line says how many others there are. */
const MOST_WARNINGS = 20;

/** The facts of an application that are known while its module is being built. */
export interface ModuleNames {
  /** The names that `forRoot` was given; none where a factory gives them later. */
  readonly named: readonly string[];
  /** Still unchecked, as are the names beside them. */
  readonly definitions: readonly AnyProviderDefinition[];
  readonly providerNames: readonly string[];
}

/** The providers of the module: the given options, resolved once and injected everywhere. */
export function moduleParts({ named, definitions, providerNames }: ModuleNames): {
  providers: FactoryProvider[];
  exports: InjectionToken[];
} {
  const names = [
    // All of the six are injectable, also without configuration, so that the error says what to do. A longer list
    // would make every boot slower.
    ...FOUND_BY_VARIABLES.map(({ name }) => name),
    ...(Array.isArray(definitions) ? definitions : []).map(
      (each) => (each as AnyProviderDefinition | undefined)?.name,
    ),
    ...named,
    ...(Array.isArray(providerNames) ? providerNames : []),
  ];
  const known = [...new Set(names.filter((name) => typeof name === 'string'))];
  const injectables = injectablesOf(known);
  const signatures = signatureProviders({
    configuredProviders: PAYMENTS_AUTH_PROVIDERS,
    credentials: CredentialRegistry,
    clock: PAYMENTS_AUTH_CLOCK,
    events: PaymentsAuthEvents,
    http: PaymentsAuthService,
    names: known,
  });
  return {
    providers: [
      { provide: PAYMENTS_AUTH_CLOCK, useFactory: () => systemClock },
      resolvedProviders(definitions, providerNames),
      events,
      registry,
      services,
      service,
      scheduler,
      bootCheck,
      injectionCheck(known),
      ...signatures,
      ...injectables,
    ],
    exports: [PaymentsAuthService, ...SIGNATURE_EXPORTS, ...injectables.map(({ provide }) => provide)],
  };
}

function resolvedProviders(
  definitions: readonly AnyProviderDefinition[],
  providerNames: unknown,
): FactoryProvider {
  return {
    provide: PAYMENTS_AUTH_PROVIDERS,
    // A global ConfigModule is found whatever the order of imports.
    inject: [PAYMENTS_AUTH_OPTIONS, { token: ConfigService, optional: true }],
    useFactory: async (options: SealedOptions, config?: VariableSource) => {
      const { providers, warnings } = await resolveOptions(options(), {
        builtIns: BUILT_IN_PROVIDERS,
        foundByVariables: FOUND_BY_VARIABLES,
        definitions,
        variables: variablesOf(config),
        providerNames,
      });
      const logger = new Logger('PaymentsAuthModule');
      for (const warning of warnings.slice(0, MOST_WARNINGS)) logger.warn(warning);
      if (warnings.length > MOST_WARNINGS)
        logger.warn(`and ${warnings.length - MOST_WARNINGS} more like these`);
      if (providers.length === 0) logger.warn(NOTHING_CONFIGURED);
      else logger.log(`PaymentsAuth: ${providers.map(whereItGoes).join(', ')}`);
      return providers;
    },
  };
}

const NOTHING_CONFIGURED =
  'PaymentsAuth: no provider is configured. Name one in PaymentsAuthModule.forRoot({ providers }) or fromEnvironment, or set its variables.';

/** The line for operators at each boot: the environment, or the base URL where it is another one. */
function whereItGoes({ name, definition, environment, hosts, defaultHost }: ConfiguredProvider): string {
  const baseUrl = hosts[defaultHost];
  const declared = environment === undefined ? {} : definition.environments[environment];
  const urls = typeof declared === 'string' ? [declared] : Object.values(declared ?? {});
  // A base URL with a placeholder is no complete URL yet. It is shown as the definition has it.
  const isDeclared = urls.some((url) => (url.includes('{') ? url : withoutTrailingSlash(url)) === baseUrl);
  const place = [environment, isDeclared ? undefined : `base URL ${baseUrl}`].filter(Boolean).join(', ');
  return `${name} (${place})`;
}

const events: FactoryProvider = {
  provide: PaymentsAuthEvents,
  inject: [PAYMENTS_AUTH_OPTIONS],
  useFactory: (options: SealedOptions) => {
    const hub = new PaymentsAuthEvents();
    const logger = new Logger('PaymentsAuth');
    const log = new EventLog(logger);
    hub.events$.subscribe((event) => log.write(event));
    if (given(options).auditLog === true) {
      const audit = new Logger('PaymentsAuthAudit');
      hub.events$.subscribe((event) => auditEvent(event, audit));
    }
    return hub;
  },
};

const registry: FactoryProvider = {
  provide: CredentialRegistry,
  inject: [PAYMENTS_AUTH_PROVIDERS, PAYMENTS_AUTH_OPTIONS, PAYMENTS_AUTH_CLOCK, PaymentsAuthEvents],
  useFactory: (
    providers: readonly ConfiguredProvider[],
    options: SealedOptions,
    clock: Clock,
    hub: PaymentsAuthEvents,
  ) => {
    const { store, maxAccounts, maxTokenRequests } = given(options);
    return new CredentialRegistry(providers, {
      clock,
      transport: ({ http, tokenRequest = {} }) => {
        const { timeoutMs, headers } = tokenRequest;
        return new AxiosTokenTransport({
          clock,
          http,
          ...(timeoutMs === undefined ? {} : { deadlineMs: timeoutMs }),
          ...(headers === undefined ? {} : { headers }),
        });
      },
      emit: hub.emit,
      ...(store === undefined ? {} : { store }),
      ...(maxAccounts === undefined ? {} : { maxAccounts }),
      ...(maxTokenRequests === undefined
        ? {}
        : { maxTokenRequests, maxRenewals: Math.ceil(maxTokenRequests / 4) }),
    });
  },
};

const services: FactoryProvider = {
  provide: ProviderServices,
  inject: [
    PAYMENTS_AUTH_PROVIDERS,
    CredentialRegistry,
    PAYMENTS_AUTH_CLOCK,
    { token: HOW_TO_ADD, optional: true },
  ],
  useFactory: (
    providers: readonly ConfiguredProvider[],
    credentials: CredentialRegistry,
    clock: Clock,
    howToAdd?: HowToAdd,
  ) => new ProviderServices(providers, credentials, clock, howToAdd),
};

const service: FactoryProvider = {
  provide: PaymentsAuthService,
  inject: [ProviderServices, CredentialRegistry, PaymentsAuthEvents],
  useFactory: (each: ProviderServices, credentials: CredentialRegistry, hub: PaymentsAuthEvents) =>
    new PaymentsAuthService(each, credentials, hub),
};

const scheduler: FactoryProvider = {
  provide: CredentialScheduler,
  inject: [
    CredentialRegistry,
    PAYMENTS_AUTH_CLOCK,
    ModulesContainer,
    { token: SchedulerRegistry, optional: true },
  ],
  useFactory: (
    credentials: CredentialRegistry,
    clock: Clock,
    modules: ModulesContainer,
    timers?: SchedulerRegistry,
  ) => {
    const renewing = new CredentialScheduler(credentials, clock, timers);
    // Nest calls no hook in a module that is loaded lazily.
    if (isLoadedLazily(modules)) renewing.start();
    return renewing;
  },
};

const bootCheck: FactoryProvider = {
  provide: PaymentsAuthBootCheck,
  inject: [ModulesContainer],
  useFactory: async (modules: ModulesContainer) => {
    const check = new PaymentsAuthBootCheck(modules);
    if (isLoadedLazily(modules)) await check.onLazyLoad();
    return check;
  },
};

function injectionCheck(names: readonly string[]): FactoryProvider {
  return {
    provide: InjectionCheck,
    inject: [ModulesContainer, PAYMENTS_AUTH_PROVIDERS, { token: HOW_TO_ADD, optional: true }],
    useFactory: (
      modules: ModulesContainer,
      providers: readonly ConfiguredProvider[],
      howToAdd?: HowToAdd,
    ) => {
      const configured = providers.map(({ name }) => name);
      const check = new InjectionCheck(modules, { configured, names, howToAdd });
      if (isLoadedLazily(modules)) check.onModuleInit();
      return check;
    },
  };
}

/** Two injectables for each name. */
function injectablesOf(names: readonly string[]): FactoryProvider[] {
  return names.flatMap((name) => [
    {
      provide: getPaymentsHttpToken(name),
      inject: [ProviderServices],
      useFactory: (each: ProviderServices) => each.http(name),
    },
    {
      provide: getCredentialsToken(name),
      inject: [ProviderServices],
      useFactory: (each: ProviderServices) => each.credentials(name),
    },
  ]);
}

/** The options as an object. They are used only after they have been checked. */
function given(options: SealedOptions): PaymentsAuthModuleOptions {
  return ownCopy(options() ?? {});
}
