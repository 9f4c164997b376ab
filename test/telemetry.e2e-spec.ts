import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PaymentsAuthModule } from 'nestjs-payments-auth';
import { PaymentsAuthOpenTelemetryModule } from 'nestjs-payments-auth/opentelemetry';
import { type ProviderSettings, type Sandbox, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startModules, type TestApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { failure, quiet, until, outwaited } from './support/waiting.js';

const LIFETIME_MS = 3_600_000;

/** Unit, labels and value (the count of a histogram) of each point that is no longer 0. */
function summary(metric: MetricData | undefined) {
  return {
    unit: metric?.descriptor.unit,
    points: metric?.dataPoints
      .map(({ attributes, value }) => ({
        ...attributes,
        value: typeof value === 'number' ? value : value.count,
      }))
      .filter(({ value }) => value !== 0),
  };
}

describe('telemetry, with the SDK of OpenTelemetry', () => {
  let clock: ManualClock;
  let sandbox: Sandbox;
  let application: TestApplication;
  let spans: InMemorySpanExporter;
  let exporter: InMemoryMetricExporter;
  let reader: PeriodicExportingMetricReader;
  let meters: MeterProvider;
  let tracers: BasicTracerProvider;

  beforeEach(() => {
    spans = new InMemorySpanExporter();
    tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    meters = new MeterProvider({ readers: [reader] });
    trace.setGlobalTracerProvider(tracers);
    metrics.setGlobalMeterProvider(meters);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });

  afterEach(async () => {
    await application.close();
    await sandbox.close();
    await meters.shutdown();
    await tracers.shutdown();
    trace.disable();
    metrics.disable();
    context.disable();
  });

  async function start(
    keepWarm: 'always' | 'when-used' = 'when-used',
    settings: Partial<ProviderSettings> = {},
  ): Promise<void> {
    clock = new ManualClock();
    sandbox = await startSandbox({ providers: ['wakapay'], clock, settings: { wakapay: settings } });
    const { baseUrls, credentials } = sandbox.provider('wakapay');
    const payments = PaymentsAuthModule.forRoot({
      providers: { wakapay: { baseUrl: baseUrls, credentials, keepWarm } },
    });
    application = await startModules([payments, PaymentsAuthOpenTelemetryModule], { clock });
  }

  const call = () => firstValueFrom(application.paymentsAuth.http('wakapay').get('/business/balance'));
  const credentials = () => application.paymentsAuth.credentials('wakapay');
  const requestSpans = () => spans.getFinishedSpans().filter(({ name }) => name !== 'call');

  /** Makes a call below a span of its own, as an instrumented application does. */
  async function tracedCall(): Promise<ReadableSpan> {
    const before = new Set(spans.getFinishedSpans());
    await trace.getTracer('application').startActiveSpan('call', async (span) => {
      await call().finally(() => span.end());
    });
    return spans.getFinishedSpans().find((each) => each.name === 'call' && !before.has(each)) as ReadableSpan;
  }

  /** Every metric that has points, by name. */
  async function collected(): Promise<Record<string, MetricData>> {
    await quiet();
    exporter.reset();
    await reader.forceFlush();
    const all = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return Object.fromEntries(all.map((metric) => [metric.descriptor.name, metric]));
  }

  const provider = { 'payments_auth.provider': 'wakapay' };

  it('counts and times token requests, and the calls that waited for them', async () => {
    await start();
    await Promise.all([call(), call(), call()]);
    const found = await collected();
    const first = { ...provider, 'payments_auth.reason': 'first' };
    const issued = { ...first, 'payments_auth.outcome': 'issued' };
    expect(summary(found['payments_auth.token_requests'])).toEqual({
      unit: '{request}',
      points: [{ ...issued, value: 1 }],
    });
    expect(summary(found['payments_auth.token_request.duration'])).toEqual({
      unit: 's',
      points: [{ ...issued, value: 1 }],
    });
    expect(summary(found['payments_auth.acquisition.duration'])).toEqual({
      unit: 's',
      points: [{ ...first, 'payments_auth.from': 'provider', value: 1 }],
    });
    expect(summary(found['payments_auth.call.wait.duration'])).toEqual({
      unit: 's',
      points: [{ ...provider, value: 3 }],
    });
    await call();
    expect(summary((await collected())['payments_auth.call.wait.duration']).points).toEqual([
      { ...provider, value: 3 },
    ]);
  });

  it('counts refusals by status, and replays by outcome', async () => {
    await start();
    await call();
    sandbox.provider('wakapay').revokeTokens();
    await call();
    sandbox.provider('wakapay').suspend();
    // Each call is sent three times. The second attempt shows that the renewal before did not help.
    await outwaited(clock, failure(call()));
    await clock.advance(2_000);
    await outwaited(clock, failure(call()));
    const found = await collected();
    expect(summary(found['payments_auth.call.refusals'])).toEqual({
      unit: '{call}',
      points: [{ ...provider, [ATTR_HTTP_RESPONSE_STATUS_CODE]: 401, value: 7 }],
    });
    expect(summary(found['payments_auth.call.replays'])).toEqual({
      unit: '{call}',
      points: [
        { ...provider, 'payments_auth.refused_again': false, value: 1 },
        { ...provider, 'payments_auth.refused_again': true, value: 4 },
      ],
    });
    expect(summary(found['payments_auth.credential.incidents'])).toEqual({
      unit: '{incident}',
      points: [
        { ...provider, 'payments_auth.incident': 'renewals-paused', value: 1 },
        { ...provider, 'payments_auth.incident': 'credential-contested', value: 1 },
      ],
    });
  });

  it('measures how early tokens are renewed, how often that fails, and the shortest life left', async () => {
    await start('always');
    await until(() => credentials().status().state === 'fresh');
    const left = (await collected())['payments_auth.token.time_to_live'];
    expect(left?.descriptor.unit).toBe('s');
    expect(left?.dataPoints).toMatchObject([{ attributes: provider }]);
    expect(Math.round(Number(left?.dataPoints[0]?.value))).toBeLessThanOrEqual(LIFETIME_MS / 1_000);
    expect(Math.round(Number(left?.dataPoints[0]?.value))).toBeGreaterThan(LIFETIME_MS / 1_000 - 60);

    sandbox.provider('wakapay').misbehave({ fault: 'server-error', on: 'token', times: 1 });
    await clock.advance(LIFETIME_MS - 50_000);
    await until(() => credentials().status().counters.tokenFailures === 1);
    await clock.advance(5_000);
    await until(() => credentials().status().counters.earlyRenewals === 1);
    const found = await collected();
    expect(summary(found['payments_auth.renewal.failures'])).toEqual({
      unit: '{renewal}',
      points: [{ ...provider, value: 1 }],
    });
    expect(summary(found['payments_auth.renewal.ahead'])).toEqual({
      unit: 's',
      points: [{ ...provider, value: 1 }],
    });
  });

  it('labels failures with a bounded word, and never with the words of the provider', async () => {
    await start();
    sandbox.provider('wakapay').rotate();
    await failure(call());
    const found = await collected();
    expect(summary(found['payments_auth.token_requests']).points).toEqual([
      {
        ...provider,
        'payments_auth.reason': 'first',
        'payments_auth.outcome': 'rejected',
        [ATTR_ERROR_TYPE]: '401',
        value: 1,
      },
    ]);
    const [span] = requestSpans();
    expect(span).toMatchObject({
      status: { code: 2 },
      attributes: { [ATTR_ERROR_TYPE]: '401', [ATTR_HTTP_RESPONSE_STATUS_CODE]: 401 },
    });
    const { credentials: current } = sandbox.provider('wakapay');
    expect(findLeaks([found, span?.attributes], Object.values(current))).toEqual([]);
  });

  it('puts the span of a token request below the call that first wanted the token', async () => {
    await start();
    const [first] = await Promise.all([tracedCall(), call()]);
    const [span] = requestSpans();
    const { port, hostname } = new URL(sandbox.provider('wakapay').baseUrl);
    expect(requestSpans()).toHaveLength(1);
    expect(span).toMatchObject({
      name: 'payments_auth.token_request wakapay',
      kind: 2,
      status: { code: 0 },
      parentSpanContext: { spanId: first.spanContext().spanId },
      attributes: {
        ...provider,
        'payments_auth.reason': 'first',
        'payments_auth.outcome': 'issued',
        [ATTR_SERVER_ADDRESS]: hostname,
        [ATTR_SERVER_PORT]: Number(port),
        [ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
      },
    });
    expect(span?.spanContext().traceId).toBe(first.spanContext().traceId);
  });

  it('puts the login that a refusal forces below the call that was refused', async () => {
    await start();
    await call();
    sandbox.provider('wakapay').revokeTokens();
    const refused = await tracedCall();
    expect(requestSpans()[1]?.parentSpanContext?.spanId).toBe(refused.spanContext().spanId);
  });

  it('makes a renewal that nobody waited for a trace of its own', async () => {
    await start();
    await call();
    // A real timer also runs in the context of the call in which it was set.
    await trace.getTracer('application').startActiveSpan('call', async (span) => {
      await clock.advance(LIFETIME_MS - 50_000);
      span.end();
    });
    await until(() => requestSpans().length === 2);
    const [, renewal] = requestSpans();
    expect(renewal?.attributes['payments_auth.reason']).toBe('early');
    expect(renewal?.parentSpanContext).toBeUndefined();
  });

  it('ends with the application: nothing is recorded after it', async () => {
    await start();
    await call();
    await application.close();
    expect((await collected())['payments_auth.token.time_to_live']?.dataPoints ?? []).toEqual([]);
  });
});

describe('telemetry, without an SDK', () => {
  it('costs a call nothing: the application does the same as without it', async () => {
    const sandbox = await startSandbox({ providers: ['wakapay'] });
    const { baseUrls, credentials } = sandbox.provider('wakapay');
    const payments = PaymentsAuthModule.forRoot({
      providers: { wakapay: { baseUrl: baseUrls, credentials } },
    });
    const application = await startModules([payments, PaymentsAuthOpenTelemetryModule]);
    const events: string[] = [];
    await application.paymentsAuth.credentials('wakapay').get();
    await quiet();
    application.paymentsAuth.events$.subscribe(({ type }) => events.push(type));
    for (let count = 0; count < 10; count += 1)
      await firstValueFrom(application.paymentsAuth.http('wakapay').get('/business/balance'));
    await quiet();
    // A call with a fresh credential emits no event. So the library has nothing to measure.
    expect(events).toEqual([]);
    await application.close();
    await sandbox.close();
  });
});
