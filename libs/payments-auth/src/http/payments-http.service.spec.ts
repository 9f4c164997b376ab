import { Agent } from 'node:http';
import { Agent as HttpsAgent, createServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { HttpService } from '@nestjs/axios';
import axiosRetry from 'axios-retry';
import { createCertificate } from '../../../../test/support/certificate.js';
import { fakeProvider } from '../../../../test/support/fake-provider.js';
import { FakeSpenders } from '../../../../test/support/fake-spenders.js';
import { findLeaks } from '../../../../test/support/leak-checker.js';
import { json, startLoopbackServer, type LoopbackServer } from '../../../../test/support/loopback-server.js';
import { applicationAxios } from '../application-axios.js';
import type { HttpSettings } from '../providers/configured-provider.js';
import { ManualClock } from '../testing/manual-clock.js';
import { createPaymentsHttpService } from './payments-http.service.js';

let server: LoopbackServer;
let spenders: FakeSpenders;
let failures = 0;

const create = (http: HttpSettings = {}, url = server.url) =>
  createPaymentsHttpService(fakeProvider(url, { http }), spenders, { clock: new ManualClock() });

beforeAll(async () => {
  server = await startLoopbackServer((_, response) => {
    failures -= 1;
    json(response, failures >= 0 ? 503 : 200, { ok: true });
  });
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  spenders = new FakeSpenders();
  failures = 0;
});

describe('the HttpService of a provider', () => {
  it('is of the class of @nestjs/axios, with the base URL and a timeout', () => {
    const http = create();
    expect(http).toBeInstanceOf(HttpService);
    expect(http.axiosRef.defaults).toMatchObject({ baseURL: server.url, timeout: 30_000 });
    expect(create({ timeout: 5 }).axiosRef.defaults.timeout).toBe(5);
  });

  it('neither inherits from the application’s axios nor changes it', async () => {
    const { defaults, interceptors } = applicationAxios;
    const before = inspect(defaults, { depth: 4 });
    const common = defaults.headers.common as Record<string, unknown>;
    let intercepted = 0;
    const id = interceptors.request.use((config) => ((intercepted += 1), config));
    common['Authorization'] = 'Basic of-the-application';
    common['X-App'] = '1';
    defaults.baseURL = 'http://127.0.0.1:1';
    defaults.params = { app: 1 };
    const transforms = defaults.transformRequest as unknown[];
    transforms.unshift(() => 'changed');
    try {
      await create().axiosRef.post('/x', { a: 1 });
    } finally {
      interceptors.request.eject(id);
      delete common['Authorization'];
      delete common['X-App'];
      delete defaults.baseURL;
      delete defaults.params;
      transforms.shift();
    }
    const [request] = server.requests;
    expect(request).toMatchObject({
      url: '/x',
      headers: { authorization: expect.stringMatching(/^Bearer /) },
    });
    expect(request?.headers['x-app']).toBeUndefined();
    expect(request?.body.toString()).toBe('{"a":1}');
    expect(intercepted).toBe(0);
    expect(inspect(defaults, { depth: 4 })).toBe(before);
  });

  it('applies the provider’s axios settings, headers included', async () => {
    const http = create({ headers: { 'X-Own': '1' }, responseType: 'text' });
    expect((await http.axiosRef.get('/x')).data).toBe('{"ok":true}');
    expect(server.requests[0]?.headers['x-own']).toBe('1');
  });

  it('uses agents that no config shows, and shows none that a request brings', async () => {
    const [provider, own] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
    try {
      const http = create({ httpAgent: provider }).axiosRef;
      const [first, second] = [await http.get('/x'), await http.get('/x', { httpAgent: own })];
      expect(first.config).not.toHaveProperty('httpAgent');
      expect(Object.keys(provider.freeSockets)).toHaveLength(1);
      expect(Object.keys(own.freeSockets)).toHaveLength(1);
      expect(inspect(second.config, { depth: 8, showHidden: true })).not.toMatch(/freeSockets|Socket/);
      await http.request(second.config);
      expect(server.requests).toHaveLength(3);
      expect(Object.values(own.freeSockets)[0]).toHaveLength(1);
    } finally {
      provider.destroy();
      own.destroy();
    }
  });

  it.each(['http', 'fetch'])(
    'serves axios-retry over %s: each attempt is authenticated, and only once',
    async (adapter) => {
      const http = create().axiosRef;
      const configs: unknown[] = [];
      axiosRetry(http, {
        retries: 2,
        onRetry: (_, error, config) => void configs.push(error, { ...config }),
      });
      failures = 2;
      const response = await http.get('/x', { adapter, httpAgent: new Agent() });
      expect(response.status).toBe(200);
      expect(server.requests).toHaveLength(3);
      for (const { headers } of server.requests)
        expect(headers.authorization).toBe(spenders.current?.headers['Authorization']);
      expect(findLeaks([configs, response], [String(spenders.current?.token)])).toEqual([]);
      expect(response.config.adapter).toEqual(adapter);
    },
  );

  it('puts nothing into a config that would authenticate it at another instance', async () => {
    const { config } = await create().axiosRef.get('/x');
    await applicationAxios.request(config);
    expect(server.requests.map(({ headers }) => headers.authorization !== undefined)).toEqual([true, false]);
  });
});

describe('over https', () => {
  let secure: ReturnType<typeof createServer>;
  let pem: string;
  let url: string;
  const seen: string[] = [];

  beforeAll(async () => {
    const { key, cert } = createCertificate();
    pem = cert;
    secure = createServer({ key, cert }, (request, response) => {
      seen.push(String(request.headers.authorization));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(secure.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });
  beforeEach(() => (seen.length = 0));

  it('trusts the given authorities and no others', async () => {
    await expect(create({}, url).axiosRef.get('/x')).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    await create({ ca: pem }, url).axiosRef.get('/x');
    expect(seen).toEqual([spenders.current?.headers['Authorization']]);
  });

  it('shows a proxy only a CONNECT, and shows the proxy in no config', async () => {
    const requests: string[] = [];
    const sockets: Socket[] = [];
    const proxy = createTcpServer((client) => {
      client.once('data', (head) => {
        requests.push(head.toString());
        const upstream = connect((secure.address() as AddressInfo).port, '127.0.0.1', () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(client).pipe(upstream);
        });
        sockets.push(client, upstream);
        for (const socket of [client, upstream]) socket.on('error', () => undefined);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = proxy.address() as AddressInfo;
      const auth = { username: 'u', password: 'proxy-password-not-real' };
      const httpsAgent = new HttpsAgent({ ca: pem });
      const http = create({ httpsAgent, proxy: { host: '127.0.0.1', port, auth } }, url).axiosRef;
      const response = await http.get('/x');
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatch(/^CONNECT localhost:\d+ HTTP/);
      expect(requests[0]).not.toContain(spenders.current?.token);
      expect(seen).toEqual([spenders.current?.headers['Authorization']]);
      expect(findLeaks(response, [auth.password, String(spenders.current?.token)])).toEqual([]);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    }
  });
});
