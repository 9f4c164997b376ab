import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { tokenScheme } from './machinery/webhook-scheme.js';

/** Flutterwave v3: a secret key as a bearer token, and an unsigned webhook. */
export const flutterwave = counterpart(
  'flutterwave',
  { secretKey: secret('FLWSECK_TEST-'), secretHash: known('sandbox-hash-', 24) },
  {
    basePath: '/v3',
    variables: { secretKey: 'FLW_SECRET_KEY', secretHash: 'FLW_SECRET_HASH' },
    carries: key(inAuthorization()),
    refusal: json(401, { status: 'error', message: 'Invalid authorization key', data: null }),
    error: (_status, message) => ({ status: 'error', message, data: null }),
    paymentKeys: ['tx_ref', 'reference'],
    reads: { '/banks/NG': { status: 'success', data: [{ id: 1, code: '044', name: 'Sandbox Bank' }] } },
    writes: { '/payments': (call) => ({ status: 'success', data: payment(call) }) },
    webhooks: {
      token: tokenScheme({
        event: (random) => ({
          event: 'charge.completed',
          data: {
            id: random.integer(1_000_000),
            tx_ref: `ORD-${random.text(8)}`,
            amount: 100,
            status: 'successful',
          },
        }),
        header: 'verif-hash',
        key: 'secretHash',
      }),
    },
  },
);
