import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CanActivate, type ExecutionContext, Injectable, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PaymentsAuthModule, PaymentsAuthService, PaymentsSignaturesService } from 'nestjs-payments-auth';
import { PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { runCli } from '../libs/payments-auth/src/cli/run-cli.js';
import { LogLines } from './support/application.js';
import { findLeaksInText } from './support/leak-checker.js';
import { MemoryTokenStore } from './support/memory-token-store.js';
import { secretsOf } from './support/sandbox-bed.js';
import { failure, outcomeOf } from './support/waiting.js';

const KEY = 'operator-0123456789';
const BIN = 'libs/payments-auth/src/bin/nestjs-payments-auth.ts';
const HEADER = ['--header', `x-operator: ${KEY}`];

@Injectable()
class OperatorsOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return headers['x-operator'] === KEY;
  }
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const code = await runCli({
    argv,
    version: '0.0.0',
    out: (text) => void (stdout += text),
    error: (text) => void (stderr += text),
  });
  return { code, stdout, stderr };
}

describe('nestjs-payments-auth explain', () => {
  let sandbox: Sandbox;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    sandbox = await startSandbox({ providers: ['wakapay'] });
    const wakapay = sandbox.provider('wakapay');
    wakapay.addAccount('shop-1');
    const accounts = (id: string) => (wakapay.accounts.includes(id) ? wakapay.credentialsOf(id) : undefined);
    const { baseUrls: baseUrl, credentials } = wakapay;
    const root = {
      module: class Root {},
      imports: [
        PaymentsAuthModule.forRoot({
          providers: {
            wakapay: { baseUrl, credentials, accounts, keepWarm: 'when-used' },
            mollie: { accounts: () => undefined },
          },
        }),
        PaymentsAuthStatusPageModule.forRoot({ guards: [OperatorsOnly] }),
      ],
    };
    app = await NestFactory.create(root, { logger: new LogLines(), forceCloseConnections: true });
    await app.listen(0, '127.0.0.1');
    url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/payments-auth`;
    wakapay.misbehave({ fault: 'server-error', on: 'call' });
    await failure(
      firstValueFrom(app.get(PaymentsAuthService).http('wakapay', 'shop-1').get('/sandbox/echo')),
    );
    wakapay.behave();
  });

  afterAll(async () => {
    await app.close();
    await sandbox.close();
  });

  it('says of one merchant of a running application what fails, why, and what to do', async () => {
    const { code, stdout } = await run('explain', 'wakapay/shop-1', '--url', url, ...HEADER);
    expect(code).toBe(1);
    const { host } = new URL(sandbox.provider('wakapay').baseUrl);
    const stamp = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, (?:now|[\d.]+ (?:s|min) ago)`;
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('wakapay/shop-1');
    const since = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect(lines[1]).toMatch(
      new RegExp(`^ {2}state: {8}fresh(?: for [\\d.]+ (?:s|min))?, since ${since} \\(${host}\\)$`),
    );
    expect(lines[2]).toMatch(new RegExp(`^ {2}last success: ${stamp}$`));
    expect(lines[3]).toMatch(new RegExp(`^ {2}last failure: on call, ${stamp} at ${host}: .*HTTP 503`));
    expect(lines[4]).toBe('  cause:        the provider has a failure of its own');
    expect(lines[5]).toMatch(/^ {2}what to do: {3}check again in a minute/);
  });

  it.each([[[]], [['wakapay/shop-1']]])('says that no status page is at the address (%j)', async (named) => {
    const { code, stderr } = await run('explain', ...named, '--url', `${url}-elsewhere`, ...HEADER);
    expect(stderr).toContain(`there is no status page at ${url}-elsewhere/`);
    expect(code).toBe(1);
  });

  it('shows every credential in use without a name, and prints JSON', async () => {
    const { code, stdout } = await run('explain', '--url', `${url}/`, '--json', ...HEADER);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      explanations: [
        { provider: 'wakapay', account: 'shop-1', explanation: { lastFailure: { status: 503 } } },
      ],
    });
    expect(findLeaksInText(stdout, [KEY, ...secretsOf(sandbox.provider('wakapay'))])).toEqual([]);
  });

  it.each<[string, () => string[], RegExp]>([
    [
      'a guard that refuses',
      () => ['--url', url],
      /guards of the status page refuse the request \(HTTP 403\)/,
    ],
    [
      'a name without the account that it needs',
      () => ['mollie', '--url', url, ...HEADER],
      /Provider "mollie" has accounts, and none of its own\. Name one: mollie\/ACCOUNT\./,
    ],
    [
      'an account that is not there',
      () => ['wakapay/nobody', '--url', url, ...HEADER],
      /has no account "nobody"/,
    ],
    [
      'a path without a page',
      () => ['--url', url.replace('payments-auth', 'x'), ...HEADER],
      /there is no status page at .*\/x\/status\.json/,
    ],
    [
      'a port where nobody listens',
      () => ['--url', 'http://127.0.0.1:1/x'],
      /127\.0\.0\.1:1 does not answer/,
    ],
  ])('says what is wrong with %s', async (_, args, words) => {
    const { code, stderr, stdout } = await run('explain', ...args());
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain(KEY);
  });

  it.each<[string[], RegExp]>([
    [['explain', 'wakapay/shop-1'], /needs --url: only the application knows its accounts/],
    [['explain', 'wakpay'], /"wakpay" is not a built-in provider\. Did you mean "wakapay"/],
    [['explain', '--url', 'ftp://x.test'], /--url must be the address of a status page/],
    [['explain', '--url', 'https://a:b@x.test/'], /--url takes no user name/],
    [['explain', '--header', 'no-colon-secret'], /--header must be a name, a colon and a value/],
    [['check', '--url', 'https://x.test'], /check takes no --url/],
    [['explain', '--timeout', '-1'], /--timeout must be a time up to 10m, .* and is "-1"/],
  ])('refuses %j', async (argv, words) => {
    const { code, stderr } = await run(...argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('secret');
  });

  it.each([401, 403])('does not call a bare %i of a gateway a rejection of the secret', async (status) => {
    const proxy = createServer((_, response) => {
      response.writeHead(status, { 'Content-Type': 'text/html' }).end('<h1>no</h1>');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { environment } = sandbox.provider('wakapay');
    const { port } = proxy.address() as AddressInfo;
    const wrong = { ...environment };
    for (const [name, value] of Object.entries(environment))
      if (/^https?:/.test(value)) wrong[name] = `http://127.0.0.1:${port}`;
    const before = Object.keys(wrong).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, wrong);
    const { code, stdout } = await run('explain', 'wakapay');
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    expect(code).toBe(1);
    expect(stdout).toMatch(/state: +unavailable, since/);
    expect(stdout).toMatch(new RegExp(`HTTP ${status}`));
  });

  it('logs in by itself when no address is given, and says how that ended', async () => {
    const wakapay = sandbox.provider('wakapay');
    const before = { ...process.env };
    Object.assign(process.env, wakapay.environment);
    const good = await run('explain', 'wakapay');
    Object.assign(process.env, { WAKAPAY_API_SECRET: 'test-not-real-0123456789' });
    const wrong = await run('explain', 'wakapay');
    for (const name of Object.keys(wakapay.environment)) delete process.env[name];
    Object.assign(process.env, before);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/state: +fresh, since/) });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/state: +rejected, since/);
    expect(wrong.stdout).toMatch(/last failure: on login, .*invalid credentials.* \(HTTP 401\)/i);
    expect(wrong.stdout).toMatch(/cause: +the pair is wrong, or of the other environment/);
  });
});

