import { createPublicKey, sign } from 'node:crypto';
import type { ReceivedRequest } from '../core/received-request.js';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { asOAuthClient } from './machinery/claims.js';
import { counterpart, header, oauthAnswer, oauthError, publicPem } from './machinery/counterpart.js';
import { hidden, known, secret } from './machinery/invented.js';
import { readJwt, verifiedJwt } from './machinery/jwt.js';
import { ecKey } from './machinery/key-pairs.js';
import { paymentEvent } from './machinery/payment-event.js';
import { scheme } from './machinery/webhook-scheme.js';

const failure = (status: number, title: string) => ({
  type: 'https://docs.truelayer.com/docs/error-types',
  title,
  status,
  trace_id: 'sandbox',
});
const SIGNED_PATHS = /^\/(v3\/)?(payments|payouts|test-signature)/;
const JWKS = 'https://webhooks.truelayer-sandbox.com/.well-known/jwks';
const TIMESTAMP = 'X-TL-Webhook-Timestamp';

/** `METHOD path`, a line for each signed header in the spelling of the request, and the body. */
const payloadOf = (
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body: string | Buffer,
) =>
  Buffer.concat([
    Buffer.from(`${method} ${path}\n${headers.map(([name, value]) => `${name}: ${value}\n`).join('')}`),
    Buffer.from(body),
  ]);

function signatureHolds(request: ReceivedRequest, keyId: string, privateKey: string): boolean {
  const text = header(request, 'tl-signature');
  const { kid, tl_version: version, tl_headers: list = '' } = readJwt(text)?.header ?? {};
  const names = String(list).split(',').filter(Boolean);
  const [path = ''] = request.url.split('?');
  const values = names.map((name) => [name, header(request, name.toLowerCase())] as const);
  const payload = payloadOf(request.method, path, values, request.body);
  return (
    kid === keyId &&
    version === '2' &&
    names.some((name) => name.toLowerCase() === 'idempotency-key') &&
    verifiedJwt(text, createPublicKey(privateKey), 'ES512', payload) !== undefined
  );
}

/** TrueLayer: client credentials at a host of their own, and a detached signature on every call that moves money. */
export const truelayer = counterpart(
  'truelayer',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    keyId: known('sandbox-kid-', 8),
    privateKey: ecKey('P-521'),
    webhookKey: hidden(ecKey('P-521')),
  },
  {
    hosts: ['api', 'auth', 'webhooks'],
    login: {
      host: 'auth',
      path: '/connect/token',
      client: asOAuthClient,
      wrong: oauthError('invalid_client'),
      lifetimeMs: 3_600_000,
      token: 'access_token',
      expiry: 'expires_in',
      answer: (minted) => oauthAnswer(minted, { scope: 'payments' }),
    },
    carries: token(),
    refusal: json(401, failure(401, 'Unauthenticated')),
    lacks: ({ request, bearer }) => {
      const { keyId, privateKey } = bearer.account.credentials;
      const isDue = request.method !== 'GET' && SIGNED_PATHS.test(request.path ?? '');
      const isThere = header(request, 'tl-signature') !== '';
      return (!isDue && !isThere) || signatureHolds(request, keyId, privateKey)
        ? undefined
        : json(401, failure(401, 'Invalid request signature'));
    },
    forbidden: json(403, failure(403, 'Forbidden')),
    error: (status, message) => failure(status, message),
    reads: { '/v3/merchant-accounts': { items: [] } },
    writes: {
      '/v3/payments': (call) => json(201, payment(call)),
      '/payouts': (call) => json(202, payment(call)),
      '/test-signature': { status: 204, headers: {} },
    },
    others: [
      {
        method: 'GET',
        host: 'webhooks',
        path: '/.well-known/jwks',
        isPublic: true,
        answer: ({ account }) => {
          const jwk = createPublicKey(publicPem(account.credentials.webhookKey)).export({ format: 'jwk' });
          return json(200, { keys: [{ ...jwk, kid: 'sandbox-webhook-1', alg: 'ES512', use: 'sig' }] });
        },
      },
    ],
    webhooks: {
      signature: scheme({
        event: paymentEvent,
        header: 'tl-signature',
        sign: ({ url, atMs, body, keys }) => {
          const head = {
            alg: 'ES512',
            kid: 'sandbox-webhook-1',
            tl_version: '2',
            tl_headers: TIMESTAMP,
            jku: JWKS,
          };
          const encoded = Buffer.from(JSON.stringify(head)).toString('base64url');
          const headers = [[TIMESTAMP, new Date(atMs).toISOString()]] as const;
          const payload = payloadOf('POST', new URL(url).pathname, headers, body).toString('base64url');
          const signature = sign('sha512', Buffer.from(`${encoded}.${payload}`), {
            key: keys.webhookKey,
            dsaEncoding: 'ieee-p1363',
          });
          return `${encoded}..${signature.toString('base64url')}`;
        },
        headers: ({ atMs }) => ({ [TIMESTAMP.toLowerCase()]: new Date(atMs).toISOString() }),
      }),
    },
  },
);
