import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization, inBasicAlone } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (type: string, message: string) => ({ error: { type, message } });

/** Stripe: one key, as Basic without a password or as a bearer token. */
export const stripe = counterpart(
  'stripe',
  { secretKey: secret('sk_test_'), webhookSecret: known('whsec_', 24) },
  {
    variables: { secretKey: 'STRIPE_SECRET_KEY', webhookSecret: 'STRIPE_WEBHOOK_SECRET' },
    carries: key((request) => inBasicAlone(request) ?? inAuthorization()(request)),
    refusal: json(401, failure('invalid_request_error', 'Invalid API Key provided: sk_test_****')),
    forbidden: json(
      403,
      failure('invalid_request_error', 'The provided key does not have the required permissions'),
    ),
    error: (_status, message) => failure('invalid_request_error', message),
    reads: { '/v1/balance': { object: 'balance', available: [{ amount: 1_000, currency: 'usd' }] } },
    writes: { '/v1/payment_intents': (call) => ({ object: 'payment_intent', ...payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'stripe-signature',
        key: 'webhookSecret',
        over: ({ seconds, body }) => `${seconds}.${body}`,
        wrap: (signature, { seconds }) => `t=${seconds},v1=${signature}`,
      }),
    },
  },
);
