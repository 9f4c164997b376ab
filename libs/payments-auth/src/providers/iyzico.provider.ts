import { hmac } from '../building-blocks/digests.js';
import { hasCode } from './answers-in-words.js';
import { builtInProvider } from './define-provider.js';
import { hmacWebhook } from './webhooks/signature-webhooks.js';

/** iyzico's static credentials. */
export interface IyzicoCredentials {
  readonly apiKey: string;
  /** It signs the webhooks too. */
  readonly secretKey: string;
}

/**
 * iyzico: every call is signed over a random text, its path and its body. A GET carries `{}` as its body.
 *
 * A refused call is answered with the status 200.
 *
 * @see https://docs.iyzico.com/en/getting-started/preliminaries/authentication/hmacsha256-auth
 */
export const iyzico = builtInProvider<IyzicoCredentials, 'iyzico', 'sandbox' | 'live'>('iyzico', () => ({
  title: 'iyzico',
  docs: 'https://docs.iyzico.com',
  region: 'Europe',
  basedOn: '2026-08',
  credentialsPage: 'merchant panel, Settings > Merchant Settings',
  environments: { sandbox: 'https://sandbox-api.iyzipay.com', live: 'https://api.iyzipay.com' },
  environmentVariable: 'IYZICO_ENVIRONMENT',
  baseUrlVariable: 'IYZICO_BASE_URL',
  credentials: {
    apiKey: { variable: 'IYZICO_API_KEY' },
    secretKey: { variable: 'IYZICO_SECRET_KEY' },
  },
  sign({ credentials: { apiKey, secretKey }, url, body, random }) {
    const randomKey = BigInt(`0x${Buffer.from(random(8)).toString('hex')}`).toString();
    const sent = body === undefined || body.length === 0 ? '{}' : body;
    const signature = hmac(
      'sha256',
      secretKey,
      Buffer.concat([
        Buffer.from(randomKey),
        Buffer.from(url.pathname), // without the query
        Buffer.from(sent),
      ]),
    );
    const text = `apiKey:${apiKey}&randomKey:${randomKey}&signature:${signature}`;
    return {
      headers: {
        Authorization: `IYZWSv2 ${Buffer.from(text).toString('base64')}`,
        'x-iyzi-rnd': randomKey,
        ...(sent === body ? {} : { 'Content-Type': 'application/json' }),
      },
      body: sent,
    };
  },
  refusal: {
    refused: (answer) => hasCode(answer, 'status', 'failure') && hasCode(answer, 'errorCode', '1000', '1001'),
    alsoOnSuccess: true,
  },
  probe: { path: '/payment/test' },
  webhooks: {
    // For payments on the hosted page.
    page: hmacWebhook({
      key: 'secretKey',
      header: 'x-iyz-signature-v3',
      signed:
        '{credential:secretKey}{field:iyziEventType}{field:iyziPaymentId}{field:token}{field:paymentConversationId}{field:status}',
    }),
    // For all other payments: their messages have no token.
    direct: hmacWebhook({
      key: 'secretKey',
      header: 'x-iyz-signature-v3',
      signed:
        '{credential:secretKey}{field:iyziEventType}{field:iyziPaymentId}{field:paymentConversationId}{field:status}',
    }),
    // Some of these messages carry the id of the payment in another field.
    directByPaymentId: hmacWebhook({
      key: 'secretKey',
      header: 'x-iyz-signature-v3',
      signed:
        '{credential:secretKey}{field:iyziEventType}{field:paymentId}{field:paymentConversationId}{field:status}',
    }),
  },
  advice: [
    {
      on: 'call',
      says: '1001',
      cause: 'the API key is wrong, or belongs to the other environment',
      fix: 'compare IYZICO_API_KEY with the panel; check IYZICO_ENVIRONMENT',
    },
    {
      on: 'call',
      says: '1000',
      cause: 'the secret key is wrong: the signature does not fit',
      fix: 'compare IYZICO_SECRET_KEY with the panel',
    },
  ],
}));
