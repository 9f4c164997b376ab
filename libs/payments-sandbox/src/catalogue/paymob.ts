import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

/** The values that a transaction callback signs, in this order and without anything between them. */
const SIGNED =
  `amount_cents created_at currency error_occured has_parent_transaction id integration_id is_3d_secure
  is_auth is_capture is_refunded is_standalone_payment is_voided order.id owner pending source_data.pan
  source_data.sub_type source_data.type success`.split(/\s+/);

/** Paymob (Intention API): the scheme is `Token`, and the callback's HMAC stands in its query. */
export const paymob = counterpart(
  'paymob',
  { secretKey: secret('egy_sk_test_'), publicKey: known('egy_pk_test_'), hmacSecret: known('SANDBOX', 32) },
  {
    carries: key(inAuthorization('Token')),
    refusal: json(401, { detail: 'Authentication credentials were not provided.' }),
    forbidden: json(403, { detail: 'You do not have permission to perform this action.' }),
    error: (_status, detail) => ({ detail }),
    paymentKeys: ['special_reference'],
    writes: { '/v1/intention/': (call) => json(201, payment(call)) },
    webhooks: {
      transaction: scheme({
        event: (random) => ({
          type: 'TRANSACTION',
          obj: {
            id: random.integer(1_000_000),
            amount_cents: 10_000,
            created_at: '2026-01-01T00:00:00.000000',
            currency: 'EGP',
            success: true,
            pending: false,
            order: { id: random.integer(1_000_000) },
          },
        }),
        sign: ({ event, keys }) =>
          createHmac('sha512', keys.hmacSecret)
            .update(SIGNED.map((path) => textBelow(event['obj'], path)).join(''))
            .digest('hex'),
        inQuery: 'hmac',
      }),
    },
  },
);
