import { hmac } from '../building-blocks/digests.js';
import { textAt, valueAt } from '../building-blocks/json-value.js';
import { sameText } from '../building-blocks/same-text.js';
import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** Airtel Money's static credentials: those of one application in one country. */
export interface AirtelMoneyCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `UG`. A request may name another one in `X-Country`. */
  readonly country: string;
  /** `UGX`. A request may name another one in `X-Currency`. */
  readonly currency: string;
  /** The application's private key for callbacks, where the portal's switch for signed callbacks is on. */
  readonly privateKey?: string;
  /** The PIN of disbursements, which the application encrypts. It is not sent, and kept out of everything that is printed. */
  readonly pin?: string;
  /** Airtel's public key, with which the application encrypts the PIN. */
  readonly publicKey?: string;
}

/** The codes of failures that a new token does not change, for example an application without the country. */
const INCURABLE = ['ROUTER006', 'ROUTER007', 'ROUTER112'];

/**
 * Airtel Money Africa: a login with JSON for a token that lives for three minutes. Country and currency go with every
 * call. Each country can have a host of its own: set `baseUrl`.
 *
 * @see https://developers.airtel.africa/documentation
 */
export const airtelMoney = builtInProvider<AirtelMoneyCredentials, 'airtel-money', 'sandbox' | 'live'>(
  'airtel-money',
  (by) => ({
    title: 'Airtel Money',
    docs: 'https://developers.airtel.africa/documentation',
    region: 'Africa',
    basedOn: '2025-06',
    credentialsPage: 'developer portal, the application, Key Management',
    environments: { sandbox: 'https://openapiuat.airtel.africa', live: 'https://openapi.airtel.africa' },
    environmentVariable: 'AIRTEL_MONEY_ENVIRONMENT',
    baseUrlVariable: 'AIRTEL_MONEY_BASE_URI',
    credentials: {
      clientId: { variable: 'AIRTEL_MONEY_CLIENT_ID', secret: false },
      clientSecret: { variable: 'AIRTEL_MONEY_CLIENT_SECRET' },
      country: { variable: 'AIRTEL_MONEY_COUNTRY', secret: false },
      currency: { variable: 'AIRTEL_MONEY_CURRENCY', secret: false },
      privateKey: { variable: 'AIRTEL_MONEY_PRIVATE_KEY', optional: true },
      pin: { variable: 'AIRTEL_MONEY_PIN', optional: true },
      publicKey: { variable: 'AIRTEL_MONEY_PUBLIC_KEY', optional: true, secret: false },
    },
    token: by.login<AirtelMoneyCredentials>({
      path: '/auth/oauth2/token',
      body: ({ credentials: { clientId, clientSecret } }) => ({
        json: { client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials' },
      }),
      // Airtel writes the seconds as a text.
      answer: { token: 'access_token', expiresIn: 'expires_in' },
      documentedLifetimeMs: 180_000,
      // The body of a rejected login is not documented, so the status alone decides.
      rejected: (answer) =>
        answer.status === 401 ||
        (answer.status === 400 && hasCode(answer, 'error', 'invalid_client', 'unauthorized_client')),
      reason: ({ body }) =>
        textAt(body, 'error') ?? textAt(body, 'status.response_code') ?? textAt(body, 'status.message'),
    }),
    // Airtel's documents send this Accept header. An HTTP client would send another one by default.
    headers: ({ token }) => ({ Authorization: bearer(token), Accept: '*/*' }),
    defaultHeaders: ({ credentials: { country, currency } }) => ({
      'X-Country': country,
      'X-Currency': currency,
    }),
    refusal: {
      // The body of a 401 is not documented. A body in Airtel's own envelope, or with an OAuth code, comes from Airtel.
      refused: ({ status, body }) =>
        status === 401 && (textAt(body, 'status.code') ?? textAt(body, 'error')) !== undefined,
      incurable: (answer) => hasCode(answer, 'status.response_code', ...INCURABLE),
    },
    probe: { path: '/standard/v1/users/balance' },
    webhooks: {
      // The hash covers the object "transaction" alone, and so does the payload.
      hash: customWebhook({
        keys: ['privateKey'],
        field: 'hash',
        proves: 'values',
        confirmWith: 'GET /standard/v1/payments/{id}',
        verify({ message, credentials }) {
          const transaction = valueAt(message.body, 'transaction');
          const expected = hmac('sha256', credentials.privateKey, JSON.stringify(transaction), 'base64');
          if (transaction === undefined || !sameText(expected, textAt(message.body, 'hash') ?? ''))
            return undefined;
          return { payload: { transaction }, id: textAt(transaction, 'id') };
        },
        sign({ payload, credentials }) {
          const transaction = valueAt(payload, 'transaction');
          const hash = hmac('sha256', credentials.privateKey, JSON.stringify(transaction), 'base64');
          return { body: JSON.stringify({ transaction, hash }) };
        },
      }),
      callback: unsignedWebhook({
        fields: ['transaction.id'],
        confirmWith: 'GET /standard/v1/payments/{id}',
        onlyWhenNamed: true,
      }),
    },
    advice: [
      {
        on: 'login',
        status: [400, 401],
        cause: 'the client id or the client secret is wrong, or belongs to the other environment',
        fix: 'compare AIRTEL_MONEY_CLIENT_ID and AIRTEL_MONEY_CLIENT_SECRET with the portal; check AIRTEL_MONEY_ENVIRONMENT',
      },
      {
        on: 'call',
        says: 'router007',
        cause: 'the application is not authorised for the country',
        fix: 'add the country to the application in the portal, or set AIRTEL_MONEY_COUNTRY to the one that it has',
      },
      {
        on: 'call',
        says: 'router',
        cause:
          'the gateway does not let this call through: the country or the currency is missing, or the product is not switched on',
        fix: 'check X-Country and X-Currency of the call, and the products of the application in the portal',
      },
      {
        on: 'call',
        status: 401,
        cause: 'the token belongs to another environment or country',
        fix: 'check AIRTEL_MONEY_ENVIRONMENT, and the host of the country in AIRTEL_MONEY_BASE_URI',
      },
    ],
  }),
);
