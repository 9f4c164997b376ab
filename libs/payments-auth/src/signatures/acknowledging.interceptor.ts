import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import type { WebhookAcknowledgement } from '../providers/webhooks/webhook-scheme.js';
import { verifiedRequest } from './webhook-request.js';

/** The metadata key of a handler's parameters. Nest numbers their kinds: 1 is `@Res()`, 2 is `@Next()`. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const ANSWERING_ARGUMENT = /^[12]:/;

/** An Express response, or a Fastify reply. */
interface HttpResponse {
  statusCode: number;
  send: (body?: unknown) => unknown;
  json?: (body?: unknown) => unknown;
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

/**
 * Sends the answer that the provider expects, after the handler has succeeded. It replaces the answer at the last
 * moment, so that the application's global interceptors and their envelopes do not change it. When one of them fails,
 * its answer with a status from 400 on is sent.
 */
@Injectable()
export class AcknowledgingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || answersByItself(context)) return next.handle();
    const http = context.switchToHttp();
    const acknowledge = verifiedRequest(http.getRequest<object>())?.acknowledge;
    if (acknowledge === undefined) return next.handle();
    return next.handle().pipe(tap({ complete: () => replaceAnswer(http.getResponse(), acknowledge) }));
  }
}

/** Whether a handler sends its answer itself: it takes `@Res()` without `passthrough`, or `@Next()`. */
function answersByItself(context: ExecutionContext): boolean {
  const given = Reflect.getMetadata(ROUTE_ARGUMENTS, context.getClass(), context.getHandler().name) as
    Readonly<Record<string, { data?: { passthrough?: unknown } }>> | undefined;
  return Object.entries(given ?? {}).some(
    ([key, { data }]) => ANSWERING_ARGUMENT.test(key) && data?.passthrough !== true,
  );
}

/** Replaces the answer of this one response, and only once. */
function replaceAnswer(response: HttpResponse, { status, text, json }: WebhookAcknowledgement): void {
  const original = { send: response.send, json: response.json };
  const instead =
    (method: 'send' | 'json') =>
    (body?: unknown): unknown => {
      response.send = original.send;
      if (original.json !== undefined) response.json = original.json;
      if (response.statusCode >= 400) return response[method]?.(body);
      if (status !== undefined) response.status(status);
      response.header(
        'content-type',
        json === undefined ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
      );
      return response.send(json === undefined ? (text ?? '') : JSON.stringify(json));
    };
  response.send = instead('send');
  if (original.json !== undefined) response.json = instead('json');
}
