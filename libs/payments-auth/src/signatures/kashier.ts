import { hmac } from '../building-blocks/digests.js';
import { sameText } from '../building-blocks/same-text.js';

/** The parts of a Kashier order hash. */
export interface KashierOrder {
  /** `MID-…` */
  readonly merchantId: string;
  readonly orderId: string;
  /** Exactly the string that is sent to Kashier: `100`, `100.50`. */
  readonly amount: string;
  /** `EGP` */
  readonly currency: string;
  readonly customerReference?: string;
}

/**
 * The hash that authenticates a Kashier payment: HMAC-SHA256 in lower-case hex, keyed with the Payment API key (not
 * with the secret key).
 *
 * @throws TypeError when a part is missing or not a string. Above all an amount that is a number: `100.50` would be
 *   hashed as `100.5`, and Kashier would refuse the payment
 * @see https://developers.kashier.io
 */
export function kashierOrderHash(order: KashierOrder, paymentApiKey: string): string {
  const { merchantId, orderId, amount, currency, customerReference } = order;
  if (typeof amount === 'number') {
    throw new TypeError(
      'kashierOrderHash: amount has to be a string, the very one that is sent to Kashier. A number can be written in several ways, and only one of them has this hash.',
    );
  }
  for (const [name, value] of Object.entries({ merchantId, orderId, amount, currency, paymentApiKey })) {
    if (typeof value !== 'string' || value === '') {
      throw new TypeError(`kashierOrderHash: ${name} has to be a string that is not empty.`);
    }
  }
  if (customerReference !== undefined && typeof customerReference !== 'string') {
    throw new TypeError('kashierOrderHash: customerReference has to be a string.');
  }
  const parts = [merchantId, orderId, amount, currency, ...(customerReference ? [customerReference] : [])];
  return hmac('sha256', paymentApiKey, `/?payment=${parts.join('.')}`);
}

/** The parameters of a redirect that Kashier signs, in the order in which it signs them. */
const SIGNED = [
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

/** Without these parameters, a redirect is not about a payment. */
const REQUIRED: readonly (typeof SIGNED)[number][] = [
  'paymentStatus',
  'merchantOrderId',
  'amount',
  'currency',
];

/** The signed parameters of a redirect, and none of the others. One that did not come is the empty string. */
export type KashierRedirect = Readonly<Record<(typeof SIGNED)[number], string>>;

/** The parameters of a redirect as a framework parsed them, or as they came: `paymentStatus=SUCCESS&…`. */
export type RedirectQuery = string | URLSearchParams | Readonly<Record<string, unknown>>;

/**
 * The signed parameters of the redirect with which Kashier sends a payer back, or `undefined` when it is not genuine.
 * Never throws, whatever the redirect holds.
 *
 * A genuine redirect says what happened to *some* payment, and anybody who has seen it can open it again: compare
 * order, amount and currency with what was ordered, and let the webhook decide.
 *
 * @param paymentApiKey the Payment API key, or several of them while they are being rotated
 */
export function verifyKashierRedirect(
  query: RedirectQuery,
  paymentApiKey: string | readonly string[],
): KashierRedirect | undefined {
  const parameters = parsed(query);
  const presented = parameters('signature');
  const found = SIGNED.map((name) => parameters(name));
  // A parameter came more than once, or is no text. Here it would count as the empty text that Kashier may have signed,
  // and the application would read another value.
  if (found.includes(null)) return undefined;
  const values = found.map((value) => value ?? '');
  const message = SIGNED.map((name, at) => `${name}=${values[at]}`).join('&');

  let genuine = false;
  for (const key of typeof paymentApiKey === 'string' ? [paymentApiKey] : paymentApiKey) {
    // An empty key would let anybody sign.
    if (key !== '') genuine = sameText(hmac('sha256', key, message), presented ?? '') || genuine;
  }
  // The values are signed as they are. With an ampersand in one, the signed text could be split in another way.
  if (!genuine || values.some((value) => value.includes('&'))) return undefined;
  const redirect = Object.fromEntries(SIGNED.map((name, at) => [name, values[at]])) as KashierRedirect;
  return REQUIRED.every((name) => redirect[name] !== '') ? redirect : undefined;
}

/** Whether the `signature` of a redirect looks like a signature: an HMAC-SHA256 in hex. */
export function isSignedRedirect(query: RedirectQuery): boolean {
  return /^[0-9a-f]{64}$/.test(parsed(query)('signature') ?? '');
}

/** Reads one parameter; `undefined` when it is missing, `null` when it came more than once or is not text. */
function parsed(query: RedirectQuery): (name: string) => string | undefined | null {
  if (typeof query === 'string' || query instanceof URLSearchParams) {
    const parameters = new URLSearchParams(query);
    return (name) => {
      const [value, ...more] = parameters.getAll(name);
      return more.length === 0 ? value : null;
    };
  }
  return (name) => {
    const value = Object.hasOwn(query ?? {}, name) ? query[name] : undefined;
    return typeof value === 'string' || value === undefined ? value : null;
  };
}
