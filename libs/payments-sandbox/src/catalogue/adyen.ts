import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inHeader } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, made, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme, scheme, textBelow } from './machinery/webhook-scheme.js';
import type { WebhookEvent } from '../signing/webhook-shape.js';

const failure = (status: number, errorCode: string, message: string) => ({
  status,
  errorCode,
  message,
  errorType: 'security',
});
const SIGNED =
  `pspReference originalReference merchantAccountCode merchantReference amount.value amount.currency
  eventCode success`.split(/\s+/);

/** The only notification of the batch. */
const itemOf = (event: WebhookEvent) =>
  (
    event['notificationItems'] as readonly { readonly NotificationRequestItem: WebhookEvent }[] | undefined
  )?.[0]?.NotificationRequestItem ?? event;

/** Adyen: a key in its own header; a webhook signed inside its body, with a key written in hex. */
export const adyen = counterpart(
  'adyen',
  {
    apiKey: secret('AQEsandbox', 48),
    merchantAccount: known('Sandbox', 8),
    hmacKey: made((random) => random.hex(64)),
    liveUrlPrefix: made((random) => `${random.hex(16)}-Sandbox`),
  },
  {
    hosts: ['checkout', 'pal', 'management'],
    carries: key(inHeader('x-api-key')),
    refusal: json(401, failure(401, '000', 'HTTP Status Response - Unauthorized')),
    forbidden: json(403, failure(403, '901', 'Invalid Merchant Account')),
    error: (status, message) => failure(status, '702', message),
    // The same answer as to a wrong key.
    noSuchPath: json(401, failure(401, '000', 'HTTP Status Response - Unauthorized')),
    reads: { '/v3/me': { id: 'sandbox', active: true } },
    writes: { '/v71/paymentMethods': { paymentMethods: [] }, '/v71/payments': (call) => payment(call) },
    webhooks: {
      standard: scheme({
        event: (random) => ({
          live: 'false',
          notificationItems: [
            {
              NotificationRequestItem: {
                pspReference: random.text(16),
                merchantAccountCode: 'Sandbox',
                merchantReference: `ORD-${random.text(8)}`,
                amount: { value: 100, currency: 'EUR' },
                eventCode: 'AUTHORISATION',
                success: 'true',
              },
            },
          ],
        }),
        sign: ({ event, keys }) =>
          createHmac('sha256', Buffer.from(keys.hmacKey, 'hex'))
            .update(SIGNED.map((path) => textBelow(itemOf(event), path)).join(':'))
            .digest('base64'),
        inBody: (event, hmacSignature) => ({
          ...event,
          notificationItems: [
            { NotificationRequestItem: { ...itemOf(event), additionalData: { hmacSignature } } },
          ],
        }),
      }),
      banking: hmacScheme({
        event: paymentEvent,
        header: 'hmacsignature',
        key: 'hmacKey',
        keyIs: 'hex',
        encoding: 'base64',
        headers: () => ({ protocol: 'HmacSHA256' }),
      }),
    },
  },
);
