import {
  createHash,
  createHmac,
  createVerify,
  generateKeyPairSync,
  sign as signBytes,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Axios,
  type AxiosAdapter,
  type AxiosError,
  type AxiosRequestConfig,
  type AxiosResponse,
} from 'axios';
import {
  type AnyProviderDefinition,
  type Attempt,
  clientCredentials,
  defineProvider,
  digest,
  hmac,
  jws,
  login,
  privateKeyJwt,
  type SignedAttempt,
  textAt,
} from 'nestjs-payments-auth';
import { type AttemptToSign, ManualClock, signAttempt } from 'nestjs-payments-auth/testing';
import { firstValueFrom } from 'rxjs';
import { Stripe } from 'stripe';
import { startApplication, type TestApplication } from './support/application.js';
import { failure, until } from './support/credential-bed.js';
import {
  json,
  type LoopbackServer,
  type ReceivedRequest,
  startLoopbackServer,
} from './support/loopback-server.js';

interface Keys {
  readonly id: string;
  readonly secret: string;
}

const KEYS: Keys = { id: 'invented-key-id', secret: 'invented-secret-0123456789' };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
const pem = (pair: typeof rsa) => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

type Sign = (attempt: Attempt<Keys>) => SignedAttempt | Promise<SignedAttempt>;

/** A provider whose calls only carry a signature. */
function signing(sign: Sign, more: object = {}): AnyProviderDefinition {
  return defineProvider<Keys, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test/base' },
    credentials: { id: {}, secret: {} },
    sign,
    ...more,
  });
}

let server: LoopbackServer;
let application: TestApplication;

afterEach(async () => {
  await application.close();
  await server.close();
});

/** A provider that verifies the bytes it received, and answers 401 when they are not what was signed. */
async function start(
  definition: AnyProviderDefinition,
  isGenuine: (request: ReceivedRequest) => boolean = () => true,
  options: object = {},
  clock?: ManualClock,
) {
  server = await startLoopbackServer((request, response) =>
    isGenuine(request)
      ? json(response, 200, { ok: true })
      : json(response, 401, { error: { code: 'bad_signature' } }),
  );
  application = await startApplication(
    {
      providers: {
        acme: { provider: definition, baseUrl: `${server.url}/base`, credentials: KEYS, ...options },
      },
    },
    clock === undefined ? {} : { clock },
  );
  const http = application.paymentsAuth.http('acme');
  return {
    http,
    send: (config: AxiosRequestConfig) => firstValueFrom(http.request<{ ok: boolean }>(config)),
  };
}

const of = ({ headers }: ReceivedRequest, name: string) => String(headers[name] ?? '');
const pathOf = ({ url }: ReceivedRequest) => url.slice('/base'.length);

