import { createHmac } from 'node:crypto';
import type { ReceivedRequest } from '../core/received-request.js';
import { jsonObjectOf } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import type { WebhookEvent } from '../signing/webhook-shape.js';
import { signature } from './machinery/calls.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

/** `timestamp=…&f1=v1&f2=v2`, in the order of `Signed-Fields`, not encoded. */
function digest(secretKey: string, timestamp: string, fields: readonly string[], values: unknown): string {
  const signed = [`timestamp=${timestamp}`, ...fields.map((name) => `${name}=${textBelow(values, name)}`)];
  return createHmac('sha256', secretKey).update(signed.join('&')).digest('base64');
}

const fieldsOf = (list: string) => list.split(',').filter(Boolean);
const keyOf = (request: ReceivedRequest) =>
  Buffer.from(header(request, 'authorization').replace(/^SELCOM /, ''), 'base64').toString('utf8');
const wrong = (resultcode: string, message: string) => ({ resultcode, result: 'FAIL', message, data: [] });
const signedFields = (event: WebhookEvent) => Object.keys(event).join(',');
const isoWithOffset = (atMs: number) =>
  new Date(atMs + 10_800_000).toISOString().replace(/\.\d+Z$/, '+03:00');

/** Selcom: every call is signed over the fields that it names. */
export const selcom = counterpart(
  'selcom',
  { apiKey: known('sandbox-key-', 24), apiSecret: secret('sandbox-secret-'), vendor: known('SANDBOX', 6) },
  {
    carries: signature(keyOf, ({ request, credentials }) => {
      const values = jsonObjectOf(request) ?? Object.fromEntries(request.query);
      const fields = fieldsOf(header(request, 'signed-fields'));
      return (
        header(request, 'authorization').startsWith('SELCOM ') &&
        header(request, 'digest-method') === 'HS256' &&
        header(request, 'digest') ===
          digest(credentials.apiSecret, header(request, 'timestamp'), fields, values)
      );
    }),
    refusal: json(401, wrong('401', 'Unauthorized')),
    error: (status, message) => wrong(String(status), message),
    paymentKeys: ['transid'],
    reads: { '/checkout/order-status': { resultcode: '000', result: 'SUCCESS', data: [] } },
    writes: {
      '/checkout/create-order': (call) => ({ resultcode: '000', result: 'SUCCESS', data: [payment(call)] }),
    },
    webhooks: {
      signature: scheme({
        event: (random) => ({ transid: `T${random.text(8)}`, amount: '1000', resultcode: '000' }),
        header: 'digest',
        sign: ({ event, atMs, keys }) =>
          digest(keys.apiSecret, isoWithOffset(atMs), fieldsOf(signedFields(event)), event),
        headers: ({ event, atMs, keys }) => ({
          authorization: `SELCOM ${Buffer.from(keys.apiKey).toString('base64')}`,
          'digest-method': 'HS256',
          timestamp: isoWithOffset(atMs),
          'signed-fields': signedFields(event),
        }),
      }),
    },
  },
);
