import type { WebhookProof } from '../providers/webhooks/webhook-proof.js';

/** The metadata key of a route that takes webhooks. */
export const WEBHOOK_ROUTE = 'PAYMENTS_AUTH:WEBHOOK_ROUTE';

/** What a route can tell a merchant by. */
export interface WebhookRouteRequest {
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that came more than once is left out. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. A header that came more than once is left out. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a webhook route may say besides its provider. */
export interface WebhookRouteOptions {
  /**
   * How much a message has to prove. A provider that proves less stops the boot: whoever takes less says so where it is
   * read. @default 'payload'
   */
  readonly proof?: WebhookProof;
  /** The schemes of the provider that count here, by name. @default all but those that have to be named */
  readonly schemes?: readonly string[];
  /**
   * The URL that the provider was told, where it signs it: `{url}` in a scheme. Without it `{path}` is what was requested,
   * which a proxy may have changed.
   */
  readonly url?: string;
  /** The merchant that a message is for, where there are many: `(request) => request.params.merchant`. */
  readonly account?: (request: WebhookRouteRequest) => string | undefined;
  /** Bodies above this are refused, in bytes. The body parser has a limit of its own, before it. @default 1_048_576 (1 MiB) */
  readonly maxBytes?: number;
}

export interface WebhookRoute extends WebhookRouteOptions {
  readonly provider: string;
}

/** As it is written in the code, for messages to whoever wrote it. */
export function decoratorOf(provider: string): string {
  return `@VerifiedWebhook('${provider}')`;
}
