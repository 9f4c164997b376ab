import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AnyProviderDefinition,
  clientCredentials,
  defineProvider,
  login,
  OWN_ACCOUNT,
  PaymentsAuthModule,
  type PaymentsAuthErrorCode,
  type PaymentsAuthEvent,
  type PaymentsAuthService,
  privateKeyJwt,
  refreshToken,
} from 'nestjs-payments-auth';
import { PaymentsAuthOpenTelemetryModule } from 'nestjs-payments-auth/opentelemetry';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startModules, type TestApplication } from './support/application.js';
import { findLeaks } from './support/leak-checker.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure, outcomeOf, outwaited, quiet } from './support/waiting.js';

const KEY = 'real-but-invented-key-0123456789';
const LIFETIME_MS = 3_600_000;

interface Keys {
  readonly key: string;
}

const HOUSE = {
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { key: {} },
} as const;

const spec = {
  path: '/login',
  body: ({ credentials }: { credentials: Keys }) => ({ json: credentials }),
  answer: { token: 'token' },
  documentedLifetimeMs: LIFETIME_MS,
  rejected: ({ status }: { status: number }) => status === 401,
};

/** Accepts the invented values of `defineProvider()`, and throws for those of the application. */
const onlyInvented = ({ credentials }: { credentials: Keys }): string => {
  if (credentials.key.startsWith('real')) throw new RangeError(`cannot use ${credentials.key}`);
  return credentials.key;
};

const withKey = (more: object = {}): AnyProviderDefinition =>
  defineProvider<Keys, 'acme'>({
    ...HOUSE,
    headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
    ...more,
  });
const withToken = (token: object = {}, more: object = {}): AnyProviderDefinition =>
  defineProvider<Keys, 'acme'>({
    ...HOUSE,
    token: login<Keys>({ ...spec, ...token }),
    headers: ({ token: value }) => ({ Authorization: `Bearer ${value}` }),
    ...more,
  });
