import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key } from './machinery/calls.js';
import { inAuthorization } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent as event } from './machinery/payment-event.js';
import { hmacScheme, tokenScheme } from './machinery/webhook-scheme.js';

/** Wave: one key per wallet, and two ways to prove a webhook. */
export const wave = counterpart(
  'wave',
  { apiKey: secret('wave_sn_prod_'), webhookSecret: known('sandbox-wave-') },
  {
    carries: key(inAuthorization()),
    refusal: (request) =>
      header(request, 'authorization') === ''
        ? json(401, {
            code: 'missing-auth-header',
            message: 'Your request should include an HTTP auth header.',
          })
        : json(401, { code: 'no-matching-api-key', message: 'The key is not a valid API key.' }),
    forbidden: json(403, { code: 'disabled-wallet', message: 'Your wallet has been temporarily disabled.' }),
    error: (status, message) => ({ code: status === 404 ? 'not-found' : 'internal-server-error', message }),
    paymentKeys: ['client_reference'],
    reads: { '/v1/balance': { amount: '10000', currency: 'XOF' } },
    writes: { '/v1/checkout/sessions': (call) => payment(call) },
    webhooks: {
      signature: hmacScheme({
        event,
        header: 'wave-signature',
        key: 'webhookSecret',
        over: ({ seconds, body }) => `${seconds}${body}`,
        wrap: (signature, { seconds }) => `t=${seconds},v1=${signature}`,
      }),
      token: tokenScheme({
        event,
        header: 'authorization',
        key: 'webhookSecret',
        wrap: (secretText) => `Bearer ${secretText}`,
      }),
    },
  },
);
