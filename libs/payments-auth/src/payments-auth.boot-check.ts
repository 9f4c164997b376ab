import { Logger, type OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bootError } from './payments-auth.errors.js';
import { getCredentialsToken, getPaymentsHttpToken, PAYMENTS_AUTH_OPTIONS } from './payments-auth.tokens.js';
import { type HowToAdd, notConfigured } from './providers/not-configured.js';

/** The metadata keys of the tokens that `@Inject` names for the parameters of a constructor, and for properties. */
const CONSTRUCTOR_TOKENS = 'self:paramtypes';
const PROPERTY_TOKENS = 'self:properties_metadata';

type NestModule = ReturnType<ModulesContainer['values']> extends Iterator<infer M> ? M : never;
type NestProvider = ReturnType<NestModule['providers']['values']> extends Iterator<infer P> ? P : never;

/**
 * Refuses options that depend on a request. Each request would make everything again, with a login of its own, and
 * nothing would exist at boot. This class depends on no provider of this module, so that Nest makes it at boot in that
 * case too.
 */
export class PaymentsAuthBootCheck implements OnModuleInit {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  /**
   * The same in a module that is loaded lazily, where Nest runs no hook. Nest makes the providers of a module side by
   * side. One turn of the event loop later, it knows the dependencies of each.
   *
   * @throws PaymentsAuthError INVALID_OPTIONS
   */
  async onLazyLoad(): Promise<void> {
    await nextTurn();
    this.onModuleInit();
  }

  /** @throws PaymentsAuthError INVALID_OPTIONS */
  onModuleInit(): void {
    const options = hostIn(this.#modules)?.providers.get(PAYMENTS_AUTH_OPTIONS);
    if (options?.isDependencyTreeStatic() !== false) return;
    throw bootError(
      'The options of PaymentsAuthModule depend on a request: forRootAsync injects a provider with Scope.REQUEST, or one that depends on such a provider. Every request would log in anew. Inject only what lives as long as the application. Give merchants that differ by request in the option accounts.',
      ['forRootAsync.inject: depends on a request'],
    );
  }
}

/**
 * Warns of providers that are injected and not configured. The application starts without them, because some providers
 * are optional. Each of their calls fails.
 */
export class InjectionCheck implements OnModuleInit {
  readonly #modules: ModulesContainer;
  readonly #configured: readonly string[];
  readonly #names: readonly string[];
  readonly #howToAdd: HowToAdd | undefined;

  constructor(
    modules: ModulesContainer,
    given: {
      readonly configured: readonly string[];
      /** All names that have injectables. */
      readonly names: readonly string[];
      readonly howToAdd?: HowToAdd | undefined;
    },
  ) {
    this.#modules = modules;
    this.#configured = given.configured;
    this.#names = given.names;
    this.#howToAdd = given.howToAdd;
  }

  onModuleInit(): void {
    const logger = new Logger('PaymentsAuthModule');
    for (const name of this.#names) {
      if (this.#configured.includes(name)) continue;
      const places = this.#injectedInto([getPaymentsHttpToken(name), getCredentialsToken(name)]);
      if (places.length === 0) continue;
      const { message } = notConfigured(name, this.#configured, this.#howToAdd);
      logger.warn(`${message} It is injected into ${places.join(', ')}, where every call will fail.`);
    }
  }

  #injectedInto(tokens: readonly unknown[]): string[] {
    const places = new Set<string>();
    for (const { providers, controllers, injectables } of this.#modules.values())
      for (const each of [...providers.values(), ...controllers.values(), ...injectables.values()])
        if (injectedBy(each).some((token) => tokens.includes(token))) places.add(String(each.name));
    return [...places];
  }
}

/** The tokens in the `inject` of a factory, or in `@Inject` in a class. They are known before anything is made. */
function injectedBy({ inject, metatype }: NestProvider): unknown[] {
  if (typeof metatype !== 'function' || inject) return (inject ?? []).map(tokenOf);
  const ofConstructor = Reflect.getMetadata(CONSTRUCTOR_TOKENS, metatype) as { param: unknown }[] | undefined;
  const ofProperties = Reflect.getMetadata(PROPERTY_TOKENS, metatype) as { type: unknown }[] | undefined;
  return [
    ...(ofConstructor ?? []).map(({ param }) => param),
    ...(ofProperties ?? []).map(({ type }) => type),
  ];
}

function tokenOf(injected: unknown): unknown {
  return typeof injected === 'object' && injected !== null && 'token' in injected ? injected.token : injected;
}

/**
 * Whether the application was running already when the module was loaded (`LazyModuleLoader`). Nest runs no hook then.
 * The imports of the root module lead to every module that is there from the start, and to no module that comes later.
 */
export function isLoadedLazily(modules: ModulesContainer): boolean {
  const host = hostIn(modules);
  const [, root] = modules.values();
  if (host === undefined || root === undefined) return false;
  const reached = new Set<NestModule>([root]);
  for (const each of reached) for (const imported of each.imports) reached.add(imported);
  return !reached.has(host);
}

function hostIn(modules: ModulesContainer): NestModule | undefined {
  return [...modules.values()].find(({ providers }) => providers.has(PAYMENTS_AUTH_OPTIONS));
}
