import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import type { SeededRandom } from '../core/seeded-random.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inJson } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { fixed, known, secret } from './machinery/invented.js';
import { scheme } from './machinery/webhook-scheme.js';

const failure = (code: string, message: string, response_code: string) => ({
  status: { code, message, response_code, result_code: 'ESB000001', success: false },
});

const completed = (random: SeededRandom) => ({
  transaction: { id: `T${random.text(8)}`, message: 'ok', status_code: 'TS' },
});

/** Airtel Money: tokens of three minutes, and a country and currency on every call. */
export const airtelMoney = counterpart(
  'airtel-money',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    country: fixed('ZM'),
    currency: fixed('ZMW'),
    privateKey: known('sandbox-private-'),
  },
  {
    baseUrlVariables: { api: 'AIRTEL_MONEY_BASE_URI' },
    login: {
      path: '/auth/oauth2/token',
      client: inJson('client_id', 'client_secret', 'grant_type'),
      // The body of this answer is not documented.
      wrong: json(401, { error: 'invalid_client', error_description: 'Invalid client authentication' }),
      lifetimeMs: 180_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: ({ value, lifetimeMs }) => ({
        access_token: value,
        expires_in: String(Math.floor(lifetimeMs / 1_000)),
        token_type: 'bearer',
      }),
    },
    carries: token(),
    refusal: json(401, { error: 'bad API key or token' }),
    lacks: ({ request }) =>
      header(request, 'x-country') === '' || header(request, 'x-currency') === ''
        ? json(400, failure('400', 'X-Country and X-Currency are required', 'ROUTER112'))
        : undefined,
    forbidden: json(403, failure('403', 'Not authorised for this country', 'ROUTER007')),
    error: (status, message) => failure(String(status), message, 'ROUTER006'),
    paymentKeys: ['id', 'reference'],
    reads: {
      '/standard/v1/users/balance': {
        data: { balance: '1000', currency: 'ZMW' },
        status: { code: '200', success: true },
      },
    },
    writes: {
      '/merchant/v1/payments/': (call) => ({
        data: { transaction: payment(call) },
        status: { code: '200', success: true },
      }),
    },
    webhooks: {
      // Airtel signs callbacks only where a switch in the portal is on.
      hash: scheme({
        event: completed,
        sign: ({ event, keys }) =>
          createHmac('sha256', keys.privateKey)
            .update(JSON.stringify(event['transaction'] ?? {}))
            .digest('base64'),
        inBody: (event, hash) => ({ ...event, hash }),
      }),
      callback: scheme({ event: completed }),
    },
  },
);
