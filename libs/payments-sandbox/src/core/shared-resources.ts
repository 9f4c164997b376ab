import type { Credentials } from './account.js';
import type { AcceptedCall, Resource } from './provider-behaviour.js';
import { headerOf } from './received-request.js';
import { json } from './reply.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * The resources that every provider has besides its own, so that one test can run with all providers:
 * `/sandbox/echo` returns what arrived, and `POST /sandbox/payments` makes a payment.
 */
export function sharedResources<C extends Credentials>(): readonly Resource<C>[] {
  return [
    ...METHODS.map((method) => ({ method, path: /^\/sandbox\/echo\/?$/, answer: echo<C> })),
    { method: 'POST', path: /^\/sandbox\/payments\/?$/, answer: pay },
  ];
}

function echo<C extends Credentials>({ request, account }: AcceptedCall<C>) {
  return json(200, {
    method: request.method,
    url: request.url,
    host: request.host,
    account: account.id,
    contentType: headerOf(request, 'content-type') ?? null,
    contentLength: headerOf(request, 'content-length') ?? null,
    idempotencyKey: headerOf(request, 'idempotency-key') ?? null,
    bodyBytes: request.body.length,
    bodySha256: request.bodySha256,
  });
}

function pay<C extends Credentials>({ request, account, body, context }: AcceptedCall<C>) {
  return json(201, {
    id: `pay_${context.random.text(16)}`,
    account: account.id,
    status: 'PENDING',
    amount: body?.['amount'] ?? null,
    currency: body?.['currency'] ?? null,
    idempotencyKey: headerOf(request, 'idempotency-key') ?? body?.['idempotencyKey'] ?? null,
  });
}
