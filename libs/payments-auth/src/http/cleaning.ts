import { fieldOf } from '../own-properties.js';
import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { isError, plainCause, scrubbed, setHidden } from '../scrubbing.js';
import type { Destination } from './destination.js';
import { mentions } from './secret-fields.js';

/** The object in place of `request`: the fields that code reads in practice, and no path to a header (R14). */
interface RequestStandIn {
  readonly method: string;
  readonly protocol: string;
  readonly host: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly res: { readonly responseUrl: string };
}

/** The secrets of one attempt, which must not stay in its result, and the config that is shown instead. */
export interface Traces {
  /** The config of the call as its caller knows it. */
  readonly config: InternalAxiosRequestConfig;
  readonly destination: Destination;
  /** The secrets that this attempt carried. */
  readonly secrets: () => readonly string[];
  /** Whether the query that was sent holds a signature. */
  readonly hidesQuery?: boolean;
}

/**
 * Makes an answer safe to log. The object itself is changed, because axios and its adapters hand out the same object
 * in several places.
 */
export function cleanResponse(response: AxiosResponse, traces: Traces): void {
  response.config = traces.config;
  if (response.request !== undefined) response.request = standInFor(response.request, traces);
}

/** A longer body is left as it is, unless the error of a parser would quote it. */
const MOST_BODY = 1024 * 1024;

/**
 * Removes the credential from the text of an error answer, because some APIs repeat what they were sent, and errors are
 * logged. Where axios is told to be strict, a text that is no JSON is cleaned as well, because the error of the parser
 * quotes it. Other successes, and answers that are bytes or streams, are not changed.
 */
export function cleanBody(response: AxiosResponse, traces: Traces, fields: ReadonlySet<string>): void {
  // The text of the status comes from the provider too.
  if (response.status >= 400 && typeof response.statusText === 'string')
    response.statusText = scrubbed(response.statusText, traces.secrets());
  const raw: unknown = response.data;
  if (typeof raw !== 'string' || raw === '') return;
  if (isUnparsable(raw, traces.config)) {
    const hidden = whyHidden(raw, fields);
    response.data =
      hidden === undefined ? scrubbed(raw, traces.secrets()) : `<hidden: no JSON, and ${hidden}>`;
  } else if (response.status >= 400 && raw.length <= MOST_BODY)
    response.data = scrubbed(raw, traces.secrets());
}

/**
 * Says why a text must be hidden as a whole; `undefined` where it need not. The error of the parser quotes some
 * characters of the text, from anywhere in it.
 */
function whyHidden(raw: string, fields: ReadonlySet<string>): string | undefined {
  if (raw.length > MOST_BODY) return 'longer than 1 MiB';
  const named = [...fields].find((field) => raw.includes(field));
  if (named !== undefined) return `it names "${named}"`;
  return fields.size > 0 && mentions(raw, fields) ? 'it may name a secret' : undefined;
}

function isUnparsable(raw: string, { responseType, transitional }: InternalAxiosRequestConfig): boolean {
  if (responseType !== 'json' || transitional?.silentJSONParsing) return false;
  try {
    JSON.parse(raw);
    return false;
  } catch {
    return true;
  }
}

/** Makes an error safe to log, in place, so that it stays an `AxiosError`. Its response is cleaned separately. */
export function cleanError(error: unknown, traces: Traces): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const failure = error as Partial<AxiosError>;
  if (failure.config !== undefined) failure.config = traces.config;
  if (failure.request !== undefined) failure.request = standInFor(failure.request, traces);
  const cause = fieldOf(error, 'cause');
  if (isError(error) && !(cause === undefined && saysStatusAlone(failure))) {
    const secrets = traces.secrets();
    scrubText(error, secrets);
    if (cause !== undefined) setHidden(error, 'cause', plainCause(cause, secrets));
    const errors = fieldOf(error, 'errors');
    if (Array.isArray(errors))
      Reflect.set(
        error,
        'errors',
        errors.map((each: unknown) => plainCause(each, secrets)),
      );
  }
  return error;
}

/** Whether axios made the error for a status that `validateStatus` does not accept. Its text names the status alone. */
function saysStatusAlone(failure: Partial<AxiosError>): boolean {
  const { message, response } = failure;
  return (
    message === `Request failed with status code ${response?.status}` &&
    fieldOf(failure, 'errors') === undefined
  );
}

function standInFor(request: unknown, { destination, hidesQuery }: Traces): RequestStandIn {
  const { method, protocol, hostname, origin } = destination;
  const path = hidesQuery === true ? destination.pathAndQuery : pathOf(request, destination);
  return { method, protocol, host: hostname, path, res: { responseUrl: origin + path } };
}

function pathOf(request: unknown, { origin, pathAndQuery }: Destination): string {
  if (request instanceof Request)
    return request.url.startsWith(`${origin}/`) ? request.url.slice(origin.length) : pathAndQuery;
  const { path } = (request ?? {}) as { path?: unknown };
  return typeof path === 'string' ? path : pathAndQuery;
}

function scrubText(error: Error, secrets: readonly string[]): void {
  for (const field of ['message', 'stack'] as const) {
    const text = error[field];
    if (typeof text !== 'string') continue;
    const clean = scrubbed(text, secrets);
    if (clean !== text) setHidden(error, field, clean);
  }
}
