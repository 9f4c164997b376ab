import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import {
  type AnyProviderDefinition,
  type ApiAnswer,
  defineProvider,
  login,
  textAt,
} from 'nestjs-payments-auth';
import { startApplication, type TestApplication } from './support/application.js';
import { type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure } from './support/waiting.js';

interface Keys {
  readonly user: string;
  readonly password: string;
}

const TEXT = 'text/plain; charset=utf-8';
const XML = 'text/xml; charset=utf-8';
const soap = (body: string) =>
  `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`;
const fault = (code: string) =>
  soap(`<soap:Fault><faultcode>${code}</faultcode><faultstring>no</faultstring></soap:Fault>`);

let logins: number;
/** How the endpoint answers a login; the token is `t1`, `t2`, … */
let loginAnswer: (token: string) => [status: number, type: string, text: string];
/** How a call with a token that has ended is refused. */
let refusal: [status: number, type: string, text: string];
let ended: Set<string>;
let server: LoopbackServer;
let application: TestApplication | undefined;

beforeEach(async () => {
  logins = 0;
  ended = new Set();
  loginAnswer = (token) => [200, TEXT, token];
  refusal = [401, TEXT, 'token expired'];
  server = await startLoopbackServer((request, response) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const pick = () => {
      if (request.url === '/login') return loginAnswer(`t${(logins += 1)}`);
      return ended.has(token) ? refusal : ([200, XML, soap('<paid>é</paid>')] as const);
    };
    const [status, type, text] = pick();
    response.writeHead(status, { 'content-type': type }).end(text);
  });
});

afterEach(async () => {
  await application?.close();
  application = undefined;
  await server.close();
});

/** A provider that answers neither logins nor calls with JSON. */
const definition = (more: object): AnyProviderDefinition =>
  defineProvider<Keys, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { user: { secret: false }, password: {} },
    token: login<Keys>({
      path: '/login',
      body: ({ credentials: { user, password } }) => ({
        text: soap(`<login><user>${user}</user><password>${password}</password></login>`),
        contentType: XML,
      }),
      // The token is the whole text, or stands in an element of it.
      answer: { token: ({ text }) => /<token>([^<]*)<\/token>/.exec(text)?.[1] ?? text },
      documentedLifetimeMs: 3_600_000,
      rejected: ({ text }) => text.includes('<faultcode>BadPassword</faultcode>'),
      issued: ({ text }) => !text.includes(':Fault>'),
      reason: ({ text }) => /<faultcode>([^<]*)</.exec(text)?.[1],
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: {
      refused: ({ text }: ApiAnswer) =>
        text.startsWith('token expired') || text.includes('<faultcode>SessionEnded</faultcode>'),
      incurable: ({ text }: ApiAnswer) => text.includes('<faultcode>NotAllowed</faultcode>'),
      alsoOnSuccess: true,
    },
    ...more,
  });

async function start() {
  application = await startApplication({
    providers: {
      acme: {
        provider: definition({}),
        baseUrl: server.url,
        credentials: { user: 'shop', password: 'test-not-real' },
      },
    },
  });
  return application.paymentsAuth;
}

