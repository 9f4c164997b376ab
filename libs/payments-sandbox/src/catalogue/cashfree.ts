import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inHeaders } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (type: string, code: string, message: string) => ({ message, code, type });

/** Cashfree: a pair in two headers, and the version of the API in a third. */
export const cashfree = counterpart(
  'cashfree',
  { clientId: known('TEST', 24), clientSecret: secret('cfsk_ma_test_') },
  {
    basePath: '/pg',
    variables: { clientId: 'CASHFREE_APP_ID', clientSecret: 'CASHFREE_SECRET_KEY' },
    carries: key(inHeaders('x-client-id', 'x-client-secret')),
    refusal: json(401, failure('authentication_error', 'request_failed', 'authentication Failed')),
    lacks: ({ request }) =>
      header(request, 'x-api-version') === ''
        ? json(400, failure('invalid_request_error', 'version_missing', 'x-api-version is missing'))
        : undefined,
    forbidden: json(403, failure('authentication_error', 'request_failed', 'IP address is not allowed')),
    error: (_status, message) => failure('invalid_request_error', 'request_failed', message),
    limits: [{ limit: 200, perMs: 60_000, per: 'account', reported: true, reportsTimeLeft: true }],
    idempotencyHeader: 'x-idempotency-key',
    paymentKeys: ['order_id'],
    reads: { '/orders/sandbox': { order_id: 'sandbox', order_status: 'ACTIVE' } },
    writes: { '/orders': (call) => payment(call) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'x-webhook-signature',
        key: 'clientSecret',
        encoding: 'base64',
        over: ({ atMs, body }) => `${atMs}${body}`,
        headers: ({ atMs }) => ({ 'x-webhook-timestamp': String(atMs) }),
      }),
    },
  },
);
