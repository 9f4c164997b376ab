import {
  type CanActivate,
  type ExecutionContext,
  HttpException,
  Injectable,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isPaymentsAuthError } from '../payments-auth.errors.js';
import { PaymentsSignaturesService } from './payments-signatures.service.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { attachDelivery, type HttpRequest, messageOf } from './verified-request.js';
import { WebhookLog } from './webhook-log.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import { WEBHOOK_ROUTE, type WebhookRoute, type WebhookRouteRequest } from './webhook-route.js';

const DEFAULT_MAX_BYTES = 1_048_576;

/**
 * Lets a request through when it is a genuine message of the provider that `@VerifiedWebhook(name)` names, and keeps
 * what was verified for `@VerifiedDelivery()`.
 *
 * Whatever is wrong with a message, the answer is the same 401; the log says why. A message delivered again is let
 * through again: only the handler's own transaction knows whether it was handled. 503 when the keys cannot be had.
 */
@Injectable()
export class PaymentsWebhookGuard implements CanActivate {
  /** @internal Made by Nest; `@VerifiedWebhook` brings it. */
  constructor(
    private readonly reflector: Reflector,
    private readonly signatures: PaymentsSignaturesService,
    private readonly rawBodies: RawBodyWatch,
    private readonly log: WebhookLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = this.reflector.getAllAndOverride<WebhookRoute | undefined>(WEBHOOK_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    // A guard without a provider to verify must not pass for one that has verified something.
    if (route === undefined || context.getType() !== 'http') {
      throw this.#refuse(route?.provider ?? context.getClass().name, 'no-webhook-route');
    }
    const request = context.switchToHttp().getRequest<HttpRequest>();
    attachDelivery(request, await this.#verify(route, request));
    return true;
  }

  async #verify(route: WebhookRoute, request: HttpRequest): Promise<WebhookDelivery> {
    const { provider, maxBytes = DEFAULT_MAX_BYTES } = route;
    const message = messageOf(request);
    if ((message.rawBody?.byteLength ?? 0) > maxBytes) throw this.#refuse(provider, 'too-large');
    try {
      const account = route.account?.(routeRequest(request));
      if (route.account !== undefined && (typeof account !== 'string' || account === '')) {
        throw this.#refuse(provider, 'no-account');
      }
      const examination = await this.signatures.examineWebhook(provider, message, account);
      if (examination.refusal === 'no-body' && this.#keptNoBytes(request))
        throw this.#misconfigured(provider);
      if (examination.refusal !== undefined) throw this.#refuse(provider, examination.refusal);
      return { provider, ...(account === undefined ? {} : { account }), ...examination.evidence };
    } catch (error) {
      if (error instanceof HttpException) throw error;
      if (!isPaymentsAuthError(error)) throw this.#refuse(provider, 'malformed');
      this.log.failed(provider, error.message);
      throw new ServiceUnavailableException();
    }
  }

  /** Whether there was a body, and only what it was parsed to is left. */
  #keptNoBytes({ body }: HttpRequest): boolean {
    return body !== undefined && body !== null && this.rawBodies.state !== 'enabled';
  }

  #misconfigured(provider: string): InternalServerErrorException {
    this.log.failed(
      provider,
      'the body was parsed and its bytes were not kept: create the application with { rawBody: true }',
    );
    return new InternalServerErrorException();
  }

  #refuse(provider: string, reason: string): UnauthorizedException {
    this.log.refused(provider, reason);
    return new UnauthorizedException();
  }
}

function routeRequest({ params, query, headers }: HttpRequest): WebhookRouteRequest {
  return {
    params: (params ?? {}) as WebhookRouteRequest['params'],
    query: (query ?? {}) as WebhookRouteRequest['query'],
    headers: headers ?? {},
  };
}
