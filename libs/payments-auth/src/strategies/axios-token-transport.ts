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

/** How to reach a provider from here: of all axios settings, the only ones that apply to token requests too. */
export interface ConnectionSettings extends Pick<AxiosRequestConfig, 'httpAgent' | 'httpsAgent' | 'proxy'> {
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

export interface AxiosTokenTransportOptions {
  readonly clock: Clock;
  readonly http?: () => ConnectionSettings;
  /** In milliseconds. @default 10 000 */
  readonly deadlineMs?: number;
  /** Headers besides those of a request, which win. @default none */
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
      // Made at the first request, because many providers of an application never make one.
      this.#axios ??= bareAxios(ownCopy(this.#http?.() ?? {}));
      const isPlain = baseUrl.toLowerCase().startsWith('http:');
      const { httpAgent = plainHttpAgent() } = this.#axios.defaults;
      if (isPlain && divertingAgent(httpAgent) !== undefined) throw new TokenTransportError('diverted');
      const response = await this.#axios.request<Readable>({
        url: checkedUrl(baseUrl, request.path),
        method: request.method,
        // `false` keeps axios from naming a content type of its own for a body that is not there.
        headers: { 'Content-Type': false, ...this.#headers, ...request.headers },
        data: request.body,
        signal: ended.signal,
        ...(request.agent === undefined ? {} : { httpsAgent: request.agent }),
        // Straight to the host that was allowed: on plain http a proxy would read the secret.
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
      // What axios throws holds the request, and with it the secret: nothing of it goes further than its code.
      throw failure === undefined ? failureOf(error) : new TokenTransportError(failure);
    } finally {
      callOff();
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/**
 * The URL of a token request, held to the same rule as that of a call: on the host of its base URL, below its path. A path
 * without a slash would become a part of the host name, and one that is made of a merchant's data could name another host.
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
 * An axios that shares nothing with the application's. `axios.create()` starts from `axios.defaults`, where an
 * application may have put headers, transforms, an adapter or a base URL for its own calls; the class does not.
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

/** Reads here instead of letting axios do it: it says "too large" in no other way than by a message. */
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

/** JSON whatever the content type says; `undefined` when it is none. */
function parsed(bytes: Buffer): unknown {
  try {
    return parsedJson(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** Without `Set-Cookie`, which is the only one that Node gives as a list, and of no use here. */
function plainHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const plain = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') plain[name.toLowerCase()] = value;
  }
  return plain;
}

function failureOf(error: unknown): TokenTransportError {
  if (error instanceof TokenTransportError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  return new TokenTransportError('network', typeof code === 'string' ? code : undefined);
}
