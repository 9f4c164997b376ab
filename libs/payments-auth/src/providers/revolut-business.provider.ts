import { privateKeyJwt } from '../strategies/client-assertion.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Revolut Business' static credentials: those of one certificate in the business' settings. */
export interface RevolutBusinessCredentials {
  readonly clientId: string;
  /** An RSA key, as a PEM: it signs the client assertion. */
  readonly privateKey: string;
  /** The domain of the redirect URI. */
  readonly issuer: string;
  /** From the consent in the browser. It never changes. */
  readonly refreshToken: string;
  /** `wsk_…` */
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Revolut Business: a refresh token from a consent in the browser, and a client assertion (RFC 7523) instead of a
 * secret. Tokens live for forty minutes.
 *
 * @see https://developer.revolut.com/docs/guides/manage-accounts/get-started/make-your-first-api-request
 */
export const revolutBusiness = builtInProvider<
  RevolutBusinessCredentials,
  'revolut-business',
  'sandbox' | 'live'
>('revolut-business', (by) => ({
  title: 'Revolut Business',
  docs: 'https://developer.revolut.com/docs/guides/manage-accounts/get-started/make-your-first-api-request',
  region: 'Europe',
  basedOn: '2026-08',
  credentialsPage: 'Revolut Business, Settings > APIs > Business API',
  environments: {
    sandbox: 'https://sandbox-b2b.revolut.com/api/1.0',
    live: 'https://b2b.revolut.com/api/1.0',
  },
  environmentVariable: 'REVOLUT_BUSINESS_ENVIRONMENT',
  baseUrlVariable: 'REVOLUT_BUSINESS_BASE_URL',
  credentials: {
    clientId: { variable: 'REVOLUT_CLIENT_ID', secret: false },
    privateKey: { variable: 'REVOLUT_PRIVATE_KEY', format: 'pem' },
    issuer: { variable: 'REVOLUT_ISSUER', secret: false },
    refreshToken: { variable: 'REVOLUT_REFRESH_TOKEN' },
    webhookSecret: { variable: 'REVOLUT_BUSINESS_WEBHOOK_SECRET', optional: true },
  },
  token: by.refreshToken<RevolutBusinessCredentials>({
    path: '/auth/token',
    client: ({ credentials }) => ({ id: credentials.clientId }),
    authentication: privateKeyJwt<RevolutBusinessCredentials>({
      algorithm: 'RS256',
      key: ({ credentials }) => credentials.privateKey,
      issuer: ({ credentials }) => credentials.issuer,
      // The documented audience is not the token endpoint.
      audience: 'https://revolut.com',
      lifetimeMs: 3_600_000,
      // The documents have iss, sub, aud and exp, and no other claim.
      claims: () => ({ jti: undefined, iat: undefined }),
    }),
    refreshToken: ({ credentials }) => credentials.refreshToken,
    rotates: false,
    documentedLifetimeMs: 40 * 60_000,
  }),
  headers: ({ token }) => ({ Authorization: bearer(token) }),
  // {"message":"The request should be authorized.","code":9002}
  refusal: { refused: (answer) => answer.status === 401 && hasCode(answer, 'code', '9002') },
  probe: { path: '/accounts' },
  webhooks: {
    /** @see https://developer.revolut.com/docs/guides/manage-accounts/webhooks/verify-the-payload-signature */
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'revolut-signature',
      list: { signature: 'v1' },
      timestamp: { at: '{header:revolut-request-timestamp}', unit: 'milliseconds' },
      signed: 'v1.{timestamp}.{body}',
    }),
  },
  advice: [
    {
      on: 'login',
      says: 'client',
      cause: 'the client id, the issuer or the key does not fit the certificate in the settings',
      fix: 'compare REVOLUT_CLIENT_ID, REVOLUT_ISSUER and REVOLUT_PRIVATE_KEY with the certificate; check REVOLUT_BUSINESS_ENVIRONMENT',
    },
    {
      on: 'login',
      says: 'invalid_grant',
      cause: 'the consent was taken back, or the refresh token is wrong',
      fix: 'give the consent again in the browser, and set REVOLUT_REFRESH_TOKEN',
    },
  ],
}));
