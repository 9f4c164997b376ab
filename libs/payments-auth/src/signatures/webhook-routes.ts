import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { WEBHOOK_ROUTE, type WebhookRoute } from './webhook-route.js';

/** Where Nest keeps the path of a controller or a handler. */
const PATH = 'path';

/** A handler that takes webhooks, whether its controller or its method says so. */
export interface WebhookHandler {
  readonly controller: new (...parameters: never[]) => unknown;
  readonly name: string;
  readonly method: object;
  readonly route: WebhookRoute;
  /** The paths of the controller. */
  readonly paths: readonly string[];
}

/** Every handler of the application that takes webhooks. */
export function webhookHandlers(modules: ModulesContainer): WebhookHandler[] {
  const scanner = new MetadataScanner();
  return [...modules.values()].flatMap(({ controllers }) =>
    [...controllers.values()].flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const controller = metatype as WebhookHandler['controller'];
      const prototype = controller.prototype as Record<string, object>;
      const ofClass = Reflect.getMetadata(WEBHOOK_ROUTE, controller) as WebhookRoute | undefined;
      return scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = prototype[name] as object;
        const own = Reflect.getMetadata(WEBHOOK_ROUTE, method) as WebhookRoute | undefined;
        const route = own ?? ofClass;
        // A method without a path is no handler.
        return route === undefined || !Reflect.hasMetadata(PATH, method)
          ? []
          : [{ controller, name, method, route, paths: pathsOf(controller) }];
      });
    }),
  );
}

function pathsOf(controller: object): readonly string[] {
  const path: unknown = Reflect.getMetadata(PATH, controller);
  return (Array.isArray(path) ? (path as unknown[]) : [path ?? '']).map((each) =>
    String(each).replace(/^\/|\/$/g, ''),
  );
}