/** The formulas of real providers, and how each of them verifies what it receives. */
const SCHEMES: Record<string, { sign: Sign; isGenuine: (request: ReceivedRequest) => boolean }> = {
  'dLocal: HMAC over login, date and body': {
    sign: ({ credentials: { id, secret }, nowMs, body = '' }) => {
      const date = new Date(nowMs).toISOString();
      const signature = hmac('sha256', secret, `${id}${date}${String(body)}`);
      return {
        headers: { 'X-Login': id, 'X-Date': date, Authorization: `V2-HMAC-SHA256, Signature: ${signature}` },
      };
    },
    isGenuine: (request) =>
      of(request, 'authorization').endsWith(
        createHmac('sha256', KEYS.secret)
          .update(KEYS.id + of(request, 'x-date'))
          .update(request.body)
          .digest('hex'),
      ),
  },
  'Worldline: HMAC over method, type, date, own headers and the raw path': {
    sign: ({ credentials: { id, secret }, nowMs, method, headers, url }) => {
      const date = new Date(nowMs).toUTCString();
      const own = Object.keys(headers)
        .filter((name) => name.startsWith('x-gcs-'))
        .toSorted()
        .map((name) => `${name}:${headers[name]?.trim()}\n`);
      const type = method === 'GET' ? '' : (headers['content-type'] ?? '');
      const signed = `${method}\n${type}\n${date}\n${own.join('')}${url.pathname}${url.search}\n`;
      return {
        headers: {
          Date: date,
          Authorization: `GCS v1HMAC:${id}:${hmac('sha256', secret, signed, 'base64')}`,
        },
      };
    },
    isGenuine: (request) => {
      const type = request.method === 'GET' ? '' : of(request, 'content-type');
      const own = of(request, 'x-gcs-idempotence-key');
      const line = own === '' ? '' : `x-gcs-idempotence-key:${own}\n`;
      const signed = `${request.method}\n${type}\n${of(request, 'date')}\n${line}${request.url}\n`;
      const expected = createHmac('sha256', KEYS.secret).update(signed).digest('base64');
      return of(request, 'authorization') === `GCS v1HMAC:${KEYS.id}:${expected}`;
    },
  },
  'Rapyd: base64 of the hex of an HMAC with salt, time and the secret': {
    sign: ({ credentials: { id, secret }, nowMs, method, url, body = '', random }) => {
      const salt = Buffer.from(random(8)).toString('hex');
      const timestamp = String(Math.floor(nowMs / 1_000));
      const signed = `${method.toLowerCase()}${url.pathname}${url.search}${salt}${timestamp}${id}${secret}${String(body)}`;
      const signature = Buffer.from(hmac('sha256', secret, signed)).toString('base64');
      return { headers: { access_key: id, salt, timestamp, signature } };
    },
    isGenuine: (request) => {
      const parts = [of(request, 'salt'), of(request, 'timestamp'), KEYS.id, KEYS.secret].join('');
      const signed = `${request.method.toLowerCase()}${request.url}${parts}${request.body.toString()}`;
      const hex = createHmac('sha256', KEYS.secret).update(signed).digest('hex');
      return of(request, 'signature') === Buffer.from(hex).toString('base64');
    },
  },
  'iyzico: HMAC over a nonce, the path and the body': {
    sign: ({ credentials: { id, secret }, url, body = '', random }) => {
      const nonce = Buffer.from(random(8)).toString('hex');
      const signature = hmac('sha256', secret, `${nonce}${url.pathname}${String(body)}`);
      const text = `apiKey:${id}&randomKey:${nonce}&signature:${signature}`;
      return {
        headers: { 'x-iyzi-rnd': nonce, Authorization: `IYZWSv2 ${Buffer.from(text).toString('base64')}` },
      };
    },
    isGenuine: (request) => {
      const [path] = request.url.split('?');
      const nonce = of(request, 'x-iyzi-rnd');
      const signature = createHmac('sha256', KEYS.secret)
        .update(nonce + path)
        .update(request.body)
        .digest('hex');
      const text = `apiKey:${KEYS.id}&randomKey:${nonce}&signature:${signature}`;
      return of(request, 'authorization') === `IYZWSv2 ${Buffer.from(text).toString('base64')}`;
    },
  },
  'Selcom: HMAC over fields of the body in an order that is sent along': {
    sign: ({ credentials: { id, secret }, nowMs, body, url }) => {
      const fields =
        body === undefined ? Object.fromEntries(url.searchParams) : (JSON.parse(String(body)) as object);
      const timestamp = new Date(nowMs).toISOString();
      const signed = [['timestamp', timestamp], ...Object.entries(fields)]
        .map((pair) => pair.join('='))
        .join('&');
      return {
        headers: {
          Authorization: `SELCOM ${Buffer.from(id).toString('base64')}`,
          'Digest-Method': 'HS256',
          Timestamp: timestamp,
          'Signed-Fields': Object.keys(fields).join(',') || undefined,
          Digest: hmac('sha256', secret, signed, 'base64'),
        },
      };
    },
    isGenuine: (request) => {
      const query = new URL(request.url, 'http://any').searchParams;
      const body =
        request.body.length === 0 ? Object.fromEntries(query) : JSON.parse(request.body.toString());
      const names = of(request, 'signed-fields').split(',').filter(Boolean);
      const values = names.map((name) => `${name}=${(body as Record<string, string>)[name]}`);
      const signed = [`timestamp=${of(request, 'timestamp')}`, ...values].join('&');
      return of(request, 'digest') === createHmac('sha256', KEYS.secret).update(signed).digest('base64');
    },
  },
  'X-VERIFY: SHA-256 with a salt': {
    sign: ({ credentials: { id, secret }, path, body = '' }) => {
      const payload = Buffer.from(body).toString('base64');
      return { headers: { 'X-VERIFY': `${digest('sha256', `${payload}${path}${secret}`)}###${id}` } };
    },
    isGenuine: (request) => {
      const [path = ''] = pathOf(request).split('?');
      const text = `${request.body.toString('base64')}${path}${KEYS.secret}`;
      return of(request, 'x-verify') === `${createHash('sha256').update(text).digest('hex')}###${KEYS.id}`;
    },
  },
  'RFC 9421 with Content-Digest: ECDSA': {
    sign: ({ method, url, body = '', nowMs }) => {
      const contentDigest = `sha-256=:${digest('sha256', body, 'base64')}:`;
      const input = `("@method" "@authority" "@path" "content-digest");created=${Math.floor(nowMs / 1_000)};keyid="k1"`;
      const base = [
        `"@method": ${method}`,
        `"@authority": ${url.host}`,
        `"@path": ${url.pathname}`,
        `"content-digest": ${contentDigest}`,
        `"@signature-params": ${input}`,
      ].join('\n');
      const signature = signWithKey(base);
      return {
        headers: {
          'Content-Digest': contentDigest,
          'Signature-Input': `sig=${input}`,
          Signature: `sig=:${signature}:`,
        },
      };
    },
    isGenuine: (request) => {
      const [path = ''] = request.url.split('?');
      const input = of(request, 'signature-input').slice('sig='.length);
      const base = [
        `"@method": ${request.method}`,
        `"@authority": ${of(request, 'host')}`,
        `"@path": ${path}`,
        `"content-digest": sha-256=:${createHash('sha256').update(request.body).digest('base64')}:`,
        `"@signature-params": ${input}`,
      ].join('\n');
      const signature = Buffer.from(of(request, 'signature').slice('sig=:'.length, -1), 'base64');
      const key = { key: p256.publicKey, dsaEncoding: 'ieee-p1363' as const };
      return verify('sha256', Buffer.from(base), key, signature);
    },
  },
  'a detached JWS: ES512': {
    sign: ({ method, path, headers, body = '' }) => {
      const idempotency = headers['idempotency-key'] ?? '';
      const payload = `${method} ${path}\nIdempotency-Key: ${idempotency}\n${String(body)}`;
      const header = { kid: 'k1', tl_headers: 'Idempotency-Key' };
      return {
        headers: {
          'Tl-Signature': jws({ algorithm: 'ES512', key: pem(p521), header, payload, detached: true }),
        },
      };
    },
    isGenuine: (request) => {
      const [path = ''] = pathOf(request).split('?');
      const key = of(request, 'idempotency-key');
      const payload = `${request.method} ${path}\nIdempotency-Key: ${key}\n${request.body.toString()}`;
      const [header = '', nothing, signature = ''] = of(request, 'tl-signature').split('.');
      const signed = `${header}.${Buffer.from(payload).toString('base64url')}`;
      const verifier = { key: p521.publicKey, dsaEncoding: 'ieee-p1363' as const };
      return (
        nothing === '' && verify('sha512', Buffer.from(signed), verifier, Buffer.from(signature, 'base64url'))
      );
    },
  },
  'a JWT for each request, bound to method and URI': {
    sign: ({ credentials: { id }, method, url, nowMs, random }) => {
      const now = Math.floor(nowMs / 1_000);
      const uri = `${method} ${url.host}${url.pathname}`;
      const payload = JSON.stringify({ sub: id, iss: 'cdp', nbf: now, exp: now + 120, uris: [uri] });
      const header = { typ: 'JWT', kid: id, nonce: Buffer.from(random(16)).toString('hex') };
      return {
        headers: { Authorization: `Bearer ${jws({ algorithm: 'ES256', key: pem(p256), header, payload })}` },
      };
    },
    isGenuine: (request) => {
      const [path = ''] = request.url.split('?');
      const [header = '', payload = '', signature = ''] = of(request, 'authorization').slice(7).split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { uris: string[] };
      const key = { key: p256.publicKey, dsaEncoding: 'ieee-p1363' as const };
      const signed = Buffer.from(`${header}.${payload}`);
      return (
        claims.uris[0] === `${request.method} ${of(request, 'host')}${path}` &&
        verify('sha256', signed, key, Buffer.from(signature, 'base64url'))
      );
    },
  },
  'OAuth 1.0a: RSA-SHA256 over the sorted parameters': {
    sign: ({ credentials: { id }, method, url, nowMs, random, body = '' }) => {
      const oauth = {
        oauth_body_hash: digest('sha256', body, 'base64'),
        oauth_consumer_key: id,
        oauth_nonce: Buffer.from(random(8)).toString('hex'),
        oauth_signature_method: 'RSA-SHA256',
        oauth_timestamp: String(Math.floor(nowMs / 1_000)),
        oauth_version: '1.0',
      };
      const base = oauthBase(method, url, oauth);
      const signature = rsaSignature(base);
      const all = Object.entries({ ...oauth, oauth_signature: signature });
      return {
        headers: { Authorization: `OAuth ${all.map(([k, v]) => `${k}="${percent(v)}"`).join(',')}` },
      };
    },
    isGenuine: (request) => {
      const pairs = [...of(request, 'authorization').matchAll(/(\w+)="([^"]*)"/g)].map(
        ([, name, value]) => [name as string, decodeURIComponent(value as string)] as const,
      );
      const { oauth_signature: signature = '', ...oauth } = Object.fromEntries(pairs);
      const base = oauthBase(request.method, new URL(request.url, `http://${of(request, 'host')}`), oauth);
      const hash = createHash('sha256').update(request.body).digest('base64');
      return (
        oauth['oauth_body_hash'] === hash &&
        createVerify('RSA-SHA256')
          .update(base)
          .verify(rsa.publicKey, Buffer.from(signature, 'base64').toString('base64'), 'base64')
      );
    },
  },
  'a token in the query': {
    sign: ({ credentials: { secret }, url, nowMs }) => ({
      query: {
        ts: String(nowMs),
        sig: hmac('sha256', secret, `${url.pathname}${url.search}|${nowMs}`, 'base64'),
      },
    }),
    isGenuine: (request) => {
      const at = request.url.search(/[?&]ts=/);
      const query = new URLSearchParams(request.url.slice(at + 1));
      const signed = `${request.url.slice(0, at)}|${query.get('ts')}`;
      return query.get('sig') === createHmac('sha256', KEYS.secret).update(signed).digest('base64');
    },
  },
  'a token in the body': {
    sign: ({ credentials: { secret }, body, headers }) =>
      body === undefined || !headers['content-type']?.includes('json')
        ? { headers: { 'X-Sig': hmac('sha256', secret, 'empty') } }
        : {
            body: JSON.stringify({
              ...(JSON.parse(String(body)) as object),
              sig: hmac('sha256', secret, String(body)),
            }),
          },
    isGenuine: (request) => {
      if (request.body.length === 0)
        return of(request, 'x-sig') === createHmac('sha256', KEYS.secret).update('empty').digest('hex');
      const { sig, ...rest } = JSON.parse(request.body.toString()) as Record<string, unknown>;
      return sig === createHmac('sha256', KEYS.secret).update(JSON.stringify(rest)).digest('hex');
    },
  },
};

