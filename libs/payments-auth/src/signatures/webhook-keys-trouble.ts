/**
 * The keys or the secrets that webhooks are verified with could not be had. The events of the same types tell it to
 * operators. No part of a message stands in it: anybody can send one.
 */
export type WebhookKeysTrouble =
  | { readonly type: 'webhook-keys-unavailable'; readonly host?: string; readonly reason: string }
  | {
      readonly type: 'webhook-keys-outdated';
      readonly host: string;
      readonly reason: string;
      readonly usableUntilMs: number;
    };

/** Tells operators. */
export type TellKeysTrouble = (trouble: WebhookKeysTrouble) => void;

/** Who tells operators, of every provider. */
export interface KeysTroubleSink {
  emit(event: WebhookKeysTrouble & { readonly provider: string; readonly atMs: number }): void;
}
