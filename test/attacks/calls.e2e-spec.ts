import { once } from 'node:events';
import http, { Agent, createServer, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import { OWN_ACCOUNT } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { startApplication, type TestApplication } from '../support/application.js';
import { failure, until } from '../support/credential-bed.js';
import { findLeaks } from '../support/leak-checker.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';

const OWN = 'cs_q7Rk2mXw9LpZ4vBn8sTd6yHc';
const OTHER = 'cs_Zr8gHj5vXaQn0oTk2Ms7Wy4L';
const SECRETS = [OWN.slice(3), OTHER.slice(3)];

let application: TestApplication;
const closing: (() => unknown)[] = [];

/** An application whose Cashfin stands at `url`, with an account of its own and one merchant. */
async function start(url: string, options: object = {}): Promise<void> {
  application = await startApplication({
    providers: {
      cashfin: {
        baseUrl: url,
        credentials: { clientSecret: OWN },
        ...options,
      },
    },
  });
  closing.push(() => application.close());
}

function drip(socket: Socket, text: string): void {
  socket.write(text);
  const dripping = setInterval(() => socket.write('x'), 10);
  socket.on('close', () => clearInterval(dripping));
}

const nothing = () => undefined;

const send = (config: AxiosRequestConfig) =>
  firstValueFrom(application.paymentsAuth.http('cashfin').request<unknown>(config));

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.each(['http', 'fetch'])('the timeout of a call through the %s adapter', (adapter) => {
  let server: Server;
  let url: string;
  const sockets = new Set<Socket>();
  /** What the server writes once it has received the request. */
  let write: (socket: Socket) => void;

  beforeEach(async () => {
    server = createServer();
    // The server writes raw bytes, because no HTTP server would send such an answer.
    server.removeAllListeners('request');
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    server.on('request', ({ socket }) => write(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await start(url, { http: { httpAgent: new Agent({ keepAlive: true }) } });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['an answer that never comes', () => undefined],
    [
      'an answer 101',
      (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
    ['a body that drips', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')],
    [
      'an error body that drips',
      (socket) => drip(socket, 'HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n'),
    ],
    ['a status line that drips', (socket) => drip(socket, 'HTTP/1.1 200 ')],
    ['early hints without end', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nLink: ')],
  ])('ends %s, and frees its connection', async (_, answer) => {
    write = answer;
    const error = await failure(send({ url: '/x', adapter, timeout: 250 }));
    expect(error).toMatchObject({ isAxiosError: true });
    // The call has ended, and no connection is left open.
    await until(() => sockets.size === 0);
    expect(findLeaks(error, SECRETS)).toEqual([]);
  });

  it('does not end a call that is answered in time', async () => {
    write = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    expect((await send({ url: '/x', adapter, timeout: 30_000 })).data).toEqual({});
  });
});

describe('the timeout of a call', () => {
  it('ends a call whose adapter never settles', async () => {
    await start('http://127.0.0.1:9');
    const error = await failure(
      send({ url: '/x', timeout: 50, adapter: () => new Promise(() => undefined) }),
    );
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 50ms exceeded' });
  });

  it('ends a request on an HTTP/2 session that is gone', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream) => stream.session?.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const config = { url: '/x', timeout: 300, httpVersion: 2 } as AxiosRequestConfig;
    expect(await failure(send(config))).toMatchObject({ isAxiosError: true });
  });

  it('keeps the cancelToken of its caller', async () => {
    await start('http://127.0.0.1:9');
    const listeners: ((reason: unknown) => void)[] = [];
    const cancelToken = {
      promise: Promise.resolve(),
      throwIfRequested: () => undefined,
      subscribe: (listener: (reason: unknown) => void) => listeners.push(listener),
      unsubscribe: (listener: (reason: unknown) => void) =>
        void listeners.splice(listeners.indexOf(listener), 1),
    };
    const adapter = (config: { cancelToken?: typeof cancelToken }) =>
      new Promise((_, reject) => config.cancelToken?.subscribe(reject));
    const failed = failure(send({ url: '/x', adapter, cancelToken } as unknown as AxiosRequestConfig));
    await until(() => listeners.length > 0);
    for (const listener of listeners.slice()) listener(new Error('given up'));
    expect(await failed).toMatchObject({ message: 'given up' });
    expect(listeners).toHaveLength(0);
  });
});

describe('an agent of one call', () => {
  it('is sealed in the errors of calls that fail before they are sent', async () => {
    const server = await startLoopbackServer((request, response) =>
      request.url === '/hang' ? undefined : json(response, 200, {}),
    );
    closing.push(() => server.close());
    let answer: (credentials: object) => void = nothing;
    const answered = new Promise((resolve) => {
      answer = resolve;
    });
    closing.push(() => answer({ clientSecret: OWN }));
    await start(server.url, {
      credentials: () => answered,
      accounts: () => ({ clientSecret: OTHER }),
    });
    const httpAgent = new Agent({ keepAlive: true });
    const flying = failure(
      send({ url: '/hang', httpAgent, timeout: 2_000, paymentsAuth: { account: 'other' } }),
    );
    await until(() => server.requests.length === 1);
    expect(findLeaks(httpAgent, SECRETS)).not.toEqual([]);
    const aborted = AbortSignal.abort();
    const early = await Promise.all([
      failure(send({ url: '/x', httpAgent, timeout: 20, paymentsAuth: { account: OWN_ACCOUNT } })),
      failure(send({ url: '/x', httpAgent, signal: aborted, paymentsAuth: { account: OWN_ACCOUNT } })),
      failure(send({ url: 'https://evil.test/x', httpAgent })),
      failure(send({ url: '/x', httpAgent, paymentsAuth: { acount: 'x' } as object })),
      failure(
        send({
          url: '/x',
          httpAgent,
          timeout: 20,
          paymentsAuth: { account: OWN_ACCOUNT },
          fetchOptions: { dispatcher: { httpAgent } },
        } as AxiosRequestConfig),
      ),
    ]);
    expect(findLeaks(early, SECRETS)).toEqual([]);
    httpAgent.destroy();
    await flying;
  });
});

describe('plain http', () => {
  let server: LoopbackServer;
  let attacker: LoopbackServer;
  beforeEach(async () => {
    server = await startLoopbackServer((_, response) => json(response, 200, {}));
    attacker = await startLoopbackServer((_, response) => json(response, 200, {}));
    closing.push(
      () => server.close(),
      () => attacker.close(),
    );
    await start(server.url);
  });

  class OtherAgent extends Agent {}
  const port = () => Number(new URL(attacker.url).port);
  const DIVERSIONS: [title: string, config: () => object][] = [
    ['an agent with a port', () => ({ httpAgent: new Agent({ port: port() }) })],
    ['an agent with a socket path', () => ({ httpAgent: new Agent({ socketPath: 'none.sock' } as object) })],
    ['an agent with a look-up', () => ({ httpAgent: new Agent({ lookup: () => undefined }) })],
    ['an agent of another class', () => ({ httpAgent: new OtherAgent() })],
    [
      'an agent that connects by itself',
      () => ({ httpAgent: Object.assign(new Agent(), { createConnection: () => undefined }) }),
    ],
    ['no agent at all', () => ({ httpAgent: { addRequest: () => undefined } })],
    ['http2Options with a look-up', () => ({ httpVersion: 2, http2Options: { lookup: () => undefined } })],
    ['a dispatcher', () => ({ adapter: 'fetch', fetchOptions: { dispatcher: { dispatch: () => true } } })],
    ['a host in http2Options', () => ({ httpVersion: 2, http2Options: { host: 'evil.test' } })],
  ];

  it.each(DIVERSIONS)('is not diverted by %s', async (_, config) => {
    expect(await failure(send({ url: '/x', timeout: 1_000, ...config() }))).toMatchObject({
      code: 'INSECURE_DESTINATION',
    });
    expect([...server.requests, ...attacker.requests]).toEqual([]);
  });

  /** The diversions that can stand in the options of a provider. They apply to its calls, and agents also to its logins. */
  const SETTINGS = DIVERSIONS.filter(
    ([title]) => title !== 'a dispatcher' && title !== 'a host in http2Options',
  );

  it.each(SETTINGS)('is not diverted by %s in the options of the provider', async (_, settings) => {
    await start(server.url, { http: settings() });
    expect(await failure(send({ url: '/x', timeout: 1_000 }))).toMatchObject({
      code: 'INSECURE_DESTINATION',
    });
    expect([...server.requests, ...attacker.requests]).toEqual([]);
  });

  it.each([
    ['with a port', () => new Agent({ port: port() })],
    ['of another class', () => new OtherAgent({ port: port() })],
  ])('does not go through an agent %s that the process has for all requests', async (_, agent) => {
    const { globalAgent } = http;
    http.globalAgent = agent();
    try {
      expect((await send({ url: '/x' })).status).toBe(200);
    } finally {
      http.globalAgent = globalAgent;
    }
    expect([server.requests.length, attacker.requests.length]).toEqual([1, 0]);
  });

  it('uses neither the look-up nor the proxy of the caller', async () => {
    const proxy = { host: '127.0.0.1', port: port() };
    await send({ url: '/x', proxy, lookup: nothing } as AxiosRequestConfig);
    expect(server.requests).toHaveLength(1);
    expect(attacker.requests).toHaveLength(0);
  });

  it('goes through an ordinary agent of the application', async () => {
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 2, timeout: 5_000 });
    expect((await send({ url: '/x', httpAgent })).status).toBe(200);
    httpAgent.destroy();
  });

  it.each(['baseURL', 'url'])(
    'goes to the destination that was checked, also when its %s is an object that changes',
    async (field) => {
      let asked = 0;
      const evil = {
        toString: () => ((asked += 1) <= 1 ? server.url : attacker.url) + (field === 'url' ? '/x' : ''),
      };
      const config = field === 'url' ? { url: evil, baseURL: '' } : { baseURL: evil, url: '/x' };
      await send(config as unknown as AxiosRequestConfig).catch(() => undefined);
      expect(attacker.requests).toHaveLength(0);
    },
  );
});

describe('an answer', () => {
  let server: LoopbackServer;
  let answer: (response: Parameters<Parameters<typeof startLoopbackServer>[0]>[1], sent: string) => void;
  beforeEach(async () => {
    server = await startLoopbackServer((request, response) =>
      answer(response, request.headers.authorization ?? ''),
    );
    closing.push(() => server.close());
    await start(server.url);
  });

  it.each([400, 401, 403, 404, 422, 429, 500, 503])(
    'of %d is printed without the credential that it repeats',
    async (status) => {
      answer = (response, sent) =>
        json(response, status, {
          message: `unknown caller ${sent}`,
          sent,
          base64: Buffer.from(sent).toString('base64'),
        });
      const error = await failure(send({ url: '/x' }));
      expect(findLeaks(error, SECRETS)).toEqual([]);
      expect(error).toMatchObject({
        response: { status, data: { message: 'unknown caller [hidden]' } },
      });
    },
  );

  it('in text is printed without the credential that it repeats', async () => {
    answer = (response, sent) =>
      response.writeHead(500, { 'content-type': 'text/html' }).end(`<p>${sent}</p>`);
    const error = await failure(send({ url: '/x', responseType: 'text' }));
    expect(error).toMatchObject({ response: { data: '<p>[hidden]</p>' } });
  });

  it('is not quoted by the error of a strict parser when it is not JSON', async () => {
    const strict = { responseType: 'json', transitional: { silentJSONParsing: false } } as const;
    for (const at of [0, 3, 8, 14]) {
      answer = (response) => response.writeHead(200).end(`{"x":${OWN.slice(at)}`);
      const error = await failure(send({ url: '/x', ...strict }));
      expect(error).toMatchObject({ isAxiosError: true, code: 'ERR_BAD_RESPONSE' });
      for (let from = 3; from + 6 <= OWN.length; from += 1)
        expect(error.message).not.toContain(OWN.slice(from, from + 6));
      expect(findLeaks(error, SECRETS)).toEqual([]);
    }
  });

  it.each([
    ['at the beginning of a text of more than 1 MiB', (pad: string) => `${OWN.slice(3)} ${pad}`],
    ['at the end of it', (pad: string) => `{"a":"${pad}","b":${OWN.slice(3)}}`],
  ])('is not quoted %s by the error of a strict parser', async (_, text) => {
    const strict = { responseType: 'json', transitional: { silentJSONParsing: false } } as const;
    for (const status of [200, 400]) {
      answer = (response) => response.writeHead(status).end(text('y'.repeat(1_100_000)));
      const error = await failure(send({ url: '/x', ...strict }));
      expect(error.message).not.toContain(OWN.slice(3, 9));
      expect(findLeaks(error, SECRETS)).toEqual([]);
    }
  });

  it('is not quoted by a strict parser where the name of its field has escapes', async () => {
    application = await startApplication({
      providers: {
        kashier: {
          baseUrl: server.url,
          credentials: { apiKey: OWN, secretKey: `${OWN}-secret`, merchantId: 'MID-1-1' },
        },
      },
    });
    closing.push(() => application.close());
    const strict = { responseType: 'json', transitional: { silentJSONParsing: false } } as const;
    for (const status of [200, 400]) {
      answer = (response) => response.writeHead(status).end(`{"\\u0061piKey":${OTHER}}`);
      const asked = firstValueFrom(application.paymentsAuth.http('kashier').get('/x', strict));
      const error = await failure(asked);
      expect(error.message).not.toContain(OTHER.slice(3, 9));
      expect(findLeaks(error, SECRETS)).toEqual([]);
    }
  });

  it('is gone through once when each object repeats a secret, and its objects share one shape', async () => {
    const objects = Array.from({ length: 2_000 }, (_, id) => ({ id, apiKey: OTHER, name: 'a' }));
    answer = (response) => json(response, 200, { objects });
    application = await startApplication({
      providers: {
        kashier: {
          baseUrl: server.url,
          credentials: { apiKey: OWN, secretKey: `${OWN}-secret`, merchantId: 'MID-1-1' },
        },
      },
    });
    closing.push(() => application.close());
    const changes = jest.spyOn(Reflect, 'defineProperty');
    const got = firstValueFrom(
      application.paymentsAuth.http('kashier').get<{ objects: (typeof objects)[number][] }>('/x'),
    );
    const { data } = await got;
    const hidden = changes.mock.calls.filter(([, key]) => key === 'apiKey');
    changes.mockRestore();
    expect(hidden).toHaveLength(objects.length);
    expect(data.objects.map(({ apiKey }) => apiKey)).toEqual(objects.map(({ apiKey }) => apiKey));
    expect(findLeaks(data, SECRETS)).toEqual([]);
    // If each object got a shape of its own, this would take many times as long as parsing the answer.
    setFlagsFromString('--allow-natives-syntax');
    const haveOneShape = runInThisContext('(a, b) => %HaveSameMap(a, b) && %HasFastProperties(a)') as (
      ...objects: object[]
    ) => boolean;
    for (const each of data.objects) expect(haveOneShape(data.objects[0] as object, each)).toBe(true);
  });

  it('is not read to its end when it is longer than 64 MiB', async () => {
    const part = Buffer.alloc(1024 * 1024, 'x');
    answer = (response) => {
      response.on('error', () => undefined);
      response.writeHead(200);
      let parts = 0;
      const write = (): void => {
        while (parts < 80 && !response.destroyed) {
          parts += 1;
          if (!response.write(part)) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    };
    const error = await failure(send({ url: '/x', responseType: 'text' }));
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE', message: expect.stringContaining('67108864') });
  });
});

/** Throws the kind of error that a client throws when it has tried several addresses. */
const gathering = (config: { headers: { Authorization?: unknown } }) => {
  const sent = String(config.headers.Authorization);
  const inner = Object.assign(new Error(`sent ${sent}`), {
    config,
    stack: `Error: ${sent}\n    at ${sent}`,
  });
  return Promise.reject(
    Object.assign(new AggregateError([inner, { message: sent, config }], sent, { cause: inner }), {
      config,
    }),
  );
};

it('an error of an adapter is clean in the errors and the causes that it gathers', async () => {
  await start('http://127.0.0.1:9');
  const error = await failure(send({ url: '/x', adapter: gathering }));
  expect(error).toBeInstanceOf(AggregateError);
  expect((error as unknown as AggregateError).errors).toHaveLength(2);
  expect(findLeaks(error, SECRETS)).toEqual([]);
  expect(findLeaks((error as unknown as AggregateError).errors, SECRETS)).toEqual([]);
});

it('a stream with getHeaders() leads nobody from the visible config to the request', async () => {
  const server = await startLoopbackServer(() => undefined);
  closing.push(() => server.close());
  await start(server.url);
  const data = Object.assign(new Readable({ read: () => undefined }), {
    getHeaders: () => ({ 'x-part': '1' }),
  });
  data.push('a part');
  const error = failure(send({ url: '/x', method: 'POST', data, timeout: 300 }));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(findLeaks(data, SECRETS)).toEqual([]);
  expect(findLeaks(await error, SECRETS)).toEqual([]);
  data.destroy();
});

it.each<[string, () => object]>([
  ['a bigint', () => ({ amount: 1n })],
  [
    'a cycle',
    () => {
      const data: { self?: object } = {};
      data.self = data;
      return data;
    },
  ],
  [
    'a depth that recursion would not survive',
    () => {
      let data: object = {};
      for (let depth = 0; depth < 200_000; depth += 1) data = { data };
      return data;
    },
  ],
  [
    'a method toJSON that throws',
    () => ({
      toJSON: () => {
        throw new Error('no');
      },
    }),
  ],
])('an answer that an adapter has parsed reaches the caller, whatever is in it: %s', async (_, parsed) => {
  await start('http://127.0.0.1:9');
  for (const status of [200, 401]) {
    const adapter = async (config: object) => ({
      data: parsed(),
      status,
      statusText: '',
      headers: {},
      config,
    });
    const answer = await send({ url: '/x', adapter: adapter as never, validateStatus: null });
    expect(answer).toMatchObject({ status });
  }
});
