import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inBasic } from './machinery/claims.js';
import { counterpart } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const enveloped = (responseBody: unknown) => ({
  requestSuccessful: true,
  responseMessage: 'success',
  responseCode: '0',
  responseBody,
});
const failure = (responseMessage: string) => ({
  requestSuccessful: false,
  responseMessage,
  responseCode: '99',
});

/** Monnify: a login by Basic, in an envelope. */
export const monnify = counterpart(
  'monnify',
  { apiKey: known('MK_TEST_', 10), secretKey: secret('SANDBOX', 32), contractCode: known('SANDBOX', 10) },
  {
    variables: { apiKey: 'MONNIFY_APIKEY', secretKey: 'MONNIFY_SECRET' },
    login: {
      path: '/api/v1/auth/login',
      client: inBasic,
      wrong: json(401, failure('Invalid credentials')),
      lifetimeMs: 3_600_000,
      token: 'responseBody.accessToken',
      expiry: 'responseBody.expiresIn',
      answer: ({ value, lifetimeMs }) => enveloped({ accessToken: value, expiresIn: lifetimeMs / 1_000 }),
    },
    carries: token(),
    refusal: json(401, { error: 'invalid_token', error_description: 'Cannot convert access token to JSON' }),
    error: (_status, message) => failure(message),
    paymentKeys: ['paymentReference', 'reference'],
    reads: { '/api/v1/banks': enveloped([{ name: 'Sandbox Bank', code: '044' }]) },
    writes: { '/api/v1/merchant/transactions/init-transaction': (call) => enveloped(payment(call)) },
    webhooks: {
      signature: hmacScheme({
        event: (random) => ({
          eventType: 'SUCCESSFUL_TRANSACTION',
          eventData: { paymentReference: `ORD-${random.text(8)}`, amountPaid: 100, currency: 'NGN' },
        }),
        header: 'monnify-signature',
        key: 'secretKey',
        hash: 'sha512',
      }),
    },
  },
);
