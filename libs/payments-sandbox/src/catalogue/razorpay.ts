import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inBasic } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (description: string) => ({
  error: { code: 'BAD_REQUEST_ERROR', description, source: 'NA', step: 'NA', reason: 'NA', metadata: {} },
});

/** Razorpay: a pair as `Basic`, spelt exactly so. */
export const razorpay = counterpart(
  'razorpay',
  { keyId: known('rzp_test_', 14), keySecret: secret('', 24), webhookSecret: known('sandbox-webhook-') },
  {
    basePath: '/v1',
    carries: key(inBasic),
    refusal: json(401, failure('Authentication failed')),
    forbidden: json(401, failure('Access Denied')),
    error: (_status, message) => failure(message),
    paymentKeys: ['receipt', 'reference_id'],
    reads: { '/payments': { entity: 'collection', count: 0, items: [] } },
    writes: { '/orders': (call) => ({ entity: 'order', ...payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'x-razorpay-signature',
        key: 'webhookSecret',
        headers: ({ id }) => ({ 'x-razorpay-event-id': id }),
      }),
    },
  },
);
