import { createHmac } from 'node:crypto';
import type { ReceivedRequest } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (httpStatusCode: number, code: string, id: string, message: string) => ({
  errorId: 'sandbox',
  errors: [{ code, id, message, httpStatusCode }],
});

/** The target as the SDK builds it: with a query that is not encoded. */
function withPlainQuery(url: string): string {
  const at = url.indexOf('?');
  if (at < 0) return url;
  try {
    return url.slice(0, at) + decodeURIComponent(url.slice(at));
  } catch {
    return url;
  }
}

/** One line each for method, content type, date, each `X-GCS-` header in order, and path with query. */
function signedText(request: ReceivedRequest): string {
  const hasType = ['POST', 'PUT', 'DELETE'].includes(request.method);
  const own = Object.keys(request.headers).filter((name) => name.startsWith('x-gcs-'));
  return [
    request.method,
    hasType ? header(request, 'content-type') : '',
    header(request, 'date'),
    ...own.toSorted().map((name) => `${name}:${header(request, name).trim()}`),
    withPlainQuery(request.url),
    '',
  ].join('\n');
}

/** Worldline Direct: a signature over all parts except the body. */
export const worldline = counterpart(
  'worldline',
  {
    apiKeyId: known('SANDBOX'),
    secretApiKey: secret('sandbox-secret-'),
    merchantId: known('sandbox', 6),
    webhookKeyId: known('sandbox-whk-', 8),
    webhookSecret: known('sandbox-webhook-'),
  },
  {
    carries: signature(
      (request) => /^GCS v1HMAC:([^:]+):/.exec(header(request, 'authorization'))?.[1],
      ({ request, credentials: { apiKeyId, secretApiKey } }) => {
        const made = createHmac('sha256', secretApiKey).update(signedText(request)).digest('base64');
        return header(request, 'authorization') === `GCS v1HMAC:${apiKeyId}:${made}`;
      },
    ),
    refusal: json(
      401,
      failure(401, '9002', 'MISSING_OR_INVALID_AUTHORIZATION', 'Authorization is missing or invalid'),
    ),
    forbidden: json(
      403,
      failure(403, '9007', 'ACCESS_TO_MERCHANT_NOT_ALLOWED', 'Access to merchant is not allowed'),
    ),
    error: (status, message) => failure(status, '1002', 'NOT_FOUND', message),
    idempotencyHeader: 'x-gcs-idempotence-key',
    paymentKeys: ['merchantReference'],
    reads: { '/v2/:merchantId/services/testconnection': { result: 'OK' } },
    writes: { '/v2/:merchantId/payments': (call) => json(201, { payment: payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'x-gcs-signature',
        key: 'webhookSecret',
        encoding: 'base64',
        headers: ({ keys }) => ({ 'x-gcs-keyid': keys.webhookKeyId }),
      }),
    },
  },
);
