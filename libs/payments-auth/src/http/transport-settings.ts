import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import type { InternalAxiosRequestConfig } from 'axios';
import { ownCopy } from '../own-properties.js';
import { plainHttpAgent } from '../strategies/plain-http-agent.js';
import type { HttpSettings } from '../providers/configured-provider.js';
import { isNodeStream } from './answer-body.js';
import type { Destination } from './destination.js';
import { RelayedStream } from './relayed-stream.js';
import { SealedAgent } from './sealed-agent.js';

/** The settings that hold sockets, or secrets of a proxy: applied inside the adapter, and in no visible config. */
export interface TransportSettings {
  readonly httpAgent?: unknown;
  readonly httpsAgent?: unknown;
  readonly proxy?: HttpSettings['proxy'];
  readonly http2Options?: object;
  /** Whether the application has set a limit for answers. It then applies to streams too. */
  readonly limitsStreams: boolean;
}

/** Payment APIs answer in kilobytes. A larger answer than this would fill the memory. */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

type AllSettings = HttpSettings & TransportSettings;

/** Splits a provider's axios settings into those that callers may see and those that they may not. */
export function splitSettings(settings: HttpSettings): {
  visible: Omit<HttpSettings, keyof TransportSettings | 'ca'>;
  transport: TransportSettings;
} {
  const { ca, httpAgent, httpsAgent, proxy, http2Options, ...visible } = ownCopy(settings as AllSettings);
  const trusting =
    ca === undefined
      ? undefined
      : new Agent({ ca: ca as string | Buffer | (string | Buffer)[], keepAlive: true });
  const transport: Partial<AllSettings> = {
    httpAgent,
    httpsAgent: httpsAgent ?? trusting,
    proxy,
    http2Options,
    limitsStreams: visible.maxContentLength !== undefined,
  };
  return { visible, transport: Object.freeze(ownCopy(transport as TransportSettings)) };
}

/** axios's fetch adapter follows redirects in some versions, and a custom header would follow one to any host. */
const NEVER_REDIRECTED = Object.freeze(ownCopy({ redirect: 'manual' }));

/** Sets the route of the attempt: directly or through the provider's agents, without redirects. */
export function routeAttempt(
  attempt: InternalAxiosRequestConfig & { http2Options?: object; fetchOptions?: object },
  { protocol }: Destination,
  transport: TransportSettings,
): void {
  attempt.maxRedirects = 0;
  attempt.fetchOptions =
    attempt.fetchOptions === undefined
      ? NEVER_REDIRECTED
      : { ...openDispatcher(attempt.fetchOptions), ...NEVER_REDIRECTED };
  attempt.httpAgent = SealedAgent.open(attempt.httpAgent) ?? transport.httpAgent;
  attempt.httpsAgent = SealedAgent.open(attempt.httpsAgent) ?? transport.httpsAgent;
  attempt.proxy ??= transport.proxy;
  attempt.http2Options ??= transport.http2Options;
  // The reader of a stream decides how much of it is read, unless the application has set a limit.
  if (
    attempt.responseType === 'stream' &&
    !transport.limitsStreams &&
    attempt.maxContentLength === MOST_ANSWER_BYTES
  )
    attempt.maxContentLength = -1;
  if (protocol === 'http:') {
    // The request goes directly to the allowed host. A proxy would see the credential, and so would the host of another
    // address that a `lookup` returns.
    attempt.proxy = false;
    attempt.httpAgent ??= plainHttpAgent();
    delete attempt.lookup;
  }
  // A stream that is piped into a request leads to the headers of the request, and the caller's stream is in the
  // visible config.
  const data: unknown = attempt.data;
  if (typeof data === 'object' && data !== null && isNodeStream(data)) relayBody(attempt, data);
}

function relayBody(attempt: InternalAxiosRequestConfig, data: Readable): void {
  const form = isNpmForm(data) ? data : undefined;
  // A form that is no `Readable`, such as npm's own, leads to no request. Any other form is relayed, and axios no
  // longer sees that it is a form. So its headers are set here.
  if (form !== undefined && !(data instanceof Readable)) return;
  for (const [name, value] of Object.entries(form?.getHeaders() ?? {})) attempt.headers.set(name, value);
  attempt.data = new RelayedStream(data, (error) => error);
}

/** Keeps the agents of a call out of what its caller can log, from the moment in which the call begins. */
export function sealAgents(config: InternalAxiosRequestConfig & { fetchOptions?: object }): void {
  if (config.httpAgent) config.httpAgent = SealedAgent.seal(config.httpAgent);
  if (config.httpsAgent) config.httpsAgent = SealedAgent.seal(config.httpsAgent);
  const { fetchOptions } = config;
  if (fetchOptions !== undefined && 'dispatcher' in fetchOptions && fetchOptions.dispatcher)
    config.fetchOptions = { ...fetchOptions, dispatcher: SealedAgent.seal(fetchOptions.dispatcher) };
}

function openDispatcher(fetchOptions: object): object {
  if (!('dispatcher' in fetchOptions)) return fetchOptions;
  return { ...fetchOptions, dispatcher: SealedAgent.open(fetchOptions.dispatcher) };
}

/** npm's `form-data`, as axios knows it: the adapter asks it for its headers, and needs the form itself for that. */
function isNpmForm<T extends object>(data: T): data is T & { getHeaders(): Record<string, string> } {
  const form = data as { toString(): string };
  return 'getHeaders' in data && 'append' in data && form.toString() === '[object FormData]';
}
