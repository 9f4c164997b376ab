/// <reference lib="dom" />
// For the functions that run in the page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { type CanActivate, Injectable } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  fromFile,
  PaymentsAuthModule,
  PaymentsSignaturesService,
  type WakapayCredentials,
} from 'nestjs-payments-auth';
import { PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import type { Browser } from 'playwright-core';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { runCli } from '../libs/payments-auth/src/cli/run-cli.js';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startModules, type TestApplication } from './support/application.js';
import { launchChromium } from './support/chromium.js';
import { findLeaksInText } from './support/leak-checker.js';
import { MemoryTokenStore } from './support/memory-token-store.js';
import { secretsOf } from './support/sandbox-bed.js';
import { outcomeOf, outwaited, until } from './support/waiting.js';

/** The screenshots are kept, for a reader of the results. */
const ARTEFACTS = join(process.cwd(), '.artifacts');
const MERCHANTS = ['shop-1', 'shop-2', 'shop-3'];
const WRONG_SECRET = 'test-wrong-not-real-0123456789';

@Injectable()
class Anybody implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

/** An application with three merchants at WakaPay, a provider of its own account, and a key in a file. */
interface Night {
  readonly sandbox: Sandbox;
  readonly clock: ManualClock;
  readonly store: MemoryTokenStore;
  readonly file: string;
  /** Merchants whose secret in the database is wrong. */
  readonly wrong: Set<string>;
  /** Why the database of the merchants does not answer. */
  databaseError?: Error;
  /** A webhook of this merchant comes, and is verified or not. */
  readonly hearFrom: (merchant: string) => Promise<unknown>;
  /** Starts a call, and does not move the clock for it. */
  readonly begin: (provider: string) => void;
  /** One call of every merchant and provider. */
  readonly callAll: () => Promise<void>;
}

let browser: Browser;
let night: Night;
let application: TestApplication;
let logger: LogLines;
let folder: string;
let url: string;

beforeAll(async () => {
  mkdirSync(ARTEFACTS, { recursive: true });
  browser = await launchChromium();
});
afterAll(() => browser.close());

afterEach(async () => {
  await application.close();
  await night.sandbox.close();
  rmSync(folder, { recursive: true });
});

