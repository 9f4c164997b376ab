import 'reflect-metadata';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  isPaymentsAuthError,
  PaymentsAuthModule,
  PaymentsAuthService,
  type PaymentsAuthEvent,
} from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import { connectRedis, type TestRedisClient } from '../redis-clients.js';
import { acme } from './acme.js';
import type { FleetSettings, WorkerMethods } from './fleet.js';
import { startTraffic, type Tally, type Traffic } from './traffic.js';

/** One process of a fleet. Each message from its parent is one order, which it carries out. */
let application: INestApplicationContext;
let redis: TestRedisClient;
let traffic: Traffic;
const events: PaymentsAuthEvent[] = [];
const service = () => application.get(PaymentsAuthService);

const methods: WorkerMethods = {
  async boot({ library, redisUrl, baseUrl, prefix, secret, keepWarm, limits, timeoutMs }: FleetSettings) {
    redis = await connectRedis(library, redisUrl);
    const store = new RedisTokenStore(redis.client, {
      keys: [{ id: 'test', key: Buffer.alloc(32, 'k') }],
      prefix,
      timeoutMs: timeoutMs ?? 2_000,
      logger: { warn: () => undefined },
    });
    const provider = { provider: acme(limits), baseUrl, keepWarm, credentials: { secret } };
    application = await NestFactory.createApplicationContext(
      PaymentsAuthModule.forRoot({ store, providers: { acme: provider } }),
      { logger: false },
    );
    events.length = 0;
    service().events$.subscribe((event) => events.push(event));
  },
  async token() {
    return (await service().credentials('acme').get()).token;
  },
  async call() {
    const { status, paymentsAuth } = await service()
      .http('acme')
      .axiosRef.get('/pay', { validateStatus: null });
    return { status, replayed: paymentsAuth?.replayed ?? false };
  },
  async spend({ forMs, everyMs }) {
    const untilMs = performance.now() + forMs;
    const report: Tally = { calls: 0, failed: 0 };
    while (performance.now() < untilMs) {
      report.calls += 1;
      const ok = await methods.call().then(
        ({ status }) => status === 200,
        () => false,
      );
      if (!ok) report.failed += 1;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return report;
  },
  async start({ everyMs, afterMs }) {
    traffic = startTraffic(() => service().http('acme').axiosRef.get('/pay'), everyMs, afterMs);
  },
  settled: () => traffic.settled(),
  stop: () => traffic.stop(),
  async refresh() {
    return (await service().credentials('acme').refresh()).token;
  },
  async revoke() {
    await service().credentials('acme').revoke();
  },
  async events() {
    return events;
  },
  async close() {
    await application.close();
    redis.close();
  },
};

process.on(
  'message',
  ({ id, method, argument }: { id: number; method: keyof WorkerMethods; argument: never }) => {
    methods[method](argument).then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) =>
        process.send?.({
          id,
          error: isPaymentsAuthError(error) ? { code: error.code } : { message: String(error) },
        }),
    );
  },
);
process.on('disconnect', () => process.exit());
process.send?.('ready');
