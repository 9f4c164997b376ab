import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { scheme } from './machinery/webhook-scheme.js';

const failure = (code: number, message: string) => ({ code, message });
const signed = (secretKey: string, login: string, date: string, body: string | Buffer) =>
  `V2-HMAC-SHA256, Signature: ${createHmac('sha256', secretKey)
    .update(`${login}${date}`)
    .update(body)
    .digest('hex')}`;

/** dLocal: a signature over the login, the date and the body, beside a key that is sent. */
export const dlocal = counterpart(
  'dlocal',
  { login: known('sandboxlogin'), transKey: known('sandboxtrans'), secretKey: secret('sandbox-secret-') },
  {
    carries: signature(
      (request) => header(request, 'x-login'),
      ({ request, credentials: { login, transKey, secretKey } }) =>
        header(request, 'x-trans-key') === transKey &&
        header(request, 'x-version') === '2.1' &&
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(header(request, 'x-date')) &&
        header(request, 'authorization') ===
          signed(secretKey, login, header(request, 'x-date'), request.body),
    ),
    refusal: json(401, failure(3001, 'Invalid Credentials')),
    forbidden: json(403, failure(3003, 'Permission denied')),
    error: (_status, message) => failure(5000, message),
    idempotencyHeader: 'x-idempotency-key',
    paymentKeys: ['order_id'],
    reads: { '/payments/sandbox': { id: 'sandbox', status: 'PAID' } },
    writes: { '/payments': (call) => payment(call) },
    webhooks: {
      // The documents show the formula for requests. It is not verified that notifications use it too.
      signature: scheme({
        event: paymentEvent,
        header: 'authorization',
        sign: ({ atMs, body, keys }) =>
          signed(keys.secretKey, keys.login, new Date(atMs).toISOString(), body),
        headers: ({ atMs, keys }) => ({ 'x-date': new Date(atMs).toISOString(), 'x-login': keys.login }),
      }),
    },
  },
);
