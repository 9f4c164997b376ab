import { json } from '../core/reply.js';
import { textOf, jsonObjectOf } from '../core/received-request.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inForm, inJson, type Claim } from './machinery/claims.js';
import { counterpart, oauthAnswer, oauthError } from './machinery/counterpart.js';
import { known, secret } from './machinery/invented.js';
import { paymentEvent } from './machinery/payment-event.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

/** One official SDK sends a form, another JSON. */
const formOrJson: Claim = (request) =>
  inForm('client_id', 'client_secret', 'grant_type')(request) ??
  inJson('client_id', 'client_secret', 'grant_type')(request);

/** Kopo Kopo (K2 Connect): client credentials, and a revocation in JSON. */
export const kopokopo = counterpart(
  'kopokopo',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    apiKey: known('sandbox-key-', 24),
  },
  {
    variables: { clientId: 'K2_CLIENT_ID', clientSecret: 'K2_CLIENT_SECRET', apiKey: 'K2_API_KEY' },
    baseUrlVariables: { api: 'K2_BASE_URL' },
    login: {
      path: '/oauth/token',
      client: formOrJson,
      wrong: oauthError('invalid_client', 401, 'Client authentication failed'),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted, { context }) =>
        oauthAnswer(minted, { created_at: Math.floor(context.providerNowMs / 1_000) }),
    },
    revocation: {
      path: '/oauth/revoke',
      client: inJson('client_id', 'client_secret'),
      tokenOf: (request) => textOf(jsonObjectOf(request), 'token'),
      answer: json(200, {}),
    },
    carries: token(),
    refusal: json(401, { error: 'invalid_token', error_description: 'The access token is invalid' }),
    error: (status, message) => ({ error_code: status, error_message: message }),
    reads: { '/oauth/token/info': { scope: [], expires_in: 3_600 } },
    writes: {
      '/api/v1/incoming_payments': (call) =>
        json(201, payment(call), { location: '/api/v1/incoming_payments/1' }),
    },
    webhooks: {
      'api-key': hmacScheme({ event: paymentEvent, header: 'x-kopokopo-signature', key: 'apiKey' }),
      'client-secret': hmacScheme({
        event: paymentEvent,
        header: 'x-kopokopo-signature',
        key: 'clientSecret',
      }),
    },
  },
);
