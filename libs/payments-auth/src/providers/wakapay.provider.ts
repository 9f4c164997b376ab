import { textAt, valueAt } from '../strategies/json-value.js';
import { tokenLogin } from '../strategies/token-login.strategy.js';
import { bearer } from './bearer.js';
import { defineProvider } from './define-provider.js';

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
export const wakapay = defineProvider<WakapayCredentials, 'wakapay'>({
  name: 'wakapay',
  title: 'WakaPay',
  docs: 'https://api-docs.wakapayments.com',
  environments: { test: 'https://api.test.wakapay.io', live: 'https://api.wakapay.io' },
  environmentVariable: 'WAKAPAY_ENVIRONMENT',
  baseUrlVariable: 'WAKAPAY_BASE_URL',
  credentials: {
    apiKey: { variable: 'WAKAPAY_API_KEY', belongsTo: { test: /^pk_test_/ } },
    apiSecret: { variable: 'WAKAPAY_API_SECRET', belongsTo: { test: /^sk_test_/ } },
  },
  strategy: tokenLogin<WakapayCredentials>({
    path: '/business/auth',
    body: ({ apiKey, apiSecret }) => ({ json: { apiKey, apiSecret } }),
    answer: { token: 'accessToken', expiresIn: 'expiresIn' },
    documentedLifetimeMs: 60 * 60_000,
    // `code` is 0 whatever is wrong: the status, in the provider's own envelope, tells.
    rejected: ({ status, body }) => status === 401 && isLoginError(body),
    reason: ({ body }) => textAt(body, 'error'),
  }),
  headers: ({ token }) => ({ Authorization: bearer(token) }),
  refusal: {
    // A refused token comes in another envelope than a refused login.
    refused: ({ status, body }) =>
      status === 401 && (textAt(body, 'message') !== undefined || isLoginError(body)),
  },
  probe: { path: '/business/balance?currency=USD' },
  /** @see https://api-docs.wakapayments.com/en/api-reference/webhooks */
  webhook: {
    algorithm: 'sha256-constant',
    of: ['apiKey', 'apiSecret'],
    signature: { field: 'signature' },
  },
});

function isLoginError(body: unknown): boolean {
  return valueAt(body, 'code') !== undefined && textAt(body, 'error') !== undefined;
}
