import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ownCopy } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { BuiltInProviderName } from '../providers/index.js';
import { AcknowledgingInterceptor } from './acknowledging.interceptor.js';
import { PaymentsWebhookGuard } from './payments-webhook.guard.js';
import { type VerifiedRequest, verifiedRequest } from './webhook-request.js';
import { WEBHOOK_ROUTE, type WebhookRouteOptions } from './webhook-route.js';

/**
 * Lets only genuine messages of a provider reach a controller or a handler, by {@link PaymentsWebhookGuard}. The
 * application has to be created with `{ rawBody: true }`.
 *
 * @param provider the name the provider is registered under
 */
export function VerifiedWebhook(
  provider: BuiltInProviderName | (string & {}),
  options: WebhookRouteOptions = {},
): ClassDecorator & MethodDecorator {
  return applyDecorators(
    SetMetadata(WEBHOOK_ROUTE, ownCopy({ ...options, provider })),
    UseGuards(PaymentsWebhookGuard),
    UseInterceptors(AcknowledgingInterceptor),
  );
}

/**
 * The `WebhookDelivery` that {@link VerifiedWebhook} let through. For a provider that sends batches, take
 * {@link VerifiedDeliveries}.
 */
export const VerifiedDelivery: () => ParameterDecorator = createParamDecorator(oneDelivery);

/** Every `WebhookDelivery` of the message: the items of a batch, or the only one in a list. */
export const VerifiedDeliveries: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => verifiedOf(context, '@VerifiedDeliveries()').deliveries,
);

/** The factory of `@VerifiedDelivery()`. The boot looks for it on routes of providers that send batches. @internal */
export function oneDelivery(_data: unknown, context: ExecutionContext): unknown {
  const { deliveries, isBatch } = verifiedOf(context, '@VerifiedDelivery()');
  if (!isBatch) return deliveries[0];
  throw new PaymentsAuthError(
    'INVALID_OPTIONS',
    `@VerifiedDelivery() in ${context.getClass().name} gives one delivery, and this provider sends batches. Take @VerifiedDeliveries().`,
  );
}

function verifiedOf(context: ExecutionContext, decorator: string): VerifiedRequest {
  const verified = verifiedRequest(context.switchToHttp().getRequest<object>());
  if (verified !== undefined) return verified;
  throw new PaymentsAuthError(
    'INVALID_OPTIONS',
    `${decorator} in ${context.getClass().name} has nothing to give. Put @VerifiedWebhook(provider) on the same route.`,
  );
}