const connected = (): AnyProviderDefinition =>
  defineProvider<Keys & { refreshToken: string }, 'acme'>({
    ...HOUSE,
    credentials: { key: {}, refreshToken: {} },
    token: refreshToken({
      path: '/token',
      client: ({ credentials }) => ({ id: 'platform', secret: credentials.key }),
      refreshToken: ({ credentials }) => credentials.refreshToken,
      rotates: false,
      documentedLifetimeMs: LIFETIME_MS,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  });

/** An action of a caller, and the traces of its error. */
interface Case {
  readonly definition?: () => AnyProviderDefinition;
  /** @default the key, as an object */
  readonly options?: object;
  readonly run: (paymentsAuth: PaymentsAuthService) => Promise<unknown>;
  /** The account that is explained. @default the provider's own account */
  readonly account?: string;
  readonly error?: object;
  readonly event: { readonly type: PaymentsAuthEvent['type'] } & Readonly<Record<string, string>>;
  /** Fields in the result of `explain()`, or in the error that `explain()` throws. */
  readonly explained: object;
  /** The label of the failed call in the metrics. `undefined` where no call failed: then only an incident is counted. */
  readonly counted: string | undefined;
  /** The line in the log, where it does not begin with the event. */
  readonly logged?: RegExp;
}

type Errors = Exclude<PaymentsAuthErrorCode, 'INVALID_OPTIONS' | 'PROVIDER_NOT_CONFIGURED'>;

const pay = (service: PaymentsAuthService, config: object = {}) =>
  service.http('acme').axiosRef.get('/pay', config);
const authenticate = (service: PaymentsAuthService, url = '/pay') =>
  service.credentials('acme').authenticate({ method: 'GET', url });
const CREDENTIAL = expect.stringMatching(/^[0-9a-f]{8}$/) as unknown as string;
const HOST = expect.stringContaining('127.0.0.1') as unknown as string;
const about = (words: RegExp) => expect.stringMatching(words) as unknown as string;

const CASES: Readonly<Record<Errors, Readonly<Record<string, Case>>>> = {
  CREDENTIALS_REJECTED: {
    'a secret that the provider calls wrong': {
      definition: () => withToken({ path: '/wrong' }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST, status: 401 },
      event: { type: 'credentials-rejected', credential: CREDENTIAL },
      explained: { state: 'rejected', lastFailure: { on: 'login', status: 401 } },
      counted: 'no-credential',
    },
  },
  GRANT_REJECTED: {
    'a refresh token that the provider calls wrong': {
      definition: connected,
      options: { accounts: () => ({ key: KEY, refreshToken: 'invented-refresh-token' }) },
      run: (service) => service.http('acme', 'shop').axiosRef.get('/pay'),
      account: 'shop',
      error: { account: 'shop', credential: CREDENTIAL, host: HOST, status: 400 },
      event: { type: 'grant-rejected', account: 'shop', credential: CREDENTIAL },
      explained: { state: 'rejected', lastFailure: { on: 'login', status: 400 } },
      counted: 'no-credential',
    },
  },
  CREDENTIALS_UNAVAILABLE: {
    'an outage of the login': {
      definition: () => withToken({ path: '/outage' }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST, status: 503 },
      event: { type: 'credential-unavailable', reason: 'HTTP 503' },
      explained: { state: 'unavailable', lastFailure: { on: 'login', status: 503 } },
      counted: 'no-credential',
    },
    'a function for the credentials that fails': {
      definition: withKey,
      options: { credentials: () => Promise.reject(new Error('the vault is sealed')) },
      run: pay,
      event: { type: 'credential-unavailable' },
      explained: { state: 'unavailable', lastFailure: { on: 'load' }, cause: about(/own function/) },
      counted: 'no-credential',
    },
    'a signer of the login that fails': {
      definition: () =>
        defineProvider<Keys, 'acme'>({
          ...HOUSE,
          token: clientCredentials({
            path: '/login',
            client: () => ({ id: 'platform' }),
            authentication: privateKeyJwt({ algorithm: 'ES256' }),
            documentedLifetimeMs: LIFETIME_MS,
          }),
          headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
        }),
      options: { signer: () => Promise.reject(new Error('the KMS is away')) },
      run: pay,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'credential-unavailable' },
      explained: { lastFailure: { on: 'login', reason: about(/the KMS is away/) }, cause: about(/signer/) },
      counted: 'no-credential',
    },
  },
  DEFINITION_FAULT: {
    'a login body that throws': {
      definition: () =>
        withToken({ body: (given: { credentials: Keys }) => ({ json: onlyInvented(given) }) }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'definition-fault', reason: about(/token\.body threw RangeError/) },
      explained: {
        lastFailure: { on: 'login', reason: about(/token\.body threw/) },
        cause: about(/definition/),
      },
      counted: 'no-credential',
    },
    'an answer to the login without a token': {
      definition: () => withToken({ answer: { token: 'renamed' } }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST, status: 200 },
      event: { type: 'definition-fault' },
      explained: { lastFailure: { on: 'login', status: 200 }, cause: about(/definition/) },
      counted: 'no-credential',
    },
    'headers that throw': {
      definition: () =>
        withKey({ headers: (given: { credentials: Keys }) => ({ 'X-Key': onlyInvented(given) }) }),
      run: pay,
      error: { reason: about(/headers threw/) },
      event: { type: 'definition-fault', reason: about(/headers threw RangeError/) },
      explained: { lastFailure: { reason: about(/headers threw/) }, cause: about(/definition/) },
      counted: 'no-credential',
    },
    'default headers that throw': {
      definition: () =>
        withKey({ defaultHeaders: (given: { credentials: Keys }) => ({ 'X-D': onlyInvented(given) }) }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'definition-fault', credential: CREDENTIAL },
      explained: {
        lastFailure: { on: 'call', reason: about(/defaultHeaders threw/) },
        cause: about(/definition/),
      },
      counted: 'not-sent',
    },
    'default headers that throw for another client': {
      definition: () =>
        withKey({ defaultHeaders: (given: { credentials: Keys }) => ({ 'X-D': onlyInvented(given) }) }),
      run: authenticate,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'definition-fault', credential: CREDENTIAL },
      explained: { lastFailure: { on: 'call' }, cause: about(/definition/) },
      counted: undefined,
    },
  },
  SIGNING_FAILED: {
    'a function that throws': {
      definition: () => withKey({ sign: (given: { credentials: Keys }) => void onlyInvented(given) }),
      run: pay,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'signing-failed', credential: CREDENTIAL, reason: about(/sign threw RangeError/) },
      explained: { lastFailure: { on: 'call', reason: about(/sign threw/) }, cause: about(/signed/) },
      counted: 'not-signed',
    },
    'a signer that is away': {
      definition: () =>
        withKey({
          sign: async ({ signWith }: { signWith?: (bytes: Uint8Array) => Promise<Uint8Array> }) => ({
            headers: { 'X-Signature': String(await signWith?.(Buffer.from('x'))) },
          }),
        }),
      options: { signer: () => Promise.reject(new Error('the KMS is away')) },
      run: pay,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'signing-failed', credential: CREDENTIAL, reason: about(/the KMS is away/) },
      explained: { lastFailure: { on: 'call', reason: about(/the KMS is away/) }, cause: about(/signed/) },
      counted: 'not-signed',
    },
    'a function that throws for another client': {
      definition: () => withKey({ sign: (given: { credentials: Keys }) => void onlyInvented(given) }),
      run: authenticate,
      error: { credential: CREDENTIAL, host: HOST },
      event: { type: 'signing-failed', credential: CREDENTIAL },
      explained: { lastFailure: { on: 'call' }, cause: about(/signed/) },
      counted: undefined,
    },
  },
  INSECURE_DESTINATION: {
    'a call before there is a token': {
      definition: withToken,
      run: (service) => service.http('acme').axiosRef.get('https://evil.test/pay'),
      error: { host: 'evil.test' },
      event: { type: 'call-unsent', code: 'INSECURE_DESTINATION' },
      explained: { lastFailure: { on: 'call', host: 'evil.test' }, cause: about(/must not go/) },
      counted: 'not-sent',
    },
    'a call with a token': {
      definition: withToken,
      run: async (service) => {
        await pay(service);
        await service.http('acme').axiosRef.get('https://evil.test/pay');
      },
      error: { credential: CREDENTIAL, host: 'evil.test' },
      event: { type: 'call-unsent', code: 'INSECURE_DESTINATION', credential: CREDENTIAL },
      explained: { lastFailure: { on: 'call', host: 'evil.test' }, cause: about(/must not go/) },
      counted: 'not-sent',
    },
    'a request of another client': {
      definition: withKey,
      run: (service) => authenticate(service, 'https://evil.test/pay'),
      error: { host: 'evil.test' },
      event: { type: 'call-unsent', code: 'INSECURE_DESTINATION' },
      explained: { lastFailure: { on: 'call', host: 'evil.test' }, cause: about(/must not go/) },
      counted: undefined,
    },
  },
  INVALID_REQUEST: {
    'an unknown word in paymentsAuth': {
      run: (service) => pay(service, { paymentsAuth: { acount: 'shop' } }),
      event: { type: 'call-unsent', code: 'INVALID_REQUEST', reason: about(/acount/) },
      explained: { state: 'idle' },
      counted: undefined,
    },
    'another account than that of a bound service': {
      options: { accounts: { shop: { key: KEY } } },
      run: (service) =>
        service.http('acme', 'shop').axiosRef.get('/pay', { paymentsAuth: { account: 'other' } }),
      account: 'shop',
      event: { type: 'call-unsent', code: 'INVALID_REQUEST', account: 'shop' },
      explained: { state: 'idle' },
      counted: undefined,
    },
    'a request of another client with a fragment': {
      run: (service) => authenticate(service, '/pay#now'),
      event: { type: 'call-unsent', code: 'INVALID_REQUEST', reason: about(/fragment/) },
      explained: { state: 'idle' },
      counted: undefined,
    },
  },
  ACCOUNT_UNKNOWN: {
    'a call that names no account': {
      options: { accounts: { shop: { key: KEY } } },
      run: pay,
      account: 'nobody',
      event: { type: 'call-unsent', code: 'ACCOUNT_UNKNOWN' },
      explained: { code: 'ACCOUNT_UNKNOWN' },
      counted: undefined,
    },
    'an account that the application does not know': {
      options: { accounts: () => null },
      run: (service) => service.http('acme', 'nobody').axiosRef.get('/pay'),
      account: 'nobody',
      error: { account: 'nobody' },
      event: { type: 'call-unsent', code: 'ACCOUNT_UNKNOWN', account: 'nobody' },
      explained: { code: 'ACCOUNT_UNKNOWN' },
      counted: 'no-credential',
    },
  },
};

