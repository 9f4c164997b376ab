import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { asOAuthClient } from './machinery/claims.js';
import { counterpart, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

/** Interswitch: client credentials at Passport, for calls to another host. */
export const interswitch = counterpart(
  'interswitch',
  {
    clientId: known('IKIA', 24),
    clientSecret: secret('sandbox-secret-'),
    webhookSecret: known('sandbox-webhook-'),
  },
  {
    hosts: ['api', 'passport'],
    login: {
      host: 'passport',
      path: '/passport/oauth/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client', 401, 'Bad client credentials'),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted, { context }) =>
        oauthAnswer(minted, { token_type: 'bearer', scope: 'profile', jti: context.random.hex(32) }),
    },
    carries: token(),
    refusal: json(401, { error: 'invalid_token', error_description: 'Cannot convert access token to JSON' }),
    forbidden: json(403, { error: 'access_denied', error_description: 'Access is denied' }),
    error: (status, message) => ({ errors: [{ code: String(status), message }] }),
    paymentKeys: ['requestReference', 'transactionRef'],
    reads: { '/quicktellerservice/api/v5/services/categories': { categories: [] } },
    writes: { '/quicktellerservice/api/v5/transactions': (call) => payment(call) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'x-interswitch-signature',
        key: 'webhookSecret',
        hash: 'sha512',
      }),
    },
  },
);
