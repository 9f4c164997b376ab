import { textAt, valueAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { ApiAnswer } from './provider-definition.js';

/** Cryptofuse's static credentials. */
export interface CryptofuseCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The codes of a wrong client: those of OAuth 2.0, and the API's own, whose hint is to check id and secret. */
const WRONG_CLIENT = ['invalid_client', 'invalid_grant', 'unauthorized_client', 'authentication_failed'];

/**
 * Cryptofuse: the OAuth 2.0 client credentials grant. `error` is a string at the token endpoint (RFC 6749) and an
 * object on calls.
 *
 * @see https://docs.cryptofuse.io
 */
export const cryptofuse = builtInProvider<CryptofuseCredentials, 'cryptofuse', 'live'>(
  'cryptofuse',
  (by) => ({
    title: 'Cryptofuse',
    docs: 'https://docs.cryptofuse.io',
    credentialsPage: 'Settings > API Credentials > new OAuth2 application',
    // The integration guide says api.cryptofuse.com; the reference, and every example in it, says .io.
    environments: { live: 'https://api.cryptofuse.io' },
    baseUrlVariable: 'CRYPTOFUSE_BASE_URL',
    credentials: {
      clientId: { variable: 'CRYPTOFUSE_CLIENT_ID' },
      clientSecret: { variable: 'CRYPTOFUSE_CLIENT_SECRET' },
    },
    scopes: ['read', 'write'],
    scopesVariable: 'CRYPTOFUSE_SCOPES',
    token: by.clientCredentials<CryptofuseCredentials>({
      path: '/o/token/',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      documentedLifetimeMs: 60 * 60_000,
      rejected: ({ status, body }) =>
        [400, 401, 403].includes(status) && WRONG_CLIENT.includes(errorCode(body) ?? ''),
      reason: ({ body }) => errorCode(body),
      revoke: { path: '/o/revoke_token/' },
      limits: [{ limit: 20, perMs: 60_000, per: 'ip' }],
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    refusal: {
      refused: ({ status, body }) => status === 401 && errorCode(body) !== undefined,
      incurable: ({ status, body }) => status === 403 && errorCode(body) !== undefined,
      scope: missingScope,
    },
    probe: { path: '/user/me/' },
    advice: [
      {
        on: 'login',
        says: 'unsupported_grant_type',
        cause: 'the application is not of the kind "client credentials"',
        fix: 'create a new OAuth2 application of that kind in the dashboard',
      },
      {
        on: 'login',
        says: 'invalid_grant',
        cause: 'the credentials are not accepted for this grant',
        fix: 'compare both with the dashboard; check that the application is of the kind "client credentials"',
      },
      {
        on: 'login',
        says: 'invalid_scope',
        cause: 'the application may not have the scopes that were asked for',
        fix: 'grant them to the application, or set CRYPTOFUSE_SCOPES',
      },
      {
        on: 'login',
        status: [400, 401, 403],
        says: 'client',
        cause: 'the client ID or the client secret is wrong, or Cryptofuse expects them in the other way',
        fix: "copy CRYPTOFUSE_CLIENT_ID and CRYPTOFUSE_CLIENT_SECRET again; if that does not help, try clientAuthentication: 'client_secret_post'",
      },
      {
        on: 'login',
        says: 'authentication_failed',
        cause: 'the client ID or the client secret is wrong',
        fix: 'copy CRYPTOFUSE_CLIENT_ID and CRYPTOFUSE_CLIENT_SECRET again',
      },
      {
        on: 'login',
        status: [301, 302, 404],
        cause: 'the base URL leads to an address that is not the token endpoint',
        fix: 'the reference says https://api.cryptofuse.io, the guide https://api.cryptofuse.com: set CRYPTOFUSE_BASE_URL to the other one',
      },
      {
        on: 'call',
        says: 'permission_denied',
        cause: 'the token lacks a scope',
        fix: 'grant the scope to the application, or ask for it with CRYPTOFUSE_SCOPES',
      },
      {
        on: 'call',
        status: 401,
        cause: 'Cryptofuse does not accept the token that it has just issued',
        fix: "check this server's clock, and whether the application still exists in the dashboard",
      },
    ],
  }),
);

function errorCode(body: unknown): string | undefined {
  return textAt(body, 'error') ?? textAt(body, 'error.code');
}

function missingScope({ status, body }: ApiAnswer) {
  const required = valueAt(body, 'error.details.required_scopes');
  if (status !== 403 || errorCode(body) !== 'permission_denied' || !Array.isArray(required)) return undefined;
  return { required: texts(required), held: texts(valueAt(body, 'error.details.token_scopes')) };
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : [];
}
