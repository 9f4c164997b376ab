import type { Exchange } from '../core/exchange.js';
import type { Bearer, ProviderBehaviour } from '../core/provider-behaviour.js';
import type { ProviderContext } from '../core/provider-context.js';
import { headerOf, type ReceivedRequest } from '../core/received-request.js';
import { json, type Reply } from '../core/reply.js';
import { bearerToken } from './bearer-token.js';
import { clientOf } from './oauth-client.js';
import { payment } from './payment.js';

export type CryptofuseCredentials = { readonly clientId: string; readonly clientSecret: string };

const SCOPES = ['read', 'write'];
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Cryptofuse: OAuth 2.0 client credentials (RFC 6749), with scopes and revocation (RFC 7009). */
export const cryptofuse: ProviderBehaviour<CryptofuseCredentials, 'cryptofuse'> = {
  name: 'cryptofuse',
  hosts: ['api'],
  basePath: '',
  lifetimeMs: 3_600_000,
  refusalStatus: 401,
  limits: [
    { limit: 20, perMs: 60_000, per: 'ip', counts: 'token', reported: true },
    { limit: 1_000, perMs: 3_600_000, per: 'token', counts: 'call', reported: true },
  ],
  tokenFields: { token: 'access_token', expiry: 'expires_in' },
  paymentKeys: ['reference'],
  credentials: (random) => ({
    invent: (_account, previous) => ({
      clientId: previous?.clientId ?? `sandbox-client-${random.text(24)}`,
      clientSecret: `sandbox-secret-${random.text(64)}`,
    }),
    identityOf: ({ clientId }) => clientId,
    secretOf: ({ clientSecret }) => clientSecret,
    oldKeyWorksForMs: 0,
  }),
  environment: ({ clientId, clientSecret }, { api = '' }) => ({
    CRYPTOFUSE_CLIENT_ID: clientId,
    CRYPTOFUSE_CLIENT_SECRET: clientSecret,
    CRYPTOFUSE_BASE_URL: api,
  }),
  tokenEndpoint: { path: '/o/token/', answer: issueToken },
  revocationEndpoint: { path: '/o/revoke_token/', answer: revokeToken },
  claims: (request) => clientOf(headerOf(request, 'authorization'), formOf(request))?.id,
  bearerOf: bearerToken,
  refusal: (status) =>
    json(
      status,
      callError('authentication_failed', 'Invalid authentication credentials', {
        hint: 'Check your client_id and client_secret',
      }),
    ),
  forbids: lacksScope,
  error: (status, message) => json(status, callError('error', message, {})),
  rateLimited: (retryAfter) =>
    json(429, callError('throttled', 'Request was throttled.', {}), { 'retry-after': retryAfter }),
  resources: [
    {
      method: 'GET',
      path: '/user/me/',
      answer: ({ account }) =>
        json(200, {
          name: `Sandbox merchant ${account.id}`,
          schema_name: `tenant_${account.id}`,
          created_on: '2025-01-01T00:00:00Z',
        }),
    },
    {
      method: 'GET',
      path: '/payments/',
      answer: () => json(200, { count: 0, next: null, previous: null, results: [] }),
    },
    { method: 'POST', path: '/payments/', answer: (call) => json(201, payment(call)) },
  ],
};

function issueToken(exchange: Exchange, context: ProviderContext<CryptofuseCredentials>): Reply {
  const { request } = exchange;
  const form = formOf(request);
  const client = clientOf(headerOf(request, 'authorization'), form);
  const proven = client && context.accounts.proven(client.id, client.secret);
  if (proven === undefined) return invalidClient(client?.by);
  if (form.get('grant_type') !== 'client_credentials') return oauthError('unsupported_grant_type');
  const asked = form.get('scope')?.split(' ').filter(Boolean) ?? SCOPES;
  if (asked.length === 0 || asked.some((scope) => !SCOPES.includes(scope)))
    return oauthError('invalid_scope');
  const scopes = SCOPES.filter((scope) => asked.includes(scope));
  const token = context.mint(proven.account, scopes, exchange);
  return json(
    200,
    {
      access_token: token.value,
      token_type: 'Bearer',
      expires_in: token.lifetimeMs / 1_000,
      scope: scopes.join(' '),
    },
    { 'cache-control': 'no-store', pragma: 'no-cache' },
  );
}

/** Unknown and foreign tokens get the same answer as known ones (RFC 7009, section 2.2), and are not revoked. */
function revokeToken(exchange: Exchange, context: ProviderContext<CryptofuseCredentials>): Reply {
  const form = formOf(exchange.request);
  const client = clientOf(headerOf(exchange.request, 'authorization'), form);
  const proven = client && context.accounts.proven(client.id, client.secret);
  if (proven === undefined) return invalidClient(client?.by);
  const token = form.get('token') ?? '';
  if (token === '') return oauthError('invalid_request');
  exchange.account = proven.account;
  exchange.outcome = 'accepted';
  exchange.executed = true;
  if (context.tokens.alive(token)?.account === proven.account) context.tokens.endOne(token, 'revoke');
  return { status: 200 };
}

function lacksScope(request: ReceivedRequest, { scopes }: Bearer<CryptofuseCredentials>): Reply | undefined {
  const required = SAFE_METHODS.has(request.method) ? 'read' : 'write';
  if (scopes.includes(required)) return undefined;
  return json(
    403,
    callError('permission_denied', 'Token does not have required scope', {
      required_scopes: [required],
      token_scopes: scopes,
    }),
  );
}

function formOf(request: ReceivedRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headerOf(request, 'content-type') ?? '');
  return new URLSearchParams(isForm ? request.body.toString('utf8') : '');
}

/** The envelope of calls, in which `error` is an object. */
function callError(code: string, message: string, details: Record<string, unknown>): unknown {
  return { error: { code, message, details } };
}

/** The envelope of the OAuth endpoints, in which `error` is a string (RFC 6749, section 5.2). */
function oauthError(error: string, status = 400, headers: Record<string, string> = {}): Reply {
  return json(status, { error }, { 'cache-control': 'no-store', ...headers });
}

function invalidClient(by: 'basic' | 'body' | undefined): Reply {
  return oauthError(
    'invalid_client',
    401,
    by === 'body' ? {} : { 'www-authenticate': 'Basic realm="Cryptofuse"' },
  );
}
