import type { Exchange } from '../core/exchange.js';
import type { ProviderBehaviour } from '../core/provider-behaviour.js';
import type { ProviderContext } from '../core/provider-context.js';
import { isJson, jsonObjectOf, textOf } from '../core/received-request.js';
import { json, type Reply } from '../core/reply.js';
import { bearerToken } from './bearer-token.js';
import { payment } from './payment.js';
import { wakapayWebhook } from '../signing/wakapay-webhook.js';

export type WakapayCredentials = { readonly apiKey: string; readonly apiSecret: string };

/** WakaPay: a JSON login. Its API refuses a token in one envelope, and its login rejects a secret in another. */
export const wakapay: ProviderBehaviour<WakapayCredentials, 'wakapay'> = {
  name: 'wakapay',
  hosts: ['api'],
  basePath: '',
  lifetimeMs: 3_600_000,
  refusalStatus: 401,
  limits: [],
  tokenFields: { token: 'accessToken', expiry: 'expiresIn' },
  paymentKeys: ['reference'],
  webhooks: { webhook: wakapayWebhook },
  credentials: (random) => ({
    invent: () => ({ apiKey: `pk_test_${random.text(24)}`, apiSecret: `sk_test_${random.text(32)}` }),
    identityOf: ({ apiKey }) => apiKey,
    secretOf: ({ apiSecret }) => apiSecret,
    oldKeyWorksForMs: 0,
  }),
  environment: ({ apiKey, apiSecret }, { api = '' }) => ({
    WAKAPAY_API_KEY: apiKey,
    WAKAPAY_API_SECRET: apiSecret,
    WAKAPAY_BASE_URL: api,
  }),
  tokenEndpoint: { path: '/business/auth', answer: authenticate },
  claims: (request) => textOf(jsonObjectOf(request), 'apiKey'),
  bearerOf: bearerToken,
  refusal: (status) =>
    json(status, { message: 'token is malformed: token contains an invalid number of segments' }),
  error: (status, error) => json(status, { code: 0, error }),
  rateLimited: (retryAfter) =>
    json(429, { code: 0, error: 'too many requests' }, { 'retry-after': retryAfter }),
  resources: [
    {
      method: 'GET',
      path: '/business/balance',
      answer: ({ request }) =>
        json(200, { currency: request.query.get('currency') ?? 'USD', balance: '2500.00' }),
    },
    {
      method: 'POST',
      path: '/business/payments',
      answer: (call) => json(200, { code: 1, data: payment(call) }),
    },
  ],
};

function authenticate(exchange: Exchange, context: ProviderContext<WakapayCredentials>): Reply {
  const { request } = exchange;
  const body = jsonObjectOf(request);
  if (!isJson(request) || body === undefined) return json(400, { code: 0, error: 'invalid payload' });
  const { apiKey, apiSecret } = body;
  if (isWrongType(apiKey) || isWrongType(apiSecret)) return json(400, { code: 0, error: 'invalid payload' });
  if (!apiKey || !apiSecret) return json(400, { code: 0, error: 'apiKey and apiSecret required' });
  const proven = context.accounts.proven(apiKey as string, apiSecret as string);
  if (proven === undefined) return json(401, { code: 0, error: 'invalid credentials' });
  const token = context.mint(proven.account, [], exchange);
  return json(200, { accessToken: token.value, expiresIn: token.lifetimeMs / 1_000 });
}

function isWrongType(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== 'string';
}
