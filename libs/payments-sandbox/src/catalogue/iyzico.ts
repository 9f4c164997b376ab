import { createHmac } from 'node:crypto';
import type { ReceivedRequest } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

const failure = (errorCode: string, errorMessage: string) => ({
  status: 'failure',
  errorCode,
  errorMessage,
  locale: 'tr',
});

/** `apiKey:…&randomKey:…&signature:…`, in base64. */
function partsOf(request: ReceivedRequest): Readonly<Record<string, string>> {
  const [, encoded = ''] = /^IYZWSv2 (\S+)$/.exec(header(request, 'authorization')) ?? [];
  const pairs = Buffer.from(encoded, 'base64').toString('utf8').split('&');
  return Object.fromEntries(pairs.map((pair) => pair.split(/:(.*)/s).slice(0, 2) as [string, string]));
}

/** iyzico: a signature over a random text, the path and the body. A refusal has the status 200. */
export const iyzico = counterpart(
  'iyzico',
  { apiKey: known('sandbox-api-'), secretKey: secret('sandbox-secret-') },
  {
    baseUrlVariables: { api: 'IYZICO_BASE_URL' },
    carries: signature(
      (request) => partsOf(request)['apiKey'],
      ({ request, credentials }) => {
        const { randomKey = '', signature: given } = partsOf(request);
        const [path = ''] = request.url.split('?');
        // A reading call signs the empty object, whether it is sent or not.
        const body = request.body.length === 0 ? '{}' : request.body.toString('utf8');
        const candidates = request.body.length === 0 ? [body, ''] : [body];
        return (
          header(request, 'x-iyzi-rnd') === randomKey &&
          candidates.some(
            (text) =>
              given ===
              createHmac('sha256', credentials.secretKey).update(`${randomKey}${path}${text}`).digest('hex'),
          )
        );
      },
    ),
    refusal: json(200, failure('1000', 'Geçersiz imza')),
    forbidden: json(200, failure('10051', 'Bu işlem için yetkiniz yok')),
    error: (status, message) => failure(String(status), message),
    paymentKeys: ['conversationId', 'paymentId'],
    reads: { '/payment/test': { status: 'success', locale: 'tr' } },
    writes: { '/payment/auth': (call) => ({ ...payment(call), status: 'success' }) },
    webhooks: {
      page: scheme({
        event: (random) => ({
          iyziEventType: 'CHECKOUT_FORM_AUTH',
          iyziPaymentId: random.integer(1_000_000),
          token: random.text(16),
          paymentConversationId: `ORD-${random.text(8)}`,
          status: 'SUCCESS',
        }),
        header: 'x-iyz-signature-v3',
        sign: ({ event, keys }) =>
          createHmac('sha256', keys.secretKey)
            .update(
              keys.secretKey +
                ['iyziEventType', 'iyziPaymentId', 'token', 'paymentConversationId', 'status']
                  .map((name) => textBelow(event, name))
                  .join(''),
            )
            .digest('hex'),
      }),
    },
  },
);