function signOf(scheme: string): Sign {
  const { sign } = SCHEMES[scheme] ?? {};
  if (sign === undefined) throw new Error(`there is no scheme ${scheme}`);
  return sign;
}

function percent(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function oauthBase(method: string, url: URL, oauth: Record<string, string>): string {
  const parameters = [...url.searchParams, ...Object.entries(oauth)]
    .map(([name, value]) => `${percent(name)}=${percent(value)}`)
    .toSorted()
    .join('&');
  return [method, percent(`${url.origin}${url.pathname}`), percent(parameters)].join('&');
}

function rsaSignature(base: string): string {
  // OAuth 1.0a and RS256 use the same algorithm over different bytes. So the test signs with the key, and not with jws().
  return signBytes('RSA-SHA256', Buffer.from(base), rsa.privateKey).toString('base64');
}

function signWithKey(base: string): string {
  return signBytes('sha256', Buffer.from(base), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
    'base64',
  );
}

/** Calls of many kinds. Each has to arrive as it was signed. */
const CALLS: readonly AxiosRequestConfig[] = [
  { method: 'get', url: '/payments' },
  {
    method: 'get',
    url: '/payments?status=paid&note=a%20b',
    params: { since: '2026-01-01T00:00:00+03:00', tags: ['x y', 'ü'] },
  },
  { method: 'post', url: '/payments', data: { amount: 100, note: 'Grüße, 5 €' } },
  {
    method: 'post',
    url: '/payments/ä b',
    data: { transid: 'T1', amount: 1 },
    headers: { 'Idempotency-Key': 'i-1', 'X-GCS-Idempotence-Key': 'i-1' },
  },
  { method: 'delete', url: 'payments/7' },
];

/** The two adapters of axios, and one of an application that speaks HTTP itself. */
const ADAPTERS: Readonly<Record<string, 'http' | 'fetch' | AxiosAdapter>> = {
  http: 'http',
  fetch: 'fetch',
  custom: async (config) => {
    const { baseURL, url, params, method, headers, data } = config;
    const href = new Axios({}).getUri({ baseURL, url, params });
    const request = startRequest(href, { method: String(method).toUpperCase(), headers: headers.toJSON() });
    request.end(data);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const chunks = (await answer.toArray()) as Buffer[];
    return {
      config,
      data: Buffer.concat(chunks).toString(),
      status: answer.statusCode ?? 0,
      statusText: '',
      headers: answer.headers as Record<string, string>,
    };
  },
};

describe.each(Object.entries(SCHEMES))('%s', (_, { sign, isGenuine }) => {
  it.each(Object.entries(ADAPTERS))(
    'is sent by the %s adapter, in every kind of call',
    async (__, adapter) => {
      const { send } = await start(signing(sign), isGenuine);
      for (const call of CALLS) expect((await send({ ...call, adapter })).status).toBe(200);
      expect(server.requests).toHaveLength(CALLS.length);
    },
  );

  it('is genuine however many calls are made at once', async () => {
    const { send } = await start(signing(sign), isGenuine);
    await Promise.all(
      Array.from({ length: 20 }, (__, n) => send({ ...CALLS[2], data: { amount: n, transid: `T${n}` } })),
    );
    expect(server.requests).toHaveLength(20);
  });

  it('is given to another client by authenticate()', async () => {
    await start(signing(sign), isGenuine);
    const credentials = application.paymentsAuth.credentials('acme');
    const request = await credentials.authenticate({
      method: 'POST',
      url: '/payments?x=1',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'i-1' },
      body: '{"amount":100}',
    });
    const { url, headers, body } = request;
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: body as string }),
    });
    expect(answer.status).toBe(200);
  });
});

