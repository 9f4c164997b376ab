import { createPublicKey, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { BUILT_IN_PROVIDERS, type PaymentsAuthEvent } from 'nestjs-payments-auth';
import {
  CATALOGUE_NAMES,
  type CatalogueName,
  type Forgery,
  type SandboxProvider,
  startSandbox,
} from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ReceivedMessage } from '../libs/payments-auth/src/providers/webhooks/received-message.js';
import type { WebhookScheme } from '../libs/payments-auth/src/providers/webhooks/webhook-scheme.js';
import { examineWebhook } from '../libs/payments-auth/src/signatures/examine-webhook.js';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { outsideOfTest } from './support/sandbox-bed.js';
import { failure, outcomeOf, outwaited } from './support/waiting.js';

// Tests each provider of the catalogue with its counterpart in the sandbox. Both were written from the same documents, and
// neither from the other.

/** Providers whose token endpoint hands out a refresh token. They need a merchant, and have a spec of their own. */
const names = CATALOGUE_NAMES.filter((name) =>
  BUILT_IN_PROVIDERS.some((definition) => definition.name === name),
);
const definitionOf = (name: CatalogueName) =>
  BUILT_IN_PROVIDERS.find((definition) => definition.name === name) as (typeof BUILT_IN_PROVIDERS)[number];
const withToken = names.filter((name) => definitionOf(name).token !== undefined);
const withKey = names.filter((name) => definitionOf(name).token === undefined);

const URL_OF_ROUTE = 'https://shop.example/webhooks';

/** The public key of the counterpart, which signs its messages. */
function keyOf(provider: SandboxProvider): KeyObject | undefined {
  const keys = provider.publicKeysOf();
  const pem = keys['webhookKey'] ?? Object.values(keys).at(-1);
  return pem === undefined ? undefined : createPublicKey(pem);
}

/** Keys that a provider shows in its documents, which an application pins in a credential field. */
function publishedKeysOf(name: CatalogueName, provider: SandboxProvider): Record<string, string> {
  const pem = Object.values(provider.publicKeysOf()).at(-1);
  const fields = Object.keys(definitionOf(name).credentials).filter((field) => field.endsWith('PublicKey'));
  return pem === undefined ? {} : Object.fromEntries(fields.map((field) => [field, pem]));
}

interface Bed {
  readonly provider: SandboxProvider;
  readonly application: TestApplication;
  readonly clock: ManualClock;
  readonly events: PaymentsAuthEvent[];
  readonly logger: LogLines;
  send(config: AxiosRequestConfig): Promise<AxiosResponse>;
  outwait<T>(promise: Promise<T>): Promise<T>;
}

let ends: (() => Promise<void>)[];

beforeEach(() => {
  ends = [];
});

afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

/** The application keeps a refresh token that each use replaces. Here it is kept in a variable. */
function kept(name: CatalogueName, credentials: Readonly<Record<string, string | undefined>>): object {
  const token = definitionOf(name).token as { readonly rotates?: boolean } | undefined;
  if (token?.rotates !== true) return {};
  let { refreshToken } = credentials;
  return {
    singleProcess: true,
    credentials: {
      load: async () => ({ ...credentials, refreshToken }),
      save: async (next: { refreshToken: string }, previous: { refreshToken: string }) => {
        if (refreshToken !== previous.refreshToken) return false;
        ({ refreshToken } = next);
        return true;
      },
    },
  };
}

/** An application that is configured by the variables of the provider's documents, and by nothing else. */
async function startBed(
  name: CatalogueName,
  settings: { readonly options?: object; readonly variables?: Readonly<Record<string, string>> } = {},
): Promise<Bed> {
  const clock = new ManualClock();
  const logger = new LogLines();
  const sandbox = await startSandbox({ providers: [name], seed: `catalogue ${name}`, clock });
  ends.push(() => sandbox.close());
  const provider = sandbox.provider(name) as unknown as SandboxProvider;
  const application = await startApplication(
    {
      providers: {
        [name]: { keepWarm: 'when-used', ...kept(name, provider.credentials), ...settings.options },
      },
    },
    { clock, logger, variables: settings.variables ?? provider.environment },
  );
  ends.push(() => application.close());
  const events: PaymentsAuthEvent[] = [];
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  const http = application.paymentsAuth.http(name);
  const send = (config: AxiosRequestConfig) => outsideOfTest(() => firstValueFrom(http.request(config)));
  return {
    provider,
    application,
    clock,
    events,
    logger,
    send,
    outwait: (promise) => outwaited(clock, promise),
  };
}

