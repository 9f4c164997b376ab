import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AnyProviderDefinition,
  defineProvider,
  fromFiles,
  login,
  PaymentsAuthModule,
  type PaymentsAuthEvent,
  type PaymentsAuthService,
  PaymentsSignaturesService,
  publicKeyWebhook,
  refreshToken,
} from 'nestjs-payments-auth';
import { PaymentsAuthOpenTelemetryModule } from 'nestjs-payments-auth/opentelemetry';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startModules } from './support/application.js';
import { createCertificate } from './support/certificate.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { MemoryTokenStore } from './support/memory-token-store.js';
import { fits, PromQuery, type Scrape, scrapeOf } from './support/promql.js';
import { parse } from 'yaml';
import { outcomeOf, outwaited, quiet, until } from './support/waiting.js';

const LIFETIME_MS = 3_600_000;

const read = (name: string) => readFileSync(new URL(`../docs/grafana/${name}`, import.meta.url), 'utf8');

/** Every query of the dashboard and the alert rules. */
interface Query {
  readonly where: string;
  readonly expr: string;
}

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly description: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string; readonly refId: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

const dashboard = JSON.parse(read('dashboard.json')) as Dashboard;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const rules = (parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

const queries: Query[] = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
  ...dashboard.templating.list
    .filter(({ query }) => query.startsWith('label_values'))
    .map(({ name, query }) => {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      return { where: `variable ${name}`, expr: `count by (${label}) (${metric})` };
    }),
  ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
];

const namesIn = ({ samples }: Scrape) => new Set(samples.map(({ labels }) => labels['__name__']));

const withUnit = (name = '') =>
  name.replace(/^(payments_auth_\w*?(?:duration|ahead|time_to_live))(_bucket|_count|_sum)?$/, '$1_seconds$2');

/** The names that the Collector gives to metrics. Those of durations end in their unit. */
function asTheCollectorWrites({ atMs, samples }: Scrape): Scrape {
  return {
    atMs,
    samples: samples.map(({ labels, value }) => ({
      labels: { ...labels, __name__: withUnit(labels['__name__']) },
      value,
    })),
  };
}

/** The mistakes in a query, judged by the existing series. */
function problemsOf({ where, expr }: Query, { samples }: Scrape): string[] {
  let query: PromQuery;
  try {
    query = new PromQuery(expr);
  } catch (error) {
    return [`${where}: ${(error as Error).message}`];
  }
  const { selectors } = query;
  if (selectors.length === 0) return [`${where}: asks for nothing`];
  return selectors.flatMap(({ matchers, groupedBy }) => {
    const [name, ...others] = [
      matchers.filter(({ label }) => label === '__name__'),
      ...matchers.filter(({ label }) => label !== '__name__'),
    ];
    const named = samples.filter((each) => fits(each, name));
    const names = new Set(named.map(({ labels }) => labels['__name__']));
    if (names.size !== 1) return [`${where}: ${JSON.stringify(name)} is ${names.size} metrics`];
    const lacking = [...others.map(({ label }) => label), ...groupedBy].filter(
      (label) => !named.some(({ labels }) => labels[label] !== undefined),
    );
    // A matcher may name several values. The library must write every one of them.
    const unknown = others
      .filter(({ value }) => !value.startsWith('$'))
      .flatMap((matcher) => matcher.value.split('|').map((value) => ({ ...matcher, operator: '=', value })))
      .filter((matcher) => !named.some((each) => fits(each, [matcher])));
    return [
      ...lacking.map((label) => `${where}: ${[...names].join()} has no label ${label}`),
      ...unknown.map(({ label, value }) => `${where}: ${label} is never ${value}`),
    ];
  });
}

/** The current output of the exporter. */
async function scraped(exporter: PrometheusExporter, atMs: number): Promise<Scrape> {
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return scrapeOf(text, atMs);
}

const MINUTE_MS = 60_000;
const SCRAPE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** An application whose metrics are read every minute of its clock, and the alert rules over these readings. */
interface Watched {
  readonly clock: ManualClock;
  readonly paymentsAuth: PaymentsAuthService;
  readonly signatures: PaymentsSignaturesService;
  /** @param everyMs how often the metrics are read on the way */
  pass(ms: number, everyMs?: number): Promise<void>;
  /** The rules that fire now, because they held for long enough. */
  firing(): string[];
  /** The series that answer a query now. */
  answer(expr: string): readonly { readonly labels: Readonly<Record<string, string>> }[];
  close(): Promise<void>;
}

