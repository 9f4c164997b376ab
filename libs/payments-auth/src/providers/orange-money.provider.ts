import { hasCode } from './answers-in-words.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** The static credentials of an application at Orange Developer. */
export interface OrangeMoneyCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The application sends it in the body of a call. */
  readonly merchantKey?: string;
}

/**
 * Orange Money, Web Payment: the OAuth 2.0 client credentials grant. One host; the path of a call names the country, or
 * `dev`: `/orange-money-webpay/dev/v1/webpayment`. The merchant key goes into the body of a call.
 *
 * @see https://developer.orange.com/apis/om-webpay
 */
export const orangeMoney = builtInProvider<OrangeMoneyCredentials, 'orange-money', 'live'>(
  'orange-money',
  (by) => ({
    title: 'Orange Money',
    docs: 'https://developer.orange.com/apis/om-webpay',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage:
      'developer portal, My Apps; the "Authorization header" is the base64 of client id and secret',
    environments: { live: 'https://api.orange.com' },
    baseUrlVariable: 'ORANGE_MONEY_BASE_URL',
    credentials: {
      clientId: { variable: 'ORANGE_MONEY_CLIENT_ID', secret: false },
      clientSecret: { variable: 'ORANGE_MONEY_CLIENT_SECRET' },
      merchantKey: { variable: 'ORANGE_MONEY_MERCHANT_KEY', optional: true },
    },
    token: by.clientCredentials<OrangeMoneyCredentials>({
      path: '/oauth/v3/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({ id: clientId, secret: clientSecret }),
      authentication: ['client_secret_basic'],
      // The portal shows the finished header. The portal joins id and secret without encoding them first.
      basicEncoding: 'plain',
      // Users report lifetimes from an hour to 90 days. The answer says how long a token lives.
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token }) => ({ Authorization: bearer(token) }),
    // 41 and 42 are the codes of an invalid and of an expired credential at Orange's gateway.
    refusal: { refused: (answer) => answer.status === 401 && hasCode(answer, 'code', '41', '42') },
    webhooks: {
      // The application compares `notif_token` with the one that Orange gave when the payment was created.
      notification: unsignedWebhook({
        fields: ['notif_token', 'status'],
        confirmWith: 'POST /orange-money-webpay/{country}/v1/transactionstatus',
      }),
    },
    advice: [
      {
        on: 'login',
        says: 'client',
        cause: 'the client id or the client secret is wrong',
        fix: 'copy ORANGE_MONEY_CLIENT_ID and ORANGE_MONEY_CLIENT_SECRET from the portal again',
      },
    ],
  }),
);
