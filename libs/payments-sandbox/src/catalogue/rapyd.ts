import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { signature } from './machinery/calls.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { scheme } from './machinery/webhook-scheme.js';

const failure = (error_code: string, message: string) => ({
  status: { error_code, status: 'ERROR', message, response_code: error_code, operation_id: 'sandbox' },
});
const ok = (data: unknown) => ({ status: { error_code: '', status: 'SUCCESS' }, data });

interface Parts {
  /** The method in lower case, and the path with its query. For a webhook, the configured URL. */
  readonly target: string;
  readonly salt: string;
  readonly timestamp: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly body: string;
}

/** The base64 of an HMAC in hex. The secret is also a part of the message, as in the documents. */
function signed({ target, salt, timestamp, accessKey, secretKey, body }: Parts): string {
  const message = `${target}${salt}${timestamp}${accessKey}${secretKey}${body}`;
  return Buffer.from(createHmac('sha256', secretKey).update(message).digest('hex')).toString('base64');
}

const OLDEST_SECONDS = 60;

/** Rapyd: a salted signature over the request and the secret, which is valid for a minute. */
export const rapyd = counterpart(
  'rapyd',
  { accessKey: known('sandbox-access-'), secretKey: secret('sandbox-secret-') },
  {
    carries: signature(
      (request) => header(request, 'access_key'),
      ({ request, credentials, nowMs }) => {
        const [salt, timestamp] = [header(request, 'salt'), header(request, 'timestamp')];
        const target = `${request.method.toLowerCase()}${request.url}`;
        const parts = { ...credentials, target, salt, timestamp, body: request.body.toString('utf8') };
        return (
          salt.length >= 8 &&
          salt.length <= 16 &&
          Math.abs(nowMs / 1_000 - Number(timestamp)) <= OLDEST_SECONDS &&
          header(request, 'signature') === signed(parts)
        );
      },
    ),
    refusal: (request) =>
      header(request, 'signature') === ''
        ? json(
            400,
            failure('MISSING_AUTHENTICATION_HEADERS', 'The request did not contain the required headers'),
          )
        : json(401, failure('UNAUTHENTICATED_API_CALL', 'Invalid signature')),
    // Rapyd gives the same answer to a wrong path, method or id.
    forbidden: json(401, failure('UNAUTHORIZED_API_CALL', 'The request is not authorized')),
    error: (_status, message) => failure('UNAUTHORIZED_API_CALL', message),
    noSuchPath: json(401, failure('UNAUTHORIZED_API_CALL', 'The request is not authorized')),
    idempotencyHeader: 'idempotency',
    paymentKeys: ['merchant_reference_id'],
    reads: { '/v1/data/countries': ok([]) },
    writes: { '/v1/payments': (call) => ok(payment(call)) },
    webhooks: {
      signature: scheme({
        event: paymentEvent,
        header: 'signature',
        sign: ({ url, id, seconds, body, keys }) =>
          signed({ ...keys, target: url, salt: id, timestamp: String(seconds), body }),
        headers: ({ id, seconds }) => ({ salt: id, timestamp: String(seconds) }),
      }),
    },
  },
);
