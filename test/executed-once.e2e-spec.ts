import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosError, AxiosRequestConfig, AxiosResponse } from 'axios';
import axiosRetry from 'axios-retry';
import { PROVIDER_NAMES } from 'payments-sandbox';
import { BODY_KINDS, paymentOf, seededRandom, SENT_ONCE } from './support/payments-of-every-kind.js';
import { until, outcomeOf } from './support/waiting.js';
import { TEST_SEED } from './support/chances.js';
import { type BedProvider, type SandboxBed, startSandboxBed } from './support/sandbox-bed.js';

const CALLS = 160;

let six: SandboxBed;

afterEach(() => six.close());

/** These counts of the provider have to be right after every run. */
function expectNothingTwice({ provider }: BedProvider): void {
  const doubled = [...provider.executions].filter(([, times]) => times > 1);
  expect(doubled).toEqual([]);
  expect(provider.counts).toMatchObject({ executedTwice: 0, changedBodies: 0, wrongContentLengths: 0 });
}

/** Reads `paymentsAuth` from a response, from the response of an error, or from an error without a response. */
function outcomeSaid(result: unknown): AxiosResponse['paymentsAuth'] {
  const { response, paymentsAuth } = result as AxiosError & Pick<AxiosResponse, 'paymentsAuth'>;
  return response?.paymentsAuth ?? paymentsAuth;
}

describe.each(PROVIDER_NAMES)(`with seed ${TEST_SEED}, payments at %s`, (name) => {
  it.each(['http', 'fetch'])('are made at most once, and end, whatever happens (%s)', async (adapter) => {
    six = await startSandboxBed({ only: [name], seed: `${TEST_SEED} ${name}` });
    const bed = six.of(name);
    const { provider } = bed;
    const chance = seededRandom(`${TEST_SEED} ${name} ${adapter}`);
    for (const fault of [
      { fault: 'revoke-token' },
      { fault: 'expire-token' },
      { fault: 'rotate-key' },
      { fault: 'refuse' },
      { fault: 'execute-then-refuse', envelope: 'bare' },
      { fault: 'execute-then-refuse', envelope: 'html' },
      { fault: 'drop', on: 'call' },
      { fault: 'drop', when: 'after', on: 'call' },
      { fault: 'drop', when: 'mid-answer', on: 'call' },
      { fault: 'slow', delayMs: 20, on: 'any' },
      { fault: 'server-error', on: 'call' },
    ] as const)
      provider.misbehave({ ...fault, probability: 0.05 });
    // These bodies fail with the fetch adapter of axios itself, also without this library.
    const kinds =
      adapter === 'http' ? BODY_KINDS : ['object', 'string', 'Buffer', 'URLSearchParams', 'empty'];
    const results = new Map<string, unknown>();
    const kindOf = new Map<string, string>();
    const keys = Array.from({ length: CALLS }, (_, index) => `order-${index}`);
    while (keys.length > 0) {
      const calls = keys.splice(0, 1 + chance.integer(20)).map(async (key) => {
        const kind = chance.pick(kinds);
        kindOf.set(key, kind);
        const more = chance.pick<AxiosRequestConfig>([{}, {}, { responseType: 'text' }, { timeout: 2_000 }]);
        results.set(key, await bed.outcome({ ...paymentOf(kind, key), adapter, ...more }));
      });
      if (chance.number() < 0.2) provider.revokeTokens();
      await six.outwait(Promise.all(calls));
      await six.clock.advance(chance.integer(90_000));
    }
    expect(results.size).toBe(CALLS);
    expectNothingTwice(bed);
    const made = [...results].filter(([, result]) => !(result instanceof Error));
    expect(made.map(([key, result]) => [key, (result as AxiosResponse).status])).toEqual(
      made.map(([key]) => [key, 201]),
    );
    expect(made.filter(([key]) => provider.executions.get(key) !== 1)).toEqual([]);
    const sentOnce = [...results].filter(([key]) => SENT_ONCE.includes(String(kindOf.get(key))));
    expect(sentOnce.filter(([, result]) => outcomeSaid(result)?.replayed === true)).toEqual([]);
    // Enough calls failed, and enough succeeded, for the counts to mean something.
    expect(provider.counts.faulty).toBeGreaterThan(CALLS / 10);
    expect(made.length).toBeGreaterThan(CALLS / 10);
  });

  it('are not made twice by a provider that executes and then refuses, with safe-methods', async () => {
    six = await startSandboxBed({ only: [name], options: () => ({ replay: 'safe-methods' }) });
    const bed = six.of(name);
    bed.provider.misbehave({ fault: 'execute-then-refuse', envelope: 'own', probability: 0.5 });
    await six.outwait(
      Promise.all(
        Array.from({ length: 40 }, (_, index) => bed.outcome(paymentOf('object', `order-${index}`))),
      ),
    );
    expect(bed.provider.counts).toMatchObject({ calls: 40, executions: 40, executedTwice: 0 });
  });

  it('are made once by a caller that uses axios-retry', async () => {
    six = await startSandboxBed({ only: [name], seed: `${TEST_SEED} ${name} retry` });
    const bed = six.of(name);
    axiosRetry(bed.http.axiosRef, { retries: 5, retryCondition: () => true, retryDelay: () => 1 });
    bed.provider.misbehave({ fault: 'server-error', on: 'call', probability: 0.3 });
    bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
    const results = await six.outwait(
      Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          bed.outcome(paymentOf(index % 2 === 0 ? 'object' : 'URLSearchParams', `order-${index}`)),
        ),
      ),
    );
    expectNothingTwice(bed);
    const made = results.filter((result) => (result as AxiosResponse).status === 201);
    expect(bed.provider.counts.executions).toBe(made.length);
    expect(made.length).toBeGreaterThan(30);
  });
});

