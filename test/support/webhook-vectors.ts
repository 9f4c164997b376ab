// Genuine messages of providers. Code outside of this library has made them, with invented keys.

import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** A genuine message, and the credentials that prove it. */
export interface WebhookVector {
  readonly provider: string;
  readonly scheme: string;
  readonly credentials: Readonly<Record<string, string>>;
  /** The credential that holds the secret. With another value, the message is refused. */
  readonly secret: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The options of the application. */
  readonly url?: string;
  /** The request. */
  readonly target?: string;
  readonly method?: string;
  /** Absent where the message does not say when it was signed. */
  readonly signedAtMs?: number;
  /** The signature in the message, and its encoding. */
  readonly signature: string;
  readonly encoding: 'hex' | 'base64' | 'base64url' | 'text';
  /** The key in the provider's set, by its id. */
  readonly published?: { readonly keyId: string; readonly key: string };
}

/** The message in the vectors of African providers. */
const AFRICA = '{"event":"charge.success","data":{"reference":"ORD-1","amount":1000}}';
/** The message in the vectors of the other providers. */
const WORLD = '{"id":"evt_1","type":"payment.succeeded","amount":100}';
const SECONDS = 1_700_000_000;
const SIGNED_AT_MS = SECONDS * 1_000;
const MILLISECONDS = 1_700_000_000_123;

/** A public key. Its private half is not in this repository. */
export const PUBLIC_KEY = [
  '-----BEGIN PUBLIC KEY-----',
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqO9jtm1ZfqCuH/uHB2uV',
  'IIC26bOVgNZ6udO3P4X/09M15Ax4NnKnn4TrdDlzgDk/OfmnpCYCtf2h7/SIVcDT',
  'dJPwuu5JKEJmICYiaLudp7fvaK9wExjre2GfPHaeGkybs+z+e58C4dyiA20rNmy+',
  'v+EYlMqtvnZWNsaFjyD3x74ryS3ClGllrc+/Kj3wLPxD+SN0y0YgNCcr2vNdWWxW',
  '5RQZzZA8/gY66iNyfuPSpLktBvaDcDpTYTOb7Ff60WQB7iWCvhRJTMdLqHjq9Lcc',
  'kT9yJ1EsJY08PEaTXYHt9DQnJ3ZJPyFY9pzhHjOFPhHpIwmz8wAV+q7sIBAdQJEt',
  'gQIDAQAB',
  '-----END PUBLIC KEY-----',
  '',
].join('\n');

const PAYPAL = [
  'HqocbOo0txoZE/2WIzN0flOrSmjsT5bSI+Phc2bWE5n6gSdn1lRKeMW9D0JyCFcZo5FsELO33QpwTEbqsRbTG2vo',
  'jOqhonigHqcT518anfRr4N+HNgHT3H7KuOA4veQdRm97wF6f1rJpQLQTKyO2jo72EQCT6JalXBk6Hvn42B+b3Iiq',
  'sogF/uGH+myBzvb+k0Mr1T4jSqs0aFK91G0PriA9VL/8dfVqGGJJEdZVKKvEtw8DfsZvSxWuCW7WV6Eq6rVE1Ir9',
  'SIxV67J305k05Kmectk/ddsbaEvGTHqSWnJ92ikn75NT1kytW9rvxbdv2lY+sWFFvI87ancZjyzXfQ==',
].join('');

const WISE = [
  'J6HdqcjVQ7nS6Zb7KgA0dwWXZCsU2LDMoND9CgDr0aqFnS/MyoRClHdP5N1qy65qeFmJ+qtx4wiQcaAyk2usl92P',
  'hkL0wooOUb2kkPWlnFQ8m8dnw4GQ74xF8hum5l8j/vo3xhn44tz3eOm3zqS/fAS8d5qMwJJODose9xecJPILUD5/',
  'fGNUPATxJVS4P59TSgSFNk4rOOZ0Wrqj0N+3Zwe2XCXKfcepxGpmAqVqK1yJ8ewUzalTgXaRXJLQwGSq2xb/zpF8',
  'qkEdQjRxCoVwLuvfOdjAShnd0EPuP8ABoU5kAgMRS+jR+InrRHpdWbq9Gs5EwslmXuUhg8WJkS86BQ==',
].join('');

