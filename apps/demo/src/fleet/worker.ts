import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { PaymentsAuthModule, PaymentsAuthService } from 'nestjs-payments-auth';
import { RedisTokenStore } from 'nestjs-payments-auth/redis';
import type { PaymentAction } from '../payments/payment-action.js';
import { PAYMENT_ACTIONS, PaymentsModule } from '../payments/payments.module.js';
import { Tally } from '../run/tally.js';
import { Traffic } from '../run/traffic.js';
import { FLEET_PROVIDERS, type WorkerReport } from './fleet-report.js';

/** One process of the fleet: an ordinary application with the option `store`. It ends when its parent disconnects. */
const redis = new Redis(process.env['FLEET_REDIS_URL'] ?? '', { lazyConnect: true });
redis.on('error', () => undefined);
await redis.connect();

const store = new RedisTokenStore(redis, {
  keys: [{ id: 'demo', key: process.env['FLEET_TOKEN_KEY'] ?? '' }],
});
const application = await NestFactory.createApplicationContext(
  {
    module: class FleetModule {},
    imports: [
      PaymentsAuthModule.forRoot({
        store,
        providers: { cashfin: {}, kashier: {}, pesapal: {}, clickpesa: {}, wakapay: {}, cryptofuse: {} },
      }),
      PaymentsModule,
    ],
  },
  { logger: ['error'] },
);
const tally = new Tally();
const actions = application
  .get<readonly PaymentAction[]>(PAYMENT_ACTIONS)
  .filter(({ provider }) => FLEET_PROVIDERS.some((each) => each === provider));
const traffic = new Traffic(actions, tally);
traffic.start(1, 50);

function report(): void {
  const status = application.get(PaymentsAuthService).status();
  const counts = actions.map(({ provider }) => tally.of(provider));
  const [problem] = tally.problems;
  const message: WorkerReport = {
    calls: counts.reduce((sum, { calls }) => sum + calls, 0),
    failed: tally.failed,
    ...(problem === undefined ? {} : { problem }),
    tokenRequests: Object.fromEntries(
      status.map(({ provider, counters }) => [provider, counters.tokenRequests]),
    ),
  };
  if (process.connected) process.send?.(message);
}

const reporting = setInterval(report, 100);
process.once('message', () => void end());
process.once('disconnect', () => void end());

async function end(): Promise<void> {
  clearInterval(reporting);
  await traffic.stop();
  report();
  await application.close();
  redis.disconnect();
  if (process.connected) process.disconnect();
}
