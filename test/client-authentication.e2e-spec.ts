import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as requestOverTls } from 'node:https';
import { json as jsonOf } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  clientCredentials,
  clientSecretJwt,
  defineProvider,
  privateKeyJwt,
  type ClientAuthentication,
} from 'nestjs-payments-auth';
import { startApplication, type TestApplication } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { startConnectProxy } from './support/tls.js';
import { type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.js';

interface Client {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly privateKey?: string;
}

const SECRET = 'test secret/not+real=0123456789%';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** The PEM of a key in one line, as a variable holds it. */
const inOneLine = (key: KeyObject) =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n');

function keyClient(id: string, algorithm: string, publicKey: KeyObject) {
  return {
    client_id: id,
    token_endpoint_auth_method: 'private_key_jwt' as const,
    token_endpoint_auth_signing_alg: algorithm as 'ES256',
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: `${id}-key`, alg: algorithm }] as never[] },
  };
}

const key = ({ credentials }: { credentials: Client }) => credentials.privateKey ?? '';
const keyId = ({ credentials }: { credentials: Client }) => `${credentials.clientId}-key`;

/** Each way of client authentication, and its client. */
const WAYS: readonly [way: string, authentication: ClientAuthentication, client: Client][] = [
  ['client_secret_basic', ['client_secret_basic'], { clientId: 'basic', clientSecret: SECRET }],
  ['client_secret_post', ['client_secret_post'], { clientId: 'post', clientSecret: SECRET }],
  ['client_secret_jwt with HS256', clientSecretJwt(), { clientId: 'jwt-256', clientSecret: SECRET }],
  [
    'client_secret_jwt with HS512',
    clientSecretJwt({ algorithm: 'HS512' }),
    { clientId: 'jwt-512', clientSecret: SECRET.repeat(2) },
  ],
  [
    'private_key_jwt with ES256',
    privateKeyJwt({ algorithm: 'ES256', key, keyId }),
    { clientId: 'es256', privateKey: inOneLine(ec.privateKey) },
  ],
  [
    'private_key_jwt with RS256',
    privateKeyJwt({ algorithm: 'RS256', key, keyId }),
    { clientId: 'rs256', privateKey: inOneLine(rsa.privateKey) },
  ],
  [
    'private_key_jwt with PS256',
    privateKeyJwt({ algorithm: 'PS256', key, keyId }),
    { clientId: 'ps256', privateKey: JSON.stringify(rsa.privateKey.export({ format: 'jwk' })) },
  ],
];

let issuer: OidcIssuer;
let application: TestApplication | undefined;

beforeAll(async () => {
  const secret = (id: string, method: string, value = SECRET) => ({
    client_id: id,
    client_secret: value,
    token_endpoint_auth_method: method as 'client_secret_basic',
  });
  issuer = await startOidcIssuer([
    secret('basic', 'client_secret_basic'),
    secret('post', 'client_secret_post'),
    { ...secret('jwt-256', 'client_secret_jwt'), token_endpoint_auth_signing_alg: 'HS256' },
    { ...secret('jwt-512', 'client_secret_jwt', SECRET.repeat(2)), token_endpoint_auth_signing_alg: 'HS512' },
    keyClient('es256', 'ES256', ec.publicKey),
    keyClient('rs256', 'RS256', rsa.publicKey),
    keyClient('ps256', 'PS256', rsa.publicKey),
    ...['shop-1', 'shop-2'].map((id) => ({
      client_id: id,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: `${id}.clients.test`,
      tls_client_certificate_bound_access_tokens: true,
    })),
  ]);
});

afterAll(() => issuer.close());

function definitionWith(authentication: ClientAuthentication) {
  return defineProvider<{ clientId: string; clientSecret?: string; privateKey?: string }>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { live: 'https://api.acme.test' },
    credentials: { clientId: {}, clientSecret: { optional: true }, privateKey: { optional: true } },
    token: clientCredentials({
      path: '/token',
      client: ({ credentials: { clientId, clientSecret } }) => ({
        id: clientId,
        ...(clientSecret === undefined ? {} : { secret: clientSecret }),
      }),
      authentication,
      documentedLifetimeMs: 600_000,
      revoke: { path: '/token/revocation' },
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: { refused: ({ body }) => (body as { code?: unknown } | undefined)?.code === 'bad_token' },
  });
}

async function start(authentication: ClientAuthentication, credentials: Client, options: object = {}) {
  application = await startApplication({
    providers: {
      acme: {
        provider: definitionWith(authentication),
        baseUrl: issuer.url,
        credentials,
        http: { ca: issuer.authority.cert },
        ...options,
      },
    },
  });
  return application.paymentsAuth;
}

async function stop() {
  await application?.close();
  application = undefined;
}

