import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isPaymentsAuthError } from 'nestjs-payments-auth';
import { firstValueFrom } from 'rxjs';
import { ManualClock } from '../libs/payments-auth/src/testing/manual-clock.js';
import { LogLines, startApplication, type TestApplication } from './support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from './support/loopback-server.js';
import { failure, outwaited, quiet, until } from './support/waiting.js';

describe('a call that waits for a login', () => {
  let server: LoopbackServer;
  let clock: ManualClock;
  let logger: LogLines;
  let application: TestApplication;
  let host: string;
  /** The status with which the token endpoint answers. While it is `undefined`, the endpoint does not answer. */
  let status: number | undefined;
  let body: object;
  let credentials: () => unknown;

  beforeEach(async () => {
    [status, body] = [undefined, {}];
    credentials = () => ({ apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' });
    server = await startLoopbackServer((_, response) =>
      status === undefined ? undefined : json(response, status, body, { 'retry-after': '5' }),
    );
    ({ host } = new URL(server.url));
    clock = new ManualClock();
    logger = new LogLines();
    application = await startApplication(
      {
        providers: {
          wakapay: { baseUrl: server.url, keepWarm: 'when-used', credentials: () => credentials() as never },
        },
      },
      { clock, logger },
    );
  });
  afterEach(async () => {
    await application.close();
    await server.close();
  });

  const call = (timeout: number) =>
    failure(firstValueFrom(application.paymentsAuth.http('wakapay').get('/x', { timeout })));
  const told = () => logger.of('warn', 'PaymentsAuth').filter((line) => line.startsWith('calls-waiting'));

  it('names in the error of its timeout the host, the last failure and the next attempt', async () => {
    status = 503;
    const failed = call(4_000);
    await until(() => server.requests.length === 1);
    await quiet();
    await clock.advance(4_000);
    const error = await failed;
    expect(error).toMatchObject({ isAxiosError: true, code: 'ECONNABORTED' });
    expect(error.message).toMatch(
      new RegExp(
        `^timeout of 4000ms exceeded, waiting for a login at ${host}; last failure: HTTP 503; next attempt in \\d+(\\.\\d)? m?s$`,
      ),
    );
    expect(isPaymentsAuthError(error.cause)).toBe(true);
    expect(error.cause).toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      host,
      status: 503,
      credential: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
  });

  it('names the host that has not answered, where nothing has failed yet', async () => {
    const failed = call(1_000);
    await until(() => server.requests.length === 1);
    await clock.advance(1_000);
    expect((await failed).message).toBe(`timeout of 1000ms exceeded, waiting for a login at ${host}`);
  });

  it('says that it waits for its credentials, where these are not loaded yet', async () => {
    credentials = () => new Promise(() => undefined);
    const failed = call(1_000);
    await quiet();
    await clock.advance(1_000);
    expect((await failed).message).toBe('timeout of 1000ms exceeded, waiting for its credentials');
  });

  it('is reported after 3 s, once, however many calls wait', async () => {
    status = 503;
    const failed = Promise.all(Array.from({ length: 20 }, () => call(12_000)));
    await until(() => server.requests.length === 1);
    await quiet();
    await clock.advance(2_900);
    expect(told()).toEqual([]);
    await clock.advance(200);
    await quiet();
    expect(told()).toEqual([
      expect.stringMatching(
        new RegExp(
          `provider=wakapay credential=[0-9a-f]{8} host=${host} reason=waiting for a login at ${host}; last failure: HTTP 503; next attempt in \\d+(\\.\\d)? m?s$`,
        ),
      ),
    ]);
    for (let step = 0; step < 10; step += 1) await clock.advance(1_000);
    await failed;
    expect(told()).toHaveLength(1);
  });

  it('is not reported when the login ends sooner', async () => {
    status = 200;
    await call(5_000);
    await clock.advance(10_000);
    expect(told()).toEqual([]);
  });

  it('is reported once when it ends because the secret is rejected', async () => {
    [status, body] = [401, { code: 401, error: 'invalid api key or secret' }];
    await outwaited(clock, Promise.all([call(20_000), call(20_000)]));
    const lines = (['error', 'warn'] as const).flatMap((level) => logger.of(level, 'PaymentsAuth'));
    expect(lines).toEqual([expect.stringContaining('credentials-rejected provider=wakapay')]);
  });
});
