import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import type { CredentialService, PaymentsAuthEvent, ProviderOptions } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import type { SandboxProvider } from 'payments-sandbox';
import { firstValueFrom } from 'rxjs';
import { startApplication } from '../application.js';
import { connectRedis, REDIS_LIBRARIES } from '../redis-clients.js';
import { outsideOfTest } from '../sandbox-bed.js';

/** One application of a fleet. */
export interface FleetApplication {
  readonly credentials: CredentialService;
  readonly events: readonly PaymentsAuthEvent[];
  send(this: void, config: AxiosRequestConfig): Promise<AxiosResponse>;
  /** Resolves when its connection to Redis takes commands. */
  connected(this: void): Promise<unknown>;
  close(): Promise<void>;
}

export interface FleetOfApplications {
  readonly applications: readonly FleetApplication[];
  close(): Promise<void>;
}

/**
 * Starts applications that share tokens through one real Redis. All of them run in this process, over real sockets, so that a
 * test decides the order of their calls. For processes that are killed, see `fleet.ts`.
 *
 * @param parts options of the provider, besides its base URL
 */
export async function startApplications(
  size: number,
  provider: SandboxProvider,
  redisUrl: string,
  parts: Partial<ProviderOptions> = { credentials: provider.credentials },
): Promise<FleetOfApplications> {
  const prefix = `test-${randomUUID()}`;
  const applications = await Promise.all(
    Array.from({ length: size }, (_, index) => start(provider, redisUrl, prefix, index, parts)),
  );
  return {
    applications,
    close: async () => void (await Promise.all(applications.map((each) => each.close()))),
  };
}

async function start(
  provider: SandboxProvider,
  redisUrl: string,
  prefix: string,
  index: number,
  parts: Partial<ProviderOptions>,
): Promise<FleetApplication> {
  // Every second application uses the other Redis client. They share tokens nevertheless.
  const redis = await connectRedis(REDIS_LIBRARIES[index % 2] ?? 'redis', redisUrl);
  const store = new RedisTokenStore(redis.client, {
    keys: [{ id: 'test', key: Buffer.alloc(32, 'k') }],
    prefix,
    // With a short limit, a busy machine would count as a lost Redis.
    timeoutMs: 5_000,
    logger: { warn: () => undefined },
  });
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 32 });
  const where = { baseUrl: provider.baseUrls, http: { httpAgent } };
  const options = { ...where, keepWarm: 'when-used', ...parts } as const;
  const application = await startApplication({ store, providers: { [provider.name]: options } });
  const events: PaymentsAuthEvent[] = [];
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  const http = application.paymentsAuth.http(provider.name);
  return {
    credentials: application.paymentsAuth.credentials(provider.name),
    events,
    send: (config) => outsideOfTest(() => firstValueFrom(http.request(config))),
    connected: () => redis.command('PING'),
    close: async () => {
      await application.close();
      redis.close();
      httpAgent.destroy();
    },
  };
}
