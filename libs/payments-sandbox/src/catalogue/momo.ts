import { json } from '../core/reply.js';
import { token } from './machinery/calls.js';
import { inBasic } from './machinery/claims.js';
import { counterpart, header, oauthAnswer } from './machinery/counterpart.js';
import { fixed, secret, uuid } from './machinery/invented.js';
import { scheme } from './machinery/webhook-scheme.js';

/** The answer of Azure's API management, before the code of the provider runs. */
export const accessDenied = json(401, {
  statusCode: 401,
  message:
    'Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.',
});

const SUBSCRIPTION_KEY = 'ocp-apim-subscription-key';

/** MTN MoMo: each product has its own login, its own keys and its own tokens. */
const product = <const P extends 'collection' | 'disbursement' | 'remittance'>(name: P, pay: string) =>
  counterpart(
    `momo-${name}`,
    {
      userId: uuid,
      apiKey: secret('sandbox-key-'),
      subscriptionKey: secret('sandbox-sub-'),
      targetEnvironment: fixed('sandbox'),
    },
    {
      proof: 'apiKey',
      variables: {
        userId: `MOMO_${name.toUpperCase()}_ID`,
        apiKey: `MOMO_${name.toUpperCase()}_SECRET`,
        subscriptionKey: `MOMO_${name.toUpperCase()}_SUBSCRIPTION_KEY`,
        targetEnvironment: 'MOMO_TARGET_ENVIRONMENT',
      },
      login: {
        path: `/${name}/token/`,
        client: inBasic,
        lacks: ({ request, credentials }) =>
          header(request, SUBSCRIPTION_KEY) !== credentials.subscriptionKey
            ? accessDenied
            : header(request, 'content-length') === ''
              ? json(411, { error: 'Length Required' })
              : undefined,
        wrong: json(500, { error: 'login_failed' }),
        lifetimeMs: 3_600_000,
        token: 'access_token',
        expiry: 'expires_in',
        answer: (minted) => oauthAnswer(minted, { token_type: 'access_token' }),
      },
      carries: token(),
      refusal: json(401, { error: 'invalid_token', error_description: 'The access token expired' }),
      lacks: ({ request, bearer: { account } }) =>
        header(request, SUBSCRIPTION_KEY) !== account.credentials.subscriptionKey
          ? accessDenied
          : header(request, 'x-target-environment') !== account.credentials.targetEnvironment
            ? json(400, {
                code: 'INVALID_TARGET_ENVIRONMENT',
                message: 'Access to target environment is forbidden.',
              })
            : undefined,
      forbidden: accessDenied,
      error: (status, message) => ({ code: String(status), message }),
      paymentKeys: ['externalId'],
      idempotencyHeader: 'x-reference-id',
      rotationEndsTokens: true,
      reads: { [`/${name}/v1_0/account/balance`]: { availableBalance: '1000', currency: 'EUR' } },
      writes: {
        [`/${name}/v1_0/${pay}`]: ({ request }) =>
          header(request, 'x-reference-id') === ''
            ? json(400, { code: 'MISSING_REFERENCE_ID', message: 'X-Reference-Id is required' })
            : json(202, {}),
      },
      // MoMo does not sign its callbacks.
      webhooks: {
        callback: scheme({
          event: (random) => ({
            financialTransactionId: String(random.integer(1_000_000)),
            externalId: `ORD-${random.text(8)}`,
            amount: '100',
            currency: 'EUR',
            status: 'SUCCESSFUL',
          }),
        }),
      },
    },
  );

export const momoCollection = product('collection', 'requesttopay');
export const momoDisbursement = product('disbursement', 'transfer');
export const momoRemittance = product('remittance', 'transfer');
