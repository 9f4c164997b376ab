import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanActivate, Injectable } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { runCli } from '../libs/payments-auth/src/cli/run-cli.js';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startModules, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { outcomeOf, outwaited } from './support/waiting.js';

const UNITS =
  /(?<![\w.-])(\d+(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?|min|minutes?|h|hours?|days?)\b/g;

/** Times with more digits than people read. */
function unrounded(output: string): string[] {
  return [...output.matchAll(UNITS)]
    .filter(([, figure = '']) => figure.replace('.', '').replace(/^0+/, '').length > 3)
    .map(([time]) => time);
}

/** Fields of JSON that are times and no whole milliseconds. */
function fractions(output: string): string[] {
  return [...output.matchAll(/"\w+Ms":-?\d+\.\d+/g)].map(([field]) => field);
}

const timesIn = (output: string) => [...output.matchAll(UNITS)].map(([time]) => time);

async function run(...argv: string[]): Promise<string> {
  let output = '';
  const take = (text: string) => void (output += text);
  await runCli({ argv, version: '0.0.0', out: take, error: take });
  return output;
}

let sandbox: Sandbox;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'payments-auth-durations-'));
});

afterEach(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function fileOf(variables: Readonly<Record<string, string>>): string {
  const file = join(folder, 'variables.env');
  writeFileSync(
    file,
    Object.entries(variables)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
  );
  return file;
}

describe('Every time that the command prints has three digits at most', () => {
  let talkative: LoopbackServer;

  beforeEach(async () => {
    talkative = await startLoopbackServer((_, response) =>
      json(
        response,
        429,
        { code: 'SLOW', error: 'slow down: window of 98765.4321 ms, or 86399.123 seconds, or 0.1234567 s' },
        { 'retry-after': '98765' },
      ),
    );
  });

  afterEach(() => talkative.close());

  it.each([
    ['a clock that is 34.3 h off', 123_456_789],
    ['a clock that is 2.6 days behind', -223_456_789],
    ['a clock that is 90 days off', 7_777_777_777],
    ['clocks that agree', 0],
  ])('of check and of explain, with odd lifetimes, quotas, hanging logins, and %s', async (_, offMs) => {
    const tokenLifetimeMs = 3_599_951.123;
    sandbox = await startSandbox({
      tokenLifetimeMs,
      clock: { now: () => Date.now() + offMs },
      settings: { cryptofuse: { tokenLifetimeMs: 7_777_777_777.7 } },
    });
    sandbox.provider('pesapal').misbehave({ fault: 'hang', on: 'token' });
    sandbox.provider('clickpesa').misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 98_765 });
    sandbox.provider('cashfin').misbehave({ fault: 'rate-limit', on: 'call', retryAfter: 3_599 });
    const variables = { ...sandbox.environment, WAKAPAY_BASE_URL: talkative.url };
    const rest = ['--env-file', fileOf(variables), '--timeout', '1234.567ms'];

    const check = await run('check', ...rest);
    expect(check).toMatch(/clickpesa.* FAILED/);
    expect(check).toContain('slow down: window of 99 s, or 24 h, or 123 ms');
    // The lifetime of the token of Cryptofuse, the latencies, the pauses, the difference of the clocks.
    expect(timesIn(check).length).toBeGreaterThan(8);
    expect(unrounded(check)).toEqual([]);

    const explain = await run('explain', ...rest);
    expect(explain).toMatch(/^clickpesa\n {2}state: +unavailable/m);
    expect(explain).toContain('slow down: window of 99 s');
    expect(unrounded(explain)).toEqual([]);

    const [checked, explained] = [
      await run('check', '--json', ...rest),
      await run('explain', '--json', ...rest),
    ];
    expect(checked).toContain('"latencyMs":');
    expect(explained).toContain('"sinceMs":');
    expect([...fractions(checked), ...fractions(explained)]).toEqual([]);
    expect(unrounded(await run('check', '--report', ...rest))).toEqual([]);
  });
});

@Injectable()
class Anybody implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

describe('Every time that explain prints of a running application has three digits at most', () => {
  let application: TestApplication;

  afterEach(() => application.close());

  it.each([-7_777_777_777.7, -223_456_789.1, -7_654_321.9, -98_765.4, 0, 3_599_951.3, 223_456_789.9])(
    'where its clock is %d ms from that of the command',
    async (offMs) => {
      const clock = new ManualClock(Date.now() + offMs);
      sandbox = await startSandbox({ clock, tokenLifetimeMs: 3_599_951.123 });
      const providers: Record<string, object> = Object.fromEntries(
        sandbox.names.map((name) => {
          const { baseUrls: baseUrl, credentials } = sandbox.provider(name);
          return [name, { baseUrl, credentials, keepWarm: 'when-used' }];
        }),
      );
      application = await startModules(
        [
          PaymentsAuthModule.forRoot({ providers }),
          PaymentsAuthStatusPageModule.forRoot({ guards: [Anybody] }),
        ],
        { clock },
      );
      const { paymentsAuth, app } = application;
      await app.listen(0, '127.0.0.1');
      const url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/payments-auth`;
      const call = (name: string) =>
        outcomeOf(outwaited(clock, paymentsAuth.http(name).axiosRef.get('/sandbox/echo')));
      await call('cryptofuse');
      await clock.advance(12_345.678);
      sandbox.provider('pesapal').misbehave({ fault: 'server-error', on: 'token' });
      sandbox.provider('clickpesa').misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 98_765 });
      sandbox.provider('kashier').misbehave({ fault: 'rate-limit', on: 'call', retryAfter: 3_599 });
      sandbox.provider('wakapay').rotate({ oldWorksForMs: 0 });
      for (const name of sandbox.names) await call(name);
      await clock.advance(1_234.567);
      const text = await run('explain', '--url', url);
      expect(text).toMatch(/^pesapal\n {2}state: +unavailable/m);
      expect(text).toMatch(/^wakapay\n {2}state: +rejected/m);
      expect(unrounded(text)).toEqual([]);
      const data = await run('explain', '--url', url, '--json');
      expect(data).toContain('"sinceMs":');
      expect(fractions(data)).toEqual([]);
    },
  );
});
