import { createHmac, sign } from 'node:crypto';
import { asForm, asJson, basic, bearer, type Row, secretKey } from './row.js';
import { VECTOR_KEYS } from './vector-keys.js';

/** The message that the vectors of the African providers sign. */
const EVENT = { event: 'charge.success', data: { reference: 'ORD-1', amount: 1000 } };
const AT_MS = 1_700_000_000_000;

/** The three products differ in their paths alone. */
const momo = (product: string): Row => ({
  login: {
    sent: ({ userId = '', apiKey = '', subscriptionKey = '' }) => ({
      method: 'POST',
      path: `/${product}/token/`,
      headers: { authorization: basic(userId, apiKey), 'Ocp-Apim-Subscription-Key': subscriptionKey },
    }),
    answer: { access_token: expect.any(String), token_type: 'access_token', expires_in: 3600 },
    token: 'access_token',
    wrong: [500, { error: 'login_failed' }],
  },
  carries: ({ token, keys }) => ({
    ...bearer({ token }),
    'Ocp-Apim-Subscription-Key': keys['subscriptionKey'] ?? '',
    'X-Target-Environment': 'sandbox',
    'X-Reference-Id': '7a7bb9cc-3c5b-4c1e-a3a1-0a8f6a2f6a10',
  }),
  refused: [401, { error: 'invalid_token' }],
  forbidden: [401, { statusCode: 401, message: expect.stringContaining('invalid subscription key') }],
});

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
        scheme: 'dated',
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
        scheme: 'token',
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
        scheme: 'signature',
        keys: { apiKey: 'invented-key', apiSecret: 'invented-secret' },
        event: { transid: 'T1', amount: '100' },
        atMs: Date.parse('2026-01-01T00:00:00+03:00'),
        stands: ['digest', '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY='],
      },
      {
        scheme: 'signature',
        keys: { apiKey: 'invented-key' },
        event: { transid: 'T1' },
        stands: ['authorization', 'SELCOM aW52ZW50ZWQta2V5'],
      },
    ],
  },

  flutterwave: {
    carries: secretKey,
    refused: [401, { status: 'error', message: 'Invalid authorization key' }],
    webhooks: [
      {
        scheme: 'token',
        keys: { secretHash: 'invented-secret-hash' },
        event: EVENT,
        stands: ['verif-hash', 'invented-secret-hash'],
      },
    ],
  },
  'momo-collection': momo('collection'),
  'momo-disbursement': momo('disbursement'),
  'momo-remittance': momo('remittance'),
  'airtel-money': {
    login: {
      sent: ({ clientId, clientSecret }) => ({
        method: 'POST',
        path: '/auth/oauth2/token',
        ...asJson({ client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials' }),
      }),
      answer: { access_token: expect.any(String), expires_in: '180', token_type: 'bearer' },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: ({ token }) => ({ ...bearer({ token }), 'x-country': 'ZM', 'x-currency': 'ZMW' }),
    refused: [401, { error: 'bad API key or token' }],
    forbidden: [403, { status: { response_code: 'ROUTER007', success: false } }],
    webhooks: [
      {
        scheme: 'hash',
        keys: { privateKey: 'invented-private-key' },
        event: { transaction: { id: 'T1', message: 'ok', status_code: 'TS', airtel_money_id: 'MP1' } },
        stands: ['body.hash', '0fC1NqCreSiywBDMkNdqaSWyVctUCb87wRDKGh7tF+c='],
      },
    ],
  },
  monnify: {
    login: {
      sent: ({ apiKey = '', secretKey: secret = '' }) => ({
        method: 'POST',
        path: '/api/v1/auth/login',
        headers: { authorization: basic(apiKey, secret) },
      }),
      answer: {
        requestSuccessful: true,
        responseBody: { accessToken: expect.any(String), expiresIn: 3600 },
      },
      token: 'responseBody.accessToken',
      wrong: [401, { requestSuccessful: false }],
    },
    carries: bearer,
    refused: [401, { error: 'invalid_token' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { secretKey: 'invented-client-secret' },
        event: EVENT,
        stands: [
          'monnify-signature',
          '2116316c39a0eae91f286f56de33671357d425adf158f0f173c410e0a8520ed8f551866c60feb89043bf90c9448f7b157d1c8fa814036dcdcb6bee4c1a835c2e',
        ],
      },
    ],
  },
  'orange-money': {
    login: {
      sent: ({ clientId = '', clientSecret = '' }) => ({
        method: 'POST',
        path: '/oauth/v3/token',
        ...asForm({ grant_type: 'client_credentials' }, basic(clientId, clientSecret)),
      }),
      answer: { token_type: 'Bearer', access_token: expect.any(String), expires_in: '3600' },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { code: 42 }],
    forbidden: [403, { code: 50 }],
  },
  wave: {
    carries: ({ keys }) => ({ authorization: `Bearer ${keys['apiKey']}` }),
    refused: [401, { code: expect.stringMatching(/^(missing-auth-header|no-matching-api-key)$/) }],
    forbidden: [403, { code: 'disabled-wallet' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'invented-wave-secret' },
        event: EVENT,
        atMs: AT_MS,
        stands: [
          'wave-signature',
          't=1700000000,v1=c7d92f81b2ad0490144909f4738016a82000c34f624acbd4514571246f40fd9d',
        ],
      },
      {
        scheme: 'token',
        keys: { webhookSecret: 'invented-wave-secret' },
        event: EVENT,
        stands: ['authorization', 'Bearer invented-wave-secret'],
      },
    ],
  },
  fedapay: {
    carries: secretKey,
    refused: [401, { code: 401 }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'wh_invented' },
        event: EVENT,
        atMs: AT_MS,
        stands: [
          'x-fedapay-signature',
          't=1700000000,s=1af2db18ae8cc5fb69440c53de01b34b78145c34a63e8bc8e4a6e5ee86fa2a10',
        ],
      },
    ],
  },
  chapa: {
    carries: secretKey,
    refused: [401, { status: 'failed' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'invented-webhook-secret' },
        event: EVENT,
        stands: ['x-chapa-signature', 'f86f2b1055262639169cacaca0f2c55d26312849cc9ddc85b75a14ca5bf4001b'],
      },
      {
        scheme: 'constant',
        keys: { webhookSecret: 'invented-webhook-secret' },
        event: EVENT,
        stands: ['chapa-signature', 'bc31b41b4306eb6deaf71e8d997b6a720e2af2e7654a96990db41965dc99943f'],
      },
    ],
  },
  pawapay: {
    carries: ({ keys }) => ({ authorization: `Bearer ${keys['apiToken']}` }),
    refused: [401, { failureReason: { failureCode: 'AUTHENTICATION_ERROR' } }],
    forbidden: [403, { failureReason: { failureCode: 'AUTHORISATION_ERROR' } }],
    webhooks: [
      {
        scheme: 'signature',
        keys: {},
        event: EVENT,
        atMs: AT_MS,
        stands: ['signature-date', '2023-11-14T22:13:20.000Z'],
      },
    ],
  },
  'peach-payments': {
    login: {
      sent: ({ clientId, clientSecret, merchantId }) => ({
        method: 'POST',
        host: 'login',
        path: '/api/oauth/token',
        ...asJson({ clientId, clientSecret, merchantId }),
      }),
      answer: { access_token: expect.any(String), expires_in: '14400', token_type: 'Bearer' },
      token: 'access_token',
      wrong: [400, {}],
    },
    carries: bearer,
    refused: [401, { message: 'Unauthorized' }],
    webhooks: [
      {
        scheme: 'form',
        keys: { secretToken: 'invented-secret-token' },
        event: {
          amount: '5.00',
          currency: 'ZAR',
          merchantTransactionId: 'ORD1',
          'result.code': '000.000.000',
        },
        stands: ['form.signature', '4ccc0fdaec0dd8d6c8b89a3d636bbdc11d3fbc2668d01d0a190a88188b705418'],
      },
      {
        scheme: 'signature',
        keys: { secretToken: 'invented-secret' },
        event: { status: 'completed' },
        atMs: AT_MS,
        id: 'wh_1',
        url: 'https://shop.example/webhooks/peach',
        stands: ['x-webhook-signature', '89b2c88598f3622a1ce77f77ec44566059edeb700adfeefb5cb05c33125f760b'],
      },
    ],
  },
  azampay: {
    login: {
      sent: ({ appName, clientId, clientSecret }) => ({
        method: 'POST',
        host: 'login',
        path: '/AppRegistration/GenerateToken',
        ...asJson({ appName, clientId, clientSecret }),
      }),
      answer: {
        data: expect.objectContaining({ expire: '2023-11-15T04:13:20Z' }),
        success: true,
        statusCode: 200,
      },
      token: 'data.accessToken',
      wrong: [
        423,
        {
          data: null,
          message: 'Provided detail is not valid for this app or secret key has been expired',
          success: false,
          statusCode: 423,
        },
      ],
    },
    carries: bearer,
    refused: [401, { status: 'Error', message: 'Please Provide Valid Authorization' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { callbackKey: VECTOR_KEYS.rsa.priv },
        event: { externalreference: 'O1', reference: 'R1', transactionstatus: 'success', operator: 'Airtel' },
        stands: [
          'body.signature',
          sign('sha256', Buffer.from('O1R1successAirtel'), VECTOR_KEYS.rsa.priv).toString('base64'),
        ],
      },
    ],
  },
  kopokopo: {
    login: {
      sent: ({ clientId, clientSecret }) => ({
        method: 'POST',
        path: '/oauth/token',
        ...asForm({ client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials' }),
      }),
      answer: {
        token_type: 'Bearer',
        access_token: expect.any(String),
        expires_in: 3600,
        created_at: 1700000000,
      },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { error: 'invalid_token' }],
    webhooks: [
      {
        scheme: 'api-key',
        keys: { apiKey: 'invented-api-key' },
        event: EVENT,
        stands: ['x-kopokopo-signature', 'c0290b7930c1801035b516fa00ff5f3e44b88f539a875400085f1a839b3f4d2f'],
      },
      {
        scheme: 'client-secret',
        keys: { clientSecret: 'invented-api-key' },
        event: EVENT,
        stands: ['x-kopokopo-signature', 'c0290b7930c1801035b516fa00ff5f3e44b88f539a875400085f1a839b3f4d2f'],
      },
    ],
  },
  paymob: {
    carries: ({ keys }) => ({ authorization: `Token ${keys['secretKey']}` }),
    refused: [401, { detail: expect.any(String) }],
    webhooks: [
      {
        scheme: 'transaction',
        keys: { hmacSecret: 'invented-hmac-secret' },
        event: {
          obj: {
            amount_cents: 10000,
            created_at: '2026-01-01T00:00:00.000000',
            currency: 'EGP',
            id: 111,
            error_occured: false,
            has_parent_transaction: false,
            integration_id: 222,
            is_3d_secure: true,
            is_auth: false,
            is_capture: false,
            is_refunded: false,
            is_standalone_payment: true,
            is_voided: false,
            order: { id: 333 },
            owner: 444,
            pending: false,
            success: true,
            source_data: { pan: '2346', sub_type: 'MasterCard', type: 'card' },
          },
        },
        stands: [
          'query.hmac',
          '0416c00925c71daea3c86c05494ae5aae06ed8ae6ec5b0dd84f404df0f1a11b0a5db3aa8f2658711aaf89b3aa4ee4eace42b49996f40e534af5c21d95f734eb2',
        ],
      },
    ],
  },
  nomba: {
    login: {
      sent: ({ clientId, clientSecret, accountId = '' }) => {
        const { headers, body } = asJson({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
        });
        return { method: 'POST', path: '/v1/auth/token/issue', headers: { ...headers, accountId }, body };
      },
      answer: { code: '00', data: expect.objectContaining({ expiresAt: '2023-11-14T22:43:20.000Z' }) },
      token: 'data.access_token',
      wrong: [401, { code: '401' }],
    },
    carries: ({ token, keys }) => ({ ...bearer({ token }), accountId: keys['accountId'] ?? '' }),
    refused: [401, { code: '401', description: 'Unauthorized' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'invented-webhook-key' },
        event: {
          event_type: 'payment_success',
          requestId: 'req-1',
          data: {
            merchant: { userId: 'user-1', walletId: 'wallet-1' },
            transaction: {
              transactionId: 'tx-1',
              type: 'vact_transfer',
              time: '2026-01-01T00:00:00Z',
              responseCode: null,
            },
          },
        },
        atMs: Date.parse('2026-01-01T00:00:05Z'),
        stands: ['nomba-signature', 'fCvscwDbCZ8HZ39UhLNUCgZbpxjxU1nXn5rMfac6yeI='],
      },
    ],
  },
  interswitch: {
    login: {
      sent: ({ clientId = '', clientSecret = '' }) => ({
        method: 'POST',
        host: 'passport',
        path: '/passport/oauth/token',
        ...asForm({ grant_type: 'client_credentials', scope: 'profile' }, basic(clientId, clientSecret)),
      }),
      answer: { access_token: expect.any(String), token_type: 'bearer', expires_in: 3600, scope: 'profile' },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { error: 'invalid_token' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'invented-secret' },
        event: EVENT,
        stands: [
          'x-interswitch-signature',
          '4a35d4bf41a478fc078ed03165a51b20560eb67f6c43e91cd8ded50e8c64acadfa3e86b59c4fa6321058a4bbb7149bbf3137207d594eabb862d436494526a2f2',
        ],
      },
    ],
  },
  squad: {
    carries: secretKey,
    refused: [401, { success: false }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { secretKey: 'sandbox_sk_invented' },
        event: EVENT,
        stands: [
          'x-squad-encrypted-body',
          '3646C23E0421126D970A289863BECA32A88B8AD4CA6A1334FCACCE71B6FF6F5ED5B56660E734F558EF66629205A57B38993E0B7DAA028547496B98BACE0BFC32',
        ],
      },
    ],
  },
};
