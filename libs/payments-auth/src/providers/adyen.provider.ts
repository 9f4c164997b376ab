import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** Adyen's static credentials: those of one API credential. */
export interface AdyenCredentials {
  readonly apiKey: string;
  /** The application sends it in the body of a call. */
  readonly merchantAccount?: string;
  /** The prefix of the account's live hosts: `1797a841fbb37ca7-AdyenDemo`. Live needs it. */
  readonly liveUrlPrefix?: string;
  /** Hex, as the customer area shows it. */
  readonly hmacKey?: string | readonly string[];
}

const ACCEPTED = { status: 200, text: '[accepted]' };

/**
 * Adyen: an API key in `X-API-Key`. Live hosts carry a prefix of the account; `management` has the same host for all.
 *
 * A 401 can also mean that the path does not exist or that the credential lacks a permission, in the same words.
 * So it never counts against the key. A reading call that is refused is sent once more with another key of the list;
 * a function or a file of credentials is asked again after it.
 *
 * @see https://docs.adyen.com/development-resources/api-credentials
 */
export const adyen = builtInProvider<AdyenCredentials, 'adyen', 'test' | 'live'>('adyen', () => ({
  title: 'Adyen',
  docs: 'https://docs.adyen.com/development-resources/api-credentials',
  region: 'Worldwide',
  basedOn: '2026-08',
  credentialsPage: 'customer area, Developers > API credentials; the prefix under Developers > API URLs',
  environments: {
    test: {
      checkout: 'https://checkout-test.adyen.com',
      pal: 'https://pal-test.adyen.com/pal/servlet',
      management: 'https://management-test.adyen.com',
    },
    live: {
      checkout: 'https://{liveUrlPrefix}-checkout-live.adyenpayments.com/checkout',
      pal: 'https://{liveUrlPrefix}-pal-live.adyenpayments.com/pal/servlet',
      management: 'https://management-live.adyen.com',
    },
  },
  environmentVariable: 'ADYEN_ENVIRONMENT',
  baseUrlVariable: {
    checkout: 'ADYEN_BASE_URL',
    pal: 'ADYEN_PAL_BASE_URL',
    management: 'ADYEN_MANAGEMENT_BASE_URL',
  },
  credentials: {
    apiKey: { variable: 'ADYEN_API_KEY' },
    merchantAccount: { variable: 'ADYEN_MERCHANT_ACCOUNT', optional: true, secret: false },
    liveUrlPrefix: {
      variable: 'ADYEN_LIVE_URL_PREFIX',
      optional: true,
      secret: false,
      inUrl: /^[A-Za-z0-9-]+$/,
    },
    hmacKey: { variable: 'ADYEN_HMAC_KEY', optional: true },
  },
  headers: ({ credentials }) => ({ 'X-API-Key': credentials.apiKey }),
  probe: { path: '/v3/me', host: 'management' },
  webhooks: {
    /** @see https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures */
    standard: hmacWebhook({
      key: 'hmacKey',
      keyEncoding: 'hex',
      encoding: 'base64',
      items: 'notificationItems.NotificationRequestItem',
      field: 'additionalData.hmacSignature',
      signed: {
        fields: [
          'pspReference',
          'originalReference',
          'merchantAccountCode',
          'merchantReference',
          'amount.value',
          'amount.currency',
          'eventCode',
          'success',
        ],
        separator: ':',
      },
      acknowledge: ACCEPTED,
    }),
    banking: hmacWebhook({
      key: 'hmacKey',
      keyEncoding: 'hex',
      encoding: 'base64',
      header: 'hmacsignature',
      acknowledge: ACCEPTED,
    }),
  },
  advice: [
    {
      on: 'call',
      status: 401,
      cause:
        'the API key is wrong or was generated again, the credential lacks a role, or the path does not exist: Adyen gives the same answer for each of them',
      fix: 'compare ADYEN_API_KEY with the customer area, check the roles of the credential, and check the path and its version',
    },
    {
      on: 'call',
      status: 403,
      cause: 'the credential may not act for this merchant account',
      fix: 'check the merchant account of the request, and the accounts of the credential',
    },
  ],
}));