/** A key that only a KMS has. */
const kms = async (bytes: Uint8Array, { credentials }: { credentials: Keys }) =>
  createHmac('sha256', credentials.secret).update(bytes).digest();
const signsElsewhere: Sign = async ({ signWith, nowMs }) => ({
  headers: {
    'X-Sig': Buffer.from((await signWith?.(Buffer.from(`${nowMs}`))) ?? []).toString('hex'),
    'X-Ts': `${nowMs}`,
  },
});
const signedElsewhere = (request: ReceivedRequest) =>
  of(request, 'x-sig') === createHmac('sha256', KEYS.secret).update(of(request, 'x-ts')).digest('hex');

const header: Sign = ({ credentials, nowMs, attempt, random }) => ({
  headers: {
    'X-Signature': `${hmac('sha256', credentials.secret, `${nowMs}`)}-${attempt}-${Buffer.from(random(8)).toString('hex')}`,
  },
});

const neverSigned: Sign = () => new Promise<SignedAttempt>(() => undefined);
const asBearer = ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` });

describe('A definition that signs', () => {
  it('gets the same credentials at every call, also when it writes into them', async () => {
    const seen = new Set<string>();
    const written: boolean[] = [];
    const write = (hook: string, credentials: Keys) => {
      // `defineProvider` calls the functions of a definition with invented credentials.
      if (credentials.id !== KEYS.id) return;
      seen.add(`${hook} ${credentials.secret}`);
      written.push(Reflect.set(credentials, 'secret', 'written-by-a-definition'));
    };
    const definition = signing(
      ({ credentials }) => {
        write('sign', credentials);
        return {};
      },
      {
        token: login<Keys>({
          path: '/login',
          body: ({ credentials }) => {
            write('token.body', credentials);
            return { json: {} };
          },
          answer: { token: 'token' },
          documentedLifetimeMs: 3_600_000,
          rejected: () => false,
        }),
        headers: ({ credentials }: { credentials: Keys }) => {
          write('headers', credentials);
          return { 'X-Id': credentials.id };
        },
        defaultHeaders: ({ credentials }: { credentials: Keys }) => {
          write('defaultHeaders', credentials);
          return { 'X-Default': credentials.id };
        },
      },
    );
    server = await startLoopbackServer((_, response) => json(response, 200, { token: 'test-token' }));
    application = await startApplication({
      providers: { acme: { provider: definition, baseUrl: server.url, credentials: KEYS } },
    });
    for (const url of ['/one', '/two']) await firstValueFrom(application.paymentsAuth.http('acme').get(url));
    expect(seen).toEqual(
      new Set(['sign', 'token.body', 'headers', 'defaultHeaders'].map((hook) => `${hook} ${KEYS.secret}`)),
    );
    expect(written).not.toContain(true);
  });

  it('is asked once per attempt, and a replay is signed anew with the refusal in view', async () => {
    const seen: [number, number | undefined, unknown][] = [];
    const sign: Sign = (attempt) => {
      seen.push([attempt.attempt, attempt.previous?.status, attempt.previous?.body]);
      return header(attempt);
    };
    let tokens = 0;
    let isRevoked = false;
    const definition = signing(sign, {
      token: login<Keys>({
        path: '/login',
        body: ({ credentials }) => ({ json: { id: credentials.id } }),
        answer: { token: 'token' },
        documentedLifetimeMs: 3_600_000,
        rejected: () => false,
      }),
      headers: ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` }),
      refusal: { refused: ({ body }: { body: unknown }) => textAt(body, 'error.code') === 'bad_signature' },
    });
    const { send } = await start(definition, (request) => of(request, 'authorization') !== 'Bearer token-1');
    await application.close();
    await server.close();
    server = await startLoopbackServer((request, response) => {
      if (request.url.endsWith('/login')) return json(response, 200, { token: `token-${(tokens += 1)}` });
      const isOld = isRevoked && of(request, 'authorization') === 'Bearer token-1';
      json(response, isOld ? 401 : 200, isOld ? { error: { code: 'bad_signature' } } : { ok: true });
    });
    application = await startApplication({
      providers: { acme: { provider: definition, baseUrl: server.url, credentials: KEYS } },
    });
    void send;
    const http = application.paymentsAuth.http('acme');
    await firstValueFrom(http.get('/balance'));
    isRevoked = true;
    const answer = await firstValueFrom(http.post('/payments', { amount: 1 }));
    expect(answer.paymentsAuth).toMatchObject({ attempts: 2, replayed: true, firstStatus: 401 });
    expect(seen.slice(1)).toEqual([
      [1, undefined, undefined],
      [2, 401, { error: { code: 'bad_signature' } }],
    ]);
    const calls = server.requests.filter(({ url }) => url === '/payments');
    expect(calls.map((call) => of(call, 'x-signature').split('-')[1])).toEqual(['1', '2']);
    expect(calls[0]?.body).toEqual(calls[1]?.body);
  });

  it('answers a challenge by signing anew, once, without a login', async () => {
    const definition = signing(
      ({ previous }) => ({ headers: { 'X-SCA': previous?.headers['x-challenge'] ?? 'none' } }),
      {
        refusal: {
          refused: () => false,
          challenged: ({ headers }: { headers: Record<string, string> }) =>
            headers['x-challenge'] !== undefined,
        },
      },
    );
    const { send } = await start(definition);
    await server.close();
    server = await startLoopbackServer((request, response) => {
      if (of(request, 'x-sca') === 'once') return json(response, 200, { ok: true });
      json(
        response,
        403,
        { error: 'sca' },
        { 'x-challenge': request.url.endsWith('/never') ? 'again' : 'once' },
      );
    });
    void send;
    await application.close();
    application = await startApplication({
      providers: { acme: { provider: definition, baseUrl: server.url, credentials: KEYS } },
    });
    const http = application.paymentsAuth.http('acme');
    expect((await firstValueFrom(http.post('/transfers', {}))).paymentsAuth).toMatchObject({
      replayed: true,
      firstStatus: 403,
    });
    expect(server.requests).toHaveLength(2);
    const error = await failure(firstValueFrom(http.post('/never', {})));
    expect((error as unknown as AxiosError).response?.status).toBe(403);
    expect(server.requests).toHaveLength(4);
    await failure(firstValueFrom(http.post('/never', Readable.from(['x']))));
    expect(server.requests).toHaveLength(5);
  });

  it('signs calls with streams that it does not read, and fails for those that it must read', async () => {
    const { send } = await start(signing(header));
    await send({ method: 'post', url: '/upload', data: Readable.from(['a', 'b']) });
    expect(server.requests[0]?.body.toString()).toBe('ab');
    expect(of(server.requests[0] as ReceivedRequest, 'x-signature')).toMatch(/-1-/);
    await application.close();
    await server.close();
    const reading = await start(signing(({ body }) => ({ headers: { 'X-Length': String(body?.length) } })));
    const error = await failure(reading.send({ method: 'post', url: '/upload', data: Readable.from(['a']) }));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', provider: 'acme' });
    expect(error.message).toContain(
      'a stream or a form cannot be read before it is sent. Send text or bytes.',
    );
    expect(server.requests).toEqual([]);
  });

  it.each<[string, Sign, RegExp]>([
    [
      'throws',
      () => {
        throw new Error(`no key ${KEYS.secret}`);
      },
      /no key \[hidden\]/,
    ],
    [
      'rejects',
      async () => {
        throw new Error('the KMS is away');
      },
      /the KMS is away/,
    ],
    [
      'returns nothing',
      (() => undefined) as never,
      /sign returned undefined; expected \{ headers, query, body \}.*\. Correct sign in the definition\./,
    ],
    [
      'returns a header that cannot be sent',
      () => ({ headers: { 'X-Sig': 'a\r\nHost: evil' } }),
      /sign returned a value for the header "X-Sig" that cannot be sent: it has a line break/,
    ],
    [
      'returns another host',
      () => ({ headers: { Host: 'evil.test' } }),
      /"Host", which only the HTTP client makes/,
    ],
    [
      'returns a length',
      () => ({ headers: { 'Content-Length': '1' } }),
      /"Content-Length", which only the HTTP/,
    ],
    [
      'returns a number',
      (() => ({ headers: { 'X-Ts': 7 } })) as never,
      /sign returned a number for "X-Ts" of its headers; expected a text/,
    ],
    [
      'returns another URL',
      (() => ({ url: 'https://evil.test' })) as never,
      /sign returned "url"; expected \{ headers, query, body \}/,
    ],
    [
      'returns a header twice',
      () => ({ headers: { 'X-Sig': 'a', 'x-sig': 'b' } }),
      /returned the header "x-sig" twice, in different upper and lower case/,
    ],
    [
      'reads a field that is not there',
      ({ credentials }) => ({ headers: { 'X-Sig': (credentials as unknown as { secrte: string }).secrte } }),
      /sign reads credentials\.secrte, which is not a field\. Did you mean "secret"\?/,
    ],
    [
      'reads a field that is not there, after a while',
      async ({ credentials }) => {
        await Promise.resolve();
        return { headers: { 'X-Sig': (credentials as unknown as { key: string }).key } };
      },
      /sign reads credentials\.key, which is not a field\. Known: id, secret/,
    ],
    [
      'writes into the credentials',
      ({ credentials }) => {
        (credentials as { secret: string }).secret = 'another';
        return {};
      },
      /Cannot assign to read only property|'set' on proxy/,
    ],
    [
      'returns an object as a body',
      (() => ({ body: { a: 1 } })) as never,
      /sign returned a body that is an object; expected a text or bytes/,
    ],
  ])('ends the call with SIGNING_FAILED when it %s, and nothing is sent', async (_, sign, message) => {
    const { send } = await start(signing(sign));
    const error = await failure(send({ url: '/payments' }));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', provider: 'acme', host: '127.0.0.1' });
    expect(error.message).toMatch(message);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEYS.secret);
    expect(server.requests).toEqual([]);
  });

  it('cannot hold a call beyond the timeout of the call', async () => {
    const { send } = await start(signing(neverSigned));
    expect(await failure(send({ url: '/payments', timeout: 20 }))).toMatchObject({ code: 'ECONNABORTED' });
    expect(server.requests).toEqual([]);
  });

  it('cannot hold a call that has no timeout for ever', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const never: Sign = () => ((asked += 1), new Promise<SignedAttempt>(() => undefined));
    const { send } = await start(signing(never), () => true, {}, clock);
    const call = failure(send({ url: '/payments', timeout: 0 }));
    await until(() => asked > 0);
    await clock.advance(29_999);
    await clock.advance(1);
    expect(await call).toMatchObject({
      code: 'SIGNING_FAILED',
      message: expect.stringContaining('sign did not answer within 30 s. Correct sign in the definition.'),
    });
    expect(server.requests).toEqual([]);
  });

  it('cannot hold authenticate() longer than a call may take', async () => {
    await start(signing(neverSigned), () => true, { http: { timeout: 30 } });
    const authenticating = application.paymentsAuth.credentials('acme').authenticate({
      method: 'GET',
      url: '/payments',
    });
    expect(await failure(authenticating)).toMatchObject({
      code: 'SIGNING_FAILED',
      message: expect.stringContaining('sign did not answer within 30 ms'),
    });
  });

  it('ends a call, or a login, at its deadline when the signer hangs', async () => {
    let asked = 0;
    const signer = () => ((asked += 1), new Promise<Uint8Array>(() => undefined));
    const { send } = await start(signing(signsElsewhere), () => true, { signer });
    expect(await failure(send({ url: '/payments', timeout: 30 }))).toMatchObject({ code: 'ECONNABORTED' });
    await application.close();
    await server.close();
    const token = clientCredentials<Keys>({
      path: '/token',
      client: ({ credentials }) => ({ id: credentials.id }),
      authentication: privateKeyJwt({ algorithm: 'ES256' }),
      documentedLifetimeMs: 3_600_000,
    });
    const options = { signer, tokenRequest: { timeoutMs: 30 } };
    const again = await start(
      signing(() => ({}), { token, headers: asBearer }),
      () => true,
      options,
    );
    asked = 0;
    const call = failure(again.send({ url: '/payments', timeout: 1_000 }));
    // The login that waited for the signer has ended, and another login asks the signer again.
    await until(() => asked > 1);
    expect(await call).toMatchObject({ code: 'ECONNABORTED' });
    expect(server.requests).toEqual([]);
  });

  it('signs what an adapter of the application’s own sends', async () => {
    const { sign, isGenuine } = SCHEMES['RFC 9421 with Content-Digest: ECDSA'] as (typeof SCHEMES)[string];
    const { send } = await start(signing(sign), isGenuine);
    const seen: string[] = [];
    const adapter: AxiosAdapter = async (config) => {
      const { method = 'get', url = '', headers, data } = config;
      seen.push(url);
      const body = data as string | undefined;
      const sent = Object.fromEntries(Object.entries(headers.toJSON()).map(([k, v]) => [k, String(v)]));
      const answer = await fetch(url, { method: method.toUpperCase(), headers: sent, ...(body && { body }) });
      const { status, statusText } = answer;
      return { data: await answer.text(), status, statusText, headers: {}, config } as AxiosResponse;
    };
    for (const call of CALLS) expect((await send({ ...call, adapter })).status).toBe(200);
    // The adapter gets the whole URL, as it was signed.
    for (const url of seen) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/base\/payments/);
  });

  it('signs with a key that the application does not hold', async () => {
    const { send } = await start(signing(signsElsewhere), signedElsewhere, { signer: kms });
    expect((await send({ url: '/payments' })).status).toBe(200);
  });

  it('signs what the SDK of a provider sends, through its authenticator', async () => {
    const verified: [path: string, isGenuine: boolean][] = [];
    const expected = (method: string, path: string, body: string) =>
      createHmac('sha256', KEYS.secret).update(`${method} ${path} ${body}`).digest('hex');
    server = await startLoopbackServer((request, response) => {
      const { method, url, body } = request;
      verified.push([url, of(request, 'x-sig') === expected(method, url, body.toString())]);
      json(response, 200, { id: 'cus_invented', object: 'customer', data: [], has_more: false });
    });
    const definition = signing(({ method, path, url, body = '', credentials }) => ({
      headers: {
        'X-Sig': hmac('sha256', credentials.secret, `${method} ${path}${url.search} ${String(body)}`),
      },
    }));
    application = await startApplication({
      providers: { acme: { provider: definition, baseUrl: server.url, credentials: KEYS } },
    });
    const credentials = application.paymentsAuth.credentials('acme');
    const { hostname, port } = new URL(server.url);
    const stripe = new Stripe(undefined as unknown as string, {
      host: hostname,
      port,
      protocol: 'http',
      telemetry: false,
      maxNetworkRetries: 0,
      authenticator: async (request) => {
        const { method, path, headers, body } = request;
        const signed = await credentials.authenticate({ method, url: path, headers, body });
        Object.assign(headers, signed.headers);
      },
    });
    await stripe.customers.create({ name: 'Grüße & Söhne' });
    await stripe.customers.list({ email: 'a+b@shop.test', limit: 3 });
    expect(verified.map(([, isGenuine]) => isGenuine)).toEqual([true, true]);
    expect(verified[1]?.[0]).toContain('email=a%2Bb');
  });

  it('leaves no trace of a signature in configs, answers and errors', async () => {
    const SIGNATURE = 'invented-signature-0123456789';
    const sign: Sign = () => ({
      headers: { 'X-Sig': SIGNATURE },
      query: { sig: `${SIGNATURE}+/=` },
      body: JSON.stringify({ sig: SIGNATURE }),
    });
    const { send } = await start(signing(sign), ({ url }) => !url.includes('/refused'));
    const headers = { 'x-sig': 'of-somebody-else' };
    const answer = await send({ method: 'post', url: '/payments?a=1', data: {}, headers });
    const error = await failure(send({ method: 'post', url: '/refused', data: {} }));
    const broken = await failure(
      send({ method: 'post', url: '/x', data: {}, proxy: false, maxBodyLength: 1 }),
    );
    for (const each of [answer, error, broken]) {
      const text = inspect(each, { depth: 12, showHidden: true });
      expect(text).not.toContain(SIGNATURE);
      expect(text).not.toContain('of-somebody-else');
    }
    expect((answer.request as { path: string }).path).toBe('/base/payments?a=1');
    const [request] = server.requests;
    expect(request?.url).toBe(`/base/payments?a=1&sig=${encodeURIComponent(`${SIGNATURE}+/=`)}`);
    expect(request?.headers).toMatchObject({
      'x-sig': SIGNATURE,
      'content-length': String(request?.body.length),
    });
  });

  it('is called after the destination was checked, and cannot change it', async () => {
    let asked = 0;
    const { send } = await start(signing(() => ((asked += 1), { headers: { 'X-Sig': 's' } })));
    expect(await failure(send({ url: 'https://elsewhere.test/payments' }))).toMatchObject({
      code: 'INSECURE_DESTINATION',
    });
    expect(asked).toBe(0);
  });

  it('is given the request as it is sent: method, path, named host, headers and length', async () => {
    let seen: Attempt<Keys> | undefined;
    const { send } = await start(signing((attempt) => ((seen = attempt), { headers: { 'X-Sig': 's' } })));
    await send({
      method: 'post',
      url: '/payments',
      params: { a: 'b c' },
      data: { note: 'é' },
      headers: { 'X-Own': '1' },
    });
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/payments',
      namedHost: 'api',
      token: '',
      attempt: 1,
    });
    expect(seen?.url.pathname + String(seen?.url.search)).toBe(server.requests[0]?.url);
    expect(seen?.body).toBe('{"note":"é"}');
    const {
      host,
      connection,
      'accept-encoding': _,
      'x-sig': __,
      'user-agent': ___,
      ...sent
    } = server.requests[0]?.headers ?? {};
    expect([host, connection].every(Boolean)).toBe(true);
    expect(seen?.headers).toEqual(sent);
  });

  it('lets transforms and interceptors run once, however often a call is sent', async () => {
    let runs = 0;
    const { http } = await start(signing(header));
    http.axiosRef.interceptors.request.use((config) => ((runs += 1), config));
    await firstValueFrom(
      http.post(
        '/payments',
        { a: 1 },
        { transformRequest: [(data: unknown) => ((runs += 1), JSON.stringify(data))] },
      ),
    );
    expect(runs).toBe(2);
  });

  it('makes every field a part of the identity of a static key', async () => {
    let keys = KEYS;
    const definition = signing(({ credentials }) => ({ headers: { 'X-Sig': credentials.secret } }), {
      headers: ({ credentials }: { credentials: Keys }) => ({ 'X-Id': credentials.id }),
    });
    await start(definition, undefined, { credentials: () => keys });
    const credentials = application.paymentsAuth.credentials('acme');
    const before = await credentials.get();
    keys = { ...KEYS, secret: 'invented-secret-of-tomorrow' };
    await credentials.rotate();
    expect((await credentials.get()).id).not.toBe(before.id);
  });
});

