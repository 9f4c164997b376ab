import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineProvider, fromFiles, type PaymentsAuthEvent } from 'nestjs-payments-auth';
import { ManualClock } from 'nestjs-payments-auth/testing';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { startConnectProxy } from './support/tls.js';

/** A provider that knows its callers by their certificates, and wants nothing else. */
const acme = defineProvider<{ certificate: string; privateKey: string }>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: {
    certificate: { format: 'pem', variable: 'ACME_CERTIFICATE' },
    privateKey: { format: 'pem', variable: 'ACME_PRIVATE_KEY' },
  },
  tls: ({ credentials }) => ({ cert: credentials.certificate, key: credentials.privateKey }),
});

const DAY_MS = 24 * 60 * 60_000;
const authority = createCertificate(['authority.test'], { isAuthority: true });

function certified(name: string, endsAtMs?: number) {
  const options = { by: authority, ...(endsAtMs === undefined ? {} : { endsAtMs }) };
  const { cert, key } = createCertificate([`${name}.clients.test`], options);
  return { certificate: cert, privateKey: key };
}

type Pair = ReturnType<typeof certified>;
const inOneLine = (pem: string) => pem.trimEnd().replaceAll('\n', '\\n');

function writtenTo(path: string, { certificate, privateKey }: Pair) {
  const files = { certificate: join(path, 'tls.crt'), privateKey: join(path, 'tls.key') };
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.privateKey, privateKey);
  return files;
}

interface Called {
  readonly client: string;
  readonly headers: readonly string[];
}

let called: Called[];
let folder: string;
let url: string;
let closeServer: () => Promise<void>;
let application: TestApplication | undefined;
let logger: LogLines;
let clock: ManualClock;

