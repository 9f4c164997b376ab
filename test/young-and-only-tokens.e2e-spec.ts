import { Agent } from 'node:http';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { defineProvider, login, type PaymentsAuthEvent, textAt } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { type SandboxProvider, startSandbox } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { applicationAxios } from '../libs/payments-auth/src/application-axios.js';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from './support/application.js';
import { connectRedis, REDIS_LIBRARIES } from './support/redis-clients.js';
import { type RedisServer, startRedisServer } from './support/redis-server.js';
import { outsideOfTest } from './support/sandbox-bed.js';
import { failure, outcomeOf, outwaited, quiet, until } from './support/waiting.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let ends: (() => Promise<unknown> | void)[];
beforeEach(() => {
  ends = [];
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

const attemptsOf = (outcome: unknown) =>
  (outcome as AxiosResponse).paymentsAuth?.attempts ?? (outcome as Error).message;

describe('a provider that accepts its tokens 30 s after it has issued them', () => {
  const LIFETIME_MS = 5 * MINUTE;

  /** A provider like WakaPay, whose definition says so. */
  const acme = defineProvider<{ apiKey: string; apiSecret: string }, 'acme'>({
    name: 'acme',
    title: 'Acme',
    docs: 'https://docs.acme.test',
    environments: { test: 'https://api.acme.test' },
    credentials: { apiKey: {}, apiSecret: {} },
    token: login<{ apiKey: string; apiSecret: string }>({
      path: '/business/auth',
      body: ({ credentials: { apiKey, apiSecret } }) => ({ json: { apiKey, apiSecret } }),
      answer: { token: 'accessToken', expiresIn: 'expiresIn' },
      documentedLifetimeMs: LIFETIME_MS,
      rejected: ({ status }) => status === 401,
      usableAfterMs: 30 * SECOND,
    }),
    headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),
    refusal: { refused: ({ status, body }) => status === 401 && textAt(body, 'message') !== undefined },
  });

  let clock: ManualClock;
  let provider: SandboxProvider;
  let application: TestApplication;
  let events: PaymentsAuthEvent[];

  beforeEach(async () => {
    clock = new ManualClock();
    const settings = { wakapay: { tokensRefusedForMs: 30 * SECOND, tokenLifetimeMs: LIFETIME_MS } };
    const sandbox = await startSandbox({ providers: ['wakapay'], seed: 'young tokens', clock, settings });
    ends.push(() => sandbox.close());
    provider = sandbox.provider('wakapay');
    const { apiKey = '', apiSecret = '' } = provider.credentials as Record<string, string>;
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 32 });
    ends.push(() => httpAgent.destroy());
    const baseUrl = provider.baseUrl;
    // This timeout is longer than a call waits for such a token.
    const http = { httpAgent, timeout: MINUTE };
    const options = { provider: acme, baseUrl, credentials: { apiKey, apiSecret }, http } as const;
    application = await startApplication(
      { providers: { acme: { ...options, keepWarm: 'when-used' } } },
      { clock },
    );
    ends.push(() => application.close());
    events = [];
    application.paymentsAuth.events$.subscribe((event) => events.push(event));
  });

  const eventsOf = (type: PaymentsAuthEvent['type']) => events.filter((event) => event.type === type);
  const send = (config: AxiosRequestConfig = {}) =>
    outsideOfTest(() =>
      firstValueFrom(application.paymentsAuth.http('acme').request({ url: '/sandbox/echo', ...config })),
    );

  it('fails none of 500 calls at renewals, and refuses none of them', async () => {
    expect(attemptsOf(await outwaited(clock, send()))).toBe(1);
    const outcomes: Promise<unknown>[] = [];
    for (let index = 0; index < 500; index += 1) {
      const method = index % 3 === 0 ? 'POST' : 'GET';
      const replay = index % 2 === 0 ? ('always' as const) : ('never' as const);
      const data = method === 'POST' ? { amount: index } : undefined;
      outcomes.push(outcomeOf(send({ method, data, paymentsAuth: { replay } })));
      await clock.advance(2_400);
      await until(() => eventsOf('token-request').length >= eventsOf('credential-requested').length);
    }
    const attempts = (await outwaited(clock, Promise.all(outcomes))).map(attemptsOf);
    expect(attempts.filter((each) => each !== 1)).toEqual([]);
    expect(provider.counts).toMatchObject({ calls: 501, refusals: 0, executedTwice: 0 });
    // Twenty minutes have passed. A token serves for five minutes, less the window and the age that the next token needs.
    expect(provider.counts.tokenRequests).toBeLessThanOrEqual(Math.ceil(20 / 3.4) + 1);
    expect(provider.counts.tokenRequests).toBeGreaterThanOrEqual(5);
  });

  it('says in the error of a timeout, and once in the log after 3 s, what calls wait for', async () => {
    const impatient = Array.from({ length: 3 }, () => failure(send({ timeout: 10 * SECOND })));
    await until(() => eventsOf('credential-obtained').length === 1);
    await quiet();
    await clock.advance(2_900);
    expect(eventsOf('calls-waiting')).toEqual([]);
    await clock.advance(200);
    const { host } = new URL(provider.baseUrl);
    const words = new RegExp(
      `^waiting for a token of ${host} to be accepted, which takes another \\d+(\\.\\d)? m?s$`,
    );
    const said = { provider: 'acme', host, reason: expect.stringMatching(words) };
    expect(eventsOf('calls-waiting')).toMatchObject([said]);
    await clock.advance(7_000);
    for (const error of await Promise.all(impatient)) {
      expect(error).toMatchObject({ isAxiosError: true, code: 'ECONNABORTED' });
      expect(error.message).toMatch(new RegExp(`^timeout of 10000ms exceeded, ${words.source.slice(1)}`));
    }
    expect(eventsOf('calls-waiting')).toHaveLength(1);
  });

  it('gets no call from a first caller that does not wait until the token is accepted', async () => {
    const impatient = failure(send({ timeout: 10 * SECOND }));
    const patient = send();
    const error = await outwaited(clock, impatient);
    expect(error).toMatchObject({ code: 'ECONNABORTED' });
    expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 0 });
    expect(attemptsOf(await outwaited(clock, patient))).toBe(1);
    expect(provider.counts).toMatchObject({ tokenRequests: 1, calls: 1, refusals: 0 });
  });
});

