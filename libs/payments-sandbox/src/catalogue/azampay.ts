import { sign } from 'node:crypto';
import { json } from '../core/reply.js';
import { payment } from '../providers/payment.js';
import { token } from './machinery/calls.js';
import { inJson } from './machinery/claims.js';
import { counterpart, publicKeys } from './machinery/counterpart.js';
import { hidden, known, secret } from './machinery/invented.js';
import { rsaKey } from './machinery/key-pairs.js';
import { scheme, textBelow } from './machinery/webhook-scheme.js';

const failure = (statusCode: number, message: string) => ({
  data: null,
  message,
  success: false,
  statusCode,
});

/** AzamPay: a login at its own host, which answers a wrong secret with 423. */
export const azampay = counterpart(
  'azampay',
  {
    clientId: known('sandbox-client-'),
    clientSecret: secret('sandbox-secret-'),
    appName: known('sandbox-app-', 6),
    apiKey: known('sandbox-key-'),
    callbackKey: hidden(rsaKey),
  },
  {
    hosts: ['api', 'login'],
    variables: { callbackKey: 'AZAMPAY_CALLBACK_PUBLIC_KEY' },
    login: {
      host: 'login',
      path: '/AppRegistration/GenerateToken',
      client: inJson('clientId', 'clientSecret', 'appName'),
      wrong: json(
        423,
        failure(423, 'Provided detail is not valid for this app or secret key has been expired'),
      ),
      lifetimeMs: 21_600_000,
      // An encrypted token in five parts. Clients can read nothing in it.
      value: (random) => [24, 0, 16, 40, 22].map((length) => random.text(length)).join('.'),
      token: 'data.accessToken',
      expiry: 'data.expire',
      answer: ({ value, expiresAtMs }, { context }) => ({
        data: {
          accessToken: value,
          expire: new Date(expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
          validFrom: new Date(context.providerNowMs).toISOString(),
        },
        success: true,
        statusCode: 200,
        message: 'Token generated successfully',
      }),
    },
    carries: token(),
    refusal: json(401, { status: 'Error', message: 'Please Provide Valid Authorization' }),
    forbidden: json(403, failure(403, 'Forbidden')),
    error: (status, message) => failure(status, message),
    paymentKeys: ['externalReferenceId', 'externalId'],
    reads: { '/api/v1/Partner/GetPaymentPartners': [] },
    writes: { '/azampay/mno/checkout': (call) => ({ success: true, data: payment(call) }) },
    others: [publicKeys('/PublicKey', 'callbackKey', (pem) => ({ publicKey: pem }))],
    webhooks: {
      signature: scheme({
        event: (random) => ({
          externalreference: `ORD-${random.text(8)}`,
          reference: random.text(12),
          transactionstatus: 'success',
          operator: 'Airtel',
          amount: '1000',
        }),
        sign: ({ event, keys }) =>
          sign(
            'sha256',
            Buffer.from(
              ['externalreference', 'reference', 'transactionstatus', 'operator']
                .map((name) => textBelow(event, name))
                .join(''),
            ),
            keys.callbackKey,
          ).toString('base64'),
        inBody: (event, signature) => ({ ...event, signature }),
      }),
    },
  },
);