async function start(clock = new ManualClock()): Promise<void> {
  const sandbox = await startSandbox({ providers: ['wakapay', 'pesapal', 'kashier'] });
  const [wakapay, pesapal, kashier] = [
    sandbox.provider('wakapay'),
    sandbox.provider('pesapal'),
    sandbox.provider('kashier'),
  ];
  for (const merchant of MERCHANTS) wakapay.addAccount(merchant);
  folder = mkdtempSync(join(tmpdir(), 'payments-auth-nights-'));
  const file = join(folder, 'kashier.json');
  writeFileSync(file, JSON.stringify(kashier.credentials));
  const store = new MemoryTokenStore();
  store.now = () => clock.monotonic();
  const wrong = new Set<string>();
  const accounts = (id: string): WakapayCredentials | undefined => {
    if (night.databaseError !== undefined) throw night.databaseError;
    if (!MERCHANTS.includes(id)) return undefined;
    return { ...wakapay.credentialsOf(id), ...(wrong.has(id) ? { apiSecret: WRONG_SECRET } : {}) };
  };
  logger = new LogLines();
  application = await startModules(
    [
      PaymentsAuthModule.forRoot({
        store,
        providers: {
          wakapay: { baseUrl: wakapay.baseUrls, accounts, keepWarm: 'when-used' },
          pesapal: { baseUrl: pesapal.baseUrls, credentials: pesapal.credentials, keepWarm: 'when-used' },
          kashier: {
            baseUrl: kashier.baseUrls,
            credentials: fromFile(file),
            credentialsTtlMs: 2_000,
            keepWarm: 'when-used',
          },
        },
      }),
      PaymentsAuthStatusPageModule.forRoot({ guards: [Anybody] }),
    ],
    { clock, logger },
  );
  const { app, paymentsAuth } = application;
  await app.listen(0, '127.0.0.1');
  url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/payments-auth`;
  const call = (provider: string, account?: string) =>
    outcomeOf(outwaited(clock, paymentsAuth.http(provider, account as string).axiosRef.get('/sandbox/echo')));
  const slowly = {
    async advance(ms: number) {
      await later(20);
      await clock.advance(ms);
    },
  };
  night = {
    sandbox,
    clock,
    store,
    file,
    wrong,
    hearFrom: (account) => {
      const rawBody = Buffer.from(JSON.stringify({ signature: '0'.repeat(64) }));
      const signatures = app.get(PaymentsSignaturesService);
      return outcomeOf(signatures.verifyWebhook('wakapay', { headers: {}, rawBody }, { account }));
    },
    begin: (provider) => void outcomeOf(paymentsAuth.http(provider).axiosRef.get('/sandbox/echo')),
    callAll: async () => {
      for (const merchant of MERCHANTS) await call('wakapay', merchant);
      await call('pesapal');
      // The key of Kashier is read from a file, which takes real time.
      await outcomeOf(outwaited(slowly, paymentsAuth.http('kashier').axiosRef.get('/sandbox/echo')));
    },
  };
}

/** The first sentence of the page, and its card for the credential in the worst state. */
async function page(name: string) {
  const opened = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await opened.goto(url);
  await opened.waitForSelector('article');
  const [verdict, worst] = [
    await opened.textContent('#verdict'),
    await opened.locator('article').first().innerText(),
  ];
  const tone = await opened.locator('#verdict').getAttribute('data-tone');
  const isWide = await opened.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(isWide).toBe(false);
  await opened.screenshot({ path: join(ARTEFACTS, `night-${name}.png`) });
  await opened.close();
  return { verdict: verdict ?? '', tone, worst };
}

async function explain(): Promise<string> {
  let output = '';
  const take = (text: string) => void (output += text);
  await runCli({ argv: ['explain', '--url', url], version: '0.0.0', out: take, error: take });
  return output;
}

interface Story {
  readonly happens: (of: Night) => Promise<void> | void;
  readonly tone: 'bad' | 'warn' | 'calm';
  /** The first sentence of the page. */
  readonly says: RegExp;
  /** The output of `explain`. */
  readonly explains: RegExp;
  readonly log?: RegExp;
}

/** Each night with its cause: the key, the provider, the quota, the clock, or the application itself. */
const NIGHTS: Record<string, Story> = {
  'the key of one merchant of three is wrong: the key': {
    happens: async ({ wrong, callAll }) => {
      wrong.add('shop-2');
      await callAll();
    },
    tone: 'bad',
    says: /^The provider rejects the secret of wakapay · shop-2, and calls fail: the pair is wrong/,
    explains: /^wakapay\/shop-2\n {2}state: +rejected.*\n.*none known\n.*on login.*\(HTTP 401\)/,
    log: /^credentials-rejected provider=wakapay account=shop-2/,
  },
  'a provider cuts every connection: the provider or the network': {
    happens: async ({ sandbox, callAll }) => {
      sandbox.provider('pesapal').misbehave({ fault: 'drop', on: 'any' });
      await callAll();
    },
    tone: 'bad',
    says: /^(?:No calls can be made with|Calls with) pesapal.*: the connection was cut/,
    explains: /^pesapal\n {2}state: +(?:unavailable|acquiring)(?:.*\n)+? {2}cause: +the connection was cut/,
    log: /^credential-unavailable provider=pesapal/,
  },
  'a provider answers calls with 503: the provider': {
    happens: async ({ sandbox, callAll }) => {
      await callAll();
      sandbox.provider('pesapal').misbehave({ fault: 'server-error', on: 'call' });
      await callAll();
    },
    tone: 'bad',
    says: /^Calls fail with pesapal: the provider has a failure of its own/,
    explains: /^pesapal\n {2}state: +fresh(?:.*\n)+? {2}cause: +the provider has a failure of its own/,
  },
  'a merchant has used up its logins: the quota': {
    happens: async ({ sandbox, callAll }) => {
      const fault = { fault: 'rate-limit', on: 'token', retryAfter: 45 } as const;
      sandbox.provider('wakapay').misbehave({ ...fault, account: 'shop-3' });
      await callAll();
    },
    tone: 'bad',
    says: /^No calls can be made with wakapay · shop-3: the provider has had enough requests/,
    explains:
      /^wakapay\/shop-3\n {2}state: +unavailable(?:.*\n)+? {2}paused until: .*, in \d+ s\n {2}cause: +the provider has had enough requests/,
  },
  'a provider wants fewer calls: the quota': {
    happens: async ({ sandbox, callAll }) => {
      sandbox.provider('kashier').misbehave({ fault: 'rate-limit', on: 'call' });
      await callAll();
    },
    tone: 'bad',
    says: /^Calls fail with kashier: the provider has had enough requests/,
    explains: /^kashier\n(?:.*\n)+? {2}what to do: .*make fewer calls at once/,
  },
  'a login takes long: the provider, before anything has failed': {
    happens: async ({ sandbox, clock, begin }) => {
      const pesapal = sandbox.provider('pesapal');
      pesapal.misbehave({ fault: 'hang', on: 'token', times: 1 });
      begin('pesapal');
      await until(() => pesapal.counts.tokenRequests === 1);
      await clock.advance(4_000);
    },
    tone: 'warn',
    says: /^Calls with pesapal wait for a login: the login has not ended for/,
    explains: /^pesapal\n {2}state: +acquiring(?:.*\n)+? {2}cause: +the login has not ended for/,
    log: /^calls-waiting provider=pesapal/,
  },
  'logins of a merchant hang: the provider': {
    happens: async ({ sandbox, callAll }) => {
      sandbox.provider('wakapay').misbehave({ fault: 'hang', on: 'token', account: 'shop-1' });
      await callAll();
    },
    tone: 'bad',
    says: /wakapay · shop-1.*: no whole answer came in time/,
    explains: /^wakapay\/shop-1\n(?:.*\n)+? {2}what to do: .*provider's status page/,
    log: /^calls-waiting provider=wakapay account=shop-1/,
  },
  'somebody revokes all tokens: nobody is paged, because no call fails': {
    happens: async ({ sandbox, callAll }) => {
      await callAll();
      sandbox.provider('wakapay').revokeTokens();
      await callAll();
    },
    tone: 'calm',
    says: /^Every credential in use serves\. No call has failed since the start/,
    explains:
      /^(?:(?:pesapal|kashier)\n(?: .*\n)+\n)*wakapay\/shop-1\n {2}state: +fresh(?:.*\n)+? {2}last failure: on call.*\(HTTP 401\)\n\n/,
    log: /^credential-contested provider=wakapay/,
  },
  'tokens are revoked while the login is down: the provider': {
    happens: async ({ sandbox, callAll }) => {
      await callAll();
      sandbox.provider('pesapal').misbehave({ fault: 'server-error', on: 'token' });
      sandbox.provider('pesapal').revokeTokens();
      for (let call = 0; call < 5; call += 1) await callAll();
    },
    tone: 'bad',
    says: /^No calls can be made with pesapal: the provider has a failure of its own/,
    explains: /^pesapal\n {2}state: +unavailable(?:.*\n)+? {2}last failure: on login.*\(HTTP 503\)/,
    log: /^renewal-failed provider=pesapal/,
  },
  'every call of a merchant is refused, with any token: the merchant, at the provider': {
    happens: async ({ sandbox, callAll, clock }) => {
      await callAll();
      sandbox.provider('wakapay').misbehave({ fault: 'refuse', on: 'call', account: 'shop-1' });
      for (let call = 0; call < 4; call += 1) {
        await clock.advance(3_000);
        await callAll();
      }
    },
    tone: 'bad',
    says: /^Calls fail with wakapay · shop-1: WakaPay does not accept the token that it has just issued/,
    explains: /^wakapay\/shop-1\n {2}state: +fresh(?:.*\n)+? {2}cause: +WakaPay does not accept the token/,
    log: /^renewals-paused provider=wakapay account=shop-1/,
  },
  'the database of the merchants is down, and webhooks come: us': {
    happens: async ({ hearFrom, callAll }) => {
      await callAll();
      night.databaseError = new Error('the database is down');
      expect(await hearFrom('shop-1')).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    },
    tone: 'bad',
    says: /^Webhooks of wakapay cannot be verified, and are answered 503: the credentials could not be resolved\./,
    explains: /^Webhooks of wakapay cannot be verified, and are answered 503: .*\.\n/,
  },
  'the shared store is gone: us': {
    happens: async ({ store, callAll }) => {
      store.lost = true;
      await callAll();
    },
    tone: 'warn',
    says: /^The shared store has not answered for \d+ (?:s|min) \(.*\): this process logs in for itself/,
    explains: /^The shared store has not answered for .*: each process logs in for itself\.\n/,
    log: /^store-lost provider=/,
  },
  'the key works on, and its file is gone: us': {
    happens: async ({ file, clock, callAll }) => {
      await callAll();
      rmSync(file);
      await clock.advance(5_001);
      await callAll();
    },
    tone: 'warn',
    says: /^The file with the secret of kashier cannot be used: calls go on with what was read of it before/,
    explains: /^kashier\n {2}state: +fresh(?:.*\n)+? {2}cause: +the file of the secret cannot be used/,
    log: /Kashier: the file .*kashier\.json cannot be read \(ENOENT\)/,
  },
  'the file with a key is gone, and the key in memory is old: us, and the key': {
    happens: async ({ sandbox, file, clock, callAll }) => {
      await callAll();
      rmSync(file);
      sandbox.provider('kashier').rotate({ oldWorksForMs: 0 });
      await clock.advance(3_000);
      for (let call = 0; call < 3; call += 1) await callAll();
    },
    tone: 'bad',
    says: /^The provider rejects the secret of kashier.*the provider refuses the key on calls: wrong, rotated/,
    explains:
      /^kashier\n {2}state: +rejected(?:.*\n)+? {2}what to do: .*unless the log says that the key cannot be read/,
    log: /Kashier: the file .*kashier\.json cannot be read \(ENOENT\)/,
  },
};

describe('An engineer on call sees with one look at the page, the command and the log that', () => {
  it.each(Object.entries(NIGHTS))('%s', async (title, { happens, tone, says, explains, log }) => {
    await start();
    await happens(night);
    const seen = await page(title.slice(0, 40).replaceAll(/\W+/g, '-'));
    expect(seen.verdict).toMatch(says);
    expect(seen.tone).toBe(tone);
    expect(seen.worst).not.toContain(', for 0 s');
    const explained = await explain();
    expect(explained).toMatch(explains);
    const lines = [...logger.of('error'), ...logger.of('warn')];
    expect(log === undefined || lines.some((line) => log.test(line))).toBe(true);
    const secrets = [WRONG_SECRET, ...night.sandbox.running.flatMap((each) => secretsOf(each))];
    const told = [seen.verdict, seen.worst, explained, ...lines].join('\n');
    expect(findLeaksInText(told, secrets)).toEqual([]);
  });

  it('the last call of a merchant failed, also when no call has named the merchant since', async () => {
    await start();
    night.wrong.add('shop-2');
    await night.callAll();
    const failedAtMs = night.clock.now();
    expect((await page('just-failed')).verdict).toMatch(/wakapay · shop-2/);
    await night.clock.advance(120_000);
    const { paymentsAuth } = application;
    expect(paymentsAuth.status({ account: 'shop-2' })).toEqual([]);
    const { verdict, tone, worst } = await page('failed-before');
    expect(verdict).toMatch(
      /^The last call with wakapay · shop-2 failed.*, and none was made since: the pair is wrong/,
    );
    expect({ tone, worst }).toEqual({ tone: 'warn', worst: expect.stringContaining('wakapay · shop-2') });
    expect(await explain()).toMatch(
      /^wakapay\/shop-2\n {2}state: +idle(?:.*\n)+? {2}cause: +the pair is wrong/,
    );
    const { sinceMs, fix } = await paymentsAuth.explain('wakapay', 'shop-2');
    // The advice names the variables of the provider's own account.
    expect(fix).toMatch(
      /WAKAPAY_API_KEY.*; a merchant has its own values, which the option accounts returns$/,
    );
    expect(sinceMs).toBeGreaterThanOrEqual(Math.floor(failedAtMs) - 1_000);
    night.wrong.clear();
    await night.callAll();
    const explained = await explain();
    expect(explained).toMatch(/^wakapay\/shop-2\n {2}state: +fresh/m);
    expect(explained).not.toMatch(/state: +idle/);
  });

  it('the clock of this machine is wrong, although the provider names the key as the cause', async () => {
    await start(new ManualClock(Date.now() - 600_000));
    night.wrong.add('shop-1');
    await night.callAll();
    const { verdict } = await page('clock');
    expect(verdict).toMatch(/wakapay · shop-1.*: the clock of this machine is (?:10 min|599 s) behind/);
    expect(await explain()).toMatch(/what to do: +let this machine set its clock by NTP/);
  });
});