const READ = { method: 'GET', url: '/sandbox/echo' };

interface Application extends TestApplication {
  readonly events: PaymentsAuthEvent[];
  send(this: void, config?: AxiosRequestConfig): Promise<AxiosResponse>;
}

async function startDaraja(): Promise<SandboxProvider> {
  const sandbox = await startSandbox({ providers: ['daraja'], seed: 'only tokens' });
  ends.push(() => sandbox.close());
  return sandbox.provider('daraja');
}

async function startOne(provider: SandboxProvider, store?: RedisTokenStore): Promise<Application> {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 64 });
  ends.push(() => httpAgent.destroy());
  const application = await startApplication(
    { ...(store && { store }), providers: { daraja: { http: { httpAgent } } } },
    { variables: provider.environment },
  );
  ends.push(() => application.close());
  const events: PaymentsAuthEvent[] = [];
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  const http = application.paymentsAuth.http('daraja');
  return {
    ...application,
    events,
    send: (config) => outsideOfTest(() => firstValueFrom(http.request({ ...READ, ...config }))),
  };
}

/** Applications on one store, with the two Redis libraries in turn. */
async function startFleet(
  provider: SandboxProvider,
  redis: RedisServer,
  size: number,
): Promise<Application[]> {
  const prefix = `test-${randomUUID()}`;
  return Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const library = REDIS_LIBRARIES[index % REDIS_LIBRARIES.length] ?? 'redis';
      const connection = await connectRedis(library, redis.url);
      ends.push(() => connection.close());
      const keys = [{ id: 'test', key: Buffer.alloc(32, 'k') }];
      return startOne(
        provider,
        new RedisTokenStore(connection.client, { keys, prefix, timeoutMs: 5 * SECOND }),
      );
    }),
  );
}

