import { textAt, valueAt } from '../building-blocks/json-value.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hashOfCredentials } from './webhooks/sender-webhooks.js';

/** WakaPay's static credentials. */
export interface WakapayCredentials {
  /** `pk_test_…` in the test environment. */
  readonly apiKey: string;
  /** `sk_test_…` in the test environment. */
  readonly apiSecret: string;
}

/**
 * WakaPay: a login for a bearer token.
 *
 * @see https://api-docs.wakapayments.com
 */
export const wakapay = builtInProvider<WakapayCredentials, 'wakapay', 'test' | 'live'>('wakapay', (by) => ({
  title: 'WakaPay',
  docs: 'https://api-docs.wakapayments.com',
  credentialsPage: 'dashboard; keys look like pk_test_… and sk_test_… in the test environment',
  environments: { test: 'https://api.test.wakapay.io', live: 'https://api.wakapay.io' },
  environmentVariable: 'WAKAPAY_ENVIRONMENT',
  baseUrlVariable: 'WAKAPAY_BASE_URL',
  credentials: {
    apiKey: { variable: 'WAKAPAY_API_KEY', belongsTo: { test: /^pk_test_/ } },
    apiSecret: { variable: 'WAKAPAY_API_SECRET', belongsTo: { test: /^sk_test_/ } },
  },
  token: by.login<WakapayCredentials>({
    path: '/business/auth',
    body: ({ credentials: { apiKey, apiSecret } }) => ({ json: { apiKey, apiSecret } }),
    answer: { token: 'accessToken', expiresIn: 'expiresIn' },
    documentedLifetimeMs: 60 * 60_000,
    // `code` is 0 for every failure, so the status decides, where the body is WakaPay's own envelope.
    rejected: ({ status, body }) => status === 401 && isLoginError(body),
    reason: ({ body }) => textAt(body, 'error'),
  }),
  headers: ({ token }) => ({ Authorization: bearer(token) }),
  refusal: {
    // WakaPay's answer to a refused token has another envelope than its answer to a rejected login.
    refused: ({ status, body }) =>
      status === 401 && (textAt(body, 'message') !== undefined || isLoginError(body)),
  },
  probe: { path: '/business/balance?currency=USD' },
  /** @see https://api-docs.wakapayments.com/en/api-reference/webhooks */
  webhooks: {
    constant: hashOfCredentials({ of: ['apiKey', 'apiSecret'], hash: 'sha256', field: 'signature' }),
  },
  advice: [
    {
      on: 'login',
      says: 'invalid credentials',
      cause: 'the pair is wrong, or of the other environment',
      fix: 'compare WAKAPAY_API_KEY and WAKAPAY_API_SECRET with the dashboard; check WAKAPAY_ENVIRONMENT',
    },
    {
      on: 'login',
      says: 'required',
      cause: 'one of the two arrives empty',
      fix: 'check WAKAPAY_API_KEY and WAKAPAY_API_SECRET for cut values',
    },
    {
      on: 'login',
      says: 'invalid payload',
      cause: 'the request did not arrive as it was sent',
      fix: 'check WAKAPAY_BASE_URL, and whether a proxy on the way changes requests',
    },
    {
      on: 'call',
      status: 401,
      cause: 'WakaPay does not accept the token that it has just issued',
      fix: 'ask WakaPay whether the account may use this call',
    },
  ],
}));

function isLoginError(body: unknown): boolean {
  return valueAt(body, 'code') !== undefined && textAt(body, 'error') !== undefined;
}