/** Each case as one row. */
const ROWS = Object.entries(CASES).flatMap(([code, cases]) =>
  Object.entries(cases).map(([name, each]): [string, string, Case] => [code, name, each]),
);

let server: LoopbackServer;
let clock: ManualClock;
let application: TestApplication;
let logger: LogLines;
let exporter: InMemoryMetricExporter;
let reader: PeriodicExportingMetricReader;
let meters: MeterProvider;
let events: PaymentsAuthEvent[];

beforeEach(async () => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  meters = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meters);
  server = await startLoopbackServer(({ url }, response) => {
    if (url === '/wrong') return json(response, 401, { error: 'wrong secret' });
    if (url === '/missing') return json(response, 404, {});
    if (url === '/outage') return json(response, 503, {});
    if (url === '/token') return json(response, 400, { error: 'invalid_grant' });
    return json(response, 200, { token: 'invented-token' });
  });
  [clock, logger, events] = [new ManualClock(), new LogLines(), []];
});

afterEach(async () => {
  await application.close();
  await server.close();
  await meters.shutdown();
  metrics.disable();
});

async function start(definition: AnyProviderDefinition, options: object = {}): Promise<void> {
  const own = 'accounts' in options ? {} : { credentials: { key: KEY } };
  const acme = { provider: definition, baseUrl: server.url, keepWarm: 'when-used', ...own, ...options };
  const payments = PaymentsAuthModule.forRoot({ providers: { acme: acme as never } });
  application = await startModules([payments, PaymentsAuthOpenTelemetryModule], { clock, logger });
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
}

