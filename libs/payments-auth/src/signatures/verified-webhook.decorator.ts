import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { BuiltInProviderName } from '../providers/index.js';
import { PaymentsWebhookGuard } from './payments-webhook.guard.js';
import { verifiedDelivery } from './verified-request.js';
import { WEBHOOK_ROUTE, type WebhookRouteOptions } from './webhook-route.js';

/**
 * Lets only genuine messages of a provider reach a controller or a handler: {@link PaymentsWebhookGuard} comes along.
 * The application has to be created with `{ rawBody: true }`.
 *
 * @param provider the name the provider is registered under
 */
export function VerifiedWebhook(
  provider: BuiltInProviderName | (string & {}),
  options: WebhookRouteOptions = {},
): ClassDecorator & MethodDecorator {
  return applyDecorators(
    SetMetadata(WEBHOOK_ROUTE, { ...options, provider }),
    UseGuards(PaymentsWebhookGuard),
  );
}

/** The `WebhookDelivery` that {@link VerifiedWebhook} let through. */
export const VerifiedDelivery: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => {
    const delivery = verifiedDelivery(context.switchToHttp().getRequest<object>());
    if (delivery !== undefined) return delivery;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `@VerifiedDelivery() in ${context.getClass().name} has nothing to give. Put @VerifiedWebhook(provider) on the same route.`,
    );
  },
);
