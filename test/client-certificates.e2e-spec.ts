import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import {
  type AnyProviderDefinition,
  defineProvider,
  fromFiles,
  type PaymentsAuthEvent,
} from 'nestjs-payments-auth';
import { ManualClock } from 'nestjs-payments-auth/testing';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { createCertificate, pkcs12 } from './support/certificate.js';
import { startConnectProxy } from './support/tls.js';
import { failure } from './support/waiting.js';

/** A provider that recognises callers by their certificates alone. */
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
  it('is shown by the calls of each account, without any authentication header', async () => {
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

  it('is shown through a CONNECT proxy, which sees neither the certificate nor the calls', async () => {
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

  it('is shown by another client that uses agent()', async () => {
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

  it('is refused at boot when its key is not a key, by the path of the field', async () => {
    const { certificate } = certified('shop-1');
    await expect(start({ credentials: { certificate, privateKey: 'test-not-real' } })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [expect.stringMatching(/^providers\.acme\.credentials\.privateKey: /)],
    });
  });
});

interface Opened {
  readonly certificate: string;
  readonly privateKey: string;
  readonly passphrase: string;
  readonly authority?: string;
}

/** A provider whose key has a passphrase, and that names the authorities that it trusts. */
const locked = defineProvider<Opened>({
  name: 'locked',
  title: 'Locked',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: {
    certificate: { format: 'pem' },
    privateKey: { format: 'pem' },
    passphrase: {},
    authority: { format: 'pem', optional: true },
  },
  tls: ({ credentials: { certificate, privateKey, passphrase, authority: ca } }) => ({
    cert: certificate,
    key: privateKey,
    passphrase,
    ...(ca === undefined ? {} : { ca }),
  }),
});
const PASSPHRASE = 'invented-passphrase';

function lockedPair(name: string, format: 'pkcs8' | 'pkcs1' = 'pkcs8'): Opened {
  const { certificate, privateKey } = certified(name);
  const key = createPrivateKey(privateKey);
  const type = format === 'pkcs1' && key.asymmetricKeyType === 'ec' ? 'sec1' : format;
  const encrypted = key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE });
  return { certificate, privateKey: String(encrypted), passphrase: PASSPHRASE };
}

async function startLocked(provider: AnyProviderDefinition, options: object) {
  application = await startApplication(
    { providers: { locked: { provider, baseUrl: url, http: { ca: authority.cert }, ...options } } },
    { logger },
  );
  return application.paymentsAuth.http('locked').axiosRef;
}

function writtenFields(fields: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, text]) => {
      const path = join(folder, field);
      writeFileSync(path, text as string);
      return [field, path];
    }),
  );
}

describe('A private key under a passphrase', () => {
  it.each(['pkcs8', 'pkcs1'] as const)(
    'opens connections as %s, from an object and from files',
    async (format) => {
      const pair = lockedPair('shop-1', format);
      const http = await startLocked(locked, { credentials: pair });
      expect((await http.get('/pay')).status).toBe(200);
      await application?.close();
      const fromMounted = await startLocked(locked, { credentials: fromFiles(writtenFields(pair)) });
      expect((await fromMounted.get('/pay')).status).toBe(200);
      expect(clients()).toEqual(['shop-1.clients.test', 'shop-1.clients.test']);
    },
  );

  it('is read from files beside the certificate of an authority, which has no key there', async () => {
    const files = writtenFields({ ...lockedPair('shop-1'), authority: authority.cert });
    const http = await startLocked(locked, { credentials: fromFiles(files), http: {} });
    expect((await http.get('/pay')).status).toBe(200);
    expect(clients()).toEqual(['shop-1.clients.test']);
  });
});

/** PKCS#12 in base64, as portals hand it out. */
const packed = defineProvider<{ bundle: string; passphrase: string }>({
  name: 'locked',
  title: 'Packed',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { bundle: {}, passphrase: {} },
  tls: ({ credentials }) => ({
    pfx: Buffer.from(credentials.bundle, 'base64'),
    passphrase: credentials.passphrase,
  }),
});

const bundleOf = ({ certificate, privateKey }: Pair) =>
  pkcs12({ cert: certificate, key: privateKey }, PASSPHRASE).toString('base64');

