import {
  customWebhook,
  hashOfCredentials,
  hmac,
  hmacWebhook,
  publicKeyWebhook,
  sameText,
  sharedToken,
  standardWebhooks,
  textAt,
  unsignedWebhook,
} from 'nestjs-payments-auth';

// The webhooks of providers, by the name of the provider. Each record is what its definition says under `webhooks`.

const PAYMOB_FIELDS = [
  'amount_cents',
  'created_at',
  'currency',
  'error_occured',
  'has_parent_transaction',
  'id',
  'integration_id',
  'is_3d_secure',
  'is_auth',
  'is_capture',
  'is_refunded',
  'is_standalone_payment',
  'is_voided',
  'order.id',
  'owner',
  'pending',
  'source_data.pan',
  'source_data.sub_type',
  'source_data.type',
  'success',
];

const PAYMOB_CARD_FIELDS = [
  'card_subtype',
  'created_at',
  'email',
  'id',
  'masked_pan',
  'merchant_id',
  'order_id',
  'token',
];

export const WEBHOOKS = {
  paystack: {
    /** @see https://paystack.com/docs/payments/webhooks */
    signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'x-paystack-signature' }),
    // The newer form. Its header is not documented yet: the same one is read.
    dated: hmacWebhook({
      key: 'secretKey',
      hash: 'sha512',
      header: 'x-paystack-signature',
      list: { signature: 'v1', timestamp: 't', keyIdBefore: ':' },
      signed: '{timestamp}.{body}',
    }),
  },
  flutterwave: {
    token: sharedToken({
      key: 'secretHash',
      header: 'verif-hash',
      confirmWith: 'GET /v3/transactions/{id}/verify',
    }),
  },
  'flutterwave-v4': {
    signature: hmacWebhook({ key: 'secretHash', header: 'flutterwave-signature', encoding: 'base64' }),
    // The samples of the provider's page compare the header with the secret itself.
    token: sharedToken({
      key: 'secretHash',
      header: 'flutterwave-signature',
      confirmWith: 'GET /charges/{id}',
      onlyWhenNamed: true,
    }),
  },
  monnify: { signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'monnify-signature' }) },
  interswitch: {
    signature: hmacWebhook({ key: 'webhookSecret', hash: 'sha512', header: 'x-interswitch-signature' }),
  },
  wave: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'wave-signature',
      list: { signature: 'v1', timestamp: 't' },
      signed: '{timestamp}{body}',
    }),
    token: sharedToken({
      key: 'webhookSecret',
      header: 'authorization',
      prefix: 'Bearer ',
      confirmWith: 'GET /v1/checkout/sessions/{id}',
      onlyWhenNamed: true,
    }),
  },
  fedapay: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'x-fedapay-signature',
      list: { signature: 's', timestamp: 't' },
      signed: '{timestamp}.{body}',
    }),
  },
  chapa: {
    signature: hmacWebhook({ key: 'webhookSecret', header: 'x-chapa-signature' }),
    // An HMAC of the secret itself: the same in every message.
    constant: hmacWebhook({
      key: 'webhookSecret',
      header: 'chapa-signature',
      signed: '{credential:webhookSecret}',
      confirmWith: 'GET /v1/transaction/verify/{tx_ref}',
      onlyWhenNamed: true,
    }),
  },
  'peach-payments': {
    signature: hmacWebhook({
      key: 'secretToken',
      header: 'x-webhook-signature',
      timestamp: { at: '{header:x-webhook-timestamp}', unit: 'seconds' },
      signed: '{timestamp}.{header:x-webhook-id}.{url}.{body}',
      id: '{header:x-webhook-id}',
    }),
    // All parameters, sorted, names and values without anything between them.
    form: customWebhook({
      keys: ['secretToken'],
      proves: 'values',
      body: 'form',
      onlyWhenNamed: true,
      verify({ message, credentials }) {
        const { signature, ...fields } = fieldsOf(message.body);
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
  paymob: {
    transaction: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: PAYMOB_FIELDS.map((field) => `obj.${field}`) },
    }),
    card: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: PAYMOB_CARD_FIELDS.map((field) => `obj.${field}`) },
    }),
    // The payer's browser brings it, as a GET with the same fields in the query.
    redirect: hmacWebhook({
      key: 'hmacSecret',
      hash: 'sha512',
      query: 'hmac',
      signed: { fields: PAYMOB_FIELDS.map((field) => (field === 'order.id' ? 'order' : field)) },
      onlyWhenNamed: true,
    }),
  },
  nomba: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'nomba-signature',
      encoding: 'base64',
      timestamp: { at: '{header:nomba-timestamp}', unit: 'iso' },
      signed: {
        fields: [
          'event_type',
          'requestId',
          'data.merchant.userId',
          'data.merchant.walletId',
          'data.transaction.transactionId',
          'data.transaction.type',
          'data.transaction.time',
          'data.transaction.responseCode',
          '{timestamp}',
        ],
        separator: ':',
      },
      // The amount is not signed.
      confirmWith: 'GET /v1/transactions/accounts/single',
    }),
  },
  squad: {
    signature: hmacWebhook({ key: 'secretKey', hash: 'sha512', header: 'x-squad-encrypted-body' }),
  },
  azampay: {
    signature: publicKeyWebhook({
      algorithm: 'rsa-sha256',
      key: { credential: 'callbackPublicKey' },
      field: 'signature',
      encoding: 'base64',
      signed: { fields: ['vendorReferenceId', 'pgReferenceId', 'status', 'operator'] },
    }),
  },
  kopokopo: {
    'api-key': hmacWebhook({ key: 'apiKey', header: 'x-kopokopo-signature' }),
    // The SDK for Ruby says that the client secret is the key.
    'client-secret': hmacWebhook({ key: 'clientSecret', header: 'x-kopokopo-signature' }),
  },
  stripe: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'stripe-signature',
      list: { signature: 'v1', timestamp: 't' },
      signed: '{timestamp}.{body}',
      id: '{field:id}',
    }),
  },
  paypal: {
    certificate: publicKeyWebhook({
      algorithm: 'rsa-sha256',
      key: { certificate: { header: 'paypal-cert-url', allow: ['https://*.paypal.com'] } },
      header: 'paypal-transmission-sig',
      encoding: 'base64',
      timestamp: { at: '{header:paypal-transmission-time}', unit: 'iso' },
      // It covers a CRC-32 of the body, and a second body with the same one is made in a millisecond.
      signed:
        '{header:paypal-transmission-id}|{header:paypal-transmission-time}|{credential:webhookId}|{body:crc32}',
      confirmWith: 'POST /v1/notifications/verify-webhook-signature',
    }),
  },
  razorpay: { signature: hmacWebhook({ key: 'webhookSecret', header: 'x-razorpay-signature' }) },
  adyen: {
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
      acknowledge: { status: 200, text: '[accepted]' },
    }),
    banking: hmacWebhook({
      key: 'hmacKey',
      keyEncoding: 'hex',
      encoding: 'base64',
      header: 'hmacsignature',
      acknowledge: { status: 200, text: '[accepted]' },
    }),
  },
  square: {
    signature: hmacWebhook({
      key: 'webhookSignatureKey',
      header: 'x-square-hmacsha256-signature',
      encoding: 'base64',
      signed: '{url}{body}',
    }),
  },
  mercadopago: {
    // A pair that is missing is left out. An id with letters is signed in lower case.
    signature: customWebhook({
      keys: ['webhookSecret'],
      proves: 'values',
      confirmWith: 'GET /v1/payments/{id}',
      verify({ message, credentials, nowMs }) {
        const { ts = '', v1 = '' } = listOf(message.headers['x-signature']);
        const id = message.query['data.id'];
        const text = mercadopagoText(id, message.headers['x-request-id'], ts);
        if (!sameText(hmac('sha256', credentials.webhookSecret, text), v1.toLowerCase())) return undefined;
        const signedAtMs = Number(ts) * (ts.length > 11 ? 1 : 1_000);
        if (!(Math.abs(nowMs - signedAtMs) <= 300_000)) return undefined;
        return { payload: id === undefined ? {} : { 'data.id': id }, id: text, signedAtMs };
      },
      sign({ payload, credentials, nowMs }) {
        const id = textAt(payload, 'data.id') ?? '1';
        const ts = String(Math.floor(nowMs / 1_000));
        const v1 = hmac('sha256', credentials.webhookSecret, mercadopagoText(id, 'test-request', ts));
        return {
          query: { 'data.id': id },
          headers: { 'x-request-id': 'test-request', 'x-signature': `ts=${ts},v1=${v1}` },
        };
      },
    }),
  },
  mollie: {
    signature: hmacWebhook({ key: 'webhookSecret', header: 'x-mollie-signature', prefix: 'sha256=' }),
    classic: unsignedWebhook({
      fields: ['id'],
      body: 'form',
      confirmWith: 'GET /v2/payments/{id}',
      onlyWhenNamed: true,
    }),
  },
  checkout: { signature: hmacWebhook({ key: 'webhookSecret', header: 'cko-signature' }) },
  gocardless: { signature: hmacWebhook({ key: 'webhookSecret', header: 'webhook-signature' }) },
  cashfree: {
    signature: hmacWebhook({
      key: 'clientSecret',
      header: 'x-webhook-signature',
      encoding: 'base64',
      timestamp: { at: '{header:x-webhook-timestamp}', unit: 'milliseconds' },
      // One page writes a dot between the two. It is PHP's, and not signed.
      signed: '{timestamp}{body}',
    }),
  },
  phonepe: {
    constant: hashOfCredentials({
      of: ['webhookUsername', 'webhookPassword'],
      hash: 'sha256',
      header: 'authorization',
      confirmWith: 'GET /checkout/v2/order/{merchantOrderId}/status',
    }),
  },
  xendit: {
    token: sharedToken({
      key: 'callbackToken',
      header: 'x-callback-token',
      id: '{header:webhook-id}',
      confirmWith: 'GET /v2/invoices/{id}',
    }),
  },
  airwallex: {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'x-signature',
      timestamp: { at: '{header:x-timestamp}', unit: 'milliseconds' },
      signed: '{timestamp}{body}',
    }),
  },
  wise: {
    signature: publicKeyWebhook({
      algorithm: 'rsa-sha256',
      key: { credential: 'webhookPublicKey' },
      header: 'x-signature-sha256',
      encoding: 'base64',
    }),
  },
  'vipps-mobilepay': {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'authorization',
      prefix: 'HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=',
      encoding: 'base64',
      timestamp: { at: '{header:x-ms-date}', unit: 'iso' },
      signed: '{method}\n{path}\n{header:x-ms-date};{header:host};{body:sha256-base64}',
    }),
  },
  rapyd: {
    // The base64 of the hex text of an HMAC, with the secret in the message too.
    signature: customWebhook({
      keys: ['accessKey', 'secretKey'],
      proves: 'payload',
      needsUrl: true,
      verify({ message, credentials, nowMs }) {
        const { salt = '', timestamp = '', signature = '' } = message.headers;
        const expected = rapydSignature(
          { ...credentials, url: message.url, salt, timestamp },
          message.rawBody,
        );
        if (!sameText(expected, signature)) return undefined;
        const signedAtMs = Number(timestamp) * 1_000;
        if (!(Math.abs(nowMs - signedAtMs) <= 300_000)) return undefined;
        return { payload: message.body, signedAtMs };
      },
      sign({ payload, credentials, nowMs, url }) {
        const body = JSON.stringify(payload);
        const timestamp = String(Math.floor(nowMs / 1_000));
        const signature = rapydSignature(
          { ...credentials, url, salt: 'test-salt', timestamp },
          Buffer.from(body),
        );
        return { body, headers: { salt: 'test-salt', timestamp, signature } };
      },
    }),
  },
  worldline: {
    signature: hmacWebhook({ key: 'webhookSecret', header: 'x-gcs-signature', encoding: 'base64' }),
  },
  truelayer: {
    signature: publicKeyWebhook({
      algorithm: 'ecdsa-sha512',
      key: {
        jwks: {
          sandbox: 'https://webhooks.truelayer-sandbox.com/.well-known/jwks',
          live: 'https://webhooks.truelayer.com/.well-known/jwks',
        },
      },
      header: 'tl-signature',
      encoding: 'base64url',
      jws: { signedHeaders: 'tl_headers' },
      signed: '{method} {path}\n{signedHeaders}{body}',
    }),
  },
  'revolut-business': {
    signature: hmacWebhook({
      key: 'webhookSecret',
      header: 'revolut-signature',
      list: { signature: 'v1' },
      timestamp: { at: '{header:revolut-request-timestamp}', unit: 'milliseconds' },
      signed: 'v1.{timestamp}.{body}',
    }),
  },
  iyzico: {
    // The hosted page; the others leave the token out.
    page: hmacWebhook({
      key: 'secretKey',
      header: 'x-iyz-signature-v3',
      signed:
        '{credential:secretKey}{field:iyziEventType}{field:iyziPaymentId}{field:token}{field:paymentConversationId}{field:status}',
    }),
    direct: hmacWebhook({
      key: 'secretKey',
      header: 'x-iyz-signature-v3',
      signed:
        '{credential:secretKey}{field:iyziEventType}{field:paymentId}{field:paymentConversationId}{field:status}',
    }),
  },
  daraja: {
    stk: unsignedWebhook({
      fields: ['Body.stkCallback.CheckoutRequestID'],
      confirmWith: 'POST /mpesa/stkpushquery/v1/query',
      acknowledge: { json: { ResultCode: 0, ResultDesc: 'Accepted' } },
    }),
    c2b: unsignedWebhook({
      fields: ['TransID'],
      confirmWith: 'POST /mpesa/transactionstatus/v1/query',
      acknowledge: { json: { ResultCode: 0, ResultDesc: 'Accepted' } },
    }),
  },
  'standard-webhooks': { signature: standardWebhooks({ key: 'webhookSecret' }) },
  svix: { signature: standardWebhooks({ key: 'webhookSecret', prefix: 'svix' }) },
};

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

/** `ts=…,v1=…` */
function listOf(header = ''): Partial<Record<'ts' | 'v1', string>> {
  return Object.fromEntries(header.split(',').map((pair) => pair.trim().split('=', 2)));
}

function mercadopagoText(id: string | undefined, requestId: string | undefined, ts: string): string {
  const pairs = { id: id?.toLowerCase(), 'request-id': requestId, ts };
  return Object.entries(pairs)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}:${value};`)
    .join('');
}

function rapydSignature(
  parts: Readonly<Record<'url' | 'salt' | 'timestamp' | 'accessKey' | 'secretKey', string>>,
  body: Uint8Array,
): string {
  const { url, salt, timestamp, accessKey, secretKey } = parts;
  const text = Buffer.concat([Buffer.from(url + salt + timestamp + accessKey + secretKey), body]);
  return Buffer.from(hmac('sha256', secretKey, text)).toString('base64');
}
