import { asForm, asJson, basic, bearer, type Keys, type Row } from './row.js';

/** The message that the vectors of the other providers sign. */
const EVENT = { id: 'evt_1', type: 'payment.succeeded', amount: 100 };
const AT_MS = 1_700_000_000_000;
const MS = 1_700_000_000_123;

const SQUARE_WEBHOOK = {
  scheme: 'signature',
  keys: { signatureKey: 'sqkey' },
  event: EVENT,
  url: 'https://example.com/hook',
  stands: ['x-square-hmacsha256-signature', 't7TE3rczmCK/IMTJEmFgKXYJc+klYQdlUaPrwbARwlo='],
} as const;
const SQUARE_REFUSED = [
  401,
  { errors: [{ category: 'AUTHENTICATION_ERROR', code: 'UNAUTHORIZED' }] },
] as const;
const MOLLIE_WEBHOOK = {
  scheme: 'signature',
  keys: { webhookSecret: 'molliesecret' },
  event: EVENT,
  stands: ['x-mollie-signature', 'sha256=e0e79e166c37fdabeedd2c41b7405c1ddb56691a2cc716497b25dda477a2f3b3'],
} as const;
const MOLLIE_REFUSED = [
  401,
  { title: 'Unauthorized Request', detail: 'Missing authentication, or failed to authenticate' },
] as const;
const CHECKOUT_WEBHOOK = {
  scheme: 'signature',
  keys: { webhookSecret: 'ckokey' },
  event: EVENT,
  stands: ['cko-signature', 'a6f9450b94ab994df3b1ca9643d85ac612ac71ad16afb5ffd5fe8095820e5ccc'],
} as const;
const MERCADOPAGO_WEBHOOK = {
  scheme: 'signature',
  keys: { webhookSecret: 'mpsecret' },
  event: { data: { id: '123' } },
  id: 'req-1',
  atMs: AT_MS,
  stands: [
    'x-signature',
    'ts=1700000000,v1=8089affd4a6a8335c6961266a99844e1628d17ac4a617df7cd36a28a11866d8a',
  ],
} as const;
const accessToken = ({ keys }: { readonly keys: Keys }) => ({
  authorization: `Bearer ${keys['accessToken']}`,
});

