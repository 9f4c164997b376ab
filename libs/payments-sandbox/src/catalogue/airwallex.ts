import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inHeaders } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const failure = (code: string, message: string) => ({ code, message, source: '' });

/** Airwallex: a login by two headers, answered with 201 and a date without a colon in its offset. */
export const airwallex = counterpart(
  'airwallex',
  {
    clientId: known('sandbox-client-'),
    apiKey: secret('sandbox-key-', 48),
    webhookSecret: known('whsec_sandbox'),
  },
  {
    login: {
      path: '/api/v1/authentication/login',
      client: inHeaders('x-client-id', 'x-api-key'),
      wrong: json(401, failure('credentials_invalid', 'UNAUTHORIZED')),
      status: 201,
      lifetimeMs: 1_800_000,
      token: 'token',
      expiry: 'expires_at',
      answer: ({ value, expiresAtMs }) => ({
        token: value,
        expires_at: new Date(expiresAtMs).toISOString().replace(/\.\d+Z$/, '+0000'),
      }),
    },
    carries: token(),
    refusal: json(401, failure('unauthorized', 'Access denied, authentication failed')),
    forbidden: json(403, failure('forbidden', 'This API key lacks the permission')),
    error: (_status, message) => failure('not_found', message),
    paymentKeys: ['request_id'],
    reads: { '/api/v1/balances/current': [{ currency: 'USD', available_amount: 1_000 }] },
    writes: { '/api/v1/pa/payment_intents/create': (call) => json(201, payment(call)) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'x-signature',
        key: 'webhookSecret',
        over: ({ atMs, body }) => `${atMs}${body}`,
        headers: ({ atMs }) => ({ 'x-timestamp': String(atMs) }),
      }),
    },
  },
);
