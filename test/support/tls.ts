import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createCertificate } from './certificate.js';

/** TLS in front of a plain HTTP server of a test. It passes the decrypted bytes on to the server. */
export interface TlsFront {
  /** `https://localhost:<port>` and the path of the server behind it. */
  readonly url: string;
  /** The certificate that a client must trust. */
  readonly ca: string;
  /** The certificate, in PEM, that each client has shown; empty for one that showed none. */
  readonly shown: readonly string[];
  readonly close: () => Promise<void>;
}

/** @param clientCa where it is given, only clients with a certificate of this authority are let through */
export async function startTlsFront(behind: string, clientCa?: string): Promise<TlsFront> {
  const { key, cert } = createCertificate();
  const { hostname, port, pathname } = new URL(behind);
  const shown: string[] = [];
  const asking = clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: clientCa };
  const server = createTlsServer({ key, cert, ...asking }, (client) => {
    shown.push(client.getPeerX509Certificate()?.toString() ?? '');
    join(client, connect(Number(port), hostname));
  });
  const { port: tlsPort, close } = await listening(server);
  return { url: `https://localhost:${tlsPort}${pathname.replace(/\/$/, '')}`, ca: cert, shown, close };
}

/** A forward proxy, and all bytes that clients have sent to it, in clear or encrypted. */
export interface ConnectProxy {
  readonly url: string;
  readonly port: number;
  /** The first line of each connection. */
  readonly requestLines: string[];
  /** Every byte from clients. */
  readonly bytes: () => Buffer;
  readonly close: () => Promise<void>;
}

/** Opens a tunnel for `CONNECT`, and records every other request. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const chunks: Buffer[] = [];
  const requestLines: string[] = [];
  const server = createTcpServer((client) => {
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.once('data', (head: Buffer) => {
      const [line = ''] = head.toString('latin1').split('\r\n');
      requestLines.push(line);
      const [, host, port] = /^CONNECT ([\w.]+):(\d+) /.exec(line) ?? [];
      if (host === undefined) {
        client.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n');
        return;
      }
      const upstream = connect(Number(port), '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      join(client, upstream);
    });
    client.on('error', () => undefined);
  });
  const { port, close } = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requestLines,
    bytes: () => Buffer.concat(chunks),
    close,
  };
}

/** A server that no client may connect to, and the number of connections to it. */
export async function startTrap(): Promise<{
  readonly port: number;
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}> {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  const { port, close } = await listening(server);
  return { port, connections: () => connections, close };
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
}

async function listening(server: Server): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  for (const event of ['connection', 'secureConnection'])
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