/** A call of the provider's own API that reads or writes, or the sandbox's, which is below every base URL. */
function exampleOf(provider: SandboxProvider, kind: 'read' | 'write'): AxiosRequestConfig {
  const example = provider.examplesOf()[kind];
  if (example === undefined) return kind === 'read' ? { url: '/sandbox/echo' } : payment('one');
  const { method, host, path } = example;
  return {
    method,
    url: path,
    ...(kind === 'write' ? { data: { amount: 100, currency: 'KES' } } : {}),
    // The application chooses the id of its payment itself.
    headers: { 'Idempotency-Key': 'example-1', 'X-Reference-Id': 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6' },
    ...(host === provider.hosts[0] ? {} : { paymentsAuth: { host } }),
  };
}

/** One URL for all hosts that the counterpart serves alike. */
function baseUrlOf({
  name,
  hosts,
  baseUrl,
  baseUrls,
}: SandboxProvider): string | Readonly<Record<string, string>> {
  if (hosts.length === 1) return baseUrl;
  const [first] = Object.values(definitionOf(name as CatalogueName).environments);
  return Object.fromEntries(
    Object.entries(baseUrls).filter(([host]) => Object.hasOwn(first as object, host)),
  );
}

function payment(key: string): AxiosRequestConfig {
  return {
    method: 'POST',
    url: '/sandbox/payments',
    headers: { 'Idempotency-Key': key },
    data: { amount: 100, currency: 'KES' },
  };
}

/** Everything of a test application that a caller could log. */
function printable(bed: Bed, ...more: unknown[]): string {
  return inspect([bed.events, bed.logger.lines, bed.application.paymentsAuth.status(), ...more], {
    depth: 12,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  });
}

/** The secret values of a merchant, as far as the definition calls them secret. */
function secretsOf(name: CatalogueName, provider: SandboxProvider): string[] {
  const fields = definitionOf(name).credentials as Readonly<
    Record<string, { secret?: boolean; format?: string }>
  >;
  return Object.entries(provider.credentials)
    .filter(([field]) => fields[field]?.secret !== false)
    .flatMap(([, value]) =>
      value === undefined ? [] : value.includes('-----BEGIN') ? value.split('\n').slice(1, 3) : [value],
    )
    .filter((value) => value.length > 8)
    .concat(provider.tokens.map(({ value }) => value));
}

describe('the catalogue', () => {
  it('has a definition for every provider that the sandbox knows', () => {
    expect(names).toEqual([...CATALOGUE_NAMES]);
  });
});

describe.each(names)('%s', (name) => {
  it('is configured by its own variables, reads and writes', async () => {
    const bed = await startBed(name);
    const read = await bed.outwait(bed.send(exampleOf(bed.provider, 'read')));
    const write = await bed.outwait(bed.send(exampleOf(bed.provider, 'write')));
    expect(read.status).toBeLessThan(300);
    expect(write.status).toBeLessThan(300);
    expect(read.paymentsAuth).toMatchObject({ replayed: false });
    expect(bed.provider.counts).toMatchObject({ refusals: 0 });
  });

  it('passes on what no credential cures, and sends nothing again', async () => {
    const bed = await startBed(name);
    const call = exampleOf(bed.provider, 'read');
    await bed.outwait(bed.send(call));
    const before = bed.provider.counts;
    bed.provider.misbehave({ fault: 'forbid', on: 'call' });
    const error = await bed.outwait(
      failure(
        bed.send({ ...call, validateStatus: () => false }).then((response) => {
          throw Object.assign(new Error('answered'), { response });
        }),
      ),
    );
    expect(error['response']).toMatchObject({ paymentsAuth: { replayed: false } });
    expect(bed.provider.counts.tokenRequests).toBe(before.tokenRequests);
    expect(bed.provider.counts.calls).toBe(before.calls + 1);
  });

  it('shows no secret in anything that can be printed, whatever fails', async () => {
    const bed = await startBed(name);
    const outcomes = [
      await bed.outwait(outcomeOf(bed.send(exampleOf(bed.provider, 'read')))),
      await bed.outwait(outcomeOf(bed.send({ url: '/no/such/path' }))),
    ];
    bed.provider.misbehave({ fault: 'refuse', on: 'call' });
    outcomes.push(await bed.outwait(outcomeOf(bed.send(exampleOf(bed.provider, 'write')))));
    bed.provider.behave();
    bed.provider.misbehave({ fault: 'server-error', on: 'any' });
    outcomes.push(await bed.outwait(outcomeOf(bed.send(exampleOf(bed.provider, 'read')))));
    const text = printable(bed, outcomes);
    for (const secret of secretsOf(name, bed.provider)) expect(text).not.toContain(secret);
  });
});

/** A message as it would arrive, judged by every scheme of the definition. */
async function examined(name: CatalogueName, provider: SandboxProvider, forge?: Forgery, scheme?: string) {
  const {
    method,
    query = {},
    headers,
    body,
  } = provider.webhook({
    url: URL_OF_ROUTE,
    ...(forge === undefined ? {} : { forge }),
    ...(scheme === undefined ? {} : { scheme }),
  });
  const target = `/webhooks${Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`}`;
  const lower = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]));
  return examineWebhook(
    Object.entries(definitionOf(name).webhooks ?? {}) as [string, WebhookScheme<string>][],
    {
      message: new ReceivedMessage({
        method,
        headers: {
          host: 'shop.example',
          'content-length': String(Buffer.byteLength(body ?? '')),
          ...lower,
        },
        query,
        rawBody: body === undefined ? undefined : Buffer.from(body),
        url: URL_OF_ROUTE,
        target,
      }),
      candidates: [{ ...provider.credentials, ...publishedKeysOf(name, provider) }],
      nowMs: Date.now(),
      environment: 'live',
      keys: {
        fromSet: async () => keyOf(provider),
        ofCertificate: async () => keyOf(provider),
      },
      http: () => {
        throw new Error('nobody asks');
      },
    },
  );
}

describe.each(names.filter((name) => definitionOf(name).webhooks !== undefined))(
  'the webhooks of %s',
  (name) => {
    it('are accepted as the counterpart sends them, by the scheme of that name, and no forgery is', async () => {
      const sandbox = await startSandbox({ providers: [name], seed: `catalogue ${name}` });
      ends.push(() => sandbox.close());
      const provider = sandbox.provider(name) as unknown as SandboxProvider;
      for (const scheme of provider.webhookSchemes) {
        const genuine = await examined(name, provider, undefined, scheme);
        expect([scheme, genuine.refusal]).toEqual([scheme, undefined]);
        if (genuine.refusal !== undefined) continue;
        expect(genuine.scheme).toBe(scheme);
        if (genuine.proves === 'nothing') continue;
        const forgeries: Forgery[] = [
          'wrong-key',
          'unsigned',
          ...(genuine.proves === 'payload' ? (['changed-body'] as const) : []),
        ];
        for (const forge of forgeries) {
          const forged = await examined(name, provider, forge, scheme);
          const took = forged.refusal === undefined && forged.proves !== 'nothing';
          expect([scheme, forge, took]).toEqual([scheme, forge, false]);
        }
      }
    });
  },
);

describe.each(withToken)('%s, which has a token,', (name) => {
  it('logs in once for many calls at once, and once more when its time is nearly over', async () => {
    const bed = await startBed(name);
    const call = exampleOf(bed.provider, 'read');
    await bed.outwait(Promise.all(Array.from({ length: 20 }, () => bed.send(call))));
    expect(bed.provider.counts.tokenRequests).toBe(1);
    const [credential] = bed.application.paymentsAuth.status();
    const leftMs = (credential?.expiresAtMs ?? 0) - bed.clock.now();
    expect(leftMs).toBeGreaterThan(0);
    await bed.clock.advance(leftMs - Math.min(1_000, leftMs * 0.02) - 1);
    await bed.outwait(bed.send(call));
    await bed.outwait(bed.application.paymentsAuth.credentials(name).get());
    expect(bed.provider.counts).toMatchObject({ refusals: 0 });
    expect(bed.provider.counts.tokenRequests).toBeLessThanOrEqual(2);
  });

  it('sends a refused reading call once more with a new token', async () => {
    const bed = await startBed(name);
    const call = exampleOf(bed.provider, 'read');
    await bed.outwait(bed.send(call));
    await bed.clock.advance(5_000);
    bed.provider.revokeTokens();
    const response = await bed.outwait(bed.send(call));
    expect(response.paymentsAuth).toMatchObject({ replayed: true });
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 2, refusals: 1 });
  });

  it('tells a wrong secret by the word of the provider, and does not try again', async () => {
    const bed = await startBed(name, {
      options: {},
    });
    await bed.application.close();
    const wrong = bed.provider.wrongCredentialsOf();
    const second = await startApplication(
      {
        providers: {
          [name]: {
            keepWarm: 'when-used',
            baseUrl: baseUrlOf(bed.provider),
            credentials: wrong,
            ...kept(name, wrong),
          },
        },
      },
      { clock: bed.clock, logger: bed.logger },
    );
    ends.push(() => second.close());
    const before = bed.provider.counts.tokenRequests;
    const errors = await bed.outwait(
      Promise.all([1, 2, 3].map(() => failure(second.paymentsAuth.credentials(name).get()))),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'CREDENTIALS_REJECTED', provider: name });
      expect(error['reason']).toEqual(expect.stringMatching(/\w/));
    }
    expect(bed.provider.counts.tokenRequests).toBe(before + 1);
  });

  it('makes a limited login CREDENTIALS_UNAVAILABLE, and says when to try again', async () => {
    const bed = await startBed(name);
    bed.provider.misbehave({ fault: 'rate-limit', on: 'token', retryAfter: 3_600 });
    const error = await bed.outwait(failure(bed.application.paymentsAuth.credentials(name).get()));
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(error['retryAfterMs']).toBeGreaterThan(0);
  });
});

const takesBack = withToken.filter((name) => 'revoke' in (definitionOf(name).token ?? {}));

describe.each(takesBack)('%s, which takes tokens back,', (name) => {
  it('gets the token back when its credential is revoked', async () => {
    const bed = await startBed(name);
    await bed.outwait(bed.send(exampleOf(bed.provider, 'read')));
    await bed.outwait(bed.application.paymentsAuth.credentials(name).revoke());
    expect(bed.provider.counts.revocations).toBe(1);
    expect(bed.provider.tokens.map(({ state }) => state)).toEqual(['revoked']);
  });
});

describe.each(withToken.filter((name) => definitionOf(name).token?.kind === 'refresh-token'))(
  '%s, which has a refresh token,',
  (name) => {
    it('tells an ended refresh token from a wrong client', async () => {
      const bed = await startBed(name);
      bed.provider.revokeRefreshToken();
      const error = await bed.outwait(failure(bed.application.paymentsAuth.credentials(name).get()));
      expect(error).toMatchObject({ code: 'GRANT_REJECTED', provider: name });
      expect(error['reason']).toEqual(expect.stringMatching(/\w/));
      expect(bed.provider.counts.tokenRequests).toBe(1);
    });
  },
);

describe.each(withKey)('%s, which has a static key,', (name) => {
  it('passes on the refusal of a wrong key as the provider says it', async () => {
    const bed = await startBed(name);
    await bed.application.close();
    const wrong = bed.provider.wrongCredentialsOf();
    const second = await startApplication(
      { providers: { [name]: { baseUrl: baseUrlOf(bed.provider), credentials: wrong } } },
      { clock: bed.clock, logger: bed.logger },
    );
    ends.push(() => second.close());
    const response = await bed.outwait(
      firstValueFrom(
        second.paymentsAuth
          .http(name)
          .request({ ...exampleOf(bed.provider, 'write'), validateStatus: () => true }),
      ),
    );
    expect(bed.provider.counts).toMatchObject({ calls: 1, refusals: 1 });
    expect(response.paymentsAuth).toMatchObject({ replayed: false });
  });

  it('follows a rotation: a reading call that is refused is sent once more with the other key', async () => {
    const bed = await startBed(name);
    await bed.application.close();
    const second = await startApplication(
      {
        providers: {
          [name]: {
            baseUrl: baseUrlOf(bed.provider),
            credentials: () => bed.provider.credentials,
          },
        },
      },
      { clock: bed.clock, logger: bed.logger },
    );
    ends.push(() => second.close());
    const http = second.paymentsAuth.http(name);
    const call = exampleOf(bed.provider, 'read');
    await bed.outwait(firstValueFrom(http.request(call)));
    bed.provider.rotate({ oldWorksForMs: 0 });
    const response = await bed.outwait(firstValueFrom(http.request(call)));
    expect(response.paymentsAuth).toMatchObject({ replayed: true });
    expect(bed.provider.counts).toMatchObject({ refusals: 1 });
  });
});
