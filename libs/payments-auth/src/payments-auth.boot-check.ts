import { Logger, type OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bootError } from './payments-auth.errors.js';
import { getCredentialsToken, getPaymentsHttpToken, PAYMENTS_AUTH_OPTIONS } from './payments-auth.tokens.js';
import { type HowToAdd, notConfigured } from './providers/not-configured.js';

/** Where Nest keeps what `@Inject` says of the parameters of a constructor, and of properties. */
const CONSTRUCTOR_TOKENS = 'self:paramtypes';
const PROPERTY_TOKENS = 'self:properties_metadata';

type NestModule = ReturnType<ModulesContainer['values']> extends Iterator<infer M> ? M : never;
type NestProvider = ReturnType<NestModule['providers']['values']> extends Iterator<infer P> ? P : never;

/**
 * Refuses options that depend on a request: each request would make everything anew, with a login of its own, and nothing
 * would be there at boot. Depends on nothing of this module's, so that it is made at boot also then.
 */
export class PaymentsAuthBootCheck implements OnModuleInit {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  /**
   * The same in a module that is loaded lazily, where Nest runs no hook. The providers of a module are made side by side:
   * a turn later Nest has found what each of them depends on.
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
      'The options of PaymentsAuthModule depend on a request: forRootAsync injects a provider with Scope.REQUEST, or one that depends on such a provider. Every request would log in anew. Inject what lives as long as the application; merchants that differ by request belong into accounts.',
      ['forRootAsync.inject: depends on a request'],
    );
  }
}

/**
 * Warns of providers that something injects and nobody has configured. The application starts without them, because some
 * are optional; each of their calls fails.
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
      /** All that have injectables. */
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

/** What a factory names in `inject`, and what `@Inject` says of a class: known before anything is made. */
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
 * Whether the application was running already when the module was loaded (`LazyModuleLoader`). Nest runs no hook then. The
 * root module leads to everything that is there from the start, and to nothing that comes later.
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
