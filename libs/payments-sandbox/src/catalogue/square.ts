import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { key, token } from './machinery/calls.js';
import { inAuthorization, inJson } from './machinery/claims.js';
import { counterpart, type CounterpartFacts } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { refreshing } from './machinery/refreshing.js';
import { hmacScheme } from './machinery/webhook-scheme.js';
import { jsonObjectOf, textOf } from '../core/received-request.js';

const failure = (code: string, category = 'AUTHENTICATION_ERROR') => ({
  errors: [{ category, code, detail: 'This request could not be authorized.' }],
});

/** The parts that a merchant's own token and a token of a platform have in common. */
const shared = {
  refusal: json(401, failure('UNAUTHORIZED')),
  forbidden: json(403, failure('INSUFFICIENT_SCOPES')),
  error: (_status, message) => ({ errors: [{ category: 'API_ERROR', code: 'NOT_FOUND', detail: message }] }),
  paymentKeys: ['idempotency_key'],
  reads: { '/v2/locations': { locations: [] } },
  writes: { '/v2/payments': (call) => ({ payment: payment(call as never) }) },
} satisfies Partial<CounterpartFacts<Record<string, string>>>;

const webhookOf = () =>
  hmacScheme<{ readonly signatureKey: string }>({
    event: paymentEvent,
    header: 'x-square-hmacsha256-signature',
    key: 'signatureKey',
    encoding: 'base64',
    over: ({ url, body }) => `${url}${body}`,
  });

/** Square: a merchant's own token. */
export const square = counterpart(
  'square',
  { accessToken: secret('EAAAsandbox'), signatureKey: known('sandbox-signature-') },
  {
    ...shared,
    variables: { accessToken: 'SQUARE_TOKEN' },
    carries: key(inAuthorization()),
    webhooks: { signature: webhookOf() },
  },
);

/** Square for platforms: a refresh token per merchant, which can be used again. */
export const squareOauth = counterpart(
  'square-oauth',
  {
    clientId: known('sandbox-sq0idp-'),
    clientSecret: secret('sandbox-sq0csp-'),
    refreshToken: known('EQAAsandbox', 40),
    signatureKey: known('sandbox-signature-'),
  },
  {
    ...shared,
    ...refreshing({
      path: '/oauth2/token',
      client: inJson('client_id', 'client_secret'),
      rotates: false,
      lifetimeMs: 30 * 86_400_000,
      expiry: 'expires_at',
      // The documents have neither answer. Developers report both.
      wrongClient: json(401, { message: 'Not Authorized', type: 'service.not_authorized' }),
      wrongGrant: json(400, { message: 'cannot renew revoked token', type: 'bad_request' }),
      answer: ({ value, expiresAtMs }, { refreshToken, account }) => ({
        access_token: value,
        token_type: 'bearer',
        expires_at: new Date(expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        merchant_id: account,
        refresh_token: refreshToken,
        short_lived: false,
      }),
    }),
    revocation: {
      path: '/oauth2/revoke',
      client: (request) => {
        const [secretText = ''] = inAuthorization('Client')(request) ?? [];
        return [textOf(jsonObjectOf(request), 'client_id') ?? '', secretText];
      },
      tokenOf: (request) => textOf(jsonObjectOf(request), 'access_token'),
      answer: json(200, { success: true }),
    },
    carries: token(),
    webhooks: { signature: webhookOf() },
  },
);
