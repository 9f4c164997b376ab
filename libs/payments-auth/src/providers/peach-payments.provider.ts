import { hmac } from '../building-blocks/digests.js';
import { textAt } from '../building-blocks/json-value.js';
import { sameText } from '../building-blocks/same-text.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { customWebhook } from './webhooks/custom-webhook.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Peach Payments' static credentials. */
export interface PeachPaymentsCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly merchantId: string;
  /** The channel of a checkout. The application sends it in the body. */
  readonly entityId?: string;
  /** The secret that webhooks are signed with. */
  readonly secretToken?: string | readonly string[];
  readonly userId?: string;
  /** With `userId` and `entityId` in the body of a server-to-server payment. It is not sent, and kept out of everything that is printed. */
  readonly password?: string;
}

/**
 * Peach Payments: a login with JSON, at the dashboard's host, for a token that lives for four hours. Checkouts and
 * payments have a host each: a request names the latter by `host: 'payments'`.
 *
 * @see https://developer.peachpayments.com/docs/payment-links-authentication
 */
export const peachPayments = builtInProvider<PeachPaymentsCredentials, 'peach-payments', 'sandbox' | 'live'>(
  'peach-payments',
  (by) => ({
    title: 'Peach Payments',
    docs: 'https://developer.peachpayments.com',
    region: 'Africa',
    basedOn: '2026-07-21',
    credentialsPage: 'dashboard, Developers > API keys',
    environments: {
      sandbox: {
        checkout: 'https://testsecure.peachpayments.com',
        payments: 'https://testapi-v2.peachpayments.com',
        login: 'https://sandbox-dashboard.peachpayments.com',
      },
      live: {
        checkout: 'https://secure.peachpayments.com',
        payments: 'https://api-v2.peachpayments.com',
        login: 'https://dashboard.peachpayments.com',
      },
    },
    environmentVariable: 'PEACH_PAYMENTS_ENVIRONMENT',
    baseUrlVariable: {
      checkout: 'PEACH_PAYMENTS_BASE_URL',
      payments: 'PEACH_PAYMENTS_PAYMENTS_BASE_URL',
      login: 'PEACH_PAYMENTS_LOGIN_BASE_URL',
    },
    credentials: {
      clientId: { variable: 'PEACH_CLIENT_ID', secret: false },
      clientSecret: { variable: 'PEACH_CLIENT_SECRET' },
      merchantId: { variable: 'PEACH_MERCHANT_ID', secret: false },
      entityId: { variable: 'PEACH_ENTITY_ID', optional: true, secret: false },
      secretToken: { variable: 'PEACH_PAYMENTS_SECRET_TOKEN', optional: true },
      userId: { variable: 'PEACH_PAYMENTS_USER_ID', optional: true, secret: false },
      password: { variable: 'PEACH_PAYMENTS_PASSWORD', optional: true },
    },
    token: by.login<PeachPaymentsCredentials>({
      host: 'login',
      path: '/api/oauth/token',
      body: ({ credentials: { clientId, clientSecret, merchantId } }) => ({
        json: { clientId, clientSecret, merchantId },
      }),
      // The documents show the seconds as a text.
      answer: { token: 'access_token', expiresIn: 'expires_in' },
      documentedLifetimeMs: 4 * 3_600_000,
      rejected: ({ status }) => status === 400 || status === 401,
      reason: ({ body }) => textAt(body, 'message') ?? textAt(body, 'error'),
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    webhooks: {
      /** Peach Payments signs like this since 2026-07-21. @see https://developer.peachpayments.com/docs/checkout-webhooks */
      signature: hmacWebhook({
        key: 'secretToken',
        header: 'x-webhook-signature',
        timestamp: { at: '{header:x-webhook-timestamp}', unit: 'seconds' },
        signed: '{timestamp}.{header:x-webhook-id}.{url}.{body}',
        id: '{header:x-webhook-id}',
      }),
      // All parameters are signed, sorted by name: names and values, with nothing between them.
      form: customWebhook({
        keys: ['secretToken'],
        field: 'signature',
        proves: 'values',
        body: 'form',
        onlyWhenNamed: true,
        verify({ message, credentials }) {
          // The very first message is JSON.
          const isJson = /\bjson\b/i.test(message.headers['content-type'] ?? '');
          const body = isJson ? JSON.parse(Buffer.from(message.rawBody).toString()) : message.body;
          const { signature, ...fields } = fieldsOf(body);
          const expected = hmac('sha256', credentials.secretToken, namesAndValues(fields));
          return sameText(expected, (signature ?? '').toLowerCase()) ? { payload: fields } : undefined;
        },
        sign({ payload, credentials }) {
          const fields = fieldsOf(payload);
          const signature = hmac('sha256', credentials.secretToken, namesAndValues(fields));
          return { body: new URLSearchParams({ ...fields, signature }).toString() };
        },
      }),
    },
    advice: [
      {
        on: 'login',
        status: [400, 401],
        cause:
          'the client id, the client secret or the merchant id is wrong, or belongs to the other environment',
        fix: 'compare PEACH_CLIENT_ID, PEACH_CLIENT_SECRET and PEACH_MERCHANT_ID with the dashboard; check PEACH_PAYMENTS_ENVIRONMENT',
      },
      {
        on: 'call',
        status: 403,
        cause: "a checkout's Referer or Origin is not on the list of the dashboard",
        fix: 'add the domain to the allow-list of the checkout in the dashboard',
      },
    ],
  }),
);

function fieldsOf(body: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries((body ?? {}) as Record<string, unknown>).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}

function namesAndValues(fields: Readonly<Record<string, string>>): string {
  return Object.keys(fields)
    .toSorted()
    .map((name) => name + fields[name])
    .join('');
}
