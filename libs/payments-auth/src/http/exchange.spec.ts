import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import type { HttpService } from '@nestjs/axios';
import type { AxiosError, AxiosHeaders, AxiosRequestConfig, AxiosResponse } from 'axios';
import FormDataFromNpm from 'form-data';
import { firstValueFrom } from 'rxjs';
import { acmeDefinition, fakeProvider } from '../../../../test/support/fake-provider.js';
import { FakeSpenders, fakeCredential, randomSecret } from '../../../../test/support/fake-spenders.js';
import {
  json,
  startLoopbackServer,
  type LoopbackServer,
  type ReceivedRequest,
} from '../../../../test/support/loopback-server.js';
import { findLeaks } from '../../../../test/support/leak-checker.js';
import { applicationAxios } from '../application-axios.js';
import type { Credential } from '../credentials/credential.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { ManualClock } from '../testing/manual-clock.js';
import type { Attempt } from '../providers/signed-attempt.js';
import { LOGIN_STRATEGY } from '../../../../test/support/credential-bed.js';
import type { ExchangeEnvironment } from './attempt.js';
import { createPaymentsHttpService } from './payments-http.service.js';

const answerFrozen = async () => Object.freeze({ status: 200, data: '{"ok":true}', headers: {} }) as any;
const BAD_TOKEN = { code: 'bad_token' };
const STATIC_KEY = 'x-api-key';

let server: LoopbackServer;
let spenders: FakeSpenders;
let clock: ManualClock;
/** How the server answers. By default it accepts the current credential. */
let answer: (request: ReceivedRequest, response: ServerResponse) => void;

const carries = (request: ReceivedRequest, credential: Credential | undefined) =>
  request.headers.authorization === credential?.headers['Authorization'];

function refuseFirst(response: ServerResponse, refuse: () => void): void {
  if (server.requests.length === 1) refuse();
  else json(response, 200, { ok: true });
}

function create(
  parts: Parameters<typeof fakeProvider>[1] = {},
  environment: Partial<ExchangeEnvironment> = {},
): HttpService {
  return createPaymentsHttpService(fakeProvider(server.url, parts), spenders, { clock, ...environment });
}

/** A provider whose credential is a header that never changes. */
function createWithStaticKey(): HttpService {
  const key = randomSecret();
  spenders.current = fakeCredential(key, { [STATIC_KEY]: key });
  return create({ definition: { ...acmeDefinition, headers: () => ({ [STATIC_KEY]: key }) } });
}

const send = (config: AxiosRequestConfig, http = create()) => http.axiosRef.request(config);

const ignore = () => undefined;

function form(): FormData {
  const data = new FormData();
  data.append('a', '1');
  data.append('file', new Blob(['content']), 'f.txt');
  return data;
}

function npmForm(): FormDataFromNpm {
  const data = new FormDataFromNpm();
  data.append('a', '1');
  return data;
}

const scope = () => ({ required: ['write'], held: ['read'] });

const refusedByAccident = () => {
  throw new TypeError('no body');
};

/** A server that gives these answers, in order. */
class TellingSpenders extends FakeSpenders {
  constructor(
    private readonly name: string,
    private readonly told: string[],
  ) {
    super();
  }

  override answered(...given: Parameters<FakeSpenders['answered']>): void {
    this.told.push(`${this.name} answered`);
    super.answered(...given);
  }

  override replace(...given: Parameters<FakeSpenders['replace']>): Promise<Credential | undefined> {
    this.told.push(`${this.name} replaces`);
    return super.replace(...given);
  }
}

/** The headers of a config that show a credential. */
const credentialIn = (config: AxiosRequestConfig | undefined) =>
  ['authorization', STATIC_KEY].filter((name) => (config?.headers as AxiosHeaders | undefined)?.has(name));

/** The parts of an answer or an error that a caller can compare. */
const madeOf = (call: Promise<AxiosResponse>) =>
  call.then(
    ({ status, data, headers }) => ({ status, data, headers }),
    (error: AxiosError) => ({ code: error.code, message: error.message, status: error.response?.status }),
  );

async function failure(promise: Promise<unknown>): Promise<AxiosError<any>> {
  try {
    await promise;
  } catch (error) {
    return error as AxiosError;
  }
  throw new Error('the call succeeded');
}

