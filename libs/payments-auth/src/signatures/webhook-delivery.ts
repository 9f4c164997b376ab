import { define } from '../own-properties.js';
import type { WebhookProof } from '../providers/webhooks/webhook-proof.js';

/** A message that was verified as far as its provider lets it be: see {@link WebhookDelivery.proves}. */
export interface WebhookDelivery<P = unknown> {
  /** The name the provider is registered under. */
  readonly provider: string;
  /** The name of the scheme that proved it. */
  readonly scheme: string;
  /** The merchant whose key verified it, where the route names one. */
  readonly account?: string;
  /** What is signed, and nothing else of the message. Of a batch, one item. */
  readonly payload: P;
  readonly proves: WebhookProof;
  /** The provider's call to make before acting on the payload, where the message alone does not prove it. */
  readonly confirmWith?: string;
  /**
   * The sender's own id of the event, where its scheme names one. Else the SHA-256 of what is signed, in hex, without the
   * timestamp. The same when the provider delivers the same message again. Unique per provider and account.
   */
  readonly deliveryId: string;
  /** When it was signed, where the signature says so; in milliseconds since the epoch. */
  readonly signedAtMs?: number;
  /** The bytes of the body as they came. Not enumerable: a body can carry a secret, and a log is no place for it. */
  readonly rawBody: Uint8Array;
  /** Names in lower case, without those that carry a secret or came more than once. Not enumerable. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What Kashier always signs. More fields may be among the signed ones, and then they are here too. */
export interface KashierWebhookPayload {
  readonly status: string;
  readonly amount: string | number;
  readonly currency: string;
  readonly merchantOrderId: string;
  readonly [field: string]: string | number | boolean | null;
}

/** What PesaPal notifies of. Only good for asking `GetTransactionStatus`. */
export interface PesaPalNotification {
  readonly OrderTrackingId: string;
  readonly OrderMerchantReference: string;
  readonly OrderNotificationType: string;
}

/** What a delivery may leave out. */
const MAY_BE_LEFT_OUT = ['account', 'confirmWith', 'signedAtMs'] as const;

/**
 * Keeps the message itself out of what is printed. What is left out is there all the same, as `undefined`: no handler
 * takes an account that every object inherits for the merchant's.
 */
export function sealedDelivery(
  said: Omit<WebhookDelivery, 'rawBody' | 'headers'>,
  hidden: Pick<WebhookDelivery, 'rawBody' | 'headers'>,
): WebhookDelivery {
  const delivery = { ...said };
  for (const name of MAY_BE_LEFT_OUT)
    if (!Object.hasOwn(delivery, name)) define(delivery, name, { value: undefined });
  define(delivery, 'rawBody', { value: hidden.rawBody });
  return define(delivery as WebhookDelivery, 'headers', { value: hidden.headers });
}