/** The counts that are not 0, by the label that `metric` counts by. */
async function counts(metric: string, label: string): Promise<Record<string, number>> {
  exporter.reset();
  await reader.forceFlush();
  const found = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .find(({ descriptor }) => descriptor.name === metric);
  return Object.fromEntries(
    (found?.dataPoints ?? [])
      .filter(({ value }) => value !== 0)
      .map(({ attributes, value }) => [String(attributes[label] ?? 'all'), Number(value)]),
  );
}

describe.each(ROWS)('the error %s of %s', (code, _, row) => {
  const { definition = withKey, options, run, account, error, event, explained, counted } = row;

  it('leaves an event, a line of explain, a metric and a line in the log', async () => {
    await start(definition(), options);
    const failed = await failure(outwaited(clock, run(application.paymentsAuth)));
    await quiet();
    expect(failed).toMatchObject({ code, provider: 'acme', ...error });
    expect(events).toContainEqual(expect.objectContaining({ provider: 'acme', ...event }));
    const explaining = application.paymentsAuth.explain('acme', account ?? OWN_ACCOUNT);
    expect(await outcomeOf(explaining)).toMatchObject(explained);
    expect(await counts('payments_auth.credential.incidents', 'payments_auth.incident')).toMatchObject({
      [event.type]: 1,
    });
    expect(await counts('payments_auth.call.failures', 'payments_auth.failure')).toEqual(
      counted === undefined ? {} : { [counted]: 1 },
    );
    const lines = ['error', 'warn'].flatMap((level) => logger.of(level, 'PaymentsAuth'));
    expect(lines).toContainEqual(about(new RegExp(`^${event.type} provider=acme`)));
    expect(findLeaks([events, failed.message, lines], [KEY])).toEqual([]);
  });
});

/** A failed login after which no other one is made for a while: a wrong secret, a wrong definition, an outage. */
const PAUSING = ROWS.filter(([, , { counted, definition }]) => counted === 'no-credential' && definition)
  .filter(([code, name]) => code !== 'CREDENTIALS_UNAVAILABLE' || name === 'an outage of the login')
  .filter(([, name]) => name !== 'headers that throw');

describe.each(PAUSING)('after the error %s of %s, calls that are turned away', (_, __, row) => {
  it('leave the last failure as it was, and count as failed calls that have not waited', async () => {
    // A function would be asked again for a new secret, and calls would wait for it.
    const options = row.account && {
      accounts: { shop: { key: KEY, refreshToken: 'invented-refresh-token' } },
    };
    await start((row.definition ?? withKey)(), options || {});
    const { paymentsAuth } = application;
    const account = row.account ?? OWN_ACCOUNT;
    await failure(outwaited(clock, row.run(paymentsAuth)));
    await quiet();
    const before = await paymentsAuth.explain('acme', account);
    const [requests, heard] = [server.requests.length, events.length];
    for (let call = 0; call < 3; call += 1) {
      await clock.advance(200);
      await failure(row.run(paymentsAuth));
    }
    await quiet();
    expect(server.requests).toHaveLength(requests);
    expect(await paymentsAuth.explain('acme', account)).toEqual(before);
    expect(events.slice(heard)).toEqual([]);
    const [status] = paymentsAuth.status({ provider: 'acme' });
    expect(status?.lastFailure?.atMs).toBe(before.lastFailure?.atMs);
    expect(status?.counters).toMatchObject({ calls: 4, failedCalls: 4, waits: 1 });
    expect(await counts('payments_auth.call.failures', 'payments_auth.failure')).toEqual({
      'no-credential': 4,
    });
  });
});