describe('A provider that answers in text', () => {
  it('has its token as the whole body of a login, which is sent as XML', async () => {
    const paymentsAuth = await start();
    expect((await paymentsAuth.credentials('acme').get()).token).toBe('t1');
    const [request] = server.to('/login');
    expect(request?.headers['content-type']).toBe(XML);
    expect(request?.body.toString()).toContain('<user>shop</user>');
  });

  it('has its token in an element of a SOAP envelope', async () => {
    loginAnswer = (token) => [200, XML, soap(`<token>${token}-in-xml</token>`)];
    const paymentsAuth = await start();
    expect((await paymentsAuth.credentials('acme').get()).token).toBe('t1-in-xml');
  });

  it.each([200, 500])('says with a SOAP fault at %i that a password is wrong', async (status) => {
    loginAnswer = () => [status, XML, fault('BadPassword')];
    const paymentsAuth = await start();
    expect(await failure(paymentsAuth.credentials('acme').get())).toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'BadPassword',
    });
  });

  it('says with another SOAP fault at 200 that there is no token now', async () => {
    loginAnswer = () => [200, XML, fault('TryLater')];
    const paymentsAuth = await start();
    const error = await failure(paymentsAuth.http('acme').axiosRef.get('/pay', { timeout: 200 }));
    expect(error).toMatchObject({ code: expect.stringMatching(/^(CREDENTIALS_UNAVAILABLE|ECONNABORTED)$/) });
    expect(server.to('/pay')).toEqual([]);
  });

  it.each<[string, typeof refusal]>([
    ['plain text at 401', [401, TEXT, 'token expired, log in again']],
    ['plain text at 200', [200, TEXT, 'token expired']],
    ['a SOAP fault at 200', [200, XML, fault('SessionEnded')]],
    ['a SOAP fault at 500', [500, XML, fault('SessionEnded')]],
  ])('refuses a token in %s, and the payment is sent once more with a new one', async (_, said) => {
    refusal = said;
    const paymentsAuth = await start();
    const http = paymentsAuth.http('acme').axiosRef;
    await http.get('/balance');
    ended.add('t1');
    for (const responseType of ['json', 'text', 'arraybuffer'] as const) {
      const response = await http.post('/pay', soap('<pay/>'), {
        headers: { 'Content-Type': XML },
        responseType,
      });
      expect(Buffer.from(response.data as string).toString()).toContain('<paid>é</paid>');
    }
    expect(server.to('/pay').map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t1',
      'Bearer t2',
      'Bearer t2',
      'Bearer t2',
    ]);
    for (const { body } of server.to('/pay')) expect(body.toString()).toBe(soap('<pay/>'));
    expect(logins).toBe(2);
  });

  it('gives the caller a SOAP fault at 500 as it is where no login cures it', async () => {
    refusal = [500, XML, fault('NotAllowed')];
    const paymentsAuth = await start();
    const http = paymentsAuth.http('acme').axiosRef;
    await http.get('/balance');
    ended.add('t1');
    const error = (await failure(http.post('/pay', soap('<pay/>')))) as unknown as AxiosError;
    expect(error.response).toMatchObject({ status: 500, data: fault('NotAllowed') });
    expect(logins).toBe(1);
  });
});

describe('A provider whose session is a cookie', () => {
  it('has its token in the answer to a login, and calls send it back', async () => {
    await server.close();
    server = await startLoopbackServer((request, response) => {
      if (request.url === '/login')
        response.setHeader('set-cookie', ['lang=en; Path=/', `sid=s${(logins += 1)}; HttpOnly; Path=/`]);
      const isKnown = request.url === '/login' || request.headers.cookie === 'sid=s2';
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
      response.end(isKnown ? '{}' : '{"error":"no_session"}');
    });
    application = await startApplication({
      providers: {
        acme: {
          provider: definition({
            token: login<Keys>({
              path: '/login',
              body: ({ credentials: { user, password } }) => ({ form: { user, password } }),
              answer: { token: ({ headers }) => /\bsid=([^;]+)/.exec(headers['set-cookie'] ?? '')?.[1] },
              documentedLifetimeMs: 3_600_000,
              rejected: ({ status }) => status === 403,
            }),
            headers: ({ token }: { token: string }) => ({ Cookie: `sid=${token}` }),
            refusal: { refused: ({ body }: ApiAnswer) => textAt(body, 'error') === 'no_session' },
          }),
          baseUrl: server.url,
          credentials: { user: 'shop', password: 'test-not-real' },
        },
      },
    });
    const { status } = await application.paymentsAuth.http('acme').axiosRef.post('/pay', {});
    expect(status).toBe(200);
    const cookies = server.to('/pay').map(({ headers }) => headers.cookie);
    expect([cookies[0], cookies.at(-1)]).toEqual(['sid=s1', 'sid=s2']);
  });
});
