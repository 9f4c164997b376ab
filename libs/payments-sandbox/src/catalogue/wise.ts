import { createPublicKey, sign, verify } from 'node:crypto';
import type { AcceptedCall } from '../core/provider-behaviour.js';
import { json, type Reply } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key, token } from './machinery/calls.js';
import { asOAuthClient, inAuthorization } from './machinery/claims.js';
import {
  counterpart,
  type CounterpartFacts,
  header,
  oauthAnswer,
  oauthError,
} from './machinery/counterpart.js';
import { hidden, known, secret } from './machinery/invented.js';
import { rsaKey } from './machinery/key-pairs.js';
import { scheme } from './machinery/webhook-scheme.js';

type ScaKeys = { readonly privateKey: string };

/** A call that wants Strong Customer Authentication. The client signs the one-time token of the refusal, and sends the call once more. */
function withSca(call: AcceptedCall<ScaKeys>): Reply {
  const { request, account, context } = call;
  const approval = header(request, 'x-2fa-approval');
  if (approval !== '' && context.usedReferences.delete(`sca ${approval}`)) {
    const publicKey = createPublicKey(account.credentials.privateKey);
    const bytes = Buffer.from(header(request, 'x-signature'), 'base64');
    if (verify('sha256', Buffer.from(approval), publicKey, bytes))
      return json(201, { ...payment(call), status: 'COMPLETED' });
  }
  const oneTime = `sandbox-ott-${context.random.text(24)}`;
  context.usedReferences.add(`sca ${oneTime}`);
  return json(
    403,
    { status: 403, error: 'Forbidden', message: 'You are forbidden to send this request', path: request.url },
    { 'x-2fa-approval': oneTime, 'x-2fa-approval-result': 'REJECTED' },
  );
}

const shared = {
  refusal: json(401, { error: 'invalid_token', error_description: 'Invalid token' }),
  forbidden: json(403, { error: 'access_denied', error_description: 'Access is denied' }),
  error: (_status, message) => ({ errors: [{ code: 'error', message }] }),
  paymentKeys: ['customerTransactionId', 'idempotenceUuid'],
  reads: { '/v2/profiles': [{ id: 1, type: 'business' }] },
  writes: {
    '/v1/transfers': (call) => payment(call as never),
    '/v3/profiles/1/transfers/1/payments': (call) => withSca(call as never),
  },
} satisfies Partial<CounterpartFacts<Record<string, string>>>;

const webhooks = () => ({
  signature: scheme<{ readonly webhookKey: string }>({
    event: (random) => ({
      event_type: 'transfers#state-change',
      data: { resource: { id: random.integer(1_000_000) }, current_state: 'outgoing_payment_sent' },
    }),
    header: 'x-signature-sha256',
    sign: ({ body, keys }) => sign('sha256', Buffer.from(body), keys.webhookKey).toString('base64'),
  }),
});

const WEBHOOK_PUBLIC_KEY = 'WISE_WEBHOOK_PUBLIC_KEY';

/** Wise for small businesses: a personal token. Some calls ask for a signature. */
export const wise = counterpart(
  'wise',
  { apiToken: secret('sandbox-token-'), privateKey: rsaKey, webhookKey: hidden(rsaKey) },
  {
    ...shared,
    variables: { webhookKey: WEBHOOK_PUBLIC_KEY },
    carries: key(inAuthorization()),
    webhooks: webhooks(),
  },
);

/** Wise for partners: client credentials. The sandbox does not ask for the client certificate that live requires. */
export const wiseOauth = counterpart(
  'wise-oauth',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    privateKey: rsaKey,
    webhookKey: hidden(rsaKey),
  },
  {
    ...shared,
    variables: {
      clientId: 'WISE_CLIENT_ID',
      clientSecret: 'WISE_CLIENT_SECRET',
      webhookKey: WEBHOOK_PUBLIC_KEY,
    },
    login: {
      path: '/oauth/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client', 401, 'Bad client credentials'),
      lifetimeMs: 43_199_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted) =>
        oauthAnswer(minted, {
          token_type: 'bearer',
          expires_at: new Date(minted.expiresAtMs).toISOString(),
          scope: 'transfers',
        }),
    },
    carries: token(),
    webhooks: webhooks(),
  },
);
