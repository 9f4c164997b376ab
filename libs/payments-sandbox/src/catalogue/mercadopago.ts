import { createHmac } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key, token } from './machinery/calls.js';
import { inAuthorization, inJson } from './machinery/claims.js';
import { counterpart, type CounterpartFacts } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { refreshing } from './machinery/refreshing.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

const failure = (status: number, message: string) => ({
  message,
  error: message.replaceAll(' ', '_'),
  status,
  cause: [],
});

const shared = {
  idempotencyHeader: 'x-idempotency-key',
  refusal: json(401, failure(401, 'invalid access token')),
  forbidden: json(403, failure(403, 'At least one policy returned UNAUTHORIZED')),
  error: (status, message) => failure(status, message),
  paymentKeys: ['external_reference'],
  reads: { '/users/me': { id: 1, site_id: 'MLB' }, '/v1/payment_methods': [] },
  writes: { '/v1/payments': (call) => json(201, payment(call as never)) },
} satisfies Partial<CounterpartFacts<Record<string, string>>>;

/** One id is in the query, another one in a header. Both are signed, and the body is not. */
const webhooks = () => ({
  signature: scheme<{ readonly webhookSecret: string }>({
    event: (random) => ({
      type: 'payment',
      action: 'payment.updated',
      data: { id: String(random.integer(1_000_000)) },
    }),
    header: 'x-signature',
    sign: ({ event, id, seconds, keys }) => {
      const dataId = textBelow(event, 'data.id').toLowerCase();
      const pairs = `${dataId === '' ? '' : `id:${dataId};`}request-id:${id};ts:${seconds};`;
      return createHmac('sha256', keys.webhookSecret).update(pairs).digest('hex');
    },
    wrap: (signature, { seconds }) => `ts=${seconds},v1=${signature}`,
    headers: ({ id }) => ({ 'x-request-id': id }),
    query: ({ event }) => ({ 'data.id': textBelow(event, 'data.id'), type: 'payment' }),
  }),
});

/** Mercado Pago: a merchant's own token. */
export const mercadopago = counterpart(
  'mercadopago',
  { accessToken: secret('TEST-'), webhookSecret: known('sandbox-webhook-') },
  {
    ...shared,
    variables: { accessToken: 'MERCADOPAGO_ACCESS_TOKEN', webhookSecret: 'MP_WEBHOOK_SECRET' },
    carries: key(inAuthorization()),
    webhooks: webhooks(),
  },
);

/** Mercado Pago for platforms: each use of a refresh token replaces it. */
export const mercadopagoOauth = counterpart(
  'mercadopago-oauth',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    refreshToken: known('TG-sandbox-', 24),
    webhookSecret: known('sandbox-webhook-'),
  },
  {
    ...shared,
    variables: { webhookSecret: 'MP_WEBHOOK_SECRET' },
    ...refreshing({
      path: '/oauth/token',
      client: inJson('client_id', 'client_secret'),
      rotates: true,
      lifetimeMs: 15_552_000_000,
      expiry: 'expires_in',
      wrongClient: json(400, {
        ...failure(400, 'invalid client_id or client_secret'),
        error: 'invalid_client',
      }),
      wrongGrant: json(400, { ...failure(400, 'Error validating grant'), error: 'invalid_grant' }),
      answer: ({ value, lifetimeMs }, { refreshToken }) => ({
        access_token: value,
        token_type: 'Bearer',
        expires_in: lifetimeMs / 1_000,
        scope: 'offline_access read write',
        user_id: 1,
        refresh_token: refreshToken,
        public_key: 'TEST-sandbox-public',
        live_mode: false,
      }),
    }),
    carries: token(),
    webhooks: webhooks(),
  },
);
