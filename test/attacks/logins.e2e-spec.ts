import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CredentialService } from 'nestjs-payments-auth';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { json, type LoopbackServer, startLoopbackServer } from '../support/loopback-server.js';
import { outwaited } from '../support/waiting.js';

/** What an application can do by a slip, again and again. */
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
    // The first one, five at once, and one for each second since.
    expect(server.requests.length).toBeLessThanOrEqual(1 + 5 + Math.ceil(seconds));
    expect(seconds).toBeGreaterThan(10);
  });
});
