import type { Credentials } from '../core/account.js';
import type { ProviderSettings } from '../core/provider-settings.js';
import type { SeededRandom } from '../core/seeded-random.js';

/** A message as a provider sends it. */
export interface WebhookMessage {
  readonly method: 'GET' | 'POST';
  /** The query that is added to the URL of the receiver. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export type WebhookEvent = Readonly<Record<string, unknown>>;

/** The parts of a message besides its event and its keys. */
export interface WebhookOccasion {
  /** The time of signing, in milliseconds since the epoch. */
  readonly atMs: number;
  /** The URL that the merchant has given to the provider. */
  readonly url: string;
  /** The provider's own id of the delivery. */
  readonly id: string;
  readonly settings: ProviderSettings;
}

/** The form of a provider's messages, and their signature. */
export interface WebhookShape<C extends Credentials> {
  /** A payment that succeeded, in the provider's fields. */
  event(random: SeededRandom): WebhookEvent;
  /** Absent where the provider signs nothing. */
  signatureOf?(event: WebhookEvent, credentials: C, occasion: WebhookOccasion): string;
  /** The header of the signature. Absent where the signature is in the body. */
  readonly signatureHeader?: string;
  message(
    event: WebhookEvent,
    signature: string | undefined,
    occasion: WebhookOccasion,
    credentials: C,
  ): WebhookMessage;
}

/** A JSON message; the signature goes into the named header, where there is one. */
export function jsonMessage(body: unknown, header?: string, signature?: string): WebhookMessage {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(header === undefined || signature === undefined ? {} : { [header]: signature }),
    },
    body: JSON.stringify(body),
  };
}
