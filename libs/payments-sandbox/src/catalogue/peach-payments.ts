import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inJson } from './machinery/claims.js';
import { counterpart, oauthAnswer } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { hmacScheme, scheme } from './machinery/webhook-scheme.js';

/** Peach Payments: a login in camel case at the dashboard's host, for calls to two others. */
export const peachPayments = counterpart(
  'peach-payments',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    merchantId: known('sandbox-merchant-'),
    entityId: known('sandbox-entity-'),
    secretToken: known('sandbox-token-', 24),
  },
  {
    hosts: ['checkout', 'login', 'payments'],
    variables: {
      clientId: 'PEACH_CLIENT_ID',
      clientSecret: 'PEACH_CLIENT_SECRET',
      merchantId: 'PEACH_MERCHANT_ID',
      entityId: 'PEACH_ENTITY_ID',
    },
    login: {
      host: 'login',
      path: '/api/oauth/token',
      client: inJson('clientId', 'clientSecret', 'merchantId'),
      wrong: json(400, { message: 'Invalid client credentials' }),
      lifetimeMs: 14_400_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted) => oauthAnswer(minted, { expires_in: String(minted.lifetimeMs / 1_000) }),
    },
    carries: token(),
    refusal: json(401, { message: 'Unauthorized' }),
    forbidden: json(403, { message: 'The referer is not on the allow-list of this entity' }),
    error: (_status, message) => ({ message }),
    paymentKeys: ['merchantTransactionId'],
    reads: { '/v2/checkout/status': { status: 'pending' } },
    writes: { '/v2/checkout': (call) => ({ checkoutId: payment(call)['id'] }) },
    webhooks: {
      form: scheme({
        event: (random) => ({
          amount: '5.00',
          currency: 'ZAR',
          merchantTransactionId: `ORD${random.text(6)}`,
          'result.code': '000.000.000',
        }),
        as: 'form',
        sign: ({ event, keys }) =>
          createHmac('sha256', keys.secretToken)
            .update(
              Object.keys(event)
                .toSorted()
                .map((name) => `${name}${String(event[name])}`)
                .join(''),
            )
            .digest('hex'),
        inBody: (event, signature) => ({ ...event, signature }),
      }),
      // Peach Payments signs like this since July 2026.
      signature: hmacScheme({
        event: () => ({ status: 'completed', amount: '5.00' }),
        header: 'x-webhook-signature',
        key: 'secretToken',
        over: ({ seconds, id, url, body }) => `${seconds}.${id}.${url}.${body}`,
        headers: ({ seconds, id }) => ({
          'x-webhook-timestamp': String(seconds),
          'x-webhook-id': id,
          'x-webhook-signature-algorithm': 'HMAC-SHA256',
        }),
      }),
    },
  },
);
