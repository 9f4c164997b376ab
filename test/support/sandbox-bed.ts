import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent } from 'node:http';
import type { HttpService } from '@nestjs/axios';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import type {
  CredentialService,
  PaymentsAuthEvent,
  PaymentsAuthService,
  ProviderOptions,
} from 'nestjs-payments-auth';
import {
  PROVIDER_NAMES,
  type ProviderName,
  type ProviderSettings,
  type Sandbox,
  type SandboxProvider,
  type SandboxProviders,
  startSandbox,
} from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { TEST_SEED } from './chances.js';
import { type ApplicationSettings, LogLines, startApplication, type TestApplication } from './application.js';
import { outcomeOf, outwaited, until } from './waiting.js';

/**
 * Runs a function outside of the test that calls it. Otherwise every promise that a test starts refers to all data
 * that Jest has of all tests. When such a promise is printed, the text has megabytes.
 */
export const outsideOfTest: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();

/** The first six providers. The tests that run with all of them use these. */
export const SIX_PROVIDERS: readonly ProviderName[] = PROVIDER_NAMES;

/** The providers whose credential is a token. The others have a static key. */
export const TOKEN_PROVIDERS: readonly ProviderName[] = SIX_PROVIDERS.filter(
  (name) => name !== 'cashfin' && name !== 'kashier',
);

/** A step of the clock. It is shorter than the time that a token request may take by the same clock. */
const STEP_MS = 5_000;

/** The settings in which a test differs from one merchant with the default settings. */
export interface SandboxBedSettings<N extends ProviderName = ProviderName> {
  readonly seed?: string;
  /** @default all six */
  readonly only?: readonly N[];
  /** The settings of a provider. */
  readonly settings?: { readonly [Name in N]?: Partial<ProviderSettings> };
  /** Options of a provider that replace the default ones, or are added to them. */
  readonly options?: (name: N, provider: SandboxProvider) => Partial<ProviderOptions>;
  readonly application?: Omit<ApplicationSettings, 'clock' | 'logger'>;
}

/** One provider of the bed: the library's side and the sandbox's side. */
export interface BedProvider<N extends ProviderName = ProviderName> {
  readonly name: N;
  readonly provider: SandboxProviders[N];
  readonly http: HttpService;
  readonly credentials: CredentialService;
  send<T = unknown>(this: void, config: AxiosRequestConfig): Promise<AxiosResponse<T>>;
  /** The result of a call, a response or an error. */
  outcome(this: void, config: AxiosRequestConfig): Promise<unknown>;
  /** Makes the payment that `key` names. */
  pay(this: void, key: string): Promise<AxiosResponse>;
}

