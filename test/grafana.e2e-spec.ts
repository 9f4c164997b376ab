import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { PaymentsAuthOpenTelemetryModule } from 'nestjs-payments-auth/opentelemetry';
import { startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { INCIDENTS } from '../libs/payments-auth/src/opentelemetry/incidents.js';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startModules } from './support/application.js';
import { outcomeOf, outwaited, until } from './support/waiting.js';

jest.setTimeout(60_000);

const LIFETIME_MS = 3_600_000;

const read = (name: string) => readFileSync(new URL(`../docs/grafana/${name}`, import.meta.url), 'utf8');

/** What is asked of the metrics, wherever it stands. */
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

/** The rules of the file: each begins with `- alert:`, and its expression is folded into one line. */
const alerts = read('alerts.yml')
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text) => {
    const [, name = ''] = /^(\w+)\n/.exec(text) ?? [];
    const [, folded = ''] = /^ {8}expr: >-\n((?: {10}.*\n)+)/m.exec(text) ?? [];
    const [, severity] = /^ {10}severity: (\w+)$/m.exec(text) ?? [];
    return { name, expr: folded.replaceAll(/\s+/g, ' ').trim(), severity, text };
  });

const queries: Query[] = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
  ...dashboard.templating.list
    .filter(({ query }) => query.startsWith('label_values'))
    .map(({ name, query }) => {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      return { where: `variable ${name}`, expr: `count by (${label}) (${metric})` };
    }),
  ...alerts.map(({ name, expr }) => ({ where: name, expr })),
];

/** The series that the exporter writes: name, and label names with the values that were seen. */
type Series = Map<string, Map<string, Set<string>>>;

function seriesOf(text: string): Series {
  const found: Series = new Map();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = found.get(name) ?? new Map<string, Set<string>>();
    found.set(name, known);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      known.set(label, (known.get(label) ?? new Set()).add(value));
  }
  return found;
}

/** As the Collector names them: durations end in their unit. */
function asTheCollectorWrites(series: Series): Series {
  return new Map(
    [...series].map(([name, labels]) => [
      name.replace(
        /^(payments_auth_\w*?(?:duration|ahead|time_to_live))(_bucket|_count|_sum)?$/,
        '$1_seconds$2',
      ),
      labels,
    ]),
  );
}

/** The selectors of a query, each with the names that it matches and the labels that it looks at. */
function selectorsOf(expr: string) {
  const [, ...selectors] = [
    undefined,
    ...[...expr.matchAll(/\b(payments_auth_\w+)(?:\{([^}]*)\})?(?=[\s[)]|$)/g)]
      .filter(([, name = '']) => !isLabel(name))
      .map(([, name = '', matchers = '']) => ({ name: new RegExp(`^${name}$`), matchers })),
    ...[...expr.matchAll(/\{__name__=~"([^"]+)"(?:, ([^}]*))?\}/g)].map(([, name = '', matchers = '']) => ({
      name: new RegExp(`^(?:${name})$`),
      matchers,
    })),
  ];
  return selectors as { name: RegExp; matchers: string }[];
}

const LABELS = ['provider', 'outcome', 'reason', 'from', 'refused_again', 'incident'].map(
  (name) => `payments_auth_${name}`,
);
const isLabel = (name: string) => LABELS.includes(name);

/** What is wrong with a query, by the series that there are. */
function problemsOf({ where, expr }: Query, series: Series): string[] {
  const selectors = selectorsOf(expr);
  if (selectors.length === 0) return [`${where}: asks for nothing`];
  const problems: string[] = [];
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/, ?/));
  for (const { name, matchers } of selectors) {
    const matched = [...series].filter(([each]) => name.test(each));
    if (matched.length !== 1) problems.push(`${where}: ${name.source} is ${matched.length} metrics`);
    const [, labels = new Map<string, Set<string>>()] = matched[0] ?? [];
    for (const [, label = '', operator = '', value = ''] of matchers.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
      const seen = labels.get(label);
      if (seen === undefined) problems.push(`${where}: ${name.source} has no label ${label}`);
      if (value.startsWith('$')) continue;
      const possible = label === 'payments_auth_incident' ? new Set<string>(INCIDENTS) : seen;
      for (const one of operator === '=~' ? value.split('|') : [value])
        if (possible?.has(one) !== true) problems.push(`${where}: ${label} is never ${one}`);
    }
    for (const label of grouped)
      if (!labels.has(label)) problems.push(`${where}: ${name.source} has no label ${label} to group by`);
  }
  return problems;
}

/** Brackets and quotes that do not pair. */
function isBalanced(expr: string): boolean {
  const bare = expr.replaceAll(/"[^"]*"/g, '');
  const open: string[] = [];
  for (const each of bare) {
    if ('([{'.includes(each)) open.push(each);
    else if (')]}'.includes(each) && open.pop() !== '([{'[')]}'.indexOf(each)]) return false;
  }
  return open.length === 0 && !bare.includes('"');
}

describe('the dashboard and the alert rules for Grafana', () => {
  let text: string;
  let close: () => Promise<void>;

  /** A provider on a bad day, and what the exporter writes of it. */
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

    const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
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
    expect(alerts.length).toBeGreaterThan(10);
    for (const { name, expr, severity, text: rule } of alerts) {
      expect(name).toMatch(/^Payment\w+$/);
      expect(expr).not.toBe('');
      expect(['page', 'look']).toContain(severity);
      expect(rule).toMatch(/summary: (['"]).+\1\n +description: (['"]).+\2/);
    }
  });

  it('ask only for metrics, labels and values that the exporter of the SDK writes', () => {
    const series = seriesOf(text);
    expect(series.has('payments_auth_token_requests_total')).toBe(true);
    expect(queries.flatMap((query) => problemsOf(query, series))).toEqual([]);
  });

  it('ask for the names that the Collector gives them as well', () => {
    const series = asTheCollectorWrites(seriesOf(text));
    expect(series.has('payments_auth_token_request_duration_seconds_bucket')).toBe(true);
    expect(queries.flatMap((query) => problemsOf(query, series))).toEqual([]);
  });

  it('are found out by this test where they ask for what is not there', () => {
    const series = seriesOf(text);
    const wrong = (expr: string) => problemsOf({ where: 'it', expr }, series);
    expect(wrong('sum(rate(payments_auth_logins_total[5m]))')).toHaveLength(1);
    expect(wrong('sum by (account) (rate(payments_auth_token_requests_total[5m]))')).toHaveLength(1);
    expect(wrong('payments_auth_credential_incidents_total{payments_auth_incident="gone"}')).toHaveLength(1);
    expect(wrong('{__name__=~"payments_auth_renewal_ahead(_seconds)?_total"}')).toHaveLength(1);
    expect(wrong('vector(0)')).toHaveLength(1);
  });

  it('have expressions whose brackets and quotes pair', () => {
    expect(queries.filter(({ expr }) => !isBalanced(expr))).toEqual([]);
    expect(isBalanced('sum(rate(x[5m])')).toBe(false);
  });

  it('show every metric that the library writes', () => {
    const names = [...seriesOf(text).keys()].filter((name) => name.startsWith('payments_auth_'));
    const families = new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
    const unseen = [...families].filter(
      (family) =>
        !dashboard.panels.some(({ targets }) =>
          targets.some(({ expr }) =>
            selectorsOf(expr).some(({ name }) =>
              ['', '_bucket', '_count'].some((suffix) => name.test(family + suffix)),
            ),
          ),
        ),
    );
    expect(unseen).toEqual([]);
  });
});
