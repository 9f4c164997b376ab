import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { secret } from './machinery/invented.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

/** Squad: a key as a bearer token, and a webhook signed in upper case. */
export const squad = counterpart(
  'squad',
  { secretKey: secret('sandbox_sk_') },
  {
    baseUrlVariables: { api: 'SQUAD_BASE_URL' },
    carries: key(inAuthorization()),
    refusal: json(401, { status: 401, success: false, message: 'Unauthorized', data: {} }),
    error: (status, message) => ({ status, success: false, message, data: {} }),
    paymentKeys: ['transaction_ref'],
    reads: { '/merchant/balance': { status: 200, success: true, data: { balance: '1000' } } },
    writes: { '/transaction/initiate': (call) => ({ status: 200, success: true, data: payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event: (random) => ({
          Event: 'charge_successful',
          TransactionRef: `ORD-${random.text(8)}`,
          Body: { amount: 100, transaction_status: 'Success' },
        }),
        header: 'x-squad-encrypted-body',
        key: 'secretKey',
        hash: 'sha512',
        wrap: (signature) => signature.toUpperCase(),
      }),
    },
  },
);