/** What the issuer says of a token to a resource server (RFC 7662), which is a client of its own. */
async function introspected(token: string): Promise<unknown> {
  const asking = requestOverTls(`${issuer.url}/token/introspection`, {
    method: 'POST',
    ca: issuer.authority.cert,
    auth: `basic:${new URLSearchParams({ SECRET }).toString().slice('SECRET='.length)}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  asking.end(new URLSearchParams({ token }).toString());
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return jsonOf(answer);
}

describe('a client authenticates to a real issuer', () => {
  it.each(WAYS)('by %s: the client gets a token, which calls carry', async (_, authentication, client) => {
    const paymentsAuth = await start(authentication, client);
    const { data } = await paymentsAuth.http('acme').axiosRef.get<unknown>('/resource');
    expect(data).toEqual({ client: client.clientId });
    await stop();
  });

  it.each(WAYS)(
    'by %s: a token that was given back is no longer accepted',
    async (_, authentication, client) => {
      const paymentsAuth = await start(authentication, client);
      const credentials = paymentsAuth.credentials('acme');
      const { token } = await credentials.get();
      expect(await issuer.isAlive(token)).toBe(true);
      expect(await introspected(token)).toMatchObject({ active: true });
      await credentials.revoke();
      expect(await issuer.isAlive(token)).toBe(false);
      expect(await introspected(token)).toEqual({ active: false });
      // The next call has a token of its own.
      expect((await paymentsAuth.http('acme').axiosRef.get('/resource')).status).toBe(200);
      expect((await credentials.get()).token).not.toBe(token);
      await stop();
    },
  );

  it.each(WAYS)('by %s: a wrong secret is CREDENTIALS_REJECTED', async (way, authentication, client) => {
    const other = way.startsWith('private')
      ? {
          privateKey: JSON.stringify(
            generateKeyPairSync(...otherKey(way)).privateKey.export({ format: 'jwk' }),
          ),
        }
      : { clientSecret: `${SECRET}${SECRET}wrong` };
    const paymentsAuth = await start(authentication, { ...client, ...other });
    await expect(paymentsAuth.credentials('acme').get()).rejects.toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'invalid_client',
    });
    await stop();
  });

  it('with a new assertion each time, because the issuer accepts none twice', async () => {
    const [, authentication, client] = WAYS[4] as (typeof WAYS)[number];
    const paymentsAuth = await start(authentication, client);
    const credentials = paymentsAuth.credentials('acme');
    const tokens = new Set<string | undefined>();
    for (let login = 0; login < 5; login += 1) tokens.add((await credentials.refresh()).token);
    expect(tokens.size).toBe(5);
    await stop();
  });

  it('without sending the private key or the secret of an assertion', async () => {
    const from = (await issuer.requests()).length;
    const secrets = WAYS.slice(2).flatMap(([, , client]) => [
      client.clientSecret,
      client.privateKey?.slice(40, 80),
    ]);
    for (const [, authentication, client] of WAYS.slice(2)) {
      const paymentsAuth = await start(authentication, client);
      await paymentsAuth.credentials('acme').get();
      await stop();
    }
    const sent = JSON.stringify((await issuer.requests()).slice(from));
    const found = secrets.filter(
      (secret) => secret !== undefined && sent.includes(encodeURIComponent(secret)),
    );
    expect(found).toEqual([]);
  });
});

type CertifiedClient = {
  readonly clientId: string;
  readonly certificate: string;
  readonly privateKey: string;
};

/** A client with a certificate that the issuer's authority has signed. */
function certified(clientId: string): CertifiedClient {
  const { cert, key: privateKey } = createCertificate([`${clientId}.clients.test`], { by: issuer.authority });
  return {
    clientId,
    certificate: cert.replaceAll('\n', '\\n'),
    privateKey: privateKey.replaceAll('\n', '\\n'),
  };
}

const withCertificate = defineProvider<{ clientId: string; certificate: string; privateKey: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { clientId: {}, certificate: { format: 'pem' }, privateKey: { format: 'pem' } },
  token: clientCredentials({
    path: '/token',
    client: ({ credentials }) => ({ id: credentials.clientId }),
    authentication: 'tls_client_auth',
    documentedLifetimeMs: 600_000,
    revoke: { path: '/token/revocation' },
  }),
  tls: ({ credentials }) => ({ cert: credentials.certificate, key: credentials.privateKey }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: ({ body }) => (body as { code?: unknown } | undefined)?.code === 'bad_token' },
});

async function startWithCertificates(options: object) {
  application = await startApplication({
    providers: {
      acme: {
        provider: withCertificate,
        baseUrl: issuer.url,
        http: { ca: issuer.authority.cert },
        ...options,
      },
    },
  });
  return application.paymentsAuth;
}

describe('a client shows a certificate to a real issuer', () => {
  it('and each account logs in with its own', async () => {
    const accounts = { one: certified('shop-1'), two: certified('shop-2') };
    const paymentsAuth = await startWithCertificates({ accounts });
    const from = (await issuer.requests()).length;
    await Promise.all(['one', 'two'].map((account) => paymentsAuth.credentials('acme', account).get()));
    const logins = (await issuer.requests('/token')).slice(-2);
    expect((await issuer.requests()).length).toBe(from + 2);
    const seen = logins.map(({ body, certificate }) => [
      new URLSearchParams(body).get('client_id'),
      certificate,
    ]);
    expect(new Set(seen.map(String))).toEqual(
      new Set(['shop-1,shop-1.clients.test', 'shop-2,shop-2.clients.test']),
    );
    await stop();
  });

  it('and the certificate of another client is CREDENTIALS_REJECTED', async () => {
    const credentials = { ...certified('shop-2'), clientId: 'shop-1' };
    const paymentsAuth = await startWithCertificates({ credentials });
    await expect(paymentsAuth.credentials('acme').get()).rejects.toMatchObject({
      code: 'CREDENTIALS_REJECTED',
      reason: 'invalid_client',
    });
    await stop();
  });

  it.each([
    [
      'a key of another certificate',
      () => ({ ...certified('shop-1'), privateKey: certified('shop-1').privateKey }),
      /^providers\.acme\.credentials\.privateKey: is not the key of the certificate in "certificate"$/,
    ],
    [
      'a certificate that is none',
      () => ({ ...certified('shop-1'), certificate: 'test-not-real' }),
      /^providers\.acme\.credentials\.certificate: /,
    ],
  ])('and %s stops the boot before any request', async (_, credentials, problem) => {
    const from = (await issuer.requests()).length;
    await expect(startWithCertificates({ credentials: credentials() })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [expect.stringMatching(problem)],
    });
    expect((await issuer.requests()).length).toBe(from);
  });

  it('and calls of each account show its own certificate too, to which its tokens are bound', async () => {
    const accounts = { one: certified('shop-1'), two: certified('shop-2') };
    const paymentsAuth = await startWithCertificates({ accounts });
    for (const [account, client] of [
      ['one', 'shop-1'],
      ['two', 'shop-2'],
    ] as const) {
      const { data } = await paymentsAuth.http('acme', account).axiosRef.get<unknown>('/resource');
      expect(data).toEqual({ client, bound: expect.any(String) });
      expect((await issuer.requests('/resource')).at(-1)?.certificate).toBe(`${client}.clients.test`);
    }
    await stop();
  });

  it('and a rotation while calls are under way lets them finish, and later ones show the new one', async () => {
    const paymentsAuth = await startWithCertificates({ credentials: certified('shop-1') });
    const http = paymentsAuth.http('acme').axiosRef;
    await http.get('/resource');
    const underWay = Array.from({ length: 20 }, () => http.get('/resource'));
    await paymentsAuth.credentials('acme').rotate(certified('shop-2'));
    const statuses = (await Promise.all(underWay)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect((await http.get('/resource')).data).toMatchObject({ client: 'shop-2' });
    expect((await issuer.requests('/resource')).at(-1)?.certificate).toBe('shop-2.clients.test');
    await stop();
  });

  it('and a call that would not show it is refused before it is sent', async () => {
    const paymentsAuth = await startWithCertificates({ credentials: certified('shop-1') });
    const http = paymentsAuth.http('acme').axiosRef;
    await http.get('/resource');
    const before = (await issuer.requests('/resource')).length;
    for (const config of [
      { adapter: 'fetch' as const },
      { httpsAgent: new Agent() },
      { httpVersion: 2 as const },
      { httpVersion: '2' as never },
    ])
      await expect(http.get('/resource', config)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect((await issuer.requests('/resource')).length).toBe(before);
    await stop();
  });

  it('and nothing that a failed call leaves behind holds its key', async () => {
    const credentials = certified('shop-1');
    const paymentsAuth = await startWithCertificates({ credentials });
    const error = await paymentsAuth
      .http('acme')
      .axiosRef.get('/nowhere')
      .catch((reason: unknown) => reason);
    const printed = inspect(error, { depth: 10, showHidden: true });
    expect(printed).toContain('404');
    expect(printed).not.toContain(credentials.privateKey.slice(40, 80));
    await stop();
  });

  it.each(['httpsAgent', 'http2Options', 'httpVersion'])(
    'and http.%s beside it is refused at boot',
    async (name) => {
      await expect(
        startWithCertificates({ credentials: certified('shop-1'), http: { [name]: {} } }),
      ).rejects.toMatchObject({ problems: [expect.stringContaining(`providers.acme.http.${name}: `)] });
    },
  );

  it('through a CONNECT proxy, which sees neither the certificate nor the token', async () => {
    const proxy = await startConnectProxy();
    const paymentsAuth = await startWithCertificates({
      credentials: certified('shop-1'),
      http: {
        ca: issuer.authority.cert,
        proxy: { host: '127.0.0.1', port: proxy.port, protocol: 'http' },
      },
    });
    const { token } = await paymentsAuth.credentials('acme').get();
    expect(proxy.requestLines).toEqual([`CONNECT localhost:${new URL(issuer.url).port} HTTP/1.1`]);
    expect((await issuer.requests('/token')).at(-1)?.certificate).toBe('shop-1.clients.test');
    expect(proxy.bytes().includes(token)).toBe(false);
    await stop();
    await proxy.close();
  });
});

function otherKey(way: string): ['ec', { namedCurve: string }] {
  return (
    way.endsWith('ES256') ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2_048 }]
  ) as never;
}
