import http, { Agent } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  type Handler,
  type LoopbackServer,
  json,
  startLoopbackServer,
} from '../../../../test/support/loopback-server.js';
import { applicationAxios } from '../application-axios.js';
import { systemClock } from '../payments-auth.clock.js';
import { ManualClock } from '../testing/manual-clock.js';
import { AxiosTokenTransport, type ConnectionSettings } from './axios-token-transport.js';
import type { TokenRequest } from './strategy.js';
import { reasonOf, TokenTransportError } from './token-transport.js';

const SECRET = 'test-secret-not-real-0123456789';
const REQUEST: TokenRequest = {
  method: 'POST',
  path: '/o/token/',
  headers: { Accept: 'application/json', Authorization: `Basic ${SECRET}`, 'Content-Type': 'text/x-test' },
  body: `secret=${SECRET}`,
};
const MIB = 1024 * 1024;

/** A promise, and what resolves it. */
function signalled(): { promise: Promise<void>; signal: () => void } {
  const resolvers: (() => void)[] = [];
  const promise = new Promise<void>((resolve) => resolvers.push(resolve));
  return { promise, signal: () => resolvers.forEach((resolve) => resolve()) };
}

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(handler: Handler): Promise<LoopbackServer> {
  const server = await startLoopbackServer(handler);
  closing.push(() => server.close());
  return server;
}

/** A server that writes raw bytes, for answers that no HTTP server would send. */
async function serveBytes(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transport(settings: ConnectionSettings = {}, clock = new ManualClock()) {
  return { clock, transport: new AxiosTokenTransport({ clock, http: () => settings }) };
}

async function failure(sending: Promise<unknown>): Promise<TokenTransportError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TokenTransportError)) throw new Error(`got ${inspect(error)}`);
  return error;
}

/** Resolves once the server has done its part. The clock then moves on while the request hangs. */
async function hangs(start: (socket: Socket, reached: () => void) => void) {
  const hanging = signalled();
  const closed = signalled();
  const url = await serveBytes((socket) => {
    socket.on('close', closed.signal);
    start(socket, hanging.signal);
  });
  return { url, hanging: hanging.promise, closed: closed.promise };
}

