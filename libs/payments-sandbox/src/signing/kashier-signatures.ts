import { hmacSha256 } from './hmac.js';

export interface KashierOrder {
  readonly merchantId: string;
  readonly orderId: string;
  /** Exactly the string that is sent. */
  readonly amount: string;
  readonly currency: string;
  readonly customerReference?: string;
}

/** The order hash, which authenticates a payment in Kashier's UI. */
export function kashierOrderHash(order: KashierOrder, paymentApiKey: string): string {
  const { merchantId, orderId, amount, currency, customerReference } = order;
  const parts = [merchantId, orderId, amount, currency];
  if (customerReference !== undefined) parts.push(customerReference);
  return hmacSha256(paymentApiKey, `/?payment=${parts.join('.')}`);
}

const REDIRECT_FIELDS = [
  'paymentStatus',
  'cardDataToken',
  'maskedCard',
  'merchantOrderId',
  'orderId',
  'cardBrand',
  'orderReference',
  'transactionId',
  'amount',
  'currency',
] as const;

export type KashierRedirect = Readonly<Partial<Record<(typeof REDIRECT_FIELDS)[number], string>>>;

/** The signature of the query that the customer's browser brings back: raw values in a fixed order. */
export function kashierRedirectSignature(redirect: KashierRedirect, paymentApiKey: string): string {
  const signed = REDIRECT_FIELDS.map((name) => `${name}=${redirect[name] ?? ''}`).join('&');
  return hmacSha256(paymentApiKey, signed);
}

/** The whole query that the customer's browser brings back, with its signature. */
export function kashierRedirectQuery(redirect: KashierRedirect, paymentApiKey: string): URLSearchParams {
  const query = new URLSearchParams(redirect);
  query.set('signature', kashierRedirectSignature(redirect, paymentApiKey));
  return query;
}

/** `x-kashier-signature` of a webhook: the fields that `signatureKeys` names, sorted, as a query string. */
export function kashierWebhookSignature(
  data: Readonly<Record<string, unknown>>,
  signatureKeys: readonly string[],
  paymentApiKey: string,
): string {
  const signed = signatureKeys
    .toSorted()
    .map((name) => `${encoded(name)}=${encoded(data[name])}`)
    .join('&');
  return hmacSha256(paymentApiKey, signed);
}

/** Percent-encoding of RFC 3986, also for the characters that `encodeURIComponent` does not encode. */
function encoded(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
