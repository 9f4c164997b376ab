import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { secret } from './machinery/invented.js';

/** Klarna: `Basic` and the key itself, which is not in base64. */
export const klarna = counterpart(
  'klarna',
  { apiKey: secret('klarna_test_api_', 40) },
  {
    hosts: ['eu', 'na', 'oc'],
    carries: key(inAuthorization('Basic')),
    // The answer usually has no body.
    refusal: { status: 401, headers: {} },
    forbidden: json(403, {
      error_code: 'FORBIDDEN',
      error_messages: ['Forbidden'],
      correlation_id: 'sandbox',
    }),
    error: (_status, message) => ({
      error_code: 'ERROR',
      error_messages: [message],
      correlation_id: 'sandbox',
    }),
    idempotencyHeader: 'klarna-idempotency-key',
    paymentKeys: ['merchant_reference1'],
    reads: { '/ordermanagement/v1/orders/sandbox': { order_id: 'sandbox', status: 'AUTHORIZED' } },
    writes: { '/payments/v1/sessions': (call) => payment(call) },
  },
);
