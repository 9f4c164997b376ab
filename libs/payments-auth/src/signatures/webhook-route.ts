import { suggestion } from '../nearest.js';
import { isProof, type WebhookProof } from '../providers/webhooks/webhook-proof.js';

/** The metadata key of a route that takes webhooks. */
export const WEBHOOK_ROUTE = 'PAYMENTS_AUTH:WEBHOOK_ROUTE';

/** The parts of a request by which a route finds the merchant. */
export interface WebhookRouteRequest {
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that came more than once is left out. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. A header that came more than once is left out. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The options of a webhook route. */
export interface WebhookRouteOptions {
  /**
   * How much a message has to prove. If the provider proves less, the boot stops. To accept less, name it here, where
   * a reader of the route sees it.
   *
   * @default 'payload'
   */
  readonly proof?: WebhookProof;
  /** The schemes of the provider that count here, by name. @default all but those that have to be named */
  readonly schemes?: readonly string[];
  /**
   * The URL that the provider was given, where it signs the URL: `{url}` in a scheme. Without this option, `{path}`
   * is the requested path, which a proxy may have changed.
   */
  readonly url?: string;
  /** The merchant that a message is for, where there are many: `(request) => request.params.merchant`. */
  readonly account?: (request: WebhookRouteRequest) => string | undefined;
  /**
   * Bodies above this are refused, in bytes. The body parser has a limit of its own, before it.
   *
   * @default 1_048_576 (1 MiB)
   */
  readonly maxBytes?: number;
}

export interface WebhookRoute extends WebhookRouteOptions {
  readonly provider: string;
}

const OPTIONS = ['proof', 'schemes', 'url', 'account', 'maxBytes'];

/** Names the problems in the options of a route that do not depend on its provider. */
export function routeOptionProblems(route: WebhookRoute): string[] {
  const { proof, schemes, url, account, maxBytes } = route;
  return [
    ...Object.keys(route)
      .filter((name) => name !== 'provider' && !OPTIONS.includes(name))
      .map((name) => `there is no option \`${name}\`. ${suggestion(name, OPTIONS)}`),
    ...(proof === undefined || isProof(proof) ? [] : ['proof: expected payload, values, sender or nothing']),
    ...(schemes === undefined || (Array.isArray(schemes) && schemes.length > 0)
      ? []
      : ["schemes: expected a list of names, as in ['signature']"]),
    ...(url === undefined || isHttpUrl(url)
      ? []
      : ["url: expected the whole URL that the provider was told, as in 'https://shop.example/webhooks'"]),
    ...(account === undefined || typeof account === 'function'
      ? []
      : ['account: expected a function of the request, as in ({ params }) => params.merchant']),
    ...(maxBytes === undefined || (Number.isInteger(maxBytes) && maxBytes > 0)
      ? []
      : ['maxBytes: expected a number of bytes above 0']),
  ];
}

function isHttpUrl(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** The decorator as it is written in the code, for messages to the developer. */
export function decoratorOf(provider: string): string {
  return `@VerifiedWebhook('${provider}')`;
}
