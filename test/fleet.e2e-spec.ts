import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACME_SECRET } from './support/fleet/acme.js';
import { AcmeServer } from './support/fleet/acme-server.js';
import { type FleetProcess, type FleetSettings, startFleet } from './support/fleet/fleet.js';
import { throughDeaths, together } from './support/fleet/traffic.js';
import { connectRedis, REDIS_LIBRARIES } from './support/redis-clients.js';
import { type RedisServer, startRedisServer } from './support/redis-server.js';

const SIZE = 12;
/** How many calls each process makes in a second, and how often all tokens die: `FLEET_CALLS_PER_SECOND=50 FLEET_DEATHS=20`. */
const CALLS_PER_SECOND = Number(process.env['FLEET_CALLS_PER_SECOND'] ?? 10);
const DEATHS = Number(process.env['FLEET_DEATHS'] ?? 4);
const STARTING_MS = 180_000;

/** Real processes, one Redis, and a provider that counts requests. The tests check counts, and never times. */
describe('a fleet that shares its tokens through Redis', () => {
  let redis: RedisServer;
  let provider: AcmeServer;
  let processes: FleetProcess[];
  let prefix: string;

  /** Every second process uses the other Redis client. They share tokens too. */
  const boot = (fleet: readonly FleetProcess[], settings: Partial<FleetSettings> = {}) =>
    Promise.all(
      fleet.map((process, index) =>
        process.ask('boot', {
          library: REDIS_LIBRARIES[index % 2] ?? 'redis',
          redisUrl: redis.url,
          baseUrl: provider.url,
          prefix,
          secret: ACME_SECRET,
          keepWarm: 'when-used',
          ...settings,
        }),
      ),
    );
  const all = async <M extends 'token' | 'call' | 'close'>(method: M) =>
    Promise.all(processes.map((process) => process.ask(method)));

  /** How many processes hear of withdrawn tokens. */
  const listeners = async () => {
    const connection = await connectRedis('ioredis', redis.url);
    const [, count] = (await connection.command('PUBSUB', 'NUMSUB', `${prefix}:withdrawn`)) as unknown[];
    connection.close();
    return Number(count);
  };

  beforeAll(async () => {
    [redis, provider, processes] = await Promise.all([
      startRedisServer(),
      new AcmeServer().start(),
      startFleet(SIZE),
    ]);
  }, STARTING_MS);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await provider.close();
    await redis.stop();
  });

  beforeEach(() => {
    prefix = `test-${randomUUID()}`;
    provider.reset();
  });
  afterEach(() => all('close'), STARTING_MS);

  it('asks once when 12 processes start together', async () => {
    await boot(processes, { keepWarm: 'always' });
    const tokens = new Set(await all('token'));
    expect(tokens.size).toBe(1);
    expect(provider.tokenRequests).toBe(1);
  });

  it('hands its token to a process that starts later', async () => {
    await boot(processes);
    const [first, later] = processes as [FleetProcess, FleetProcess];
    const token = await first.ask('token');
    expect(await later.ask('token')).toBe(token);
    expect(provider.tokenRequests).toBe(1);
  });

  it('replaces a token that all of its processes see refused with one token request', async () => {
    await boot(processes);
    await all('call');
    provider.killTokens();
    expect(await all('call')).toEqual(Array.from({ length: SIZE }, () => ({ status: 200, replayed: true })));
    expect(provider.tokenRequests).toBe(2);
    expect(provider.mostInFlight).toBe(1);
  });

  it('replaces a token with one token request, also when some processes are refused later', async () => {
    await boot(processes);
    await all('call');
    provider.killTokens();
    for (const process of processes)
      expect(await process.ask('call')).toEqual({ status: 200, replayed: true });
    expect(provider.tokenRequests).toBe(2);
  });

  it.each([
    ['', 0],
    [', with an API that takes 300 ms', 300],
  ])(
    `loses one call in 10 000 at most over ${DEATHS} deaths of all tokens%s`,
    async (_, callsTakeMs) => {
      await boot(processes, { timeoutMs: 5_000 });
      await all('call');
      provider.callsTakeMs = callsTakeMs;
      const everyMs = 1_000 / CALLS_PER_SECOND;
      const traffic = processes.map((each, index) => each.traffic(everyMs, (index * everyMs) / SIZE));
      const { calls, failed, spent } = await throughDeaths(DEATHS, {
        calls: together(await Promise.all(traffic)),
        renew: async (death) => processes[death % SIZE]?.ask('refresh'),
        kill: () => provider.killTokens(),
        called: async () => expect((await all('call')).filter(({ status }) => status !== 200)).toEqual([]),
        logins: () => provider.tokenRequests,
      });
      process.stdout.write(`  ${DEATHS} deaths: ${failed} of ${calls} calls failed, ${spent} logins\n`);
      expect(calls).toBeGreaterThan(DEATHS * SIZE * CALLS_PER_SECOND);
      expect(failed).toBeLessThanOrEqual(Math.floor(calls / 10_000));
      expect(spent).toBeLessThanOrEqual(3 * DEATHS);
    },
    (4 * DEATHS + 120) * 1_000,
  );

  it('drops a token in every process when one of them revokes it', async () => {
    await boot(processes, { keepWarm: 'always' });
    const [revoked] = await all('token');
    // A process that does not listen yet on a busy machine would not hear of it.
    await until(async () => (await listeners()) === SIZE);
    await processes[0]?.ask('revoke');
    await until(async () => !(await all('token')).includes(revoked as string));
    expect(new Set(await all('token')).size).toBe(1);
    expect(provider.tokenRequests).toBe(2);
  });

  it('asks once with a wrong secret, and again when one process calls refresh()', async () => {
    await boot(processes, { secret: 'test-secret-not-real-wrong' });
    for (const process of processes)
      await expect(process.ask('token')).rejects.toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    expect(provider.tokenRequests).toBe(1);
    await expect(processes[1]?.ask('refresh')).rejects.toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    expect(provider.tokenRequests).toBe(2);
  });

  it('keeps the limit of the token endpoint for all processes together', async () => {
    await boot(processes, { limits: [{ limit: 3, perMs: 600_000, per: 'ip' }] });
    const [one, two] = processes as [FleetProcess, FleetProcess];
    await one.ask('refresh');
    await two.ask('token');
    await two.ask('refresh');
    await two.ask('refresh');
    await expect(two.ask('refresh')).rejects.toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(provider.tokenRequests).toBe(3);
  });

  it('replaces a process that is killed while it asks', async () => {
    const [victim] = (await startFleet(1)) as [FleetProcess];
    const [, heir] = processes as [FleetProcess, FleetProcess];
    await boot(processes);
    await boot([victim]);
    provider.hold();
    const lost = victim.ask('token').catch(() => 'lost');
    await until(() => provider.tokenRequests === 1);
    const token = heir.ask('token');
    await victim.kill();
    expect(await lost).toBe('lost');
    await until(() => provider.tokenRequests === 2);
    provider.release();
    expect(await token).toMatch(/^token-2-/);
  });

  it('goes on paying while Redis is gone, each process alone, and shares again when it is back', async () => {
    await boot(processes);
    await all('call');
    await redis.kill();
    provider.killTokens();
    for (const { status } of await all('call')) expect(status).toBe(200);
    expect(provider.tokenRequests).toBe(1 + SIZE);

    await redis.restart();
    for (const process of processes) {
      // Each process notices that Redis is back when it next wants a token.
      await until(async () => {
        await process.ask('refresh');
        return (await storeChanges(process)).includes('store-back');
      });
      expect(await storeChanges(process)).toEqual(['store-lost', 'store-back']);
    }
    const [first, ...others] = processes as [FleetProcess, ...FleetProcess[]];
    await first.ask('refresh');
    provider.reset();
    const shared = await first.ask('refresh');
    // A process that asks before the new token is in Redis takes the earlier one, which still lives, and asks again later.
    for (const process of others) await until(async () => (await process.ask('refresh')) === shared);
    await all('call');
    provider.killTokens();
    for (const { status } of await all('call')) expect(status).toBe(200);
    expect(provider.tokenRequests).toBe(2);
  });
});

/** The events of a process about the loss and the return of Redis. */
async function storeChanges(process: FleetProcess): Promise<string[]> {
  const events = await process.ask('events');
  return events.map(({ type }) => type).filter((type) => type.startsWith('store-'));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await condition()); looks += 1) {
    if (looks === 400) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
