import { createHash } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { formOf, inForm } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { fixed, known, secret } from './machinery/invented.js';
import { scheme } from './machinery/webhook-scheme.js';

const failure = (code: string, message: string) => ({ success: false, code, message, data: {} });
const seconds = (atMs: number) => Math.floor(atMs / 1_000);

/** PhonePe v2: tokens of type `O-Bearer`, whose end is a point in time. */
export const phonepe = counterpart(
  'phonepe',
  {
    clientId: known('SANDBOXUAT_'),
    clientSecret: secret('sandbox-secret-'),
    clientVersion: fixed('1'),
    webhookUsername: known('sandbox-user-', 6),
    webhookPassword: known('sandbox-password-', 12),
  },
  {
    hosts: ['api', 'login', 'cards'],
    login: {
      host: 'login',
      path: '/v1/oauth/token',
      client: inForm('client_id', 'client_secret', 'client_version'),
      lacks: ({ request }) =>
        formOf(request).get('grant_type') === 'client_credentials'
          ? undefined
          : json(400, failure('BAD_REQUEST', 'grant_type must be client_credentials')),
      wrong: json(401, failure('401', 'Client not found')),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_at',
      answer: ({ value, expiresAtMs }, { context }) => ({
        access_token: value,
        encrypted_access_token: context.random.text(40),
        refresh_token: context.random.text(40),
        // The samples of the documents have null here.
        expires_in: null,
        issued_at: seconds(context.providerNowMs),
        expires_at: seconds(expiresAtMs),
        session_expires_at: seconds(expiresAtMs),
        token_type: 'O-Bearer',
      }),
    },
    carries: token('O-Bearer'),
    refusal: json(401, failure('AUTHORIZATION_FAILED', 'Unauthorized')),
    error: (status, message) => failure(String(status), message),
    paymentKeys: ['merchantOrderId'],
    reads: { '/checkout/v2/order/sandbox/status': { state: 'COMPLETED' } },
    writes: { '/checkout/v2/pay': (call) => payment(call) },
    webhooks: {
      // Constant for a pair: it proves the sender, and nothing about the message.
      constant: scheme({
        event: (random) => ({
          event: 'checkout.order.completed',
          payload: { orderId: `OMO${random.text(12)}`, state: 'COMPLETED', amount: 100 },
        }),
        header: 'authorization',
        sign: ({ keys }) =>
          createHash('sha256').update(`${keys.webhookUsername}:${keys.webhookPassword}`).digest('hex'),
      }),
    },
  },
);
