import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

const LOOPBACK = '127.0.0.1';
/** A thousand clients may connect at the same moment. */
const BACKLOG = 4_096;

/** An HTTP server on a loopback port. It ends when it is closed, even if clients keep their connections open. */
export class LoopbackServer {
  readonly server: Server;
  readonly #connections = new Set<Duplex>();

  constructor(listener: RequestListener) {
    this.server = createServer(listener);
    // Node's own list of connections does not hold a connection whose bytes it could not parse.
    this.server.on('connection', (connection: Duplex) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    // The client decides how long a connection lives. So the server never resets a pooled connection between two calls.
    this.server.keepAliveTimeout = 0;
    // A test may make the sandbox slow. Then the client has to end the request, and not this server.
    this.server.requestTimeout = 0;
  }

  /** @param port 0 means any free port */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host: LOOPBACK, backlog: BACKLOG }, resolve);
    });
  }

  /** Without a slash at the end. */
  get origin(): string {
    return `http://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  /** Also ends every connection, even one with a request under way. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
    });
  }
}
