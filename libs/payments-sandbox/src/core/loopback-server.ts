import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

const LOOPBACK = '127.0.0.1';
/** A thousand clients may come at the same moment. */
const BACKLOG = 4_096;

/** An HTTP server on a loopback port that ends when it is told to, whatever its clients do. */
export class LoopbackServer {
  readonly server: Server;
  readonly #connections = new Set<Duplex>();

  constructor(listener: RequestListener) {
    this.server = createServer(listener);
    // Node's own list of connections forgets those whose bytes it could not read.
    this.server.on('connection', (connection: Duplex) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    // The other end decides how long a connection lives: no reset falls between two calls of a pooled one.
    this.server.keepAliveTimeout = 0;
    // A sandbox may be told to be slow; it is the client that has to give up.
    this.server.requestTimeout = 0;
  }

  /** @param port 0 for any free one */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host: LOOPBACK, backlog: BACKLOG }, resolve);
    });
  }

  /** Without a slash at its end. */
  get origin(): string {
    return `http://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends every connection too, whatever is under way on it. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
    });
  }
}