interface WatchedApplication {
  readonly payments: DynamicModule;
  readonly clock?: ManualClock;
  /** Waits until everything that the clock has caused is over. */
  readonly settled: (events: readonly PaymentsAuthEvent[]) => Promise<void>;
}

async function watchedApplication({
  payments,
  clock = new ManualClock(),
  settled,
}: WatchedApplication): Promise<Watched> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ readers: [exporter] });
  metrics.setGlobalMeterProvider(meters);
  const application = await startModules([payments, PaymentsAuthOpenTelemetryModule], { clock });
  const { paymentsAuth } = application;
  const events: PaymentsAuthEvent[] = [];
  paymentsAuth.events$.subscribe((event) => events.push(event));
  const scrapes: Scrape[] = [await scraped(exporter, clock.now())];
  return {
    clock,
    paymentsAuth,
    signatures: application.app.get(PaymentsSignaturesService),
    async pass(ms, everyMs = SCRAPE_MS) {
      for (let leftMs = ms; leftMs > 0; leftMs -= everyMs) {
        await clock.advance(Math.min(leftMs, everyMs));
        await settled(events);
        scrapes.push(await scraped(exporter, clock.now()));
      }
    },
    firing: () =>
      rules
        .filter(({ expr, for: held = '0s' }) => {
          const query = new PromQuery(expr);
          const fromMs = clock.now() - Number.parseInt(held, 10) * (held.endsWith('m') ? MINUTE_MS : 1_000);
          const begin = scrapes.findLastIndex(({ atMs }) => atMs <= fromMs);
          return (
            begin >= 0 &&
            scrapes.every((_, at) => at < begin || query.answer(scrapes.slice(0, at + 1)).length > 0)
          );
        })
        .map(({ alert }) => alert),
    answer: (expr) => new PromQuery(expr).answer(scrapes),
    async close() {
      await application.close();
      await meters.shutdown();
      metrics.disable();
    },
  };
}

/** A watched application that calls a provider of the sandbox. */
interface WatchedSandbox extends Watched {
  readonly wakapay: ReturnType<Sandbox['provider']>;
  call(): Promise<unknown>;
  refresh(): Promise<unknown>;
}

const requestsIn = (events: readonly PaymentsAuthEvent[]) =>
  events.filter(({ type }) => type === 'token-request').length;

interface WatchedSettings {
  readonly store?: MemoryTokenStore;
  readonly tokenLifetimeMs?: number;
  readonly keepWarm?: 'always' | 'when-used';
}

async function watched({
  store,
  tokenLifetimeMs = LIFETIME_MS,
  keepWarm = 'always',
}: WatchedSettings = {}): Promise<WatchedSandbox> {
  const clock = new ManualClock();
  if (store !== undefined) store.now = () => clock.monotonic();
  const settings = { tokenLifetimeMs };
  const sandbox = await startSandbox({ providers: ['wakapay'], clock, settings: { wakapay: settings } });
  const wakapay = sandbox.provider('wakapay');
  const { baseUrls: baseUrl } = wakapay;
  const credentials = { ...wakapay.credentials };
  const payments = PaymentsAuthModule.forRoot({
    providers: { wakapay: { baseUrl, credentials, keepWarm } },
    ...(store === undefined ? {} : { store }),
  });
  const application = await watchedApplication({
    payments,
    clock,
    settled: (events) => until(() => requestsIn(events) >= wakapay.counts.tokenRequests),
  });
  const { paymentsAuth } = application;
  const ended = (promise: Promise<unknown>) => outcomeOf(outwaited(clock, promise));
  return {
    ...application,
    wakapay,
    call: () => ended(firstValueFrom(paymentsAuth.http('wakapay').get('/business/balance'))),
    refresh: () => ended(paymentsAuth.credentials('wakapay').refresh()),
    async close() {
      await application.close();
      await sandbox.close();
    },
  };
}

