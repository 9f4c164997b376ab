import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

/** FedaPay: a key as a bearer token, and a signed list with `s=`. */
export const fedapay = counterpart(
  'fedapay',
  { secretKey: secret('sk_sandbox_'), webhookSecret: known('wh_sandbox_', 24) },
  {
    carries: key(inAuthorization()),
    refusal: json(401, { message: 'Erreur d’authentification', code: 401 }),
    error: (code, message) => ({ message, code }),
    reads: { '/v1/balances': { 'v1/balances': [{ amount: 10_000, mode: 'test' }] } },
    writes: { '/v1/transactions': (call) => ({ 'v1/transaction': payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event: (random) => ({
          name: 'transaction.approved',
          entity: { id: random.integer(1_000_000), reference: `ORD-${random.text(8)}`, amount: 1_000 },
        }),
        header: 'x-fedapay-signature',
        key: 'webhookSecret',
        over: ({ seconds, body }) => `${seconds}.${body}`,
        wrap: (signature, { seconds }) => `t=${seconds},s=${signature}`,
      }),
    },
  },
);