describe('a payment that is refused and made with the next token', () => {
  let bed: BedProvider;

  /** The next call arrives with a token that has just been revoked. */
  beforeEach(async () => {
    six = await startSandboxBed({ only: ['wakapay'] });
    bed = six.of('wakapay');
    await bed.send({ url: '/sandbox/echo' });
    bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
  });

  const REPLAYED = { attempts: 2, replayed: true, firstStatus: 401 };

  it.each(['http', 'fetch'])('passes interceptors and transforms once (%s)', async (adapter) => {
    const passed: string[] = [];
    const { interceptors } = bed.http.axiosRef;
    // Interceptors that axios runs before that of the library, and after it.
    interceptors.request.use(async (config) => (passed.push('request'), config));
    interceptors.response.use((response) => (passed.push('response'), response));
    const response = await bed.send<{ changed: string }>({
      ...paymentOf('object', 'order-1'),
      adapter,
      transformRequest: [
        (data: object) => {
          passed.push('transformRequest');
          return JSON.stringify({ ...data, added: true });
        },
      ],
      transformResponse: [(data: string) => (passed.push('transformResponse'), { changed: data })],
    });
    expect(response.paymentsAuth).toEqual(REPLAYED);
    expect(JSON.parse(response.data.changed)).toMatchObject({ status: 'PENDING' });
    expect(passed).toEqual(['request', 'transformRequest', 'transformResponse', 'response']);
    const bodies = bed.provider.requests.filter(({ id }) => id === 'order-1').map(({ body }) => body);
    expect(bodies).toEqual(
      Array(2).fill('{"amount":"10","description":"crème brûlée order-1","added":true}'),
    );
    expectNothingTwice(bed);
  });

  it('is judged by its last answer alone (`validateStatus`)', async () => {
    const judged: number[] = [];
    const validateStatus = (status: number) => judged.push(status) > 0;
    const response = await bed.send({ ...paymentOf('object', 'order-1'), validateStatus });
    expect([response.status, response.paymentsAuth]).toEqual([201, REPLAYED]);
    expect(judged.at(-1)).toBe(201);
  });

  it('reports the progress of its upload, and is a stream where one is asked for', async () => {
    const progress: number[] = [];
    const response = await bed.send<PassThrough>({
      ...paymentOf('Buffer', 'order-1'),
      responseType: 'stream',
      onUploadProgress: ({ loaded }) => void progress.push(loaded),
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response.data as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ idempotencyKey: 'order-1' });
    expect(response.paymentsAuth).toEqual(REPLAYED);
    expect(progress.length).toBeGreaterThan(0);
    expectNothingTwice(bed);
  });

  it.each([
    ['signal', [expect.objectContaining({ code: 'ERR_CANCELED', paymentsAuth: REPLAYED })]],
    ['subscription', []],
  ])('can be cancelled by its %s while it is sent again', async (by, told) => {
    // The first attempt is refused, and only the second one hangs.
    bed.provider.behave();
    bed.provider.misbehave({ fault: 'refuse', times: 1 });
    bed.provider.misbehave({ fault: 'hang', on: 'call' });
    const aborting = new AbortController();
    const { calls, abortedRequests } = bed.provider.counts;
    const heard: unknown[] = [];
    const subscription = bed.http
      .request({ ...paymentOf('object', 'order-1'), signal: aborting.signal })
      .subscribe({ next: (value) => heard.push(value), error: (error) => heard.push(error) });
    await until(() => bed.provider.counts.calls === calls + 2);
    if (by === 'signal') aborting.abort();
    else subscription.unsubscribe();
    await until(() => heard.length === told.length);
    expect(heard).toEqual(told);
    bed.provider.behave();
    expect((await bed.send({ url: '/sandbox/echo' })).status).toBe(200);
    expect(bed.provider.counts).toMatchObject({ executions: 0, abortedRequests });
    expectNothingTwice(bed);
  });

  it('has one timeout for both attempts', async () => {
    bed.provider.behave();
    bed.provider.misbehave({ fault: 'refuse', times: 1 });
    bed.provider.misbehave({ fault: 'hang', on: 'call' });
    const error = await bed.outcome({ ...paymentOf('object', 'order-1'), timeout: 150 });
    expect(error).toMatchObject({
      code: 'ECONNABORTED',
      message: 'timeout of 150ms exceeded',
      paymentsAuth: REPLAYED,
    });
    expect(bed.provider.counts).toMatchObject({ executions: 0, replays: 1 });
  });

  it('says that it may have been made when its answer is lost', async () => {
    six.paymentsAuth.events$.subscribe(({ type }) => {
      if (type === 'call-refused') bed.provider.misbehave({ fault: 'drop', when: 'after', on: 'call' });
    });
    const error = await outcomeOf(bed.send(paymentOf('object', 'order-1')));
    expect(error).toMatchObject({ isAxiosError: true, code: 'ECONNRESET', paymentsAuth: REPLAYED });
    expect(bed.provider.executions.get('order-1')).toBe(1);
    expect(bed.credentials.status().counters.replays).toBe(1);
  });
});
