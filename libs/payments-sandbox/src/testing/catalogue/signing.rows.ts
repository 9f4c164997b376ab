import { createHmac, sign } from 'node:crypto';
import { asForm, basic, bearer, type Keys, type Row } from './row.js';
import { VECTOR_KEYS } from './vector-keys.js';

/** The message that the vectors sign. */
const EVENT = { id: 'evt_1', type: 'payment.succeeded', amount: 100 };
const AT_MS = 1_700_000_000_000;
const MS = 1_700_000_000_123;

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A compact JWS; `key` as Node's `sign` takes it. */
export function jws(
  header: object,
  payload: string,
  [hash, key]: readonly [hash: string | null, key: Parameters<typeof sign>[2]],
): string {
  const signed = `${part(header)}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${sign(hash, Buffer.from(signed), key).toString('base64url')}`;
}

/** The detached form, without the payload. */
const detached = (compact: string) => compact.replace(/\..*\./s, '..');

function truelayerSignature(keys: Keys, method: string, url: URL, body: string): string {
  const header = { alg: 'ES512', kid: keys['keyId'], tl_version: '2', tl_headers: 'Idempotency-Key' };
  const payload = `${method} ${url.pathname}\nIdempotency-Key: idem-1\n${body}`;
  return detached(
    jws(header, payload, ['sha512', { key: keys['privateKey'] ?? '', dsaEncoding: 'ieee-p1363' }]),
  );
}

export function revolutAssertion(keys: Keys, change: object = {}): string {
  const claims = {
    iss: keys['issuer'],
    sub: keys['clientId'],
    aud: 'https://revolut.com',
    exp: 1_700_003_600,
    ...change,
  };
  return jws({ alg: 'RS256', typ: 'JWT' }, JSON.stringify(claims), ['sha256', keys['privateKey'] ?? '']);
}

/** The key of an Ed25519 secret in the form that Coinbase issues. */
const ed25519 = (secret: string) => ({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(secret, 'base64').subarray(0, 32),
  ]),
  format: 'der' as const,
  type: 'pkcs8' as const,
});

const WISE = {
  refused: [401, { error: 'invalid_token' }],
  webhooks: [
    {
      scheme: 'signature',
      keys: { webhookKey: VECTOR_KEYS.rsa.priv },
      event: EVENT,
      stands: [
        'x-signature-sha256',
        'J6HdqcjVQ7nS6Zb7KgA0dwWXZCsU2LDMoND9CgDr0aqFnS/MyoRClHdP5N1qy65qeFmJ+qtx4wiQcaAyk2usl92PhkL0wooOUb2kkPWlnFQ8m8dnw4GQ74xF8hum5l8j/vo3xhn44tz3eOm3zqS/fAS8d5qMwJJODose9xecJPILUD5/fGNUPATxJVS4P59TSgSFNk4rOOZ0Wrqj0N+3Zwe2XCXKfcepxGpmAqVqK1yJ8ewUzalTgXaRXJLQwGSq2xb/zpF8qkEdQjRxCoVwLuvfOdjAShnd0EPuP8ABoU5kAgMRS+jR+InrRHpdWbq9Gs5EwslmXuUhg8WJkS86BQ==',
      ],
    },
  ],
} as const;

