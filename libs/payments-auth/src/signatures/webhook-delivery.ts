import { define } from '../own-properties.js';
import type { WebhookProof } from '../providers/webhooks/webhook-proof.js';

/** A verified message. {@link WebhookDelivery.proves} says how much the verification proves. */
export interface WebhookDelivery<P = unknown> {
  /** The name the provider is registered under. */
  readonly provider: string;
  /** The name of the scheme that proved the message. */
  readonly scheme: string;
  /** The merchant whose key verified it, where the route names one. */
  readonly account?: string;
  /** The signed part of the message, and no other part. For a batch, one item. */
  readonly payload: P;
  readonly proves: WebhookProof;
  /** The provider's call to make before acting on the payload, where the message alone does not prove it. */
  readonly confirmWith?: string;
  /**
   * The sender's own id of the event, where its scheme names one. Otherwise the SHA-256 of the signed part, in hex,
   * without the timestamp. The same when the provider delivers the same message again. Unique per provider and
   * account.
   */
  readonly deliveryId: string;
  /** When it was signed, where the signature says so; in milliseconds since the epoch. */
  readonly signedAtMs?: number;
  /** The bytes of the body as they came. Not enumerable, because a body can carry a secret that must not be logged. */
  readonly rawBody: Uint8Array;
  /** Names in lower case, without those that carry a secret or came more than once. Not enumerable. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The fields that Kashier always signs. Further signed fields are here too. */
export interface KashierWebhookPayload {
  readonly status: string;
  readonly amount: string | number;
  readonly currency: string;
  readonly merchantOrderId: string;
  readonly [field: string]: string | number | boolean | null;
}

/** PesaPal's notification. Use it only to ask `GetTransactionStatus`. */
export interface PesaPalNotification {
  readonly OrderTrackingId: string;
  readonly OrderMerchantReference: string;
  readonly OrderNotificationType: string;
}

/** The fields that a delivery may leave out. */
const MAY_BE_LEFT_OUT = ['account', 'confirmWith', 'signedAtMs'] as const;

/**
 * Hides the message itself from whatever prints the delivery. Each field that is left out is set to `undefined`, so
 * that no handler reads an account that somebody has put on `Object.prototype`.
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