beforeAll(async () => {
  server = await startLoopbackServer((request, response) => answer(request, response));
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
  spenders = new FakeSpenders();
  clock = new ManualClock();
  answer = (request, response) =>
    carries(request, spenders.current)
      ? json(response, 200, { ok: true }, { 'x-ratelimit-remaining': '7' })
      : json(response, 401, BAD_TOKEN);
});

describe('a call with a credential', () => {
  it('carries it, in place of whatever the caller had set, in any spelling', async () => {
    const response = await send({
      url: '/x',
      headers: { Authorization: 'Bearer mine', authorization: 'Bearer also-mine', 'X-Own': 'kept' },
    });
    expect(response.data).toEqual({ ok: true });
    const [{ rawHeaders, headers }] = server.requests as [ReceivedRequest];
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'authorization')).toHaveLength(1);
    expect(headers).toMatchObject({
      authorization: spenders.current?.headers['Authorization'],
      'x-own': 'kept',
    });
    expect(JSON.stringify(response.config.headers)).not.toMatch(/mine/);
    expect(response.paymentsAuth).toEqual({ attempts: 1, replayed: false });
  });

  it('carries the headers that sign returns for its method, host and path', async () => {
    const http = create({
      definition: {
        ...acmeDefinition,
        sign: ({ method, namedHost, path }) =>
          `${method} ${namedHost} ${path}` === 'POST api /sessions'
            ? { headers: { 'api-key': 'of-the-call' } }
            : {},
      },
    });
    await send({ url: '/sessions?a=1', method: 'post', headers: { 'Api-Key': 'mine' } }, http);
    await send({ url: '/sessions' }, http);
    await send({ url: '/other', method: 'post' }, http);
    expect(server.requests.map(({ headers }) => headers['api-key'])).toEqual([
      'of-the-call',
      undefined,
      undefined,
    ]);
  });

  it('names its account and scopes to the keeper of the credentials', async () => {
    await send({ url: '/x', paymentsAuth: { account: 'm-1', scopes: ['read'] } });
    expect(spenders.asked).toEqual([{ account: 'm-1', scopes: ['read'] }]);
  });

  it('passes on what the answer says about limits', async () => {
    await send({ url: '/x' });
    expect(spenders.answers[0]?.headers?.['x-ratelimit-remaining']).toBe('7');
  });

  it.each([
    ['an absolute URL', { url: 'http://127.0.0.1:1/x' }],
    ['another base URL', { url: '/x', baseURL: 'http://127.0.0.1:1' }],
    ['`auth`', { url: '/x', auth: { username: 'u', password: 'p' } }],
  ])('is not sent elsewhere by %s, and nobody logs in for it', async (_, config) => {
    spenders.current = undefined;
    await expect(send(config)).rejects.toMatchObject({ code: 'INSECURE_DESTINATION' });
    expect(server.requests).toEqual([]);
    expect(spenders.waits).toBe(0);
  });

  it('is checked after every interceptor, those included that run after ours', async () => {
    const http = create();
    const { defaults, interceptors } = http.axiosRef;
    defaults.transitional = { ...defaults.transitional, legacyInterceptorReqResOrdering: false };
    interceptors.request.use((config) => ({ ...config, url: 'http://127.0.0.1:1/' }) as typeof config);
    await expect(send({ url: '/x' }, http)).rejects.toMatchObject({ code: 'INSECURE_DESTINATION' });
  });

  it.each(['http', 'fetch'])('gets a redirect as it is, through the %s adapter', async (adapter) => {
    for (const status of [301, 302, 303, 307, 308]) {
      answer = (_, response) => response.writeHead(status, { location: `${server.url}/elsewhere` }).end();
      const error = await failure(send({ url: '/x', adapter, maxRedirects: 5 }));
      expect(error.response?.status).toBe(status);
    }
    expect(server.to('/elsewhere')).toEqual([]);
  });
});

describe('an attempt that is never sent', () => {
  it.each<[string, AxiosRequestConfig, string]>([
    [
      'goes to a host that is none of the provider’s',
      { url: 'https://elsewhere.test/x' },
      'INSECURE_DESTINATION',
    ],
    ['cannot be signed', { url: '/x' }, 'SIGNING_FAILED'],
  ])('is reported when it %s, so that another call may try a key on trial', async (_, config, code) => {
    spenders.onTrial = fakeCredential();
    const sign = refusedByAccident;
    const http = create({ definition: { ...acmeDefinition, ...(code === 'SIGNING_FAILED' && { sign }) } });
    expect(await failure(send(config, http))).toMatchObject({ code });
    expect(server.requests).toEqual([]);
    const kind = code === 'SIGNING_FAILED' ? 'not-signed' : 'not-sent';
    expect(spenders.answers).toEqual([
      {
        credential: spenders.onTrial,
        before: [],
        isUnsent: true,
        failure: { kind, code, host: expect.any(String), reason: expect.any(String) },
      },
    ]);
  });
});

