import type { AcceptedCall, ProviderBehaviour } from '../core/provider-behaviour.js';
import { headerOf, textOf } from '../core/received-request.js';
import { json, type Reply } from '../core/reply.js';
import { kashierOrderHash } from '../signing/kashier-signatures.js';
import { payment } from './payment.js';
import { kashierWebhook } from '../signing/kashier-webhook.js';

export type KashierCredentials = {
  readonly secretKey: string;
  /** The Payment API key, which names the merchant on sessions and signs messages. */
  readonly apiKey: string;
  readonly merchantId: string;
};

/** Kashier: one secret key, sent as it is, on two hosts. */
export const kashier: ProviderBehaviour<KashierCredentials, 'kashier'> = {
  name: 'kashier',
  hosts: ['api', 'fep'],
  basePath: '',
  // The documents say 401. Real answers are 403 with this body.
  refusalStatus: 403,
  limits: [],
  paymentKeys: ['merchantOrderId', 'order', 'orderId'],
  webhooks: { webhook: kashierWebhook },
  credentials: (random) => ({
    invent: (_account, previous) => ({
      secretKey: `${random.hex(32)}$${random.hex(96)}`,
      apiKey: previous?.apiKey ?? `sandbox-${random.hex(8)}-${random.hex(4)}-${random.hex(12)}`,
      merchantId: previous?.merchantId ?? `MID-${1_000 + random.integer(9_000)}-${random.integer(1_000)}`,
    }),
    identityOf: ({ secretKey }) => secretKey,
    secretOf: ({ secretKey }) => secretKey,
    oldKeyWorksForMs: 0,
  }),
  environment: ({ secretKey, apiKey, merchantId }, { api = '', fep = '' }) => ({
    KASHIER_SECRET_KEY: secretKey,
    KASHIER_API_KEY: apiKey,
    KASHIER_MERCHANT_ID: merchantId,
    KASHIER_BASE_URL: api,
    KASHIER_FEP_BASE_URL: fep,
  }),
  bearerOf: (request, { accounts }) => {
    const secret = headerOf(request, 'authorization') ?? '';
    const proven = accounts.proven(secret, secret);
    return proven && { account: proven.account, key: proven.version, scopes: [] };
  },
  refusal: forbidden,
  error: (status, message) =>
    json(status, { error: { cause: message }, messages: { en: message }, status: 'FAILURE' }),
  rateLimited: (retryAfter) =>
    json(
      429,
      { error: { cause: 'too many requests' }, messages: { en: 'Too many requests' }, status: 'FAILURE' },
      { 'retry-after': retryAfter },
    ),
  resources: [
    { method: 'POST', host: 'api', path: '/v3/payment/sessions', answer: createSession },
    {
      method: 'GET',
      host: 'api',
      path: /^\/v3\/payment\/sessions\/(?<id>[^/]+)\/payment$/,
      answer: ({ groups }) =>
        json(200, { status: 'SUCCESS', data: { sessionId: groups['id'], status: 'PENDING' } }),
    },
    {
      method: 'PUT',
      host: 'fep',
      path: /^\/orders\/(?<id>[^/]+)\/?$/,
      answer: (call) =>
        json(200, {
          status: 'SUCCESS',
          response: { ...payment(call), orderId: call.groups['id'], status: 'REFUNDED' },
        }),
    },
    {
      method: 'GET',
      host: 'fep',
      path: /^\/orders\/(?<id>[^/]+)\/?$/,
      answer: ({ groups }) =>
        json(200, { status: 'SUCCESS', response: { orderId: groups['id'], status: 'CAPTURED' } }),
    },
  ],
};

function forbidden(status: number): Reply {
  const [cause, en] =
    status === 401
      ? ['unauthorized', 'Unauthorized request']
      : ['invalid authorization', 'Forbidden request'];
  return json(status, { error: { cause }, messages: { en, ar: 'طلب مرفوض' }, status: 'FAILURE' });
}

/** Requires the Payment API key beside the secret, checks an order hash if there is one, and repeats both in the answer. */
function createSession(call: AcceptedCall<KashierCredentials>): Reply {
  const { request, account, body, context } = call;
  const { apiKey, merchantId } = account.credentials;
  if (headerOf(request, 'api-key') !== apiKey) return forbidden(call.context.settings.refusalStatus);
  const order = textOf(body, 'merchantOrderId') ?? textOf(body, 'order') ?? '';
  const amount = textOf(body, 'amount') ?? '';
  const currency = textOf(body, 'currency') ?? '';
  const customerReference = textOf(body, 'customerReference');
  const hash = kashierOrderHash({ merchantId, orderId: order, amount, currency, customerReference }, apiKey);
  if (typeof body?.['hash'] === 'string' && body['hash'] !== hash)
    return json(400, {
      error: { cause: 'invalid hash' },
      messages: { en: 'Invalid order hash' },
      status: 'FAILURE',
    });
  const id = context.random.hex(24);
  return json(200, {
    _id: id,
    status: 'CREATED',
    sessionUrl: `https://payments.kashier.test/session/${id}`,
    merchantId,
    order,
    amount,
    currency,
    // The real answer repeats both: a client has to keep them out of its logs.
    apiKey,
    hash,
  });
}
