import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  clientCredentials,
  defineProvider,
  login,
  type PaymentsAuthEvent,
  textAt,
} from 'nestjs-payments-auth';
import { PaymentsAuthHealthIndicator, PaymentsAuthHealthModule } from 'nestjs-payments-auth/terminus';
import { LogLines, startApplication, type TestApplication } from '../support/application.js';
import { findLeaks } from '../support/leak-checker.js';
import {
  json,
  type LoopbackServer,
  type ReceivedRequest,
  startLoopbackServer,
} from '../support/loopback-server.js';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';

import { failure, outwaited } from '../support/waiting.js';

const KEY = 'q7Rk2"mXw9&LpZ4/vBn8sTd6yHc+5uJe';
const CODE = 'Zr8gHj5vXaQn0oTk';

interface Keys {
  id: string;
  key: string;
  code: string;
}
const described = {
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: { secret: false }, key: {}, code: {} },
  headers: ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` }),
  refusal: { refused: () => false },
} as const;

/** A login in JSON, and one of OAuth 2.0: the secrets travel in the body, and in a Basic header. */
const DEFINITIONS = [
  defineProvider<Keys, 'json-login'>({
    ...described,
    name: 'json-login',
    title: 'Acme',
    token: login<Keys>({
      path: '/token',
      body: ({ credentials: { id, key, code } }) => ({ json: { id, key, code } }),
      answer: { token: 'token' },
      documentedLifetimeMs: 3_600_000,
      rejected: ({ status }) => status === 401,
      reason: ({ body }) => textAt(body, 'message'),
    }),
  }),
  defineProvider<Keys, 'oauth-login'>({
    ...described,
    name: 'oauth-login',
    title: 'Acme',
    token: clientCredentials<Keys>({
      path: '/token',
      client: ({ credentials: { id, key } }) => ({ id, secret: key }),
      parameters: ({ credentials: { code } }) => ({ code }),
      documentedLifetimeMs: 3_600_000,
      rejected: ({ status }) => status === 401,
      reason: ({ body }) => textAt(body, 'message'),
    }),
  }),
];

/** How a provider repeats what it was sent. */
const ECHOES: [title: string, words: (request: ReceivedRequest) => string][] = [
  ['the secret', () => `wrong key ${KEY}`],
  ['the secret in two lines', () => `wrong key\r\n${KEY}\nfor you`],
  ['the secret, URL-encoded', () => `wrong ${encodeURIComponent(KEY)}`],
  ['the secret, escaped for HTML', () => KEY.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
  ['the secret in JSON', () => JSON.stringify({ sent: KEY })],
  ['half of each secret', () => `${KEY.slice(3, 17)} and ${CODE.slice(2, 15)}`],
  ['the secret behind 5 000 characters', () => `${'x'.repeat(5_000)}${KEY}`],
  ['the secret at the 200th character', () => `${'x'.repeat(190)}${KEY}`],
  ['the headers', ({ headers }) => JSON.stringify(headers)],
  ['the body', ({ body }) => body.toString()],
  ['both, in one', ({ headers, body }) => `${JSON.stringify(headers)} ${JSON.stringify(body.toString())}`],
  ['base64 of it', ({ body }) => body.toString('base64')],
  ['colours and a turned direction', () => `\u001b[31m${KEY}\u202e${CODE}\u0007`],
];
const STATUSES = [200, 400, 401, 403, 404, 429, 500, 503];

interface Bed {
  readonly clock: ManualClock;
  readonly logger: LogLines;
  readonly events: PaymentsAuthEvent[];
  readonly application: TestApplication;
  readonly server: LoopbackServer;
  /** How the token endpoint answers from now on. */
  answer: { readonly status: number; readonly words: (request: ReceivedRequest) => string };
}

const accounts = () => ({ id: 'shop', key: KEY, code: CODE });

async function startBed(provider: (typeof DEFINITIONS)[number]): Promise<Bed> {
  const server = await startLoopbackServer((request, response) =>
    json(response, bed.answer.status, { message: bed.answer.words(request) }),
  );
  const clock = new ManualClock();
  const logger = new LogLines();
  const application = await startApplication(
    { auditLog: true, providers: { [provider.name]: { provider, baseUrl: server.url, accounts } } },
    { clock, logger, imports: [PaymentsAuthHealthModule] },
  );
  const events: PaymentsAuthEvent[] = [];
  application.paymentsAuth.events$.subscribe((event) => events.push(event));
  const bed: Bed = {
    clock,
    logger,
    events,
    application,
    server,
    answer: { status: 500, words: () => '' },
  };
  return bed;
}

describe.each(DEFINITIONS.map((each) => [each.name, each] as const))('a %s that fails', (name, provider) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await startBed(provider);
  });
  afterAll(async () => {
    await bed.application.close();
    await bed.server.close();
  });

  describe.each(STATUSES)('with %d', (status) => {
    it.each(ECHOES)('and repeats %s prints nothing of a secret anywhere', async (echo, words) => {
      const { application, clock, events, logger, server } = bed;
      const { app, paymentsAuth } = application;
      bed.answer = { status, words };
      events.length = 0;
      logger.lines.length = 0;
      const asked = server.requests.length;
      // Every row has a merchant of its own, so that no row is refused because of the row before.
      const account = `${echo} ${status}`;
      await clock.advance(3_600_000);
      const error = await outwaited(clock, failure(paymentsAuth.credentials(name, account).get()));
      expect(server.requests.length).toBeGreaterThan(asked);
      const health = await app
        .get(PaymentsAuthHealthIndicator)
        .check('payments', { provider: name, account });
      const status_ = paymentsAuth.status().filter((each) => each.account === account);
      const told = { error, events, lines: logger.lines, status: status_, health };
      expect(findLeaks(told, [KEY, CODE])).toEqual([]);
      expect(findLeaks(error, [KEY, CODE])).toEqual([]);
      expect(events.length).toBeGreaterThan(1);
      const reason = String(error['reason']);
      // oxlint-disable-next-line no-control-regex -- the test looks for these characters
      expect(reason).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      expect(reason.length).toBeLessThanOrEqual(200);
      expect(error.message.split('\n')).toHaveLength(1);
      // oxlint-disable-next-line no-control-regex -- the test looks for these characters
      for (const { message } of logger.lines) expect(message).not.toMatch(/[\r\n\u001b\u202e]/);
    });
  });
});
