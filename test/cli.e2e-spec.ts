import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from 'nestjs-payments-auth';
import { type ProviderName, type Sandbox, type SandboxProvider, startSandbox } from 'payments-sandbox';
import type { ProviderCheck } from '../libs/payments-auth/src/cli/provider-check.js';
import { findLeaks } from './support/leak-checker.js';
import { json, startLoopbackServer } from './support/loopback-server.js';
import { startProcess } from './support/processes.js';

const COMMAND = new URL('../libs/payments-auth/src/bin/nestjs-payments-auth.ts', import.meta.url);
const FOREIGN = /^(CASHFIN|KASHIER|PESAPAL|CLICKPESA|WAKAPAY|CRYPTOFUSE)_|_PROXY$/i;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the command with these variables of providers and no others. */
async function run(args: readonly string[], env: Environment = {}, cwd?: string) {
  const foreign = Object.keys(process.env).filter((name) => FOREIGN.test(name));
  const command = startProcess(COMMAND, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...Object.fromEntries(foreign.map((name) => [name, undefined])), ...env },
  });
  const { code } = await command.ended;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

/** The same with `--json`: the findings by provider. */
async function check(args: readonly string[], env: Environment) {
  const { code, stdout, stderr } = await run(['check', '--json', ...args], env);
  expect(stderr).toBe('');
  const { ok, providers } = JSON.parse(stdout) as { ok: boolean; providers: ProviderCheck[] };
  const of = (name: ProviderName) => providers.find(({ provider }) => provider === name) as ProviderCheck;
  return { code, ok, of, stdout };
}

/** Every credential that is in use, and every token that was handed out. */
function secretsOf(sandbox: Sandbox): string[] {
  return sandbox.names.flatMap((name) => {
    const { credentials, tokens } = sandbox.provider(name);
    return [...Object.values(credentials as object), ...tokens.map(({ value }) => value)].filter(
      (value): value is string => typeof value === 'string' && value.length >= 12,
    );
  });
}

let sandbox: Sandbox;
let env: Record<string, string>;

beforeEach(async () => {
  sandbox = await startSandbox();
  env = { ...sandbox.environment };
});

afterEach(() => sandbox.close());

/**
 * Runs `check` for the providers in `expected`, which names for each one the step that fails, the words of the finding, and
 * its cause. @returns the results that differ
 */
async function unlike(
  expected: Partial<Record<ProviderName, [step: string, what: RegExp, cause: RegExp]>>,
  changes: Environment = {},
  args: readonly string[] = [],
) {
  const names = Object.keys(expected) as ProviderName[];
  const { code, of } = await check([...names, ...args], { ...env, ...changes });
  const others = names.map(of).filter(({ provider, findings }) => {
    const [step, what, cause] = expected[provider as ProviderName] as [string, RegExp, RegExp];
    const [found, another] = findings;
    const fits = found?.severity === 'failure' && found.step === step && found.fix !== '';
    return !(fits && what.test(found.what) && cause.test(found.cause) && another === undefined);
  });
  return code === 1 ? others : [`exit code ${code}`];
}