describe('Defaults of a definition', () => {
  it('stand on every call, unless the call sets the same header', async () => {
    const definition = signing(() => ({}), {
      headers: ({ credentials }: { credentials: Keys }) => ({ 'X-Id': credentials.id }),
      defaultHeaders: () => ({ 'X-Country': 'KE', 'X-Version': '2026-01' }),
    });
    const { send } = await start(definition);
    await send({ url: '/a' });
    await send({ url: '/b', headers: { 'x-country': 'UG' } });
    expect(server.requests.map((each) => [of(each, 'x-country'), of(each, 'x-version')])).toEqual([
      ['KE', '2026-01'],
      ['UG', '2026-01'],
    ]);
  });
});

const vector = (scheme: string, credentials: Keys, attempt: Partial<AttemptToSign<Keys>>) =>
  signAttempt(signing(signOf(scheme)), {
    method: 'POST',
    url: 'https://api.acme.test/base/x',
    nowMs: 0,
    credentials,
    ...attempt,
  });

describe('signAttempt of a definition whose host belongs to the merchant', () => {
  const hosted = defineProvider<{ secret: string; shop: string; area?: string }>({
    name: 'hosted',
    title: 'Hosted',
    docs: 'https://docs.acme.test',
    environments: {
      test: { api: 'https://{shop}.test.acme.test/v1', files: 'https://files-{area}.test.acme.test' },
      live: { api: 'https://{shop}.acme.test/v1', files: 'https://files-{area}.acme.test' },
    },
    credentials: {
      secret: {},
      shop: { inUrl: /^[a-z]+$/ },
      area: { inUrl: /^[a-z]+$/, default: 'eu', optional: true },
    },
    sign: ({ environment, namedHost, path }) => ({
      headers: { 'X-Where': `${environment} ${namedHost} ${path}` },
    }),
  });

  it.each([
    ['https://lake.acme.test/v1/pay', 'live api /pay'],
    ['https://lake.test.acme.test/v1/pay', 'test api /pay'],
    ['https://files-eu.acme.test/pay', 'live files /pay'],
    ['https://{shop}.acme.test/v1/pay', 'live api /pay'],
    ['https://river.acme.test/v1/pay', 'undefined api /v1/pay'],
  ])('signs %s as the call is signed: %s', async (url, where) => {
    const credentials = { secret: 'invented', shop: 'lake' };
    const { headers } = await signAttempt(hosted, { method: 'POST', url, credentials, nowMs: 0 });
    expect(headers['x-where']).toBe(where);
  });
});

