import {
  type CanActivate,
  type ExecutionContext,
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
import type { WebhookMessage } from './webhook-message.js';
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

    const message = messageOf(request);
    const unreadable = this.#unreadable(route, request, message);
    if (unreadable !== undefined) throw unreadable;
    attachDelivery(request, await this.#verify(route, request, message));
    return true;
  }

  async #verify(route: WebhookRoute, request: HttpRequest, message: WebhookMessage) {
    const { provider } = route;
    try {
      const account = route.account?.(routeRequest(request));
      if (route.account !== undefined && (typeof account !== 'string' || account === '')) {
        throw this.#refuse(provider, 'no-account');
      }
      const examination = await this.signatures.examineWebhook(provider, message, account);
      if (examination.refusal !== undefined) throw this.#refuse(provider, examination.refusal);
      return { provider, ...(account === undefined ? {} : { account }), ...examination.evidence };
    } catch (error) {
      if (error instanceof UnauthorizedException) throw error;
      if (!isPaymentsAuthError(error)) throw this.#refuse(provider, 'malformed');
      this.log.failed(provider, error.message);
      throw new ServiceUnavailableException();
    }
  }

  /** What keeps a message from being read at all. Unsigned ones prove nothing, so a parsed body will do for them. */
  #unreadable(route: WebhookRoute, request: HttpRequest, message: WebhookMessage): Error | undefined {
    const { rawBody } = message;
    if (rawBody !== undefined) {
      return rawBody.byteLength > (route.maxBytes ?? DEFAULT_MAX_BYTES)
        ? this.#refuse(route.provider, 'too-large')
        : undefined;
    }
    const parsed = request.body !== undefined && request.body !== null;
    if (!parsed || this.rawBodies.state === 'enabled') return undefined;
    this.log.failed(
      route.provider,
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
