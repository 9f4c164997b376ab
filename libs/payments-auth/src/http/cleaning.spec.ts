import { Agent } from 'node:http';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { inspect, types } from 'node:util';
import type { AxiosError, AxiosRequestConfig, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import FormDataFromNpm from 'form-data';
import { acmeDefinition, fakeProvider } from '../../../../test/support/fake-provider.js';
import { FakeSpenders, fakeCredential, randomSecret } from '../../../../test/support/fake-spenders.js';
import { findLeaks } from '../../../../test/support/leak-checker.js';
import {
  json,
  startLoopbackServer,
  type LoopbackServer,
  type ReceivedRequest,
} from '../../../../test/support/loopback-server.js';
import { applicationAxios } from '../application-axios.js';
import { systemClock } from '../payments-auth.clock.js';
import { createPaymentsHttpService } from './payments-http.service.js';

const token = randomSecret();
const apiKey = randomSecret();
const echoed = randomSecret();
const secrets = [token, apiKey, echoed];
const definition = {
  ...acmeDefinition,
  secretResponseFields: ['apiKey'],
  sign: () => ({ headers: { 'api-key': apiKey } }),
};

let server: LoopbackServer;
let answer: (response: ServerResponse, request: ReceivedRequest) => void;
let spenders: FakeSpenders;

beforeAll(async () => {
  server = await startLoopbackServer((request, response) => answer(response, request));
});
afterAll(() => server.close());
beforeEach(() => {
  spenders = new FakeSpenders();
  spenders.current = fakeCredential(token);
  spenders.replacing = () => Promise.resolve(undefined);
});

function send(config: AxiosRequestConfig, url = server.url): Promise<AxiosResponse> {
  const provider = fakeProvider(url, { definition });
  return createPaymentsHttpService(provider, spenders, { clock: systemClock }).axiosRef.request({
    url: '/pay',
    ...config,
  });
}

/** Sends a call, and returns its answer or its error. */
const outcome = (config: AxiosRequestConfig, url?: string) =>
  send(config, url).catch((error: unknown) => error as AxiosError);

const hang = () => undefined;
const failing = () => Promise.reject(new Error(`cannot send Bearer ${token}`, { cause: new Error(apiKey) }));
/** Fails with an answer, and with an error text of the adapter's own that quotes the credential. */
const failingWith = (what: 'error' | 'errors') => async (config: InternalAxiosRequestConfig) => {
  const response = { status: 500, statusText: '', data: '{}', headers: {}, config };
  const quoted = `refused ${String(config.headers.get('Authorization'))}`;
  const status = 'Request failed with status code 500';
  throw what === 'error'
    ? new applicationAxios.AxiosError(quoted, 'ERR', config, undefined, response as AxiosResponse)
    : Object.assign(new AggregateError([new Error(quoted)], status), { config, response });
};
const abortedSoon = () => {
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(), 30);
  return aborting.signal;
};

const paths: [string, typeof answer, () => AxiosRequestConfig][] = [
  ['a success', (response) => json(response, 200, { id: 1 }), () => ({})],
  [
    'a success that repeats a secret',
    (response) => json(response, 200, { a: [{ apiKey: echoed }] }),
    () => ({}),
  ],
  [
    'a text that repeats a secret',
    (response) => json(response, 200, { apiKey: echoed }),
    () => ({ responseType: 'text' }),
  ],
  ['a 400 that repeats a secret', (response) => json(response, 400, { apiKey: echoed }), () => ({})],
  [
    'a status line that repeats the credential',
    (response, { headers }) => {
      response.statusMessage = `no ${headers.authorization}`;
      response.writeHead(500).end('{}');
    },
    () => ({}),
  ],
  [
    'an adapter whose error quotes the credential beside an answer',
    hang,
    () => ({ adapter: failingWith('error') }),
  ],
  [
    'an adapter whose errors quote the credential beside an answer',
    hang,
    () => ({ adapter: failingWith('errors') }),
  ],
  ['a 404', (response) => json(response, 404, {}), () => ({})],
  ['a 503', (response) => response.writeHead(503).end(), () => ({})],
  ['a refusal', (response) => json(response, 401, { code: 'bad_token' }), () => ({})],
  ['a redirect', (response) => response.writeHead(302, { location: '/' }).end(), () => ({})],
  ['a timeout', hang, () => ({ timeout: 30 })],
  ['a reset', (response) => response.destroy(), () => ({})],
  [
    'a reset in the body',
    (response) => {
      response.writeHead(200, { 'content-length': '9' }).write('{');
      setTimeout(() => response.destroy(), 10);
    },
    () => ({}),
  ],
  ['an abort', hang, () => ({ signal: abortedSoon() })],
  [
    'an answer that is too long',
    (response) => response.end('x'.repeat(2_000)),
    () => ({ maxContentLength: 10 }),
  ],
  ['a body that is too long', hang, () => ({ method: 'post', data: 'x'.repeat(2_000), maxBodyLength: 10 })],
  ['JSON that is broken', (response) => response.end('{"a":'), () => ({ responseType: 'json' })],
  [
    'an upload that is refused in mid-stream',
    (response) => json(response, 401, {}),
    () => ({ method: 'post', data: Readable.from(['a', 'b']) }),
  ],
  [
    'an upload that fails',
    hang,
    () => ({
      method: 'post',
      data: new Readable({
        read() {
          this.destroy(new Error('disk'));
        },
      }),
    }),
  ],
  [
    'an upload that is aborted',
    hang,
    () => ({ method: 'post', data: new PassThrough(), signal: abortedSoon() }),
  ],
  [
    'an upload in flight with progress',
    hang,
    () => ({ method: 'post', data: new PassThrough(), timeout: 30, onUploadProgress: () => undefined }),
  ],
  [
    'a form',
    (response) => json(response, 500, {}),
    () => {
      const data = new FormDataFromNpm();
      data.append('a', '1');
      return { method: 'post', data, maxBodyLength: 1_000 };
    },
  ],
  ['an agent of the caller’s', (response) => json(response, 500, {}), () => ({ httpAgent: new Agent() })],
];

