import type { WebhookProof } from './webhook-delivery.js';

/** What of a message its signature covers. */
export interface CoveredPart {
  /** What the digest is made of. */
  readonly message: string | Buffer;
  /** The same without a timestamp: what stays the same when the message is delivered again. */
  readonly lasting: string | Buffer;
  readonly payload: unknown;
  readonly proves: WebhookProof;
}
