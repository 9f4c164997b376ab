import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key, token } from './machinery/calls.js';
import { asOAuthClient, inAuthorization } from './machinery/claims.js';
import { counterpart, type CounterpartFacts, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { known, made, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const shared = {
  idempotencyHeader: 'cko-idempotency-key',
  // The answer has no body.
  refusal: { status: 401, headers: {} },
  forbidden: { status: 403, headers: {} },
  error: (_status, message) => ({
    request_id: 'sandbox',
    error_type: 'request_invalid',
    error_codes: [message],
  }),
  reads: { '/workflows': { data: [] } },
  writes: { '/payments': (call) => json(201, payment(call as never)) },
} satisfies Partial<CounterpartFacts<Record<string, string>>>;

const prefix = made((random) => random.hex(8));
const webhooks = () => ({
  signature: hmacScheme<{ readonly webhookSecret: string }>({
    event: paymentEvent,
    header: 'cko-signature',
    key: 'webhookSecret',
  }),
});

/** Checkout.com: a key that is sent as it is. The SDK also sends it as a bearer token. */
export const checkout = counterpart(
  'checkout',
  { secretKey: secret('sk_sbox_'), prefix, webhookSecret: known('sandbox-webhook-') },
  {
    ...shared,
    variables: { secretKey: 'CKO_SECRET_KEY' },
    carries: key((request) => inAuthorization()(request) ?? inAuthorization('')(request)),
    webhooks: webhooks(),
  },
);

/** Checkout.com with client credentials, at a host of their own. */
export const checkoutOauth = counterpart(
  'checkout-oauth',
  {
    clientId: known('ack_sandbox'),
    clientSecret: secret('sandbox-secret-'),
    prefix,
    webhookSecret: known('sandbox-webhook-'),
  },
  {
    ...shared,
    hosts: ['api', 'access'],
    variables: { clientId: 'CKO_CLIENT', clientSecret: 'CKO_SECRET' },
    login: {
      host: 'access',
      path: '/connect/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client'),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted) => oauthAnswer(minted, { scope: 'gateway' }),
    },
    carries: token(),
    webhooks: webhooks(),
  },
);
