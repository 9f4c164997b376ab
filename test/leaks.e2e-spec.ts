import { Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Controller, Post } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { type AxiosError, type AxiosRequestConfig, type AxiosResponse, isAxiosError } from 'axios';
import axiosRetry from 'axios-retry';
import NpmFormData from 'form-data';
import { isPaymentsAuthError, PaymentsAuthModule, VerifiedWebhook } from 'nestjs-payments-auth';
import { type Misbehaviour, PROVIDER_NAMES, type ProviderName } from 'payments-sandbox';
import { findLeaks, findLeaksInText } from './support/leak-checker.js';
import { until, outcomeOf } from './support/waiting.js';
import {
  type BedProvider,
  outsideOfTest,
  secretsOf,
  type SandboxBed,
  startSandboxBed,
  TOKEN_PROVIDERS,
} from './support/sandbox-bed.js';
import { TEST_SEED } from './support/chances.js';

const ECHO = '/sandbox/echo';
const PAYMENT: AxiosRequestConfig = { method: 'POST', url: '/sandbox/payments', data: { amount: '10' } };

let six: SandboxBed;

interface Scene extends BedProvider {
  /** Cancels a call once it has arrived. */
  readonly aborted: AbortSignal;
  readonly misbehave: (fault: Misbehaviour) => void;
}

/** A way in which a call can end: what its caller gets, and how the test knows that it ended so. */
type Path = [title: string, take: (scene: Scene) => Promise<unknown>, holds: object];

const faulty =
  (fault: Misbehaviour, config: AxiosRequestConfig = { url: ECHO }) =>
  (scene: Scene) => {
    scene.misbehave({ on: 'call', ...fault });
    return scene.outcome(config);
  };

/** A provider may not know a token yet that no call was accepted with. A call that is refused with it waits for a while. */
const refusedCall =
  (faults: Misbehaviour[], config: AxiosRequestConfig) =>
  (scene: Scene): Promise<unknown> => {
    for (const fault of faults) scene.misbehave({ on: 'call', ...fault });
    return six.outwait(scene.outcome(config));
  };

const answered = (status: number) => ({ response: { status } });

