import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  defineProvider,
  hmacWebhook,
  PAYMENTS_AUTH_CLOCK,
  type PaymentsAuthEvent,
  PaymentsAuthModule,
  PaymentsAuthService,
  PaymentsSignaturesService,
  publicKeyWebhook,
  textAt,
} from 'nestjs-payments-auth';
import { ManualClock } from 'nestjs-payments-auth/testing';
import { Test } from '@nestjs/testing';
import { createCertificate } from './support/certificate.js';
import { type Handler, json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';

const BODY = Buffer.from('{"id":"evt_1","amount":100}');
const opened: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

async function serve(handler: Handler): Promise<LoopbackServer> {
  const server = await startLoopbackServer(handler);
  opened.push(server);
  return server;
}

interface Credentials {
  readonly apiKey: string;
  readonly webhookId?: string;
  readonly publicKey?: string;
}

/** A provider whose keys stand at `hooks`, and who has one environment or two. */
async function started(
  webhooks: object,
  hooks: string,
  options: object = {},
): Promise<{ signatures: PaymentsSignaturesService; clock: ManualClock; events: PaymentsAuthEvent[] }> {
  const definition = defineProvider<Credentials>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: {
      sandbox: { api: 'https://api.sandbox.acme.test', hooks: 'https://hooks.sandbox.acme.test' },
      live: { api: 'https://api.acme.test', hooks: 'https://hooks.acme.test' },
    },
    credentials: { apiKey: {}, webhookId: { optional: true }, publicKey: { optional: true } },
    headers: ({ credentials }) => ({ 'X-Api-Key': credentials.apiKey }),
    refusal: { refused: ({ body }) => textAt(body, 'code') === 'bad-key' },
    webhooks: webhooks as Record<string, never>,
  });
  const clock = new ManualClock();
  const credentials = { apiKey: 'test-key', webhookId: 'WH-1' };
  const acme = {
    provider: definition,
    environment: 'sandbox',
    baseUrl: { api: hooks, hooks },
    credentials,
    ...options,
  };
  const module = await Test.createTestingModule({
    imports: [PaymentsAuthModule.forRoot({ providers: { acme } })],
  })
    .overrideProvider(PAYMENTS_AUTH_CLOCK)
    .useValue(clock)
    .compile();
  opened.push(module);
  const events: PaymentsAuthEvent[] = [];
  module.get(PaymentsAuthService).events$.subscribe((event) => events.push(event));
  return { signatures: module.get(PaymentsSignaturesService), clock, events };
}

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
const p521 = () => generateKeyPairSync('ec', { namedCurve: 'P-521' });
const jwk = (kid: string, key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });

/** A detached JWS as TrueLayer writes it. */
function jws(
  key: KeyObject,
  kid: string,
  more: object = {},
  body: Buffer = BODY,
  path = '/hook?x=1',
): string {
  const header = { alg: 'ES512', kid, tl_version: '2', tl_headers: 'X-Tl-Webhook-Timestamp', ...more };
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
  const text = `POST ${path}\nX-Tl-Webhook-Timestamp: 2026-01-01T00:00:00Z\n${body.toString()}`;
  const signed = Buffer.from(`${encoded}.${Buffer.from(text).toString('base64url')}`);
  const signature = sign('sha512', signed, { key, dsaEncoding: 'ieee-p1363' });
  return `${encoded}..${signature.toString('base64url')}`;
}

const message = (signature: string, body: Buffer = BODY, target = '/hook?x=1') => ({
  method: 'POST',
  target,
  headers: { 'tl-signature': signature, 'x-tl-webhook-timestamp': '2026-01-01T00:00:00Z' },
  rawBody: body,
});

/** The scheme of TrueLayer, with the key sets of this provider. */
const SIGNED_BY_SET = {
  signature: publicKeyWebhook({
    algorithm: 'ecdsa-sha512',
    key: {
      jwks: {
        sandbox: 'https://hooks.sandbox.acme.test/.well-known/jwks',
        live: 'https://hooks.acme.test/.well-known/jwks',
      },
    },
    header: 'tl-signature',
    encoding: 'base64url',
    jws: { signedHeaders: 'tl_headers', trailingSlash: 'either' },
    signed: '{method} {path}\n{signedHeaders}{body}',
  }),
};