describe('nestjs-payments-auth check', () => {
  it('prints the shape of the answers with --report, and no value of them', async () => {
    const wakapay = sandbox.provider('wakapay');
    const { code, stdout } = await run(['check', 'wakapay', '--report'], wakapay.environment);
    expect(code).toBe(0);
    expect(stdout).toContain('wakapay: POST /business/auth -> 200');
    expect(stdout).toContain('wakapay: GET /business/balance -> 200');
    expect(stdout).toMatch(/^headers: .*content-type/m);
    expect(stdout).toMatch(/"accessToken": "text",\n {2}"expiresIn": "number"/);
    const { apiKey, apiSecret } = wakapay.credentials;
    for (const secret of [apiKey, apiSecret, ...wakapay.tokens.map(({ value }) => value)])
      expect(stdout).not.toContain(secret);
    wakapay.misbehave({ fault: 'html', on: 'token' });
    const failed = await run(['check', 'wakapay', '--report'], wakapay.environment);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^body: {4}"text"$/m);
    wakapay.behave();
  });

  it('shows at a glance how each provider is, with one login for each provider that has one', async () => {
    const { code, stdout, stderr } = await run(['check'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').map((line) =>
      line
        .replace(/\d+ ms/g, 'n ms')
        .replace(/:\d+ {2}/, ':port  ')
        .split(/ {2,}/),
    );
    expect(rows.slice(0, 7)).toEqual([
      ['provider', 'configured', 'login', 'probe', 'token lives', 'clock', 'verdict'],
      ['cashfin', 'yes, own base URL at 127.0.0.1:port', 'no login', 'ok, n ms', '-', 'in step', 'ok'],
      ['kashier', 'yes, own base URL at 127.0.0.1:port', 'no login', 'none', '-', '-', 'set, but untried'],
      ['pesapal', 'yes, own base URL at 127.0.0.1:port', 'ok, n ms', 'ok, n ms', '5 min', 'in step', 'ok'],
      ['clickpesa', 'yes, own base URL at 127.0.0.1:port', 'ok, n ms', 'ok, n ms', '1 h', 'in step', 'ok'],
      ['wakapay', 'yes, own base URL at 127.0.0.1:port', 'ok, n ms', 'ok, n ms', '1 h', 'in step', 'ok'],
      ['cryptofuse', 'yes, own base URL at 127.0.0.1:port', 'ok, n ms', 'ok, n ms', '1 h', 'in step', 'ok'],
    ]);
    expect(stdout).toMatch(/\n6 providers checked\. One warning: kashier \(set, but untried\)\.\n$/);
    for (const name of sandbox.names) {
      const { tokenRequests, calls, executions } = sandbox.provider(name).counts;
      const logsIn = name !== 'cashfin' && name !== 'kashier';
      expect({ name, tokenRequests, calls, executions }).toEqual({
        name,
        tokenRequests: logsIn ? 1 : 0,
        calls: name === 'kashier' ? 0 : 1,
        executions: 0,
      });
    }
    expect(findLeaks(stdout, secretsOf(sandbox))).toEqual([]);
  });

  it('says how to name a provider whose variables are set, and does not ask it until then', async () => {
    const { url, ...asked } = await startLoopbackServer((_, response) => json(response, 200, {}));
    const set = { PAYSTACK_SECRET_KEY: 'sk_test_not-real-0123456789', PAYSTACK_BASE_URL: url };
    const wakapay = {
      ...sandbox.provider('wakapay').environment,
      ...set,
      MPESA_CONSUMER_KEY: 'test-not-real',
    };
    const { code, stdout } = await run(['check'], wakapay);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      'Not checked, because these are checked only by name: paystack. Their variables are set; if this library is to use them: npx --no nestjs-payments-auth check paystack',
    );
    const alone = await run(['check'], set);
    expect(alone.stdout).toMatch(/Nothing is configured[^]*\nNot checked[^]*check paystack\n$/);
    expect((await run(['check', 'wakapay'], wakapay)).stdout).not.toContain('paystack');
    expect(JSON.parse((await run(['check', '--json'], wakapay)).stdout)).toMatchObject({ ok: true });
    expect(asked.requests).toEqual([]);
    await asked.close();
  });

  it('prints one JSON object for machines', async () => {
    const { code, ok, of, stdout } = await check(['wakapay'], env);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(of('wakapay')).toEqual({
      provider: 'wakapay',
      title: 'WakaPay',
      ok: true,
      configured: 'yes',
      baseUrls: { api: env['WAKAPAY_BASE_URL'] },
      login: { passed: true, status: 200, latencyMs: expect.any(Number) },
      probe: { passed: true, status: 200, latencyMs: expect.any(Number) },
      tokenLifetimeMs: 3_600_000,
      clockDifferenceMs: 0,
      findings: [],
    });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(sandbox.provider('cashfin').counts.calls).toBe(0);
  });

  it('says what the provider answered, the likely cause and the fix, and never a secret', async () => {
    sandbox.provider('wakapay').rotate();
    const { code, stdout } = await run(['check', 'wakapay', 'cashfin'], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^wakapay +yes, own base URL at 127\.0\.0\.1:\d+ +FAILED, \d+ ms +- +- +in step +FAILED$/m,
    );
    expect(stdout).toContain(
      [
        'wakapay: login FAILED',
        '  said:  invalid credentials (HTTP 401)',
        '  cause: the pair is wrong, or of the other environment',
        '  fix:   compare WAKAPAY_API_KEY and WAKAPAY_API_SECRET with the dashboard; check WAKAPAY_ENVIRONMENT',
        '',
      ].join('\n'),
    );
    expect(stdout).toMatch(/\n2 providers checked\. Failed: wakapay\.\n$/);
    const given = Object.values(env).filter((value) => !value.startsWith('http'));
    expect(findLeaks(stdout, given)).toEqual([]);
  });

  it('hides what a provider repeats of the secret', async () => {
    const secret = env['WAKAPAY_API_SECRET'] as string;
    const server = await startLoopbackServer((_, response) =>
      json(response, 401, { code: 0, error: `invalid credentials: ${secret}` }),
    );
    const { of, stdout } = await check(['wakapay'], { ...env, WAKAPAY_BASE_URL: server.url });
    await server.close();
    expect(of('wakapay').findings[0]?.what).toBe('invalid credentials: [hidden]');
    expect(findLeaks(stdout, [secret])).toEqual([]);
  });

  describe('reads the settings as forRoot() does', () => {
    it('and names every variable that is missing or wrong', async () => {
      const { code, of } = await check([], {
        PESAPAL_CONSUMER_KEY: 'test-key-not-real',
        WAKAPAY_API_KEY: 'test-key-not-real ',
        WAKAPAY_API_SECRET: 'test-secret-not-real',
        WAKAPAY_ENVIRONMENT: 'production',
      });
      expect(code).toBe(1);
      expect(of('pesapal')).toMatchObject({ configured: 'wrong', ok: false });
      expect(of('pesapal').findings.map(({ what }) => what)).toEqual([
        expect.stringMatching(/^PESAPAL_ENVIRONMENT: missing/),
        expect.stringMatching(/^PESAPAL_CONSUMER_SECRET: missing/),
      ]);
      expect(of('wakapay').findings.map(({ what }) => what.split(':')[0])).toEqual([
        'WAKAPAY_ENVIRONMENT',
        'WAKAPAY_API_KEY',
      ]);
      expect(of('cashfin')).toMatchObject({ configured: 'no', ok: true, findings: [] });
    });

    it('and fails when a named provider, or every provider, is not configured', async () => {
      const named = await check(['cashfin'], {});
      expect(named.code).toBe(1);
      expect(named.of('cashfin').findings).toMatchObject([
        { what: 'not configured: CASHFIN_CLIENT_SECRET not set' },
      ]);
      const none = await run(['check']);
      expect(none).toMatchObject({ code: 1, stderr: '' });
      expect(none.stdout).toContain('Nothing is configured, so nothing was checked.');
    });

    it('and warns of a key that looks cut off or escaped, unless a call was accepted with it', async () => {
      const cut = await check(['kashier'], { ...env, KASHIER_SECRET_KEY: 'f00d' });
      expect(cut.code).toBe(1);
      expect(cut.of('kashier')).toMatchObject({
        ok: false,
        findings: [
          { severity: 'warning', step: 'settings', cause: expect.stringMatching(/cut the key at its "\$"/) },
        ],
      });
      const escaped = await check(['kashier'], { ...env, KASHIER_SECRET_KEY: 'f00d\\$beef' });
      expect(escaped.of('kashier').findings[0]?.fix).toMatch(/take the backslash out/);
    });
  });

  it('reads .env in its folder as a ConfigModule does, for variables that are not set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payments-auth-'));
    const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(join(folder, '.env'), lines.join(''));
    const found = await run(['check'], {}, folder);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toMatch(/^Variables come from the environment, then from \.env in this folder\.\n/);
    expect(found.stdout).toMatch(/6 providers checked\. One warning: kashier \(set, but untried\)\.\n$/);

    const said = { WAKAPAY_API_SECRET: 'test-not-real', CASHFIN_CLIENT_SECRET: '' };
    const { stdout } = await run(['check'], said, folder);
    expect(stdout).toMatch(/^wakapay +yes, own base URL at 127\.0\.0\.1:\d+ +FAILED/m);
    expect(stdout).toMatch(/^Not configured: cashfin\.$/m);
    rmSync(folder, { recursive: true });
  });

  describe('--env-file', () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'payments-auth-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const write = (quote: string) => {
      const path = join(folder, '.env');
      const lines = Object.entries(env).map(([name, value]) => `${name}=${quote}${value}${quote}\n`);
      writeFileSync(path, lines.join(''));
      return path;
    };

    it('is read instead of the environment, and a "$" in it is not expanded', async () => {
      const { code, of } = await check(['--env-file', write("'")], {
        CASHFIN_CLIENT_SECRET: 'test-not-real',
      });
      expect(code).toBe(0);
      expect(of('kashier').findings).toEqual([]);
      expect(of('cashfin').ok).toBe(true);
    });

    it('warns of a "$" that a shell would expand', async () => {
      const { code, of } = await check(['kashier', '--env-file', write('"')], {});
      expect(code).toBe(1);
      expect(of('kashier').findings).toMatchObject([
        { severity: 'warning', what: 'KASHIER_SECRET_KEY: has a "$" and is not in single quotes' },
      ]);
    });

    it('fails the command when the file does not exist', async () => {
      const path = join(folder, 'none');
      const { code, stdout, stderr } = await run(['check', '--env-file', path], env);
      // Node 20 takes an option of this name for its own, and then exits with 9 by itself.
      expect([2, 9]).toContain(code);
      expect(stdout).toBe('');
      expect(stderr).toContain(path);
    });
  });

  describe('tells failures apart:', () => {
    it('wrong secrets', async () => {
      expect(
        await unlike(
          {
            cashfin: ['probe', /Unauthorized access!/, /the key is wrong/],
            pesapal: ['login', /invalid_consumer_key_or_secret_provided/, /pair is wrong/],
            clickpesa: ['login', /Invalid or Expired API-Key/, /wrong, expired/],
            wakapay: ['login', /invalid credentials/, /pair is wrong/],
            cryptofuse: ['login', /invalid_client/, /client ID or the client secret/],
          },
          {
            CASHFIN_CLIENT_SECRET: 'test-secret-not-real',
            PESAPAL_CONSUMER_SECRET: 'test-secret-not-real',
            CLICKPESA_API_KEY: 'test-secret-not-real',
            WAKAPAY_API_SECRET: 'test-secret-not-real',
            CRYPTOFUSE_CLIENT_SECRET: 'test-secret-not-real',
          },
        ),
      ).toEqual([]);
    });

    it('merchants that may log in but may not make calls', async () => {
      for (const name of sandbox.names) sandbox.provider(name).suspend();
      expect(
        await unlike({
          cashfin: ['probe', /Unauthorized access!/, /business is inactive/],
          pesapal: ['probe', /invalid_api_credentials_provided/, /just issued/],
          clickpesa: ['probe', /Unauthorized/, /may not make this call/],
          wakapay: ['probe', /token/, /just issued/],
          cryptofuse: ['probe', /authentication_failed/, /just issued/],
        }),
      ).toEqual([]);
    });

    it('the network and outages', async () => {
      sandbox.provider('cashfin').misbehave({ fault: 'html' });
      sandbox.provider('pesapal').misbehave({ fault: 'hang', on: 'token' });
      sandbox.provider('clickpesa').misbehave({ fault: 'drop', on: 'token' });
      sandbox.provider('wakapay').misbehave({ fault: 'server-error', on: 'token' });
      sandbox.provider('cryptofuse').misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 30 });
      expect(
        await unlike(
          {
            cashfin: ['probe', /HTTP 403/, /the key is valid/],
            pesapal: ['login', /^timeout$/, /in time/],
            clickpesa: ['login', /^ECONNRESET$/, /was cut/],
            wakapay: ['login', /./, /failure of its own/],
            cryptofuse: ['login', /, to be asked again in 30 s$/, /enough requests/],
          },
          {},
          ['--timeout', '2s'],
        ),
      ).toEqual([]);
      expect(sandbox.provider('wakapay').counts.tokenRequests).toBe(1);
    });

    it('wrong base URLs', async () => {
      sandbox.provider('wakapay').misbehave({ fault: 'redirect', on: 'token' });
      sandbox.provider('cryptofuse').misbehave({ fault: 'redirect', on: 'token' });
      const gone = await startLoopbackServer((_, response) => void response.end());
      await gone.close();
      expect(
        await unlike(
          {
            pesapal: ['login', /HTTP 404/, /wrong host or path/],
            clickpesa: ['login', /^ECONNREFUSED$/, /nothing listens/],
            wakapay: ['login', /HTTP 302/, /redirect/],
            cryptofuse: ['login', /HTTP 302/, /not the token endpoint/],
          },
          {
            PESAPAL_BASE_URL: new URL(env['PESAPAL_BASE_URL'] as string).origin,
            CLICKPESA_BASE_URL: gone.url,
          },
        ),
      ).toEqual([]);
      expect(sandbox.elsewhere.requests).toEqual([]);
    });

    it('pages of a proxy or gateway, and outages with the status 200', async () => {
      sandbox.provider('pesapal').misbehave({ fault: 'html', on: 'token' });
      sandbox.provider('clickpesa').misbehave({ fault: 'error-in-2xx', on: 'token' });
      sandbox.provider('wakapay').misbehave({ fault: 'garbage', on: 'token' });
      sandbox.provider('cryptofuse').misbehave({ fault: 'html', on: 'call' });
      expect(
        await unlike({
          pesapal: ['login', /HTTP 403/, /firewall/],
          clickpesa: ['login', /./, /without a usable token/],
          wakapay: ['login', /HTTP 200/, /without a usable token/],
          cryptofuse: ['probe', /HTTP 403/, /firewall/],
        }),
      ).toEqual([]);
    });

    it('the wrong client, and a missing scope', async () => {
      expect(
        await unlike(
          {
            clickpesa: ['login', /Invalid client details/, /client ID is wrong/],
            cryptofuse: ['probe', /permission_denied/, /lacks a scope/],
          },
          { CLICKPESA_CLIENT_ID: 'test-client-not-real', CRYPTOFUSE_SCOPES: 'write' },
        ),
      ).toEqual([]);
    });

    it('a scope that the client may not have', async () => {
      expect(
        await unlike(
          { cryptofuse: ['login', /invalid_scope/, /may not have the scopes/] },
          { CRYPTOFUSE_SCOPES: 'admin' },
        ),
      ).toEqual([]);
    });

    it.each([
      ['invalid_grant', /for this grant/, 'apiKey and apiSecret required', /arrives empty/],
      ['unsupported_grant_type', /not of the kind/, 'invalid payload', /did not arrive as it was sent/],
    ])('other documented failures, such as %s', async (error, cause, wakapay, wakapayCause) => {
      const server = await startLoopbackServer(({ url }, response) => {
        if (url === '/o/token/') return json(response, 400, { error });
        if (url === '/business/auth') return json(response, 400, { code: 0, error: wakapay });
        if (url === '/third-parties/generate-token')
          return json(response, 403, { message: 'Unauthorized API-Key' });
        const code = 'invalid_api_request_parameters';
        return json(response, 200, { error: { error_type: 'api_error', code, message: '' }, status: '500' });
      });
      expect(
        await unlike(
          {
            cryptofuse: ['login', new RegExp(error), cause],
            wakapay: ['login', new RegExp(wakapay), wakapayCause],
            pesapal: ['login', /invalid_api_request_parameters/, /empty or malformed/],
            clickpesa: ['login', /Unauthorized API-Key/, /another application/],
          },
          {
            CLICKPESA_BASE_URL: server.url,
            CRYPTOFUSE_BASE_URL: server.url,
            WAKAPAY_BASE_URL: server.url,
            PESAPAL_BASE_URL: server.url,
          },
        ),
      ).toEqual([]);
      await server.close();
    });

    it('a wrong clock', async () => {
      sandbox.provider('cryptofuse').configure({ skewMs: 300_000 });
      sandbox.provider('wakapay').configure({ skewMs: -20_000 });
      const { code, of } = await check(['cryptofuse', 'wakapay'], env);
      expect(code).toBe(1);
      expect(of('cryptofuse').findings).toMatchObject([
        { step: 'clock', what: expect.stringMatching(/5 min ahead/) },
      ]);
      expect(of('wakapay')).toMatchObject({ ok: true, findings: [] });
      expect(of('wakapay').clockDifferenceMs).toBeLessThan(-10_000);
    });
  });
});

