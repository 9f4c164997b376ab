import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HttpService } from '@nestjs/axios';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import {
  type CredentialService,
  type PaymentsAuthEvent,
  type PaymentsAuthService,
  type ProviderOptions,
} from 'nestjs-payments-auth';
import {
  PROVIDER_NAMES,
  type ProviderName,
  type Sandbox,
  type SandboxProvider,
  startSandbox,
} from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { type ApplicationSettings, LogLines, startApplication, type TestApplication } from './application.js';

/**
 * Runs a function outside of the test that calls it. What a test starts otherwise carries along, on every promise,
 * all that Jest knows of all tests: printed whole, that is megabytes.
 */
export const outsideOfTest: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();

/** Those whose credential is a token. The others carry a static key. */
export const TOKEN_PROVIDERS: readonly ProviderName[] = PROVIDER_NAMES.filter(
  (name) => name !== 'cashfin' && name !== 'kashier',
);

/** A seed for what a test leaves to chance. `TEST_SEED` repeats a run; the titles of the test say which it was. */
export const TEST_SEED = process.env['TEST_SEED'] ?? randomBytes(6).toString('hex');

export interface SixProvidersSettings {
  readonly seed?: string;
  readonly only?: readonly ProviderName[];
  /** Options of every provider. */
  readonly options?: (name: ProviderName, provider: SandboxProvider) => Partial<ProviderOptions>;
  readonly application?: Omit<ApplicationSettings, 'clock' | 'logger'>;
}

/** One provider of the bed, seen from both ends. */
export interface Bed {
  readonly name: ProviderName;
  readonly provider: SandboxProvider;
  readonly http: HttpService;
  readonly credentials: CredentialService;
  readonly send: <T = unknown>(config: AxiosRequestConfig) => Promise<AxiosResponse<T>>;
  /** What a call ends in, a response or an error. */
  readonly outcome: (config: AxiosRequestConfig) => Promise<unknown>;
}

/** An application that uses all six providers of the sandbox, and one clock that both read. */
export interface SixProviders {
  readonly clock: ManualClock;
  readonly sandbox: Sandbox;
  readonly application: TestApplication;
  readonly paymentsAuth: PaymentsAuthService;
  readonly logger: LogLines;
  readonly events: readonly PaymentsAuthEvent[];
  of(name: ProviderName): Bed;
  readonly all: readonly Bed[];
  /** What `promise` comes to while the clock moves on; at most `mostMs` of it. */
  outwait<T>(promise: Promise<T>, mostMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** Starts both. No token is fetched before it is used. The application follows every rotation of a key. */
export async function startSixProviders(settings: SixProvidersSettings = {}): Promise<SixProviders> {
  const { seed = TEST_SEED, only = PROVIDER_NAMES, options } = settings;
  const clock = new ManualClock();
  const logger = new LogLines();
  const sandbox = await startSandbox({ providers: only, seed, clock, logSize: 20_000 });
  const one = (name: ProviderName) => sandbox.provider(name) as unknown as SandboxProvider;
  const providers: Record<string, object> = Object.fromEntries(
    only.map((name) => [
      name,
      {
        baseUrl: one(name).baseUrls,
        credentials: () => one(name).credentials,
        keepWarm: 'when-used',
        ...options?.(name, one(name)),
      },
    ]),
  );
  const application = await startApplication({ providers }, { ...settings.application, clock, logger }).catch(
    async (error: unknown) => {
      await sandbox.close();
      throw error;
    },
  );
  const { paymentsAuth } = application;
  const events: PaymentsAuthEvent[] = [];
  paymentsAuth.events$.subscribe((event) => events.push(event));
  const beds = new Map(
    only.map((name) => {
      const http = paymentsAuth.http(name);
      const send = <T>(config: AxiosRequestConfig) =>
        outsideOfTest(() => firstValueFrom(http.request<T>(config)));
      const bed: Bed = {
        name,
        provider: one(name),
        http,
        credentials: paymentsAuth.credentials(name),
        send,
        outcome: (config) => outcomeOf(send(config)),
      };
      return [name, bed];
    }),
  );
  return {
    clock,
    sandbox,
    application,
    paymentsAuth,
    logger,
    events,
    all: [...beds.values()],
    of: (name) => beds.get(name) as Bed,
    outwait: (promise, mostMs) => outwait(clock, promise, mostMs),
    close: async () => {
      await application.close();
      await sandbox.close();
    },
  };
}

/** A response or an error, whichever it is. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

/** Far less than anything that the library decides by the clock. */
const STEP_MS = 50;

async function outwait<T>(clock: ManualClock, promise: Promise<T>, mostMs = 60_000): Promise<T> {
  const call = { settled: false };
  const settle = () => {
    call.settled = true;
  };
  promise.then(settle, settle);
  for (let passedMs = 0; !call.settled && passedMs < mostMs; passedMs += STEP_MS) {
    // Sockets have their time: between two steps of the clock, an answer that is there arrives.
    for (let turn = 0; turn < 3 && !call.settled; turn += 1) await nextTurn();
    if (!call.settled) await clock.advance(STEP_MS);
  }
  return promise;
}

/**
 * What must not be seen of a provider: its static credentials and its tokens, without what stands at their beginning
 * for everybody to know.
 */
export function secretsOf(provider: SandboxProvider, mostTokens = Infinity): string[] {
  const { merchantId: _public, ...credentials } = provider.credentials as Record<string, string>;
  const tokens = provider.tokens.map(({ value }) => value.slice(value.indexOf('.') + 1));
  return [...Object.values(credentials).map(randomPart), ...tokens.slice(-mostTokens)];
}

function randomPart(secret: string): string {
  return secret.replace(/^(?:[pcsk]{2}_(?:test_)?|(?:CHK-)?sandbox-(?:[a-z]+-)?)/, '');
}