describe('the dashboard and the alert rules for Grafana', () => {
  let scrape: Scrape;
  let close: () => Promise<void>;

  /** A provider with many failures, and what the exporter writes about it. */
  beforeAll(async () => {
    const exporter = new PrometheusExporter({ preventServerStart: true });
    const meters = new MeterProvider({ readers: [exporter] });
    metrics.setGlobalMeterProvider(meters);
    const clock = new ManualClock();
    const settings = { tokenLifetimeMs: LIFETIME_MS };
    const sandbox = await startSandbox({ providers: ['wakapay'], clock, settings: { wakapay: settings } });
    const wakapay = sandbox.provider('wakapay');
    const { baseUrls: baseUrl, credentials } = wakapay;
    const payments = PaymentsAuthModule.forRoot({
      providers: { wakapay: { baseUrl, credentials, keepWarm: 'always' } },
    });
    const application = await startModules([payments, PaymentsAuthOpenTelemetryModule], { clock });
    close = async () => {
      await application.close();
      await sandbox.close();
      await meters.shutdown();
    };
    const { paymentsAuth } = application;
    const counters = () => paymentsAuth.credentials('wakapay').status().counters;
    const call = () =>
      outcomeOf(outwaited(clock, firstValueFrom(paymentsAuth.http('wakapay').get('/business/balance'))));
    await call();
    wakapay.misbehave({ fault: 'server-error', on: 'token', times: 1 });
    await clock.advance(LIFETIME_MS - 50_000);
    await until(() => counters().tokenFailures === 1);
    await clock.advance(5_000);
    await until(() => counters().earlyRenewals === 1);
    await call();
    wakapay.revokeTokens();
    await call();
    wakapay.misbehave({ fault: 'refuse', on: 'call' });
    await call();
    await until(() => counters().replays > 1);

    scrape = await scraped(exporter, clock.now());
  });

  afterAll(async () => {
    await close();
    metrics.disable();
  });

  it('are loaded: every panel has a place, and every rule an expression, a severity and words', () => {
    expect(dashboard.panels.length).toBeGreaterThan(8);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { gridPos, title, description, targets } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect([title, description].every((words) => words.length > 3)).toBe(true);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Payment\w+$/);
      expect(['page', 'look']).toContain(labels.severity);
      expect([annotations.summary, annotations.description].every((words) => words.length > 3)).toBe(true);
    }
  });

  it('are the alerts that docs/operating.md lists, one by one', () => {
    const page = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `(Payment\w+)` +\| [^|]+ \| (page|look): /gm)];
    expect(listed.map(([, alert, severity]) => ({ alert, severity }))).toEqual(
      rules.map(({ alert, labels }) => ({ alert, severity: labels.severity })),
    );
  });

  it('ask only for metrics, labels and values that the exporter of the SDK writes', () => {
    expect(namesIn(scrape)).toContain('payments_auth_token_requests_total');
    expect(queries.flatMap((query) => problemsOf(query, scrape))).toEqual([]);
  });

  it('ask for the names that the Collector gives them as well', () => {
    const collected = asTheCollectorWrites(scrape);
    expect(namesIn(collected)).toContain('payments_auth_token_request_duration_seconds_bucket');
    expect(queries.flatMap((query) => problemsOf(query, collected))).toEqual([]);
  });

  it.each([
    ['a metric', 'sum(rate(payments_auth_logins_total[5m]))'],
    ['a label to group by', 'sum by (account) (rate(payments_auth_token_requests_total[5m]))'],
    ['a value', 'payments_auth_credential_incidents_total{payments_auth_incident="gone"}'],
    [
      'one value of two',
      'payments_auth_credential_incidents_total{payments_auth_incident=~"store-lost|gone"}',
    ],
    ['a label to match', 'payments_auth_token_requests_total{payments_auth_account="x"}'],
    ['a name that is matched', '{__name__=~"payments_auth_renewal_ahead(_seconds)?_total"}'],
    ['anything at all', 'vector(0)'],
    ['a bracket', 'sum(rate(payments_auth_token_requests_total[5m])'],
  ])('are refused by this test where they lack %s', (_, expr) => {
    expect(problemsOf({ where: 'it', expr }, scrape)).not.toEqual([]);
  });

  it('show every metric that the library writes', () => {
    const names = [...namesIn(scrape)].filter((name) => name?.startsWith('payments_auth_'));
    const families = new Set(names.map((name) => name?.replace(/_(?:bucket|sum|count)$/, '') as string));
    const asked = dashboard.panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => new PromQuery(expr).selectors),
    );
    const isAsked = (name: string) =>
      asked.some(({ matchers }) => {
        const named = matchers.filter(({ label }) => label === '__name__');
        return fits({ labels: { __name__: name } }, named);
      });
    const unseen = [...families].filter(
      (family) => !['', '_bucket', '_count'].some((suffix) => isAsked(family + suffix)),
    );
    expect(unseen).toEqual([]);
  });
});

