/** A cold process that every merchant calls for the first time within a minute: sends the result to its parent. */
import 'reflect-metadata';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import * as library from '../../libs/payments-auth/dist/esm/index.js';
import { defineBenchProvider } from './bench-provider.mjs';
import { Load } from './load.mjs';
import { quantile, round } from './statistics.mjs';

const { PaymentsAuthModule, PaymentsAuthService } = library;
const [url, merchants, durationMs] = process.argv
  .slice(2)
  .map((each, at) => (at === 0 ? each : Number(each)));
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const application = await NestFactory.createApplicationContext(
  PaymentsAuthModule.forRoot({
    providers: {
      bench: {
        provider: defineBenchProvider(library),
        baseUrl: url,
        accounts: (account) => ({ clientId: account, clientSecret: `bench-secret-of-${account}-not-real` }),
        http: { httpAgent: agent },
      },
    },
  }),
  { logger: ['error'] },
);
const startedAtMs = performance.now();
const http = application.get(PaymentsAuthService).http('bench').axiosRef;
const load = new Load();
const waitsMs = [];
const calls = [];
while (calls.length < merchants) {
  const due = Math.min(merchants, Math.ceil(((performance.now() - startedAtMs) / durationMs) * merchants));
  while (calls.length < due) {
    const paymentsAuth = { account: `merchant-${calls.length}` };
    const sentAtMs = performance.now();
    calls.push(
      load
        .call(() => http.get('/payments/', { paymentsAuth }))
        .then(() => waitsMs.push(performance.now() - sentAtMs)),
    );
  }
  await wait(5);
}
await Promise.all(calls);
const { user, system } = process.cpuUsage();
const row = {
  'ms to boot': Math.round(startedAtMs),
  merchants,
  failed: load.failed,
  'p50 ms': round(quantile(waitsMs, 0.5)),
  'p99 ms': round(quantile(waitsMs, 0.99)),
  'longest, ms': Math.round(load.longestWaitMs),
  'CPU s': round((user + system) / 1_000_000),
};
process.send(row, () => process.disconnect());
await application.close();
agent.destroy();
