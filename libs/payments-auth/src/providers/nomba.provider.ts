import { textAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Nomba's static credentials. */
export interface NombaCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The parent account: it goes with every call. */
  readonly accountId: string;
  readonly webhookSecret?: string | readonly string[];
}

/**
 * Nomba: a login with JSON for a token that lives for half an hour. The account id goes with the login and with every
 * call. Success is the code "00" in the body.
 *
 * @see https://developer.nomba.com/docs/getting-started/authentication
 */
export const nomba = builtInProvider<NombaCredentials, 'nomba', 'sandbox' | 'live'>('nomba', (by) => ({
  title: 'Nomba',
  docs: 'https://developer.nomba.com',
  region: 'Africa',
  basedOn: '2026-08',
  credentialsPage: 'dashboard, Developer > API Keys',
  environments: { sandbox: 'https://sandbox.nomba.com', live: 'https://api.nomba.com' },
  environmentVariable: 'NOMBA_ENVIRONMENT',
  baseUrlVariable: 'NOMBA_BASE_URL',
  credentials: {
    clientId: { variable: 'NOMBA_CLIENT_ID', secret: false },
    clientSecret: { variable: 'NOMBA_CLIENT_SECRET' },
    accountId: { variable: 'NOMBA_ACCOUNT_ID', secret: false },
    webhookSecret: { variable: 'NOMBA_WEBHOOK_SECRET', optional: true },
  },
  token: by.login<NombaCredentials>({
    path: '/v1/auth/token/issue',
    headers: ({ credentials: { accountId } }) => ({ accountId }),
    body: ({ credentials: { clientId, clientSecret } }) => ({
      json: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
    }),
    answer: { token: 'data.access_token', expiresAt: 'data.expiresAt' },
    documentedLifetimeMs: 30 * 60_000,
    // The body of a rejected login is not documented, so the status alone decides.
    rejected: ({ status }) => status === 401 || status === 403,
    issued: ({ body }) => textAt(body, 'code') === '00',
    reason: ({ body }) => textAt(body, 'description'),
    revoke: {
      path: '/v1/auth/token/revoke',
      headers: ({ credentials: { accountId }, token }) => ({ accountId, Authorization: bearer(token) }),
      body: ({ credentials: { clientId }, token }) => ({ json: { clientId, access_token: token } }),
    },
  }),
  headers: ({ token, credentials: { accountId } }) => ({ Authorization: bearer(token), accountId }),
  refusal: {
    // The body is not documented. A body in Nomba's own envelope comes from Nomba.
    refused: ({ status, body }) =>
      status === 401 && textAt(body, 'code') !== undefined && textAt(body, 'description') !== undefined,
  },
  webhooks: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'nomba-signature',
      encoding: 'base64',
      timestamp: { at: '{header:nomba-timestamp}', unit: 'iso' },
      signed: {
        fields: [
          'event_type',
          'requestId',
          'data.merchant.userId',
          'data.merchant.walletId',
          'data.transaction.transactionId',
          'data.transaction.type',
          'data.transaction.time',
          'data.transaction.responseCode',
          '{timestamp}',
        ],
        separator: ':',
      },
      // Nomba does not sign the amount.
      confirmWith: 'GET /v1/transactions/accounts/single',
    }),
  },
  advice: [
    {
      on: 'login',
      status: [401, 403],
      cause:
        'the client id, the client secret or the account id is wrong, or belongs to the other environment',
      fix: 'compare NOMBA_CLIENT_ID, NOMBA_CLIENT_SECRET and NOMBA_ACCOUNT_ID with the dashboard; check NOMBA_ENVIRONMENT',
    },
  ],
}));
