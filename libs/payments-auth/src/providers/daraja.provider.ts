import { basic } from '../building-blocks/basic.js';
import { textAt } from '../building-blocks/json-value.js';
import { hasCode, says } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** Daraja's static credentials: those of one app. */
export interface DarajaCredentials {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  /** For `darajaPassword`, which the application calls. */
  readonly passkey?: string;
  /** For `darajaPassword`, which the application calls. */
  readonly shortCode?: string;
  readonly initiatorName?: string;
  /** For the `SecurityCredential` of a body, which the application makes. It is not sent, and kept out of everything that is printed. */
  readonly initiatorPassword?: string;
}

/** The codes of a refused token. Each API of Daraja has its own. */
const INVALID_ACCESS_TOKEN = ['404.001.03', '401.002.01', '400.003.01', '401.001'];

/**
 * Safaricom Daraja (M-Pesa): a login by GET, with Basic. The documents say that each login ends the earlier token, so a
 * fleet makes one login at a time.
 *
 * The status of a refusal differs by API: 404, 401 or 400. It is recognised by its code or its words.
 *
 * @see https://developer.safaricom.co.ke/apis/Authorization
 */
export const daraja = builtInProvider<DarajaCredentials, 'daraja', 'sandbox' | 'live'>('daraja', (by) => ({
  title: 'Safaricom Daraja (M-Pesa)',
  docs: 'https://developer.safaricom.co.ke/apis/Authorization',
  region: 'Africa',
  basedOn: '2025-12',
  credentialsPage: 'developer portal, My Apps: each app has a consumer key and a consumer secret',
  environments: { sandbox: 'https://sandbox.safaricom.co.ke', live: 'https://api.safaricom.co.ke' },
  environmentVariable: 'MPESA_ENVIRONMENT',
  baseUrlVariable: 'DARAJA_BASE_URL',
  credentials: {
    consumerKey: { variable: 'MPESA_CONSUMER_KEY' },
    consumerSecret: { variable: 'MPESA_CONSUMER_SECRET' },
    passkey: { variable: 'MPESA_PASSKEY', optional: true },
    shortCode: { variable: 'MPESA_SHORTCODE', optional: true, secret: false },
    initiatorName: { variable: 'DARAJA_INITIATOR_NAME', optional: true, secret: false },
    initiatorPassword: { variable: 'DARAJA_INITIATOR_PASSWORD', optional: true },
  },
  token: by.login<DarajaCredentials>({
    method: 'GET',
    path: '/oauth/v1/generate?grant_type=client_credentials',
    headers: ({ credentials: { consumerKey, consumerSecret } }) => ({
      Authorization: basic(consumerKey, consumerSecret),
    }),
    // A number in the current documents, and a text in older ones. Both are read.
    answer: { token: 'access_token', expiresIn: 'expires_in' },
    documentedLifetimeMs: 3_600_000,
    rejected: (answer) => answer.status === 400 && hasCode(answer, 'errorCode', '400.008.01'),
    reason: ({ body }) => textAt(body, 'errorCode') ?? textAt(body, 'errorMessage'),
    endsEarlierToken: true,
  }),
  headers: ({ token }) => ({ Authorization: bearer(token) }),
  refusal: {
    refused: (answer) =>
      hasCode(answer, 'errorCode', ...INVALID_ACCESS_TOKEN) ||
      says(answer, 'errorMessage', 'invalid access token'),
    // The password of the STK push is wrong, or the merchant does not exist.
    incurable: (answer) => hasCode(answer, 'errorCode', '500.001.1001'),
  },
  webhooks: {
    /** @see https://developer.safaricom.co.ke/apis/MpesaExpressSimulate */
    stk: unsignedWebhook({
      fields: ['Body.stkCallback.CheckoutRequestID'],
      confirmWith: 'POST /mpesa/stkpushquery/v1/query',
      acknowledge: { json: { ResultCode: 0, ResultDesc: 'Accepted' } },
    }),
    c2b: unsignedWebhook({
      fields: ['TransID'],
      confirmWith: 'POST /mpesa/transactionstatus/v1/query',
      acknowledge: { json: { ResultCode: 0, ResultDesc: 'Accepted' } },
    }),
  },
  advice: [
    {
      on: 'login',
      says: '400.008.01',
      cause: 'the consumer key or the consumer secret is wrong, or belongs to the other environment',
      fix: 'compare MPESA_CONSUMER_KEY and MPESA_CONSUMER_SECRET with the app in the portal; check MPESA_ENVIRONMENT',
    },
    {
      on: 'call',
      says: '500.001.1001',
      cause: 'the Password of the STK push is wrong, or the merchant does not exist',
      fix: 'make the Password with darajaPassword, and send the same Timestamp beside it; compare MPESA_SHORTCODE and MPESA_PASSKEY with the portal',
    },
    {
      on: 'call',
      says: '500.003',
      cause: 'Daraja limits the calls of this app: spike arrest, or the quota',
      fix: 'send fewer calls at once; ask Safaricom for a higher quota',
    },
    {
      on: 'call',
      says: 'invalid access token',
      cause: 'another system logs in with the same app, and each login ends the token before it',
      fix: 'let one system use the app, or share its token through a store',
    },
  ],
}));
