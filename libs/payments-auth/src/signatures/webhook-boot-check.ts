import { Logger, type OnModuleInit } from '@nestjs/common';
import { bootError, isPaymentsAuthError } from '../payments-auth.errors.js';
import { oneDelivery } from './verified-webhook.decorator.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { decoratorOf, routeOptionProblems, type WebhookRoute } from './webhook-route.js';
import type { WebhookHandler } from './webhook-routes.js';
import { WebhookVerifier } from './webhook-verifier.js';

/** The metadata key of a handler's parameters. */
const ROUTE_ARGUMENTS = '__routeArguments__';

/** Stops the boot when a route takes webhooks that could never be verified. The error names every problem at once. */
export class WebhookBootCheck implements OnModuleInit {
  readonly #logger = new Logger('PaymentsWebhook');

  constructor(
    private readonly handlers: readonly WebhookHandler[],
    private readonly verifier: WebhookVerifier,
    private readonly rawBodies: RawBodyWatch,
  ) {}

  async onModuleInit(): Promise<void> {
    const problems = new Set<string>();
    for (const handler of this.handlers) {
      for (const problem of await this.#problems(handler)) {
        problems.add(`${decoratorOf(handler.route.provider)}: ${problem}`);
      }
    }
    const signed = this.handlers.find(({ route }) => this.#needsBytes(route))?.route;
    if (signed !== undefined) this.#checkBytes(signed, problems);
    if (problems.size === 0) return;
    throw bootError(
      `Webhooks cannot be verified:\n${[...problems].map((problem) => `  - ${problem}`).join('\n')}`,
      [...problems],
    );
  }

  async #problems({ route, controller, name }: WebhookHandler): Promise<readonly string[]> {
    const ofOptions = routeOptionProblems(route);
    if (ofOptions.length > 0) return ofOptions;
    try {
      return [
        ...(await this.verifier.routeProblems(route)),
        ...(this.verifier.sendsBatches(route.provider, route.schemes) && takesOneDelivery(controller, name)
          ? [
              `${controller.name}.${name} takes @VerifiedDelivery(), and the messages are batches. Take @VerifiedDeliveries()`,
            ]
          : []),
      ];
    } catch (error) {
      if (!isPaymentsAuthError(error)) throw error;
      if (error.code === 'INVALID_OPTIONS') return [error.message];
      // A provider that this deployment leaves out, or a secret manager that is down, must not stop the boot.
      this.#logger.warn(`${decoratorOf(route.provider)} refuses every message for now: ${error.message}`);
      return [];
    }
  }

  #checkBytes({ provider }: WebhookRoute, problems: Set<string>): void {
    const { earlierParser: parser, state, remedy } = this.rawBodies;
    // A parser that runs earlier may keep the bytes. Only a message shows whether it does.
    if (parser !== undefined) {
      this.#logger.warn(
        `${decoratorOf(provider)} needs the bytes of the request body, and ${parser} stands before Nest's own parser. Unless it keeps them, every message is answered 500: ${remedy}.`,
      );
    } else if (state === 'disabled') {
      problems.add(
        `${decoratorOf(provider)} needs the bytes of the request body: create the application with { rawBody: true }`,
      );
    }
  }

  #needsBytes({ provider, schemes }: WebhookRoute): boolean {
    try {
      return this.verifier.needsBytes(provider, schemes);
    } catch {
      return false;
    }
  }
}

function takesOneDelivery(controller: object, name: string): boolean {
  const given = Reflect.getMetadata(ROUTE_ARGUMENTS, controller, name) as
    Readonly<Record<string, { factory?: unknown }>> | undefined;
  return Object.values(given ?? {}).some(({ factory }) => factory === oneDelivery);
}
