import { hmac } from '../building-blocks/digests.js';
import { builtInProvider } from './define-provider.js';
import { hasCode } from './answers-in-words.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** The static credentials of Worldline's Direct platform. */
export interface WorldlineCredentials {
  readonly apiKeyId: string;
  readonly secretApiKey: string;
  /** The application names it in the path of a call; `check` makes its harmless call with it. */
  readonly merchantId?: string;
  /** The id of the webhook's secret. */
  readonly webhookKeyId?: string;
  readonly webhookSecret?: string | readonly string[];
}

/** Worldline signs the content type of a body for these methods alone. */
const WITH_CONTENT_TYPE = ['POST', 'PUT', 'DELETE'];

/**
 * Worldline, Direct (Online Payments): every call is signed over its method, content type, date, `X-GCS-` headers and
 * target. The body is not signed.
 *
 * @see https://docs.direct.worldline-solutions.com/en/integration/api-developer-guide/authentication
 */
export const worldline = builtInProvider<WorldlineCredentials, 'worldline', 'preprod' | 'live'>(
  'worldline',
  () => ({
    title: 'Worldline',
    docs: 'https://docs.direct.worldline-solutions.com/en/integration/api-developer-guide/authentication',
    region: 'Europe',
    basedOn: '2026-08',
    credentialsPage: 'merchant portal, Developer > Payment API',
    environments: {
      preprod: 'https://payment.preprod.direct.worldline-solutions.com',
      live: 'https://payment.direct.worldline-solutions.com',
    },
    environmentVariable: 'WORLDLINE_ENVIRONMENT',
    baseUrlVariable: 'WORLDLINE_BASE_URL',
    credentials: {
      apiKeyId: { variable: 'WORLDLINE_API_KEY_ID', secret: false },
      secretApiKey: { variable: 'WORLDLINE_SECRET_API_KEY' },
      merchantId: {
        variable: 'WORLDLINE_MERCHANT_ID',
        optional: true,
        secret: false,
        inUrl: /^[A-Za-z0-9-]+$/,
      },
      webhookKeyId: { variable: 'WORLDLINE_WEBHOOK_KEY_ID', optional: true, secret: false },
      webhookSecret: { variable: 'WORLDLINE_WEBHOOK_SECRET', optional: true },
    },
    sign({ credentials: { apiKeyId, secretApiKey }, method, url, headers, nowMs }) {
      const date = new Date(nowMs).toUTCString();
      const own = Object.keys(headers)
        .filter((name) => name.startsWith('x-gcs-'))
        .toSorted()
        .map((name) => `${name}:${headers[name]?.trim()}\n`);
      const text = [
        `${method}\n`,
        `${WITH_CONTENT_TYPE.includes(method) ? (headers['content-type'] ?? '') : ''}\n`,
        `${date}\n`,
        ...own,
        `${url.pathname}${unencoded(url.search)}\n`,
      ].join('');
      const signature = hmac('sha256', secretApiKey, text, 'base64');
      return { headers: { Date: date, Authorization: `GCS v1HMAC:${apiKeyId}:${signature}` } };
    },
    refusal: {
      refused: (answer) =>
        [401, 403].includes(answer.status) &&
        hasCode(answer, 'errors.0.id', 'MISSING_OR_INVALID_AUTHORIZATION'),
      incurable: (answer) => hasCode(answer, 'errors.0.id', 'ACCESS_TO_MERCHANT_NOT_ALLOWED'),
    },
    /** This probe needs a configured merchant id. */
    probe: { path: '/v2/{merchantId}/services/testconnection' },
    webhooks: {
      // X-GCS-KeyId names the secret. The library tries every configured secret instead.
      signature: hmacWebhook({ key: 'webhookSecret', header: 'x-gcs-signature', encoding: 'base64' }),
    },
    advice: [
      {
        on: 'call',
        says: 'missing_or_invalid_authorization',
        cause:
          "the key id or the secret is wrong or belongs to the other environment, or this server's clock is off",
        fix: 'compare WORLDLINE_API_KEY_ID and WORLDLINE_SECRET_API_KEY with the portal; check WORLDLINE_ENVIRONMENT and the clock',
      },
      {
        on: 'call',
        says: 'access_to_merchant_not_allowed',
        cause: 'the key does not belong to the merchant id in the path',
        fix: 'check the merchant id of the request',
      },
    ],
  }),
);

/** The query is signed as it was before its encoding. A plus sign is signed as a plus sign. */
function unencoded(search: string): string {
  return search === '' ? '' : decodeURIComponent(search);
}