describe('the alert rules', () => {
  let bed: WatchedSandbox;

  afterEach(() => bed.close());

  it('are silent while all is well', async () => {
    bed = await watched();
    await bed.call();
    await bed.pass(20 * MINUTE_MS);
    expect(bed.firing()).toEqual([]);
  });

  it('fire at the very first rejection, because its counter exists from the start', async () => {
    bed = await watched();
    await bed.call();
    await bed.pass(MINUTE_MS);
    bed.wakapay.rotate({ oldWorksForMs: 0 });
    bed.wakapay.revokeTokens();
    await bed.call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toContain('PaymentCredentialsRejected');
    // The secret stays wrong for three minutes.
    await bed.pass(3 * MINUTE_MS);
    expect(bed.firing()).toContain('PaymentTokenGone');
  });

  it('fire when a token ends while its renewals fail, and for as long as it is gone', async () => {
    bed = await watched();
    await bed.call();
    bed.wakapay.misbehave({ fault: 'server-error', on: 'token' });
    await bed.pass(LIFETIME_MS - 60_000);
    await bed.pass(35_000);
    expect(bed.firing()).toContain('PaymentTokenEnds');
    expect(bed.firing()).not.toContain('PaymentTokenGone');
    await bed.pass(2 * MINUTE_MS);
    await bed.call();
    for (let minutes = 0; minutes < 30; minutes += 10) {
      await bed.pass(10 * MINUTE_MS);
      expect(bed.firing()).toContain('PaymentTokenGone');
    }
    bed.wakapay.behave();
    await bed.pass(MINUTE_MS);
    await bed.call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).not.toContain('PaymentTokenGone');
  });

  it('fire while the store is lost, and no longer', async () => {
    const store = new MemoryTokenStore();
    bed = await watched({ store });
    await bed.call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).not.toContain('PaymentTokenStoreLost');
    store.lost = true;
    await bed.refresh();
    for (let minutes = 0; minutes < 60; minutes += 20) {
      await bed.pass(20 * MINUTE_MS);
      expect(bed.firing()).toContain('PaymentTokenStoreLost');
    }
    store.lost = false;
    await bed.pass(MINUTE_MS);
    await bed.refresh();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).not.toContain('PaymentTokenStoreLost');
  });

  it('fire when the provider limits logins, from the first time on', async () => {
    bed = await watched();
    await bed.call();
    await bed.pass(LIFETIME_MS - 70_000);
    bed.wakapay.misbehave({ fault: 'rate-limit', on: 'token', times: 1 });
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toContain('PaymentProviderLimitsLogins');
  });

  /** Calls once a minute, and notes which of `alerts` fire then. */
  async function firedWithin(minutes: number, alerts: readonly string[], before?: () => void) {
    const fired = new Set<string>();
    for (let minute = 0; minute < minutes; minute += 1) {
      before?.();
      await bed.call();
      await bed.pass(MINUTE_MS);
      for (const alert of bed.firing()) if (alerts.includes(alert)) fired.add(alert);
    }
    return [...fired];
  }

  it('fire when no token can be had after the last one ended, until logins succeed again', async () => {
    const alerts = ['PaymentCredentialsUnavailable', 'PaymentTokenGone'];
    bed = await watched();
    bed.wakapay.misbehave({ fault: 'server-error', on: 'token' });
    await bed.pass(LIFETIME_MS);
    expect((await firedWithin(5, alerts)).toSorted()).toEqual(alerts);
    bed.wakapay.behave();
    await firedWithin(8, []);
    expect(bed.firing()).toEqual([]);
  });

  it('fire when no token can be had because the last one was revoked while logins fail', async () => {
    bed = await watched();
    await bed.call();
    await bed.pass(MINUTE_MS);
    bed.wakapay.misbehave({ fault: 'server-error', on: 'token' });
    bed.wakapay.revokeTokens();
    expect(await firedWithin(6, ['PaymentTokenGone'])).toEqual(['PaymentTokenGone']);
  });

  it.each(['server-error', 'rate-limit'] as const)(
    'fire while calls with a fresh token fail with %s, and not for one of them',
    async (fault) => {
      const alert = 'PaymentCallsFail';
      bed = await watched();
      expect(await firedWithin(2, [alert])).toEqual([]);
      bed.wakapay.misbehave({ fault, on: 'call', times: 1 });
      expect(await firedWithin(8, [alert])).toEqual([]);
      bed.wakapay.misbehave({ fault, on: 'call' });
      expect(await firedWithin(6, [alert])).toEqual([alert]);
      bed.wakapay.behave();
      await firedWithin(8, []);
      expect(bed.firing()).toEqual([]);
    },
  );

  it('fire when new tokens do not help and calls are refused again and again', async () => {
    const alerts = ['PaymentRenewalsPaused', 'PaymentCallsRefusedAgain'];
    bed = await watched();
    expect(await firedWithin(2, alerts)).toEqual([]);
    bed.wakapay.misbehave({ fault: 'refuse', on: 'call' });
    expect((await firedWithin(25, alerts)).toSorted()).toEqual(alerts.toSorted());
  });

  it('fire when another system ends the tokens', async () => {
    const alert = 'PaymentTokensContested';
    bed = await watched();
    expect(await firedWithin(2, [alert])).toEqual([]);
    expect(await firedWithin(20, [alert], () => bed.wakapay.revokeTokens())).toEqual([alert]);
  });

  it('fire when there are many more logins than a day ago at this hour', async () => {
    const alert = 'PaymentLoginsMultiply';
    bed = await watched();
    await bed.call();
    await bed.pass(60 * MINUTE_MS);
    await bed.pass(23 * 60 * MINUTE_MS, 10 * MINUTE_MS);
    expect(bed.firing()).not.toContain(alert);
    expect(await firedWithin(25, [alert], () => bed.wakapay.revokeTokens())).toEqual([alert]);
  });

  it('fire when calls wait long for a token', async () => {
    const alert = 'PaymentCallsWaitLong';
    // At each call, the token of the call before has ended.
    bed = await watched({ tokenLifetimeMs: 20_000, keepWarm: 'when-used' });
    const slowly = () => bed.wakapay.misbehave({ fault: 'server-error', on: 'token', times: 7 });
    expect(await firedWithin(25, [alert], slowly)).toEqual([alert]);
  });
});

interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

/** A platform that acts for its merchants with refresh tokens, each good for one use. */
const platform = defineProvider<{ clientId: string; clientSecret: string; refreshToken: string }>({
  name: 'platform',
  title: 'Platform',
  docs: 'https://docs.platform.test',
  environments: { live: 'https://api.platform.test' },
  credentials: { clientId: {}, clientSecret: {}, refreshToken: {} },
  token: refreshToken({
    path: '/token',
    client: ({ credentials }) => ({ id: credentials.clientId, secret: credentials.clientSecret }),
    refreshToken: ({ credentials }) => credentials.refreshToken,
    rotates: true,
    documentedLifetimeMs: LIFETIME_MS,
  }),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
});

const MERCHANT = 'shop-17';

describe('the alert rules for merchants who have connected', () => {
  let issuer: LoopbackServer;
  let bed: Watched;
  /** The refresh token that the issuer takes, and what the database of the application holds. */
  let valid: string;
  let stored: string;
  let isDatabaseDown: boolean;

  beforeEach(async () => {
    [valid, stored, isDatabaseDown] = ['invented-refresh-1', 'invented-refresh-1', false];
    issuer = await startLoopbackServer(({ url, body }, response) => {
      if (url !== '/token') return json(response, 200, {});
      const given = new URLSearchParams(body.toString()).get('refresh_token');
      if (given !== valid) return json(response, 400, { error: 'invalid_grant' });
      valid = `invented-refresh-${issuer.to('/token').length + 1}`;
      return json(response, 200, {
        access_token: `invented-access-${issuer.to('/token').length}`,
        refresh_token: valid,
        token_type: 'Bearer',
        expires_in: LIFETIME_MS / 1_000,
      });
    });
    const client = { clientId: 'platform', clientSecret: 'invented-client-secret-0123' };
    const accounts = {
      load: async (): Promise<Client> => ({ ...client, refreshToken: stored }),
      save: async (_: string, next: { readonly refreshToken: string }) => {
        if (isDatabaseDown) throw new Error('the database is down');
        stored = next.refreshToken;
        return true;
      },
    };
    const options = { provider: platform, baseUrl: issuer.url, accounts, singleProcess: true as const };
    bed = await watchedApplication({
      payments: PaymentsAuthModule.forRoot({ providers: { platform: options } }),
      settled: quiet,
    });
  });

  afterEach(async () => {
    await bed.close();
    await issuer.close();
  });

  const ended = (promise: Promise<unknown>) => outcomeOf(outwaited(bed.clock, promise));
  const call = () => ended(bed.paymentsAuth.http('platform', MERCHANT).axiosRef.get('/balance'));
  const renewed = () => ended(bed.paymentsAuth.credentials('platform', MERCHANT).refresh());

  it('are silent while refresh tokens are taken and saved', async () => {
    await call();
    await bed.pass(MINUTE_MS);
    await renewed();
    await bed.pass(MINUTE_MS);
    expect(issuer.to('/token')).toHaveLength(2);
    expect(bed.firing()).toEqual([]);
  });

  it('say that a merchant has to connect again when the provider rejects its refresh token', async () => {
    await call();
    await bed.pass(MINUTE_MS);
    valid = 'invented-refresh-of-nobody';
    await renewed();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toEqual(expect.arrayContaining(['PaymentMerchantHasToConnectAgain']));
    expect(bed.firing()).not.toContain('PaymentCredentialsRejected');
  });

  it('say that refresh tokens cannot be saved for as long as that lasts, and no longer', async () => {
    await call();
    await bed.pass(MINUTE_MS);
    isDatabaseDown = true;
    await renewed();
    for (let minutes = 0; minutes < 30; minutes += 10) {
      await bed.pass(10 * MINUTE_MS);
      expect(bed.firing()).toEqual(['PaymentRefreshTokenUnsaved']);
    }
    isDatabaseDown = false;
    await bed.pass(20 * MINUTE_MS);
    expect(stored).toBe(valid);
    expect(bed.firing()).toEqual([]);
  });
});

