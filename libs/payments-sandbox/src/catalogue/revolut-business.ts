import { createPublicKey } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { counterpart, oauthError } from './machinery/counterpart.js';
import { fixed, known } from './machinery/invented.js';
import { verifiedJwt } from './machinery/jwt.js';
import { rsaKey } from './machinery/key-pairs.js';
import { paymentEvent } from './machinery/payment-event.js';
import { inBody } from './machinery/refreshing.js';
import { hmacScheme } from './machinery/webhook-scheme.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Revolut Business: a refresh token, used with an assertion that the client signs itself. */
export const revolutBusiness = counterpart(
  'revolut-business',
  {
    refreshToken: known('oa_sand_', 40),
    clientId: known('sandbox-client-', 24),
    issuer: fixed('example.com'),
    privateKey: { ...rsaKey, rotates: true },
    webhookSecret: known('wsk_sandbox', 24),
  },
  {
    basePath: '/api/1.0',
    variables: {
      refreshToken: 'REVOLUT_REFRESH_TOKEN',
      clientId: 'REVOLUT_CLIENT_ID',
      issuer: 'REVOLUT_ISSUER',
      privateKey: 'REVOLUT_PRIVATE_KEY',
    },
    proof: 'privateKey',
    login: {
      path: '/auth/token',
      client: (request) => [inBody(request, 'refresh_token'), ''],
      grant: {
        rotates: false,
        wrong: oauthError('invalid_grant', 400, 'Refresh token is invalid'),
        proves: (request, { clientId, issuer, privateKey }, { nowMs }) => {
          const jwt = verifiedJwt(inBody(request, 'client_assertion'), createPublicKey(privateKey), 'RS256');
          const { iss, sub, aud, exp } = jwt?.claims ?? {};
          return (
            inBody(request, 'grant_type') === 'refresh_token' &&
            inBody(request, 'client_assertion_type') === ASSERTION &&
            iss === issuer &&
            sub === clientId &&
            aud === 'https://revolut.com' &&
            nowMs < Number(exp) * 1_000
          );
        },
      },
      wrong: oauthError('invalid_client', 401, 'Client assertion is invalid'),
      lifetimeMs: 2_399_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: ({ value, lifetimeMs }) => ({
        access_token: value,
        token_type: 'bearer',
        expires_in: Math.floor(lifetimeMs / 1_000),
      }),
    },
    carries: token(),
    refusal: json(401, { message: 'The request should be authorized.', code: 9002 }),
    forbidden: json(403, { message: 'Forbidden', code: 9003 }),
    error: (status, message) => ({ message, code: status }),
    paymentKeys: ['request_id'],
    reads: { '/accounts': [] },
    writes: { '/pay': (call) => payment(call) },
    webhooks: {
      signature: hmacScheme({
        event: paymentEvent,
        header: 'revolut-signature',
        key: 'webhookSecret',
        over: ({ atMs, body }) => `v1.${atMs}.${body}`,
        wrap: (signature) => `v1=${signature}`,
        headers: ({ atMs }) => ({ 'revolut-request-timestamp': String(atMs) }),
      }),
    },
  },
);
