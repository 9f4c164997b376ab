import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that answers every request with bytes without an end, and counts the bytes that clients take. */
export interface HostileEndpoint {
  readonly url: string;
  readonly connections: () => number;
  /** The number of bytes that left this process, over all connections. */
  readonly bytesTaken: () => number;
  close(): Promise<void>;
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** @param head the bytes before those without an end */
export async function startHostileEndpoint(head: string): Promise<HostileEndpoint> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let taken = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      taken += socket.bytesWritten - socket.writableLength;
    });
    const pour = () => {
      while (!socket.destroyed && socket.write(CHUNK));
    };
    socket.on('drain', pour);
    socket.once('data', () => {
      socket.write(head);
      pour();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    bytesTaken: () => [...sockets].reduce((sum, each) => sum + each.bytesWritten, taken),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
