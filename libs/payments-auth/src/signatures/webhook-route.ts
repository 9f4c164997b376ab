/** The metadata key of a route that takes webhooks. */
export const WEBHOOK_ROUTE = 'PAYMENTS_AUTH:WEBHOOK_ROUTE';

/** What a route can tell a merchant by. */
export interface WebhookRouteRequest {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a webhook route may say besides its provider. */
export interface WebhookRouteOptions {
  /** The merchant that a message is for, where there are many: `(request) => request.params.merchant`. */
  readonly account?: (request: WebhookRouteRequest) => string | undefined;
  /** Bodies above this are refused. The body parser has a limit of its own, before it. @default 1048576 (1 MiB) */
  readonly maxBytes?: number;
}

export interface WebhookRoute extends WebhookRouteOptions {
  readonly provider: string;
}