/** An application that uses providers of the sandbox, and one clock for both. */
export interface SandboxBed<N extends ProviderName = ProviderName> {
  readonly clock: ManualClock;
  readonly sandbox: Sandbox;
  readonly application: TestApplication;
  readonly paymentsAuth: PaymentsAuthService;
  readonly logger: LogLines;
  /** All events of the library so far. */
  readonly events: readonly PaymentsAuthEvent[];
  eventsOf<T extends PaymentsAuthEvent['type']>(type: T): Extract<PaymentsAuthEvent, { type: T }>[];
  of<Name extends N>(name: Name): BedProvider<Name>;
  readonly all: readonly BedProvider<N>[];
  /** Moves the clock on by `ms`, and waits for the answer to every token request that is due in that time. */
  pass(ms: number): Promise<void>;
  /** Sets the wall clock of the application forward by `ms`. The monotonic clock and the clocks of the providers stay as they are. */
  stepWallClock(ms: number): void;
  /** The result of `promise`, while the clock moves past every pause. */
  outwait<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A bed of one provider, with the members of both types. */
export type ProviderBed<N extends ProviderName = ProviderName> = SandboxBed<N> & BedProvider<N>;

/**
 * Starts both. Nothing is fetched before it is used, so that every token request is one that the test has caused. The
 * application follows every rotation of a key.
 */
export async function startSandboxBed<N extends ProviderName>({
  seed = TEST_SEED,
  only = SIX_PROVIDERS as readonly N[],
  settings = {},
  options,
  application: more,
}: SandboxBedSettings<N> = {}): Promise<SandboxBed<N>> {
  const clock = new ManualClock();
  const logger = new LogLines();
  let steppedMs = 0;
  const providersClock = { now: () => clock.now() - steppedMs };
  const sandbox = await startSandbox({
    providers: only,
    seed,
    clock: providersClock,
    settings,
    logSize: 20_000,
  });
  const one = (name: N) => sandbox.provider(name) as unknown as SandboxProvider;
  // This number of connections makes calls concurrent, and any machine can open as many.
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 32 });
  const providers: Record<string, object> = Object.fromEntries(
    only.map((name) => [
      name,
      {
        baseUrl: one(name).baseUrls,
        credentials: () => one(name).credentials,
        keepWarm: 'when-used',
        http: { httpAgent },
        ...options?.(name, one(name)),
      },
    ]),
  );
  const application = await startApplication({ providers }, { ...more, clock, logger }).catch(
    async (error: unknown) => {
      await sandbox.close();
      throw error;
    },
  );
  const { paymentsAuth } = application;
  const events: PaymentsAuthEvent[] = [];
  paymentsAuth.events$.subscribe((event) => events.push(event));
  const eventsOf: SandboxBed['eventsOf'] = (type) => events.filter((event) => event.type === type) as never;
  const beds = only.map((name) => bedProvider(name, sandbox.provider(name), paymentsAuth));
  const isTokenRequestOnItsWay = () =>
    beds.reduce((sum, { provider }) => sum + provider.counts.tokenRequests, 0) >
    eventsOf('token-request').length;
  return {
    clock,
    sandbox,
    application,
    paymentsAuth,
    logger,
    events,
    eventsOf,
    all: beds,
    of: <Name extends N>(name: Name) =>
      beds.find((bed) => bed.name === name) as BedProvider<N> as unknown as BedProvider<Name>,
    pass: async (ms) => {
      for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
        await clock.advance(Math.min(leftMs, STEP_MS));
        await until(() => eventsOf('token-request').length >= eventsOf('credential-requested').length);
      }
    },
    stepWallClock: (ms) => {
      steppedMs += ms;
      clock.jump(ms);
    },
    outwait: (promise) => outwaited(clock, promise, isTokenRequestOnItsWay),
    close: async () => {
      await application.close();
      httpAgent.destroy();
      await sandbox.close();
    },
  };
}

/** The options of a bed of one provider. */
export interface ProviderBedSettings {
  readonly settings?: Partial<ProviderSettings>;
  readonly options?: Partial<ProviderOptions>;
  readonly seed?: string | undefined;
}

/** Starts a bed of one provider, with the credentials that the provider has now. */
export async function startProviderBed<N extends ProviderName>(
  name: N,
  { settings, options, seed = `a bed of ${name}` }: ProviderBedSettings = {},
): Promise<ProviderBed<N>> {
  const bed = await startSandboxBed<N>({
    seed,
    only: [name],
    settings: { [name]: settings } as SandboxBedSettings<N>['settings'],
    options: (_, provider) => ({ credentials: provider.credentials, ...options }),
  });
  return { ...bed, ...bed.of(name) };
}

function bedProvider<N extends ProviderName>(
  name: N,
  provider: SandboxProviders[N],
  paymentsAuth: PaymentsAuthService,
): BedProvider<N> {
  const http = paymentsAuth.http(name);
  const send = <T>(config: AxiosRequestConfig) =>
    outsideOfTest(() => firstValueFrom(http.request<T>(config)));
  return {
    name,
    provider,
    http,
    credentials: paymentsAuth.credentials(name),
    send,
    outcome: (config) => outcomeOf(send(config)),
    pay: (key) =>
      send({
        method: 'POST',
        url: '/sandbox/payments',
        headers: { 'Idempotency-Key': key },
        data: { amount: 100, currency: 'KES', description: `payment ${key}` },
      }),
  };
}

/**
 * The secrets of a provider: its static credentials and its tokens, without the public prefixes at their beginning.
 */
export function secretsOf(provider: SandboxProvider, mostTokens = Infinity): string[] {
  const { merchantId: _public, ...credentials } = provider.credentials as Record<string, string>;
  const tokens = provider.tokens.map(({ value }) => value.slice(value.indexOf('.') + 1));
  return [...Object.values(credentials).map(randomPart), ...tokens.slice(-mostTokens)];
}

function randomPart(secret: string): string {
  return secret.replace(/^(?:[pcsk]{2}_(?:test_)?|(?:CHK-)?sandbox-(?:[a-z]+-)?)/, '');
}

/** Headers of HTTP itself, which do not change the meaning of a request. */
const TRAVEL = new Set(['host', 'connection', 'user-agent', 'accept-encoding', 'content-length']);

/** The other headers of a request, as they arrived. */
export function meaningfulHeaders(headers: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !TRAVEL.has(name)));
}