/** Providers whose signed requests or logins contain the time. */
const TIMED = [
  'dlocal',
  'rapyd',
  'worldline',
  'coinbase-cdp',
  'gocardless',
  'truelayer',
  'revolut-business',
] as const;

/** Providers without a known harmless call. A call without a credential is made, to read the date of its answer. */
const isLookedAt = (name: string) => ['dlocal', 'coinbase-cdp', 'revolut-business'].includes(name);

describe('nestjs-payments-auth check of providers that sign', () => {
  let signing: Sandbox;
  const of = (name: (typeof TIMED)[number]) => signing.provider(name) as unknown as SandboxProvider;

  beforeAll(async () => {
    signing = await startSandbox({ providers: [...TIMED] });
  });
  afterAll(() => signing.close());

  it.each([60_000, -60_000])('reports in words a clock that is %d ms off', async (skewMs) => {
    for (const name of TIMED) of(name).configure({ skewMs });
    const { code, stdout } = await run(['check', ...TIMED], { ...signing.environment });
    expect(code).toBe(1);
    const where = skewMs > 0 ? 'ahead of' : 'behind';
    const words = new RegExp(`the provider's clock is (?:5[5-9]|6[0-5]) s ${where} this machine's`, 'g');
    expect(stdout.match(words)).toHaveLength(TIMED.length);
    expect(stdout).toContain(
      'signatures contain the time, and Rapyd refuses a time that differs too much from its own',
    );
    expect(stdout).toContain('let this machine set its clock by NTP');
  });

  it('finds nothing wrong where the clocks agree, and spends no refresh token', async () => {
    for (const name of TIMED) of(name).reset();
    const result = await check([...TIMED], { ...signing.environment });
    expect(result.code).toBe(0);
    for (const name of TIMED) {
      expect(result.of(name as never)).toMatchObject({ ok: true, clockDifferenceMs: 0 });
      expect(of(name).counts.refusals).toBe(isLookedAt(name) ? 1 : 0);
      expect(of(name).refreshTokens).toEqual([]);
    }
    expect(result.of('truelayer' as never).probe).toMatchObject({ passed: true, status: 204 });
    expect(result.of('worldline' as never).probe).toMatchObject({ passed: true, status: 200 });
  });
});

