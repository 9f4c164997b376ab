import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { asOAuthClient } from './machinery/claims.js';
import { counterpart, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { scheme } from './machinery/webhook-scheme.js';

/** Orange Money (Web Payment): client credentials; the environment stands in the path. */
export const orangeMoney = counterpart(
  'orange-money',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    merchantKey: known('sandbox-mk-', 8),
  },
  {
    login: {
      path: '/oauth/v3/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client', 401, 'The requested service needs credentials'),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      // The lifetime is a number or a text.
      answer: (minted) => oauthAnswer(minted, { expires_in: String(minted.lifetimeMs / 1_000) }),
    },
    carries: token(),
    refusal: json(401, {
      code: 42,
      message: 'Expired credentials',
      description: 'The credentials are expired',
    }),
    forbidden: json(403, { code: 50, message: 'Forbidden', description: 'Access forbidden' }),
    error: (status, message) => ({ code: status, message, description: message }),
    paymentKeys: ['order_id'],
    writes: {
      '/orange-money-webpay/dev/v1/webpayment': (call) =>
        json(201, { ...payment(call), status: 201, message: 'OK', notif_token: call.context.random.hex(32) }),
      '/orange-money-webpay/dev/v1/transactionstatus': { status: 'SUCCESS', txnid: 'MP1' },
    },
    webhooks: {
      notification: scheme({
        event: (random) => ({ status: 'SUCCESS', notif_token: random.hex(32), txnid: `MP${random.text(8)}` }),
      }),
    },
  },
);