const HOUSE = {
  name: 'house',
  title: 'House',
  docs: 'https://docs.house.test',
  environments: { live: 'https://api.house.test' },
};

/** A provider whose calls carry the key, or are signed with it. */
const keyed = (more: object = {}) =>
  defineProvider<{ key: string }>({
    ...HOUSE,
    credentials: { key: {} },
    headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    ...more,
  });

/** In the words of the provider, which a firewall's page does not have. */
const is403 = ({ status, body }: { status: number; body: unknown }) => status === 403 && body !== undefined;

/** Fails for every key that begins with `invented`, as the keys of the applications here do. */
const signsNoMore = ({ credentials }: { credentials: { key: string } }) => {
  if (credentials.key.startsWith('invented')) throw new Error('the HSM is away');
  return {};
};

describe('the alert rules for definitions of an application', () => {
  let server: LoopbackServer;
  let isKeyWrong: boolean;
  let bed: Watched;

  beforeEach(async () => {
    isKeyWrong = false;
    server = await startLoopbackServer(({ url }, response) => {
      if (isKeyWrong) return json(response, 403, { error: 'wrong key' });
      return json(response, 200, url === '/login' ? { status: 'renamed', bearer: 'invented' } : {});
    });
  });

  afterEach(async () => {
    await bed.close();
    await server.close();
  });

  const watchedHouse = async (provider: AnyProviderDefinition, options: object) => {
    const house = { provider, baseUrl: server.url, ...options };
    bed = await watchedApplication({
      payments: PaymentsAuthModule.forRoot({ providers: { house } }),
      settled: quiet,
    });
    return () => outcomeOf(outwaited(bed.clock, bed.paymentsAuth.http('house').axiosRef.get('/balance')));
  };

  it('say that a definition does not know an answer to its login', async () => {
    const house = defineProvider<{ key: string }>({
      ...HOUSE,
      credentials: { key: {} },
      token: login({
        path: '/login',
        body: ({ credentials }) => ({ json: credentials }),
        answer: { token: 'token' },
        documentedLifetimeMs: LIFETIME_MS,
        rejected: () => false,
      }),
      headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    });
    const call = await watchedHouse(house, {
      credentials: { key: 'invented-key-0123456789' },
      keepWarm: 'when-used',
    });
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toEqual([]);
    await call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toContain('PaymentProviderDefinitionFails');
  });

  it.each<[string, () => unknown]>([
    ['throws', () => Promise.reject(new Error('the vault is sealed'))],
    ['hands over what is no key', () => ({ key: 'invented-key\n0123456789' })],
  ])('say within two minutes of one call that the function for a key %s', async (_, credentials) => {
    const vault = { ask: credentials };
    const call = await watchedHouse(keyed(), { credentials: () => vault.ask(), keepWarm: 'when-used' });
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toEqual([]);
    await call();
    await bed.pass(2 * MINUTE_MS);
    expect(bed.firing()).toEqual(['PaymentCredentialsUnavailable']);
    vault.ask = () => ({ key: 'invented-key-0123456789' });
    await call();
    await bed.pass(2 * MINUTE_MS);
    expect(bed.firing()).toEqual([]);
  });

  it('say that the provider refuses a key of a function at its first call', async () => {
    const call = await watchedHouse(keyed({ refusal: { refused: is403 } }), {
      credentials: () => ({ key: 'invented-key-0123456789' }),
      keepWarm: 'when-used',
    });
    await bed.pass(MINUTE_MS);
    isKeyWrong = true;
    await call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toContain('PaymentCredentialsRejected');
  });

  it('and the list of the dashboard know a provider that never logs in', async () => {
    await watchedHouse(keyed(), { credentials: { key: 'invented-key-0123456789' } });
    await bed.pass(MINUTE_MS);
    const [{ expr } = { expr: '' }] = queries.filter(({ where }) => where === 'variable provider');
    expect(bed.answer(expr).map(({ labels }) => labels['payments_auth_provider'])).toEqual(['house']);
  });

  it('say that calls cannot be signed', async () => {
    const call = await watchedHouse(keyed({ sign: signsNoMore }), {
      credentials: { key: 'invented-key-0123456789' },
    });
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toEqual([]);
    await call();
    await bed.pass(MINUTE_MS);
    expect(bed.firing()).toEqual(['PaymentCallsCannotBeSigned']);
  });
});

