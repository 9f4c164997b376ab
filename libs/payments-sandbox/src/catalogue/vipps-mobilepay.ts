import { createHash, createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inHeaders } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { accessDenied } from './momo.js';
import { paymentEvent } from './machinery/payment-event.js';
import { scheme } from './machinery/webhook-scheme.js';

const SUBSCRIPTION_KEY = 'ocp-apim-subscription-key';
const seconds = (atMs: number) => String(Math.floor(atMs / 1_000));
const hashOf = (body: string) => createHash('sha256').update(body).digest('base64');

/** Vipps MobilePay: a login by headers, whose numbers are texts; a webhook over a canonical request. */
export const vippsMobilepay = counterpart(
  'vipps-mobilepay',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    subscriptionKey: known('sandbox-sub-', 24),
    merchantSerialNumber: known('sandbox', 6),
    webhookSecret: known('sandbox-webhook-', 24),
  },
  {
    variables: {
      clientId: 'VIPPS_CLIENT_ID',
      clientSecret: 'VIPPS_CLIENT_SECRET',
      subscriptionKey: 'VIPPS_SUBSCRIPTION_KEY',
      merchantSerialNumber: 'VIPPS_MSN',
    },
    login: {
      path: '/accesstoken/get',
      client: inHeaders('client_id', 'client_secret'),
      lacks: ({ request, credentials }) =>
        header(request, SUBSCRIPTION_KEY) === credentials.subscriptionKey ? undefined : accessDenied,
      wrong: json(401, { error: 'unauthorized_client', error_description: 'Invalid client secret provided' }),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: ({ value, lifetimeMs, expiresAtMs }, { context }) => ({
        token_type: 'Bearer',
        expires_in: seconds(lifetimeMs),
        ext_expires_in: '0',
        expires_on: seconds(expiresAtMs),
        not_before: seconds(context.providerNowMs),
        resource: '00000002-0000-0000-c000-000000000000',
        access_token: value,
      }),
    },
    carries: token(),
    refusal: json(401, { statusCode: 401, message: 'Unauthorized. Access token is missing or invalid.' }),
    lacks: ({ request, bearer }) =>
      header(request, SUBSCRIPTION_KEY) === bearer.account.credentials.subscriptionKey
        ? undefined
        : accessDenied,
    forbidden: accessDenied,
    error: (status, title) => ({ type: 'about:blank', title, status }),
    reads: { '/epayment/v1/payments/sandbox': { reference: 'sandbox', state: 'CREATED' } },
    writes: { '/epayment/v1/payments': (call) => json(201, payment(call)) },
    webhooks: {
      signature: scheme({
        event: paymentEvent,
        header: 'authorization',
        sign: ({ url, atMs, body, keys }) => {
          const { pathname, search, host } = new URL(url);
          const signed = `POST\n${pathname}${search}\n${new Date(atMs).toUTCString()};${host};${hashOf(body)}`;
          return createHmac('sha256', keys.webhookSecret).update(signed).digest('base64');
        },
        wrap: (signature) =>
          `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
        headers: ({ atMs, body, url }) => ({
          'x-ms-date': new Date(atMs).toUTCString(),
          'x-ms-content-sha256': hashOf(body),
          host: new URL(url).host,
        }),
      }),
    },
  },
);
