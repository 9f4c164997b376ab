import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACME_SECRET } from './support/fleet/acme.js';
import { AcmeServer } from './support/fleet/acme-server.js';
import { type FleetProcess, startFleet } from './support/fleet/fleet.js';
import { REDIS_LIBRARIES } from './support/redis-clients.js';
import { startSharedRedis } from './support/redis-server.js';

const SIZE = 8;
const PERIOD_MS = 60_000;
const LIFETIME_MS = 5_000;

describe('a fleet over many token lifetimes', () => {
  let redis: Awaited<ReturnType<typeof startSharedRedis>>;
  let provider: AcmeServer;
  let processes: FleetProcess[];

  beforeAll(async () => {
    [redis, provider, processes] = await Promise.all([
      startSharedRedis(),
      new AcmeServer().start(),
      startFleet(SIZE),
    ]);
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await provider.close();
    await redis.stop();
  });

  it(
    'costs one token request per lifetime for 60 s: never two in flight, and no call fails',
    async () => {
      provider.lifetimeMs = LIFETIME_MS;
      const prefix = `test-${randomUUID()}`;
      await Promise.all(
        processes.map((process, index) =>
          process.ask('boot', {
            library: REDIS_LIBRARIES[index % 2] ?? 'redis',
            redisUrl: redis.url,
            baseUrl: provider.url,
            prefix,
            secret: ACME_SECRET,
            keepWarm: 'always',
          }),
        ),
      );
      const reports = await Promise.all(
        processes.map((process) => process.ask('spend', { forMs: PERIOD_MS, everyMs: 100 })),
      );
      const events = (await Promise.all(processes.map((process) => process.ask('events')))).flat();
      const loginsMs = events.map((event) => (event.type === 'token-request' ? event.durationMs : 0));

      expect(reports.map(({ failed }) => failed)).toEqual(Array.from({ length: SIZE }, () => 0));
      expect(provider.mostInFlight).toBe(1);
      // The window is a fifth of the life, or twice the slowest login if that is longer (R7). Up to a tenth of it is random.
      const windowMs = Math.min(LIFETIME_MS / 2, Math.max(LIFETIME_MS / 5, 2 * Math.max(...loginsMs)));
      const most = Math.ceil(PERIOD_MS / (LIFETIME_MS - windowMs - windowMs / 10)) + 1;
      expect(provider.tokenRequests).toBeLessThanOrEqual(most);
      expect(provider.tokenRequests).toBeGreaterThanOrEqual(PERIOD_MS / LIFETIME_MS);
    },
    2 * PERIOD_MS,
  );
});
