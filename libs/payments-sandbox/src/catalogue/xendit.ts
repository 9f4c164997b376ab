import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inBasicAlone } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { tokenScheme } from './machinery/webhook-scheme.js';

const failure = (error_code: string, message: string) => ({ error_code, message });

/** Xendit: Basic with an empty password; a webhook that a shared token proves. */
export const xendit = counterpart(
  'xendit',
  { secretKey: secret('xnd_development_'), callbackToken: known('sandbox-callback-', 24) },
  {
    variables: { callbackToken: 'XENDIT_CALLBACK_TOKEN' },
    carries: key(inBasicAlone),
    refusal: json(401, failure('INVALID_API_KEY', 'The API key provided is invalid')),
    forbidden: json(403, failure('REQUEST_FORBIDDEN_ERROR', 'The API key does not have the permission')),
    error: (_status, message) => failure('DATA_NOT_FOUND', message),
    paymentKeys: ['external_id', 'reference_id'],
    reads: { '/balance': { balance: 1_000_000 } },
    writes: { '/v2/invoices': (call) => payment(call) },
    webhooks: {
      token: tokenScheme({
        event: paymentEvent,
        header: 'x-callback-token',
        key: 'callbackToken',
        headers: ({ id }) => ({ 'webhook-id': id }),
      }),
    },
  },
);
