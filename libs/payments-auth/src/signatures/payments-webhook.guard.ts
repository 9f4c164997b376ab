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
import { ReceivedMessage } from '../providers/webhooks/received-message.js';
import { RawBodyWatch } from './raw-body-watch.js';
import { WebhookLog } from './webhook-log.js';
import {
  BytesGone,
  bytesOf,
  type HttpRequest,
  keepVerified,
  partsOf,
  UnreadableBody,
} from './webhook-request.js';
import { WEBHOOK_ROUTE, type WebhookRoute } from './webhook-route.js';
import { type VerifiedMessage, WebhookVerifier } from './webhook-verifier.js';

/** 1 MiB */
const DEFAULT_MAX_BYTES = 1_048_576;

/**
 * Lets a request through when it is a genuine message of the provider that `@VerifiedWebhook(name)` names, and keeps
 * the verified delivery for `@VerifiedDelivery()`.
 *
 * Every message that is not genuine gets the same 401, and the log says why. A repeated delivery is let through
 * again, because only the handler's own transaction knows whether the first one was handled. The guard answers 500
 * when the application has lost the bytes of the body, and 503 when the keys are not available.
 */
@Injectable()
export class PaymentsWebhookGuard implements CanActivate {
  /** @internal Made by Nest; `@VerifiedWebhook` brings it. */
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: WebhookVerifier,
    private readonly rawBodies: RawBodyWatch,
    private readonly log: WebhookLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = this.reflector.getAllAndOverride<WebhookRoute | undefined>(WEBHOOK_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    // A guard without a provider verifies nothing, so it must not let the request through.
    if (route === undefined || context.getType() !== 'http') {
      throw this.#refuse(route?.provider ?? context.getClass().name, 'no-webhook-route');
    }
    const request = context.switchToHttp().getRequest<HttpRequest>();
    keepVerified(request, await this.#verify(route, request));
    return true;
  }

  async #verify(route: WebhookRoute, request: HttpRequest): Promise<VerifiedMessage> {
    const { provider } = route;
    try {
      const message = new ReceivedMessage(partsOf(request, await this.#bytes(route, request), route.url));
      const account = accountOf(route, request, message);
      if (route.account !== undefined && account === undefined) throw this.#refuse(provider, 'no-account');
      const verified = await this.verifier.examine(provider, message, { ...route, account });
      if (verified.refusal !== undefined) throw this.#refuse(provider, verified.refusal);
      // Where no parser of the application took the body, `@Body()` of the handler gets the verified payload.
      if (needsBody(request)) request.body = verified.body;
      return verified;
    } catch (error) {
      if (error instanceof HttpException) throw error;
      if (error instanceof UnreadableBody) throw this.#refuse(provider, error.reason);
      if (error instanceof BytesGone) {
        this.log.failed(provider, `${error.message}. ${this.rawBodies.remedy}`);
        throw new InternalServerErrorException();
      }
      this.log.failed(
        provider,
        isPaymentsAuthError(error)
          ? error.message
          : 'a request that verifies it, as those of a customWebhook, got no usable answer; check that request',
      );
      throw new ServiceUnavailableException();
    }
  }

  /** The bytes of the body; `undefined` where they are gone and no scheme of the route reads them. */
  async #bytes(route: WebhookRoute, request: HttpRequest): Promise<Uint8Array | undefined> {
    const { maxBytes = DEFAULT_MAX_BYTES, provider } = route;
    try {
      const bytes = await bytesOf(request, { maxBytes, clock: this.verifier.clock });
      // A body that was read here cannot be read again. So it is put where Nest keeps it, and another guard and the
      // application find it there.
      if (bytes !== undefined) request.rawBody = bytes;
      return bytes;
    } catch (error) {
      if (error instanceof BytesGone && !this.verifier.needsBytes(provider, route.schemes)) return undefined;
      throw error;
    }
  }

  #refuse(provider: string, reason: string): UnauthorizedException {
    this.log.refused(provider, reason);
    return new UnauthorizedException();
  }
}

/** The merchant of the message; `undefined` where the route has no `account`, or the message names no merchant. */
function accountOf(route: WebhookRoute, request: HttpRequest, message: ReceivedMessage): string | undefined {
  let account: unknown;
  try {
    account = route.account?.({
      params: (request.params ?? {}) as Readonly<Record<string, string>>,
      query: message.allQuery,
      headers: message.allHeaders,
    });
  } catch {
    // The function of the route has read a part that the message does not have. Such a message names no merchant.
  }
  return typeof account === 'string' && account !== '' ? account : undefined;
}

function needsBody({ body }: HttpRequest): boolean {
  return body === undefined || typeof body === 'string' || body instanceof Uint8Array;
}