const told = () => logger.of('error', 'PaymentsAuth').filter((line) => line.includes('signing-failed'));

describe('a call that could not be signed', () => {
  let isAway: boolean;
  const signed = () =>
    withKey({
      sign: ({ credentials }: { credentials: Keys }) => {
        if (isAway && credentials.key.startsWith('real')) throw new Error('the HSM is away');
        return { headers: { 'X-Signature': 'invented' } };
      },
    });

  beforeEach(() => {
    isAway = true;
  });

  it('is explained until calls are signed again, whatever the provider answers', async () => {
    await start(signed());
    const { paymentsAuth } = application;
    await failure(pay(paymentsAuth));
    expect(await paymentsAuth.explain('acme')).toMatchObject({ cause: about(/signed/) });
    isAway = false;
    await pay(paymentsAuth);
    const cured = await paymentsAuth.explain('acme');
    expect(cured).toMatchObject({ lastFailure: { on: 'call', reason: about(/the HSM is away/) } });
    expect(cured).not.toHaveProperty('cause');
  });

  it('for another client is explained until a request is made again', async () => {
    await start(signed());
    const { paymentsAuth } = application;
    await failure(authenticate(paymentsAuth));
    expect(await paymentsAuth.explain('acme')).toMatchObject({ cause: about(/signed/) });
    isAway = false;
    await authenticate(paymentsAuth);
    expect(await paymentsAuth.explain('acme')).not.toHaveProperty('cause');
  });

  it('has a line in the log once a minute, and an event each time', async () => {
    await start(signed());
    const { paymentsAuth } = application;
    for (let call = 0; call < 5; call += 1) await failure(pay(paymentsAuth));
    await quiet();
    expect(told()).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'signing-failed')).toHaveLength(5);
    await clock.advance(60_000);
    await failure(pay(paymentsAuth));
    await quiet();
    expect(told()).toHaveLength(2);
  });

  it('because its time was up names credential and host in the error, and leaves an event', async () => {
    await start(
      withKey({
        sign: async ({ signWith }: { signWith?: (bytes: Uint8Array) => Promise<Uint8Array> }) => ({
          headers: { 'X-Signature': String(await signWith?.(Buffer.from('x'))) },
        }),
      }),
      { signer: () => new Promise(() => undefined) },
    );
    const { paymentsAuth } = application;
    const failed = await failure(outwaited(clock, pay(paymentsAuth, { timeout: 1_000 })));
    await quiet();
    expect(failed).toMatchObject({ code: 'ECONNABORTED', credential: CREDENTIAL, host: HOST });
    expect(events.map(({ type }) => type)).toContain('signing-failed');
    expect(await paymentsAuth.explain('acme')).toMatchObject({
      lastFailure: { on: 'call', reason: about(/sign did not answer/) },
    });
    expect(await counts('payments_auth.call.failures', 'payments_auth.failure')).toEqual({ 'not-signed': 1 });
  });

  it('because its caller has cancelled it does not count as a failure', async () => {
    await start(
      withKey({
        sign: async ({ signWith }: { signWith?: (bytes: Uint8Array) => Promise<Uint8Array> }) => ({
          headers: { 'X-Signature': String(await signWith?.(Buffer.from('x'))) },
        }),
      }),
      { signer: () => new Promise(() => undefined) },
    );
    const controller = new AbortController();
    const failed = failure(pay(application.paymentsAuth, { signal: controller.signal }));
    await quiet();
    controller.abort();
    expect(await failed).toMatchObject({ code: 'ERR_CANCELED', credential: CREDENTIAL, host: HOST });
    expect(await counts('payments_auth.call.failures', 'payments_auth.failure')).toEqual({});
    expect(await application.paymentsAuth.explain('acme')).not.toHaveProperty('lastFailure');
  });
});

const trips = ({ status }: { status: number }): boolean => {
  if (status === 404) throw new RangeError('not known');
  return false;
};

describe('a predicate of refusals that throws', () => {
  it('is explained as a fault of the definition, with the status that it was asked about', async () => {
    await start(withKey({ refusal: { refused: trips } }));
    const { paymentsAuth } = application;
    await failure(paymentsAuth.http('acme').axiosRef.get('/missing'));
    expect(await paymentsAuth.explain('acme')).toMatchObject({
      lastFailure: { on: 'call', status: 404, reason: about(/refusal\.refused threw RangeError/) },
      cause: about(/definition/),
    });
  });
});
