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
  type ProviderName,
  type ProviderSettings,
  type SandboxProviders,
  startSandbox,
} from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication } from './application.js';
import { until } from './credential-bed.js';

/** A small part of the pause between two attempts at a token. */
const PART_OF_A_PAUSE_MS = 100;

/** Less than a token request may take by the same clock. */
const STEP_MS = 5_000;

/** Where a test says what differs from an ordinary merchant of an ordinary provider. */
export interface ProviderBedSettings {
  /** How the provider behaves. */
  readonly settings?: Partial<ProviderSettings>;
  /** Replaces or adds options of the provider. */
  readonly options?: ProviderOptions;
}

/** An application that uses one provider of the sandbox, and a clock that both read. */
export interface ProviderBed<N extends ProviderName = ProviderName> {
  readonly clock: ManualClock;
  readonly provider: SandboxProviders[N];
  readonly http: HttpService;
  readonly credentials: CredentialService;
  readonly paymentsAuth: PaymentsAuthService;
  /** Everything that the library has told so far. */
  readonly events: PaymentsAuthEvent[];
  eventsOf<T extends PaymentsAuthEvent['type']>(type: T): Extract<PaymentsAuthEvent, { type: T }>[];
  send<T = unknown>(config: AxiosRequestConfig): Promise<AxiosResponse<T>>;
  /** Makes the payment that `key` names. */
  pay(key: string): Promise<AxiosResponse>;
  /** Moves the clock on by `ms`, and lets every token request that falls due on the way have its answer. */
  pass(ms: number): Promise<void>;
  /** What `promise` comes to, with the clock moving past every pause between attempts at a token. */
  outwait<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Starts both. Nothing is fetched until it is used, so that every token request is one that the test has caused. */
export async function startProviderBed<N extends ProviderName>(
  name: N,
  { settings = {}, options = {} }: ProviderBedSettings = {},
): Promise<ProviderBed<N>> {
  const clock = new ManualClock();
  const sandbox = await startSandbox({
    providers: [name],
    seed: `a bed of ${name}`,
    clock,
    settings: { [name]: settings },
    logSize: 5_000,
  });
  const provider = sandbox.provider(name);
  // Enough connections to be concurrent, and few enough for any machine.
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 32 });
  const application = await startApplication(
    {
      providers: {
        [name]: {
          baseUrl: provider.baseUrls,
          credentials: provider.credentials,
          keepWarm: 'when-used',
          http: { httpAgent },
          ...options,
        },
      },
    },
    { clock },
  ).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  const { paymentsAuth } = application;
  const events: PaymentsAuthEvent[] = [];
  paymentsAuth.events$.subscribe((event) => events.push(event));
  const http = paymentsAuth.http(name);
  const eventsOf: ProviderBed['eventsOf'] = (type) => events.filter((event) => event.type === type) as never;
  const failed = () => eventsOf('token-request').filter(({ outcome }) => outcome === 'unavailable').length;
  const send = <T>(config: AxiosRequestConfig) => firstValueFrom(http.request<T>(config));
  return {
    clock,
    provider,
    http,
    credentials: paymentsAuth.credentials(name),
    paymentsAuth,
    events,
    eventsOf,
    send,
    pay: (key) =>
      send({
        method: 'POST',
        url: '/sandbox/payments',
        headers: { 'Idempotency-Key': key },
        data: { amount: 100, currency: 'KES', description: `payment ${key}` },
      }),
    pass: async (ms) => {
      for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
        await clock.advance(Math.min(leftMs, STEP_MS));
        await until(() => eventsOf('token-request').length >= eventsOf('credential-requested').length);
      }
    },
    outwait: async (promise) => {
      const call = { settled: false };
      const settle = () => {
        call.settled = true;
      };
      promise.then(settle, settle);
      const others = provider.counts.tokenRequests - failed();
      await until(() => call.settled || provider.counts.tokenRequests > others + failed());
      while (!call.settled) {
        // As long as a request is on its way, only its answer can change anything.
        await until(() => call.settled || provider.counts.tokenRequests === others + failed());
        if (!call.settled) await clock.advance(PART_OF_A_PAUSE_MS);
      }
      return promise;
    },
    close: async () => {
      await application.close();
      httpAgent.destroy();
      await sandbox.close();
    },
  };
}

/** Headers that say how a request travels, and nothing of what it means. */
const TRAVEL = new Set(['host', 'connection', 'user-agent', 'accept-encoding', 'content-length']);

/** The other headers of a request, as they arrived. */
export function meaningfulHeaders(headers: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !TRAVEL.has(name)));
}
