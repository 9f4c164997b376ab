import type { Readable } from 'node:stream';
import { Agent, type AgentOptions } from 'node:https';
import type { AxiosInstance, AxiosRequestConfig, AxiosResponse } from 'axios';
import { applicationAxios } from '../application-axios.js';
import { ownCopy, parsedJson, trustsStrangers } from '../own-properties.js';
import type { Clock } from '../payments-auth.clock.js';
import { answerText } from './answer-text.js';
import { isBelow } from './base-path.js';
import { divertingAgent, plainHttpAgent } from './plain-http-agent.js';
import { deadline } from '../within.js';
import type { TokenRequest } from './strategy.js';
import { type TimedTokenAnswer, type TokenTransport, TokenTransportError } from './token-transport.js';

/** The deadline of a whole request: name look-up, connection, headers and the last byte of the body. */
export const TOKEN_TIMEOUT_MS = 10_000;
const MOST_BYTES = 1024 * 1024;

/** The settings for connections to a provider. Of all axios settings, only these apply to token requests too. */
export interface ConnectionSettings extends Pick<AxiosRequestConfig, 'httpAgent' | 'httpsAgent' | 'proxy'> {
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

export interface AxiosTokenTransportOptions {
  readonly clock: Clock;
  readonly http?: () => ConnectionSettings;
  /** In milliseconds. @default 10 000 */
  readonly deadlineMs?: number;
  /** Further headers. A request's own header of the same name is used instead. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** In bytes, after decompression. @default 1 MiB */
  readonly mostBytes?: number;
}

/** Sends token requests with the axios package of the application, and without its defaults and interceptors. */
export class AxiosTokenTransport implements TokenTransport {
  readonly #clock: Clock;
  readonly #http: (() => ConnectionSettings) | undefined;
  #axios: AxiosInstance | undefined;
  readonly #deadlineMs: number;
  readonly #mostBytes: number;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: AxiosTokenTransportOptions) {
    const { clock, http, deadlineMs, mostBytes, headers } = ownCopy(options);
    this.#clock = clock;
    this.#http = http;
    this.#deadlineMs = deadlineMs ?? TOKEN_TIMEOUT_MS;
    this.#mostBytes = mostBytes ?? MOST_BYTES;
    this.#headers = headers ?? {};
  }

  async send(baseUrl: string, given: TokenRequest, signal?: AbortSignal): Promise<TimedTokenAnswer> {
    const request = ownCopy(given);
    if (signal?.aborted) throw new TokenTransportError('cancelled');
    const ended = new AbortController();
    let failure: 'timeout' | 'cancelled' | undefined;
    const end = (why: 'timeout' | 'cancelled') => {
      failure ??= why;
      ended.abort();
    };
    const cancel = () => end('cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    const callOff = deadline(this.#clock, this.#deadlineMs, () => end('timeout'), true);
    const requestedAtMs = this.#clock.now();
    const requestedAtMonotonicMs = this.#clock.monotonic();
    try {
      // The axios is made at the first request, because many providers of an application never make one.
      this.#axios ??= bareAxios(ownCopy(this.#http?.() ?? {}));
      const isPlain = baseUrl.toLowerCase().startsWith('http:');
      const { httpAgent = plainHttpAgent() } = this.#axios.defaults;
      if (isPlain && divertingAgent(httpAgent) !== undefined) throw new TokenTransportError('diverted');
      const response = await this.#axios.request<Readable>({
        url: checkedUrl(baseUrl, request.path),
        method: request.method,
        // With `false`, axios adds no content type of its own to a request without a body.
        headers: { 'Content-Type': false, ...this.#headers, ...request.headers },
        data: request.body,
        signal: ended.signal,
        ...(request.agent === undefined ? {} : { httpsAgent: request.agent }),
        // On plain http, the request goes directly to the allowed host, because a proxy could read the secret.
        ...(isPlain ? { proxy: false as const, httpAgent: httpAgent as unknown } : {}),
      });
      const bytes = await readBytes(response.data, this.#mostBytes);
      const headers = plainHeaders(response.headers);
      return {
        status: response.status,
        headers,
        body: parsed(bytes),
        text: answerText(bytes, headers['content-type']),
        requestedAtMs,
        requestedAtMonotonicMs,
      };
    } catch (error) {
      // An error of axios contains the request, and the secret with it. So only the code of the error is passed on.
      throw failure === undefined ? failureOf(error) : new TokenTransportError(failure);
    } finally {
      callOff();
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/**
 * The URL of a token request. The rule is the same as for a call: the URL is on the host of the base URL, and below its
 * path. A path without a slash would become a part of the host name, and a path with a merchant's data in it could name
 * another host.
 *
 * @throws {TokenTransportError} astray, untrusted
 */
function checkedUrl(baseUrl: string, path: string): string {
  const base = new URL(baseUrl);
  let url: URL;
  try {
    url = new URL(baseUrl + path);
  } catch {
    throw new TokenTransportError('astray');
  }
  const isOwn = url.origin === base.origin && url.username === '' && url.password === '';
  const isAllowed = path.startsWith('/') && isOwn && isBelow(base.pathname.replace(/\/+$/, ''), url);
  if (!isAllowed) throw new TokenTransportError('astray');
  if (url.protocol === 'https:' && trustsStrangers()) throw new TokenTransportError('untrusted');
  return url.href;
}

/**
 * An axios that shares nothing with the application's axios. `axios.create()` copies `axios.defaults`, where an
 * application may have set headers, transforms, an adapter or a base URL for its own calls. The class does not copy
 * them.
 */
function bareAxios({ httpAgent, httpsAgent, proxy, ca }: ConnectionSettings): AxiosInstance {
  const config: AxiosRequestConfig = {
    adapter: 'http',
    responseType: 'stream',
    maxRedirects: 0,
    validateStatus: () => true,
    httpAgent,
    httpsAgent: httpsAgent ?? (ca === undefined ? undefined : new Agent({ ca: ca as AgentOptions['ca'] })),
    ...(proxy === undefined ? {} : { proxy }),
  };
  return new applicationAxios.Axios(config) as AxiosInstance;
}

/** Reads the body here and not in axios, because axios tells a body that is too large only by the text of its error. */
async function readBytes(stream: Readable, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new TokenTransportError('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The parsed JSON, with any content type. `undefined` when the bytes are not JSON. */
function parsed(bytes: Buffer): unknown {
  try {
    return parsedJson(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** Node gives `Set-Cookie` as a list. Its cookies are joined, as the Fetch standard joins them. */
function plainHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const plain = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') plain[name.toLowerCase()] = value;
    else if (Array.isArray(value)) plain[name.toLowerCase()] = value.join(', ');
  }
  return plain;
}

function failureOf(error: unknown): TokenTransportError {
  if (error instanceof TokenTransportError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  return new TokenTransportError('network', typeof code === 'string' ? code : undefined);
}