describe('A default that cannot be sent', () => {
  it('ends the call as a fault of the definition, and is not shortened', async () => {
    const definition = signing(() => ({}), {
      defaultHeaders: ({ credentials }: { credentials: Keys }) => ({
        'X-Country': credentials.id === KEYS.id ? 'KE\r\nX-Evil: 1' : 'KE',
      }),
    });
    const { send } = await start(definition);
    expect(await failure(send({ url: '/a' }))).toMatchObject({
      code: 'DEFINITION_FAULT',
      message: expect.stringContaining(
        'defaultHeaders returned a value for the header "X-Country" that cannot be sent',
      ),
    });
    expect(server.requests).toEqual([]);
  });
});

describe('A wrong request for authenticate()', () => {
  const request = { method: 'GET', url: '/payments' };

  it.each<[string, object, RegExp]>([
    ['a method of two words', { method: 'G ET' }, /method must be a text such as "POST"/],
    ['no method', { method: undefined }, /method must be a text/],
    ['no URL', { url: undefined }, /url must be a URL or a path below the base URL/],
    ['text that is not a URL', { url: 'http://[' }, /url must be a URL or a path/],
    ['text that is not a port', { url: 'https://api.acme.test:port/x' }, /url must be a URL or a path/],
    ['a fragment', { url: '/payments#top' }, /url has a fragment \("#"\), which is never sent/],
    [
      'a line break in a header',
      { headers: { 'X-A': 'one\r\nX-B: 2' } },
      /headers\["X-A"\] has a line break/,
    ],
    [
      'a letter that no header has',
      { headers: { 'X-A': '日本' } },
      /headers\["X-A"\] has a line break in it, or a character/,
    ],
    [
      'a header name that is none',
      { headers: { 'X A': 'one' } },
      /headers\["X A"\] is not the name of a header/,
    ],
    ['headers that are none', { headers: 'X-A: one' }, /headers must be an object of texts, and is a string/],
    ['an empty audience', { audience: '' }, /request\.audience must be a text, and is empty\. Leave it out/],
  ])('%s is INVALID_REQUEST, and nothing is signed', async (_, changes, message) => {
    let signed = 0;
    await start(signing(() => ((signed += 1), {})));
    const authenticating = application.paymentsAuth
      .credentials('acme')
      .authenticate({ ...request, ...changes });
    expect(await failure(authenticating)).toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(message),
    });
    expect(signed).toBe(0);
  });
});

