import { isJsonObject } from '../building-blocks/json-value.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import type { WebhookMessage } from './webhook-message.js';

const DELIVERY = Symbol('PAYMENTS_AUTH:DELIVERY');

/** What Express and Fastify requests have in common, and where Fastify keeps Node's own request. */
export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  readonly rawBody?: unknown;
  readonly body?: unknown;
  readonly params?: unknown;
  readonly query?: unknown;
}

/** The message in a request of either platform, with repeated headers told apart. */
export function messageOf(request: HttpRequest): WebhookMessage {
  const { rawBody, body, query } = request;
  const parameters = [body, query].find(isJsonObject);
  return {
    headers: distinctHeaders(request),
    ...(rawBody instanceof Uint8Array ? { rawBody } : {}),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

/** `request.headers` joins repeated headers into one value, which a list of signatures would then be read from. */
function distinctHeaders(request: HttpRequest): WebhookMessage['headers'] {
  const pairs = request.rawHeaders ?? request.raw?.rawHeaders;
  if (pairs === undefined) return request.headers ?? {};
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    (headers[(pairs[at] as string).toLowerCase()] ??= []).push(pairs[at + 1] as string);
  }
  return headers;
}

/** Keeps the delivery with its request, unseen by whoever logs the request. */
export function attachDelivery(request: object, delivery: WebhookDelivery): void {
  Object.defineProperty(request, DELIVERY, { value: delivery, configurable: true });
}

export function verifiedDelivery(request: object): WebhookDelivery | undefined {
  return (request as { [DELIVERY]?: WebhookDelivery })[DELIVERY];
}
