import type { Exchange } from '../core/exchange.js';
import type { AcceptedCall, ProviderBehaviour } from '../core/provider-behaviour.js';
import type { ProviderContext } from '../core/provider-context.js';
import { headerOf, jsonObjectOf, textOf, type ReceivedRequest } from '../core/received-request.js';
import { json, type Reply } from '../core/reply.js';
import { clickpesaChecksum } from '../signing/clickpesa-checksum.js';
import { bearerToken } from './bearer-token.js';
import { payment } from './payment.js';
import { clickpesaWebhook } from '../signing/clickpesa-webhook.js';

export type ClickpesaCredentials = {
  readonly clientId: string;
  readonly apiKey: string;
  /** The key of checksums, in requests and in webhooks. A merchant has it only while the `checksum` setting is on. */
  readonly checksumKey?: string;
};

const DAY_MS = 86_400_000;

/** ClickPesa: a login by two headers. Calls carry its token unchanged. */
export const clickpesa: ProviderBehaviour<ClickpesaCredentials, 'clickpesa'> = {
  name: 'clickpesa',
  hosts: ['api'],
  basePath: '',
  lifetimeMs: 3_600_000,
  refusalStatus: 401,
  limits: [
    { limit: 120, perMs: 60_000, per: 'ip' },
    // The limit of a merchant before verification, token requests included. The day ends at midnight, UTC+3.
    { limit: 100, perMs: DAY_MS, per: 'account', windowOffsetMs: 21 * 3_600_000 },
  ],
  tokenFields: { token: 'token' },
  paymentKeys: ['orderReference'],
  webhooks: { webhook: clickpesaWebhook },
  credentials: (random) => ({
    invent: (_account, previous) => ({
      clientId: previous?.clientId ?? `sandbox-client-${random.text(16)}`,
      apiKey: `sandbox-key-${random.text(32)}`,
      checksumKey: previous?.checksumKey ?? `CHK-sandbox-${random.text(24)}`,
    }),
    identityOf: ({ clientId }) => clientId,
    secretOf: ({ apiKey }) => apiKey,
    oldKeyWorksForMs: 0,
  }),
  handedOut: ({ clientId, apiKey, checksumKey }, settings) =>
    settings.checksum === 'off' ? { clientId, apiKey } : { clientId, apiKey, checksumKey },
  environment: ({ clientId, apiKey, checksumKey }, { api = '' }) => ({
    CLICKPESA_CLIENT_ID: clientId,
    CLICKPESA_API_KEY: apiKey,
    ...(checksumKey === undefined ? {} : { CLICKPESA_CHECKSUM_KEY: checksumKey }),
    CLICKPESA_BASE_URL: api,
  }),
  tokenEndpoint: { path: '/third-parties/generate-token', answer: generateToken },
  claims: (request) => headerOf(request, 'client-id'),
  bearerOf: bearerToken,
  refusal: (status) => json(status, { message: 'Unauthorized' }),
  error: (status, message) => json(status, { message }),
  rateLimited: (retryAfter) => json(429, { message: 'Too Many Requests' }, { 'retry-after': retryAfter }),
  resources: [
    {
      method: 'GET',
      path: '/third-parties/account/balance',
      answer: () => json(200, [{ currency: 'TZS', balance: 1_000_000 }]),
    },
    {
      method: 'POST',
      path: '/third-parties/payments/initiate-ussd-push-request',
      answer: initiatePayment,
    },
    {
      method: 'GET',
      path: /^\/third-parties\/payments\/(?<reference>[^/]+)$/,
      answer: ({ groups, context }) =>
        context.usedReferences.has(groups['reference'] ?? '')
          ? json(200, [{ orderReference: groups['reference'], status: 'PROCESSING' }])
          : json(404, { message: 'Payment not found' }),
    },
  ],
};

function generateToken(exchange: Exchange, context: ProviderContext<ClickpesaCredentials>): Reply {
  const { request } = exchange;
  const clientId = headerOf(request, 'client-id') ?? '';
  const apiKey = headerOf(request, 'api-key') ?? '';
  if (apiKey === '') return json(403, { message: 'Unauthorized API-Key' });
  if (context.accounts.claimedBy(clientId) === undefined)
    return json(403, { message: 'Invalid client details' });
  const proven = context.accounts.proven(clientId, apiKey);
  if (proven === undefined) return json(403, { message: 'Invalid or Expired API-Key' });
  const token = context.mint(proven.account, [], exchange);
  return json(200, { success: true, token: `Bearer ${token.value}` });
}

function initiatePayment(call: AcceptedCall<ClickpesaCredentials>): Reply {
  const { request, account, context, body } = call;
  if (!checksumHolds(request, account.credentials.checksumKey ?? '', context.settings.checksum))
    return json(400, { message: 'Invalid checksum' });
  const reference = textOf(body, 'orderReference');
  if (reference === undefined) return json(400, { message: 'orderReference is required' });
  if (context.usedReferences.has(reference))
    return json(409, { message: `Order reference ${reference} already used` });
  context.usedReferences.add(reference);
  return json(200, { ...payment(call), orderReference: reference, status: 'PROCESSING' });
}

function checksumHolds(request: ReceivedRequest, key: string, rule: 'off' | 'canonical' | 'legacy'): boolean {
  if (rule === 'off') return true;
  const body = jsonObjectOf(request);
  return body !== undefined && body['checksum'] === clickpesaChecksum(body, key, rule);
}
