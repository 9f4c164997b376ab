/** One process of a fleet. It says when it is up, makes calls from the first message to the second, and then reports the result. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisTokenStore } from '../../libs/payments-auth/dist/esm/redis/index.js';
import { startLibrary } from './library.mjs';

const [providerUrl, redisUrl, merchants] = process.argv.slice(2);
const redis = new Redis(redisUrl, { lazyConnect: true });
redis.on('error', () => undefined);
await redis.connect();
const store = new RedisTokenStore(redis, {
  keys: [{ id: 'bench', key: Buffer.alloc(32, 7).toString('base64') }],
});
const accounts = (account) => ({ clientId: account, clientSecret: 'bench-secret-not-real' });
const library = await startLibrary(providerUrl, {
  module: { store },
  ...(merchants === undefined ? {} : { provider: { credentials: undefined, accounts } }),
});
const anyone = () => ({ paymentsAuth: { account: `merchant-${Math.floor(Math.random() * merchants)}` } });
const http = library.service.http('bench').axiosRef;

const ended = new AbortController();
process.once('disconnect', () => ended.abort());
process.send('up');
await once(process, 'message');
process.once('message', () => ended.abort());
const report = { calls: 0, failures: 0, reasons: [] };
const failed = (error) => {
  report.failures += 1;
  report.reasons.push(error.response?.status ?? error.code);
};
while (!ended.signal.aborted) {
  report.calls += 1;
  await http.get('/payments/', merchants === undefined ? {} : anyone()).catch(failed);
  await wait(20);
}
await library.close();
redis.disconnect();
if (process.connected) process.send(report, () => process.disconnect());
