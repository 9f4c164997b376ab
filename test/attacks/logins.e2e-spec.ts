import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialService } from 'nestjs-payments-auth';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';
import { outwaited, quiet, until } from '../support/waiting.js';

/** Calls of the library that an application may repeat again and again by mistake. */
const LOOPS: [title: string, again: (credentials: CredentialService) => Promise<unknown>][] = [
  ['asks for new tokens', (credentials) => credentials.refresh()],
  ['gives its tokens back', (credentials) => credentials.revoke().then(() => credentials.get())],
  [
    'rotates its secret',
    (credentials) =>
      credentials
        .rotate({ apiKey: 'test-key-not-real', apiSecret: `test-secret-${(secrets += 1)}` })
        .then(() => credentials.get()),
  ],
];
let secrets = 0;

it.each([0.001, 0.000001, '0.001'])(
  'tokens that live for %j s cost one login a second at most',
  async (expiresIn) => {
    let logins = 0;
    const server = await startLoopbackServer((_, response) =>
      json(response, 200, { accessToken: `test-token-${(logins += 1)}`, expiresIn }),
    );
    const clock = new ManualClock();
    const credentials = { apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' };
    const application = await startApplication(
      { providers: { wakapay: { baseUrl: server.url, keepWarm: 'always', credentials } } },
      { clock },
    );
    await until(() => logins === 1);
    for (let step = 0; step < 100; step += 1) {
      await quiet();
      await clock.advance(100);
    }
    await application.close();
    await server.close();
    expect(logins).toBeGreaterThan(3);
    expect(logins).toBeLessThanOrEqual(11);
  },
);

describe('an application that in a loop', () => {
  let server: LoopbackServer;
  let clock: ManualClock;
  let application: TestApplication;

  beforeEach(async () => {
    let logins = 0;
    server = await startLoopbackServer((_, response) =>
      json(response, 200, { accessToken: `test-token-${(logins += 1)}`, expiresIn: 3_600 }),
    );
    clock = new ManualClock();
    const credentials = { apiKey: 'test-key-not-real', apiSecret: 'test-secret-not-real' };
    application = await startApplication(
      { providers: { wakapay: { baseUrl: server.url, keepWarm: 'when-used', credentials } } },
      { clock },
    );
  });
  afterEach(async () => {
    await application.close();
    await server.close();
  });

  it.each(LOOPS)('%s logs in five times at once, and then once a second', async (_, again) => {
    const credentials = application.paymentsAuth.credentials('wakapay');
    await credentials.get();
    const startedAtMs = clock.monotonic();
    for (let round = 0; round < 20; round += 1) await outwaited(clock, again(credentials));
    const seconds = (clock.monotonic() - startedAtMs) / 1_000;
    expect(server.requests.length).toBeGreaterThan(5);
    // There is the first login, then five at once, and then one for each second.
    expect(server.requests.length).toBeLessThanOrEqual(1 + 5 + Math.ceil(seconds));
    expect(seconds).toBeGreaterThan(10);
  });
});