/** A provider with one key in its set, and how its messages are verified. */
async function published() {
  const one = p521();
  const keys = [jwk('one', one.publicKey)];
  const server = await serve((_request, response) => json(response, 200, { keys }));
  const { signatures, clock, events } = await started(SIGNED_BY_SET, server.url);
  const verify = async (signature: string, body?: Buffer) =>
    (await signatures.verifyWebhook('acme', message(signature, body))) !== undefined;
  return { one, keys, server, verify, clock, signatures, events };
}

describe('keys in a set that the provider publishes', () => {
  it('are fetched once, and prove a message as TrueLayer signs it', async () => {
    const { one, server, verify } = await published();
    const signature = jws(one.privateKey, 'one');
    const all = await Promise.all(Array.from({ length: 50 }, () => verify(signature)));
    expect(all).toEqual(Array.from({ length: 50 }, () => true));
    expect(server.requests.map(({ url }) => url)).toEqual(['/.well-known/jwks']);
    expect(await verify(signature, Buffer.from('{"id":"evt_1","amount":999}'))).toBe(false);
    expect(await verify(jws(p521().privateKey, 'one'))).toBe(false);
    expect(await verify(jws(one.privateKey, 'one', { alg: 'HS512' }))).toBe(false);
    expect(await verify(jws(one.privateKey, 'one', { alg: 'none' }))).toBe(false);
    expect(await verify(jws(one.privateKey, 'one', { tl_headers: '' }))).toBe(false);
    expect(await verify(`${signature}.x`)).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['/hook', '/hook/', true],
    ['/hook/', '/hook', true],
    ['/hook?x=1', '/hook/?x=1', true],
    ['/hook/?x=1', '/hook?x=1', true],
    ['/', '/', true],
    ['/hook', '/hook//', false],
    ['/hook', '/hook?', false],
    ['/hook?x=1', '/hook?x=1/', false],
    ['/hook?x=1', '/hook?x=2', false],
    ['/hook', '/other', false],
    ['', '/', false],
  ])('prove a path with or without a slash at its end: signed %j, requested %j', async (path, target, is) => {
    const { one, signatures } = await published();
    const signature = jws(one.privateKey, 'one', {}, BODY, path);
    const delivery = await signatures.verifyWebhook('acme', message(signature, BODY, target));
    expect(delivery !== undefined).toBe(is);
  });

  it('are found right after the provider has rotated them, with one fetch however many ask', async () => {
    const { one, keys, server, verify } = await published();
    expect(await verify(jws(one.privateKey, 'one'))).toBe(true);
    const two = p521();
    keys.push(jwk('two', two.publicKey));
    const signature = jws(two.privateKey, 'two');
    const all = await Promise.all(Array.from({ length: 50 }, () => verify(signature)));
    expect(all.every(Boolean)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it.each(['before', 'behind'])(
    'are told apart by type where a key of another type %s them has the same id',
    async (where) => {
      const { one, keys, verify } = await published();
      const rsa = jwk('one', generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey);
      if (where === 'before') keys.unshift(rsa);
      else keys.push(rsa);
      expect(await verify(jws(one.privateKey, 'one'))).toBe(true);
      expect(await verify(jws(p521().privateKey, 'one'))).toBe(false);
    },
  );

  it('cost a handful of fetches when ten thousand forged messages name as many', async () => {
    const { one, server, verify, clock, events } = await published();
    const template = jws(one.privateKey, 'KID');
    const [, , tail = ''] = template.split('.');
    const answers: unknown[] = [];
    for (let at = 0; at < 10_000; at += 1) {
      const header = { alg: 'ES512', kid: `forged-${at}`, tl_headers: 'X-Tl-Webhook-Timestamp' };
      const forged = `${Buffer.from(JSON.stringify(header)).toString('base64url')}..${tail}`;
      answers.push(await verify(forged).catch(({ code }) => code));
    }
    // After five fetches no more are allowed for a while. Then the library cannot know whether the provider has this key.
    expect(answers.slice(0, 4)).toEqual([false, false, false, false]);
    expect(new Set(answers.slice(5))).toEqual(new Set(['CREDENTIALS_UNAVAILABLE']));
    expect(server.requests.length).toBeLessThanOrEqual(5);
    expect(await verify(jws(one.privateKey, 'one'))).toBe(true);
    await clock.advance(30_000);
    expect(await verify(jws(one.privateKey, 'another'))).toBe(false);
    expect(await verify(jws(one.privateKey, 'another'))).toBe(false);
    expect(server.requests.length).toBeLessThanOrEqual(6);
    // The keys could be fetched each time: whoever forges messages wakes nobody up.
    expect(events).toEqual([]);
  });

  it('are trusted for a while when the provider is down, and not for ever when it takes one out', async () => {
    const { one, keys, server, verify, clock, signatures } = await published();
    const signature = jws(one.privateKey, 'one');
    expect(await verify(signature)).toBe(true);
    keys.splice(0, 1, jwk('two', p521().publicKey));
    await clock.advance(59 * 60_000);
    expect(await verify(signature)).toBe(true);
    await clock.advance(2 * 60_000);
    expect(await verify(signature)).toBe(false);
    expect(server.requests).toHaveLength(2);
    await server.close();
    await clock.advance(2 * 60 * 60_000);
    const unknown = jws(one.privateKey, 'three');
    await expect(signatures.verifyWebhook('acme', message(unknown))).rejects.toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
    });
  });

  it('are told to operators once an attempt while they cannot be fetched again', async () => {
    const { one, server, verify, clock, events } = await published();
    const signature = jws(one.privateKey, 'one');
    expect(await verify(signature)).toBe(true);
    const { host } = new URL(server.url);
    const fetchedAtMs = clock.now();
    await server.close();
    await clock.advance(2 * 60 * 60_000);
    for (let more = 0; more < 20; more += 1) expect(await verify(signature)).toBe(true);
    expect(events.splice(0)).toEqual([
      {
        type: 'webhook-keys-outdated',
        provider: 'acme',
        host,
        reason: `${server.url} did not send the key (ECONNREFUSED)`,
        usableUntilMs: fetchedAtMs + 24 * 60 * 60_000,
        atMs: clock.now(),
      },
    ]);
    await clock.advance(30_000);
    for (let more = 0; more < 20; more += 1) expect(await verify(signature)).toBe(true);
    expect(events.splice(0).map(({ type }) => type)).toEqual(['webhook-keys-outdated']);
    await clock.advance(22 * 60 * 60_000);
    const { code, reason } = await verify(signature).catch((error) => error);
    expect({ code, reason }).toEqual({
      code: 'CREDENTIALS_UNAVAILABLE',
      reason: expect.stringContaining('(ECONNREFUSED)'),
    });
    expect(events[0]).toEqual({
      type: 'webhook-keys-unavailable',
      provider: 'acme',
      host,
      reason,
      atMs: clock.now(),
    });
  });

  it.each([
    [
      'an answer that is no set',
      (response: ServerResponse) => json(response, 200, { keys: 'none' }),
      'no set',
    ],
    ['an error', (response: ServerResponse) => json(response, 500, {}), 'HTTP 500'],
    [
      'a redirect',
      (response: ServerResponse) => void response.writeHead(302, { location: '/other' }).end(),
      'HTTP 302',
    ],
    ['too many bytes', (response: ServerResponse) => void response.end('x'.repeat(1_000_000)), 'too-large'],
  ])(
    'make a message neither genuine nor forged where they cannot be had, as is told: %s',
    async (_what, answer, why) => {
      const server = await serve((_request, response) => answer(response));
      const { signatures, events } = await started(SIGNED_BY_SET, server.url);
      const signature = jws(p521().privateKey, 'one');
      const { host } = new URL(server.url);
      const said = { host, reason: expect.stringContaining(why) };
      await expect(signatures.verifyWebhook('acme', message(signature))).rejects.toMatchObject({
        code: 'CREDENTIALS_UNAVAILABLE',
        ...said,
      });
      expect(server.requests).toHaveLength(1);
      expect(events).toEqual([
        { type: 'webhook-keys-unavailable', provider: 'acme', ...said, atMs: expect.any(Number) },
      ]);
    },
  );
});

const NAME = ['messages.acme.test'];

describe('the key in a certificate that a message names', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const root = createCertificate(['Test Root'], { isAuthority: true });
  const middle = createCertificate(['Test Intermediate'], { by: root, isAuthority: true });
  const leaf = createCertificate(NAME, { by: middle, keyPair: rsa });

  const made = new Map<string, string>();
  const signatureOf = (text: string): string => {
    const known = made.get(text) ?? sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64');
    made.set(text, known);
    return known;
  };

  /** PayPal's scheme, with another origin. */
  const startedWith = async (
    pem: () => string,
    authorities: readonly string[] = [root.cert],
    status = 200,
  ): Promise<{
    server: LoopbackServer;
    verify: (url?: string, headers?: object) => Promise<boolean>;
    events: PaymentsAuthEvent[];
  }> => {
    const server = await serve((_request, response) => void response.writeHead(status).end(pem()));
    const certificate = publicKeyWebhook({
      algorithm: 'rsa-sha256',
      key: { certificate: { header: 'paypal-cert-url', allow: [new URL(server.url).origin] } },
      header: 'paypal-transmission-sig',
      encoding: 'base64',
      timestamp: { at: '{header:paypal-transmission-time}', unit: 'iso' },
      signed:
        '{header:paypal-transmission-id}|{header:paypal-transmission-time}|{credential:webhookId}|{body:crc32}',
      confirmWith: 'POST /v1/notifications/verify-webhook-signature',
    });
    const { signatures, clock, events } = await started({ certificate }, server.url, {
      http: { ca: authorities },
    });
    const verify = async (url = `${server.url}/certs/CERT-1`, headers: object = {}): Promise<boolean> => {
      const time = new Date(clock.now()).toISOString();
      const text = `tx-1|${time}|WH-1|${crc32(BODY)}`;
      const delivery = await signatures.verifyWebhook('acme', {
        headers: {
          'paypal-transmission-id': 'tx-1',
          'paypal-transmission-time': time,
          'paypal-cert-url': url,
          'paypal-transmission-sig': signatureOf(text),
          ...headers,
        },
        rawBody: BODY,
      });
      return delivery !== undefined;
    };
    return { server, verify, events };
  };

  it('is trusted when its chain ends at a root, fetched once, and kept', async () => {
    const { server, verify } = await startedWith(() => leaf.cert + middle.cert);
    const all = await Promise.all(Array.from({ length: 20 }, () => verify()));
    expect(all.every(Boolean)).toBe(true);
    expect(await verify()).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['without its intermediate', () => leaf.cert, [root.cert]],
    ['of a root that nobody trusts', () => leaf.cert + middle.cert, []],
    [
      'issued by one that may not issue',
      () => {
        const plain = createCertificate(['Test Holder'], { by: root });
        return createCertificate(NAME, { by: plain, keyPair: rsa }).cert + plain.cert;
      },
      [root.cert],
    ],
    [
      'that has ended',
      () => createCertificate(NAME, { by: root, keyPair: rsa, endsAtMs: Date.now() - 1_000 }).cert,
      [root.cert],
    ],
    [
      'whose issuer only has the same name',
      () =>
        createCertificate(NAME, { by: createCertificate(['Test Root'], { isAuthority: true }), keyPair: rsa })
          .cert,
      [root.cert],
    ],
    [
      'signed by itself',
      () => createCertificate(NAME, { keyPair: rsa, isAuthority: true }).cert,
      [root.cert],
    ],
    ['that is no certificate', () => 'not a certificate', [root.cert]],
  ])('is not trusted %s', async (_what, pem, authorities) => {
    const { server, verify } = await startedWith(pem, authorities);
    expect(await verify()).toBe(false);
    expect(await verify()).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  it('is fetched from no origin but those of the definition', async () => {
    const trap = await serve((_request, response) => void response.end(leaf.cert + middle.cert));
    const { server, verify } = await startedWith(() => leaf.cert + middle.cert);
    const { port } = new URL(server.url);
    for (const url of [
      `${trap.url}/certs/CERT-1`,
      `http://user@127.0.0.1:${port}/certs/CERT-1`,
      `http://127.0.0.1:${port}@127.0.0.1:${new URL(trap.url).port}/`,
      `https://127.0.0.1:${port}/certs/CERT-1`,
      `//127.0.0.1:${port}/certs/CERT-1`,
      '/certs/CERT-1',
      'file:///etc/hostname',
      '',
    ])
      expect(await verify(url)).toBe(false);
    expect([trap.requests, server.requests]).toEqual([[], []]);
    expect(await verify()).toBe(true);
  });

  it('costs a handful of fetches when ten thousand messages name as many', async () => {
    const { server, verify } = await startedWith(() => leaf.cert);
    const answers: unknown[] = [];
    for (let at = 0; at < 10_000; at += 1)
      answers.push(await verify(`${server.url}/certs/forged-${at}`).catch(({ code }) => code));
    expect(new Set(answers)).toEqual(new Set([false, 'CREDENTIALS_UNAVAILABLE']));
    expect(server.requests.length).toBeLessThanOrEqual(5);
  });

  it.each([
    [503, ['webhook-keys-unavailable']],
    [403, ['webhook-keys-unavailable']],
    // Whoever forges messages can name one that does not exist, and wakes nobody up.
    [404, []],
    [410, []],
  ])('is told to operators where its host answers %i: %j', async (status, told) => {
    const { verify, events } = await startedWith(() => '', [root.cert], status);
    await expect(verify()).rejects.toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', status });
    expect(events.map(({ type }) => type)).toEqual(told);
  });

  it('is not fetched for a message that is too old', async () => {
    const { server, verify } = await startedWith(() => leaf.cert + middle.cert);
    const old = { 'paypal-transmission-time': '2020-01-01T00:00:00Z' };
    expect(await verify(undefined, old)).toBe(false);
    expect(server.requests).toHaveLength(0);
  });
});

const databaseIsDown = async () => {
  throw new Error('the database is down');
};

describe('a secret that a function of the application gives', () => {
  it('is told to operators while the function fails, few times and without the account', async () => {
    const signature = hmacWebhook({ key: 'webhookId', header: 'x-signature' });
    const { signatures, clock, events } = await started({ signature }, 'http://127.0.0.1:1', {
      accounts: databaseIsDown,
    });
    const headers = { 'x-signature': '0'.repeat(64) };
    const verify = (account: string) =>
      signatures.verifyWebhook('acme', { headers, rawBody: BODY }, { account }).catch(({ code }) => code);
    for (let shop = 0; shop < 100; shop += 1)
      expect(await verify(`shop-${shop}`)).toBe('CREDENTIALS_UNAVAILABLE');
    const told = {
      type: 'webhook-keys-unavailable',
      provider: 'acme',
      reason: 'the credentials could not be resolved',
      atMs: clock.now(),
    };
    expect(events).toEqual([told]);
    await clock.advance(10_000);
    await verify('shop-1');
    expect(events).toEqual([told, { ...told, atMs: clock.now() }]);
  });
});

describe('a key that is pinned', () => {
  it('is that of the environment, and no other', async () => {
    const keys = { sandbox: generateKeyPairSync('ed25519'), live: generateKeyPairSync('ed25519') };
    const signature = publicKeyWebhook({
      algorithm: 'ed25519',
      key: { environments: { sandbox: pemOf(keys.sandbox.publicKey), live: pemOf(keys.live.publicKey) } },
      header: 'x-signature',
      encoding: 'base64',
    });
    const { signatures } = await started({ signature }, 'http://127.0.0.1:1');
    for (const [environment, genuine] of [
      ['sandbox', true],
      ['live', false],
    ] as const) {
      const headers = { 'x-signature': sign(null, BODY, keys[environment].privateKey).toString('base64') };
      const delivery = await signatures.verifyWebhook('acme', { headers, rawBody: BODY });
      expect(delivery !== undefined).toBe(genuine);
    }
  });
});