describe('nestjs-payments-auth providers', () => {
  it('lists what is supported and its variables', async () => {
    const { code, stdout } = await run(['providers']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Africa +cryptofuse +OAuth 2\.0 client credentials +live +CRYPTOFUSE_CLIENT_ID$/m,
    );
    expect(stdout).toMatch(/^ +KASHIER_API_KEY {2}\(optional\)$/m);
    const { stdout: text } = await run(['providers', '--json']);
    const listed = JSON.parse(text) as { name: string; variables: object[] }[];
    expect(listed.map(({ name }) => name)).toEqual(BUILT_IN_PROVIDERS.map(({ name }) => name));
    expect(stdout).toMatch(/^Worldwide +\w/m);
    // The README has the same words. It does not call the second key of Kashier a signature.
    expect(stdout).toMatch(/ kashier +static key {2,}test, live /);
    expect(stdout).toMatch(/ coinbase-cdp +signed requests {2,}live /);
    expect(stdout).toMatch(/ selcom +static key, signed requests {2,}test, live /);
    expect(stdout).toMatch(/ clickpesa +token login, signed requests {2,}live /);
    expect(listed[0]?.variables).toContainEqual({ name: 'CASHFIN_CLIENT_SECRET', required: true });
  });
});

describe('nestjs-payments-auth env', () => {
  it('prints a template that configures nothing until it is filled in', async () => {
    const { code, stdout } = await run(['env', 'kashier']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# Keep the single quotes: without them a shell reads a \$/m);
    expect(stdout).toMatch(/^# test or live; there is no default/m);
    expect(parseEnv(stdout)).toEqual({
      KASHIER_SECRET_KEY: '',
      KASHIER_API_KEY: '',
      KASHIER_MERCHANT_ID: '',
      KASHIER_ENVIRONMENT: '',
    });
  });
});

describe('nestjs-payments-auth', () => {
  it('prints its help, and its version', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: nestjs-payments-auth/) });
    expect(await run(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('refuses a wrong command line with exit code 2, and says why', async () => {
    expect(await run(['check', 'pesapl'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'nestjs-payments-auth: "pesapl" is not a built-in provider. Did you mean "pesapal"? Try --help.\n',
    });
  });
});

describe('nestjs-payments-auth --definitions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'payments-auth-definitions-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (text: string) => {
    const file = join(folder, 'providers.mjs');
    writeFileSync(file, text);
    return file;
  };
  /** The text of a module as an application would compile it. */
  const DEFINITION = `{
    name: 'lakepay', title: 'LakePay', docs: 'https://docs.lakepay.test', credentialsPage: 'Settings > Keys',
    environments: { live: 'https://api.lakepay.test' }, baseUrlVariable: 'LAKEPAY_BASE_URL',
    credentials: { key: { variable: 'LAKEPAY_KEY' } },
    headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    sign: ({ method, path, headers }) => ({ headers: { 'X-Sig': method + ' ' + path + ' ' + headers['x-key'] } }),
    probe: { path: '/balance?currency=KES' },
    advice: [{ on: 'call', status: 403, cause: 'the key sleeps', fix: 'wake the key up' }],
  }`;

  it('checks, lists and describes own providers, and signs the requests to them', async () => {
    const file = write(`export const lakepay = ${DEFINITION};`);
    const server = await startLoopbackServer(({ headers }, response) =>
      json(response, headers['x-sig'] === 'GET /balance test-key-not-real' ? 200 : 403, {}),
    );
    try {
      const variables = { LAKEPAY_KEY: 'test-key-not-real', LAKEPAY_BASE_URL: server.url };
      const checked = await run(['check', 'lakepay', '--definitions', file], variables);
      expect(checked.stdout).toMatch(/lakepay.*ok/);
      expect(checked.code).toBe(0);
      expect(server.requests.map(({ url }) => url)).toEqual(['/balance?currency=KES']);
      const wrong = await run(['check', '--definitions', file], {
        ...env,
        ...variables,
        LAKEPAY_KEY: 'test-key-of-another',
      });
      expect(wrong.stdout).toMatch(/cause: the key sleeps\n {2}fix: {3}wake the key up/);
      expect(wrong.code).toBe(1);
      expect((await run(['providers', '--definitions', file])).stdout).toMatch(/yours +lakepay.*LAKEPAY_KEY/);
      expect((await run(['env', 'lakepay', '--definitions', file])).stdout).toMatch(
        /# Keys: Settings > Keys[\s\S]*LAKEPAY_KEY=''/,
      );
    } finally {
      await server.close();
    }
  });

  it.each([
    ["probe: { path: '/balance', accepted: ({ body }) => body.a.b.c },", /probe\.accepted threw TypeError/],
    [
      "sign: ({ credentials }) => ({ headers: { 'X-Sig': credentials.kye } }),",
      /sign reads credentials\.kye, which is not a field\. Did you mean "key"\?/,
    ],
    ["sign: async () => { throw new Error('the HSM is away'); },", /sign threw Error: the HSM is away/],
    [
      "defaultHeaders: ({ credentials }) => ({ 'X-A': at(credentials.key) }),",
      /defaultHeaders threw Error after it read credentials\.key: at use/,
    ],
  ])('names the function that fails: %s', async (part, said) => {
    const file = write(
      `const at = (key) => { if (key.startsWith('test')) throw new Error('at use.'); return key; };
       export const lakepay = { ...${DEFINITION}, ${part} };`,
    );
    const server = await startLoopbackServer((_, response) => json(response, 200, {}));
    try {
      const variables = { LAKEPAY_KEY: 'test-key-not-real', LAKEPAY_BASE_URL: server.url };
      const { stdout, code } = await run(['check', 'lakepay', '--definitions', file], variables);
      expect([code, stdout]).toEqual([1, expect.stringMatching(said)]);
      expect(stdout).not.toContain('test-key-not-real');
    } finally {
      await server.close();
    }
  });

  it.each([
    [
      'exports no definition',
      'export const nothing = 7;',
      /exports nothing that defineProvider\(\) has made/,
    ],
    ['throws', "throw new Error('no key');", /cannot be loaded: no key/],
    [
      'quotes a secret',
      'throw new Error(`no client\\nfor ${process.env.PAYSTACK_SECRET_KEY} and ${process.env.LAKEPAY_KEY}`);',
      /cannot be loaded: no client for (?:sk_test_)?\[hidden\] and \[hidden\] Try/,
    ],
    [
      'takes the name of a built-in provider',
      `export const own = { ...${DEFINITION}, name: 'paystack' };`,
      /"paystack" is built in\. Give your definition another name/,
    ],
    [
      'uses one name twice',
      `export const one = ${DEFINITION}; export const two = ${DEFINITION};`,
      /exports two definitions named "lakepay"\. Rename one/,
    ],
  ])('says what is wrong with a module that %s', async (_, text, message) => {
    const secrets = { PAYSTACK_SECRET_KEY: 'sk_test_notreal0123456789', LAKEPAY_KEY: 'q7Rk2mXw9LpZ4vBn8sTd' };
    const { code, stderr } = await run(['providers', '--definitions', write(text)], secrets);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
