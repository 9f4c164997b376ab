import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { hmacScheme, scheme } from './machinery/webhook-scheme.js';
import type { SeededRandom } from '../core/seeded-random.js';

const event = (random: SeededRandom) => ({
  event: 'charge.success',
  tx_ref: `ORD-${random.text(8)}`,
  amount: '100',
  currency: 'ETB',
  status: 'success',
});

/** Chapa: two headers on a webhook. One of them does not depend on the body. */
export const chapa = counterpart(
  'chapa',
  { secretKey: secret('CHASECK_TEST-'), webhookSecret: known('sandbox-chapa-', 24) },
  {
    basePath: '/v1',
    carries: key(inAuthorization()),
    refusal: json(401, { message: 'Invalid API Key or User doesn’t exist', status: 'failed', data: null }),
    error: (_status, message) => ({ message, status: 'failed', data: null }),
    paymentKeys: ['tx_ref', 'reference'],
    reads: { '/banks': { message: 'Banks retrieved', data: [{ id: 1, name: 'Sandbox Bank' }] } },
    writes: { '/transaction/initialize': (call) => ({ status: 'success', data: payment(call) }) },
    webhooks: {
      signature: hmacScheme({ event, header: 'x-chapa-signature', key: 'webhookSecret' }),
      constant: scheme({
        event,
        header: 'chapa-signature',
        sign: ({ keys }) => createHmac('sha256', keys.webhookSecret).update(keys.webhookSecret).digest('hex'),
      }),
    },
  },
);
