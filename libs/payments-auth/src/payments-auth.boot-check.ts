import type { OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { PaymentsAuthError } from './payments-auth.errors.js';
import { PAYMENTS_AUTH_OPTIONS } from './payments-auth.tokens.js';

type NestModule = ReturnType<ModulesContainer['values']> extends Iterator<infer M> ? M : never;

/**
 * Refuses options that depend on a request: each request would make everything anew, with a login of its own, and nothing
 * would be there at boot. Depends on nothing of this module's, so that it is made at boot also then.
 */
export class PaymentsAuthBootCheck implements OnModuleInit {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  /** @throws PaymentsAuthError INVALID_OPTIONS */
  onModuleInit(): void {
    const options = hostIn(this.#modules)?.providers.get(PAYMENTS_AUTH_OPTIONS);
    if (options?.isDependencyTreeStatic() !== false) return;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      'The options of PaymentsAuthModule depend on a request: forRootAsync injects a provider with Scope.REQUEST, or one that depends on such a provider. Every request would log in anew. Inject what lives as long as the application; merchants that differ by request belong into accounts.',
      { problems: ['forRootAsync.inject: depends on a request'] },
    );
  }
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
