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
  /** Its connection to Redis takes commands. */
  connected(this: void): Promise<unknown>;
  close(): Promise<void>;
}

export interface FleetOfApplications {
  readonly applications: readonly FleetApplication[];
  close(): Promise<void>;
}

/**
 * Applications that share tokens through one real Redis, all in this process, with real sockets between all of them: a
 * fleet whose calls a test can order. For processes that are killed, see `fleet.ts`.
 *
 * @param parts options of the provider, beside where it is
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
  // Every other one uses the other client: they share all the same.
  const redis = await connectRedis(REDIS_LIBRARIES[index % 2] ?? 'redis', redisUrl);
  const store = new RedisTokenStore(redis.client, {
    keys: [{ id: 'test', key: Buffer.alloc(32, 'k') }],
    prefix,
    // A busy machine is not a lost Redis.
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