describe('A certificate in PKCS#12', () => {
  it('is shown by calls, and its end is known', async () => {
    const endsAtMs = Math.floor(Date.now() / 1_000) * 1_000 + 90 * DAY_MS;
    const http = await startLocked(packed, {
      credentials: { bundle: bundleOf(certified('shop-1', endsAtMs)), passphrase: PASSPHRASE },
    });
    expect((await http.get('/pay')).status).toBe(200);
    expect(clients()).toEqual(['shop-1.clients.test']);
    expect(application?.paymentsAuth.status()).toMatchObject([{ certificateEndsAtMs: endsAtMs }]);
  });

  it.each<[string, (bundle: string) => object, RegExp]>([
    [
      'a wrong passphrase',
      (bundle) => ({ bundle, passphrase: 'another-one' }),
      /^providers\.locked\.credentials\.passphrase: does not open the PKCS#12 file$/,
    ],
    [
      'something else',
      () => ({ bundle: 'bm90IHJlYWw', passphrase: PASSPHRASE }),
      /^providers\.locked\.credentials\.bundle: holds no PKCS#12 file with a certificate and its key$/,
    ],
  ])('is refused at boot with %s', async (_, given, problem) => {
    await expect(
      startLocked(packed, { credentials: given(bundleOf(certified('shop-1'))) }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTIONS', problems: [expect.stringMatching(problem)] });
  });
});

describe('Keys and certificates that cannot be shown are refused at boot, by their field', () => {
  const good = lockedPair('shop-1');
  const plain = certified('shop-1');

  it.each<[string, object, RegExp]>([
    [
      'a certificate for a key',
      { privateKey: good.certificate },
      /^privateKey: holds a certificate, and a private key is expected$/,
    ],
    [
      'a key for a certificate',
      { certificate: plain.privateKey },
      /^certificate: holds a private key, and a certificate is expected$/,
    ],
    [
      'a public key for a key',
      { privateKey: String(createPublicKey(good.certificate).export({ type: 'spki', format: 'pem' })) },
      /^privateKey: holds a public key, and a private key is expected$/,
    ],
    [
      'the key of another',
      { privateKey: certified('shop-2').privateKey },
      /^privateKey: is not the key of the certificate in "certificate"$/,
    ],
    [
      'a wrong passphrase',
      { passphrase: 'another-one' },
      /^passphrase: does not open the private key in "privateKey"$/,
    ],
    [
      'a key for an authority',
      { authority: plain.privateKey },
      /^authority: holds no certificate, and tls returns it as the certificate of an authority$/,
    ],
    [
      'a key that is cut off',
      { privateKey: good.privateKey.slice(0, 200) },
      /^privateKey: a PEM that cannot be read: it is cut off, damaged, or of an unknown kind$/,
    ],
  ])('%s', async (_, changes, problem) => {
    const credentials = { ...good, ...changes };
    const expected = {
      code: 'INVALID_OPTIONS',
      problems: [
        expect.stringMatching(new RegExp(`^providers\\.locked\\.credentials\\.${problem.source.slice(1)}`)),
      ],
    };
    await expect(startLocked(locked, { credentials })).rejects.toMatchObject(expected);
  });

  it.each<[string, object, RegExp]>([
    ['a wrong passphrase', { passphrase: 'another-one' }, /passphrase: does not open the private key/],
    ['the key of another', { privateKey: certified('shop-2').privateKey }, /privateKey: is not the key of/],
    ['a certificate for a key', { privateKey: good.certificate }, /privateKey: holds a certificate/],
    ['a key that is cut off', { privateKey: good.privateKey.slice(0, 200) }, /privateKey: a PEM that cannot/],
    ['no key at all', { privateKey: undefined }, /privateKey: missing/],
  ])(
    '%s from a function is reported when it is used, as a mistake of the application',
    async (_, changes, said) => {
      let given: object = { ...good, ...changes };
      await start({ provider: locked, accounts: () => given });
      const http = application?.paymentsAuth.http('acme', 'shop-1').axiosRef as AxiosInstance;
      const error = await failure(http.get('/pay'));
      expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE', account: 'shop-1' });
      expect(error.message).toMatch(said);
      expect(error.message).toContain('; correct the value that the option providers.acme.accounts returns');
      expect(error.message).not.toMatch(/definition|PRIVATE KEY-----|another-one/);
      expect(called).toEqual([]);
      given = good;
      await clock.advance(60_000);
      expect((await http.get('/pay')).status).toBe(200);
    },
  );

  it('in a record of accounts, and in files', async () => {
    const wrong = { ...good, privateKey: good.certificate };
    await expect(startLocked(locked, { accounts: { one: good, two: wrong } })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^providers\.locked\.accounts\["two"\]\.privateKey: holds a certificate/),
      ],
    });
    const files = writtenFields(wrong);
    await expect(startLocked(locked, { credentials: fromFiles(files) })).rejects.toMatchObject({
      problems: [expect.stringMatching(/^providers\.locked\.credentials\.privateKey: holds a certificate/)],
    });
    rmSync(files['privateKey'] as string);
    await expect(startLocked(locked, { credentials: fromFiles(files) })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(
          /^providers\.locked\.credentials: the file .*privateKey cannot be read \(ENOENT\)/,
        ),
      ],
    });
  });
});

describe('The end of a client certificate', () => {
  const now = Date.now();

  /** The time in whole seconds, as in a certificate. */
  const inDays = (days: number) => Math.floor((now + days * DAY_MS) / 1_000) * 1_000;

  it('is known to status() and explain() from the first use on', async () => {
    const endsAtMs = inDays(90);
    const paymentsAuth = await start({ credentials: certified('shop-1', endsAtMs) }, now);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(paymentsAuth.status()).toMatchObject([{ state: 'fresh', certificateEndsAtMs: endsAtMs }]);
    expect(await paymentsAuth.explain('acme')).toMatchObject({ certificateEndsAtMs: endsAtMs });
    expect(warnings()).toEqual([]);
  });

  it('is announced by a warning once a day from 14 days before, whatever is called', async () => {
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

  it('is named in the past tense once the certificate has ended', async () => {
    const paymentsAuth = await start({ credentials: certified('shop-1', inDays(1)) }, now + 2 * DAY_MS);
    await paymentsAuth.http('acme').axiosRef.get('/pay');
    expect(warnings()).toEqual([expect.stringContaining('the client certificate has ended on')]);
  });

  it('is the end of the new certificate after a rotation', async () => {
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
