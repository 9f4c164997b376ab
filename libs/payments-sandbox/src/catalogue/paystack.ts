import { createHmac } from 'node:crypto';
import { payment } from '../providers/payment.js';
import { json } from '../core/reply.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { secret } from './machinery/invented.js';
import { hmacScheme, scheme } from './machinery/webhook-scheme.js';
import type { SeededRandom } from '../core/seeded-random.js';

const event = (random: SeededRandom) => ({
  event: 'charge.success',
  data: { reference: `ORD-${random.text(8)}`, amount: 100_000, currency: 'NGN', status: 'success' },
});

/** Paystack: one secret key as a bearer token. */
export const paystack = counterpart(
  'paystack',
  { secretKey: secret('sk_test_') },
  {
    carries: key(inAuthorization()),
    refusal: json(401, { status: false, message: 'Invalid key' }),
    error: (_status, message) => ({ status: false, message }),
    reads: { '/balance': { status: true, data: [{ currency: 'NGN', balance: 1_000_000 }] } },
    writes: { '/transaction/initialize': (call) => ({ status: true, data: payment(call) }) },
    webhooks: {
      signature: hmacScheme({ event, header: 'x-paystack-signature', key: 'secretKey', hash: 'sha512' }),
      // This is the sample on the main branch of the documents. The name of its header is not documented.
      dated: scheme({
        event,
        header: 'x-paystack-signature',
        sign: ({ seconds, body, keys }) =>
          createHmac('sha512', keys.secretKey).update(`${seconds}.${body}`).digest('hex'),
        wrap: (signature, { seconds }) => `t=${seconds},v1=k1:${signature}`,
      }),
    },
  },
);