export const SIGNING: Readonly<Record<string, Row>> = {
  paypal: {
    login: {
      sent: ({ clientId = '', clientSecret = '' }) => ({
        method: 'POST',
        path: '/v1/oauth2/token',
        ...asForm({ grant_type: 'client_credentials' }, basic(clientId, clientSecret)),
      }),
      answer: {
        token_type: 'Bearer',
        expires_in: 32_400,
        scope: expect.stringContaining('https://uri.paypal.com/'),
      },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { error: 'invalid_token', error_description: 'Access Token not found in cache' }],
    forbidden: [403, { name: 'NOT_AUTHORIZED' }],
    webhooks: [
      {
        scheme: 'certificate',
        keys: { webhookKey: VECTOR_KEYS.rsa.priv, webhookId: 'WH-1' },
        event: EVENT,
        id: 'tx-1',
        atMs: AT_MS,
        stands: [
          'paypal-transmission-sig',
          'HqocbOo0txoZE/2WIzN0flOrSmjsT5bSI+Phc2bWE5n6gSdn1lRKeMW9D0JyCFcZo5FsELO33QpwTEbqsRbTG2vojOqhonigHqcT518anfRr4N+HNgHT3H7KuOA4veQdRm97wF6f1rJpQLQTKyO2jo72EQCT6JalXBk6Hvn42B+b3IiqsogF/uGH+myBzvb+k0Mr1T4jSqs0aFK91G0PriA9VL/8dfVqGGJJEdZVKKvEtw8DfsZvSxWuCW7WV6Eq6rVE1Ir9SIxV67J305k05Kmectk/ddsbaEvGTHqSWnJ92ikn75NT1kytW9rvxbdv2lY+sWFFvI87ancZjyzXfQ==',
        ],
      },
    ],
  },
  gocardless: {
    carries: ({ keys }) => ({
      authorization: `Bearer ${keys['accessToken']}`,
      'gocardless-version': '2015-07-06',
    }),
    refused: [401, { error: { type: 'invalid_api_usage', code: 401 } }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'gcsecret' },
        event: EVENT,
        stands: ['webhook-signature', '7b3b69265e12884903429cdc8adb364cfdc93163721f56ec13e9a689533f5e40'],
      },
    ],
  },
  wise: { ...WISE, carries: ({ keys }) => ({ authorization: `Bearer ${keys['apiToken']}` }) },
  'wise-oauth': {
    ...WISE,
    login: {
      sent: ({ clientId = '', clientSecret = '' }) => ({
        method: 'POST',
        path: '/oauth/token',
        ...asForm({ grant_type: 'client_credentials' }, basic(clientId, clientSecret)),
      }),
      answer: { token_type: 'bearer', expires_in: 43_199, expires_at: '2023-11-15T10:13:19.000Z' },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
  },
  'coinbase-cdp': {
    carries: ({ keys, method, url, nowMs }) => {
      const now = Math.floor(nowMs / 1_000);
      const { apiKeyId: kid = '', apiKeySecret = '' } = keys;
      const header = { alg: 'EdDSA', kid, typ: 'JWT', nonce: '0123456789abcdef' };
      const uris = [`${method} ${url.host}${url.pathname}`];
      const claims = { sub: kid, iss: 'cdp', nbf: now, exp: now + 120, uris };
      return {
        authorization: `Bearer ${jws(header, JSON.stringify(claims), [null, ed25519(apiKeySecret)])}`,
      };
    },
    refused: [401, { errorType: 'unauthorized' }],
  },
  dlocal: {
    carries: ({ keys, body, nowMs }) => {
      const { login = '', transKey = '', secretKey = '' } = keys;
      const date = new Date(nowMs).toISOString();
      return {
        'x-date': date,
        'x-login': login,
        'x-trans-key': transKey,
        'x-version': '2.1',
        authorization: `V2-HMAC-SHA256, Signature: ${hmac(secretKey, `${login}${date}${body}`).digest('hex')}`,
      };
    },
    refused: [401, { code: 3001, message: 'Invalid Credentials' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { login: 'LOGIN1', secretKey: 'dlsecret' },
        event: { amount: 100 },
        atMs: MS,
        stands: [
          'authorization',
          'V2-HMAC-SHA256, Signature: 1dcae680ec79e2948dc7a9c67560ffdf267a41228cb5954d55581151c4c835cd',
        ],
      },
    ],
  },
  rapyd: {
    carries: ({ keys, method, url, body, nowMs }) => {
      const { accessKey = '', secretKey = '' } = keys;
      const [salt, timestamp] = ['salt1234', String(Math.floor(nowMs / 1_000))];
      const target = `${method.toLowerCase()}${url.pathname}${url.search}`;
      const hex = hmac(secretKey, `${target}${salt}${timestamp}${accessKey}${secretKey}${body}`).digest(
        'hex',
      );
      return { access_key: accessKey, salt, timestamp, signature: Buffer.from(hex).toString('base64') };
    },
    refused: [expect.anything() as never, { status: { status: 'ERROR' } }],
    forbidden: [401, { status: { error_code: 'UNAUTHORIZED_API_CALL' } }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { accessKey: 'AK1', secretKey: 'SK1' },
        event: EVENT,
        id: 'salt1234',
        atMs: AT_MS,
        url: 'https://example.com/hook',
        stands: [
          'signature',
          'MzkwYjI4MDhiNzJhM2EyZDhkMzg5N2RjM2Y5N2UwMmQ4NmE4OGE3NDRmZDE3ZjI1ZmYwMjM0OGM4ODIzYzU2MQ==',
        ],
      },
    ],
  },
  iyzico: {
    carries: ({ keys, method, url, body }) => {
      const random = '123456789';
      const text = method === 'GET' ? '{}' : body;
      const signature = hmac(keys['secretKey'] ?? '', `${random}${url.pathname}${text}`).digest('hex');
      const pairs = `apiKey:${keys['apiKey']}&randomKey:${random}&signature:${signature}`;
      return { authorization: `IYZWSv2 ${Buffer.from(pairs).toString('base64')}`, 'x-iyzi-rnd': random };
    },
    refused: [200, { status: 'failure', errorCode: '1000' }],
    forbidden: [200, { status: 'failure', errorCode: '10051' }],
    webhooks: [
      {
        scheme: 'page',
        keys: { secretKey: 'izsecret' },
        event: {
          iyziEventType: 'CHECKOUT_FORM_AUTH',
          iyziPaymentId: 123,
          token: 'token-1',
          paymentConversationId: 'conv-1',
          status: 'SUCCESS',
        },
        stands: ['x-iyz-signature-v3', 'b38f55653318e1a6ea9bcef4b9a5cad2822e3e87bd383a11e05e2b6227bba8be'],
      },
    ],
  },
  worldline: {
    carries: ({ keys, method, url, body, nowMs }) => {
      const date = new Date(nowMs).toUTCString();
      const type = body === '' ? '' : 'application/json';
      const text = `${method}\n${type}\n${date}\nx-gcs-idempotence-key:idem-1\n${url.pathname}${url.search}\n`;
      const signature = hmac(keys['secretApiKey'] ?? '', text).digest('base64');
      return {
        date,
        'x-gcs-idempotence-key': ' idem-1 ',
        authorization: `GCS v1HMAC:${keys['apiKeyId']}:${signature}`,
      };
    },
    refused: [401, { errors: [{ code: '9002', id: 'MISSING_OR_INVALID_AUTHORIZATION' }] }],
    forbidden: [403, { errors: [{ code: '9007' }] }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'whsecret' },
        event: EVENT,
        stands: ['x-gcs-signature', 'piYj8fc3TEDKxbh6mZT71w0p2ahAMXRmAG16IVoNMac='],
      },
    ],
  },
  truelayer: {
    login: {
      sent: ({ clientId, clientSecret }) => ({
        method: 'POST',
        host: 'auth',
        path: '/connect/token',
        ...asForm({
          client_id: clientId,
          client_secret: clientSecret,
          grant_type: 'client_credentials',
          scope: 'payments',
        }),
      }),
      answer: { token_type: 'Bearer', expires_in: 3600, scope: 'payments' },
      token: 'access_token',
      wrong: [400, { error: 'invalid_client' }],
    },
    carries: ({ token, keys, method, url, body }) => ({
      ...bearer({ token }),
      ...(method === 'GET'
        ? {}
        : { 'idempotency-key': 'idem-1', 'tl-signature': truelayerSignature(keys, method, url, body) }),
    }),
    refused: [401, { title: 'Unauthenticated' }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookKey: VECTOR_KEYS.p521.priv },
        event: EVENT,
        atMs: AT_MS,
        stands: ['x-tl-webhook-timestamp', '2023-11-14T22:13:20.000Z'],
      },
    ],
  },
  'revolut-business': {
    login: {
      sent: (keys) => ({
        method: 'POST',
        path: '/auth/token',
        ...asForm({
          grant_type: 'refresh_token',
          refresh_token: keys['refreshToken'],
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: revolutAssertion(keys),
        }),
      }),
      answer: { token_type: 'bearer', expires_in: 2399 },
      token: 'access_token',
      wrong: [401, { error: 'invalid_client' }],
    },
    carries: bearer,
    refused: [401, { message: 'The request should be authorized.', code: 9002 }],
    webhooks: [
      {
        scheme: 'signature',
        keys: { webhookSecret: 'wsk_test' },
        event: EVENT,
        atMs: MS,
        stands: ['revolut-signature', 'v1=cd4900baa1ee166201fe8de4a063c8282a016551d72b93125e8dc4d9f8dc0521'],
      },
    ],
  },
};
