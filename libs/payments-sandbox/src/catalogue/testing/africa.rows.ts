import { createHmac } from 'node:crypto';
import { asForm, basic, bearer, type Row } from './row.js';

/** The message that the vectors of the African providers sign. */
const EVENT = { event: 'charge.success', data: { reference: 'ORD-1', amount: 1000 } };
const AT_MS = 1_700_000_000_000;

export const AFRICA: Readonly<Record<string, Row>> = {
  paystack: {
    carries: ({ keys }) => ({ authorization: `Bearer ${keys['secretKey']}` }),
    refused: [401, { status: false, message: 'Invalid key' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { secretKey: 'sk_test_invented' },
        event: EVENT,
        stands: [
          'x-paystack-signature',
          '01952aef855789735e17a50d8dad0485443f93b51fbf2d3860cac75b58a9ae8bcb6889dd8336f9997644b03e6d06ad2c85d99d0b49d476d10fad59da2cf732db',
        ],
      },
      {
        scheme: 'timestamped',
        keys: { secretKey: 'sk_test_invented' },
        event: EVENT,
        atMs: AT_MS,
        stands: [
          'x-paystack-signature',
          't=1700000000,v1=k1:b63d53fea643ed3ff18f2de5f71405f3d8f649ffa3ea3eea919e81137c96c8a410f580941a7e399458747ce502645656bb711f5c7edf5b3fe617062a1564a39e',
        ],
      },
    ],
  },
  daraja: {
    login: {
      sent: ({ consumerKey = '', consumerSecret = '' }) => ({
        method: 'GET',
        path: '/oauth/v1/generate?grant_type=client_credentials',
        headers: { authorization: basic(consumerKey, consumerSecret) },
      }),
      answer: { access_token: expect.any(String), expires_in: '3600' },
      token: 'access_token',
      wrong: [400, { errorCode: '400.008.01' }],
    },
    carries: bearer,
    refused: [404, { errorCode: '404.001.03', errorMessage: 'Invalid Access Token' }],
    forbidden: [500, { errorCode: '500.001.1001', errorMessage: 'Wrong credentials' }],
  },
  'flutterwave-v4': {
    login: {
      sent: ({ clientId, clientSecret }) => ({
        method: 'POST',
        host: 'idp',
        path: '/realms/flutterwave/protocol/openid-connect/token',
        ...asForm({ client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials' }),
      }),
      answer: {
        access_token: expect.any(String),
        expires_in: 600,
        refresh_expires_in: 0,
        token_type: 'Bearer',
      },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [
      401,
      { status: 'failed', error: { type: 'UNAUTHORIZED', code: '10401', message: 'Unauthorized' } },
    ],
    webhooks: [
      {
        scheme: 'signature',
        keys: { secretHash: 'invented-secret-hash' },
        event: EVENT,
        stands: ['flutterwave-signature', 'T0XiqPLWGI5WNZ1ie0foZ4WHKrDs8UbZKygZL2E9wjU='],
      },
      {
        scheme: 'secret',
        keys: { secretHash: 'invented-secret-hash' },
        event: EVENT,
        stands: ['flutterwave-signature', 'invented-secret-hash'],
      },
    ],
  },
  selcom: {
    carries: ({ keys, url, body, nowMs }) => {
      const values =
        body === '' ? Object.fromEntries(url.searchParams) : (JSON.parse(body) as Record<string, unknown>);
      const timestamp = new Date(nowMs).toISOString().replace(/\.\d+Z$/, '+00:00');
      const fields = Object.keys(values);
      const signed = `timestamp=${timestamp}${fields.map((name) => `&${name}=${String(values[name])}`).join('')}`;
      return {
        authorization: `SELCOM ${Buffer.from(keys['apiKey'] ?? '').toString('base64')}`,
        'digest-method': 'HS256',
        timestamp,
        'signed-fields': fields.join(','),
        digest: createHmac('sha256', keys['apiSecret'] ?? '')
          .update(signed)
          .digest('base64'),
      };
    },
    refused: [401, { result: 'FAIL' }],
    webhooks: [
      {
        scheme: 'signed',
        keys: { apiKey: 'invented-key', apiSecret: 'invented-secret' },
        event: { transid: 'T1', amount: '100' },
        atMs: Date.parse('2026-01-01T00:00:00+03:00'),
        stands: ['digest', '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY='],
      },
      {
        scheme: 'signed',
        keys: { apiKey: 'invented-key' },
        event: { transid: 'T1' },
        stands: ['authorization', 'SELCOM aW52ZW50ZWQta2V5'],
      },
    ],
  },
};
