import { types } from 'node:util';
import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import type { Destination } from './destination.js';

/** What takes the place of `request`: what is asked of it in practice, and nothing that leads to a header (R14). */
interface RequestStandIn {
  readonly method: string;
  readonly protocol: string;
  readonly host: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly res: { readonly responseUrl: string };
}

/** What one attempt must not leave behind, and what is shown in its stead. */
export interface Traces {
  /** The config of the call as its caller knows it. */
  readonly config: InternalAxiosRequestConfig;
  readonly destination: Destination;
  /** What was sent to authenticate this attempt. */
  readonly secrets: () => readonly string[];
}

/** Makes an answer safe to log. In place: axios and its adapters hand out the same object at several ends. */
export function cleanResponse(response: AxiosResponse, traces: Traces): void {
  response.config = traces.config;
  if (response.request !== undefined) response.request = standInFor(response.request, traces.destination);
}

/** Makes an error safe to log, in place, so that it stays the `AxiosError` it is. Its response is cleaned apart. */
export function cleanError(error: unknown, traces: Traces): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const failure = error as Partial<AxiosError>;
  if (failure.config !== undefined) failure.config = traces.config;
  if (failure.request !== undefined) failure.request = standInFor(failure.request, traces.destination);
  // What `validateStatus` rejects says nothing but the status: there is no text to look through.
  if (isError(error) && (failure.response === undefined || error.cause !== undefined)) {
    const secrets = traces.secrets();
    scrubText(error, secrets);
    if (error.cause !== undefined) setCause(error, plainCause(error.cause, secrets, 0));
  }
  return error;
}

function standInFor(request: unknown, destination: Destination): RequestStandIn {
  const { method, protocol, hostname, origin } = destination;
  const path = pathOf(request, destination);
  return { method, protocol, host: hostname, path, res: { responseUrl: origin + path } };
}

function pathOf(request: unknown, { origin, pathAndQuery }: Destination): string {
  const { path, url } = (request ?? {}) as { path?: unknown; url?: unknown };
  if (typeof path === 'string') return path;
  return typeof url === 'string' && url.startsWith(`${origin}/`) ? url.slice(origin.length) : pathAndQuery;
}

const CAUSE_FIELDS = ['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'host', 'reason'] as const;
const DEEPEST_CAUSE = 5;

/**
 * A cause with what tells an operator something, and nothing else: what Node and undici throw can hold the socket,
 * the request, or the raw bytes of an answer.
 */
function plainCause(cause: unknown, secrets: readonly string[], depth: number): Error | undefined {
  if (!isError(cause) || depth > DEEPEST_CAUSE) return undefined;
  const { errors } = cause as { errors?: unknown };
  const plain = Array.isArray(errors)
    ? new AggregateError(errors.map((each: unknown) => plainCause(each, secrets, depth + 1)))
    : new Error();
  plain.message = cause.message;
  plain.name = cause.name;
  plain.stack = cause.stack;
  for (const field of CAUSE_FIELDS) {
    const value: unknown = (cause as unknown as Record<string, unknown>)[field];
    if (typeof value === 'string' || typeof value === 'number') Object.assign(plain, { [field]: value });
  }
  if (cause.cause !== undefined) setCause(plain, plainCause(cause.cause, secrets, depth + 1));
  scrubText(plain, secrets);
  return plain;
}

function setCause(error: Error, cause: unknown): void {
  Object.defineProperty(error, 'cause', {
    value: cause,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

function scrubText(error: Error, secrets: readonly string[]): void {
  const message = scrubbed(error.message, secrets);
  if (message !== error.message) error.message = message;
  const stack = error.stack === undefined ? undefined : scrubbed(error.stack, secrets);
  if (stack !== error.stack) error.stack = stack;
}

function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 4) clean = clean.split(secret).join('[hidden]');
  return clean;
}

/** Also for the errors of another realm: under Jest, Node's own are. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