describe('a call without a credential', () => {
  beforeEach(() => (spenders.current = undefined));

  it('waits for one', async () => {
    await send({ url: '/x' });
    expect(spenders.waits).toBe(1);
    expect(carries(server.requests[0] as ReceivedRequest, spenders.current)).toBe(true);
  });

  it('is not sent when no credential can be had', async () => {
    spenders.obtaining = () =>
      Promise.reject(new PaymentsAuthError('CREDENTIALS_UNAVAILABLE', 'down', { retryAfterMs: 5 }));
    await expect(send({ url: '/x' })).rejects.toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryAfterMs: 5,
    });
    expect(server.requests).toEqual([]);
  });

  it('waits no longer than its timeout', async () => {
    spenders.obtaining = () => new Promise(() => undefined);
    const failed = failure(send({ url: '/x', timeout: 500 }));
    while (clock.pendingTimers === 0) await new Promise(setImmediate);
    await clock.advance(500);
    expect(await failed).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 500ms exceeded' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('has the rest of its timeout for the request, and its error names the whole timeout', async () => {
    answer = () => undefined;
    spenders.obtaining = async () => {
      await clock.advance(59_950);
      return fakeCredential();
    };
    const error = await failure(send({ url: '/x', timeout: 60_000 }));
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 60000ms exceeded' });
  });

  it('stops waiting when it is aborted, and the other calls wait on', async () => {
    let arrive: (credential: Credential) => void = ignore;
    const shared = new Promise<Credential>((resolve) => (arrive = resolve));
    spenders.obtaining = () => shared;
    const aborting = new AbortController();
    const aborted = failure(send({ url: '/a', signal: aborting.signal }));
    const patient = send({ url: '/b' });
    while (spenders.waits < 2) await new Promise(setImmediate);
    aborting.abort();
    expect(await aborted).toMatchObject({ code: 'ERR_CANCELED' });
    arrive((spenders.current = fakeCredential()));
    expect((await patient).status).toBe(200);
    expect(server.requests.map(({ url }) => url)).toEqual(['/b']);
  });

  it('stops waiting when its Observable is unsubscribed', async () => {
    let arrive: (credential: Credential) => void = ignore;
    spenders.obtaining = () => new Promise((resolve) => (arrive = resolve));
    const subscription = create().get('/x').subscribe();
    while (spenders.waits === 0) await new Promise(setImmediate);
    subscription.unsubscribe();
    arrive(fakeCredential());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.requests).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a refused call', () => {
  it('is sent once more with another credential, and its answer says so', async () => {
    const refused = spenders.current as Credential;
    answer = (request, response) =>
      carries(request, refused) ? json(response, 401, BAD_TOKEN) : json(response, 200, { ok: true });
    const body = { amount: '10.00' };
    const response = await firstValueFrom(
      create().post('/pay', body, { params: { a: 1 }, headers: { 'Idempotency-Key': 'k-1' } }),
    );
    expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    const [first, second] = server.requests as [ReceivedRequest, ReceivedRequest];
    const { authorization: before, ...others } = first.headers;
    const { authorization: after, ...same } = second.headers;
    expect(after).not.toBe(before);
    expect(same).toEqual(others);
    expect(second).toMatchObject({ method: 'POST', url: '/pay?a=1', body: first.body });
    expect(spenders.refusals).toMatchObject([{ refused, status: 401, own: true, replayable: true }]);
    expect(spenders.answers).toMatchObject([
      { credential: refused, before: [], status: 401, refused: { own: true } },
      { credential: spenders.current, before: [{ credential: refused, status: 401 }], status: 200 },
    ]);
    expect(spenders.answers[1]?.refused).toBeUndefined();
  });

  it('asks the current account for another credential, after its refusal was reported', async () => {
    const told: string[] = [];
    // The account is dropped while the call is under way. So the registry returns another object for it afterwards.
    const [first, second] = [new TellingSpenders('first', told), new TellingSpenders('second', told)];
    let asked = 0;
    spenders.spender = () => ((asked += 1) === 1 ? first : second);
    answer = (request, response) =>
      carries(request, second.current) ? json(response, 200, {}) : json(response, 401, BAD_TOKEN);
    expect((await send({ url: '/x' })).paymentsAuth).toMatchObject({ attempts: 2 });
    expect(told).toEqual(['first answered', 'second replaces', 'second answered']);
  });

  it('tells its keeper when each attempt was sent, and not when the call began', async () => {
    const first = fakeCredential();
    spenders.current = undefined;
    spenders.obtaining = async () => {
      await clock.advance(400);
      return first;
    };
    spenders.replacing = async () => {
      await clock.advance(300);
      return (spenders.current = fakeCredential());
    };
    const beganAtMs = clock.monotonic();
    await send({ url: '/x' });
    expect(spenders.answers.map(({ sentAtMs = NaN }) => sentAtMs - beganAtMs)).toEqual([400, 700]);
  });

  it('tells its keeper when it was sent also where sign took its time', async () => {
    const sign = async () => {
      await clock.advance(250);
      return { headers: { 'x-signed': 'yes' } };
    };
    const beganAtMs = clock.monotonic();
    await send({ url: '/x' }, create({ definition: { ...acmeDefinition, sign } }));
    expect(spenders.answers.map(({ sentAtMs = NaN }) => sentAtMs - beganAtMs)).toEqual([250]);
  });

  it('is sent as often as there is another credential, and the last refusal is the caller’s', async () => {
    spenders.replacing = () => Promise.resolve(spenders.refusals.length < 3 ? fakeCredential() : undefined);
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    const error = await failure(send({ url: '/x' }));
    expect(applicationAxios.isAxiosError(error)).toBe(true);
    expect(error.response).toMatchObject({
      status: 401,
      data: BAD_TOKEN,
      paymentsAuth: { attempts: 3, replayed: true, firstStatus: 401 },
    });
    expect(server.requests).toHaveLength(3);
    expect(spenders.refusals.map(({ attempts }) => attempts?.length)).toEqual([3, 3, 3]);
    expect(spenders.answers.map(({ before }) => before?.length)).toEqual([0, 1, 2]);
  });

  it('shows no credential of an earlier attempt, where the last answer repeats it', async () => {
    const refused = String(spenders.current?.headers['Authorization']);
    const bodies = [BAD_TOKEN, { message: `the token ${refused} was sent before` }];
    answer = (_, response) =>
      json(response, server.requests.length === 1 ? 401 : 422, bodies[server.requests.length - 1]);
    const error = await failure(send({ url: '/x' }));
    expect(error.response?.status).toBe(422);
    expect(server.requests).toHaveLength(2);
    expect(findLeaks(error, [refused.replace('Bearer ', '')])).toEqual([]);
    expect(error.response?.data.message).toContain('was sent before');
  });

  it('has an error that says that it was sent again, when the second attempt got no answer', async () => {
    answer = (_, response) =>
      server.requests.length === 1 ? json(response, 401, BAD_TOKEN) : void response.destroy();
    const error = await failure(send({ url: '/pay', method: 'post', data: {} }));
    expect(error).toMatchObject({
      code: 'ECONNRESET',
      paymentsAuth: { attempts: 2, replayed: true, firstStatus: 401 },
    });
    expect(error.response).toBeUndefined();
    expect(spenders.answers[1]).toMatchObject({ credential: spenders.current, before: [{ status: 401 }] });
    expect(spenders.answers[1]?.status).toBeUndefined();
    expect(spenders.answers[1]?.sentAtMs).toBeDefined();
    expect(await failure(send({ url: '/pay' }))).toMatchObject({
      paymentsAuth: { attempts: 1, replayed: false },
    });
  });

  it('is not sent again when there is no other credential', async () => {
    spenders.replacing = () => Promise.resolve(undefined);
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    const error = await failure(send({ url: '/x' }));
    expect(error.response).toMatchObject({ data: BAD_TOKEN, paymentsAuth: { attempts: 1, replayed: false } });
    expect(server.requests).toHaveLength(1);
  });

  it('ends with its refusal when its time runs out before there is another credential', async () => {
    const asked: true[] = [];
    spenders.replacing = () => {
      asked.push(true);
      return new Promise(() => undefined);
    };
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    const failed = failure(send({ url: '/x', timeout: 5_000 }));
    while (asked.length === 0 || clock.pendingTimers === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(5_000);
    expect((await failed).response?.status).toBe(401);
  });

  it('ends when it is aborted while it waits for another credential', async () => {
    const aborting = new AbortController();
    spenders.replacing = () => {
      setImmediate(() => aborting.abort());
      return new Promise(() => undefined);
    };
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    expect(await failure(send({ url: '/x', signal: aborting.signal }))).toMatchObject({
      code: 'ERR_CANCELED',
    });
  });

  it('has its length counted again, also where the caller had set it', async () => {
    answer = (_, response) => refuseFirst(response, () => json(response, 401, BAD_TOKEN));
    const http = applicationAxios.getAdapter('http');
    const lengths: unknown[] = [];
    const adapter = (config: any) => (lengths.push(config.headers.get('content-length')), http(config));
    await send({ url: '/x', method: 'post', data: 'ünï', headers: { 'Content-Length': '5' }, adapter });
    expect(lengths).toEqual(['5', undefined]);
    expect(server.requests.map(({ headers }) => headers['content-length'])).toEqual(['5', '5']);
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['ünï', 'ünï']);
  });

  describe('in each kind of body', () => {
    it.each<[string, number, () => unknown]>([
      ['an object', 2, () => ({ a: 1 })],
      ['a string', 2, () => 'a=1'],
      ['a Buffer', 2, () => Buffer.from([0, 255, 10])],
      ['an ArrayBuffer', 2, () => new Uint8Array([0, 255]).buffer],
      ['URLSearchParams', 2, () => new URLSearchParams({ a: '1' })],
      ['a native FormData', 2, form],
      ['a Blob', 2, () => new Blob(['blob'])],
      ['nothing', 2, () => undefined],
      ['a Readable', 1, () => Readable.from(['a', 'b'])],
      ['npm form-data', 1, npmForm],
    ])('%s is sent %i times', async (_, times, data) => {
      answer = (_request, response) => json(response, 401, BAD_TOKEN);
      await failure(send({ url: '/x', method: 'post', data: data() }));
      const bodies = server.requests.map(({ body }) =>
        body.toString().replace(/axios-[\w.-]+/g, '<boundary>'),
      );
      expect(bodies).toHaveLength(times);
      expect(new Set(bodies).size).toBe(1);
      expect(spenders.refusals).toHaveLength(times);
    });

    it('an object that postForm serialises is sent once', async () => {
      answer = (_, response) => json(response, 401, BAD_TOKEN);
      await failure(create().axiosRef.postForm('/x', { a: 1 }));
      expect(server.requests).toHaveLength(1);
    });

    it('a form that is a Readable is sent with its own headers, and leads to no request', async () => {
      const data = Object.assign(Readable.from(['a=1']), {
        getHeaders: () => ({ 'Content-Type': 'multipart/form-data; boundary=b' }),
        append: ignore,
        [Symbol.toStringTag]: 'FormData',
      });
      let leadsTo: unknown;
      answer = (_, response) => {
        leadsTo = inspect(data, { depth: 9 });
        json(response, 200, {});
      };
      const { headers } = await send({ url: '/x', method: 'post', data }).then(
        () => server.requests[0] as ReceivedRequest,
      );
      expect(headers['content-type']).toBe('multipart/form-data; boundary=b');
      expect(findLeaks(leadsTo, [spenders.current?.token ?? 'none'])).toEqual([]);
      expect(server.requests[0]?.body.toString()).toBe('a=1');
    });

    it('a web stream is sent once', async () => {
      answer = (_, response) => json(response, 401, BAD_TOKEN);
      const data = new Blob(['stream']).stream();
      await failure(send({ url: '/x', method: 'post', data, adapter: 'fetch' }));
      expect(server.requests.map(({ body }) => body.toString())).toEqual(['stream']);
    });
  });

  it.each<[string, number, AxiosRequestConfig, ConfiguredProvider['replay']]>([
    ['POST', 2, {}, 'always'],
    ['POST', 1, {}, 'safe-methods'],
    ['GET', 2, {}, 'safe-methods'],
    ['OPTIONS', 2, {}, 'safe-methods'],
    ['GET', 1, {}, 'never'],
    ['POST', 1, { paymentsAuth: { replay: 'never' } }, 'always'],
    ['POST', 2, { paymentsAuth: { replay: 'always' } }, 'never'],
  ])('%s is sent %i times with %j where the provider says %s', async (method, times, config, replay) => {
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    await failure(send({ url: '/x', method, ...config }, create({ replay })));
    expect(server.requests).toHaveLength(times);
    expect(spenders.refusals).toHaveLength(times);
  });

  it.each<[string, string, number, string, number, number]>([
    ['a bare 401', 'GET', 401, '', 2, 2],
    ['a bare 401', 'HEAD', 401, '', 2, 2],
    ['a bare 401', 'POST', 401, '', 1, 1],
    ['a firewall’s 403', 'GET', 403, '<html>blocked</html>', 2, 2],
    ['a firewall’s 403', 'DELETE', 403, '<html>blocked</html>', 1, 1],
    ['a 401 in words not known', 'POST', 401, '{"oops":1}', 1, 1],
    ['a 403 about something else', 'GET', 403, '{"code":"limit"}', 1, 0],
    ['a 500', 'GET', 500, '', 1, 0],
  ])('on %s: %s', async (_, method, status, body, times, told) => {
    answer = (_request, response) => response.writeHead(status).end(body);
    await failure(send({ url: '/x', method }));
    expect(server.requests).toHaveLength(times);
    expect(spenders.refusals).toHaveLength(told);
    for (const { own } of spenders.refusals) expect(own).toBe(false);
  });

  it('is recognised at any status, and on a success where the provider refuses so', async () => {
    const definition = { ...acmeDefinition, refusal: { ...acmeDefinition.refusal, alsoOnSuccess: true } };
    for (const status of [200, 400, 403, 404, 500]) {
      server.requests.length = 0;
      answer = (_, response) => refuseFirst(response, () => json(response, status, BAD_TOKEN));
      const response = await send({ url: '/x', method: 'post' }, create({ definition }));
      expect(response).toMatchObject({ data: { ok: true }, paymentsAuth: { firstStatus: status } });
    }
    answer = (_, response) => json(response, 200, BAD_TOKEN);
    server.requests.length = 0;
    expect((await send({ url: '/x' })).data).toEqual(BAD_TOKEN);
    expect(server.requests).toHaveLength(1);
  });

  it('is passed on with the reason when a scope is missing', async () => {
    const definition = { ...acmeDefinition, refusal: { ...acmeDefinition.refusal, scope } };
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    const error = await failure(send({ url: '/x' }, create({ definition })));
    expect(error.response?.paymentsAuth).toEqual({
      attempts: 1,
      replayed: false,
      reason: 'scope',
      required: ['write'],
      held: ['read'],
    });
    expect(spenders.refusals).toEqual([]);
  });

  it('is passed on when no credential helps', async () => {
    const definition = { ...acmeDefinition, refusal: { ...acmeDefinition.refusal, incurable: () => true } };
    answer = (_, response) => json(response, 401, BAD_TOKEN);
    await failure(send({ url: '/x' }, create({ definition })));
    expect(server.requests).toHaveLength(1);
    expect(spenders.refusals).toEqual([]);
  });

  it('is looked for in a stream for no longer than the call has time', async () => {
    answer = (_, response) => void response.writeHead(401, { 'content-type': 'application/json' }).write('{');
    const failed = failure(send({ url: '/x', method: 'post', responseType: 'stream', timeout: 300 }));
    // One timer is for the timeout of the call, and the other one for reading the beginning of its stream.
    while (clock.pendingTimers < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(300);
    const { response } = await failed;
    expect(response?.status).toBe(401);
    response?.data.destroy();
  });

  it('is judged by its status when the predicate of the definition throws', async () => {
    answer = (_, response) => refuseFirst(response, () => response.writeHead(401).end());
    const http = create({ definition: { ...acmeDefinition, refusal: { refused: refusedByAccident } } });
    expect((await send({ url: '/x' }, http)).paymentsAuth).toEqual({
      attempts: 2,
      replayed: true,
      firstStatus: 401,
    });
  });

  it.each<[string, AxiosRequestConfig]>([
    ['http', { responseType: 'json' }],
    ['http', { responseType: 'text' }],
    ['http', { responseType: 'arraybuffer' }],
    ['http', { responseType: 'stream' }],
    ['fetch', { responseType: 'json' }],
    ['fetch', { responseType: 'arraybuffer' }],
    ['fetch', { responseType: 'blob' }],
    ['fetch', { responseType: 'stream' }],
  ])('is recognised through the %s adapter in %j', async (adapter, config) => {
    answer = (_, response) => refuseFirst(response, () => json(response, 400, BAD_TOKEN));
    const response = await send({ url: '/x', method: 'post', adapter, ...config });
    expect(response.paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 400 });
    expect(server.requests).toHaveLength(2);
  });
});

