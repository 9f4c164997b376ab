import type { IncomingHttpHeaders } from 'node:http';

/** One request as it arrived at the server. */
export interface ReceivedRequest {
  /** The name of the host that received it: `api`, or `fep` with Kashier. */
  readonly host: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** The path after the base URL, without the query. `undefined` when the path of the request does not begin with the base path. */
  readonly path: string | undefined;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly bodySha256: string;
  readonly remoteAddress: string;
}

/** The first value of a header, or `undefined`. */
export function headerOf(request: ReceivedRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The JSON object in the body, or `undefined` when there is none. */
export function jsonObjectOf(request: ReceivedRequest): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the body is declared as JSON. */
export function isJson(request: ReceivedRequest): boolean {
  return /^application\/json\b/i.test(headerOf(request, 'content-type') ?? '');
}

/** A field that is a string and not empty, or `undefined`. */
export function textOf(
  fields: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string | undefined {
  const value = fields?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
