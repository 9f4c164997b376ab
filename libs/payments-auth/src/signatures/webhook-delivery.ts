/**
 * What a genuine message proves.
 *
 * - `payload`: that the provider wrote everything in `payload`.
 * - `values`: that the provider wrote these values in this order. Which of them is which, it does not prove
 *   (ClickPesa's legacy checksum).
 * - `sender`: that the sender knows a secret which every message carries. Whoever has seen one message can write
 *   another one, with any payload (WakaPay).
 * - `nothing`: it is not signed, and anybody can have sent it (PesaPal).
 */
export type WebhookProof = 'payload' | 'values' | 'sender' | 'nothing';

/** A message that was verified as far as its provider lets it be: see {@link WebhookDelivery.proves}. */
export interface WebhookDelivery<P = unknown> {
  /** The name the provider is registered under. */
  readonly provider: string;
  /** The merchant whose key verified it, where the route names one. */
  readonly account?: string;
  /** What is signed, and nothing else of the message. */
  readonly payload: P;
  /**
   * The SHA-256 of what is signed, in hex, without the timestamp: the same when the provider delivers the same message
   * again. Unique per provider and account.
   */
  readonly deliveryId: string;
  readonly proves: WebhookProof;
  /** The provider's call to make before acting on the payload, where the message alone does not prove it. */
  readonly confirmWith?: string;
  /** When it was signed, where the signature says so; in milliseconds since the epoch. */
  readonly signedAtMs?: number;
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