export const WORLD: Readonly<Record<string, Row>> = {
  stripe: {
    carries: ({ keys }) => ({ authorization: basic(keys['secretKey'] ?? '', '') }),
    refused: [401, { error: { type: 'invalid_request_error' } }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'whsec_test' },
        event: EVENT,
        atMs: AT_MS,
        stands: [
          'stripe-signature',
          't=1700000000,v1=a317ccaa7c49db791b6f87e2861899000ffd281086f8c701ab1d0fab87aa7aa2',
        ],
      },
    ],
  },
  razorpay: {
    carries: ({ keys }) => ({ authorization: basic(keys['keyId'] ?? '', keys['keySecret'] ?? '') }),
    refused: [401, { error: { code: 'BAD_REQUEST_ERROR', description: 'Authentication failed' } }],
    forbidden: [401, { error: { code: 'BAD_REQUEST_ERROR', description: 'Access Denied' } }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'rzpsecret' },
        event: EVENT,
        stands: ['x-razorpay-signature', '00d16479e018408c811d20a7970e978ce48271a2eb02ffa44728b60ba146bd0f'],
      },
    ],
  },
  adyen: {
    carries: ({ keys }) => ({ 'x-api-key': keys['apiKey'] ?? '' }),
    refused: [401, { status: 401, errorCode: '000', errorType: 'security' }],
    forbidden: [403, { errorCode: '901' }],
    webhooks: [
      {
        scheme: 'standard',
        keys: { hmacKey: '44'.repeat(32) },
        event: {
          notificationItems: [
            {
              NotificationRequestItem: {
                pspReference: 'PSP1',
                merchantAccountCode: 'MERCHANT',
                merchantReference: 'ORDER-1',
                amount: { value: 100, currency: 'EUR' },
                eventCode: 'AUTHORISATION',
                success: 'true',
              },
            },
          ],
        },
        stands: [
          'body.notificationItems.0.NotificationRequestItem.additionalData.hmacSignature',
          'wAEjjjTjFkcLhNlhGg3n1MVXjSybb0ap6lsO71t26Rs=',
        ],
      },
      {
        scheme: 'banking',
        keys: { hmacKey: '44'.repeat(32) },
        event: EVENT,
        stands: ['hmacsignature', 'J4DG8BMObFhQr3xsvkPLF9NrqXub4ieG8BpNcE4Ut9Q='],
      },
    ],
  },
  square: { carries: accessToken, refused: SQUARE_REFUSED, webhooks: [SQUARE_WEBHOOK] },
  'square-oauth': {
    login: {
      sent: ({ clientId, clientSecret, refreshToken }) => ({
        method: 'POST',
        path: '/oauth2/token',
        ...asJson({
          client_id: clientId,
          client_secret: clientSecret,
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
        }),
      }),
      answer: { token_type: 'bearer', expires_at: '2023-12-14T22:13:20Z', refresh_token: expect.any(String) },
      token: 'access_token',
      wrong: [401, { type: 'service.not_authorized' }],
    },
    carries: bearer,
    refused: SQUARE_REFUSED,
    webhooks: [SQUARE_WEBHOOK],
  },
  mollie: {
    carries: ({ keys }) => ({ authorization: `Bearer ${keys['apiKey']}` }),
    refused: MOLLIE_REFUSED,
    webhooks: [MOLLIE_WEBHOOK],
  },
  'mollie-oauth': {
    login: {
      sent: ({ clientId = '', clientSecret = '', refreshToken }) => ({
        method: 'POST',
        path: '/oauth2/tokens',
        ...asForm(
          { grant_type: 'refresh_token', refresh_token: refreshToken },
          basic(clientId, clientSecret),
        ),
      }),
      answer: { token_type: 'bearer', expires_in: 3600, refresh_token: expect.any(String) },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: MOLLIE_REFUSED,
    webhooks: [MOLLIE_WEBHOOK],
  },
  checkout: {
    carries: ({ keys }) => ({ authorization: keys['secretKey'] ?? '' }),
    refused: [401, ''],
    webhooks: [CHECKOUT_WEBHOOK],
    forbidden: [403, ''],
  },
  'checkout-oauth': {
    login: {
      sent: ({ clientId, clientSecret }) => ({
        method: 'POST',
        host: 'access',
        path: '/connect/token',
        ...asForm({
          client_id: clientId,
          client_secret: clientSecret,
          grant_type: 'client_credentials',
          scope: 'gateway',
        }),
      }),
      answer: { token_type: 'Bearer', expires_in: 3600, scope: 'gateway' },
      token: 'access_token',
      wrong: [400, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, ''],
    webhooks: [CHECKOUT_WEBHOOK],
    forbidden: [403, ''],
  },
  cashfree: {
    carries: ({ keys }) => ({
      'x-client-id': keys['clientId'] ?? '',
      'x-client-secret': keys['clientSecret'] ?? '',
      'x-api-version': '2025-01-01',
    }),
    refused: [
      401,
      { message: 'authentication Failed', code: 'request_failed', type: 'authentication_error' },
    ],
    webhooks: [
      {
        scheme: 'signature',
        keys: { clientSecret: 'cfsecret' },
        event: EVENT,
        atMs: MS,
        stands: ['x-webhook-signature', '9o+mELY76NhWKvW3lkLPbpztp6tdqIRlQ+kBcBXz+aU='],
      },
    ],
  },
  phonepe: {
    login: {
      sent: ({ clientId, clientSecret, clientVersion }) => ({
        method: 'POST',
        host: 'login',
        path: '/v1/oauth/token',
        ...asForm({
          client_id: clientId,
          client_version: clientVersion,
          client_secret: clientSecret,
          grant_type: 'client_credentials',
        }),
      }),
      answer: {
        token_type: 'O-Bearer',
        expires_in: null,
        expires_at: 1_700_003_600,
        issued_at: 1_700_000_000,
      },
      token: 'access_token',
      wrong: [401, { success: false }],
    },
    carries: ({ token }) => ({ authorization: `O-Bearer ${token}` }),
    refused: [401, { success: false, code: 'AUTHORIZATION_FAILED' }],
    webhooks: [
      {
        scheme: 'constant',
        keys: { webhookUsername: 'user1', webhookPassword: 'pass1' },
        event: EVENT,
        stands: ['authorization', '9ad21064e2de89145e064ccb14405270fb5ae5596496ce6b5ed5a7a1408670f1'],
      },
    ],
  },
  klarna: {
    carries: ({ keys }) => ({ authorization: `Basic ${keys['apiKey']}` }),
    refused: [401, ''],
  },
  xendit: {
    carries: ({ keys }) => ({ authorization: basic(keys['secretKey'] ?? '', '') }),
    refused: [401, { error_code: 'INVALID_API_KEY' }],
    forbidden: [403, { error_code: 'REQUEST_FORBIDDEN_ERROR' }],
    webhooks: [
      {
        scheme: 'token',
        keys: { callbackToken: 'invented-token' },
        event: EVENT,
        stands: ['x-callback-token', 'invented-token'],
      },
    ],
  },
  airwallex: {
    login: {
      sent: ({ clientId = '', apiKey = '' }) => ({
        method: 'POST',
        path: '/api/v1/authentication/login',
        headers: { 'x-client-id': clientId, 'x-api-key': apiKey },
      }),
      status: 201,
      answer: { token: expect.any(String), expires_at: '2023-11-14T22:43:20+0000' },
      token: 'token',
      wrong: [401, { code: 'credentials_invalid' }],
    },
    carries: bearer,
    refused: [401, { code: 'unauthorized' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'awxsecret' },
        event: EVENT,
        atMs: MS,
        stands: ['x-signature', '03b1e4a1dd51337582b2cea47e99129c78d9459fb4b62f25f678cd8cadec94ed'],
      },
    ],
  },
  mercadopago: {
    carries: accessToken,
    refused: [401, { message: 'invalid access token', status: 401 }],
    webhooks: [MERCADOPAGO_WEBHOOK],
  },
  'mercadopago-oauth': {
    login: {
      sent: ({ clientId, clientSecret, refreshToken }) => ({
        method: 'POST',
        path: '/oauth/token',
        ...asJson({
          client_id: clientId,
          client_secret: clientSecret,
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
        }),
      }),
      answer: { token_type: 'Bearer', expires_in: 15_552_000, refresh_token: expect.any(String) },
      token: 'access_token',
      wrong: [400, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { message: 'invalid access token', status: 401 }],
    webhooks: [MERCADOPAGO_WEBHOOK],
  },
  'vipps-mobilepay': {
    login: {
      sent: ({ clientId = '', clientSecret = '', subscriptionKey = '' }) => ({
        method: 'POST',
        path: '/accesstoken/get',
        headers: {
          client_id: clientId,
          client_secret: clientSecret,
          'Ocp-Apim-Subscription-Key': subscriptionKey,
        },
      }),
      answer: { token_type: 'Bearer', expires_in: '3600', ext_expires_in: '0', expires_on: '1700003600' },
      token: 'access_token',
      wrong: [401, { error: 'unauthorized_client' }],
    },
    carries: ({ token, keys }) => ({
      ...bearer({ token }),
      'Ocp-Apim-Subscription-Key': keys['subscriptionKey'] ?? '',
    }),
    refused: [401, { statusCode: 401 }],
    forbidden: [401, { message: expect.stringContaining('invalid subscription key') }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'vippssecret' },
        event: EVENT,
        atMs: AT_MS,
        url: 'https://example.com/hook?x=1',
        stands: [
          'authorization',
          'HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=/+yaPL5HxxCb9Vez/ol7kIGZZeXg/ur1VXyu6bCJ4eU=',
        ],
      },
    ],
  },
};