/** A public key on P-521. Its private half is not in this repository. */
const P521 = [
  '-----BEGIN PUBLIC KEY-----',
  'MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBrN6r1CNu8mtKGfJNYysifzqAwS/1',
  'Y9HShW3o75oPbysjP1ZPdMwdE7RN7jrWs+cLnUuPBvjKDxB6kkPFVFdS9mwArWor',
  'L16HoAaSrf9Ggd/uL6TkoVpiFD2O7jG/maTcG7xHyaSsh3xlDb/uT78u5larmI5d',
  'Gv2YRDobl+fV9wgjJT8=',
  '-----END PUBLIC KEY-----',
  '',
].join('\n');

/** The header of the JWS: `{"alg":"ES512","kid":"kid-1","tl_version":"2","tl_headers":"Idempotency-Key"}` */
const TRUELAYER_HEADER =
  'eyJhbGciOiJFUzUxMiIsImtpZCI6ImtpZC0xIiwidGxfdmVyc2lvbiI6IjIiLCJ0bF9oZWFkZXJzIjoiSWRlbXBvdGVuY3ktS2V5In0';

const TRUELAYER = [
  'ACv-rWIPE60pUxh64Scln9F_YHaSVMH7SrMVclOsKK0V74yfXfHYJn2KITCbOaL3byzqbU9TU1mUQy0ViwYRuYlRAf1y',
  'iYG_ZiA1sa7o3XZyH9vK8JGH5ubGnGnneQZhbig0_T5uZJ1x40ca8-2RQlqsWLyk2QaPLLrX3Ez0szv2Ax0g',
].join('');

type Parts = Omit<WebhookVector, 'provider' | 'scheme' | 'credentials' | 'secret' | 'signature' | 'encoding'>;

function inHeader(
  [provider, scheme]: readonly [string, string],
  [field, secret]: readonly [string, string],
  header: string,
  signature: string,
  encoding: WebhookVector['encoding'],
  parts: Parts & { readonly before?: string; readonly more?: Readonly<Record<string, string>> },
): WebhookVector {
  const { before = '', headers, more, ...rest } = parts;
  return {
    provider,
    scheme,
    credentials: { ...more, [field]: secret },
    secret: field,
    headers: { ...headers, [header]: before + signature },
    signature,
    encoding,
    ...rest,
  };
}

const africa = { body: AFRICA };
const world = { body: WORLD };
const PAYMOB = {
  amount_cents: 10_000,
  created_at: '2026-01-01T00:00:00.000000',
  currency: 'EGP',
  error_occured: false,
  has_parent_transaction: false,
  id: 111,
  integration_id: 222,
  is_3d_secure: true,
  is_auth: false,
  is_capture: false,
  is_refunded: false,
  is_standalone_payment: true,
  is_voided: false,
  owner: 444,
  pending: false,
  success: true,
};
const PAYMOB_SIGNATURE =
  '0416c00925c71daea3c86c05494ae5aae06ed8ae6ec5b0dd84f404df0f1a11b0a5db3aa8f2658711aaf89b3aa4ee4eace42b49996f40e534af5c21d95f734eb2';
const PHONEPE = '9ad21064e2de89145e064ccb14405270fb5ae5596496ce6b5ed5a7a1408670f1';

/** No document has a vector for this scheme, so it is made here. */
const AZAMPAY = generateKeyPairSync('rsa', { modulusLength: 2048 });
const AZAMPAY_SIGNATURE = sign('sha256', Buffer.from('V1PG1successTigo'), AZAMPAY.privateKey).toString(
  'base64',
);

const PAWAPAY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PAYMOB_CARD = {
  card_subtype: 'MasterCard',
  created_at: '2026-01-01T00:00:00.000000',
  email: 'payer@shop.example',
  id: 5,
  masked_pan: 'xxxx-2346',
  merchant_id: 444,
  order_id: '333',
  token: 'invented-card',
};
const PAYMOB_CARD_SIGNATURE = createHmac('sha512', 'invented-hmac-secret')
  .update(Object.values(PAYMOB_CARD).join(''))
  .digest('hex');