describe('Published vectors run through signAttempt', () => {
  it('of dLocal and Worldline', async () => {
    await start(signing(() => ({})));
    const dlocal = await vector(
      'dLocal: HMAC over login, date and body',
      { id: 'LOGIN1', secret: 'dlsecret' },
      {
        body: '{"amount":100}',
        nowMs: Date.parse('2023-11-14T22:13:20.123Z'),
      },
    );
    expect(dlocal.headers['authorization']).toBe(
      'V2-HMAC-SHA256, Signature: 1dcae680ec79e2948dc7a9c67560ffdf267a41228cb5954d55581151c4c835cd',
    );
    const worldline = 'Worldline: HMAC over method, type, date, own headers and the raw path';
    const keys = { id: 'KEYID1', secret: 'wlsecret' };
    const nowMs = Date.parse('Tue, 14 Nov 2023 22:13:20 GMT');
    const get = await vector(worldline, keys, {
      method: 'GET',
      url: 'https://w.test/v2/1234/services/testconnection',
      nowMs,
    });
    expect(get.headers['authorization']).toBe(
      'GCS v1HMAC:KEYID1:sY4eNBXSDCo90VOGLeR3rhEcMSnceWZana5+FED4gHk=',
    );
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'X-GCS-Idempotence-Key': 'idem-1' };
    const post = await vector(worldline, keys, {
      url: 'https://w.test/v2/1234/payments',
      headers,
      body: '{}',
      nowMs,
    });
    expect(post.headers['authorization']).toBe(
      'GCS v1HMAC:KEYID1:Zjussmjg7Aoya951zrBDWGv4Vt7MkiKBjVRgoFbd0Us=',
    );
  });
});

