import { createPublicKey, sign, verify } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { AcceptedCall } from '../core/provider-behaviour.js';
import { textOf } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { certificate } from './machinery/certificate.js';
import { asOAuthClient } from './machinery/claims.js';
import { counterpart, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { hidden, known, secret } from './machinery/invented.js';
import { ecKey, rsaKey } from './machinery/key-pairs.js';
import { scheme } from './machinery/webhook-scheme.js';

type SigningKeys = { readonly webhookId: string; readonly webhookKey: string; readonly rootKey: string };

const ROOT = 'Sandbox Root CA';
const CERT_PATH = '/v1/notifications/certs/CERT-sandbox';
const CERT_URL = `https://api.sandbox.paypal.com${CERT_PATH}`;
const failure = (name: string, message: string) => ({ name, message, debug_id: 'sandbox' });
const timeOf = (atMs: number) => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
const signedText = (id: string, time: string, webhookId: string, body: string) =>
  Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`);

const leafOf = ({ webhookKey, rootKey }: SigningKeys) =>
  certificate({
    subject: 'messageverificationcerts.paypal.com',
    issuer: ROOT,
    key: webhookKey,
    issuerKey: rootKey,
  });
const rootOf = ({ rootKey }: SigningKeys) =>
  certificate({ subject: ROOT, issuer: ROOT, key: rootKey, issuerKey: rootKey, isAuthority: true });

/** Answers 200 to a genuine message and to a forged one. The body says which it is. */
function verifyWebhook({ account, body }: AcceptedCall<SigningKeys>): object {
  const { webhookKey } = account.credentials;
  const [id = '', time = '', webhookId = '', signature = ''] = (
    ['transmission_id', 'transmission_time', 'webhook_id', 'transmission_sig'] as const
  ).map((name) => textOf(body, name));
  const text = signedText(id, time, webhookId, JSON.stringify(body?.['webhook_event'] ?? null));
  const holds =
    webhookId === account.credentials.webhookId &&
    textOf(body, 'cert_url') === CERT_URL &&
    verify('sha256', text, createPublicKey(webhookKey), Buffer.from(signature, 'base64'));
  return { verification_status: holds ? 'SUCCESS' : 'FAILURE' };
}

/** PayPal: client credentials. A certificate proves a webhook, or PayPal confirms it when a client asks. */
export const paypal = counterpart(
  'paypal',
  {
    clientId: known('sandbox-client-', 24),
    clientSecret: secret('sandbox-secret-'),
    webhookId: known('WH-sandbox-', 12),
    webhookKey: hidden(rsaKey),
    rootKey: hidden(ecKey('P-256')),
  },
  {
    login: {
      path: '/v1/oauth2/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client', 401, 'Client Authentication failed'),
      lifetimeMs: 32_400_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted, { context }) =>
        oauthAnswer(minted, {
          scope: 'https://uri.paypal.com/services/invoicing',
          app_id: 'APP-SANDBOX',
          nonce: context.random.text(20),
        }),
    },
    carries: token(),
    refusal: json(401, { error: 'invalid_token', error_description: 'Access Token not found in cache' }),
    forbidden: json(403, failure('NOT_AUTHORIZED', 'Authorization failed due to insufficient permissions.')),
    error: (_status, message) => failure('RESOURCE_NOT_FOUND', message),
    limited: (retryAfter) =>
      json(429, failure('RATE_LIMIT_REACHED', 'Too many requests'), { 'retry-after': retryAfter }),
    idempotencyHeader: 'paypal-request-id',
    paymentKeys: ['invoice_id'],
    reads: { '/v1/notifications/webhooks': { webhooks: [] } },
    writes: {
      '/v2/checkout/orders': (call) => json(201, payment(call)),
      '/v1/notifications/verify-webhook-signature': (call) => verifyWebhook(call),
    },
    others: [
      {
        method: 'GET',
        path: CERT_PATH,
        isPublic: true,
        answer: ({ account: { credentials } }) => ({
          status: 200,
          headers: { 'content-type': 'application/x-pem-file' },
          body: leafOf(credentials) + rootOf(credentials),
        }),
      },
    ],
    webhooks: {
      certificate: scheme({
        event: (random) => ({
          id: `WH-${random.text(16)}`,
          event_type: 'PAYMENT.CAPTURE.COMPLETED',
          resource: { id: random.text(12), amount: { value: '100.00', currency_code: 'USD' } },
        }),
        header: 'paypal-transmission-sig',
        sign: ({ id, atMs, body, keys }) =>
          sign('sha256', signedText(id, timeOf(atMs), keys.webhookId, body), keys.webhookKey).toString(
            'base64',
          ),
        headers: ({ id, atMs }) => ({
          'paypal-transmission-id': id,
          'paypal-transmission-time': timeOf(atMs),
          'paypal-cert-url': CERT_URL,
          'paypal-auth-algo': 'SHA256withRSA',
        }),
      }),
    },
  },
);