/** A callback of pawaPay. The RFC writes the signature as two halves; the provider's sample writes it as DER. */
function pawapayCallback(dsaEncoding: 'ieee-p1363' | 'der'): WebhookVector {
  const values: Readonly<Record<string, string>> = {
    '@method': 'POST',
    '@authority': 'shop.example',
    '@path': '/webhooks/pawapay',
    'content-digest': `sha-512=:${createHash('sha512').update(AFRICA).digest('base64')}:`,
    'content-type': 'application/json',
  };
  const list = Object.keys(values).map((name) => `"${name}"`);
  const parameters = `(${list.join(' ')});created=${SECONDS};keyid="key-1";alg="ecdsa-p256-sha256"`;
  const lines = Object.entries(values).map(([name, value]) => `"${name}": ${value}`);
  const base = [...lines, `"@signature-params": ${parameters}`].join('\n');
  const signature = sign('sha256', Buffer.from(base), { key: PAWAPAY.privateKey, dsaEncoding });
  return {
    provider: 'pawapay',
    scheme: 'signature',
    credentials: { callbackPublicKey: PAWAPAY.publicKey.export({ type: 'spki', format: 'pem' }) as string },
    secret: 'callbackPublicKey',
    url: 'https://shop.example/webhooks/pawapay',
    headers: {
      'content-type': 'application/json',
      'content-digest': values['content-digest'] ?? '',
      'signature-input': `sig-pp=${parameters}`,
      signature: `sig-pp=:${signature.toString('base64')}:`,
    },
    body: AFRICA,
    signedAtMs: SIGNED_AT_MS,
    signature: `${signature.toString('base64')}:`,
    encoding: 'text',
  };
}