beforeEach(async () => {
  called = [];
  folder = mkdtempSync(join(tmpdir(), 'payments-auth-certificates-'));
  logger = new LogLines();
  const server = createServer({
    ...createCertificate(['localhost'], { by: authority }),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('request', ({ socket, headers }, response) => {
    const { subject } = (socket as TLSSocket).getPeerCertificate();
    called.push({ client: String(subject.CN), headers: Object.keys(headers) });
    response.setHeader('content-type', 'application/json').end('{"paid":true}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
  closeServer = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
});

afterEach(async () => {
  await application?.close();
  application = undefined;
  await closeServer();
  rmSync(folder, { recursive: true });
});

async function start(options: object, nowMs = Date.now(), variables: Record<string, string> = {}) {
  clock = new ManualClock(nowMs);
  application = await startApplication(
    { providers: { acme: { provider: acme, baseUrl: url, http: { ca: authority.cert }, ...options } } },
    { clock, logger, variables },
  );
  return application.paymentsAuth;
}

const warnings = () => logger.of('warn', 'PaymentsAuth').filter((line) => line.includes('certificate'));
const clients = () => called.map(({ client }) => client);

describe('A certificate that is the whole credential', () => {
  it('is shown by calls that carry no header of ours, each account its own', async () => {
    const accounts = { one: certified('shop-1'), two: certified('shop-2') };
    const paymentsAuth = await start({ accounts });
    for (const account of ['one', 'two', 'one'])
      expect((await paymentsAuth.http('acme', account).axiosRef.get<unknown>('/pay')).data).toEqual({
        paid: true,
      });
    expect(clients()).toEqual(['shop-1.clients.test', 'shop-2.clients.test', 'shop-1.clients.test']);
    for (const { headers } of called) expect(headers).not.toContain('authorization');
    expect(await paymentsAuth.credentials('acme', 'one').headers()).toEqual({});
  });

  it('goes through a CONNECT proxy with calls, and the proxy sees neither it nor what is said', async () => {
    const proxy = await startConnectProxy();
    const paymentsAuth = await start({
      credentials: certified('shop-1'),
      http: { ca: authority.cert, proxy: { host: '127.0.0.1', port: proxy.port, protocol: 'http' } },
    });
    expect((await paymentsAuth.http('acme').axiosRef.post('/pay', { iban: 'invented-iban' })).status).toBe(
      200,
    );
    expect(clients()).toEqual(['shop-1.clients.test']);
    expect(proxy.requestLines).toEqual([`CONNECT localhost:${new URL(url).port} HTTP/1.1`]);
    expect(proxy.bytes().includes('invented-iban')).toBe(false);
    await proxy.close();
  });

  it('is what agent() gives to another client', async () => {
    const paymentsAuth = await start({ credentials: certified('shop-1') });
    const agent = await paymentsAuth.credentials('acme').agent();
    const { get } = await import('node:https');
    const request = get(`${url}/pay`, { agent, ca: authority.cert });
    const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(clients()).toEqual(['shop-1.clients.test']);
  });

  it.each<[string, (pair: Pair) => { options: object; variables?: Record<string, string> }]>([
    ['an object', (pair) => ({ options: { credentials: pair } })],
    ['a function', (pair) => ({ options: { credentials: async () => pair } })],
    ['accounts', (pair) => ({ options: { accounts: () => pair } })],
    ['files', (pair) => ({ options: { credentials: fromFiles(writtenTo(folder, pair)) } })],
    [
      'variables of one line',
      ({ certificate, privateKey }) => ({
        options: {},
        variables: { ACME_CERTIFICATE: inOneLine(certificate), ACME_PRIVATE_KEY: inOneLine(privateKey) },
      }),
    ],
  ])('comes from %s', async (whence, given) => {
    const { options, variables } = given(certified('shop-1'));
    const paymentsAuth = await start(options, Date.now(), variables);
    const account = whence === 'accounts' ? { account: 'one' } : {};
    await paymentsAuth.http('acme').axiosRef.get('/pay', { paymentsAuth: account });
    expect(clients()).toEqual(['shop-1.clients.test']);
  });

  it('is refused at boot where its key is none, by the path of the field', async () => {
    const { certificate } = certified('shop-1');
    await expect(start({ credentials: { certificate, privateKey: 'test-not-real' } })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [expect.stringMatching(/^providers\.acme\.credentials\.privateKey: /)],
    });
  });
});

describe('The end of a client certificate', () => {
  const now = Date.now();

  /** To the second, as a certificate says it. */
  const inDays = (days: number) => Math.floor((now + days * DAY_MS) / 1_000) * 1_000;

  it('is known to status() and explain() from the first use on', async () => {
    const endsAtMs = inDays(90);
    const paymentsAuth = await start({ credentials: certified('shop-1', endsAtMs) }, now);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(paymentsAuth.status()).toMatchObject([{ state: 'fresh', certificateEndsAtMs: endsAtMs }]);
    expect(await paymentsAuth.explain('acme')).toMatchObject({ certificateEndsAtMs: endsAtMs });
    expect(warnings()).toEqual([]);
  });

  it('is warned about 14 days ahead, once a day, whatever is called', async () => {
    const endsAtMs = inDays(15);
    const paymentsAuth = await start({ credentials: certified('shop-1', endsAtMs) }, now);
    const events: PaymentsAuthEvent[] = [];
    paymentsAuth.events$.subscribe((event) => events.push(event));
    const http = paymentsAuth.http('acme').axiosRef;
    const callFor = async (days: number) => {
      for (let hour = 0; hour < days * 24; hour += 6) {
        await http.get('/pay');
        await clock.advance(6 * 60 * 60_000);
      }
    };
    await callFor(1);
    expect(warnings()).toEqual([]);
    await callFor(3);
    const day = new Date(endsAtMs).toISOString().slice(0, 10);
    expect(warnings()).toHaveLength(3);
    expect(warnings()[0]).toMatch(
      new RegExp(`^certificate-ends provider=acme .*the client certificate ends on ${day}`),
    );
    expect(events.filter(({ type }) => type === 'certificate-ends')).toHaveLength(3);
    expect(events.find(({ type }) => type === 'certificate-ends')).toMatchObject({
      provider: 'acme',
      endsAtMs,
    });
  });

  it('is said in the past where it has ended', async () => {
    const paymentsAuth = await start({ credentials: certified('shop-1', inDays(1)) }, now + 2 * DAY_MS);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(warnings()).toEqual([expect.stringContaining('the client certificate has ended on')]);
  });

  it('is that of the new certificate after a rotation', async () => {
    const paymentsAuth = await start({ credentials: certified('shop-1', inDays(3)) }, now);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    await paymentsAuth.credentials('acme').rotate(certified('shop-1', inDays(60)));
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(paymentsAuth.status()).toMatchObject([{ certificateEndsAtMs: inDays(60) }]);
    await clock.advance(2 * DAY_MS);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(warnings()).toHaveLength(1);
  });
});
