import { textAt } from '../building-blocks/json-value.js';
import { hasCode, says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Square's static credentials: those of one application. */
export interface SquareCredentials {
  readonly accessToken: string;
  readonly signatureKey?: string | readonly string[];
}

/** What a platform holds for one Square seller. */
export interface SquareOauthCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly signatureKey?: string | readonly string[];
}

/** What both providers of Square have in common. */
const inCommon = () =>
  ({
    docs: 'https://developer.squareup.com/docs/build-basics/access-tokens',
    region: 'Worldwide',
    basedOn: '2026-05-20',
    environments: { sandbox: 'https://connect.squareupsandbox.com', live: 'https://connect.squareup.com' },
    // A request may name another version of the API.
    defaultHeaders: () => ({ 'Square-Version': '2026-05-20' }),
    refusal: {
      refused: (answer) =>
        answer.status === 401 &&
        hasCode(answer, 'errors.0.code', 'UNAUTHORIZED', 'ACCESS_TOKEN_EXPIRED', 'ACCESS_TOKEN_REVOKED'),
      incurable: (answer) =>
        answer.status === 403 && hasCode(answer, 'errors.0.code', 'FORBIDDEN', 'INSUFFICIENT_SCOPES'),
    },
    probe: { path: '/v2/locations' },
    webhooks: {
      /** The URL that is signed is the one that the merchant has given to Square. @see https://developer.squareup.com/docs/webhooks/step3validate */
      signature: hmacWebhook({
        key: 'signatureKey',
        header: 'x-square-hmacsha256-signature',
        encoding: 'base64',
        signed: '{url}{body}',
      }),
    },
  }) as const satisfies Partial<ProviderDefinition<{ readonly signatureKey?: string | readonly string[] }>>;

/**
 * Square: an access token as a bearer token.
 *
 * @see https://developer.squareup.com/docs/build-basics/access-tokens
 */
export const square = builtInProvider<SquareCredentials, 'square', 'sandbox' | 'live'>('square', () => ({
  ...inCommon(),
  environmentVariable: 'SQUARE_ENVIRONMENT',
  baseUrlVariable: 'SQUARE_BASE_URL',
  title: 'Square',
  credentialsPage: 'developer console, the application, Credentials',
  credentials: {
    accessToken: { variable: 'SQUARE_TOKEN' },
    signatureKey: { variable: 'SQUARE_SIGNATURE_KEY', optional: true },
  },
  headers: ({ credentials }) => ({ Authorization: bearer(credentials.accessToken) }),
  advice: [
    {
      on: 'call',
      status: 401,
      cause: 'the access token is wrong or revoked, or belongs to the other environment',
      fix: 'compare SQUARE_TOKEN with the console; check SQUARE_ENVIRONMENT',
    },
    {
      on: 'call',
      status: 403,
      cause: 'the token lacks the permission of this call',
      fix: 'use a token of the application that has it',
    },
  ],
}));

/**
 * Square, for platforms: a refresh token for each seller, from the code flow, in which it never changes. The PKCE flow
 * is not supported: it has no secret, and its refresh tokens can be used only once.
 *
 * @see https://developer.squareup.com/docs/oauth-api/refresh-revoke-limit-scope
 */
export const squareOauth = builtInProvider<SquareOauthCredentials, 'square-oauth', 'sandbox' | 'live'>(
  'square-oauth',
  (by) => ({
    ...inCommon(),
    environmentVariable: 'SQUARE_OAUTH_ENVIRONMENT',
    baseUrlVariable: 'SQUARE_OAUTH_BASE_URL',
    title: 'Square (OAuth)',
    credentialsPage: 'developer console, the application, OAuth; the refresh token comes from the consent',
    credentials: {
      clientId: { variable: 'SQUARE_OAUTH_CLIENT_ID', secret: false },
      clientSecret: { variable: 'SQUARE_OAUTH_CLIENT_SECRET' },
      refreshToken: { variable: 'SQUARE_OAUTH_REFRESH_TOKEN' },
      signatureKey: { variable: 'SQUARE_OAUTH_SIGNATURE_KEY', optional: true },
    },
    token: by.refreshToken<SquareOauthCredentials>({
      path: '/oauth2/token',
      encoding: 'json',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_post'],
      refreshToken: ({ credentials }) => credentials.refreshToken,
      rotates: false,
      answer: { expiresAt: 'expires_at' },
      // Square documents no codes for a rejected login. Its body has the envelope of a call, or the older one of Connect v1.
      rejected: ({ status, body }) =>
        [400, 401].includes(status) && (textAt(body, 'errors.0.code') ?? textAt(body, 'type')) !== undefined,
      // Square says "Not Authorized" for a wrong secret. An answer that names a token or a code is about the seller.
      wrongClient: (answer) =>
        answer.status === 401 &&
        !['message', 'errors.0.detail'].some((path) => says(answer, path, 'token', 'code', 'revoked')),
      reason: ({ body }) => textAt(body, 'errors.0.code') ?? textAt(body, 'type'),
      documentedLifetimeMs: 30 * 24 * 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    advice: [
      {
        on: 'login',
        status: 400,
        cause: 'the seller has taken the permission back, or the refresh token is wrong',
        fix: 'ask the seller to connect again',
      },
      {
        on: 'login',
        status: 401,
        cause: 'the application id or its secret is wrong, or belongs to the other environment',
        fix: 'compare SQUARE_OAUTH_CLIENT_ID and SQUARE_OAUTH_CLIENT_SECRET with the console; check SQUARE_OAUTH_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 403,
        cause: 'the seller has not granted the permission of this call',
        fix: 'ask the seller to connect again, with the permission',
      },
    ],
  }),
);
