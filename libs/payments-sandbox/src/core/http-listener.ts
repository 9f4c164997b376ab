import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { deliver } from './deliver.js';
import { LoopbackServer } from './loopback-server.js';
import type { Answer } from './provider-engine.js';
import type { ReceivedRequest } from './received-request.js';

/** Answers the requests that a listener receives. */
export interface Answerer {
  answer(request: ReceivedRequest): Answer;
  readonly traffic: { note(what: 'wrongContentLengths' | 'abortedRequests'): void };
}

/** Larger bodies are not accepted. Bodies of payment APIs are far smaller. */
const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

/** One host of one provider: an HTTP server on a loopback port of its own. */
export class HttpListener {
  readonly #loopback: LoopbackServer;
  #origin = '';
  /** The connections that have carried a request. */
  readonly #served = new WeakSet<Duplex>();

  constructor(
    private readonly host: string,
    private readonly basePath: string,
    private readonly answerer: Answerer,
  ) {
    this.#loopback = new LoopbackServer((incoming, response) => this.#receive(incoming, response));
    this.#loopback.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (this.#served.has(socket) && isNoRequest(error)) this.answerer.traffic.note('wrongContentLengths');
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
  }

  /** @param port 0 means any free port */
  async listen(port: number): Promise<void> {
    await this.#loopback.listen(port);
    this.#origin = this.#loopback.origin;
  }

  /** Without a slash at the end. It can be read after the server has closed, too. */
  get origin(): string {
    return this.#origin;
  }

  /** Without a slash at the end. */
  get baseUrl(): string {
    return `${this.#origin}${this.basePath}`;
  }

  close(): Promise<void> {
    return this.#loopback.close();
  }

  #receive(incoming: IncomingMessage, response: ServerResponse): void {
    this.#served.add(incoming.socket);
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LARGEST_BODY_BYTES) incoming.destroy();
      else chunks.push(chunk);
    });
    // A broken connection is counted when it closes: the error itself tells nothing more.
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    incoming.on('close', () => {
      if (!incoming.complete) this.answerer.traffic.note('abortedRequests');
    });
    incoming.on('end', () => {
      const { reply, delivery, done } = this.answerer.answer(this.#read(incoming, Buffer.concat(chunks)));
      response.once('close', done);
      deliver(response, reply, delivery);
    });
  }

  #read(incoming: IncomingMessage, body: Buffer): ReceivedRequest {
    const url = incoming.url ?? '/';
    const [path = '/', query = ''] = url.split(/\?(.*)/s);
    const isBelow = path === this.basePath || path.startsWith(`${this.basePath}/`);
    return {
      host: this.host,
      method: incoming.method ?? 'GET',
      url,
      path: isBelow ? path.slice(this.basePath.length) || '/' : undefined,
      query: new URLSearchParams(query),
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body,
      bodySha256: createHash('sha256').update(body).digest('hex'),
      remoteAddress: incoming.socket.remoteAddress ?? 'unknown',
    };
  }
}

/** Whether bytes arrived that are no request, for example the end of a body that is longer than its `Content-Length`. */
function isNoRequest({ code }: NodeJS.ErrnoException): boolean {
  if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_INVALID_EOF_STATE') return false;
  return code?.startsWith('HPE_') === true;
}