/** Holds calls back after they have got their token, so that they are on their way. */
function heldBack() {
  const waiting: (() => void)[] = [];
  const adapter = async (config: InternalAxiosRequestConfig) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return applicationAxios.getAdapter('http')(config);
  };
  return { adapter, waiting, release: () => waiting.splice(0).forEach((go) => go()) };
}

describe('Daraja, where a login ends the token before it', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedisServer();
  });
  afterAll(() => redis.stop());

  it('is asked for no token before a call wants one', async () => {
    const provider = await startDaraja();
    const application = await startOne(provider);
    await quiet();
    expect(provider.counts.tokenRequests).toBe(0);
    await application.send();
    expect(provider.counts.tokenRequests).toBe(1);
  });

  it('refuses 30 calls under way at a renewal, and each succeeds when it is sent once more', async () => {
    const provider = await startDaraja();
    const application = await startOne(provider);
    await application.send();
    const { adapter, waiting, release } = heldBack();
    const calls = Array.from({ length: 30 }, (_, index) =>
      outcomeOf(
        application.send({
          adapter,
          ...(index % 2 === 0
            ? { method: 'POST', url: '/sandbox/payments', headers: { 'Idempotency-Key': `order-${index}` } }
            : {}),
          ...(index % 2 === 0 ? { data: { amount: 1, currency: 'KES' } } : {}),
        }),
      ),
    );
    await until(() => waiting.length === 30);
    await application.paymentsAuth.credentials('daraja').refresh();
    release();
    await until(() => waiting.length === 30);
    release();
    expect((await Promise.all(calls)).map(attemptsOf)).toEqual(calls.map(() => 2));
    expect(provider.counts).toMatchObject({
      tokenRequests: 2,
      refusals: 30,
      executions: 15,
      executedTwice: 0,
    });
    // Calls that begin after the renewal carry the new token.
    expect(attemptsOf(await application.send())).toBe(1);
  });

  it('gets one login at a time from five applications on one store, and no needless one', async () => {
    const provider = await startDaraja();
    const fleet = await startFleet(provider, redis, 5);
    const all = (count: number) => fleet.flatMap(({ send }) => Array.from({ length: count }, () => send()));
    await quiet();
    expect(provider.counts.tokenRequests).toBe(0);
    await Promise.all(all(20));
    expect(provider.counts).toMatchObject({ tokenRequests: 1, refusals: 0 });
    for (const [index, renewing] of fleet.entries()) {
      await renewing.paymentsAuth.credentials('daraja').refresh();
      const attempts = (await Promise.all(all(10))).map(attemptsOf);
      expect(Math.max(...(attempts as number[]))).toBeLessThanOrEqual(2);
      expect(provider.counts.tokenRequests).toBe(2 + index);
    }
    expect(provider.counts.mostTokenRequestsAtOnce).toBe(1);
    expect(fleet.flatMap(({ events }) => events).filter(({ type }) => type === 'renewals-paused')).toEqual(
      [],
    );
  });

  it('refuses 30 calls under way in each of five applications, and all succeed with one login', async () => {
    const provider = await startDaraja();
    const fleet = await startFleet(provider, redis, 5);
    await Promise.all(fleet.map(({ send }) => send()));
    const { adapter, waiting, release } = heldBack();
    const calls = fleet.flatMap(({ send }) => Array.from({ length: 30 }, () => outcomeOf(send({ adapter }))));
    await until(() => waiting.length === calls.length);
    await fleet[0]?.paymentsAuth.credentials('daraja').refresh();
    release();
    await until(() => waiting.length === calls.length);
    release();
    expect((await Promise.all(calls)).map(attemptsOf)).toEqual(calls.map(() => 2));
    expect(provider.counts).toMatchObject({
      tokenRequests: 2,
      refusals: calls.length,
      mostTokenRequestsAtOnce: 1,
    });
  });
});