describe('A vector that says too little', () => {
  const whole = {
    method: 'POST',
    url: 'https://api.acme.test/base/x',
    nowMs: 0,
    credentials: KEYS,
  };
  const definition = signing(({ credentials: { id, secret } }) => ({
    headers: { 'X-Sig': hmac('sha256', secret, id) },
  }));

  it.each<[string, object, RegExp]>([
    ['no method', { method: undefined }, /- method: expected a text/],
    ['no URL', { url: undefined }, /- url: expected an absolute URL/],
    ['a path for a URL', { url: '/x' }, /- url: expected an absolute URL/],
    ['no credentials', { credentials: undefined }, /- credentials: expected an object/],
    [
      'half the credentials',
      { credentials: { id: 'acme' } },
      /reads credentials\.secret, and the vector gives none/,
    ],
    ['no time', { nowMs: undefined }, /- nowMs: expected milliseconds/],
    ['a date for a time', { nowMs: new Date(0) }, /- nowMs: expected milliseconds/],
    ['an object for a body', { body: { amount: 1 } }, /- body: expected a text or bytes/],
    ['a part that is none', { now: 0 }, /- now: not a part of an attempt/],
    ['a number for random bytes', { random: 7 }, /- random: expected bytes/],
  ])('%s is named by signAttempt', async (_, changes, message) => {
    await expect(signAttempt(definition, { ...whole, ...changes })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(message),
    });
  });

  it('is refused with the name of what is missing: the definition, the vector or a field', async () => {
    await expect(signAttempt(undefined as never, whole as never)).rejects.toThrow(/- definition: expected/);
    await expect(signAttempt(definition, undefined as never)).rejects.toThrow(/- attempt: expected/);
    const misread = signing(({ credentials }) => ({
      headers: { 'X-Sig': (credentials as unknown as { key: string }).key },
    }));
    await expect(signAttempt(misread, whole)).rejects.toThrow(
      /credentials\.key, which is not a field; the fields are id, secret/,
    );
  });
});
