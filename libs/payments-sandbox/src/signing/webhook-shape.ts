import type { Credentials } from '../core/account.js';
import type { ProviderSettings } from '../core/provider-settings.js';
import type { SeededRandom } from '../core/seeded-random.js';

/** A message as a provider sends it. */
export interface WebhookMessage {
  readonly method: 'GET' | 'POST';
  /** Added to the URL it is sent to. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export type WebhookEvent = Readonly<Record<string, unknown>>;

/** What a message is made of, besides its event and its keys. */
export interface WebhookOccasion {
  /** When it is signed, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Where the merchant told the provider to send it. */
  readonly url: string;
  /** The provider's own id of the delivery. */
  readonly id: string;
  readonly settings: ProviderSettings;
}

/** What a provider's messages look like, and how they are signed. */
export interface WebhookShape<C extends Credentials> {
  /** A payment that went well, in the provider's fields. */
  event(random: SeededRandom): WebhookEvent;
  /** Absent where the provider signs nothing. */
  signatureOf?(event: WebhookEvent, credentials: C, occasion: WebhookOccasion): string;
  /** The header the signature stands in; absent where it stands in the body. */
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
