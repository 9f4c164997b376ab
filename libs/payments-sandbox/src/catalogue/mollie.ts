import { formOf } from './machinery/claims.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key, token } from './machinery/calls.js';
import { inAuthorization, inBasic } from './machinery/claims.js';
import { counterpart, type CounterpartFacts, oauthError } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { refreshing } from './machinery/refreshing.js';
import { hmacScheme, scheme } from './machinery/webhook-scheme.js';

const failure = (status: number, title: string, detail: string) => ({ status, title, detail, _links: {} });

const shared = {
  refusal: json(
    401,
    failure(401, 'Unauthorized Request', 'Missing authentication, or failed to authenticate'),
  ),
  forbidden: json(403, failure(403, 'Forbidden', 'Your access token does not have the right permissions')),
  error: (status, message) => failure(status, 'Error', message),
  reads: { '/methods': { count: 0, _embedded: { methods: [] } } },
  writes: { '/payments': (call) => json(201, payment(call as never)) },
  basePath: '/v2',
} satisfies Partial<CounterpartFacts<Record<string, string>>>;

const webhooks = () => ({
  signature: hmacScheme<{ readonly webhookSecret: string }>({
    event: paymentEvent,
    header: 'x-mollie-signature',
    key: 'webhookSecret',
    // Real messages have the prefix. The sample in the documents lacks it.
    wrap: (signature) => `sha256=${signature}`,
  }),
  classic: scheme<{ readonly webhookSecret: string }>({
    event: (random) => ({ id: `tr_${random.text(10)}` }),
    as: 'form',
  }),
});

/** Mollie: a key as a bearer token. */
export const mollie = counterpart(
  'mollie',
  { apiKey: secret('test_', 30), webhookSecret: known('sandbox-webhook-') },
  { ...shared, carries: key(inAuthorization()), webhooks: webhooks() },
);

/** Mollie for platforms: a refresh token per merchant. */
export const mollieOauth = counterpart(
  'mollie-oauth',
  {
    clientId: known('app_sandbox'),
    clientSecret: secret('sandbox-secret-'),
    refreshToken: known('refresh_sandbox', 24),
    webhookSecret: known('sandbox-webhook-'),
  },
  {
    ...shared,
    basePath: '',
    reads: { '/v2/methods': shared.reads['/methods'] },
    writes: { '/v2/payments': shared.writes['/payments'] },
    ...refreshing({
      path: '/oauth2/tokens',
      client: inBasic,
      rotates: false,
      lifetimeMs: 3_600_000,
      expiry: 'expires_in',
      wrongClient: oauthError('invalid_client', 401, 'The client credentials are invalid'),
      wrongGrant: oauthError('invalid_grant', 400, 'Refresh token does not exist or is invalid'),
      answer: ({ value, lifetimeMs }, { refreshToken }) => ({
        access_token: value,
        refresh_token: refreshToken,
        expires_in: lifetimeMs / 1_000,
        token_type: 'bearer',
        scope: 'payments.read payments.write',
      }),
    }),
    revocation: {
      method: 'DELETE',
      path: '/oauth2/tokens',
      client: inBasic,
      tokenOf: (request) => formOf(request).get('token') ?? undefined,
      answer: { status: 204, headers: {} },
    },
    carries: token(),
    webhooks: webhooks(),
  },
);
