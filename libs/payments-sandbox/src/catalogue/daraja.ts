import { payment } from '../providers/payment.js';
import { json, type Reply } from '../core/reply.js';
import { token } from './machinery/calls.js';
import { inBasic } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { fixed, secret } from './machinery/invented.js';
import { scheme } from './machinery/webhook-scheme.js';

const fault = (status: number, errorCode: string, errorMessage: string): Reply =>
  json(status, { requestId: 'sandbox-1', errorCode, errorMessage });

/** Each API of Daraja has a code of its own for the same words. */
const INVALID_TOKEN: Readonly<Record<string, readonly [number, string]>> = {
  '/mpesa/accountbalance/v1/query': [401, '401.002.01'],
  '/mpesa/c2b/v1/registerurl': [400, '400.003.01'],
};

/** Safaricom Daraja (M-Pesa): a login by GET and Basic, which ends the token before it. */
export const daraja = counterpart(
  'daraja',
  {
    consumerKey: secret('sandbox-ck-', 40),
    consumerSecret: secret('sandbox-cs-', 48),
    passkey: secret('sandbox-passkey-', 24),
    shortCode: fixed('174379'),
  },
  {
    proof: 'consumerSecret',
    variables: {
      consumerKey: 'MPESA_CONSUMER_KEY',
      consumerSecret: 'MPESA_CONSUMER_SECRET',
      passkey: 'MPESA_PASSKEY',
      shortCode: 'MPESA_SHORTCODE',
    },
    login: {
      method: 'GET',
      path: '/oauth/v1/generate',
      client: inBasic,
      lacks: ({ request }) =>
        request.query.get('grant_type') === 'client_credentials'
          ? undefined
          : fault(400, '400.008.02', 'Invalid grant type passed'),
      wrong: fault(400, '400.008.01', 'Invalid Authentication passed'),
      lifetimeMs: 3_600_000,
      value: (random) => random.text(28),
      token: 'access_token',
      expiry: 'expires_in',
      // The older pages and code show a text, the current page a number.
      answer: ({ value, lifetimeMs }) => ({
        access_token: value,
        expires_in: String(Math.floor(lifetimeMs / 1_000)),
      }),
    },
    settings: { newLoginKillsEarlier: true },
    carries: token(),
    refusal: ({ path = '' }) =>
      fault(...(INVALID_TOKEN[path] ?? [404, '404.001.03']), 'Invalid Access Token'),
    forbidden: fault(500, '500.001.1001', 'Wrong credentials'),
    error: (status, errorMessage) => ({
      requestId: 'sandbox-1',
      errorCode: status === 404 ? '404.001.01' : '500.003.02',
      errorMessage,
    }),
    limited: () => fault(500, '500.003.02', 'Spike arrest violation'),
    paymentKeys: ['OriginatorConversationID', 'CheckoutRequestID'],
    writes: {
      '/mpesa/stkpush/v1/processrequest': (call) => ({
        ...payment(call),
        ResponseCode: '0',
        CustomerMessage: 'Success. Request accepted for processing',
      }),
      '/mpesa/accountbalance/v1/query': {
        ResponseCode: '0',
        ResponseDescription: 'Accept the service request',
      },
      '/mpesa/c2b/v1/registerurl': { ResponseCode: '0', ResponseDescription: 'success' },
    },
    webhooks: {
      stk: scheme({
        event: (random) => ({
          Body: { stkCallback: { CheckoutRequestID: `ws_CO_${random.text(12)}`, ResultCode: 0 } },
        }),
      }),
      c2b: scheme({
        event: (random) => ({
          TransactionType: 'Pay Bill',
          TransID: `RKL${random.text(7).toUpperCase()}`,
          TransTime: '20260101000000',
          TransAmount: '10',
          BusinessShortCode: '174379',
          BillRefNumber: `ORD-${random.text(8)}`,
        }),
      }),
    },
  },
);
