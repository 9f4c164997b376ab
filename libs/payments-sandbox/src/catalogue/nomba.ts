import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { jsonObjectOf, textOf } from '../core/received-request.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inJson } from './machinery/claims.js';
import { counterpart, header } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

const ok = (data: unknown) => ({ code: '00', description: 'SUCCESS', data });
const failure = (code: string, description: string) => ({ code, description });
const SIGNED =
  `event_type requestId data.merchant.userId data.merchant.walletId data.transaction.transactionId
  data.transaction.type data.transaction.time data.transaction.responseCode`.split(/\s+/);
const rfc3339 = (atMs: number) => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');

/** Nomba: a login beside an account id, with a date for its end; a webhook that does not sign the amount. */
export const nomba = counterpart(
  'nomba',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox+secret/'),
    accountId: known('sandbox-account-'),
    webhookSecret: known('sandbox-webhook-', 24),
  },
  {
    login: {
      path: '/v1/auth/token/issue',
      client: inJson('client_id', 'client_secret', 'grant_type'),
      lacks: ({ request, credentials }) =>
        header(request, 'accountid') === credentials.accountId
          ? undefined
          : json(400, failure('400', 'accountId header is required')),
      wrong: json(401, failure('401', 'Invalid client credentials')),
      lifetimeMs: 1_800_000,
      token: 'data.access_token',
      expiry: 'data.expiresAt',
      answer: ({ value, expiresAtMs }, { context }) =>
        ok({
          businessId: 'sandbox-business',
          access_token: value,
          refresh_token: context.random.text(32),
          expiresAt: new Date(expiresAtMs).toISOString(),
        }),
    },
    revocation: {
      path: '/v1/auth/token/revoke',
      // The documents do not say how the client proves itself. Here its secret is accepted, and a token that it holds.
      client: (request) =>
        inJson('client_id', 'client_secret')(request) ?? inJson('clientId', 'clientSecret')(request),
      isHolder: (request, { clientId, accountId }) =>
        textOf(jsonObjectOf(request), 'clientId') === clientId && header(request, 'accountid') === accountId,
      tokenOf: (request) =>
        textOf(jsonObjectOf(request), 'access_token') ?? textOf(jsonObjectOf(request), 'token'),
      answer: json(200, ok({ revoked: true })),
    },
    carries: token(),
    refusal: json(401, failure('401', 'Unauthorized')),
    lacks: ({ request, bearer }) =>
      header(request, 'accountid') === bearer.account.credentials.accountId
        ? undefined
        : json(400, failure('400', 'accountId header is required')),
    forbidden: json(403, failure('403', 'Forbidden')),
    error: (status, description) => failure(String(status), description),
    paymentKeys: ['merchantTxRef', 'orderReference'],
    reads: { '/v1/accounts/balance': ok({ amount: '1000', currency: 'NGN' }) },
    writes: { '/v1/checkout/order': (call) => ok(payment(call)) },
    webhooks: {
      signature: scheme({
        event: (random) => ({
          event_type: 'payment_success',
          requestId: `req-${random.text(8)}`,
          data: {
            merchant: { userId: 'user-1', walletId: 'wallet-1' },
            transaction: {
              transactionId: `tx-${random.text(8)}`,
              type: 'vact_transfer',
              time: '2026-01-01T00:00:00Z',
              responseCode: null,
              transactionAmount: 100,
            },
          },
        }),
        header: 'nomba-signature',
        sign: ({ event, atMs, keys }) => {
          const values = SIGNED.map((path) => textBelow(event, path).replace(/^null$/, ''));
          return createHmac('sha256', keys.webhookSecret)
            .update([...values, rfc3339(atMs)].join(':'))
            .digest('base64');
        },
        headers: ({ atMs }) => ({
          'nomba-signature-algorithm': 'HmacSHA256',
          'nomba-signature-version': '1.0.0',
          'nomba-timestamp': rfc3339(atMs),
        }),
      }),
    },
  },
);
