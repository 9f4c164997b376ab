import { basic } from '../building-blocks/basic.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { hasCode, says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Monnify's static credentials. */
export interface MonnifyCredentials {
  /** `MK_TEST_…` or `MK_PROD_…`. */
  readonly apiKey: string;
  /** It signs the webhooks too. */
  readonly secretKey: string;
  /** The application sends it in the body of a call. */
  readonly contractCode?: string;
}

/**
 * Monnify: a login with Basic for a bearer token.
 *
 * @see https://developers.monnify.com/docs/integration-tools/authorization
 */
export const monnify = builtInProvider<MonnifyCredentials, 'monnify', 'sandbox' | 'live'>(
  'monnify',
  (by) => ({
    title: 'Monnify',
    docs: 'https://developers.monnify.com',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage: 'dashboard, Developer > API Keys & Contracts, of the mode',
    environments: { sandbox: 'https://sandbox.monnify.com', live: 'https://api.monnify.com' },
    environmentVariable: 'MONNIFY_ENVIRONMENT',
    baseUrlVariable: 'MONNIFY_BASE_URL',
    credentials: {
      apiKey: { variable: 'MONNIFY_APIKEY', belongsTo: { sandbox: /^MK_TEST_/, live: /^MK_PROD_/ } },
      secretKey: { variable: 'MONNIFY_SECRET' },
      contractCode: { variable: 'MONNIFY_CONTRACT_CODE', optional: true, secret: false },
    },
    token: by.login<MonnifyCredentials>({
      path: '/api/v1/auth/login',
      headers: ({ credentials: { apiKey, secretKey } }) => ({ Authorization: basic(apiKey, secretKey) }),
      body: () => ({ json: {} }),
      answer: { token: 'responseBody.accessToken', expiresIn: 'responseBody.expiresIn' },
      documentedLifetimeMs: 3_600_000,
      rejected: ({ status }) => status === 401,
      issued: ({ body }) => valueAt(body, 'requestSuccessful') !== false,
      reason: ({ body }) => textAt(body, 'responseMessage') ?? textAt(body, 'error'),
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    refusal: {
      // {"error":"invalid_token","error_description":"…"}, or the words of the framework behind it.
      refused: (answer) =>
        hasCode(answer, 'error', 'invalid_token') ||
        says(answer, 'error_description', 'cannot convert access token') ||
        (answer.status === 401 && says(answer, 'responseMessage', 'token')),
    },
    webhooks: {
      // The page speaks of a plain SHA-512 of the secret and the body. The sample on the page is an HMAC over the bytes.
      signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'monnify-signature' }),
    },
    advice: [
      {
        on: 'login',
        status: 401,
        cause: 'the API key or the secret key is wrong, was reset, or belongs to the other mode',
        fix: 'compare MONNIFY_APIKEY and MONNIFY_SECRET with the dashboard; check MONNIFY_ENVIRONMENT',
      },
    ],
  }),
);
