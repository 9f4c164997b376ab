import { payment } from '../providers/payment.js';
import { json } from '../core/reply.js';
import { token } from './machinery/calls.js';
import { inForm } from './machinery/claims.js';
import { counterpart, header, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { hmacScheme, tokenScheme } from './machinery/webhook-scheme.js';
import type { SeededRandom } from '../core/seeded-random.js';

const event = (random: SeededRandom) => ({
  type: 'charge.completed',
  data: { id: `chg_${random.text(10)}`, amount: 1_000, currency: 'NGN', status: 'succeeded' },
});
const failure = (type: string, code: string, message: string) => ({
  status: 'failed',
  error: { type, code, message },
});

/** Flutterwave v4: client credentials at a login host of its own, for tokens of ten minutes. */
export const flutterwaveV4 = counterpart(
  'flutterwave-v4',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    secretHash: known('sandbox-hash-', 24),
  },
  {
    hosts: ['api', 'idp'],
    variables: {
      clientId: 'FLW_CLIENT_ID',
      clientSecret: 'FLW_CLIENT_SECRET',
      secretHash: 'FLW_SECRET_HASH',
    },
    baseUrlVariables: { api: 'FLW_BASE_URL' },
    login: {
      host: 'idp',
      path: '/realms/flutterwave/protocol/openid-connect/token',
      client: inForm('client_id', 'client_secret'),
      wrong: oauthError('invalid_client', 401, 'Invalid client or Invalid client credentials'),
      lifetimeMs: 600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted) =>
        oauthAnswer(minted, { refresh_expires_in: 0, 'not-before-policy': 0, scope: 'profile email' }),
    },
    carries: token(),
    refusal: json(401, failure('UNAUTHORIZED', '10401', 'Unauthorized')),
    forbidden: json(403, failure('FORBIDDEN', '10403', 'Forbidden')),
    error: (status, message) => failure('REQUEST_NOT_VALID', `10${status}`, message),
    idempotencyHeader: 'x-idempotency-key',
    lacks: ({ request }) => {
      const id = header(request, 'x-idempotency-key');
      // Only letters and digits are allowed. A UUID has hyphens.
      return id === '' || /^[A-Za-z0-9]{12,255}$/.test(id)
        ? undefined
        : json(400, failure('REQUEST_NOT_VALID', '10400', 'X-Idempotency-Key is not valid'));
    },
    reads: { '/customers': { status: 'success', data: [] } },
    writes: { '/charges': (call) => ({ status: 'success', data: payment(call) }) },
    webhooks: {
      signature: hmacScheme({
        event,
        header: 'flutterwave-signature',
        key: 'secretHash',
        encoding: 'base64',
      }),
      // The samples of the provider's page compare the header with the secret hash itself.
      token: tokenScheme({ event, header: 'flutterwave-signature', key: 'secretHash' }),
    },
  },
);
