import type { Credentials } from '../core/account.js';
import type { AcceptedCall } from '../core/provider-behaviour.js';

/** A result like that of a payment: an invented id, and the data of the request. */
export function payment<C extends Credentials>(call: AcceptedCall<C>): Record<string, unknown> {
  const { body, context } = call;
  return {
    id: `pay_${context.random.text(16)}`,
    status: 'PENDING',
    amount: body?.['amount'] ?? null,
    currency: body?.['currency'] ?? null,
  };
}