describe('the rest of axios', () => {
  it('runs interceptors and transforms once for each call, also when it is sent again', async () => {
    const ran: string[] = [];
    const http = create();
    http.axiosRef.interceptors.request.use((config) => (ran.push('request'), config));
    http.axiosRef.interceptors.response.use((response) => (ran.push('response'), response));
    answer = (_, response) => refuseFirst(response, () => json(response, 401, BAD_TOKEN));
    await send(
      {
        url: '/x',
        method: 'post',
        data: { a: 1 },
        transformRequest: (data) => (ran.push('serialise'), JSON.stringify(data)),
        transformResponse: (data) => (ran.push('parse'), data),
      },
      http,
    );
    expect(ran).toEqual(['request', 'serialise', 'parse', 'response']);
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['{"a":1}', '{"a":1}']);
  });

  it('honours validateStatus', async () => {
    answer = (_, response) => json(response, 404, { missing: true });
    expect((await send({ url: '/x', validateStatus: null })).status).toBe(404);
    answer = (_, response) => json(response, 200, {});
    const error = await failure(send({ url: '/x', validateStatus: () => false }));
    expect(error).toMatchObject({ status: 200, response: { data: {} } });
  });

  it('reports progress, and uses an adapter that the caller brings', async () => {
    let loaded = 0;
    await send({
      url: '/x',
      method: 'post',
      data: 'four',
      onUploadProgress: (progress) => (loaded = progress.loaded),
    });
    expect(loaded).toBe(4);
    const seen: unknown[] = [];
    const http = applicationAxios.getAdapter('http');
    const adapter = (config: any) => (seen.push(config.headers.get('authorization')), http(config));
    const response = await send({ url: '/x', adapter });
    expect(seen).toEqual([spenders.current?.headers['Authorization']]);
    expect(response.config.adapter).toBe(adapter);
    await send({ url: '/x', adapter: ['fetch'] });
    expect(server.requests).toHaveLength(3);
  });

  describe.each<[string, () => HttpService]>([
    ['token', () => create()],
    ['static key', () => createWithStaticKey()],
    [
      'signature',
      () => create({ definition: { ...acmeDefinition, sign: () => ({ headers: { 'x-signature': 's' } }) } }),
    ],
    ['secret field', () => create({ definition: { ...acmeDefinition, secretResponseFields: ['apiKey'] } })],
  ])('with a %s, through an adapter of the caller’s', (_, http) => {
    it.each(['null', 'undefined', 'text', '7'])('says that %s is not a response', async (what) => {
      const answers: Record<string, unknown> = { null: null, text: 'text', 7: 7 };
      const error = await failure(send({ url: '/x', adapter: async () => answers[what] as any }, http()));
      expect(error).toMatchObject({ isAxiosError: true, code: 'ERR_BAD_RESPONSE' });
      expect(error.message).toMatch(/^The adapter of the call answered /);
    });

    it.each<[string, object]>([
      ['without a status', { data: '{"ok":true}', headers: {} }],
      ['without data', { status: 200, headers: {} }],
      ['without headers', { status: 200, data: '{"ok":true}' }],
      ['with headers that are null', { status: 500, data: '{"ok":true}', headers: null }],
      ['with headers that are a Map', { status: 200, data: '{"ok":true}', headers: new Map([['a', 'b']]) }],
      ['with headers that are text', { status: 404, data: '{"ok":true}', headers: 'a: b' }],
    ])('gets an answer %s as bare axios gives it', async (_what, given) => {
      const adapter = async () => ({ ...given }) as any;
      const bare = await applicationAxios.request({ url: 'http://127.0.0.1/x', adapter });
      const { status, data, headers } = await send({ url: '/x', adapter }, http());
      expect({ status, data, headers }).toEqual({
        status: bare.status,
        data: bare.data,
        headers: bare.headers,
      });
    });

    it('gets the answer that an adapter has frozen', async () => {
      const config = { url: '/x', adapter: answerFrozen };
      expect(await send(config, http())).toMatchObject({ status: 200, data: { ok: true } });
    });

    it.each<[string, (value: object) => object]>([
      ['frozen', Object.freeze],
      ['sealed', Object.seal],
      ['closed', Object.preventExtensions],
    ])(
      'gets an answer and an error that the adapter has %s, without the credential',
      async (_what, close) => {
        const answered = (config: any, status: number) =>
          close({ status, statusText: '', data: '{"ok":true}', headers: {}, config, request: {} }) as any;
        const { config, data } = await send(
          { url: '/x', adapter: async (attempt) => answered(attempt, 200) },
          http(),
        );
        expect(data).toEqual({ ok: true });
        expect(credentialIn(config)).toEqual([]);

        const { AxiosError: Refusal } = applicationAxios;
        const adapter = (attempt: any) =>
          Promise.reject(
            close(
              new Refusal('declined', 'ERR_BAD_REQUEST', attempt, {}, answered(attempt, 422)),
            ) as AxiosError,
          );
        const error = await failure(send({ url: '/x', adapter }, http()));
        expect(error).toBeInstanceOf(Refusal);
        expect(error).toMatchObject({
          message: 'declined',
          code: 'ERR_BAD_REQUEST',
          response: { status: 422 },
        });
        for (const each of [error.config, error.response?.config]) expect(credentialIn(each)).toEqual([]);
      },
    );

    it.each<[string, unknown]>([
      ['null', null],
      ['undefined', undefined],
      ['text', 'text'],
      ['a number', 7],
      ['an answer without a status', { headers: new Headers(), text: async () => '{"ok":true}' }],
      ['an answer without a body', { status: 200, headers: new Headers() }],
      ['an answer without headers', { status: 200, text: async () => '{"ok":true}' }],
      ['an answer whose headers are null', { status: 500, headers: null, text: async () => '{"ok":true}' }],
    ])('gets what bare axios makes of a fetch that answers %s', async (_what, given) => {
      const config: AxiosRequestConfig = {
        url: `${server.url}/x`,
        adapter: 'fetch',
        env: { fetch: async () => given, Request: undefined, Response: undefined } as any,
      };
      const bare = await madeOf(applicationAxios.request(config));
      expect(await madeOf(send({ ...config, url: '/x' }, http()))).toEqual(bare);
      expect(server.requests).toEqual([]);
    });

    it.each<[string, unknown]>([
      ['a text', 'no such thing'],
      ['null', null],
      ['undefined', undefined],
      ['an error without a config', new Error('no such thing')],
      ['an error whose response is null', Object.assign(new Error('no such thing'), { response: null })],
    ])('gets %s that the adapter rejects with', async (_what, reason) => {
      expect(await failure(send({ url: '/x', adapter: () => Promise.reject(reason) }, http()))).toBe(reason);
    });
  });

  it('sends a plain http request past any proxy', async () => {
    const proxy = { host: '127.0.0.1', port: 1 };
    expect((await send({ url: '/x', proxy })).status).toBe(200);
    expect((await send({ url: '/x' }, create({ http: { proxy } }))).status).toBe(200);
  });

  it('signs the caller’s own bytes anew for each attempt', async () => {
    const calls: Attempt<object>[] = [];
    const sign = async (attempt: Attempt<object>) => {
      calls.push(attempt);
      const own = JSON.parse(String(attempt.body)) as object;
      return { body: JSON.stringify({ ...own, checksum: calls.length }) };
    };
    answer = (_, response) => refuseFirst(response, () => json(response, 401, BAD_TOKEN));
    const first = spenders.current;
    const response = await send(
      { url: '/pay', method: 'post', data: { a: 1 } },
      create({ definition: { ...acmeDefinition, token: LOGIN_STRATEGY, sign } }),
    );
    expect(server.requests.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      { a: 1, checksum: 1 },
      { a: 1, checksum: 2 },
    ]);
    expect(calls[0]).toMatchObject({ method: 'POST', path: '/pay', attempt: 1, token: first?.token });
    expect(calls[1]).toMatchObject({ attempt: 2, token: spenders.current?.token });
    expect(response.config.data).toBe('{"a":1}');
  });
});
