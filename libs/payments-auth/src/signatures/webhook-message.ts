/** A message as it arrived, before anybody believed it. */
export interface WebhookMessage {
  /** Names in lower case; a header that came more than once as a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes of the body, as they came over the wire: never a parsed body that was serialised again. */
  readonly rawBody?: Uint8Array;
  /** The parsed body or query. Only read where nothing is signed; what is signed are bytes. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The one value of a header; `undefined` when it is missing or came more than once. */
export function soleHeader(message: WebhookMessage, name: string): string | undefined {
  const value = message.headers[name.toLowerCase()];
  if (typeof value === 'string') return value;
  return value?.length === 1 ? value[0] : undefined;
}