const PATHS: Path[] = [
  ['a success', ({ outcome }) => outcome({ url: ECHO }), { status: 200 }],
  ['a payment', ({ outcome }) => outcome(PAYMENT), { status: 201 }],
  ['bytes', ({ outcome }) => outcome({ url: ECHO, responseType: 'arraybuffer' }), { status: 200 }],
  ['text', ({ outcome }) => outcome({ url: ECHO, responseType: 'text' }), { status: 200 }],
  ['a 404', ({ outcome }) => outcome({ url: '/sandbox/none' }), answered(404)],
  ['a 503', faulty({ fault: 'server-error' }), answered(503)],
  ['a 429', faulty({ fault: 'rate-limit' }), answered(429)],
  ['the page of a firewall', faulty({ fault: 'html' }, PAYMENT), answered(403)],
  ['an outage in a success', faulty({ fault: 'error-in-2xx' }), { status: 200 }],
  ['nothing', faulty({ fault: 'no-content' }), { status: 204 }],
  [
    'JSON that is none',
    faulty(
      { fault: 'garbage' },
      { url: ECHO, responseType: 'json', transitional: { silentJSONParsing: false } },
    ),
    { isAxiosError: true },
  ],
  ['a redirect', faulty({ fault: 'redirect', to: 'other-port' }), answered(302)],
  ['a bare 401', faulty({ fault: 'execute-then-refuse', envelope: 'bare' }, PAYMENT), answered(401)],
  ['a second refusal', refusedCall([{ fault: 'refuse' }], { url: ECHO }), { isAxiosError: true }],
  [
    'a timeout',
    faulty({ fault: 'hang' }, { url: ECHO, timeout: 25 }),
    { isAxiosError: true, code: expect.stringMatching('ECONNABORTED|ETIMEDOUT') },
  ],
  [
    'a reset',
    faulty({ fault: 'drop' }, PAYMENT),
    { isAxiosError: true, paymentsAuth: { attempts: 1, replayed: false } },
  ],
  ['a reset in the answer', faulty({ fault: 'drop', when: 'mid-answer' }), { isAxiosError: true }],
  [
    'a replay that is reset',
    refusedCall([{ fault: 'refuse', times: 1 }, { fault: 'drop' }], PAYMENT),
    { isAxiosError: true },
  ],
  [
    'an abort',
    (scene) => {
      scene.misbehave({ fault: 'hang', on: 'call' });
      return scene.outcome({ ...PAYMENT, signal: scene.aborted });
    },
    { code: 'ERR_CANCELED' },
  ],
  [
    'an answer longer than is allowed',
    faulty({ fault: 'huge', bytes: 2_000 }, { url: ECHO, maxContentLength: 1_000 }),
    { code: 'ERR_BAD_RESPONSE' },
  ],
  [
    'a transform that throws',
    ({ outcome }) =>
      outcome({
        url: ECHO,
        transformResponse: () => {
          throw new Error('a transform of the application');
        },
      }),
    { message: 'a transform of the application' },
  ],
  [
    'a stream, before it is read and after',
    async ({ send }) => {
      const response = await send<AsyncIterable<Uint8Array>>({ url: ECHO, responseType: 'stream' });
      const before = leaksIn(response);
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.data) chunks.push(chunk);
      return { response, before, chunks };
    },
    { before: [], response: { status: 200 } },
  ],
  [
    'a stream that breaks',
    async ({ misbehave, send }) => {
      misbehave({ fault: 'drop', when: 'mid-answer', on: 'call' });
      const response = await send<AsyncIterable<Uint8Array>>({ url: ECHO, responseType: 'stream' });
      const read = async () => {
        for await (const _ of response.data) continue;
      };
      return { response, error: await outcomeOf(read()) };
    },
    { error: expect.objectContaining({ message: expect.any(String) }) },
  ],
  [
    'an upload that fails',
    ({ outcome }) => {
      const data = Readable.from(
        (function* () {
          yield 'a part';
          throw new Error('the disk of the application');
        })(),
      );
      return outcome({ ...PAYMENT, data });
    },
    { message: expect.any(String) },
  ],
  [
    'a form that is refused',
    (scene) => {
      const data = new NpmFormData();
      data.append('file', Buffer.from('content'), 'f.txt');
      scene.misbehave({ fault: 'refuse', times: 1 });
      return scene.outcome({ ...PAYMENT, adapter: 'http', data });
    },
    { isAxiosError: true },
  ],
  [
    'a URL elsewhere',
    ({ outcome }) => outcome({ url: 'https://evil.test/x' }),
    { code: 'INSECURE_DESTINATION' },
  ],
  [
    'an unknown host',
    ({ outcome }) => outcome({ paymentsAuth: { host: 'x' } }),
    { code: 'INSECURE_DESTINATION' },
  ],
  [
    'an unknown account',
    ({ outcome }) => outcome({ url: ECHO, paymentsAuth: { account: 'nobody' } }),
    { code: 'ACCOUNT_UNKNOWN' },
  ],
];

/** What can go wrong at the token endpoint. */
const LOGIN_FAULTS: Misbehaviour[] = [
  ...(
    ['missing', 'null', 'empty', 'number', 'object', 'array', 'long', 'line-break', 'not-ascii'] as const
  ).map((token): Misbehaviour => ({ fault: 'malformed-token', token })),
  { fault: 'garbage' },
  { fault: 'html' },
  { fault: 'error-in-2xx' },
  { fault: 'no-content' },
  { fault: 'rate-limit', retryAfter: 3_600 },
  { fault: 'server-error' },
  { fault: 'drop' },
  { fault: 'drop', when: 'mid-answer' },
  { fault: 'redirect', to: 'other-port' },
];

/** A caller could see the newest tokens only. In the log, the test looks for all tokens. */
function leaksIn(value: unknown, name?: ProviderName): string[] {
  const beds = name === undefined ? six.all : [six.of(name)];
  return findLeaks(
    value,
    beds.flatMap(({ provider }) => secretsOf(provider, 3)),
  );
}

const LEVELS = ['log', 'warn', 'debug', 'verbose', 'error', 'fatal'] as const;