describe('nestjs-payments-auth explain, asked of a running application', () => {
  const MERCHANTS = ['shop-1', 'shop-2'];
  let sandbox: Sandbox;
  let app: INestApplication;
  let store: MemoryTokenStore;
  /** Whether the database of the merchants does not answer. */
  let isDown: boolean;

  beforeEach(async () => {
    sandbox = await startSandbox({ providers: ['wakapay', 'pesapal', 'cashfin'] });
    const [wakapay, pesapal, cashfin] = [
      sandbox.provider('wakapay'),
      sandbox.provider('pesapal'),
      sandbox.provider('cashfin'),
    ];
    for (const merchant of MERCHANTS) wakapay.addAccount(merchant);
    store = new MemoryTokenStore();
    isDown = false;
    const accounts = (id: string) => {
      if (isDown) throw new Error('the database is down');
      return MERCHANTS.includes(id) ? wakapay.credentialsOf(id) : undefined;
    };
    const root = {
      module: class Root {},
      imports: [
        PaymentsAuthModule.forRoot({
          store,
          providers: {
            wakapay: { baseUrl: wakapay.baseUrls, accounts },
            pesapal: {
              baseUrl: pesapal.baseUrls,
              credentials: pesapal.credentials,
              keepWarm: 'when-used',
            },
            cashfin: { baseUrl: cashfin.baseUrls, credentials: cashfin.credentials, keepWarm: 'when-used' },
          },
        }),
        PaymentsAuthStatusPageModule.forRoot({ guards: [OperatorsOnly] }),
      ],
    };
    app = await NestFactory.create(root, { logger: new LogLines(), forceCloseConnections: true });
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    await app.close();
    await sandbox.close();
  });

  const call = (provider: string, account?: string) =>
    outcomeOf(
      app
        .get(PaymentsAuthService)
        .http(provider, account as string)
        .axiosRef.get('/sandbox/echo'),
    );

  /** A webhook of a merchant comes while the database does not answer. */
  async function hearFrom(account: string): Promise<void> {
    isDown = true;
    const rawBody = Buffer.from(JSON.stringify({ signature: '0'.repeat(64) }));
    const verified = app
      .get(PaymentsSignaturesService)
      .verifyWebhook('wakapay', { headers: {}, rawBody }, { account });
    expect(await failure(verified)).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    isDown = false;
  }

  async function explain(...names: string[]): Promise<{ code: number; stdout: string }> {
    const url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/payments-auth`;
    const { code, stdout, stderr } = await run('explain', ...names, '--url', url, ...HEADER);
    expect(stderr).toBe('');
    return { code, stdout };
  }

  const DEAF = /^Webhooks of wakapay cannot be verified, and are answered 503: .*\.\n\n/;
  const LOST = /^The shared store has not answered for .*: each process logs in for itself\.\n\n/;

  it.each([[[]], [['wakapay/shop-1']], [['wakapay/shop-1', 'wakapay/shop-2']]])(
    'says with the names %j that webhooks cannot be verified, once',
    async (names) => {
      for (const merchant of MERCHANTS) await call('wakapay', merchant);
      expect(await explain(...names)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^wakapay/) });
      await hearFrom('shop-1');
      const { code, stdout } = await explain(...names);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(DEAF) });
      expect(stdout.match(/Webhooks of/g)).toHaveLength(1);
      const { stdout: json } = await explain(...names, '--json');
      expect(JSON.parse(json)).toMatchObject({
        ok: false,
        webhookTroubles: [{ provider: 'wakapay', kind: 'unavailable' }],
      });
    },
  );

  it('says of a named provider nothing about the webhooks of another one', async () => {
    await call('pesapal');
    await hearFrom('shop-1');
    expect(await explain('pesapal')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pesapal/) });
    expect((await explain('pesapal', 'wakapay/shop-1')).code).toBe(1);
  });

  it.each([[[]], [['pesapal']], [['wakapay/shop-1', 'pesapal']]])(
    'says with the names %j that the shared store does not answer, once',
    async (names) => {
      await call('pesapal');
      expect((await explain(...names)).code).toBe(0);
      store.lost = true;
      await call('wakapay', 'shop-1');
      const { code, stdout } = await explain(...names);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(LOST) });
      expect(stdout.match(/shared store/g)).toHaveLength(1);
      const { stdout: json } = await explain(...names, '--json');
      expect(JSON.parse(json)).toMatchObject({ ok: false, storeLost: { reason: expect.any(String) } });
    },
  );

  it('says that the application has used no credential yet, which is no failure', async () => {
    expect(await explain()).toEqual({
      code: 0,
      stdout:
        'The application has used no credential yet.\n2 credentials were not used yet, and not shown. To see one, name it as PROVIDER or PROVIDER/ACCOUNT.\n',
    });
    const { code, stdout } = await explain('--json');
    expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({
      code: 0,
      ok: true,
      explanations: [],
      unused: 2,
      leftOut: 0,
    });
    expect((await explain('pesapal')).stdout).toMatch(/^pesapal\n {2}state: +idle/);
  });

  it('says how many credentials it does not show', async () => {
    await call('pesapal');
    const { code, stdout } = await explain();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pesapal\n(?: {2}.*\n)+\n1 credential was not used yet, and not shown\. .*\n$/);
  });

  it('says that webhooks cannot be verified also where no credential was used', async () => {
    await hearFrom('shop-1');
    const { code, stdout } = await explain();
    expect(code).toBe(1);
    expect(stdout).toMatch(DEAF);
    expect(stdout).toMatch(/\nThe application has used no credential yet\.\n/);
  });
});

describe('the program', () => {
  it('ends without an error when the reader of its output, such as head, has ended before it', async () => {
    const program = ['--import', './test/support/typescript.loader.mjs', BIN, '--help'];
    const child = spawn(process.execPath, program, { env: { PATH: process.env['PATH'] } });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (part) => void (stderr += String(part)));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('EPIPE') });
  });
});
