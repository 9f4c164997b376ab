import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliver } from './deliver.js';
import type { Answer } from './provider-engine.js';
import type { ReceivedRequest } from './received-request.js';

/** Who answers what a listener receives. */
export interface Answerer {
  answer(request: ReceivedRequest): Answer;
  readonly traffic: { note(what: 'wrongContentLengths' | 'abortedRequests'): void };
}

/** Larger bodies are refused: nothing that a payment API takes comes near. */
const LARGEST_BODY_BYTES = 64 * 1024 * 1024;
const LOOPBACK = '127.0.0.1';

/** One host of one provider: an HTTP server on a loopback port of its own. */
export class HttpListener {
  readonly #server: Server;
  #port = 0;

  constructor(
    private readonly host: string,
    private readonly basePath: string,
    private readonly answerer: Answerer,
  ) {
    this.#server = createServer((incoming, response) => this.#receive(incoming, response));
    // A sandbox may be told to be slow; it is the client that has to give up.
    this.#server.requestTimeout = 0;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE')
        this.answerer.traffic.note('wrongContentLengths');
      socket.destroy();
    });
  }

  /** @param port 0 for any free one */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, LOOPBACK, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  /** Without a slash at its end. */
  get baseUrl(): string {
    return `${this.origin}${this.basePath}`;
  }

  /** Ends every connection too, whatever is under way on it. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #receive(incoming: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LARGEST_BODY_BYTES) incoming.destroy();
      else chunks.push(chunk);
    });
    // What there is to know about a broken connection is known when it closes.
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
      remoteAddress: incoming.socket.remoteAddress ?? LOOPBACK,
    };
  }
}
