import { Logger, type OnModuleInit } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isPaymentsAuthError, PaymentsAuthError } from '../payments-auth.errors.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { WEBHOOK_ROUTE, type WebhookRoute } from './webhook-route.js';

/** Stops the boot when a route takes webhooks that could never be verified, with everything that is wrong at once. */
export class WebhookBootCheck implements OnModuleInit {
  readonly #logger = new Logger('PaymentsWebhook');

  constructor(
    private readonly modules: ModulesContainer,
    private readonly signatures: PaymentsSignaturesService,
    private readonly rawBodies: RawBodyWatch,
  ) {}

  async onModuleInit(): Promise<void> {
    const problems = new Set<string>();
    const routes = this.#routes();
    for (const route of routes) {
      for (const problem of await this.#problems(route)) problems.add(problem);
    }
    const signed = routes.find((route) => this.#needsRawBody(route.provider));
    if (signed !== undefined && this.rawBodies.state === 'disabled') {
      problems.add(
        `@VerifiedWebhook('${signed.provider}') needs the bytes of the request body: create the application with { rawBody: true }`,
      );
    }
    if (problems.size === 0) return;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Webhooks cannot be verified:\n${[...problems].map((problem) => `  - ${problem}`).join('\n')}`,
      { problems: [...problems] },
    );
  }

  /** What is wrong with the provider's keys. */
  async #problems({ provider: name, account }: WebhookRoute): Promise<readonly string[]> {
    try {
      await this.signatures.checkKeys(name, account !== undefined);
      return [];
    } catch (error) {
      if (!isPaymentsAuthError(error)) throw error;
      if (error.code === 'INVALID_OPTIONS') return [`@VerifiedWebhook('${name}'): ${error.message}`];
      // A provider that is left out here, or a secret manager that is down, must not keep the others from starting.
      this.#logger.warn(`@VerifiedWebhook('${name}') refuses every message for now: ${error.message}`);
      return [];
    }
  }

  #needsRawBody(name: string): boolean {
    try {
      return this.signatures.webhook(name).algorithm !== 'none';
    } catch {
      return false;
    }
  }

  /** Every route of the application that takes webhooks, whether its controller or its method says so. */
  #routes(): WebhookRoute[] {
    const scanner = new MetadataScanner();
    const routes: WebhookRoute[] = [];
    for (const module of this.modules.values()) {
      for (const { metatype } of module.controllers.values()) {
        if (typeof metatype !== 'function') continue;
        const prototype = metatype.prototype as Record<string, object>;
        const handlers = scanner.getAllMethodNames(prototype).map((name) => prototype[name] as object);
        for (const target of [metatype, ...handlers]) {
          const route = Reflect.getMetadata(WEBHOOK_ROUTE, target) as WebhookRoute | undefined;
          if (route !== undefined) routes.push(route);
        }
      }
    }
    return routes;
  }
}