describe.each(['http', 'fetch'])('through the %s adapter, nothing secret is left on', (adapter) => {
  it.each(paths)('%s', async (_, answering, config) => {
    answer = answering;
    const result = await outcome({ adapter, ...config() });
    expect(findLeaks(result, secrets)).toEqual([]);
  });

  it('a connection that is refused', async () => {
    const closed = await startLoopbackServer(() => undefined);
    await closed.close();
    const error = (await outcome({ adapter }, closed.url)) as AxiosError;
    expect(findLeaks(error, secrets)).toEqual([]);
    expect(inspect(error)).toContain('ECONNREFUSED');
  });

  it('an answer that is not HTTP', async () => {
    const raw = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.end(`HTTP/1.1 200 OK\r\nBad Header ${echoed}\r\n\r\n`);
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const error = await outcome({ adapter }, `http://127.0.0.1:${(raw.address() as AddressInfo).port}`);
    await new Promise((resolve) => raw.close(resolve));
    expect(types.isNativeError(error)).toBe(true);
    expect(findLeaks(error, secrets)).toEqual([]);
  });

  it('a stream, while it flows, when it is read, and when it breaks', async () => {
    let going: ServerResponse | undefined;
    answer = (response) => {
      going = response;
      response.writeHead(200).write('first,');
    };
    const response = await send({ adapter, responseType: 'stream' });
    expect(findLeaks(response, secrets)).toEqual([]);
    const chunks: string[] = [];
    const leaks: string[] = [];
    const broken = await (async () => {
      for await (const chunk of response.data as AsyncIterable<Uint8Array>) {
        chunks.push(Buffer.from(chunk).toString());
        leaks.push(...findLeaks(response, secrets));
        going?.destroy();
      }
    })().catch((error: unknown) => error);
    expect(chunks.join('')).toBe('first,');
    expect(leaks).toEqual([]);
    expect(types.isNativeError(broken)).toBe(true);
    expect(findLeaks([broken, response], secrets)).toEqual([]);
  });

  it('a stream that is longer than the caller allows', async () => {
    answer = (response) => void response.writeHead(200).end('x'.repeat(5_000));
    const response = await send({ adapter, responseType: 'stream', maxContentLength: 10 }).catch(
      (error: unknown) => error as AxiosResponse,
    );
    const error = await (async () => {
      for await (const _ of (response.data ?? []) as AsyncIterable<Uint8Array>) continue;
    })().catch((reason: unknown) => reason);
    expect(findLeaks([response, error], secrets)).toEqual([]);
  });

  it('an adapter’s own error text', async () => {
    const error = (await outcome({ adapter: failing })) as Error;
    expect(findLeaks(error, secrets)).toEqual([]);
    expect(String(error)).toBe('Error: cannot send Bearer [hidden]');
  });
});

it('an upload does not lead from the caller’s stream to the request while it is under way', async () => {
  answer = (response) => json(response, 200, {});
  const data = new PassThrough();
  const sending = send({ method: 'post', data });
  data.write('first,');
  while (data.readableLength > 0) await new Promise(setImmediate);
  expect(findLeaks(data, secrets)).toEqual([]);
  data.end('last');
  expect(findLeaks(await sending, secrets)).toEqual([]);
  expect(server.requests.at(-1)?.body.toString()).toBe('first,last');
});

describe('what is left', () => {
  it('is the error that axios gives', async () => {
    answer = (response) => json(response, 422, { field: 'amount' }, { 'x-request-id': 'r-1' });
    const error = (await outcome({ params: { a: 1 } })) as AxiosError;
    expect(applicationAxios.isAxiosError(error)).toBe(true);
    expect(error).toBeInstanceOf(applicationAxios.AxiosError);
    expect(error).toMatchObject({
      code: 'ERR_BAD_REQUEST',
      status: 422,
      response: { status: 422, data: { field: 'amount' } },
      config: { url: '/pay', params: { a: 1 } },
    });
    expect(error.response?.headers['x-request-id']).toBe('r-1');
    expect(error.toJSON()).toMatchObject({ status: 422 });
  });

  it('is a cause with what an operator needs', async () => {
    answer = (response) => response.destroy();
    const error = (await outcome({})) as AxiosError;
    expect(error).toMatchObject({ code: 'ECONNRESET', cause: { code: 'ECONNRESET' } });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each(['http', 'fetch'])('is a stand-in for the request, through the %s adapter', async (adapter) => {
    answer = (response) => json(response, 200, {});
    const { request } = await send({ adapter, method: 'post', params: { a: 1 } });
    expect(request).toEqual({
      method: 'POST',
      protocol: 'http:',
      host: '127.0.0.1',
      path: '/pay?a=1',
      res: { responseUrl: `${server.url}/pay?a=1` },
    });
  });

  it('is a secret field that can be read by name', async () => {
    answer = (response) => json(response, 200, { apiKey: echoed, id: 1 });
    const { data } = await send({});
    expect(data.apiKey).toBe(echoed);
    expect(JSON.stringify(data)).toBe('{"id":1}');
  });
});