/** Logs an error at every level, as an application might. */
function logged(value: unknown): string {
  let text = '';
  const write = (chunk: unknown) => {
    text += String(chunk);
    return true;
  };
  const streams = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation(write),
  );
  try {
    for (const json of [false, true]) {
      const logger = new ConsoleLogger({ colors: false, json, depth: 20, maxArrayLength: 1_000 });
      for (const level of json ? (['log', 'error'] as const) : LEVELS) logger[level](value);
    }
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
  return text;
}

/** The routes that receive the webhooks of providers that sign them. */
@Controller('webhooks')
class WebhookController {
  @Post('cashfin')
  @VerifiedWebhook('cashfin')
  cashfin(): void {}

  @Post('kashier')
  @VerifiedWebhook('kashier')
  kashier(): void {}

  @Post('clickpesa')
  @VerifiedWebhook('clickpesa')
  clickpesa(): void {}

  @Post('wakapay')
  @VerifiedWebhook('wakapay', { proof: 'sender' })
  wakapay(): void {}
}

const SIGNING = ['cashfin', 'kashier', 'clickpesa', 'wakapay'] as const;
const FORGERIES = ['wrong-key', 'unsigned', 'cut-short'] as const;

/** Whether the instance refers to objects of Nest that lead to the whole container. */
function leadsEverywhere(instance: unknown): boolean {
  const held: unknown[] = Object.values(instance ?? {});
  return instance instanceof ModuleRef || held.some((each) => each instanceof ModulesContainer);
}

function sceneOf(name: ProviderName, adapter?: string): Scene {
  const bed = six.of(name);
  const aborting = new AbortController();
  const under = <T>(config: T) => (adapter === undefined ? config : { adapter, ...config });
  return {
    ...bed,
    send: (config) => bed.send(under(config)),
    outcome: (config) => bed.outcome(under(config)),
    misbehave: (fault) => void bed.provider.misbehave(fault),
    get aborted() {
      const { calls } = bed.provider.counts;
      void until(() => bed.provider.counts.calls > calls).then(() => aborting.abort());
      return aborting.signal;
    },
  };
}

beforeAll(async () => {
  six = await outsideOfTest(() => startSandboxBed());
});

afterAll(() => six.close());

// The clock passes every pause and back-off of the test before, and the life of every token.
beforeEach(async () => {
  for (const { provider } of six.all) provider.behave();
  await six.clock.advance(4 * 3_600_000);
});