/** One or more vectors for every provider that has one. */
export const VECTORS: readonly WebhookVector[] = [
  inHeader(
    ['paystack', 'signature'],
    ['secretKey', 'sk_test_invented'],
    'x-paystack-signature',
    '01952aef855789735e17a50d8dad0485443f93b51fbf2d3860cac75b58a9ae8bcb6889dd8336f9997644b03e6d06ad2c85d99d0b49d476d10fad59da2cf732db',
    'hex',
    africa,
  ),
  inHeader(
    ['paystack', 'dated'],
    ['secretKey', 'sk_test_invented'],
    'x-paystack-signature',
    'b63d53fea643ed3ff18f2de5f71405f3d8f649ffa3ea3eea919e81137c96c8a410f580941a7e399458747ce502645656bb711f5c7edf5b3fe617062a1564a39e',
    'hex',
    { ...africa, before: `t=${SECONDS},v1=k1:`, signedAtMs: SIGNED_AT_MS },
  ),
  inHeader(
    ['flutterwave', 'token'],
    ['secretHash', 'invented-secret-hash'],
    'verif-hash',
    'invented-secret-hash',
    'text',
    africa,
  ),
  inHeader(
    ['flutterwave-v4', 'signature'],
    ['secretHash', 'invented-secret-hash'],
    'flutterwave-signature',
    'T0XiqPLWGI5WNZ1ie0foZ4WHKrDs8UbZKygZL2E9wjU=',
    'base64',
    africa,
  ),
  inHeader(
    ['flutterwave-v4', 'token'],
    ['secretHash', 'invented-secret-hash'],
    'flutterwave-signature',
    'invented-secret-hash',
    'text',
    africa,
  ),
  inHeader(
    ['monnify', 'signature'],
    ['secretKey', 'invented-client-secret'],
    'monnify-signature',
    '2116316c39a0eae91f286f56de33671357d425adf158f0f173c410e0a8520ed8f551866c60feb89043bf90c9448f7b157d1c8fa814036dcdcb6bee4c1a835c2e',
    'hex',
    africa,
  ),
  inHeader(
    ['interswitch', 'signature'],
    ['webhookSecret', 'invented-secret'],
    'x-interswitch-signature',
    '4a35d4bf41a478fc078ed03165a51b20560eb67f6c43e91cd8ded50e8c64acadfa3e86b59c4fa6321058a4bbb7149bbf3137207d594eabb862d436494526a2f2',
    'hex',
    africa,
  ),
  inHeader(
    ['wave', 'signature'],
    ['webhookSecret', 'invented-wave-secret'],
    'wave-signature',
    'c7d92f81b2ad0490144909f4738016a82000c34f624acbd4514571246f40fd9d',
    'hex',
    { ...africa, before: `t=${SECONDS},v1=`, signedAtMs: SIGNED_AT_MS },
  ),
  inHeader(
    ['wave', 'token'],
    ['webhookSecret', 'invented-wave-secret'],
    'authorization',
    'invented-wave-secret',
    'text',
    { ...africa, before: 'Bearer ' },
  ),
  inHeader(
    ['fedapay', 'signature'],
    ['webhookSecret', 'wh_invented'],
    'x-fedapay-signature',
    '1af2db18ae8cc5fb69440c53de01b34b78145c34a63e8bc8e4a6e5ee86fa2a10',
    'hex',
    { ...africa, before: `t=${SECONDS},s=`, signedAtMs: SIGNED_AT_MS },
  ),
  inHeader(
    ['chapa', 'signature'],
    ['webhookSecret', 'invented-webhook-secret'],
    'x-chapa-signature',
    'f86f2b1055262639169cacaca0f2c55d26312849cc9ddc85b75a14ca5bf4001b',
    'hex',
    africa,
  ),
  inHeader(
    ['chapa', 'constant'],
    ['webhookSecret', 'invented-webhook-secret'],
    'chapa-signature',
    'bc31b41b4306eb6deaf71e8d997b6a720e2af2e7654a96990db41965dc99943f',
    'hex',
    africa,
  ),
  inHeader(
    ['peach-payments', 'signature'],
    ['secretToken', 'invented-secret'],
    'x-webhook-signature',
    '89b2c88598f3622a1ce77f77ec44566059edeb700adfeefb5cb05c33125f760b',
    'hex',
    {
      body: '{"status":"completed"}',
      url: 'https://shop.example/webhooks/peach',
      target: '/webhooks/peach',
      headers: { 'x-webhook-timestamp': String(SECONDS), 'x-webhook-id': 'wh_1' },
      signedAtMs: SIGNED_AT_MS,
    },
  ),
  {
    provider: 'peach-payments',
    scheme: 'form',
    credentials: { secretToken: 'invented-secret-token' },
    secret: 'secretToken',
    body: 'amount=5.00&currency=ZAR&merchantTransactionId=ORD1&result.code=000.000.000&signature=4ccc0fdaec0dd8d6c8b89a3d636bbdc11d3fbc2668d01d0a190a88188b705418',
    signature: '4ccc0fdaec0dd8d6c8b89a3d636bbdc11d3fbc2668d01d0a190a88188b705418',
    encoding: 'hex',
  },
  {
    provider: 'peach-payments',
    scheme: 'form',
    credentials: { secretToken: 'invented-secret-token' },
    secret: 'secretToken',
    // The very first message is JSON.
    headers: { 'content-type': 'application/json' },
    body: '{"amount":"5.00","currency":"ZAR","merchantTransactionId":"ORD1","result.code":"000.000.000","signature":"4ccc0fdaec0dd8d6c8b89a3d636bbdc11d3fbc2668d01d0a190a88188b705418"}',
    signature: '4ccc0fdaec0dd8d6c8b89a3d636bbdc11d3fbc2668d01d0a190a88188b705418',
    encoding: 'hex',
  },
  {
    provider: 'paymob',
    scheme: 'transaction',
    credentials: { hmacSecret: 'invented-hmac-secret' },
    secret: 'hmacSecret',
    query: { hmac: PAYMOB_SIGNATURE },
    body: JSON.stringify({
      type: 'TRANSACTION',
      obj: {
        ...PAYMOB,
        order: { id: 333, merchant: { city: 'Cairo' } },
        source_data: { pan: '2346', sub_type: 'MasterCard', type: 'card' },
      },
    }),
    signature: PAYMOB_SIGNATURE,
    encoding: 'hex',
  },
  {
    provider: 'paymob',
    scheme: 'redirect',
    method: 'GET',
    credentials: { hmacSecret: 'invented-hmac-secret' },
    secret: 'hmacSecret',
    query: {
      ...Object.fromEntries(Object.entries(PAYMOB).map(([name, value]) => [name, String(value)])),
      order: '333',
      'source_data.pan': '2346',
      'source_data.sub_type': 'MasterCard',
      'source_data.type': 'card',
      hmac: PAYMOB_SIGNATURE,
    },
    signature: PAYMOB_SIGNATURE,
    encoding: 'hex',
  },
  inHeader(
    ['nomba', 'signature'],
    ['webhookSecret', 'invented-webhook-key'],
    'nomba-signature',
    'fCvscwDbCZ8HZ39UhLNUCgZbpxjxU1nXn5rMfac6yeI=',
    'base64',
    {
      headers: { 'nomba-timestamp': '2026-01-01T00:00:05Z' },
      signedAtMs: Date.parse('2026-01-01T00:00:05Z'),
      body: JSON.stringify({
        event_type: 'payment_success',
        requestId: 'req-1',
        data: {
          merchant: { userId: 'user-1', walletId: 'wallet-1' },
          transaction: {
            transactionId: 'tx-1',
            type: 'vact_transfer',
            time: '2026-01-01T00:00:00Z',
            responseCode: 'null',
            transactionAmount: 100,
          },
        },
      }),
    },
  ),
  inHeader(
    ['squad', 'signature'],
    ['secretKey', 'sandbox_sk_invented'],
    'x-squad-encrypted-body',
    '3646C23E0421126D970A289863BECA32A88B8AD4CA6A1334FCACCE71B6FF6F5ED5B56660E734F558EF66629205A57B38993E0B7DAA028547496B98BACE0BFC32',
    'hex',
    africa,
  ),
  inHeader(
    ['kopokopo', 'api-key'],
    ['apiKey', 'invented-api-key'],
    'x-kopokopo-signature',
    'c0290b7930c1801035b516fa00ff5f3e44b88f539a875400085f1a839b3f4d2f',
    'hex',
    africa,
  ),
  inHeader(
    ['kopokopo', 'client-secret'],
    ['clientSecret', 'invented-api-key'],
    'x-kopokopo-signature',
    'c0290b7930c1801035b516fa00ff5f3e44b88f539a875400085f1a839b3f4d2f',
    'hex',
    africa,
  ),
  inHeader(
    ['stripe', 'signature'],
    ['webhookSecret', 'whsec_test'],
    'stripe-signature',
    'a317ccaa7c49db791b6f87e2861899000ffd281086f8c701ab1d0fab87aa7aa2',
    'hex',
    { ...world, before: `t=${SECONDS},v1=`, signedAtMs: SIGNED_AT_MS },
  ),
  inHeader(['paypal', 'certificate'], ['webhookId', 'WH-1'], 'paypal-transmission-sig', PAYPAL, 'base64', {
    ...world,
    headers: {
      'paypal-transmission-id': 'tx-1',
      'paypal-transmission-time': '2023-11-14T22:13:20Z',
      'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-invented',
    },
    signedAtMs: SIGNED_AT_MS,
  }),
  inHeader(
    ['razorpay', 'signature'],
    ['webhookSecret', 'rzpsecret'],
    'x-razorpay-signature',
    '00d16479e018408c811d20a7970e978ce48271a2eb02ffa44728b60ba146bd0f',
    'hex',
    world,
  ),
  {
    provider: 'adyen',
    scheme: 'standard',
    credentials: { hmacKey: '44'.repeat(32) },
    secret: 'hmacKey',
    body: JSON.stringify({
      live: 'false',
      notificationItems: [
        {
          NotificationRequestItem: {
            additionalData: { hmacSignature: 'wAEjjjTjFkcLhNlhGg3n1MVXjSybb0ap6lsO71t26Rs=' },
            amount: { currency: 'EUR', value: 100 },
            eventCode: 'AUTHORISATION',
            merchantAccountCode: 'MERCHANT',
            merchantReference: 'ORDER-1',
            pspReference: 'PSP1',
            reason: 'not signed',
            success: 'true',
          },
        },
      ],
    }),
    signature: 'wAEjjjTjFkcLhNlhGg3n1MVXjSybb0ap6lsO71t26Rs=',
    encoding: 'base64',
  },
  inHeader(
    ['adyen', 'banking'],
    ['hmacKey', '44'.repeat(32)],
    'hmacsignature',
    'J4DG8BMObFhQr3xsvkPLF9NrqXub4ieG8BpNcE4Ut9Q=',
    'base64',
    world,
  ),
  inHeader(
    ['square', 'signature'],
    ['signatureKey', 'sqkey'],
    'x-square-hmacsha256-signature',
    't7TE3rczmCK/IMTJEmFgKXYJc+klYQdlUaPrwbARwlo=',
    'base64',
    { ...world, url: 'https://example.com/hook', target: '/hook' },
  ),
  inHeader(
    ['mercadopago', 'signature'],
    ['webhookSecret', 'mpsecret'],
    'x-signature',
    '8089affd4a6a8335c6961266a99844e1628d17ac4a617df7cd36a28a11866d8a',
    'hex',
    {
      ...world,
      before: `ts=${SECONDS},v1=`,
      headers: { 'x-request-id': 'req-1' },
      query: { 'data.id': '123', type: 'payment' },
      signedAtMs: SIGNED_AT_MS,
    },
  ),
  // Newer samples have the time in milliseconds.
  inHeader(
    ['mercadopago', 'signature'],
    ['webhookSecret', 'mpsecret'],
    'x-signature',
    createHmac('sha256', 'mpsecret').update(`id:123;request-id:req-1;ts:${MILLISECONDS};`).digest('hex'),
    'hex',
    {
      ...world,
      before: `ts=${MILLISECONDS},v1=`,
      headers: { 'x-request-id': 'req-1' },
      query: { 'data.id': '123', type: 'payment' },
      signedAtMs: MILLISECONDS,
    },
  ),
  ...['', 'sha256='].map((before) =>
    inHeader(
      ['mollie', 'signature'],
      ['webhookSecret', 'molliesecret'],
      'x-mollie-signature',
      'e0e79e166c37fdabeedd2c41b7405c1ddb56691a2cc716497b25dda477a2f3b3',
      'hex',
      { ...world, before },
    ),
  ),
  inHeader(
    ['checkout', 'signature'],
    ['webhookSecret', 'ckokey'],
    'cko-signature',
    'a6f9450b94ab994df3b1ca9643d85ac612ac71ad16afb5ffd5fe8095820e5ccc',
    'hex',
    world,
  ),
  inHeader(
    ['gocardless', 'signature'],
    ['webhookSecret', 'gcsecret'],
    'webhook-signature',
    '7b3b69265e12884903429cdc8adb364cfdc93163721f56ec13e9a689533f5e40',
    'hex',
    world,
  ),
  inHeader(
    ['cashfree', 'signature'],
    ['clientSecret', 'cfsecret'],
    'x-webhook-signature',
    '9o+mELY76NhWKvW3lkLPbpztp6tdqIRlQ+kBcBXz+aU=',
    'base64',
    { ...world, headers: { 'x-webhook-timestamp': String(MILLISECONDS) }, signedAtMs: MILLISECONDS },
  ),
  inHeader(['phonepe', 'constant'], ['webhookPassword', 'pass1'], 'authorization', PHONEPE, 'hex', {
    ...world,
    more: { webhookUsername: 'user1' },
  }),
  inHeader(
    ['xendit', 'token'],
    ['callbackToken', 'invented-callback-token'],
    'x-callback-token',
    'invented-callback-token',
    'text',
    world,
  ),
  inHeader(
    ['airwallex', 'signature'],
    ['webhookSecret', 'awxsecret'],
    'x-signature',
    '03b1e4a1dd51337582b2cea47e99129c78d9459fb4b62f25f678cd8cadec94ed',
    'hex',
    { ...world, headers: { 'x-timestamp': String(MILLISECONDS) }, signedAtMs: MILLISECONDS },
  ),
  inHeader(
    ['wise', 'signature'],
    ['webhookPublicKey', PUBLIC_KEY],
    'x-signature-sha256',
    WISE,
    'base64',
    world,
  ),
  inHeader(
    ['vipps-mobilepay', 'signature'],
    ['webhookSecret', 'vippssecret'],
    'authorization',
    '/+yaPL5HxxCb9Vez/ol7kIGZZeXg/ur1VXyu6bCJ4eU=',
    'base64',
    {
      ...world,
      before: 'HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=',
      headers: { 'x-ms-date': 'Tue, 14 Nov 2023 22:13:20 GMT', host: 'example.com' },
      target: '/hook?x=1',
      signedAtMs: SIGNED_AT_MS,
    },
  ),
  inHeader(
    ['rapyd', 'signature'],
    ['secretKey', 'SK1'],
    'signature',
    'MzkwYjI4MDhiNzJhM2EyZDhkMzg5N2RjM2Y5N2UwMmQ4NmE4OGE3NDRmZDE3ZjI1ZmYwMjM0OGM4ODIzYzU2MQ==',
    'base64',
    {
      ...world,
      more: { accessKey: 'AK1' },
      url: 'https://example.com/hook',
      headers: { salt: 'salt1234', timestamp: String(SECONDS) },
      signedAtMs: SIGNED_AT_MS,
    },
  ),
  inHeader(
    ['worldline', 'signature'],
    ['webhookSecret', 'whsecret'],
    'x-gcs-signature',
    'piYj8fc3TEDKxbh6mZT71w0p2ahAMXRmAG16IVoNMac=',
    'base64',
    { ...world, headers: { 'x-gcs-keyid': 'KEYID1' } },
  ),
  // This vector comes from a signed request. TrueLayer signs its messages in the same way.
  {
    provider: 'truelayer',
    scheme: 'signature',
    credentials: {},
    secret: '',
    headers: { 'tl-signature': `${TRUELAYER_HEADER}..${TRUELAYER}`, 'idempotency-key': 'idem-1' },
    target: '/payouts',
    body: '{"currency":"GBP","amount_in_minor":100}',
    signature: TRUELAYER,
    encoding: 'base64url',
    published: { keyId: 'kid-1', key: P521 },
  },
  inHeader(
    ['revolut-business', 'signature'],
    ['webhookSecret', 'wsk_test'],
    'revolut-signature',
    'cd4900baa1ee166201fe8de4a063c8282a016551d72b93125e8dc4d9f8dc0521',
    'hex',
    {
      ...world,
      before: 'v1=',
      headers: { 'revolut-request-timestamp': String(MILLISECONDS) },
      signedAtMs: MILLISECONDS,
    },
  ),
  inHeader(
    ['iyzico', 'page'],
    ['secretKey', 'izsecret'],
    'x-iyz-signature-v3',
    'b38f55653318e1a6ea9bcef4b9a5cad2822e3e87bd383a11e05e2b6227bba8be',
    'hex',
    {
      body: JSON.stringify({
        iyziEventType: 'CHECKOUT_FORM_AUTH',
        iyziPaymentId: 123,
        token: 'token-1',
        paymentConversationId: 'conv-1',
        status: 'SUCCESS',
      }),
    },
  ),
  // The vector that Standard Webhooks publishes, and the same vector with the headers of Svix.
  ...(['webhook', 'svix'] as const).map((prefix) =>
    inHeader(
      [prefix === 'svix' ? 'svix' : 'standard-webhooks', 'signature'],
      ['webhookSecret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      `${prefix}-signature`,
      'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      'base64',
      {
        body: '{"test": 2432232314}',
        before: 'v1,',
        headers: { [`${prefix}-id`]: 'msg_p5jXN8AQM9LWM0D4loKWxJek', [`${prefix}-timestamp`]: '1614265330' },
        signedAtMs: 1_614_265_330_000,
      },
    ),
  ),
  pawapayCallback('ieee-p1363'),
  pawapayCallback('der'),
  {
    provider: 'airtel-money',
    scheme: 'hash',
    credentials: { privateKey: 'invented-private-key' },
    secret: 'privateKey',
    body: '{"transaction":{"id":"T1","message":"ok","status_code":"TS","airtel_money_id":"MP1"},"hash":"0fC1NqCreSiywBDMkNdqaSWyVctUCb87wRDKGh7tF+c="}',
    signature: '0fC1NqCreSiywBDMkNdqaSWyVctUCb87wRDKGh7tF+c=',
    encoding: 'base64',
  },
  {
    provider: 'selcom',
    scheme: 'signature',
    credentials: { apiKey: 'invented-key', apiSecret: 'invented-secret' },
    secret: 'apiSecret',
    headers: {
      authorization: 'SELCOM aW52ZW50ZWQta2V5',
      'digest-method': 'HS256',
      timestamp: '2026-01-01T00:00:00+03:00',
      'signed-fields': 'transid,amount',
      digest: '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY=',
    },
    body: '{"transid":"T1","amount":100,"remark":"not signed"}',
    signature: '2WPrsiPeqDhkCcpqpCBChExGx44rgLkgk8hRe3+SAgY=',
    encoding: 'base64',
  },
  {
    provider: 'paymob',
    scheme: 'card',
    credentials: { hmacSecret: 'invented-hmac-secret' },
    secret: 'hmacSecret',
    query: { hmac: PAYMOB_CARD_SIGNATURE },
    body: JSON.stringify({ type: 'TOKEN', obj: PAYMOB_CARD }),
    signature: PAYMOB_CARD_SIGNATURE,
    encoding: 'hex',
  },
  {
    provider: 'azampay',
    scheme: 'disbursement',
    credentials: { callbackPublicKey: AZAMPAY.publicKey.export({ type: 'spki', format: 'pem' }) as string },
    secret: 'callbackPublicKey',
    body: JSON.stringify({
      vendorReferenceId: 'V1',
      pgReferenceId: 'PG1',
      amount: '100',
      status: 'success',
      operator: 'Tigo',
      signature: AZAMPAY_SIGNATURE,
    }),
    signature: AZAMPAY_SIGNATURE,
    encoding: 'base64',
  },
];