describe('the alert rule for files of secrets', () => {
  it('fires while a file cannot be used and the secret from before still is, and no longer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'payments-auth-alerts-'));
    const file = join(folder, 'key');
    const key = 'invented-key-0123456789';
    const house = defineProvider<{ key: string }>({
      ...HOUSE,
      credentials: { key: {} },
      headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    });
    const server = await startLoopbackServer((_, response) => json(response, 200, {}));
    writeFileSync(file, key);
    const bed = await watchedApplication({
      payments: PaymentsAuthModule.forRoot({
        providers: {
          house: { provider: house, baseUrl: server.url, credentials: fromFiles({ key: file }) },
        },
      }),
      settled: quiet,
    });
    const callAndPass = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute += 1) {
        await bed.paymentsAuth.http('house').axiosRef.get('/balance');
        await bed.pass(MINUTE_MS);
      }
    };
    try {
      await callAndPass(2);
      rmSync(file);
      await callAndPass(2);
      // A mount that is being replaced is no reason to look at it.
      expect(bed.firing()).toEqual([]);
      await callAndPass(20);
      expect(bed.firing()).toEqual(['PaymentSecretFileUnusable']);
      writeFileSync(file, key);
      await callAndPass(1);
      expect(bed.firing()).toEqual([]);
    } finally {
      await bed.close();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the alert rules for keys of webhooks', () => {
  const BODY = Buffer.from('{"id":"evt_1"}');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one' };
  const headers = { 'x-signature': sign('sha256', BODY, privateKey).toString('base64') };

  let server: LoopbackServer;
  let areKeysDown: boolean;
  let bed: Watched;

  beforeEach(async () => {
    areKeysDown = false;
    server = await startLoopbackServer((_, response) =>
      areKeysDown ? json(response, 503, {}) : json(response, 200, { keys: [jwk] }),
    );
    const house = defineProvider<{ key: string }>({
      ...HOUSE,
      environments: { sandbox: { api: 'https://api.house.test', keys: 'https://keys.house.test' } },
      credentials: { key: {} },
      headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
      webhooks: {
        signature: publicKeyWebhook({
          algorithm: 'rsa-sha256',
          key: { jwks: { sandbox: 'https://keys.house.test/jwks' } },
          header: 'x-signature',
          encoding: 'base64',
        }),
      },
    });
    const options = {
      provider: house,
      environment: 'sandbox' as const,
      baseUrl: { api: server.url, keys: server.url },
      credentials: { key: 'invented-key-0123456789' },
    };
    bed = await watchedApplication({
      payments: PaymentsAuthModule.forRoot({ providers: { house: options } }),
      settled: quiet,
    });
  });

  afterEach(async () => {
    await bed.close();
    await server.close();
  });

  /** One webhook a minute. Returns how many were verified. */
  const verified = async (minutes: number) => {
    let count = 0;
    for (let minute = 0; minute < minutes; minute += 1) {
      const delivery = await outcomeOf(bed.signatures.verifyWebhook('house', { headers, rawBody: BODY }));
      if (typeof delivery === 'object' && delivery !== null && 'proves' in delivery) count += 1;
      await bed.pass(MINUTE_MS);
    }
    return count;
  };

  it('are silent while keys can be fetched, and after a failure of a moment', async () => {
    areKeysDown = true;
    expect(await verified(1)).toBe(0);
    areKeysDown = false;
    expect(await verified(10)).toBe(10);
    expect(bed.firing()).toEqual([]);
  });

  it('fire for as long as webhooks are answered 503', async () => {
    areKeysDown = true;
    expect(await verified(4)).toBe(0);
    expect(bed.firing()).toEqual([]);
    expect(await verified(16)).toBe(0);
    expect(bed.firing()).toEqual(['PaymentWebhookKeysUnavailable']);
    areKeysDown = false;
    expect(await verified(10)).toBe(10);
    expect(bed.firing()).toEqual([]);
  });

  it('ask for a look, and wake nobody up, while the keys of the last fetch are used', async () => {
    expect(await verified(1)).toBe(1);
    areKeysDown = true;
    await bed.pass(60 * MINUTE_MS);
    expect(await verified(15)).toBe(15);
    expect(bed.firing()).toEqual(['PaymentWebhookKeysOutdated']);
  });
});