describe.each(PROVIDER_NAMES)(`with seed ${TEST_SEED}, nothing secret of %s is left on`, (name) => {
  describe.each(['http', 'fetch'])('the result of a call through the %s adapter:', (adapter) => {
    it.each(PATHS)('%s', async (_, take, holds) => {
      const result = await take(sceneOf(name, adapter));
      expect(result).toMatchObject(holds);
      expect(leaksIn(result, name)).toEqual([]);
      expect(findLeaksInText(logged(result), secretsOf(six.of(name).provider, 3))).toEqual([]);
    });
  });

  it('the result of a call that was sent twice', async () => {
    const { provider, send } = six.of(name);
    await send({ url: ECHO });
    // A token provider takes its token back; a static key is rotated at once.
    provider.revokeTokens();
    const keyBefore = secretsOf(provider);
    if (!TOKEN_PROVIDERS.includes(name)) provider.rotate({ oldWorksForMs: 0 });
    await six.clock.advance(1_500);
    const response = await send(PAYMENT);
    expect(response.paymentsAuth).toMatchObject({ replayed: true });
    expect([...leaksIn(response, name), ...findLeaks(response, keyBefore)]).toEqual([]);
  });

  it('calls and agents in flight', async () => {
    const { provider, outcome, http } = six.of(name);
    const httpAgent = new Agent({ keepAlive: true });
    await outcome({ url: ECHO });
    provider.misbehave({ fault: 'hang', on: 'call', times: 1 });
    const aborting = new AbortController();
    const config: AxiosRequestConfig = { ...PAYMENT, httpAgent, signal: aborting.signal };
    const { calls } = provider.counts;
    const flying = outcome(config);
    await until(() => provider.counts.calls > calls);
    expect(Object.keys(httpAgent.sockets)).not.toEqual([]);
    const meanwhile = await outcome({ url: '/sandbox/none', httpAgent });
    expect(leaksIn([meanwhile, http, http.axiosRef, flying], name)).toEqual([]);
    aborting.abort();
    expect(leaksIn(await flying, name)).toEqual([]);
    httpAgent.destroy();
  });

  it('what axios-retry sees and sends', async () => {
    const fresh = await startSandboxBed({ only: [name] });
    try {
      const { http, provider } = fresh.of(name);
      const seen: unknown[] = [];
      axiosRetry(http.axiosRef, {
        retries: 3,
        retryCondition: () => true,
        onRetry: (_, error, config) => void seen.push(error, config),
      });
      provider.misbehave({ fault: 'server-error', on: 'call', times: 2 });
      const response = await outsideOfTest(() =>
        http.axiosRef.request({ ...PAYMENT, httpAgent: new Agent() }),
      );
      expect(response.status).toBe(201);
      expect(seen).toHaveLength(4);
      expect(findLeaks([seen, response], secretsOf(provider))).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  it('the credential, the status, the events and the log', async () => {
    const { credentials } = six.of(name);
    const credential = await six.outwait(outsideOfTest(() => credentials.get()));
    // Code gets token and headers when it reads them by name.
    expect(findLeaks(credential.headers, secretsOf(six.of(name).provider))).not.toEqual([]);
    const told = [
      credential,
      Object.entries(credential),
      credentials,
      credentials.status(),
      six.paymentsAuth.status(),
    ];
    expect(leaksIn([told, six.paymentsAuth], name)).toEqual([]);
    expect(inspect(credential)).toContain(credential.id);
  });
});

describe.each(TOKEN_PROVIDERS)(`with seed ${TEST_SEED}, nothing secret of %s is left on`, (name) => {
  it.each(LOGIN_FAULTS)('the error of a call that gets no token: %j', async (fault) => {
    const { provider, send, credentials } = six.of(name);
    await outcomeOf(credentials.revoke());
    provider.misbehave({ on: 'token', ...fault });
    const error = await six.outwait(outcomeOf(send({ url: ECHO })));
    // A success without a usable token counts as a fault of the definition.
    const code =
      fault.fault === 'malformed-token'
        ? /^(DEFINITION_FAULT|CREDENTIALS_UNAVAILABLE)$/
        : /^CREDENTIALS_UNAVAILABLE$/;
    expect(error).toMatchObject({ code: expect.stringMatching(code) });
    const another = await six.outwait(outcomeOf(outsideOfTest(() => credentials.get())));
    expect(leaksIn([error, another, credentials.status()], name)).toEqual([]);
    expect(findLeaksInText(logged(error), secretsOf(provider, 3))).toEqual([]);
    expect(six.sandbox.elsewhere.requests).toEqual([]);
  });

  it('the error of a login that is rejected, or waits too long', async () => {
    const fresh = await startSandboxBed({ only: [name] });
    try {
      const { provider, send, credentials } = fresh.of(name);
      provider.misbehave({ fault: 'hang', on: 'token', times: 1 });
      const late = await fresh.outwait(outcomeOf(send({ url: ECHO, timeout: 500 })));
      expect(late).toMatchObject({ isAxiosError: true, code: 'ECONNABORTED' });
      const given = provider.credentials;
      const stale = secretsOf(provider);
      jest.spyOn(provider, 'credentials', 'get').mockReturnValue(given);
      provider.rotate();
      await fresh.clock.advance(60_000);
      const refused = await fresh.outwait(outcomeOf(send({ url: ECHO })));
      expect(refused).toMatchObject({ code: 'CREDENTIALS_REJECTED' });
      expect(findLeaks([late, refused, credentials.status(), fresh.events], stale)).toEqual([]);
      expect(findLeaksInText(inspect(fresh.logger.lines, { depth: 5 }), stale)).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  it('the error of a token that cannot be given back', async () => {
    const { provider, credentials } = six.of(name);
    await six.outwait(outsideOfTest(() => credentials.get()));
    provider.misbehave({ fault: 'drop', on: 'any' });
    const result = await outcomeOf(credentials.revoke());
    const canBeGivenBack = name === 'cryptofuse';
    expect(isPaymentsAuthError(result)).toBe(canBeGivenBack);
    expect(leaksIn(result, name)).toEqual([]);
  });
});

describe(`with seed ${TEST_SEED}, nothing secret is left on`, () => {
  it('what Kashier repeats of a merchant, which code can read by name', async () => {
    const { send, provider } = six.of('kashier');
    const { apiKey } = provider.credentials as Record<string, string>;
    const config = {
      method: 'POST',
      url: '/v3/payment/sessions',
      data: { order: 'o-1', amount: '10', currency: 'EGP' },
    };
    const response = await send<Record<string, string>>(config);
    expect(response.data['apiKey']).toBe(apiKey);
    expect(response.data['hash']).toMatch(/^[0-9a-f]{64}$/);
    const hash = String(response.data['hash']);
    const text = await send({ ...config, responseType: 'text', transformResponse: (data: unknown) => data });
    expect(findLeaks([response, text], [...secretsOf(provider), hash])).toEqual([]);
    expect(findLeaksInText(logged([response, text]), [...secretsOf(provider), hash])).toEqual([]);
  });

  it('anything that was logged or emitted on the way', () => {
    const secrets = six.all.flatMap(({ provider }) => secretsOf(provider));
    expect(six.logger.lines.length).toBeGreaterThan(5);
    expect(six.events.length).toBeGreaterThan(100);
    expect(findLeaksInText(inspect(six.logger.lines, { maxArrayLength: null }), secrets)).toEqual([]);
    expect(findLeaksInText(JSON.stringify(six.events), secrets)).toEqual([]);
  });

  it.each(SIGNING)('the answer to a webhook, forged or not, and the log: %s', async (name) => {
    const fresh = await startSandboxBed({
      only: [name],
      application: { controllers: [WebhookController] },
    });
    try {
      const { provider } = fresh.of(name);
      if (name === 'clickpesa') provider.configure({ checksum: 'canonical' });
      const { app } = fresh.application;
      await app.listen(0, '127.0.0.1');
      const { port } = app.getHttpServer().address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/webhooks/${name}`;
      const heard = [await provider.sendWebhook(url)];
      for (const forge of FORGERIES) heard.push(await provider.sendWebhook(url, { forge }));
      expect(heard.map(({ status }) => status)).toEqual([201, ...FORGERIES.map(() => 401)]);
      expect(fresh.logger.of('warn', 'PaymentsWebhook')).not.toEqual([]);
      expect(findLeaks([heard, fresh.logger.lines, fresh.events], secretsOf(provider))).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  it('anything that the application has in its container', async () => {
    const fresh = await outsideOfTest(() =>
      startSandboxBed({ options: (_, { credentials }) => ({ credentials }) }),
    );
    try {
      for (const { send } of fresh.all) await send({ url: ECHO });
      const modules = [...fresh.application.app.get(ModulesContainer).values()];
      const { providers } = modules.find(({ metatype }) => metatype === PaymentsAuthModule) ?? {};
      const instances = [...(providers ?? [])].map(([token, { instance }]) => [token, instance]);
      const own = instances.filter(([, instance]) => !leadsEverywhere(instance));
      expect(own.length).toBeGreaterThan(20);
      const secrets = fresh.all.flatMap(({ provider }) => secretsOf(provider));
      expect(own.flatMap((each) => findLeaks(each, secrets))).toEqual([]);
    } finally {
      await fresh.close();
    }
  });
});

describe('an error of the provider', () => {
  it('is still the error of axios', async () => {
    const { send, misbehave } = sceneOf('wakapay');
    misbehave({ fault: 'server-error', retryAfter: 7, on: 'call' });
    const error = (await outcomeOf(send({ url: ECHO }))) as AxiosError;
    expect(isAxiosError(error)).toBe(true);
    expect(isPaymentsAuthError(error)).toBe(false);
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE', status: 503, config: { url: ECHO } });
    const { status, data, headers } = error.response as AxiosResponse;
    expect([status, data, headers['retry-after']]).toEqual([503, expect.anything(), '7']);
  });
});
