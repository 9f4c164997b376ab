import { basic } from '../building-blocks/basic.js';
import { textAt } from '../building-blocks/json-value.js';
import { hasCode } from './answers-in-words.js';
import { isWrongSubscriptionKey } from './azure-gateway.js';
import { bearer } from './bearer.js';
import { builtInProvider } from './define-provider.js';
import { unsignedWebhook } from './webhooks/sender-webhooks.js';

/** The static credentials of one MTN MoMo product: each product has its own. */
export interface MomoCredentials {
  /** The UUID of the API user. */
  readonly userId: string;
  readonly apiKey: string;
  /** The key of the product's subscription in the developer portal. */
  readonly subscriptionKey: string;
  /** `sandbox`, or the country: `mtnuganda`. */
  readonly targetEnvironment: string;
}

type Product = 'collection' | 'disbursement' | 'remittance';

/** The call that asks for the state of a payment. MoMo does not sign its callbacks. */
const STATE_OF_A_PAYMENT: Readonly<Record<Product, string>> = {
  collection: 'GET /collection/v1_0/requesttopay/{referenceId}',
  disbursement: 'GET /disbursement/v1_0/transfer/{referenceId}',
  remittance: 'GET /remittance/v1_0/transfer/{referenceId}',
};

/** MTN MoMo, collections. @see https://momodeveloper.mtn.com/api-documentation */
export const momoCollection = momo('collection', 'MTN MoMo Collection');
/** MTN MoMo, disbursements. @see https://momodeveloper.mtn.com/api-documentation */
export const momoDisbursement = momo('disbursement', 'MTN MoMo Disbursement');
/** MTN MoMo, remittances. @see https://momodeveloper.mtn.com/api-documentation */
export const momoRemittance = momo('remittance', 'MTN MoMo Remittance');

/**
 * MTN MoMo: three products on one host, each with a login and keys of its own. The subscription key and the target
 * environment go with every call.
 */
function momo<P extends Product>(product: P, title: string) {
  const variable = `MOMO_${product.toUpperCase()}`;
  return builtInProvider<MomoCredentials, `momo-${P}`, 'sandbox' | 'live'>(`momo-${product}`, (by) => ({
    title,
    docs: 'https://momodeveloper.mtn.com/api-documentation',
    region: 'Africa',
    basedOn: '2026-08',
    credentialsPage:
      'developer portal, Profile > Subscriptions; the API user and its key are created by a call',
    environments: {
      sandbox: 'https://sandbox.momodeveloper.mtn.com',
      live: 'https://proxy.momoapi.mtn.com',
    },
    environmentVariable: `${variable}_ENVIRONMENT`,
    baseUrlVariable: `${variable}_BASE_URL`,
    credentials: {
      userId: { variable: `${variable}_ID`, secret: false },
      apiKey: { variable: `${variable}_SECRET` },
      subscriptionKey: { variable: `${variable}_SUBSCRIPTION_KEY` },
      targetEnvironment: {
        variable: 'MOMO_TARGET_ENVIRONMENT',
        secret: false,
        belongsTo: { sandbox: /^sandbox$/ },
      },
    },
    token: by.login<MomoCredentials>({
      path: `/${product}/token/`,
      headers: ({ credentials: { userId, apiKey, subscriptionKey } }) => ({
        Authorization: basic(userId, apiKey),
        'Ocp-Apim-Subscription-Key': subscriptionKey,
      }),
      answer: { token: 'access_token', expiresIn: 'expires_in' },
      documentedLifetimeMs: 3_600_000,
      rejected: (answer) =>
        (answer.status === 500 && hasCode(answer, 'error', 'login_failed')) ||
        (answer.status === 401 &&
          (textAt(answer.body, 'error') !== undefined || isWrongSubscriptionKey(answer))),
      reason: ({ body }) => textAt(body, 'error') ?? textAt(body, 'message'),
    }),
    headers: ({ token, credentials: { subscriptionKey, targetEnvironment } }) => ({
      Authorization: bearer(token),
      'Ocp-Apim-Subscription-Key': subscriptionKey,
      'X-Target-Environment': targetEnvironment,
    }),
    refusal: {
      // The body of an expired token's 401 is not documented. A body with one of these codes comes from MoMo.
      refused: ({ status, body }) =>
        status === 401 && (textAt(body, 'error') ?? textAt(body, 'code')) !== undefined,
      incurable: isWrongSubscriptionKey,
    },
    probe: { path: `/${product}/v1_0/account/balance` },
    webhooks: {
      callback: unsignedWebhook({ fields: ['externalId'], confirmWith: STATE_OF_A_PAYMENT[product] }),
    },
    advice: [
      {
        on: 'login',
        says: 'subscription',
        cause: 'the subscription key is wrong, or is that of another product',
        fix: `set ${variable}_SUBSCRIPTION_KEY to the key of this product`,
      },
      {
        on: 'login',
        status: [401, 500],
        cause: 'the API user or its key is wrong; a new key ends the one before it',
        fix: `compare ${variable}_ID and ${variable}_SECRET with the answer to the call that created them`,
      },
      {
        on: 'call',
        says: 'subscription',
        cause: 'the subscription key is wrong, or is that of another product',
        fix: `set ${variable}_SUBSCRIPTION_KEY to the key of this product`,
      },
    ],
  }));
}