describe('the alert rule for client certificates', () => {
  const authority = createCertificate(['authority.test'], { isAuthority: true });
  const now = Date.now();
  const bank = defineProvider<{ certificate: string; privateKey: string }>({
    name: 'bank',
    title: 'Bank',
    docs: 'https://docs.bank.test',
    environments: { live: 'https://api.bank.test' },
    credentials: { certificate: { format: 'pem' }, privateKey: { format: 'pem' } },
    tls: ({ credentials }) => ({ cert: credentials.certificate, key: credentials.privateKey }),
  });

  let server: SecureServer;
  let bed: Watched;

  beforeEach(async () => {
    server = createSecureServer({
      ...createCertificate(['localhost'], { by: authority }),
      ca: authority.cert,
      requestCert: true,
    });
    server.on('request', (_, response: ServerResponse) => json(response, 200, {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await bed.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is silent until 14 days before the end, and fires on every day from then on', async () => {
    const { port } = server.address() as AddressInfo;
    const { cert: certificate, key: privateKey } = createCertificate(['shop-1.clients.test'], {
      by: authority,
      endsAtMs: now + 16 * DAY_MS,
    });
    bed = await watchedApplication({
      payments: PaymentsAuthModule.forRoot({
        providers: {
          bank: {
            provider: bank,
            baseUrl: `https://localhost:${port}`,
            credentials: { certificate, privateKey },
            http: { ca: authority.cert },
          },
        },
      }),
      clock: new ManualClock(now),
      settled: quiet,
    });
    const firedOnDays: number[] = [];
    for (let day = 1; day <= 6; day += 1) {
      for (let hour = 0; hour < 24; hour += 3) {
        await bed.paymentsAuth.http('bank').axiosRef.get('/balance');
        await bed.pass(3 * 60 * MINUTE_MS, 60 * MINUTE_MS);
      }
      if (bed.firing().includes('PaymentClientCertificateEnds')) firedOnDays.push(day);
    }
    // The certificate ends after 16 days, so the rule fires from the third day on.
    expect(firedOnDays).toEqual([3, 4, 5, 6]);
  });
});

describe('the alert rules', () => {
  it('are all fired by real events somewhere in this file', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    const fired = source.replaceAll(/not\.toContain\('\w+'\)/g, '');
    const named = new Set(fired.match(/\bPayment[A-Z]\w+(?=')/g));
    expect(rules.map(({ alert }) => alert).filter((alert) => !named.has(alert))).toEqual([]);
  });
});