describe('AxiosTokenTransport', () => {
  describe('a request', () => {
    it('is sent as it was made, with no further header or body that matters', async () => {
      const server = await serve((_, response) => json(response, 200, {}));
      await transport().transport.send(`${server.url}/base`, REQUEST);
      const [received] = server.requests;
      expect(received).toMatchObject({ method: 'POST', url: '/base/o/token/' });
      expect(received?.body.toString()).toBe(REQUEST.body);
      expect(received?.headers).toMatchObject({
        accept: 'application/json',
        authorization: `Basic ${SECRET}`,
        'content-type': 'text/x-test',
        'content-length': String(REQUEST.body?.length),
      });
      expect(Object.keys(received?.headers ?? {}).toSorted()).toEqual([
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
      ]);
    });

    it('without a body has length 0 and no content type', async () => {
      const server = await serve((_, response) => json(response, 200, {}));
      await transport().transport.send(server.url, {
        method: 'POST',
        path: '/t',
        headers: { 'api-key': SECRET },
      });
      expect(server.requests[0]?.headers).toMatchObject({ 'content-length': '0', 'api-key': SECRET });
      expect(server.requests[0]?.headers).not.toHaveProperty('content-type');
    });

    it('uses neither the axios defaults nor the interceptors of the application', async () => {
      const server = await serve((_, response) => json(response, 200, { token: 'tok' }));
      const { defaults, interceptors } = applicationAxios;
      const before = { ...defaults, common: { ...defaults.headers.common } };
      let intercepted = 0;
      const interceptor = interceptors.request.use((config) => {
        intercepted += 1;
        return config;
      });
      defaults.headers.common['X-Application'] = 'leak';
      defaults.headers.post['X-Application-Post'] = 'leak';
      Object.assign(defaults, {
        baseURL: 'http://127.0.0.1:1/application',
        params: { leak: 1 },
        auth: { username: 'application', password: 'leak' },
        timeout: 1,
        adapter: () => Promise.reject(new Error('the adapter of the application')),
        transformRequest: [() => 'leak'],
        transformResponse: [() => 'leak'],
        proxy: { host: '127.0.0.1', port: 1 },
        maxContentLength: 1,
      });
      try {
        const answer = await transport().transport.send(server.url, REQUEST);
        expect(answer.body).toEqual({ token: 'tok' });
      } finally {
        for (const key of Object.keys(defaults)) delete (defaults as Record<string, unknown>)[key];
        const { common, ...rest } = before;
        Object.assign(defaults, rest);
        defaults.headers.common = common;
        delete defaults.headers.post['X-Application-Post'];
        interceptors.request.eject(interceptor);
      }
      expect(intercepted).toBe(0);
      expect(server.requests[0]?.url).toBe('/o/token/');
      expect(server.requests[0]?.body.toString()).toBe(REQUEST.body);
      expect(JSON.stringify(server.requests[0]?.headers)).not.toContain('leak');
      expect(server.requests[0]?.headers.authorization).toBe(`Basic ${SECRET}`);
    });

    it('takes the agents of the provider, and none of its other axios settings', async () => {
      const server = await serve((_, response) => json(response, 200, { token: 'tok' }));
      const httpAgent = new Agent({ keepAlive: true });
      closing.push(() => httpAgent.destroy());
      const settings = { httpAgent, headers: { 'X-Application': 'leak' }, transformResponse: () => 'leak' };
      const answer = await transport({ ...settings, timeout: 1 } as object).transport.send(
        server.url,
        REQUEST,
      );
      expect(answer.body).toEqual({ token: 'tok' });
      expect(server.requests[0]?.headers).not.toHaveProperty('x-application');
      expect(Object.keys(httpAgent.freeSockets)).toHaveLength(1);
    });

    it('uses no proxy over plain http, because the proxy would read the secret', async () => {
      const proxy = await serve((_, response) => json(response, 200, { via: 'proxy' }));
      const server = await serve((_, response) => json(response, 200, { token: 'tok' }));
      const { hostname: host, port } = new URL(proxy.url);
      process.env['http_proxy'] = proxy.url;
      try {
        const settings = { proxy: { host, port: Number(port), protocol: 'http' } };
        for (const { transport: tokens } of [transport(settings), transport()])
          expect((await tokens.send(server.url, REQUEST)).body).toEqual({ token: 'tok' });
      } finally {
        delete process.env['http_proxy'];
      }
      expect(proxy.requests).toEqual([]);
    });

    it.each([
      ['with a port', (port: number) => new Agent({ port })],
      ['with a look-up', () => new Agent({ lookup: () => undefined })],
      ['of another class', (port: number) => new (class extends Agent {})({ port })],
    ])('sends nothing over plain http through an agent %s', async (_, agent) => {
      const [server, other] = [await serve(() => undefined), await serve(() => undefined)];
      const httpAgent = agent(Number(new URL(other.url).port));
      const failed = await transport({ httpAgent })
        .transport.send(server.url, REQUEST)
        .catch((error: unknown) => error as TokenTransportError);
      expect(failed).toMatchObject({ failure: 'diverted' });
      expect(reasonOf(failed as TokenTransportError)).toContain('could divert plain http');
      expect([...server.requests, ...other.requests]).toEqual([]);
    });

    it('goes past an agent that the process has for all requests and that diverts them', async () => {
      const server = await serve((_, response) => json(response, 200, { token: 'tok' }));
      const other = await serve((_, response) => json(response, 200, { token: 'other' }));
      const { globalAgent } = http;
      http.globalAgent = new Agent({ port: Number(new URL(other.url).port) });
      try {
        expect((await transport().transport.send(server.url, REQUEST)).body).toEqual({ token: 'tok' });
      } finally {
        http.globalAgent = globalAgent;
      }
      expect(other.requests).toEqual([]);
    });

    it('shows neither agents nor settings when the transport is inspected', () => {
      const ca = 'test-ca-not-real';
      const text = inspect(transport({ ca }).transport, { depth: Infinity, showHidden: true });
      expect(text).not.toContain(ca);
      expect(text).not.toContain('Agent');
    });
  });

  describe('an answer', () => {
    it('has its status, its headers in lower case, and the time at which its request was sent', async () => {
      const server = await serve((_, response) => {
        response.writeHead(429, {
          'Retry-After': '7',
          'X-RateLimit-Limit': '20',
          'Set-Cookie': ['a=1', 'b=2'],
        });
        response.end('{"error":"slow_down"}');
      });
      const { clock, transport: tokens } = transport();
      const sentAtMs = clock.now();
      const sentAtMonotonicMs = clock.monotonic();
      const answer = await tokens.send(server.url, REQUEST);
      expect(answer).toMatchObject({
        status: 429,
        headers: { 'retry-after': '7', 'x-ratelimit-limit': '20', 'set-cookie': 'a=1, b=2' },
        body: { error: 'slow_down' },
        requestedAtMs: sentAtMs,
        requestedAtMonotonicMs: sentAtMonotonicMs,
      });
      expect(clock.pendingTimers).toBe(0);
    });

    it.each([
      ['text/html', '{"token":"tok"}', { token: 'tok' }],
      ['application/octet-stream', '\uFEFF{"token":"tok"}', { token: 'tok' }],
      ['application/json', '<html>Forbidden</html>', undefined],
      ['application/json', '{"token":"tok"', undefined],
      ['application/json', '', undefined],
      ['application/json', 'null', null],
      ['application/json', '"tok"', 'tok'],
    ])('of %s %j is read as JSON, or as nothing', async (type, text, body) => {
      const server = await serve((_, response) => {
        response.writeHead(200, { 'content-type': type }).end(text);
      });
      const answer = await transport().transport.send(server.url, REQUEST);
      expect(answer.body).toEqual(body);
    });

    it('without content is an answer', async () => {
      const server = await serve((_, response) => {
        response.writeHead(204).end();
      });
      expect(await transport().transport.send(server.url, REQUEST)).toMatchObject({
        status: 204,
        body: undefined,
      });
    });

    it('is unpacked when it is compressed', async () => {
      const server = await serve((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"token":"tok"}'));
      });
      expect((await transport().transport.send(server.url, REQUEST)).body).toEqual({ token: 'tok' });
    });

    it.each([301, 302, 303, 307, 308])('is not followed when it is a redirect (%i)', async (status) => {
      const other = await serve((_, response) => json(response, 200, { token: 'stolen' }));
      const server = await serve((_, response) => {
        response.writeHead(status, { location: `${other.url}/elsewhere` }).end();
      });
      expect(await transport().transport.send(server.url, REQUEST)).toMatchObject({
        status,
        body: undefined,
      });
      expect(other.requests).toHaveLength(0);
      expect(server.requests).toHaveLength(1);
    });
  });

  describe('the size limit', () => {
    it('lets 1 MiB pass, and not a byte more', async () => {
      const text = JSON.stringify('x'.repeat(MIB - 2));
      const server = await serve(({ url }, response) => {
        response.end(url === '/more' ? `${text} ` : text);
      });
      const { transport: tokens } = transport();
      expect(await tokens.send(server.url, { ...REQUEST, path: '/exact' })).toMatchObject({ status: 200 });
      expect(await failure(tokens.send(server.url, { ...REQUEST, path: '/more' }))).toMatchObject({
        failure: 'too-large',
      });
    });

    it('ends an answer that never ends', async () => {
      const closed = signalled();
      const server = await serve((_, response) => {
        const chunk = Buffer.alloc(64 * 1024, 0x20);
        const write = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', write).on('close', closed.signal).writeHead(200);
        write();
      });
      expect(await failure(transport().transport.send(server.url, REQUEST))).toMatchObject({
        failure: 'too-large',
      });
      await closed.promise;
    });

    it('counts what a small compressed answer unpacks to', async () => {
      const bomb = gzipSync(Buffer.alloc(64 * MIB, 0x20));
      const server = await serve((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      });
      expect(bomb.length).toBeLessThan(MIB);
      expect(await failure(transport().transport.send(server.url, REQUEST))).toMatchObject({
        failure: 'too-large',
      });
    });
  });

  describe('the deadline', () => {
    it.each<[string, (socket: Socket, reached: () => void) => void]>([
      ['never answers', (socket, reached) => socket.once('data', reached)],
      [
        'stops within the headers',
        (socket, reached) =>
          socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Type: appl', () => reached())),
      ],
      [
        'stops within the body',
        (socket, reached) =>
          socket.once('data', () =>
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"token":', () => reached()),
          ),
      ],
    ])('ends a request to a server that %s, after 10 s', async (_, start) => {
      const { url, hanging, closed } = await hangs(start);
      const { clock, transport: tokens } = transport();
      const sending = failure(tokens.send(url, REQUEST));
      await hanging;
      await clock.advance(9_999);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(1);
      expect(await sending).toMatchObject({ failure: 'timeout' });
      await closed;
      expect(clock.pendingTimers).toBe(0);
    });

    it('covers the whole of an answer that comes byte by byte', async () => {
      const { url, hanging, closed } = await hangs((socket, reached) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n');
          let dripped = 0;
          const drip = setInterval(() => {
            socket.write(' ');
            dripped += 1;
            if (dripped === 10) reached();
          }, 5);
          socket.on('close', () => clearInterval(drip));
        });
      });
      const { clock, transport: tokens } = transport();
      const sending = failure(tokens.send(url, REQUEST));
      await hanging;
      await clock.advance(10_000);
      expect(await sending).toMatchObject({ failure: 'timeout' });
      await closed;
    });

    it('holds with the clock of the system too', async () => {
      const server = await serve(() => undefined);
      const tokens = new AxiosTokenTransport({ clock: systemClock, deadlineMs: 50 });
      expect(await failure(tokens.send(server.url, REQUEST))).toMatchObject({ failure: 'timeout' });
    });
  });

  describe('a failure', () => {
    it.each<[string, (socket: Socket) => void]>([
      ['a reset before any answer', (socket) => socket.once('data', () => socket.resetAndDestroy())],
      ['a close before any answer', (socket) => socket.once('data', () => socket.end())],
      [
        'a reset within the body',
        (socket) =>
          socket.once('data', () =>
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"to', () => socket.resetAndDestroy()),
          ),
      ],
      [
        'an end within the body',
        (socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"to')),
      ],
      [
        'an answer that is no HTTP',
        (socket) => socket.once('data', () => socket.end('220 smtp.test ready\r\n')),
      ],
    ])('has a one-word reason after %s', async (_, start) => {
      const error = await failure(transport().transport.send(await serveBytes(start), REQUEST));
      expect(error).toMatchObject({ failure: 'network' });
      expect(error.systemCode).toMatch(/^[A-Z_]+$/);
    });

    it('has the code of the system when nobody listens', async () => {
      const server = await startLoopbackServer(() => undefined);
      await server.close();
      const error = await failure(transport().transport.send(server.url, REQUEST));
      expect(error).toMatchObject({ failure: 'network', systemCode: 'ECONNREFUSED' });
    });

    it('holds no request, no response and no secret', async () => {
      const url = await serveBytes((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"to')),
      );
      const error = await failure(transport().transport.send(url, REQUEST));
      const text = inspect(error, { depth: Infinity, showHidden: true }) + String(error.stack);
      expect(text).not.toContain(SECRET);
      expect(error.cause).toBeUndefined();
      expect(error).not.toHaveProperty('config');
      expect(error).not.toHaveProperty('request');
    });
  });

  describe('shutdown', () => {
    it('ends a request that is under way', async () => {
      const shutdown = new AbortController();
      const server = await serve(() => shutdown.abort());
      const { clock, transport: tokens } = transport();
      expect(await failure(tokens.send(server.url, REQUEST, shutdown.signal))).toMatchObject({
        failure: 'cancelled',
      });
      expect(clock.pendingTimers).toBe(0);
    });

    it('ends an answer that is under way', async () => {
      const shutdown = new AbortController();
      const server = await serve((_, response) => {
        response.writeHead(200).write('{"token":', () => shutdown.abort());
      });
      expect(await failure(transport().transport.send(server.url, REQUEST, shutdown.signal))).toMatchObject({
        failure: 'cancelled',
      });
    });

    it('lets no further request be sent', async () => {
      const server = await serve((_, response) => json(response, 200, {}));
      const sending = transport().transport.send(server.url, REQUEST, AbortSignal.abort());
      expect(await failure(sending)).toMatchObject({ failure: 'cancelled' });
      expect(server.requests).toHaveLength(0);
    });
  });
});
